//! The two boxes that say what is compared.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    components::text_field::use_value,
    router,
    routes::Route,
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
    /// The files of the two are compared.
    #[prop_or_default]
    pub of_files: bool,
}

/// Two boxes and a button that swaps them.
#[component]
pub fn Sides(props: &Props) -> Html {
    use_language();
    let (left, right) = (use_node_ref(), use_node_ref());
    use_value(&left, &props.left);
    use_value(&right, &props.right);
    let of_files = props.of_files;
    let go = move |left: String, right: String| {
        router::push(&match of_files {
            true => Route::Files { reference: left, right: vec![right] },
            false => Route::Compare { left, right },
        });
    };
    let onsubmit = {
        let (left, right) = (left.clone(), right.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let of =
                |input: &NodeRef| input.cast::<HtmlInputElement>().map(|input| reference_in(&input.value()));
            if let Some((left, right)) = of(&left).zip(of(&right)) {
                go(left, right);
            }
        }
    };
    let swap = {
        let (left, right) = (props.left.to_string(), props.right.to_string());
        move |_: MouseEvent| go(right.clone(), left.clone())
    };
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
