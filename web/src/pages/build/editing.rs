//! The edits of the list that is open: applied, undone, redone, refused.

use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use tallyman_core::{EditConflict, ListEdit, ManifestList, Reference};
use tallyman_store::{Outcome, StoreError};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{EventTarget, HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::{
    components::{icon::Icon, toast::use_toaster},
    state::lists::{LocalLists, Step},
    text::text,
};

/// An edit that was not applied, because another tab has changed the same images.
#[derive(Clone, PartialEq)]
pub struct Refused {
    edit: ListEdit,
    /// The step that the edit is; `None` if it is a new change.
    step: Option<Step>,
    conflict: EditConflict,
}

/// The edits of a list, and what became of the last one.
#[derive(Clone)]
pub struct Editing {
    /// The edit that another tab's change refused.
    pub refused: UseStateHandle<Option<Refused>>,
    /// The error of the storage.
    pub problem: UseStateHandle<Option<AttrValue>>,
    /// Applies an edit.
    pub change: Callback<ListEdit>,
    /// Undoes the last edit.
    pub undo: Callback<()>,
    /// Applies the last undone edit again.
    pub redo: Callback<()>,
    /// Applies the refused edit to the list as it is now.
    pub mine: Callback<Rc<ManifestList>>,
    /// Gives up the refused edit.
    pub theirs: Callback<()>,
}

/// The edits of the list `name`. Ctrl or Cmd with Z undoes, with Shift as well redoes.
#[hook]
pub fn use_editing(local_lists: &Rc<LocalLists>, name: &Reference) -> Editing {
    let toaster = use_toaster();
    let refused = use_state(|| None::<Refused>);
    let problem = use_state(|| None::<AttrValue>);
    let settle = {
        let (refused, problem, name) = (refused.setter(), problem.setter(), name.clone());
        Rc::new(move |edit: ListEdit, step: Option<Step>, outcome: Result<Outcome, StoreError>| match outcome
        {
            Ok(Outcome::Done(_)) => {
                refused.set(None);
                problem.set(None);
            }
            Ok(Outcome::Conflict(conflict)) => refused.set(Some(Refused { edit, step, conflict })),
            Ok(Outcome::Gone) => toaster.say((text().lists().gone)(&name.to_string())),
            Ok(Outcome::Taken) => toaster.say((text().lists().taken)(&name.to_string())),
            Err(error) => problem.set(Some(error.to_string().into())),
        })
    };
    let apply = {
        let (local_lists, name, settle) = (Rc::clone(local_lists), name.clone(), Rc::clone(&settle));
        Callback::from(move |(edit, step): (ListEdit, Option<Step>)| {
            let (local_lists, name, settle) = (Rc::clone(&local_lists), name.clone(), Rc::clone(&settle));
            spawn_local(async move {
                let outcome = match &step {
                    Some(step) => local_lists.step_as(&name, step, &edit).await,
                    None => local_lists.edit(&name, edit.clone(), None).await,
                };
                settle(edit, step, outcome);
            });
        })
    };
    let change = apply.reform(|edit| (edit, None));
    let step = |back: bool| {
        let (local_lists, name, settle) = (Rc::clone(local_lists), name.clone(), Rc::clone(&settle));
        Callback::from(move |()| {
            let (local_lists, name, settle) = (Rc::clone(&local_lists), name.clone(), Rc::clone(&settle));
            spawn_local(async move {
                match local_lists.step(&name, back).await {
                    Ok(Some((step, outcome))) => settle(step.edit.clone(), Some(step), Ok(outcome)),
                    Ok(None) => {}
                    Err(error) => settle(ListEdit::default(), None, Err(error)),
                }
            });
        })
    };
    let (undo, redo) = (step(true), step(false));
    let mine = {
        let refused = refused.clone();
        Callback::from(move |list: Rc<ManifestList>| {
            if let Some(Refused { edit, step, .. }) = (*refused).clone() {
                apply.emit((edit.onto(&list), step));
                refused.set(None);
            }
        })
    };
    let theirs = {
        let (local_lists, name, refused) = (Rc::clone(local_lists), name.clone(), refused.clone());
        Callback::from(move |()| {
            if let Some(step) = refused.as_ref().and_then(|refused| refused.step.as_ref()) {
                local_lists.give_up(&name, step);
            }
            refused.set(None);
        })
    };
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
    Editing { refused, problem, change, undo, redo, mine, theirs }
}

/// Shows the refused edit, with the choice between it and the other tab's.
pub fn conflict(editing: &Editing, list: &Rc<ManifestList>) -> Html {
    let Some(Refused { conflict, .. }) = &*editing.refused else { return html! {} };
    let theirs = editing.theirs.reform(|_: MouseEvent| ());
    let mine = {
        let list = Rc::clone(list);
        editing.mine.reform(move |_: MouseEvent| Rc::clone(&list))
    };
    let words = text().build();
    html! {
        <div class="alert" role="alert" data-testid="conflict">
            <Icon name="warning" />
            <span>{ (words.conflict)(&names(conflict)) }</span>
            <span class="alert__actions">
                <button class="button" type="button" onclick={theirs}>{ words.conflict_theirs }</button>
                <button class="button" type="button" onclick={mine}>{ words.conflict_mine }</button>
            </span>
        </div>
    }
}

/// Ctrl or Cmd with Z undoes, with Shift as well or with Y it does again. In a text field the browser's own is meant.
fn undo_or_redo(event: &KeyboardEvent, undo: &Callback<()>, redo: &Callback<()>) {
    if event.target().is_some_and(|target| is_text_field(&target)) || !(event.ctrl_key() || event.meta_key())
    {
        return;
    }
    match (event.key().to_ascii_lowercase().as_str(), event.shift_key()) {
        ("z", false) => undo.emit(()),
        ("z", true) | ("y", _) => redo.emit(()),
        _ => return,
    }
    event.prevent_default();
}

/// Returns `true` for an element that text is typed in: the browser undoes what is typed there. It does nothing of the kind in a
/// checkbox.
fn is_text_field(target: &EventTarget) -> bool {
    match target.dyn_ref::<HtmlInputElement>() {
        Some(input) => matches!(input.type_().as_str(), "text" | "search" | "url" | "email" | "password"),
        None => target.has_type::<HtmlTextAreaElement>(),
    }
}

fn names(conflict: &EditConflict) -> String {
    let images = conflict.images.iter().map(ToString::to_string);
    images
        .chain(conflict.form.then(|| text().build().conflict_form.to_owned()))
        .collect::<Vec<_>>()
        .join(", ")
}
