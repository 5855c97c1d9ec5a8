//! What every manifest has: name, digest, media type, size.

use tallyman_core::{Manifest, ManifestKind, Reference};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        command::Command,
        digest::Digest,
        facts::Fact,
        icon::Icon,
    },
    format,
    routes::Route,
    state::inspection::{Inspected, Part, Verified},
};

pub fn view(inspected: &Inspected) -> Html {
    let Inspected { reference, manifest, .. } = inspected;
    html! {
        <>
            { title(reference, Some(manifest)) }
            <section class="panel" aria-label="Summary">
                <dl class="facts">
                    <Fact name="Digest">
                        <Digest value={manifest.digest().clone()} testid="manifest-digest">{ mark(inspected.verified) }</Digest>
                    </Fact>
                    <Fact name="Media type"><code data-testid="media-type">{ manifest.media_type().as_str() }</code></Fact>
                    <Fact name="Manifest size">
                        <span data-testid="manifest-size" data-bytes={manifest.size().to_string()}>
                            { exact_size(manifest.size()) }
                        </span>
                    </Fact>
                    { kind_facts(inspected) }
                </dl>
            </section>
            if !matches!(manifest.kind(), ManifestKind::Artifact) {
                <div class="panel panel--bare">
                    <Command line={format!("docker pull {}", reference.by_digest(manifest.digest().clone()))} />
                </div>
            }
        </>
    }
}

/// The page's frame before anything is known, of the height that it will have.
pub fn loading(reference: &str) -> Html {
    let row = |name: &'static str| html! { <Fact {name}><span class="skeleton" /></Fact> };
    html! {
        <div data-testid="loading" aria-busy="true">
            <div class="title"><h1>{ reference }</h1></div>
            <section class="panel" aria-label="Summary">
                <dl class="facts">{ for ["Digest", "Media type", "Manifest size", "Platforms"].map(row) }</dl>
            </section>
        </div>
    }
}

fn title(reference: &Reference, manifest: Option<&Manifest>) -> Html {
    // A long name breaks at its slashes.
    let repository =
        reference.repository().as_str().split_inclusive('/').map(|part| html! { <>{ part }<wbr /></> });
    let version = match (reference.tag(), reference.digest()) {
        (Some(tag), _) => format!(":{}", tag.as_str()),
        (None, Some(digest)) => format!("@{}:{}…", digest.algorithm().as_str(), digest.short()),
        (None, None) => String::new(),
    };
    html! {
        <div class="title">
            <h1>
                <span class="part">{ format!("{}/", reference.registry().as_str()) }<wbr /></span>
                <Link<Route> to={Route::Explore { place: reference.name() }} classes="title__repository">{ for repository }</Link<Route>>
                <span class="part">{ version }</span>
            </h1>
            <div class="title__chips">
                if let Some(manifest) = manifest {
                    <Chip tone={Tone::Accent}>{ manifest.kind().to_string() }</Chip>
                }
            </div>
        </div>
    }
}

fn mark(verified: Verified) -> Html {
    let (title, text) = match verified {
        Verified::Asked => {
            ("Computed here from the bytes received; it is the digest that was asked for", "Verified")
        }
        Verified::Registry => (
            "Computed here from the bytes received; the registry's Docker-Content-Digest says the same",
            "Verified",
        ),
        Verified::Unconfirmed => {
            let title = "Computed here from the bytes received. The registry names no digest, or does not expose the header Docker-Content-Digest to this page";
            return html! { <Chip tone={Tone::Warn} {title}>{ "Computed here" }</Chip> };
        }
    };
    html! { <Chip tone={Tone::Good} {title} testid="digest-verified"><Icon name="check" />{ text }</Chip> }
}

fn kind_facts(inspected: &Inspected) -> Html {
    if let Some(image) = inspected.manifest.image() {
        let platform = match &inspected.config {
            Part::Ready(config) => html! { <Chip>{ config.platform.to_string() }</Chip> },
            Part::Loading => html! { <span class="skeleton" /> },
            Part::Failed(reason) => html! { <span class="soft">{ format!("unknown: {reason}") }</span> },
            Part::None => html! { <span class="soft">{ "none: this is no image" }</span> },
        };
        let layers = image.layers.len();
        let noun = if layers == 1 { "layer" } else { "layers" };
        return html! {
            <>
                <Fact name="Platform"><span data-testid="platforms">{ platform }</span></Fact>
                <Fact name="Compressed size">
                    { format!("{} in {layers} {noun} and the config", exact_size(image.content_size())) }
                </Fact>
                if let Some(artifact_type) = &image.artifact_type {
                    <Fact name="Artifact type"><code>{ artifact_type }</code></Fact>
                }
                if let Some(subject) = &image.subject {
                    <Fact name="Refers to"><code>{ subject.digest.to_string() }</code></Fact>
                }
            </>
        };
    }
    let Some(index) = inspected.manifest.index() else { return html! {} };
    let platforms = super::list::platforms(index);
    html! {
        <Fact name="Platforms">
            <span class="title__chips" data-testid="platforms">
                { for platforms.map(|platform| html! { <Chip>{ platform.to_string() }</Chip> }) }
            </span>
        </Fact>
    }
}

/// A size for people, with the exact number of bytes where that says more.
pub fn exact_size(size: u64) -> String {
    if size < 1000 {
        format::bytes(size)
    } else {
        format!("{} ({} bytes)", format::bytes(size), format::count(size))
    }
}
