//! A digest in full, to be copied, with a mark where it was checked.

use tallyman_core::Digest as Value;
use yew::prelude::*;

use super::copy::Copy;
use crate::text::{text, use_language};

/// Properties of [`Digest`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The digest.
    pub value: Value,
    /// The content behind the digest.
    #[prop_or_default]
    pub children: Html,
    /// Its name for tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A digest in full, to be copied.
#[component]
pub fn Digest(props: &Props) -> Html {
    use_language();
    let digest = AttrValue::from(props.value.to_string());
    html! {
        <span class="digest" data-testid={props.testid.clone()} data-digest={digest.clone()}>
            <code>{ &digest }</code>
            <Copy text={digest} what={text().controls().digest} />
            { props.children.clone() }
        </span>
    }
}
