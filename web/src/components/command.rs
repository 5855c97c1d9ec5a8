//! A command line to copy.

use yew::prelude::*;

use super::copy::Copy;
use crate::text::text;

/// Properties of [`Command`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The line, without a prompt.
    pub line: AttrValue,
}

/// A command line to copy.
#[component]
pub fn Command(props: &Props) -> Html {
    html! { <div class="command"><code>{ &props.line }</code><Copy text={props.line.clone()} what={text().controls().command} /></div> }
}
