//! The summary of a manifest: name, pull command, digest, media type, size.

use tallyman_core::{Descriptor, Index, Manifest, MediaType, Reference};
use yew::prelude::*;

use super::{actions::Actions, artifact::Artifact, pull::Pull, shared};
use crate::{
    components::{
        chip::{Chip, Tone},
        digest::Digest,
        facts::{self, Fact},
        icon::Icon,
        slow_notice::SlowNotice,
    },
    format,
    router::Link,
    routes::Route,
    state::inspection::{Blob, Inspected, Loadable, Node, Verified},
    text::text,
};

/// The name, the actions, the commands that pull it, and the summary. If a platform is chosen, its image is pulled.
pub fn view(inspected: &Inspected, chosen: Option<&Node>) -> Html {
    let Inspected { reference, manifest, .. } = inspected;
    let words = text().inspect();
    let artifact = Artifact::of(manifest);
    let digest = chosen.map_or(manifest.digest(), |node| &node.descriptor.digest).clone();
    let platform = chosen.and_then(Node::platform).cloned();
    html! {
        <>
            { title(reference, html! { <Chip tone={Tone::Accent}>{ manifest_kind(manifest) }</Chip> }) }
            if let (Some(tag), Some(digest)) = (reference.tag(), &inspected.moved_to) {
                <p class="hint" role="status" data-testid="tag-moved">
                    <Link to={Route::inspect(&reference.by_tag(tag.clone()))}>
                        { (words.moved)(tag.as_str(), digest.as_str()) }
                    </Link>
                </p>
            }
            <Actions reference={(**reference).clone()} is_source={is_source(manifest)} bytes={manifest.shared_bytes()} />
            if inspected.verified == Verified::Pasted {
                <p class="hint" data-testid="pasted">{ words.pasted_about }</p>
            } else {
                <Pull reference={pulled(inspected)} {digest} {platform} {artifact} />
            }
            <section class="panel" aria-label={words.summary}>
                <dl class="facts">
                    { kind_facts(inspected) }
                    <Fact name={words.digest}>
                        <Digest value={manifest.digest().clone()} testid="manifest-digest">{ mark(inspected.verified) }</Digest>
                    </Fact>
                    <Fact name={words.media_type}><span data-testid="media-type">{ facts::code(manifest.media_type().as_str()) }</span></Fact>
                    <Fact name={words.manifest_size}>
                        <span data-testid="manifest-size" data-bytes={manifest.size().to_string()}>
                            { exact_size(manifest.size()) }
                        </span>
                    </Fact>
                </dl>
            </section>
        </>
    }
}

/// Returns `true` for images, for indexes of images, and for indexes of manifests that have an artifact type of their own: a list can be
/// made of them.
fn is_source(manifest: &Manifest) -> bool {
    let is_manifest = |entry: &Descriptor| !matches!(entry.media_type, MediaType::Other(_));
    let is_index_of_manifests = |index: &Index| index.manifests.iter().all(is_manifest);
    Artifact::of(manifest).is_none() || manifest.index().is_some_and(is_index_of_manifests)
}

/// Returns the reference that pull commands name: without a tag that has moved since.
fn pulled(inspected: &Inspected) -> Reference {
    match inspected.moved_to {
        Some(_) => inspected.reference.by_digest(inspected.manifest.digest().clone()),
        None => (*inspected.reference).clone(),
    }
}

/// Returns the kind of a manifest, in words.
pub fn manifest_kind(manifest: &Manifest) -> &'static str {
    match Artifact::of(manifest) {
        Some(artifact) => (text().actions().artifact)(artifact),
        None => (text().inspect().kind)(manifest.kind()),
    }
}

/// The summary of a blob.
pub fn of_blob(blob: &Blob) -> Html {
    let words = text().inspect();
    html! {
        <>
            { title(&blob.reference, html! { <Chip tone={Tone::Accent}>{ words.blob }</Chip> }) }
            <section class="panel" aria-label={words.summary}>
                <dl class="facts">
                    if let Some(digest) = blob.digest() {
                        <Fact name={words.digest}>
                            <Digest value={digest.clone()} testid="manifest-digest">
                                if blob.text.is_some() {
                                    { mark(Verified::Asked) }
                                }
                            </Digest>
                        </Fact>
                    }
                    if let Some(size) = blob.size {
                        <Fact name={words.size}>{ exact_size(size) }</Fact>
                    }
                </dl>
            </section>
        </>
    }
}

/// The page's frame before anything is known, of the height that it will have.
pub fn loading(reference: &str) -> Html {
    let words = text().inspect();
    let row = |name: &'static str| html! { <Fact {name}><span class="skeleton" /></Fact> };
    html! {
        <div data-testid="loading" aria-busy="true">
            <div class="title"><h1>{ format::visible_name(reference).into_owned() }</h1></div>
            if let Ok(reference) = reference.parse::<Reference>() {
                <Actions reference={reference.clone()} is_source=true />
                <Pull reference={reference.clone()} />
                <SlowNotice registry={reference.registry().clone()} path={format!("/v2/{}/manifests/{}", reference.repository(), target(&reference))} />
            }
            <section class="panel" aria-label={words.summary}>
                <dl class="facts">{ for [words.platforms, words.compressed, words.digest, words.media_type, words.manifest_size].map(row) }</dl>
            </section>
        </div>
    }
}

/// The reference as a way back: to the registry, to the repository.
fn title(reference: &Reference, chips: Html) -> Html {
    // A long name breaks at its slashes.
    let repository =
        reference.repository().as_str().split_inclusive('/').map(|part| html! { <>{ part }<wbr /></> });
    let version = match (reference.tag(), reference.digest()) {
        (Some(tag), _) => format!(":{}", tag.as_str()),
        (None, Some(digest)) => format!("@{}", digest.abbreviated()),
        (None, None) => String::new(),
    };
    let registry = reference.registry().to_string();
    html! {
        <div class="title">
            <h1>
                <Link to={Route::Explore { place: registry.clone() }} classes="title__registry">{ registry }</Link>
                <span class="part">{ "/" }<wbr /></span>
                <Link to={Route::Explore { place: reference.name() }} classes="title__repository">{ for repository }</Link>
                <span class="part">{ version }</span>
            </h1>
            <div class="title__chips">{ chips }</div>
        </div>
    }
}

/// The tag or the digest in the address of a manifest.
fn target(reference: &Reference) -> String {
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => digest.to_string(),
        (None, Some(tag)) => tag.to_string(),
        (None, None) => "latest".to_owned(),
    }
}

fn mark(verified: Verified) -> Html {
    let words = text().inspect();
    let title = match verified {
        Verified::Asked => words.verified_asked,
        Verified::Registry => words.verified_registry,
        Verified::Unconfirmed => {
            return html! { <Chip tone={Tone::Warn} title={words.unconfirmed_title}>{ words.unconfirmed }</Chip> };
        }
        Verified::Pasted => {
            return html! { <Chip title={words.pasted_title}>{ words.unconfirmed }</Chip> };
        }
        Verified::Kept => {
            return html! { <Chip tone={Tone::Warn} title={words.kept_title} testid="digest-kept">{ words.kept }</Chip> };
        }
    };
    html! { <Chip tone={Tone::Good} {title} testid="digest-verified"><Icon name="check" />{ words.verified }</Chip> }
}

/// Returns the compressed size of an image, or of all images of a list; none for a large list, and where one of them is not there.
pub fn content_size(inspected: &Inspected) -> Loadable<u64> {
    if let Some(image) = inspected.manifest.image() {
        return Loadable::ready_of(image.content_size());
    }
    let entries = inspected.manifest.index().map_or(&[][..], |index| &index.manifests);
    let images = entries.iter().filter(|entry| entry.is_runnable()).count();
    if images == 0 || inspected.is_large() || inspected.verified == Verified::Pasted {
        return Loadable::None;
    }
    let nodes = inspected.entries().map(|(_, node)| node).filter(|node| node.descriptor.is_runnable());
    let nodes: Vec<&Node> = nodes.collect();
    if nodes.iter().any(|node| node.manifest.failure().is_some()) {
        return Loadable::None;
    }
    let ready = nodes.iter().filter(|node| node.manifest.ready().is_some()).count();
    if ready == images { Loadable::ready_of(shared::layers(inspected).all) } else { Loadable::Loading }
}

fn kind_facts(inspected: &Inspected) -> Html {
    let words = text().inspect();
    if let Some(image) = inspected.manifest.image() {
        let platform = match inspected.config() {
            Loadable::Ready(config) => html! { <Chip>{ format::platform_name(&config.platform) }</Chip> },
            Loadable::Loading => html! { <span class="skeleton" /> },
            Loadable::Failed(failure) => {
                html! { <span class="soft">{ (words.unknown_because)(&failure.why) }</span> }
            }
            Loadable::None => html! { <span class="soft">{ words.no_image }</span> },
        };
        return html! {
            <>
                if Artifact::of(&inspected.manifest).is_none() {
                    <Fact name={words.platform}><span data-testid="platforms">{ platform }</span></Fact>
                }
                <Fact name={words.compressed}>{ (words.in_layers)(&exact_size(image.content_size()), image.layers.len()) }</Fact>
                if let Some(artifact_type) = &image.artifact_type {
                    <Fact name={words.artifact_type}>{ facts::code(artifact_type) }</Fact>
                }
                { for image.subject.iter().map(|subject| refers_to(inspected, subject)) }
            </>
        };
    }
    let Some(index) = inspected.manifest.index() else { return html! {} };
    let images: Vec<_> = inspected.entries().filter(|(_, node)| node.descriptor.is_runnable()).collect();
    if inspected.is_large() {
        let count = format::count(index.manifests.len() as u64);
        return html! { <Fact name={words.platforms}><span data-testid="platforms">{ count }</span></Fact> };
    }
    let is_known = images.iter().all(|(_, node)| !matches!(node.manifest, Loadable::Loading));
    let layers = shared::layers(inspected);
    html! {
        <>
            <Fact name={words.platforms}>
                <span data-testid="platforms">{ format::count(images.len() as u64) }</span>
            </Fact>
            <Fact name={words.compressed}>
                if is_known {
                    <span data-testid="total-size" data-bytes={layers.all.to_string()}>{ exact_size(layers.all) }</span>
                    if layers.unique < layers.all {
                        <span class="soft">{ format!("; {}", (words.unique)(&stored(&layers))) }</span>
                    }
                } else {
                    <span class="skeleton" />
                }
            </Fact>
            { for index.subject.iter().map(|subject| refers_to(inspected, subject)) }
        </>
    }
}

/// Returns the bytes that a registry stores of an index, exactly where the rounded sizes are the same.
fn stored(layers: &shared::Layers) -> String {
    let size = format::bytes(layers.unique);
    match size == format::bytes(layers.all) {
        true => (text().inspect().exact_bytes)(&format::count(layers.unique)),
        false => size,
    }
}

fn refers_to(inspected: &Inspected, subject: &Descriptor) -> Html {
    let to = Route::inspect(&inspected.reference.by_digest(subject.digest.clone()));
    html! { <Fact name={text().inspect().refers_to}><Link {to}><code>{ subject.digest.to_string() }</code></Link></Fact> }
}

/// A size for people, with the exact number of bytes where that says more.
pub fn exact_size(size: u64) -> String {
    if size < 1000 {
        format::bytes(size)
    } else {
        (text().inspect().bytes)(&format::bytes(size), &format::count(size))
    }
}
