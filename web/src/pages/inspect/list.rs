//! A manifest list or image index: its entries by platform.

use tallyman_core::{Descriptor, Index, Manifest, MediaType, Platform};
use yew::prelude::*;
use yew_router::Routable;

use crate::{
    components::{facts, panel::Panel},
    format,
    routes::Route,
    state::inspection::{Inspected, Part},
};

/// The platforms that can be run: attestations and nested lists are none.
pub fn platforms(index: &Index) -> impl Iterator<Item = &Platform> {
    index.manifests.iter().filter(|entry| entry.is_runnable()).filter_map(|entry| entry.platform.as_ref())
}

pub fn view(inspected: &Inspected, index: &Index) -> Html {
    let entries = || index.manifests.iter().zip(&inspected.children);
    let images: Vec<_> = entries().filter(|(entry, _)| entry.is_runnable()).collect();
    let others: Vec<_> = entries().filter(|(entry, _)| !entry.is_runnable()).collect();
    html! {
        <>
            <Panel title="Platforms" remark={images.len().to_string()}>
                if images.is_empty() {
                    <p class="empty">{ "No entry is an image with a platform." }</p>
                } else {
                    <table class="table table--linked stack">
                        <thead>
                            <tr>
                                <th scope="col">{ "Platform" }</th>
                                <th scope="col">{ "Digest" }</th>
                                <th scope="col" class="number">{ "Layers" }</th>
                                <th scope="col" class="number">{ "Compressed size" }</th>
                            </tr>
                        </thead>
                        <tbody>{ for images.iter().map(|(entry, child)| image_row(inspected, index, entry, child)) }</tbody>
                    </table>
                }
            </Panel>
            if !others.is_empty() {
                <Panel title="Other entries" remark={others.len().to_string()}>
                    <table class="table table--linked stack">
                        <thead>
                            <tr>
                                <th scope="col">{ "What it is" }</th>
                                <th scope="col">{ "Digest" }</th>
                                <th scope="col" class="number">{ "Manifest size" }</th>
                            </tr>
                        </thead>
                        <tbody>{ for others.iter().map(|(entry, child)| other_row(inspected, index, entry, child)) }</tbody>
                    </table>
                </Panel>
            }
            if !index.annotations.is_empty() {
                <Panel title="Annotations">{ facts::pairs(&index.annotations) }</Panel>
            }
        </>
    }
}

fn image_row(inspected: &Inspected, index: &Index, entry: &Descriptor, child: &Part<Manifest>) -> Html {
    let platform = entry.platform.clone().unwrap_or_default();
    let (layers, size) = match child {
        Part::Ready(manifest) => match manifest.image() {
            Some(image) => (html! { image.layers.len() }, html! { format::bytes(image.content_size()) }),
            None => (html! { "–" }, html! { manifest.kind().to_string() }),
        },
        Part::Failed(reason) => {
            (html! { "–" }, html! { <span title={reason.to_string()}>{ "not in the registry" }</span> })
        }
        Part::Loading | Part::None => {
            (html! { <span class="skeleton skeleton--short" /> }, html! { <span class="skeleton" /> })
        }
    };
    let name = if entry.platform.is_some() { platform.to_string() } else { "no platform".to_owned() };
    row(
        inspected,
        entry,
        child,
        &name,
        html! {
            <>
                { open(inspected, entry, &name) }
                if !platform.os_version.is_empty() {
                    <span class="soft">{ format!(" {}", platform.os_version) }</span>
                }
                if !platform.os_features.is_empty() {
                    <span class="soft">{ format!(" {}", platform.os_features.join(", ")) }</span>
                }
                if is_repeated(index, entry) {
                    <span class="soft">{ " (more than once)" }</span>
                }
            </>
        },
        html! { <><td class="number" data-unit="layers">{ layers }</td><td class="number">{ size }</td></> },
    )
}

fn other_row(inspected: &Inspected, index: &Index, entry: &Descriptor, child: &Part<Manifest>) -> Html {
    let platform = entry.platform.clone().unwrap_or_default();
    let what = match entry.attests() {
        Some(digest) => {
            let image = index.manifests.iter().find(|image| image.digest.as_str() == digest);
            match image.and_then(|image| image.platform.as_ref()) {
                Some(platform) => format!("Attestation of {platform}"),
                None => "Attestation of an image that is not in this list".to_owned(),
            }
        }
        None => match entry.media_type {
            MediaType::OciIndex | MediaType::DockerList => format!("Nested {}", entry.media_type.label()),
            _ => entry.media_type.label().to_owned(),
        },
    };
    row(
        inspected,
        entry,
        child,
        &platform.to_string(),
        open(inspected, entry, &what),
        html! { <td class="number">{ format::bytes(entry.size) }</td> },
    )
}

fn row(
    inspected: &Inspected,
    entry: &Descriptor,
    child: &Part<Manifest>,
    platform: &str,
    head: Html,
    cells: Html,
) -> Html {
    let missing = matches!(child, Part::Failed(_)).then_some("missing");
    let key = format!("{}{}", inspected.manifest.digest(), entry.digest);
    html! {
        <tr {key} class={classes!(missing)} data-testid="platform-row" data-platform={platform.to_owned()}>
            <th scope="row" class="strong fill">{ head }</th>
            <td class="nowrap"><code title={entry.digest.to_string()}>{ entry.digest.short() }</code></td>
            { cells }
        </tr>
    }
}

fn open(inspected: &Inspected, entry: &Descriptor, text: &str) -> Html {
    let target = Route::inspect(&inspected.reference.by_digest(entry.digest.clone()));
    html! { <a class="row-link" href={format!("#{}", target.to_path())}>{ text.to_owned() }</a> }
}

fn is_repeated(index: &Index, entry: &Descriptor) -> bool {
    entry.platform.is_some()
        && index.manifests.iter().filter(|other| other.platform == entry.platform).count() > 1
}
