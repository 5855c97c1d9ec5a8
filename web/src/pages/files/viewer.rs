//! The file that is open: what is known of it, and its content.

mod content;
mod lines;

use std::rc::Rc;

use tallyman_files_worker::{Fault, OpenedFile, QueryId, Subject};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::layers;
use crate::{
    browser::files::save_blob,
    components::{digest::Digest, icon::Icon},
    format,
    routes::decoded,
    state::files::{Files, ImageSource, ReadProgress, use_changes_of},
    text::{text, use_language},
};

/// Properties of [`Viewer`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Access to the files.
    pub files: Files,
    /// The tree that it is in.
    pub of: Subject,
    /// Grow with each change of the tree.
    pub generations: (u32, u32),
    /// All layers were read.
    pub is_whole: bool,
    /// Its path, as messages name it.
    pub path: String,
    /// The layer whose file it is; `None` for the one that the image shows.
    pub layer: Option<u32>,
    /// The images.
    pub images: Rc<Vec<ImageSource>>,
    /// Closes it.
    pub onclose: Callback<()>,
}

/// The code of a fault: the image does not have the file.
const MISSING: &str = "no-such-file";

/// The state of a file that is being opened.
#[derive(Clone, PartialEq)]
enum Opening {
    Under(Option<ReadProgress>),
    Open(QueryId, Rc<OpenedFile>),
    Failed(Fault),
}

/// The file that is open.
#[component]
pub fn Viewer(props: &Props) -> Html {
    use_language();
    let words = text().files();
    let opening = use_opened(props);
    let saving = use_state_eq(Saving::default);
    let place = use_node_ref();
    {
        let place = place.clone();
        use_effect_with((), move |()| {
            if let Some(place) = place.cast::<HtmlElement>() {
                // Where the focus cannot go, it stays.
                let _ = place.focus();
            }
        });
    }
    {
        let place = place.clone();
        use_effect_with(matches!(opening, Opening::Open(..)), move |is_open| {
            if let Some(place) = place.cast::<HtmlElement>().filter(|_| *is_open) {
                place.scroll_into_view_with_bool(false);
            }
        });
    }
    let download = download(props, saving.setter());
    let onkeydown = {
        let onclose = props.onclose.clone();
        move |event: KeyboardEvent| {
            // In a search field it removes what is typed.
            let field = event.target_dyn_into::<HtmlInputElement>();
            let is_typed = field.is_some_and(|field| !field.value().is_empty());
            if event.key() == "Escape" && !is_typed && !event.default_prevented() {
                onclose.emit(());
            }
        }
    };
    let path = format::visible(&props.path).into_owned();
    html! {
        <section ref={place} class="panel files__viewer" tabindex="-1" aria-label={path.clone()} data-testid="file-viewer" {onkeydown}>
            <div class="panel__head">
                <h2 class="files__path"><code>{ for path.split_inclusive('/').map(|part| html! { <>{ part.to_owned() }<wbr /></> }) }</code></h2>
                <div class="panel__tools">
                    if let Opening::Open(..) = &opening {
                        <button class="button" type="button" onclick={download} disabled={matches!(*saving, Saving::Under(_))} data-testid="file-download"><Icon name="download" />{ words.download }</button>
                    }
                    <button class="button" type="button" onclick={props.onclose.reform(|_: MouseEvent| ())} data-testid="file-close"><Icon name="close" />{ words.close }</button>
                </div>
            </div>
            {
                match &*saving {
                    Saving::No => html! {},
                    Saving::Under(progress) => progress_of(words.downloading, *progress),
                    Saving::Failed(fault) => failed(words.not_saved, fault),
                }
            }
            {
                match &opening {
                    Opening::Under(progress) => progress_of(words.opening, *progress),
                    Opening::Failed(fault) => failed(words.file_failed, fault),
                    Opening::Open(number, file) => html! {
                        <>
                            { facts(props, file) }
                            <content::ContentView files={props.files.clone()} number={*number} file={Rc::clone(file)} path={path.clone()} reference={Rc::new(props.images[0].reference.clone())} />
                        </>
                    },
                }
            }
        </section>
    }
}

/// The state of a file that is being saved.
#[derive(Clone, Default, PartialEq)]
enum Saving {
    #[default]
    No,
    Under(Option<ReadProgress>),
    Failed(Fault),
}

/// Saves the whole file. `saving` is told how far it is read, and why it does not come.
fn download(props: &Props, saving: UseStateSetter<Saving>) -> Callback<MouseEvent> {
    let (files, path, layer) = (props.files.clone(), props.path.clone(), props.layer);
    let images = saved_images(props.of);
    Callback::from(move |_: MouseEvent| {
        let (files, path, saving, images) = (files.clone(), path.clone(), saving.clone(), images.clone());
        saving.set(Saving::Under(None));
        spawn_local(async move {
            let save = async |image| {
                let progress = |progress| saving.set(Saving::Under(Some(progress)));
                files.save(image, path.clone(), layer, progress).await
            };
            saving.set(match first_with_file(images, save).await {
                Some(Ok(blob)) => {
                    save_blob(&safe_name(&path), &blob);
                    Saving::No
                }
                Some(Err(fault)) => Saving::Failed(fault),
                None => Saving::No,
            });
        });
    })
}

/// The images whose file is saved, in their order. Of two images, what is shown is the right one's, unless it has none.
fn saved_images(of: Subject) -> Vec<u32> {
    match of {
        Subject::Differences(left, right) => vec![right, left],
        Subject::Image(image) => vec![image],
    }
}

/// Saves the file of the first of `images` that has it. Any other fault is the outcome: another image has another file.
async fn first_with_file<T>(
    images: Vec<u32>,
    save: impl AsyncFn(u32) -> Option<Result<T, Fault>>,
) -> Option<Result<T, Fault>> {
    let mut outcome = None;
    for image in images {
        outcome = save(image).await;
        if !matches!(&outcome, Some(Err(fault)) if fault.is_no_file()) {
            break;
        }
    }
    outcome
}

/// Opens the file, and closes it again.
#[hook]
fn use_opened(props: &Props) -> Opening {
    let opening = use_state_eq(|| Opening::Under(None));
    let (changes, attempt) = (use_changes_of(&props.images), use_state_eq(|| 0_u32));
    {
        // A missing file may have come with other layers.
        let (opening, attempt) = (opening.clone(), attempt.clone());
        use_effect_with(props.generations, move |_| {
            if matches!(&*opening, Opening::Failed(fault) if fault.code == MISSING) {
                attempt.set(*attempt + 1);
            }
        });
    }
    {
        // After a sign-in, what failed is tried again.
        let (opening, attempt) = (opening.clone(), attempt.clone());
        use_effect_with(changes, move |_| {
            if matches!(&*opening, Opening::Failed(_)) {
                attempt.set(*attempt + 1);
            }
        });
    }
    {
        let opening = opening.setter();
        // Once all layers are read, the file may be another one.
        let again = (props.is_whole, *attempt);
        let wanted = (props.files.clone(), props.of, props.path.clone(), props.layer, again);
        use_effect_with(wanted, move |(files, of, path, layer, ..)| {
            let (files, of, path, layer) = (files.clone(), *of, path.clone(), *layer);
            let (abort, registration) = futures_util::future::AbortHandle::new_pair();
            let number = Rc::new(std::cell::Cell::new(None));
            let work = {
                let (files, number) = (files.clone(), Rc::clone(&number));
                async move {
                    let progress = {
                        let opening = opening.clone();
                        move |progress| opening.set(Opening::Under(Some(progress)))
                    };
                    match files.open(of, path, layer, progress).await {
                        Some(Ok((query, file))) => {
                            number.set(Some(query));
                            opening.set(Opening::Open(query, Rc::new(file)));
                        }
                        Some(Err(fault)) => opening.set(Opening::Failed(fault)),
                        None => {}
                    }
                }
            };
            spawn_local(async move {
                // The result is dropped once the viewer is closed.
                let _ = futures_util::future::Abortable::new(work, registration).await;
            });
            move || {
                abort.abort();
                if let Some(number) = number.get() {
                    files.close(number);
                }
            }
        });
    }
    (*opening).clone()
}

fn progress_of(label: &'static str, progress: Option<ReadProgress>) -> Html {
    let words = text().files();
    html! {
        <div class="files__progress" role="status" data-testid="file-opening">
            if let Some((done, all)) = progress {
                <progress max={all.to_string()} value={done.to_string()} aria-label={label} />
                <p class="soft">{ (words.opening_share)(&format::bytes(done), &format::bytes(all)) }</p>
            } else {
                <p class="soft">{ label }</p>
            }
        </div>
    }
}

/// The fault of a file that does not come. `title` names it where the fault has no title of its own.
fn failed(title: &'static str, fault: &Fault) -> Html {
    let words = text().files();
    let (title, advice) = match fault.code.as_str() {
        MISSING => (words.file_missing.to_owned(), ""),
        "not-a-file" => (words.not_a_file.to_owned(), ""),
        "digest-mismatch" | "size-mismatch" => {
            ((words.layer_refused)(fault.layer.unwrap_or_default() + 1), words.layer_mismatch)
        }
        _ => (title.to_owned(), ""),
    };
    html! {
        <div class="empty" role="alert" data-testid="file-failed" data-code={fault.code.clone()}>
            <p><strong>{ title }</strong></p>
            if !advice.is_empty() {
                <p>{ advice }</p>
            }
            <p class="soft" lang="en">{ format::visible(&fault.reason).into_owned() }</p>
        </div>
    }
}

fn facts(props: &Props, file: &OpenedFile) -> Html {
    let words = text().files();
    let image = props
        .images
        .last()
        .filter(|_| matches!(props.of, Subject::Differences(..)))
        .unwrap_or(&props.images[0]);
    let steps = layers::steps(image);
    let step = steps.get(file.layer as usize).filter(|step| !step.is_empty());
    let is_elsewhere = file.path != props.path;
    html! {
        <dl class="files__facts">
            if is_elsewhere {
                { fact(words.link_target, html! { <code>{ format::visible(&file.path).into_owned() }</code> }) }
            }
            { fact(words.layer_column, html! {
                <>
                    <span data-testid="file-layer">{ file.layer + 1 }</span>
                    if let Some(step) = step {
                        { " " }<code class="soft" data-testid="file-step">{ step }</code>
                    }
                </>
            }) }
            { fact(words.size, html! { <span data-testid="file-size" data-bytes={file.size.to_string()}>{ format::bytes(file.size) }</span> }) }
            { fact(words.mode, html! { <code>{ &file.mode }</code> }) }
            { fact(words.owner, html! { format::visible(&file.owner).into_owned() }) }
            if file.mtime > 0 {
                { fact(words.modified, html! { format::date_of_seconds(file.mtime) }) }
            }
            if let Some(digest) = file.digest.as_ref().and_then(|digest| digest.parse::<tallyman_core::Digest>().ok()) {
                { fact(words.digest, html! { <Digest value={digest} /> }) }
            }
        </dl>
    }
}

fn fact(name: &'static str, value: Html) -> Html {
    html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }
}

/// The name under which a file is saved: its last component, without what could mean something to a file system or be read
/// as something else.
fn safe_name(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or_default();
    clean_name(&decoded(name))
}

fn clean_name(name: &str) -> String {
    let is_safe = |c: char| !c.is_control() && !format::is_invisible(c) && !r#"<>:"/\|?*"#.contains(c);
    let name: String = name.chars().map(|c| if is_safe(c) { c } else { '_' }).take(120).collect();
    let name = name.trim_matches(['.', ' ']);
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let is_device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4 && (stem.starts_with("COM") || stem.starts_with("LPT")));
    match name {
        "" => "file".to_owned(),
        name if is_device => format!("_{name}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tallyman_files_worker::{Fault, Subject};

    use super::{clean_name, first_with_file, saved_images};

    #[test]
    fn another_image_s_file_is_saved_only_where_the_first_has_none() {
        let saved = |code: &'static str| {
            let save = async |image: u32| {
                let fault = Fault { code: code.to_owned(), reason: String::new(), layer: None };
                Some(if image == 1 && !code.is_empty() { Err(fault) } else { Ok(image) })
            };
            let saved = first_with_file(saved_images(Subject::Differences(0, 1)), save);
            saved.now_or_never().unwrap().unwrap().map_err(|fault| fault.code)
        };
        assert_eq!(saved(""), Ok(1));
        assert_eq!(saved("no-such-file"), Ok(0));
        // A directory has taken its place.
        assert_eq!(saved("not-a-file"), Ok(0));
        for code in ["not-fetched", "digest-mismatch"] {
            assert_eq!(saved(code), Err(code.to_owned()));
        }
    }

    #[test]
    fn downloads_carry_safe_names() {
        for (name, safe) in [
            ("passwd", "passwd"),
            (".bashrc", "bashrc"),
            ("..", "file"),
            ("<img src=x onerror=alert(1)>.txt", "_img src=x onerror=alert(1)_.txt"),
            ("a\u{202e}gnp.exe", "a_gnp.exe"),
            ("con.txt", "_con.txt"),
            ("a:b\\c\n", "a_b_c_"),
        ] {
            assert_eq!(clean_name(name), safe);
        }
    }
}
