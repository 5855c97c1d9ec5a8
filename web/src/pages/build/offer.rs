//! The images that an address would add to a list.

use tallyman_core::Reference;
use yew::prelude::*;

use crate::{
    components::panel::Panel,
    router::{self, Step},
    routes::Route,
    state::{
        input::image_list::Pasted,
        list_editor::{
            add_images::Adder,
            confirmation::{self, Wanted},
        },
        lists::ListView,
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
    /// The list as it is kept.
    pub view: ListView,
    /// Adds them.
    pub adder: Adder,
}

/// The images of an address. They are added at once if that was confirmed on the page before; where a new list was, only if there
/// is none of that name. Else they are added by a click alone, so that whoever sends a link does not change the lists of others.
#[component]
pub fn Offer(props: &Props) -> Html {
    use_language();
    let Props { name, sources, view, adder } = props;
    // An address names images alone; command lines come by pasting.
    let images: Vec<String> =
        sources.iter().filter(|source| source.parse::<Reference>().is_ok()).cloned().collect();
    let wanted = *use_memo((name.clone(), sources.clone()), |(name, sources)| {
        confirmation::take(&name.to_string(), sources).filter(|_| !sources.is_empty())
    });
    let is_at_once = match (wanted, view) {
        (Some(Wanted::Images), _) | (Some(Wanted::NewList), ListView::Absent) => true,
        (Some(Wanted::NewList), ListView::There(list)) => list.is_empty(),
        (Some(Wanted::NewList), ListView::Loading | ListView::Failed(_)) | (None, _) => false,
    };
    let is_whole = is_at_once && wanted == Some(Wanted::NewList) && images.len() == 1;
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
            adder.add(&Pasted { sources: images.clone(), is_whole, ..Pasted::default() });
            ignore.emit(());
        })
    };
    {
        let accept = accept.clone();
        use_effect_with((is_at_once, sources.clone()), move |(is_at_once, _)| {
            if *is_at_once {
                accept.emit(());
            }
        });
    }
    if sources.is_empty() || is_at_once || (wanted.is_some() && *view == ListView::Loading) {
        return html! {};
    }
    panel(&name.to_string(), &images, wanted, &accept, &ignore)
}

/// The images, and the choice between adding them and leaving the list as it is.
fn panel(
    name: &str,
    images: &[String],
    wanted: Option<Wanted>,
    accept: &Callback<()>,
    ignore: &Callback<()>,
) -> Html {
    let words = text().build();
    let (title, why, add, leave) = match wanted {
        Some(_) => ((words.taken_title)(name), words.taken_why, words.taken_add.to_owned(), words.taken_open),
        None => ((words.link_title)(name), words.link_why, (words.link_add)(images.len()), words.link_ignore),
    };
    html! {
        <Panel {title} testid="link-offer">
            <div class="panel__body">
                <p class="hint">{ why }</p>
                <ul class="plain-list">{ for images.iter().map(|image| html! { <li><code>{ image }</code></li> }) }</ul>
                <div class="push__start">
                    if !images.is_empty() {
                        <button class="button button--main" type="button" onclick={accept.reform(|_: MouseEvent| ())} data-testid="link-add">{ add }</button>
                    }
                    <button class="button" type="button" onclick={ignore.reform(|_: MouseEvent| ())} data-testid="link-ignore">{ leave }</button>
                </div>
            </div>
        </Panel>
    }
}
