//! The box that takes anything.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    browser::{clipboard, first_form},
    chunks::input::{InputRules, is_more_than_a_line},
    components::{
        text_field::use_value,
        toast::{Toaster, use_toaster},
    },
    router::{self, use_route},
    routes::Route,
    state::input::destination::Input,
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
    let (open, toaster) = (use_route(), use_toaster());
    let input = use_node_ref();
    // Following a link changes what the page is about, and the box says what the page is about.
    use_value(&input, &props.value);
    let onpaste = {
        let (input, toaster) = (input.clone(), toaster.clone());
        move |event: Event| {
            let Some(text) = clipboard::text_of(&event).filter(|text| is_more_than_a_line(text)) else {
                return;
            };
            event.prevent_default();
            take_pasted(text, &input, &toaster);
        }
    };
    // Whoever types is about to send it.
    let oninput = |_: InputEvent| InputRules::with(|_| ());
    let onsubmit = {
        let (input, open) = (input.clone(), open.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            send(&input, &open);
        }
    };
    {
        let input = input.clone();
        use_effect_with(props.large, move |is_large| {
            let Some(entered) = is_large.then(first_form::replace).flatten() else { return };
            if let Some(input) = input.cast::<HtmlInputElement>() {
                entered.put_into(&input);
            }
            if entered.is_sent {
                send(&input, &open);
            }
            if let Some(text) = entered.pasted {
                take_pasted(text, &input, &toaster);
            }
        });
    }
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
                {oninput}
                {onpaste}
            />
            <button type="submit">{ text().start().go }</button>
        </form>
    }
}

/// Opens the page that the text of the box is about.
fn send(input: &NodeRef, open: &Route) {
    let (input, open) = (input.clone(), open.clone());
    InputRules::with(move |rules| {
        let Some(input) = input.cast::<HtmlInputElement>() else { return };
        let Some(route) = InputRules::destination(rules, &input.value(), &open) else { return };
        if let Route::Inspect { reference } = &route {
            // The page's address brings the reference back; for the same one there is nothing to bring.
            input.set_value(reference);
        }
        router::push(&route);
    });
}

/// Puts what a pasted text of several lines is about into the box, or opens the manifest that it is. Other JSON is not taken.
fn take_pasted(text: String, input: &NodeRef, toaster: &Toaster) {
    let (input, toaster) = (input.clone(), toaster.clone());
    InputRules::with(move |rules| {
        let Some(input) = input.cast::<HtmlInputElement>() else { return };
        match rules.and_then(|rules| (rules.input_of)(&text)) {
            Some(Input::Line(reference)) => input.set_value(&reference),
            Some(Input::Manifest(route)) => {
                input.set_value("");
                router::push(&route);
            }
            Some(Input::Refused(why)) => toaster.say(why),
            None => clipboard::insert(&text),
        }
    });
}
