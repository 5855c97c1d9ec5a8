//! Manifests that were pasted: a registry in this tab, so that they are inspected and compared as all others are.

use tallyman_core::{Digest, Manifest, Reference};
use tallyman_registry::{Request, Response};

use super::samples::{Content, response};
use crate::browser::storage::Keep;

/// The name of the registry: one that no real one can have.
const HOST: &str = "pasted.example";
/// The repository of all that was pasted.
const REPOSITORY: &str = "manifest";
/// The beginning of all keys.
const KEYS: &str = "tallyman.pasted.";

/// Returns `true` for a host whose content was pasted.
pub fn is_host(host: &str) -> bool {
    host == HOST
}

/// Returns `true` for a manifest that was pasted: nothing that it points to is here.
pub fn is_pasted(reference: &Reference) -> bool {
    is_host(reference.registry().as_str())
}

/// Keeps the text of a manifest until the tab is closed, and returns its reference.
pub fn keep(manifest: &str) -> String {
    let digest = Digest::of(manifest.as_bytes()).to_string();
    // A browser that stores nothing shows it until the page is left.
    if !Keep::Session.write(&key(&digest), manifest) {
        Keep::Memory.write(&key(&digest), manifest);
    }
    format!("{HOST}/{REPOSITORY}@{digest}")
}

/// Answers a request to the registry of what was pasted.
pub fn answer(request: &Request, path: &str) -> Response {
    let digest = path.rsplit('/').next().unwrap_or_default();
    let kept = Keep::Session.read(&key(digest)).or_else(|| Keep::Memory.read(&key(digest)));
    let found = kept.and_then(|text| {
        let media_type = Manifest::parse(text.as_bytes(), None).ok()?.media_type().to_string();
        Some((Content { media_type, text }, Some(digest.to_owned())))
    });
    response(request, found.ok_or((404, "MANIFEST_UNKNOWN", "this tab has no such manifest: paste it again")))
}

/// Forgets all of them, but for what ends with the page.
pub fn forget_all() {
    Keep::Session.remove_all(KEYS);
}

fn key(digest: &str) -> String {
    format!("{KEYS}{digest}")
}
