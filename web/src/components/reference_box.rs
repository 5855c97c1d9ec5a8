//! The box that takes a reference.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    routes::Route,
    state::pasted::{place_in, reference_in},
};

/// Properties of [`ReferenceBox`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What it shows at first.
    #[prop_or_default]
    pub value: AttrValue,
    /// The big one of the start page, which takes the focus.
    #[prop_or_default]
    pub large: bool,
}

/// The box that takes a reference and opens its page.
#[component]
pub fn ReferenceBox(props: &Props) -> Html {
    let navigator = use_navigator();
    let input = use_node_ref();
    {
        // Following a link changes what the page is about, and the box says what the page is about.
        let input = input.clone();
        use_effect_with(props.value.clone(), move |value| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                input.set_value(value);
            }
        });
    }
    let onsubmit = {
        let input = input.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let Some((input, navigator)) = input.cast::<HtmlInputElement>().zip(navigator.as_ref()) else {
                return;
            };
            if let Some(place) = place_in(&input.value()) {
                return navigator.push(&Route::Explore { place: place.to_owned() });
            }
            let reference = reference_in(&input.value());
            if !reference.is_empty() {
                // The page's address brings the reference back; for the same one there is nothing to bring.
                input.set_value(&reference);
                navigator.push(&Route::Inspect { reference });
            }
        }
    };
    html! {
        <form class={classes!("reference-box", props.large.then_some("reference-box--large"))} role="search" data-testid="reference-form" {onsubmit}>
            <input
                ref={input}
                type="text"
                aria-label="Image or manifest list"
                placeholder="127.0.0.1:5000/app:v1"
                autocapitalize="none"
                autocomplete="off"
                autocorrect="off"
                spellcheck="false"
                autofocus={props.large}
                data-testid="reference-input"
            />
            <button type="submit">{ "Inspect" }</button>
        </form>
    }
}
