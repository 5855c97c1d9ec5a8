//! One file of an image, looked up from the highest layer down, so that lower layers need not be read.

use crate::{EntryKind, LayerIndex, LayerPath, Whiteout};

/// The most links that are followed, as on Linux.
pub(super) const LINKS_MAX: usize = 40;

/// The place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The entry of this number in this layer.
    Found {
        /// The number of the layer, from the lowest, which is 0.
        layer: usize,
        /// The number of the entry.
        entry: usize,
    },
    /// A directory without an entry of its own.
    Directory,
    /// It depends on this layer, which has not been read.
    NeedsLayer {
        /// The number of the layer.
        layer: usize,
        /// The path of the file if that layer has it there; `None` if it may not be the one.
        path: Option<LayerPath>,
    },
    /// There is no such file; a layer removed it, if one did.
    Missing {
        /// The path that is not there, links resolved.
        path: LayerPath,
        /// The layer that removed it.
        removed_by: Option<usize>,
    },
    /// Links lead in a circle, or there are more of them than Linux follows.
    TooManyLinks,
}

/// Looks up a path in the layers that were read (`None` stands for others), the lowest first. Symbolic links are
/// followed as in a container, the last one too, and hard links to the file that they name.
///
/// ```
/// use tallyman_layers::{Entry, LayerIndex, LayerPath, Lookup, look_up};
///
/// let etc = LayerPath::clean(b"etc").expect("it stays inside");
/// let mut index = LayerIndex::default();
/// index.add(Entry::directory(etc.clone()));
/// let top = Some(index);
/// assert_eq!(look_up(&[None, top], &etc), Lookup::Found { layer: 1, entry: 0 });
/// ```
pub fn look_up(layers: &[Option<LayerIndex>], path: &LayerPath) -> Lookup {
    let mut path = path.clone();
    let mut links = 0;
    'resolve: loop {
        let components: Vec<Vec<u8>> = path.components().map(<[u8]>::to_vec).collect();
        let mut at = LayerPath::default();
        for (number, name) in components.iter().enumerate() {
            at = at.join(name);
            let is_last = number + 1 == components.len();
            let (mut layer, mut entry) = match visible(layers, &at, layers.len(), is_last) {
                Visible::Entry(layer, entry) => (layer, entry),
                Visible::Implied if is_last => return Lookup::Directory,
                Visible::Implied => continue,
                Visible::Unknown(layer) => {
                    let rest = components[number + 1..].iter().fold(at.clone(), |path, name| path.join(name));
                    let is_next = matches!(visible(layers, &rest, layers.len(), true), Visible::Unknown(next) if next == layer);
                    return Lookup::NeedsLayer { layer, path: is_next.then_some(rest) };
                }
                Visible::Missing(removed_by) => return Lookup::Missing { path: at, removed_by },
            };
            let kind = |layer: usize, entry: usize| Some(layers[layer].as_ref()?.entries()[entry].kind);
            if kind(layer, entry) == Some(EntryKind::HardLink) {
                (layer, entry) = match hard_link(layers, layer, entry) {
                    Lookup::Found { layer, entry } => (layer, entry),
                    // Only the last one can be a file that is looked for.
                    Lookup::NeedsLayer { layer, .. } if !is_last => {
                        return Lookup::NeedsLayer { layer, path: None };
                    }
                    other => return other,
                };
            }
            let found = layers[layer].as_ref().map(|index| &index.entries()[entry]);
            match found.map(|entry| (entry.kind, entry)) {
                Some((EntryKind::Symlink, entry)) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Lookup::TooManyLinks;
                    }
                    let target = at.target(&entry.link);
                    path = components[number + 1..].iter().fold(target, |path, name| path.join(name));
                    continue 'resolve;
                }
                Some((EntryKind::Directory, _)) if !is_last => {}
                _ if !is_last => return Lookup::Missing { path: at, removed_by: None },
                _ => return Lookup::Found { layer, entry },
            }
        }
        return Lookup::Directory;
    }
}

/// Follows a hard link to the file that it names, in its own layer or a lower one.
fn hard_link(layers: &[Option<LayerIndex>], mut layer: usize, mut number: usize) -> Lookup {
    for _ in 0..LINKS_MAX {
        let Some(entry) = layers[layer].as_ref().map(|index| &index.entries()[number]) else { break };
        if entry.kind != EntryKind::HardLink {
            return Lookup::Found { layer, entry: number };
        }
        let target = LayerPath::clean_in_root(&entry.link);
        match visible(layers, &target, layer + 1, true) {
            Visible::Entry(next_layer, next) => (layer, number) = (next_layer, next),
            Visible::Implied => return Lookup::Directory,
            Visible::Unknown(layer) => return Lookup::NeedsLayer { layer, path: Some(target) },
            Visible::Missing(removed_by) => return Lookup::Missing { path: target, removed_by },
        }
    }
    Lookup::TooManyLinks
}

/// The thing at a path, whose directories are known to be visible, in the layers below `end`.
enum Visible {
    Entry(usize, usize),
    Implied,
    Unknown(usize),
    Missing(Option<usize>),
}

/// The thing that one layer has at a path.
enum Here {
    Nothing,
    Implied,
    Entry(usize, EntryKind),
}

/// Looks from the layer below `end` down. Unless the entry itself is wanted, a directory that is implied is enough.
fn visible(layers: &[Option<LayerIndex>], path: &LayerPath, end: usize, wants_entry: bool) -> Visible {
    let mut implied = false;
    for (number, index) in layers[..end].iter().enumerate().rev() {
        let Some(index) = index else { return Visible::Unknown(number) };
        let mut here = Here::Nothing;
        let mut removed = false;
        // Something else than a directory stands in place of one that lower layers have.
        let mut hidden = false;
        for (entry_number, entry) in index.entries().iter().enumerate() {
            match Whiteout::of(&entry.path) {
                Some(Whiteout::Removes(gone)) => removed |= path.is_in(&gone),
                Some(Whiteout::Opaque(folder)) => removed |= path.is_in(&folder) && *path != folder,
                Some(Whiteout::Bookkeeping) => {}
                None if entry.path == *path => here = Here::Entry(entry_number, entry.kind),
                None if entry.path.is_in(path) => match here {
                    Here::Entry(_, EntryKind::Directory) | Here::Implied => {}
                    Here::Nothing => here = Here::Implied,
                    Here::Entry(..) => (here, hidden) = (Here::Implied, true),
                },
                None if path.is_in(&entry.path) && entry.kind != EntryKind::Directory => {
                    (here, hidden) = (Here::Nothing, true);
                }
                None => {}
            }
        }
        match here {
            Here::Entry(_, kind) if implied && kind != EntryKind::Directory => return Visible::Implied,
            Here::Entry(entry, _) => return Visible::Entry(number, entry),
            Here::Implied if !wants_entry => return Visible::Implied,
            Here::Implied => implied = true,
            Here::Nothing => {}
        }
        if removed || hidden {
            return if implied { Visible::Implied } else { Visible::Missing(removed.then_some(number)) };
        }
    }
    if implied { Visible::Implied } else { Visible::Missing(None) }
}
