//! A local list being built: images in and out, platforms, what comes of it, what stands in its place now.

mod add;
mod commands;
mod entries;
mod findings;
mod form;
mod name;
mod offer;
mod preview;

use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use tallyman_core::{EditConflict, ListEdit, ManifestList, Reference};
use tallyman_store::Outcome;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

use super::set_title;
use crate::{
    components::{
        icon::Icon, reference_heading::reference_heading, store_status::store_status, toast::use_toaster,
    },
    routes::Route,
    state::{
        input::image_list::Pasted,
        list_editor::{add_images::use_adder, confirmation, entry_status::use_entries},
        lists::{ListView, LocalLists, Opened, use_list},
    },
    text::text,
};

/// Properties of [`Build`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The list as it was written; it need not be a reference, and may be empty.
    pub list: AttrValue,
    /// Images to add, as they were written.
    pub sources: Vec<String>,
}

/// A local list being built.
#[component]
pub fn Build(props: &Props) -> Html {
    let opened = use_context::<Opened>().unwrap_or_default();
    let name: Option<Reference> = props.list.parse().ok();
    use_effect_with(props.list.clone(), |list| set_title(list));
    match (opened, name) {
        (Opened::Ready(local_lists), Some(name)) => {
            html! { <Builder key={name.to_string()} {local_lists} name={name.clone()} sources={props.sources.clone()} /> }
        }
        (_, None) => html! { <name::Name list={props.list.clone()} sources={props.sources.clone()} /> },
        (opened, _) => store_status(&opened),
    }
}

#[derive(PartialEq, Properties)]
struct BuilderProps {
    local_lists: Rc<LocalLists>,
    name: Reference,
    sources: Vec<String>,
}

/// A change that was not made, because another tab has changed the same.
#[derive(Clone, PartialEq)]
struct Refused {
    edit: ListEdit,
    conflict: EditConflict,
}

#[component]
fn Builder(props: &BuilderProps) -> Html {
    let BuilderProps { local_lists, name, sources } = props;
    let toaster = use_toaster();
    let refused = use_state(|| None::<Refused>);
    let problem = use_state(|| None::<AttrValue>);
    let round = use_state(|| 0_u32);
    let elsewhere = {
        let toaster = toaster.clone();
        Callback::from(move |()| toaster.say(text().build().elsewhere))
    };
    let view = use_list(local_lists, name, elsewhere);
    let adder = use_adder(local_lists, name);
    let list = match &view {
        ListView::There(list) => Rc::clone(list),
        _ => Rc::new(ManifestList::new(name.clone())),
    };
    let entries = use_entries(Some(Rc::clone(&list)), *round);
    // An address names images alone; command lines come by pasting.
    let images: Vec<String> =
        sources.iter().filter(|source| source.parse::<Reference>().is_ok()).cloned().collect();
    let is_confirmed = *use_memo((name.clone(), sources.clone()), |(name, sources)| {
        !sources.is_empty() && confirmation::take(&name.to_string(), sources)
    });
    // What the address asked for is dealt with once; after that the address is the list's alone.
    let onignore = {
        let (navigator, name) = (use_navigator(), name.clone());
        Callback::from(move |()| {
            if let Some(navigator) = &navigator {
                navigator.replace(&Route::build(&name));
            }
        })
    };
    let onaccept = {
        let (adder, images, onignore) = (adder.clone(), images.clone(), onignore.clone());
        Callback::from(move |()| {
            adder.add(Pasted { sources: images.clone(), ..Pasted::default() });
            onignore.emit(());
        })
    };
    {
        let onaccept = onaccept.clone();
        use_effect_with((is_confirmed, sources.clone()), move |(is_confirmed, _)| {
            if *is_confirmed {
                onaccept.emit(());
            }
        });
    }

    let told = {
        let (refused, problem, toaster) = (refused.setter(), problem.setter(), toaster.clone());
        let name = name.clone();
        Rc::new(move |edit: ListEdit, outcome: Result<Outcome, tallyman_store::StoreError>| match outcome {
            Ok(Outcome::Done(_)) => {
                refused.set(None);
                problem.set(None);
            }
            Ok(Outcome::Conflict(conflict)) => refused.set(Some(Refused { edit, conflict })),
            Ok(Outcome::Gone) => toaster.say((text().lists().gone)(&name.to_string())),
            Ok(Outcome::Taken) => toaster.say((text().lists().taken)(&name.to_string())),
            Err(error) => problem.set(Some(error.to_string().into())),
        })
    };
    let change = {
        let (local_lists, name, told) = (Rc::clone(local_lists), name.clone(), Rc::clone(&told));
        Callback::from(move |edit: ListEdit| {
            let (local_lists, name, told) = (Rc::clone(&local_lists), name.clone(), Rc::clone(&told));
            spawn_local(async move {
                let outcome = local_lists.edit(&name, edit.clone(), None).await;
                told(edit, outcome);
            });
        })
    };
    let step = |back: bool| {
        let (local_lists, name, told) = (Rc::clone(local_lists), name.clone(), Rc::clone(&told));
        Callback::from(move |()| {
            let (local_lists, name, told) = (Rc::clone(&local_lists), name.clone(), Rc::clone(&told));
            spawn_local(async move {
                match local_lists.step(&name, back).await {
                    Ok(Some(outcome)) => told(ListEdit::default(), Ok(outcome)),
                    Ok(None) => {}
                    Err(error) => told(ListEdit::default(), Err(error)),
                }
            });
        })
    };
    let (undo, redo) = (step(true), step(false));
    let (can_undo, can_redo) = local_lists.can(name);
    {
        let (undo, redo) = (undo.clone(), redo.clone());
        use_effect_with((local_lists.clone(), name.clone()), move |_| {
            let document = web_sys::window().and_then(|window| window.document());
            let listener = document.map(|document| {
                let options = EventListenerOptions::enable_prevent_default();
                EventListener::new_with_options(&document, "keydown", options, move |event| {
                    if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
                        undo_or_redo(event, &undo, &redo);
                    }
                })
            });
            move || drop(listener)
        });
    }
    let onadd = {
        let (adder, toaster, name) = (adder.clone(), toaster, name.clone());
        Callback::from(move |pasted: Pasted| {
            let other = pasted
                .list
                .clone()
                .filter(|other| other.parse::<Reference>().is_ok_and(|other| other != name));
            if let Some(other) = other {
                toaster.say((text().build().other_list)(&other));
            }
            for fault in &pasted.faults {
                toaster.say(fault.clone());
            }
            adder.add(pasted);
        })
    };
    let check = {
        let round = round.clone();
        Callback::from(move |()| round.set(*round + 1))
    };
    let mine = {
        let (refused, list, change) = (refused.clone(), Rc::clone(&list), change.clone());
        move |_: MouseEvent| {
            if let Some(Refused { edit, .. }) = &*refused {
                change.emit(edit.onto(&list));
            }
            refused.set(None);
        }
    };
    let theirs = {
        let refused = refused.clone();
        move |_: MouseEvent| refused.set(None)
    };
    let words = text().build();
    html! {
        <div data-testid="builder">
            <p class="trail"><Link<Route> to={Route::Lists}>{ words.trail }</Link<Route>></p>
            <div class="title">
                <h1 data-testid="list-name">{ reference_heading(name) }</h1>
                <div class="title__end">
                    <button class="button" type="button" disabled={!can_undo} onclick={undo.reform(|_: MouseEvent| ())} data-testid="undo">
                        <Icon name="undo" />{ words.undo }
                    </button>
                    <button class="button" type="button" disabled={!can_redo} onclick={redo.reform(|_: MouseEvent| ())} data-testid="redo">
                        <Icon name="redo" />{ words.redo }
                    </button>
                    if !list.is_empty() {
                        <Link<Route> to={Route::Push { list: name.to_string() }} classes="button button--main">{ words.push }</Link<Route>>
                    }
                </div>
            </div>
            if let ListView::Failed(why) = &view {
                <div class="alert" role="alert"><Icon name="warning" /><span>{ why.to_string() }</span></div>
            }
            if let Some(why) = &*problem {
                <div class="alert" role="alert" data-testid="store-problem"><Icon name="warning" /><span>{ why }</span></div>
            }
            if let Some(Refused { conflict, .. }) = &*refused {
                <div class="alert" role="alert" data-testid="conflict">
                    <Icon name="warning" />
                    <span>{ (words.conflict)(&names(conflict)) }</span>
                    <span class="alert__actions">
                        <button class="button" type="button" onclick={theirs}>{ words.conflict_theirs }</button>
                        <button class="button" type="button" onclick={mine}>{ words.conflict_mine }</button>
                    </span>
                </div>
            }
            if !sources.is_empty() && !is_confirmed {
                <offer::Offer list={name.to_string()} {images} onadd={onaccept} {onignore} />
            }
            <add::Add {onadd} />
            <entries::EntryTable
                list={Rc::clone(&list)}
                entries={Rc::clone(&entries)}
                adder={adder.clone()}
                change={change.clone()}
                {check}
            />
            if !list.is_empty() {
                <findings::Findings list={Rc::clone(&list)} entries={Rc::clone(&entries)} change={change.clone()} />
                <form::Form list={Rc::clone(&list)} {change} />
                <preview::Preview list={Rc::clone(&list)} round={*round} />
                <commands::Commands list={Rc::clone(&list)} {entries} />
            }
        </div>
    }
}

/// Ctrl or Cmd with Z undoes, with Shift as well or with Y it does again. In a text field the browser's own is meant.
fn undo_or_redo(event: &KeyboardEvent, undo: &Callback<()>, redo: &Callback<()>) {
    let target = event.target();
    let is_field = target.is_some_and(|target| {
        target.has_type::<web_sys::HtmlInputElement>() || target.has_type::<web_sys::HtmlTextAreaElement>()
    });
    if is_field || !(event.ctrl_key() || event.meta_key()) {
        return;
    }
    match (event.key().to_lowercase().as_str(), event.shift_key()) {
        ("z", false) => undo.emit(()),
        ("z", true) | ("y", _) => redo.emit(()),
        _ => return,
    }
    event.prevent_default();
}

fn names(conflict: &EditConflict) -> String {
    let images = conflict.images.iter().map(ToString::to_string);
    images
        .chain(conflict.form.then(|| text().build().conflict_form.to_owned()))
        .collect::<Vec<_>>()
        .join(", ")
}
