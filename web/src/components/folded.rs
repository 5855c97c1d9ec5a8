//! Content that is drawn once somebody wants to see it.

use yew::prelude::*;

/// Properties of [`Folded`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// True for content that takes long to draw. Other content is drawn at once.
    pub is_folded: bool,
    /// The name of the content.
    pub title: AttrValue,
    /// The content.
    pub children: Html,
}

/// Content that is drawn at once, or by a click.
#[component]
pub fn Folded(props: &Props) -> Html {
    let is_open = use_state_eq(|| false);
    if !props.is_folded || *is_open {
        return props.children.clone();
    }
    let open = {
        let is_open = is_open.setter();
        move |_: MouseEvent| is_open.set(true)
    };
    html! { <p class="unfold"><button class="button" type="button" onclick={open} aria-expanded="false" data-testid="unfold">{ &props.title }</button></p> }
}
