//! The actions on an image or an index.

use std::sync::Arc;

use tallyman_commands::line_of;
use tallyman_core::Reference;
use yew::prelude::*;

use crate::{
    browser::files,
    components::{edit_as_list::EditAsList, icon::Icon},
    pages::delete::DeleteLink,
    router::Link,
    routes::Route,
    state::registries::{pasted_manifests, use_registries},
    text::{text, use_language},
};

/// Properties of [`Actions`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The image or the index.
    pub reference: Reference,
    /// True for what a list can be made of.
    pub is_source: bool,
    /// The manifest; nothing as long as it is fetched.
    #[prop_or_default]
    pub bytes: Option<Arc<[u8]>>,
}

/// The actions on an image or an index: a bar of buttons.
#[component]
pub fn Actions(props: &Props) -> Html {
    use_language();
    let Props { reference, is_source, bytes } = props;
    let words = text().actions();
    // A tag that moves between two pages must not change what is meant; where a tag is pinned, the digest is.
    let source = match (reference.tag(), reference.digest()) {
        (_, Some(digest)) => reference.by_digest(digest.clone()).to_string(),
        _ => reference.to_string(),
    };
    let list = reference.tag().map(|tag| reference.by_tag(tag.clone()).to_string()).unwrap_or_default();
    let download = {
        let (bytes, name) = (bytes.clone(), file_name(reference));
        move |_: MouseEvent| {
            if let Some(bytes) = &bytes {
                files::save(&name, bytes, "application/json");
            }
        }
    };
    let flags = use_registries().insecure_flags([reference.registry()]);
    let line = ["inspect"].into_iter().chain(flags.iter().copied());
    let line = line_of(line.chain([source.as_str()]));
    let is_pasted = pasted_manifests::is_pasted(reference);
    // Where a digest is looked at, that is what goes: the tag beside it may have moved to another image.
    let deleted = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => Some(digest.to_string()),
        (None, tag) => tag.map(ToString::to_string),
    };
    html! {
        <div class="image-actions" role="group" aria-label={words.label} data-testid="image-actions">
            if *is_source && !is_pasted {
                <EditAsList {list} source={source.clone()} />
                <Link classes="button" to={Route::Build { list: String::new(), sources: vec![source.clone()] }}>{ words.add }</Link>
            }
            if !is_pasted {
                <Link classes="button" to={Route::Copy { source: source.clone(), target: Vec::new() }}>{ words.copy }</Link>
            }
            <Link classes="button" to={Route::Compare { left: source, right: String::new() }}>{ words.compare }</Link>
            <button class="button" type="button" onclick={download} disabled={bytes.is_none()} title={words.download_about} data-testid="download"><Icon name="download" />{ words.download }</button>
            <Link classes="button" to={Route::Command { line: vec![line] }}><Icon name="command" />{ text().command().title }</Link>
            if let Some(deleted) = deleted.filter(|_| !is_pasted) {
                <DeleteLink place={reference.name()} tags={vec![deleted]} />
            }
        </div>
    }
}

/// The name of the file that holds the manifest: `app-v1.json`.
fn file_name(reference: &Reference) -> String {
    let repository = reference.repository().as_str().rsplit('/').next().unwrap_or_default();
    let version = match (reference.tag(), reference.digest()) {
        (Some(tag), _) => tag.as_str(),
        (None, Some(digest)) => digest.short(),
        (None, None) => "latest",
    };
    format!("{repository}-{version}.json")
}
