//! The digest that each tag was seen with last: without network the tag can be shown as it was then.

use serde::{Deserialize, Serialize};
use tallyman_core::{Digest, Reference};

use crate::browser::storage::Keep;

const KEY: &str = "last-seen";
/// Number of tags that are remembered.
const MAX: usize = 200;

/// A tag, and the digest that it pointed to.
#[derive(Serialize, Deserialize)]
struct TaggedDigest {
    tag: String,
    digest: String,
}

/// Remembers that the tag of `reference` points to `digest`.
pub fn keep(reference: &Reference, digest: &Digest) {
    let Some(tag) = name(reference) else { return };
    let mut seen = all();
    seen.retain(|seen| seen.tag != tag);
    seen.insert(0, TaggedDigest { tag, digest: digest.to_string() });
    seen.truncate(MAX);
    if let Ok(text) = serde_json::to_string(&seen) {
        // A browser that stores nothing has nothing to show without network.
        let _ = Keep::Stored.write(KEY, &text);
    }
}

/// Returns the reference by digest of what the tag of `reference` pointed to, or `None` if the tag was never seen.
pub fn last(reference: &Reference) -> Option<Reference> {
    let tag = name(reference)?;
    let seen = all().into_iter().find(|seen| seen.tag == tag)?;
    Some(reference.by_digest(seen.digest.parse().ok()?))
}

/// Forgets the tags of a registry.
pub fn forget(registry: &str) {
    let mut seen = all();
    seen.retain(|seen| seen.tag.split('/').next() != Some(registry));
    if let Ok(text) = serde_json::to_string(&seen) {
        let _ = Keep::Stored.write(KEY, &text);
    }
}

fn name(reference: &Reference) -> Option<String> {
    reference.tag().map(|tag| format!("{}:{tag}", reference.name()))
}

fn all() -> Vec<TaggedDigest> {
    Keep::Stored.read(KEY).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}
