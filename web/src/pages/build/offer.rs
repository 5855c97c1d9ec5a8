//! Images that a link would add to a list.

use yew::prelude::*;

use crate::{components::panel::Panel, text::text};

/// Properties of [`Offer`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The list, as a reference.
    pub list: AttrValue,
    /// References of the images.
    pub images: Vec<String>,
    /// Adds them.
    pub onadd: Callback<()>,
    /// Leaves the list as it is.
    pub onignore: Callback<()>,
}

/// The images of a link, which are added by a click alone: whoever sends a link must not change the lists of others.
#[component]
pub fn Offer(props: &Props) -> Html {
    let words = text().build();
    html! {
        <Panel title={(words.link_title)(&props.list)} testid="link-offer">
            <p class="hint">{ words.link_why }</p>
            <ul class="plain-list">{ for props.images.iter().map(|image| html! { <li><code>{ image }</code></li> }) }</ul>
            <div class="push__start">
                if !props.images.is_empty() {
                    <button class="button button--main" type="button" onclick={props.onadd.reform(|_: MouseEvent| ())} data-testid="link-add">
                        { (words.link_add)(props.images.len()) }
                    </button>
                }
                <button class="button" type="button" onclick={props.onignore.reform(|_: MouseEvent| ())} data-testid="link-ignore">{ words.link_ignore }</button>
            </div>
        </Panel>
    }
}
