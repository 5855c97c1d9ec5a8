//! Links in the tree of an image: the paths that they lead to, and the files that they name.

use std::{borrow::Cow, rc::Rc};

use super::{
    ImageTree,
    path_lookup::LINKS_MAX,
    tree::{ROOT, State},
};
use crate::{Entry, EntryKind, LayerPath};

/// A path that was followed.
enum Followed {
    /// The path that the first symbolic link makes of it.
    Link(LayerPath),
    /// The path, which has no more links.
    End(LayerPath),
}

impl ImageTree {
    /// Returns the path that a path leads to, as it does in a container: all symbolic links in it are followed, the last one
    /// too. `None` if there are more of them than Linux follows. There may be nothing at that path.
    pub fn resolve(&self, path: &LayerPath) -> Option<LayerPath> {
        let mut path = path.clone();
        for _ in 0..=LINKS_MAX {
            match self.follow(&path) {
                Followed::Link(next) => path = next,
                Followed::End(path) => return Some(self.as_named(path)),
            }
        }
        None
    }

    /// Returns the path that a path leads to, as [`ImageTree::resolve`] does, but for the last link.
    pub fn resolve_parent(&self, path: &LayerPath) -> Option<LayerPath> {
        match path.parent() {
            Some(_) if path.name() == b".." => self.resolve(path),
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

    /// Returns the entry of a number in a layer, the lowest being 0. A hard link has the mode, the owner and the time of the
    /// file that it names, whatever its own header says: both are one file.
    pub fn entry(&self, layer: usize, number: usize) -> Option<Cow<'_, Entry>> {
        let entry = self.layers.get(layer)?.entries().get(number)?;
        if entry.kind != EntryKind::HardLink {
            return Some(Cow::Borrowed(entry));
        }
        let Some((layer, named)) = self.linked(layer, number) else { return Some(Cow::Borrowed(entry)) };
        Some(Cow::Owned(entry.of_file(&self.layers[layer].entries()[named])))
    }

    /// Returns the entry that the image shows at a path of which a layer has the entry of this number, with its layer and its number. That
    /// of a hard link is that of the file that it names, if a later layer hides that file at its own path.
    pub(super) fn shown_entry(&self, layer: usize, number: usize) -> Option<(usize, usize, Cow<'_, Entry>)> {
        let entry = self.entry(layer, number)?;
        let Some((layer, number)) = self.hidden_file(layer, number) else {
            return Some((layer, number, entry));
        };
        let file = &self.layers[layer].entries()[number];
        let shown = Entry {
            kind: file.kind,
            size: file.size,
            link: if file.kind == EntryKind::Symlink { file.link.clone() } else { Box::default() },
            device: file.device,
            header_offset: file.header_offset,
            content_offset: file.content_offset,
            stored_size: file.stored_size,
            ..entry.into_owned()
        };
        Some((layer, number, Cow::Owned(shown)))
    }

    /// Returns the place of the file that a hard link names, if its own path no longer shows it: there is that file at the link alone.
    fn hidden_file(&self, layer: usize, entry: usize) -> Option<(usize, usize)> {
        if self.layers[layer].entries()[entry].kind != EntryKind::HardLink {
            return None;
        }
        let (layer, entry) = self.linked(layer, entry)?;
        let named = &self.layers[layer].entries()[entry];
        let shown = self.node(&named.path).map(|node| self.nodes[node].state);
        let is_hidden = shown != Some(State::Entry { layer, entry });
        (is_hidden && named.kind != EntryKind::Directory).then_some((layer, entry))
    }

    /// Follows a path up to the first symbolic link in it.
    fn follow(&self, path: &LayerPath) -> Followed {
        let mut at = LayerPath::default();
        let mut node = ROOT;
        let mut components = path.components();
        while let Some(name) = components.next() {
            // Of what is no directory, nothing is above.
            if name == b".." && (node == ROOT || self.is_directory(self.nodes[node].state)) {
                at = at.parent().unwrap_or_default();
                node = self.nodes[node].parent;
                continue;
            }
            at = at.join(name);
            let Some(child) = self.child_of(node, name) else { break };
            node = child;
            let State::Entry { layer, entry } = self.nodes[node].state else { continue };
            let Some((layer, entry)) = self.linked(layer, entry) else { continue };
            let entry = &self.layers[layer].entries()[entry];
            if entry.kind == EntryKind::Symlink {
                let target = self.naming.target(&at, &entry.link);
                return Followed::Link(components.fold(target, |path, name| path.join(name)));
            }
        }
        Followed::End(components.fold(at, |path, name| path.join(name)))
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
