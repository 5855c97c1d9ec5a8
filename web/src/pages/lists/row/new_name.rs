//! The dialog in which a list is renamed or duplicated.

use std::rc::Rc;

use tallyman_commands::line_of;
use tallyman_core::Reference;
use tallyman_store::Outcome;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    components::{
        command::command_lines,
        dialog::Dialog,
        icon::Icon,
        text_field::{TextField, text_in},
    },
    state::{
        input::pasted_text::reference_in,
        lists::{LocalLists, StoredList},
    },
    text::{text, use_language},
};

/// The action that a new name is needed for.
#[derive(Clone, Copy, PartialEq)]
pub enum Naming {
    /// The list gets the new name.
    Rename,
    /// A copy of the list gets the new name.
    Duplicate,
}

/// Properties of [`NewName`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The local lists.
    pub local_lists: Rc<LocalLists>,
    /// The list.
    pub stored: StoredList,
    /// The action.
    pub naming: Naming,
    /// Closes the dialog.
    pub cancel: Callback<()>,
    /// Receives the command line that does the same, and whether `docker manifest` has it as well.
    pub done: Callback<(String, bool)>,
    /// Receives the new name of a list that is renamed.
    pub renamed: Callback<String>,
}

/// The dialog in which a list is renamed or duplicated.
#[component]
pub fn NewName(props: &Props) -> Html {
    use_language();
    let Props { naming, cancel, stored, .. } = props;
    let name = stored.summary.reference.to_string();
    let fault = use_state_eq(|| None::<String>);
    // The reference that was typed, as it is stored.
    let typed = use_state_eq(|| name.clone());
    let input = use_node_ref();
    let (command, title) = match naming {
        Naming::Rename => ("rename", text().lists().rename),
        Naming::Duplicate => ("duplicate", text().lists().duplicate),
    };
    let line = line_of([command, &name, &typed]);
    let oninput = {
        let (input, typed) = (input.clone(), typed.setter());
        move |_: InputEvent| typed.set(reference_in(&text_in(&input)))
    };
    let onsubmit = use_save(props, &input, &line, fault.setter());
    let words = text().lists();
    html! {
        <Dialog open=true {title} onclose={cancel.clone()}>
            <form class="line-form" {onsubmit} {oninput}>
                <TextField place={input} class="field--mono" value={name} label={words.new_name} autofocus=true testid="new-name" />
                <button class="button button--main" type="submit">{ words.save }</button>
                <button class="button" type="button" onclick={cancel.reform(|_: MouseEvent| ())}>{ words.cancel }</button>
            </form>
            if let Some(fault) = &*fault {
                <div class="alert" role="alert"><Icon name="warning" /><span>{ fault }</span></div>
            }
            { command_lines(&line, false) }
        </Dialog>
    }
}

/// Stores the list under the name in `input`.
#[hook]
fn use_save(
    props: &Props,
    input: &NodeRef,
    line: &str,
    fault: UseStateSetter<Option<String>>,
) -> Callback<SubmitEvent> {
    let Props { local_lists, stored, naming, cancel, done, renamed } = props;
    let (local_lists, stored, naming) = (Rc::clone(local_lists), stored.clone(), *naming);
    let (cancel, done, input, line) = (cancel.clone(), done.clone(), input.clone(), line.to_owned());
    let renamed = renamed.clone();
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let to: Reference = match reference_in(&text_in(&input)).parse() {
            Ok(to) => to,
            Err(error) => return fault.set(Some(format!("{error}"))),
        };
        let (local_lists, stored, fault) = (Rc::clone(&local_lists), stored.clone(), fault.clone());
        let (cancel, done, line) = (cancel.clone(), done.clone(), line.clone());
        let renamed = renamed.clone();
        spawn_local(async move {
            let name = &stored.summary.reference;
            let outcome = match (naming, &stored.list) {
                (Naming::Duplicate, Ok(list)) => local_lists.add(&list.renamed(to.clone())).await,
                _ => local_lists.rename(name, &to).await,
            };
            match outcome {
                Ok(Outcome::Done(_)) => {
                    if naming == Naming::Rename {
                        renamed.emit(to.to_string());
                    }
                    cancel.emit(());
                    done.emit((line, false));
                }
                Ok(Outcome::Taken) => fault.set(Some((text().lists().taken)(&to.to_string()))),
                Ok(_) => fault.set(Some((text().lists().gone)(&name.to_string()))),
                Err(error) => fault.set(Some(error.to_string())),
            }
        });
    })
}
