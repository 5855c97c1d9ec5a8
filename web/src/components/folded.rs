//! Content that is drawn once somebody wants to see it.

use web_sys::HtmlElement;
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

/// Content that is drawn at once, or by a click: then it has the focus, as the button is gone.
#[component]
pub fn Folded(props: &Props) -> Html {
    let is_open = use_state_eq(|| false);
    let place = use_node_ref();
    {
        let place = place.clone();
        use_effect_with(*is_open, move |is_open| {
            if let Some(content) = place.cast::<HtmlElement>().filter(|_| *is_open) {
                // A focus that fails leaves the page as it was.
                let _ = content.focus();
            }
        });
    }
    if !props.is_folded || *is_open {
        return html! { <div ref={place} tabindex={is_open.then_some("-1")}>{ props.children.clone() }</div> };
    }
    let open = {
        let is_open = is_open.setter();
        move |_: MouseEvent| is_open.set(true)
    };
    html! { <p class="unfold"><button class="button" type="button" onclick={open} aria-expanded="false" data-testid="unfold">{ &props.title }</button></p> }
}
