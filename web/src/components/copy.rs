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
    // Of the text that was copied: in a row that is scrolled away, the button becomes that of another text.
    let outcome = use_state(|| (AttrValue::default(), Outcome::Untried));
    let onclick = {
        let (outcome, copied) = (outcome.setter(), props.text.clone());
        move |_: MouseEvent| {
            let (outcome, copied) = (outcome.clone(), copied.clone());
            spawn_local(async move {
                let is_copied = clipboard::copy(&copied).await;
                outcome.set((copied, if is_copied { Outcome::Copied } else { Outcome::Refused }));
            });
        }
    };
    let (of, outcome) = &*outcome;
    let (icon, said) = match if *of == props.text { *outcome } else { Outcome::Untried } {
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
