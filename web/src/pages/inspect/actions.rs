//! The actions on an image or an index.

use tallyman_core::Reference;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    pages::delete::DeleteLink,
    routes::Route,
    state::list_editor::confirmation,
    text::{text, use_language},
};

/// Properties of [`Actions`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The image or the index.
    pub reference: Reference,
    /// True for images and indexes of images, which can be entries of a list.
    pub is_image: bool,
}

/// The actions on an image or an index: a bar of buttons.
#[component]
pub fn Actions(props: &Props) -> Html {
    use_language();
    let Props { reference, is_image } = props;
    let navigator = use_navigator();
    let words = text().actions();
    // A tag that moves between two pages must not change what is meant; where a tag is pinned, the digest is.
    let source = match (reference.tag(), reference.digest()) {
        (_, Some(digest)) => reference.by_digest(digest.clone()).to_string(),
        _ => reference.to_string(),
    };
    let list = reference.tag().map(|tag| reference.by_tag(tag.clone()).to_string()).unwrap_or_default();
    let edit = {
        let (list, sources) = (list, vec![source.clone()]);
        move |_: MouseEvent| {
            if let Some(navigator) = &navigator {
                confirmation::confirm(&list, &sources);
                navigator.push(&Route::Build { list: list.clone(), sources: sources.clone() });
            }
        }
    };
    let tags: Vec<String> = reference.tag().map(|tag| tag.as_str().to_owned()).into_iter().collect();
    html! {
        <div class="image-actions" role="group" aria-label={words.label} data-testid="image-actions">
            if *is_image {
                <button class="button button--main" type="button" onclick={edit} data-testid="edit-as-list">{ words.edit }</button>
                <Link<Route> classes="button" to={Route::Build { list: String::new(), sources: vec![source.clone()] }}>{ words.add }</Link<Route>>
            }
            <Link<Route> classes="button" to={Route::Copy { source: source.clone(), target: Vec::new() }}>{ words.copy }</Link<Route>>
            <Link<Route> classes="button" to={Route::Compare { left: source, right: String::new() }}>{ words.compare }</Link<Route>>
            if !tags.is_empty() {
                <DeleteLink place={reference.name()} {tags} />
            }
        </div>
    }
}
