//! One file of an image, looked up from the highest layer down, so that lower layers need not be read.

use super::paths::PathContent;
use crate::{EntryKind, LayerIndex, LayerPath, Naming};

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
    /// A path that depends on this layer, which has not been read.
    NeedsLayer {
        /// The number of the layer.
        layer: usize,
        /// The path of the file if that layer has it there; `None` if it may not be the one.
        path: Option<LayerPath>,
    },
    /// No such file; a layer removed it, if one did.
    Missing {
        /// The path that is not there, links resolved.
        path: LayerPath,
        /// The layer that removed it.
        removed_by: Option<usize>,
    },
    /// Links lead in a circle, or there are more of them than Linux follows.
    TooManyLinks,
}

/// Looks up a path of an image for Linux in the layers that were read (`None` stands for others), the lowest first. Symbolic links are
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
    PathLookup::new(path.clone(), Naming::Unix).look_up(layers)
}

/// A look-up that goes on where it was when more layers have been read: links are followed once.
#[derive(Clone, Debug)]
pub(super) struct PathLookup {
    path: LayerPath,
    naming: Naming,
    links: usize,
}

impl PathLookup {
    pub(super) fn new(path: LayerPath, naming: Naming) -> Self {
        Self { path, naming, links: 0 }
    }

    /// The path, as far as links were followed.
    pub(super) fn path(&self) -> &LayerPath {
        &self.path
    }

    /// Looks it up. The layers that were given before are the same.
    pub(super) fn look_up(&mut self, layers: &[Option<LayerIndex>]) -> Lookup {
        'resolve: loop {
            let components: Vec<Vec<u8>> = self.path.components().map(<[u8]>::to_vec).collect();
            let mut walk = Walk::new(layers);
            for (number, name) in components.iter().enumerate() {
                let behind = &components[number + 1..];
                let is_last = behind.is_empty();
                if name == b".." {
                    walk.leave();
                    continue;
                }
                let (mut layer, mut entry) = match walk.enter(name, is_last) {
                    Visible::Entry(layer, entry) => (layer, entry),
                    Visible::Implied if is_last => {
                        self.path = walk.at;
                        return Lookup::Directory;
                    }
                    Visible::Implied => continue,
                    Visible::Unknown(layer) => {
                        // A name before `..` may be a link.
                        let mut is_next = behind.iter().all(|name| name != b"..");
                        for name in behind {
                            is_next = is_next
                                && matches!(walk.enter(name, true), Visible::Unknown(next) if next == layer);
                        }
                        return Lookup::NeedsLayer { layer, path: is_next.then_some(walk.at) };
                    }
                    Visible::Missing(removed_by) => return Lookup::Missing { path: walk.at, removed_by },
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
                        self.links += 1;
                        if self.links > LINKS_MAX {
                            return Lookup::TooManyLinks;
                        }
                        let target = self.naming.target(&walk.at, &entry.link);
                        self.path = behind.iter().fold(target, |path, name| path.join(name));
                        continue 'resolve;
                    }
                    Some((EntryKind::Directory, _)) if !is_last => {}
                    _ if !is_last => return Lookup::Missing { path: walk.at, removed_by: None },
                    _ => {
                        self.path = walk.at;
                        return Lookup::Found { layer, entry };
                    }
                }
            }
            // It ends with `..`, which may lead to a directory with an entry.
            self.path = walk.at;
            if self.path.is_root() {
                return Lookup::Directory;
            }
        }
    }
}

/// Follows a hard link to the file that it names: among the entries of its own layer before it, else those behind it, else in
/// a lower layer.
fn hard_link(layers: &[Option<LayerIndex>], mut layer: usize, mut number: usize) -> Lookup {
    for _ in 0..LINKS_MAX {
        let Some(index) = layers[layer].as_ref() else { break };
        let entry = &index.entries()[number];
        if entry.kind != EntryKind::HardLink {
            return Lookup::Found { layer, entry: number };
        }
        if let Some(named) = index.paths().linked(number) {
            number = named;
            continue;
        }
        let target = LayerPath::clean_in_root(&entry.link);
        let mut walk = Walk::new(&layers[..=layer]);
        let visible = target.components().fold(Visible::Implied, |_, name| walk.enter(name, true));
        match visible {
            Visible::Entry(next_layer, next) => (layer, number) = (next_layer, next),
            Visible::Implied => return Lookup::Directory,
            Visible::Unknown(layer) => return Lookup::NeedsLayer { layer, path: Some(target) },
            Visible::Missing(removed_by) => return Lookup::Missing { path: target, removed_by },
        }
    }
    Lookup::TooManyLinks
}

/// The thing at a path.
enum Visible {
    Entry(usize, usize),
    Implied,
    Unknown(usize),
    Missing(Option<usize>),
}

/// A walk from the root of layers down a path.
struct Walk<'a> {
    layers: &'a [Option<LayerIndex>],
    at: LayerPath,
    /// The highest layer that hides what the layers below it have in the directory at this path.
    floor: Option<Floor>,
    /// The floors in the directories above.
    floors: Vec<Option<Floor>>,
}

#[derive(Clone, Copy)]
struct Floor {
    layer: usize,
    /// A whiteout hides it, not something that stands in its place.
    is_removed: bool,
}

impl<'a> Walk<'a> {
    fn new(layers: &'a [Option<LayerIndex>]) -> Self {
        let mut walk = Self { layers, at: LayerPath::default(), floor: None, floors: Vec::new() };
        walk.floor = walk.floor_inside();
        walk
    }

    /// Goes on to the thing of this name in the directory. Unless its entry is wanted, a directory that is implied is enough.
    fn enter(&mut self, name: &[u8], wants_entry: bool) -> Visible {
        self.at = self.at.join(name);
        let visible = self.visible(wants_entry);
        let inside = self.floor_inside();
        self.floors.push(std::mem::replace(&mut self.floor, inside));
        visible
    }

    /// Goes back to the directory above; the root has none.
    fn leave(&mut self) {
        if let Some(floor) = self.floors.pop() {
            self.floor = floor;
            self.at = self.at.parent().unwrap_or_default();
        }
    }

    /// Looks from the highest layer down.
    fn visible(&self, wants_entry: bool) -> Visible {
        let mut is_implied = false;
        for (layer, index) in self.layers.iter().enumerate().rev() {
            let Some(index) = index else { return Visible::Unknown(layer) };
            match index.paths().find(index.entries(), &self.at) {
                PathContent::Entry(entry)
                    if is_implied && index.entries()[entry].kind != EntryKind::Directory =>
                {
                    return Visible::Implied;
                }
                PathContent::Entry(entry) => return Visible::Entry(layer, entry),
                PathContent::Implied if !wants_entry => return Visible::Implied,
                PathContent::Implied => is_implied = true,
                PathContent::Nothing => {}
            }
            if let Some(floor) = self.floor_at(layer, index, false) {
                let removed_by = floor.is_removed.then_some(layer);
                return if is_implied { Visible::Implied } else { Visible::Missing(removed_by) };
            }
        }
        if is_implied { Visible::Implied } else { Visible::Missing(None) }
    }

    /// Returns the floor of what is in the directory, as far as layers are known from the highest down.
    fn floor_inside(&self) -> Option<Floor> {
        let layers = self.layers.iter().enumerate().rev();
        let mut known = layers.map_while(|(layer, index)| Some((layer, index.as_ref()?)));
        known.find_map(|(layer, index)| {
            self.floor_at(layer, index, true).or_else(|| {
                match index.paths().find(index.entries(), &self.at) {
                    PathContent::Entry(entry) if index.entries()[entry].kind != EntryKind::Directory => {
                        Some(Floor { layer, is_removed: false })
                    }
                    _ => None,
                }
            })
        })
    }

    /// Returns the floor if a layer hides what lower ones have at the path or, if that is `inside`, in the directory there.
    fn floor_at(&self, layer: usize, index: &LayerIndex, inside: bool) -> Option<Floor> {
        let above = self.floor.filter(|floor| floor.layer == layer);
        let is_removed =
            above.is_some_and(|floor| floor.is_removed) || index.paths().removes(&self.at, inside);
        let is_hidden = is_removed || above.is_some() || index.paths().has_replaced(&self.at);
        is_hidden.then_some(Floor { layer, is_removed })
    }
}
