//! Links in the tree of an image: the paths that they lead to, and the files that they name.

use std::rc::Rc;

use super::{
    ImageTree,
    path_lookup::LINKS_MAX,
    tree::{ROOT, State},
};
use crate::{EntryKind, LayerPath};

impl ImageTree {
    /// Returns the path that a path leads to, as it does in a container: all symbolic links in it are followed, the last one
    /// too. `None` if there are more of them than Linux follows. There may be nothing at that path.
    pub fn resolve(&self, path: &LayerPath) -> Option<LayerPath> {
        let mut path = path.clone();
        for _ in 0..=LINKS_MAX {
            match self.link_in(&path) {
                Some(next) => path = next,
                None => return Some(self.as_named(path)),
            }
        }
        None
    }

    /// Returns the path that a path leads to, as [`ImageTree::resolve`] does, but for the last link.
    pub fn resolve_parent(&self, path: &LayerPath) -> Option<LayerPath> {
        match path.parent() {
            Some(parent) => Some(self.as_named(self.resolve(&parent)?.join(path.name()))),
            None => Some(path.clone()),
        }
    }

    /// Returns the place of the entry that a hard link names, or of the entry itself if it is none: the layer, and its number
    /// there. `None` if there is no such entry, or no such file.
    pub fn linked(&self, layer: usize, entry: usize) -> Option<(usize, usize)> {
        let mut place = (layer, entry);
        for _ in 0..=LINKS_MAX {
            match self.layers.get(place.0)?.entries().get(place.1)?.kind {
                EntryKind::HardLink => place = *self.hard_links.get(&place)?,
                _ => return Some(place),
            }
        }
        None
    }

    /// The path that the first symbolic link in a path makes of it.
    fn link_in(&self, path: &LayerPath) -> Option<LayerPath> {
        let mut at = LayerPath::default();
        let mut node = ROOT;
        let mut components = path.components();
        while let Some(name) = components.next() {
            at = at.join(name);
            node = self.child_of(node, name)?;
            let State::Entry { layer, entry } = self.nodes[node].state else { continue };
            let Some((layer, entry)) = self.linked(layer, entry) else { continue };
            let entry = &self.layers[layer].entries()[entry];
            if entry.kind == EntryKind::Symlink {
                let target = self.naming.target(&at, &entry.link);
                return Some(components.fold(target, |path, name| path.join(name)));
            }
        }
        None
    }

    /// Notes the entries that the hard links of the last layer name, in it or in lower ones.
    pub(super) fn name_hard_links(&mut self, layer: usize) {
        let index = Rc::clone(&self.layers[layer]);
        for (number, entry) in index.entries().iter().enumerate() {
            if entry.kind != EntryKind::HardLink {
                continue;
            }
            let named = match index.paths().linked(number) {
                Some(named) => Some((layer, named)),
                None => {
                    match self.node(&LayerPath::clean_in_root(&entry.link)).map(|node| self.nodes[node].state)
                    {
                        Some(State::Entry { layer, entry }) => Some((layer, entry)),
                        _ => None,
                    }
                }
            };
            self.hard_links.extend(named.map(|named| ((layer, number), named)));
        }
    }
}
