//! Last push of each list, kept beside the lists.

use tallyman_core::{Digest, Reference};

use crate::state::lists::LocalLists;

/// The key of the note.
pub fn key(list: &Reference) -> String {
    format!("pushed {}", list.file_name())
}

/// Remembers that a list was pushed.
pub async fn remember(local_lists: &LocalLists, list: &Reference, digest: &Digest) {
    // Whoever pushes has the digest on screen; that it is not remembered costs a word on another page.
    let _ = local_lists.set_note(&key(list), Some(digest.as_str())).await;
}
