//! The images that a link would add to a list.

use tallyman_core::Reference;
use yew::prelude::*;

use crate::{
    components::panel::Panel,
    router::{self, Step},
    routes::Route,
    state::{
        input::image_list::Pasted,
        list_editor::{add_images::Adder, confirmation},
    },
    text::{text, use_language},
};

/// Properties of [`Offer`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The list.
    pub name: Reference,
    /// The images, as the address names them.
    pub sources: Vec<String>,
    /// Adds them.
    pub adder: Adder,
}

/// The images of a link. They are added by a click alone, so that whoever sends a link does not change the lists of
/// others; images that were confirmed on the page before are added at once.
#[component]
pub fn Offer(props: &Props) -> Html {
    use_language();
    let Props { name, sources, adder } = props;
    // An address names images alone; command lines come by pasting.
    let images: Vec<String> =
        sources.iter().filter(|source| source.parse::<Reference>().is_ok()).cloned().collect();
    let is_confirmed = *use_memo((name.clone(), sources.clone()), |(name, sources)| {
        !sources.is_empty() && confirmation::take(&name.to_string(), sources)
    });
    // The address asks once; after that it is the list's alone.
    let ignore = {
        let name = name.clone();
        Callback::from(move |()| {
            router::go(&Route::build(&name), "", Step::Same);
        })
    };
    let accept = {
        let (adder, images, ignore) = (adder.clone(), images.clone(), ignore.clone());
        Callback::from(move |()| {
            adder.add(&Pasted { sources: images.clone(), ..Pasted::default() });
            ignore.emit(());
        })
    };
    {
        let accept = accept.clone();
        use_effect_with((is_confirmed, sources.clone()), move |(is_confirmed, _)| {
            if *is_confirmed {
                accept.emit(());
            }
        });
    }
    if sources.is_empty() || is_confirmed {
        return html! {};
    }
    let words = text().build();
    html! {
        <Panel title={(words.link_title)(&name.to_string())} testid="link-offer">
            <p class="hint">{ words.link_why }</p>
            <ul class="plain-list">{ for images.iter().map(|image| html! { <li><code>{ image }</code></li> }) }</ul>
            <div class="push__start">
                if !images.is_empty() {
                    <button class="button button--main" type="button" onclick={accept.reform(|_: MouseEvent| ())} data-testid="link-add">
                        { (words.link_add)(images.len()) }
                    </button>
                }
                <button class="button" type="button" onclick={ignore.reform(|_: MouseEvent| ())} data-testid="link-ignore">{ words.link_ignore }</button>
            </div>
        </Panel>
    }
}
