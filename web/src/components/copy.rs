//! A button that copies a text.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::icon::Icon;
use crate::{
    browser::clipboard,
    text::{text, use_language},
};

/// Properties of [`Copy`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The text that is copied.
    pub text: AttrValue,
    /// The name of the text, for the button's label: `digest`.
    pub what: AttrValue,
    /// The icon, where two such buttons stand side by side.
    #[prop_or("copy")]
    pub icon: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Outcome {
    Untried,
    Copied,
    Refused,
}

/// A button that copies a text and says so.
#[component]
pub fn Copy(props: &Props) -> Html {
    use_language();
    let outcome = use_state(|| Outcome::Untried);
    let onclick = {
        let outcome = outcome.clone();
        let copied = props.text.clone();
        move |_: MouseEvent| {
            let outcome = outcome.clone();
            let copied = copied.clone();
            spawn_local(async move {
                outcome.set(if clipboard::copy(&copied).await { Outcome::Copied } else { Outcome::Refused });
            });
        }
    };
    let (icon, said) = match *outcome {
        Outcome::Untried => (props.icon, String::new()),
        Outcome::Copied => ("check", (text().controls().copied)(&props.what)),
        Outcome::Refused => ("warning", text().controls().copy_refused.to_owned()),
    };
    let label = (text().controls().copy)(&props.what);
    html! {
        <button class="icon-button" type="button" aria-label={label.clone()} title={if said.is_empty() { label } else { said.clone() }} {onclick}>
            <Icon name={icon} />
            <span class="visually-hidden" role="status">{ said }</span>
        </button>
    }
}
