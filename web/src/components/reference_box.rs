//! The box that takes anything.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    browser::{clipboard, first_form},
    chunks::input::{InputRules, Typed, is_more_than_a_line},
    components::text_field::{refuse, use_value},
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
    let open = use_route();
    let input = use_node_ref();
    // Following a link changes what the page is about, and the box says what the page is about.
    use_value(&input, &props.value);
    let onpaste = {
        let input = input.clone();
        move |event: Event| {
            let Some(text) = clipboard::text_of(&event).filter(|text| is_more_than_a_line(text)) else {
                return;
            };
            event.prevent_default();
            take_pasted(text, &input);
        }
    };
    // A user who types is about to submit.
    let oninput = {
        let input = input.clone();
        move |_: InputEvent| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                refuse(&input, "");
            }
            InputRules::with(|_| ());
        }
    };
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
                take_pasted(text, &input);
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
        match InputRules::read(rules, &input.value(), &open) {
            Typed::Pasted(pasted) => take(pasted, &input),
            Typed::Page(route) => {
                if let Route::Inspect { reference } = &route {
                    // The page's address brings the reference back; for the same one there is nothing to bring.
                    input.set_value(reference);
                }
                router::push(&route);
            }
            Typed::Unread => refuse(&input, text().frame().not_loaded),
            Typed::Nothing => {}
        }
    });
}

/// Puts what a pasted text of several lines is about into the box, or opens the manifest that it is. Other JSON is not taken.
fn take_pasted(text: String, input: &NodeRef) {
    let input = input.clone();
    InputRules::with(move |rules| {
        let Some(input) = input.cast::<HtmlInputElement>() else { return };
        refuse(&input, "");
        match rules.and_then(|rules| (rules.input_of)(&text)) {
            Some(pasted) => take(pasted, &input),
            None => clipboard::insert(&text),
        }
    });
}

/// Puts an image into the box, or opens a manifest; says why other JSON is not taken.
fn take(pasted: Input, input: &HtmlInputElement) {
    match pasted {
        Input::Line(reference) => input.set_value(&reference),
        Input::Manifest(route) => {
            input.set_value("");
            router::push(&route);
        }
        Input::Refused(why) => refuse(input, &why),
    }
}
