//! The layers of an image, the tree of its files, and the file that is open.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use tallyman_files_worker::Subject;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{
    address::{Address, Step, use_address},
    filters::Filters,
    layers::{self, LayerList},
    progress,
    table::Table,
    viewer::Viewer,
};
use crate::{
    browser::entry_state::{Texts, use_entry_state},
    state::files::{ImageSource, use_files, use_rows},
    text::use_language,
};

/// Milliseconds without a keystroke after which the address has what is searched.
const QUIET: u32 = 300;

/// Properties of [`Explorer`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// One image, or two whose differences are shown.
    pub images: Rc<Vec<ImageSource>>,
}

/// The directories that somebody opened or closed.
#[derive(Clone)]
pub struct Folds {
    /// All are open, but for those that are named; else none is, but for those.
    pub all_open: bool,
    /// Opens or closes one.
    pub toggle: Callback<String>,
    /// Opens or closes all.
    pub all: Callback<bool>,
}

/// The layers of an image, the tree of its files, and the file that is open; or the files that differ between two.
#[component]
pub fn Explorer(props: &Props) -> Html {
    use_language();
    let images = &props.images;
    let (files, reading) = use_files(images);
    let (address, change) = use_searched_address();
    let is_pair = images.len() > 1;
    let (folds, toggled) = use_folds(&address, is_pair);
    let of = if is_pair { Subject::Differences(0, 1) } else { Subject::Image(0) };
    let mut view = address.view(&toggled);
    view.all_open = folds.all_open;
    let generation = |image: usize| reading.images.get(image).map_or(0, |summary| summary.generation);
    let generations = (generation(0), generation(1));
    // Differences are known once both images are read.
    let is_ready = if is_pair { reading.is_whole(images) } else { generations.0 > 0 };
    let (rows, onview) = use_rows(files.as_ref().filter(|_| is_ready), of, &view, generations);
    let onopen = {
        let (address, change) = (address.clone(), change.clone());
        Callback::from(move |path: String| {
            let step = if address.path.is_empty() { Step::New } else { Step::Same };
            change.emit((Address { path, ..address.clone() }, step));
        })
    };
    let summary = reading.images.first().cloned().unwrap_or_default();
    html! {
        <div class="files">
            { progress::view(images, &reading, files.as_ref()) }
            <div class={classes!("files__parts", is_pair.then_some("files__parts--pair"))}>
                if !is_pair {
                    <div class="files__side">
                        { layers::facts(&images[0], &summary) }
                        <LayerList image={images[0].clone()} summary={Rc::clone(&summary)} files={files.clone()} chosen={address.layer} change={change.clone()} address={address.clone()} />
                    </div>
                }
                <div class="files__main">
                    if let [left, right] = &images[..] {
                        { layers::pair(left, right) }
                    }
                    <Filters
                        address={address.clone()}
                        change={change.clone()}
                        owners={summary.owners.clone()}
                        {is_pair}
                        count={(rows.total, rows.matches)}
                        all_open={folds.all_open}
                        onall={folds.all.clone()}
                    />
                    <Table
                        {rows}
                        {onview}
                        {is_pair}
                        is_ready={is_ready && reading.is_whole(images)}
                        address={address.clone()}
                        steps={layers::steps(&images[images.len() - 1])}
                        ontoggle={folds.toggle.clone()}
                        {onopen}
                    />
                    if let Some(files) = files.filter(|_| is_ready && !address.path.is_empty()) {
                        <Viewer
                            key={format!("{:?} {}", address.layer, address.path)}
                            {files}
                            {of}
                            {generations}
                            is_whole={reading.is_whole(images)}
                            path={address.path.clone()}
                            layer={address.view(&[]).layer}
                            images={Rc::clone(images)}
                            onclose={{
                                let (address, change) = (address.clone(), change.clone());
                                move |()| {
                                    change.emit((Address { path: String::new(), ..address.clone() }, Step::New));
                                    focus_tree();
                                }
                            }}
                        />
                    }
                </div>
            </div>
        </div>
    }
}

/// Gives the focus back to the tree, from a file that is closed.
fn focus_tree() {
    let document = web_sys::window().and_then(|window| window.document());
    let tree = document.and_then(|document| document.query_selector("[role=treegrid]").ok().flatten());
    if let Some(tree) = tree.and_then(|tree| tree.dyn_into::<HtmlElement>().ok()) {
        // Where the focus cannot go, it stays.
        let _ = tree.focus();
    }
}

/// The address with what is being searched at once; the browser's own follows when typing pauses.
#[hook]
fn use_searched_address() -> (Address, Callback<(Address, Step)>) {
    let (known, change) = use_address();
    let typed = use_state_eq(|| None::<Address>);
    let waiting = use_mut_ref(|| None::<Timeout>);
    {
        // The address is there, or somebody went elsewhere.
        let typed = typed.setter();
        use_effect_with(known.clone(), move |_| typed.set(None));
    }
    let shown = (*typed).clone().unwrap_or_else(|| known.clone());
    let change = {
        let (typed, shown) = (typed.setter(), shown.search.clone());
        Callback::from(move |(next, step): (Address, Step)| {
            *waiting.borrow_mut() = None;
            if next.search == shown || step == Step::New {
                return change.emit((next, step));
            }
            typed.set(Some(next.clone()));
            let change = change.clone();
            *waiting.borrow_mut() = Some(Timeout::new(QUIET, move || change.emit((next, step))));
        })
    };
    (shown, change)
}

/// The directories that are open: those that were opened, and those above the file that is. Among changes, and while something
/// is searched or filtered, all are open but those that were closed since.
#[hook]
fn use_folds(address: &Address, is_pair: bool) -> (Folds, Vec<String>) {
    let opened = use_entry_state::<Texts>("open directories");
    let all_open = use_state_eq(|| None::<bool>);
    let closed = use_state_eq(Vec::new);
    let filter = Address { path: String::new(), ..address.clone() };
    let is_filtered = is_pair || address.layer.is_some() || address.view(&[]).is_filtered();
    {
        let (closed, all_open) = (closed.setter(), all_open.setter());
        use_effect_with(filter, move |_| {
            closed.set(Vec::new());
            all_open.set(None);
        });
    }
    {
        let (opened, path) = (opened.clone(), address.path.clone());
        use_effect_with((), move |()| {
            let mut all = opened.0.clone();
            let above = path.match_indices('/').map(|(slash, _)| path[..slash].to_owned());
            all.extend(above.filter(|folder| !opened.0.contains(folder)));
            opened.set(Texts(all));
        });
    }
    let toggled = if is_filtered { (*closed).clone() } else { opened.0.clone() };
    let toggle = {
        let (opened, closed) = (opened.clone(), closed.clone());
        Callback::from(move |path: String| {
            let switched = |all: &[String]| {
                let mut all = all.to_vec();
                match all.iter().position(|known| *known == path) {
                    Some(at) => drop(all.remove(at)),
                    None => all.push(path.clone()),
                }
                all
            };
            if is_filtered {
                closed.set(switched(&closed));
            } else {
                opened.set(Texts(switched(&opened.0)));
            }
        })
    };
    let all = {
        let (opened, closed, all_open) = (opened.setter(), closed.setter(), all_open.setter());
        Callback::from(move |open: bool| {
            if is_filtered {
                closed.set(Vec::new());
            } else {
                opened.set(Texts::default());
            }
            all_open.set(Some(open));
        })
    };
    (Folds { all_open: all_open.unwrap_or(is_filtered), toggle, all }, toggled)
}
