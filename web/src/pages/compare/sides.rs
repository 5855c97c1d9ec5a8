//! The two boxes that say what is compared.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    components::text_field::{text_in, use_value},
    state::input::pasted_text::reference_in,
    text::{text, use_language},
};

/// Properties of [`Sides`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The text of the left field.
    pub left: AttrValue,
    /// The text of the right field.
    pub right: AttrValue,
    /// Called with the references on the left and on the right, and with `true` if they were swapped.
    pub onchoose: Callback<(String, String, bool)>,
}

/// Two boxes and a button that swaps them.
#[component]
pub fn Sides(props: &Props) -> Html {
    use_language();
    let (left, right) = (use_node_ref(), use_node_ref());
    use_value(&left, &props.left);
    use_value(&right, &props.right);
    let choose = {
        let (left, right, onchoose) = (left.clone(), right.clone(), props.onchoose.clone());
        Callback::from(move |is_swapped: bool| {
            let mut chosen = [&left, &right].map(|field| reference_in(&text_in(field)));
            if is_swapped {
                chosen.reverse();
            }
            for (field, reference) in [&left, &right].into_iter().zip(&chosen) {
                if let Some(input) = field.cast::<HtmlInputElement>() {
                    input.set_value(reference);
                }
            }
            let [left, right] = chosen;
            onchoose.emit((left, right, is_swapped));
        })
    };
    let onsubmit = choose.reform(|event: SubmitEvent| {
        event.prevent_default();
        false
    });
    let swap = choose.reform(|_: MouseEvent| true);
    let side = |input: NodeRef, label: &'static str| {
        html! {
            <label class="reference-box">
                <span class="visually-hidden">{ label }</span>
                <input ref={input} type="text" autocapitalize="none" autocomplete="off" spellcheck="false" />
            </label>
        }
    };
    let words = text().compare();
    html! {
        <form class="sides" {onsubmit} data-testid="compare-form">
            { side(left, words.left) }
            <button class="button" type="button" onclick={swap}>{ words.swap }</button>
            { side(right, words.right) }
            <button class="button" type="submit">{ words.compare }</button>
        </form>
    }
}
