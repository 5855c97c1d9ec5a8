//! The box that takes images: typed, pasted, dropped.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use crate::{
    components::panel::Panel,
    state::input::image_list::{Pasted, control_characters::control_characters, sources_in},
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    /// Images are to be added.
    pub onadd: Callback<Pasted>,
}

/// The box that takes images.
#[component]
pub fn Add(props: &Props) -> Html {
    use_language();
    let input = use_node_ref();
    let over = use_state_eq(|| false);
    let fault = use_state_eq(|| None::<String>);
    let submit = use_submit(&input, &fault.setter(), &props.onadd);
    let onsubmit = submit.reform(|event: SubmitEvent| event.prevent_default());
    let onkeydown = {
        let submit = submit.clone();
        move |event: KeyboardEvent| {
            // Enter adds; with Shift it begins a line.
            if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
                event.prevent_default();
                submit.emit(());
            }
        }
    };
    let oninput = {
        let fault = fault.setter();
        move |_: InputEvent| fault.set(None)
    };
    let ondragover = {
        let over = over.clone();
        move |event: DragEvent| {
            event.prevent_default();
            over.set(true);
        }
    };
    let ondragleave = {
        let over = over.clone();
        move |_: DragEvent| over.set(false)
    };
    let ondrop = {
        let (over, input, onadd) = (over.clone(), input.clone(), props.onadd.clone());
        let fault = fault.setter();
        move |event: DragEvent| {
            event.prevent_default();
            over.set(false);
            let data = event.data_transfer();
            let dropped = data.and_then(|data| {
                let of = |kind: &str| data.get_data(kind).ok().filter(|text| !text.is_empty());
                of("text/plain").or_else(|| of("text/uri-list"))
            });
            let Some(dropped) = dropped else { return };
            let Some(input) = input.cast::<HtmlTextAreaElement>() else { return };
            if control_characters(&dropped).is_some() {
                append(&input, &dropped);
                submit.emit(());
            } else {
                take(&input, &fault, &onadd, sources_in(&dropped));
            }
        }
    };
    let words = text().build();
    html! {
        <Panel title={words.add_title}>
            <form class={classes!("add", over.then_some("add--over"))} {onsubmit} {ondragover} {ondragleave} {ondrop}>
                <textarea ref={input} class={classes!("field", "field--mono", fault.is_some().then_some("field--bad"))} rows="2"
                    aria-label={words.add_label} aria-invalid={fault.is_some().to_string()} aria-describedby="add-hint" placeholder={words.add_placeholder}
                    autocapitalize="none" autocomplete="off" spellcheck="false" data-testid="add-input" {oninput} {onkeydown} />
                <button class="button button--main" type="submit" data-testid="add-button">{ words.add_button }</button>
                if let Some(fault) = &*fault {
                    <p class="hint--bad" role="alert" data-testid="add-fault">{ fault }</p>
                }
                <p class="hint" id="add-hint">{ words.add_hint }</p>
            </form>
        </Panel>
    }
}

/// Adds the images of a text. What of it cannot be read is put into the box, and why is said below.
fn take(
    input: &HtmlTextAreaElement,
    fault: &UseStateSetter<Option<String>>,
    onadd: &Callback<Pasted>,
    pasted: Pasted,
) {
    fault.set((!pasted.unread.is_empty()).then(|| pasted.faults.join("\n")));
    append(input, &pasted.unread.join("\n"));
    onadd.emit(pasted);
}

/// Puts lines behind those that are in the box.
fn append(input: &HtmlTextAreaElement, lines: &str) {
    let typed = input.value();
    let separator = if typed.is_empty() || typed.ends_with('\n') || lines.is_empty() { "" } else { "\n" };
    input.set_value(&format!("{typed}{separator}{lines}"));
}

/// Returns the callback that adds the images which the text in the box names. A text with control characters stays there, the first of
/// them selected.
#[hook]
fn use_submit(
    input: &NodeRef,
    fault: &UseStateSetter<Option<String>>,
    onadd: &Callback<Pasted>,
) -> Callback<()> {
    let (input, fault, onadd) = (input.clone(), fault.clone(), onadd.clone());
    Callback::from(move |()| {
        let Some(input) = input.cast::<HtmlTextAreaElement>() else { return };
        let given = input.value();
        let found = control_characters(&given);
        fault.set(found.as_ref().map(|found| found.fault.clone()));
        if let Some(found) = found {
            // A box that takes no focus keeps its text, too.
            let _ = input.focus();
            let _ = input.set_selection_range(found.first.start, found.first.end);
            return;
        }
        let pasted = sources_in(&given);
        if !pasted.sources.is_empty() || !pasted.faults.is_empty() {
            input.set_value("");
            take(&input, &fault, &onadd, pasted);
        }
    })
}
