//! The box that takes images: typed, pasted, dropped.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use crate::{
    components::panel::Panel,
    state::input::image_list::{Pasted, sources_in},
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
    let submit = {
        let (input, onadd) = (input.clone(), props.onadd.clone());
        Callback::from(move |()| {
            let Some(input) = input.cast::<HtmlTextAreaElement>() else { return };
            let pasted = sources_in(&input.value());
            if !pasted.sources.is_empty() || !pasted.faults.is_empty() {
                input.set_value("");
                onadd.emit(pasted);
            }
        })
    };
    let onsubmit = {
        let submit = submit.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            submit.emit(());
        }
    };
    let onkeydown = move |event: KeyboardEvent| {
        // Enter adds; with Shift it begins a line.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() {
            event.prevent_default();
            submit.emit(());
        }
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
        let (over, onadd) = (over.clone(), props.onadd.clone());
        move |event: DragEvent| {
            event.prevent_default();
            over.set(false);
            let data = event.data_transfer();
            let dropped = data.and_then(|data| {
                let of = |kind: &str| data.get_data(kind).ok().filter(|text| !text.is_empty());
                of("text/plain").or_else(|| of("text/uri-list"))
            });
            if let Some(dropped) = dropped {
                onadd.emit(sources_in(&dropped));
            }
        }
    };
    let words = text().build();
    html! {
        <Panel title={words.add_title}>
            <form class={classes!("add", over.then_some("add--over"))} {onsubmit} {ondragover} {ondragleave} {ondrop}>
                <textarea ref={input} class="field field--mono" rows="2" aria-label={words.add_label} placeholder={words.add_placeholder}
                    aria-describedby="add-hint" autocapitalize="none" autocomplete="off" spellcheck="false" data-testid="add-input" {onkeydown} />
                <button class="button button--main" type="submit" data-testid="add-button">{ words.add_button }</button>
                <p class="hint" id="add-hint">{ words.add_hint }</p>
            </form>
        </Panel>
    }
}
