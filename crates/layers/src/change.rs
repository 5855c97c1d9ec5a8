//! Whiteouts: entries of a layer that stand for what it removes.

use crate::LayerPath;

/// The prefix of a name that stands for a removed file.
const PREFIX: &[u8] = b".wh.";
/// The prefix of names that AUFS keeps for itself at the root of a layer.
const AUFS: &[u8] = b".wh..wh.";
/// The name that hides what lower layers have in its directory.
const OPAQUE: &[u8] = b".wh..wh..opq";
/// The folder in which AUFS keeps files that hard links of the layer name.
const LINKED: &[u8] = b".wh..wh.plnk/";

/// The part of lower layers that an entry removes from lower layers, as OCI's and Docker's layers have it.
///
/// ```
/// use tallyman_layers::{LayerPath, Whiteout};
///
/// let path = |text: &str| LayerPath::clean(text.as_bytes()).expect("it stays inside");
/// assert_eq!(Whiteout::of(&path("etc/.wh.motd")), Some(Whiteout::Removes(path("etc/motd"))));
/// assert_eq!(Whiteout::of(&path("var/cache/.wh..wh..opq")), Some(Whiteout::Opaque(path("var/cache"))));
/// assert_eq!(Whiteout::of(&path("etc/motd")), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whiteout {
    /// The file or directory of this path, with all that it holds.
    Removes(LayerPath),
    /// All that lower layers have in this directory, but not the directory.
    Opaque(LayerPath),
    /// No change: AUFS keeps books here (`.wh..wh.aufs` and `.wh..wh.plnk` at the root), and engines pass it over.
    Bookkeeping,
    /// No change either, but hard links of the same layer may name it: a file in AUFS's folder `.wh..wh.plnk`, which Docker keeps
    /// for them while it unpacks the layer.
    Linked,
}

impl Whiteout {
    /// Returns what the entry of this path removes; `None` if it is an ordinary entry.
    pub fn of(path: &LayerPath) -> Option<Self> {
        if !path.components().any(|component| component.starts_with(PREFIX)) {
            return None;
        }
        let parent = path.parent().unwrap_or_default();
        let name = path.name();
        if path.as_bytes().starts_with(LINKED) && name != OPAQUE {
            return Some(Self::Linked);
        }
        if path.as_bytes().starts_with(AUFS) && path.as_bytes() != OPAQUE {
            return Some(Self::Bookkeeping);
        }
        if name == OPAQUE {
            return Some(Self::Opaque(parent));
        }
        match name.strip_prefix(PREFIX) {
            // A name of nothing, `.` or `..` would stand for the directory or what is above it.
            Some(b"" | b"." | b"..") => Some(Self::Bookkeeping),
            Some(removed) => Some(Self::Removes(parent.join(removed))),
            // In a directory whose name looks like a whiteout.
            None => None,
        }
    }
}
