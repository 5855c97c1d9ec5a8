//! The digest that each tag was seen with last: without network the tag can be shown as it was then.

use tallyman_core::{
    Digest, Reference,
    json::{self, Object, ObjectWriter},
};

use crate::browser::storage::Keep;

const KEY: &str = "last-seen";
/// Number of tags that are remembered.
const MAX: usize = 200;

/// A tag, and the digest that it pointed to.
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
    write(&seen);
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
    write(&seen);
}

/// Forgets the tags of all registries.
pub fn forget_all() {
    Keep::Stored.remove(KEY);
}

fn name(reference: &Reference) -> Option<String> {
    reference.tag().map(|tag| format!("{}:{tag}", reference.name()))
}

fn all() -> Vec<TaggedDigest> {
    let text = Keep::Stored.read(KEY).unwrap_or_default();
    let read = |seen: &&[u8]| {
        let fields = Object::from_json(seen, "").ok()?;
        let text = |name| fields.string(name).ok().flatten();
        Some(TaggedDigest { tag: text("tag")?, digest: text("digest")? })
    };
    json::elements(text.as_bytes()).map(|all| all.iter().filter_map(read).collect()).unwrap_or_default()
}

fn write(all: &[TaggedDigest]) {
    let tag = |seen: &TaggedDigest| {
        ObjectWriter::new().string("tag", &seen.tag).string("digest", &seen.digest).end()
    };
    // A browser that stores nothing has nothing to show without network.
    let _ = Keep::Stored.write(KEY, &json::array(all.iter().map(tag)));
}
