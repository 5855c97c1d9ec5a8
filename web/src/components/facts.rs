//! Names and what they stand for.

use yew::prelude::*;

/// Properties of [`Fact`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The name.
    pub name: AttrValue,
    /// What it stands for.
    pub children: Html,
}

/// One name and what it stands for, within a `<dl class="facts">`.
#[component]
pub fn Fact(props: &Props) -> Html {
    html! { <div><dt>{ &props.name }</dt><dd>{ props.children.clone() }</dd></div> }
}

/// Key and value pairs, such as annotations and labels, as a table.
pub fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Html {
    html! {
        <dl class="facts">
            { for pairs.into_iter().map(|(key, value)| html! { <Fact name={key.clone()}>{ value }</Fact> }) }
        </dl>
    }
}
