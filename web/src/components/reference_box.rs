//! The box that takes anything.

use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    browser::clipboard,
    components::text_field::use_value,
    routes::Route,
    state::input::destination::{Input, input_of, route_of},
    text::{text, use_language},
};

/// Properties of [`ReferenceBox`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The initial text.
    #[prop_or_default]
    pub value: AttrValue,
    /// The big one of the start page, which takes the focus.
    #[prop_or_default]
    pub large: bool,
}

/// The box that takes anything, and opens the page that it is about.
#[component]
pub fn ReferenceBox(props: &Props) -> Html {
    use_language();
    let navigator = use_navigator();
    let open = use_route::<Route>().unwrap_or(Route::Start);
    let input = use_node_ref();
    // Following a link changes what the page is about, and the box says what the page is about.
    use_value(&input, &props.value);
    let onpaste = {
        let (input, navigator) = (input.clone(), navigator.clone());
        move |event: Event| {
            let Some(pasted) = clipboard::text_of(&event).as_deref().and_then(input_of) else { return };
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            event.prevent_default();
            match pasted {
                Input::Line(reference) => input.set_value(&reference),
                Input::Manifest(route) => {
                    input.set_value("");
                    if let Some(navigator) = &navigator {
                        navigator.push(&route);
                    }
                }
            }
        }
    };
    let onsubmit = {
        let input = input.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let Some((input, navigator)) = input.cast::<HtmlInputElement>().zip(navigator.as_ref()) else {
                return;
            };
            let Some(route) = route_of(&input.value(), &open) else { return };
            if let Route::Inspect { reference } = &route {
                // The page's address brings the reference back; for the same one there is nothing to bring.
                input.set_value(reference);
            }
            navigator.push(&route);
        }
    };
    html! {
        <form class={classes!("reference-box", props.large.then_some("reference-box--large"))} role="search" data-testid="reference-form" {onsubmit}>
            <input
                ref={input}
                type="text"
                aria-label={text().start().label}
                placeholder={text().start().placeholder}
                autocapitalize="none"
                autocomplete="off"
                autocorrect="off"
                spellcheck="false"
                autofocus={props.large}
                data-testid="reference-input"
                {onpaste}
            />
            <button type="submit">{ text().start().go }</button>
        </form>
    }
}
