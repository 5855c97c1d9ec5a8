//! Last push of each list, kept beside the lists.

use tallyman_core::{Digest, Reference};

use crate::state::lists::LocalLists;

/// The key of the note.
pub fn key(list: &Reference) -> String {
    format!("pushed {}", list.file_name())
}

/// Remembers that a list was pushed.
pub async fn remember(local_lists: &LocalLists, list: &Reference, digest: &Digest) {
    // The digest is on screen; if it cannot be stored, another page lacks a mark.
    let _ = local_lists.set_note(&key(list), Some(digest.as_str())).await;
}
