//! What tags stood for when they were last seen here, kept beside the content itself: without network it can be shown.

use tallyman_core::{Digest, Reference};
use tallyman_registry::{CacheStorage, Content, ContentStore};

/// Where it is kept: behind the repository, so that it is lost with what is known of the registry.
fn place(reference: &Reference) -> String {
    format!("{}/tags", reference.name())
}

/// The key of a tag.
fn key(reference: &Reference) -> Option<Digest> {
    reference.tag().map(|tag| Digest::of(tag.as_str().as_bytes()))
}

/// Keeps that the tag of `reference` stands for `digest`.
pub fn keep(reference: &Reference, digest: &Digest) {
    if let Some(key) = key(reference) {
        let bytes = digest.to_string().into_bytes().into();
        CacheStorage.keep(&place(reference), &key, Content { media_type: None, bytes });
    }
}

/// What the tag of `reference` stood for, as a reference by digest; nothing where it has none or was never seen.
pub async fn last(reference: &Reference) -> Option<Reference> {
    let found = CacheStorage.get(&place(reference), &key(reference)?).await?;
    let digest: Digest = std::str::from_utf8(&found.bytes).ok()?.parse().ok()?;
    // Where the reference names a digest as well, another one is not what was asked for.
    reference.digest().is_none_or(|wanted| *wanted == digest).then(|| reference.by_digest(digest))
}
