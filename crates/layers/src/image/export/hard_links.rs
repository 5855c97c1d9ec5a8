//! Hard links in an export: those that are written at once, and those that wait for the file that they name.

use std::collections::BTreeMap;

use super::{Export, Named};
use crate::{Entry, LayerPath, Whiteout, image::path_lookup::LINKS_MAX};

/// A hard link that is not written yet.
pub(super) struct Link {
    pub(super) entry: Entry,
    pub(super) number: usize,
}

impl Export {
    /// Writes a hard link, if it is visible, or has it wait for what it names: entries before it, else those behind it, else those
    /// of lower layers. Links to links are links to the same file.
    pub(super) fn hard_link(&mut self, link: Link, is_visible: bool) {
        let target = self.names.of(LayerPath::clean_in_root(&link.entry.link));
        let path = link.entry.path.clone();
        match self.files.get(&target).cloned() {
            Some(mut named) => {
                if is_visible {
                    self.link(link, &named);
                    named.written = named.written.map(|_| path.clone());
                } else if let Some(written) = &named.written {
                    self.aliases.entry(written.clone()).or_default().push(path.clone());
                }
                self.files.insert(path, named);
            }
            None => {
                let target = self.linked.get(&target).cloned().unwrap_or(target);
                self.linked.insert(path, target.clone());
                if is_visible {
                    if Whiteout::of(&target) == Some(Whiteout::Linked) {
                        self.touched.push(target.clone());
                    }
                    self.waiting.entry(target).or_default().push(link);
                }
            }
        }
    }

    /// Writes a link to something of this layer, or has it wait until the layer is read again.
    fn link(&mut self, mut link: Link, named: &Named) {
        match &named.written {
            Some(written) => {
                link.entry.link = written.as_bytes().into();
                self.archive.entry(&link.entry);
            }
            None => self.missed.entry(named.number).or_default().push(link),
        }
    }

    /// Gives the links that wait what the layer has at the paths that they name in the end.
    pub(super) fn end_waiting(&mut self) {
        for (mut target, mut links) in self.take_touched() {
            let mut steps = 0;
            while let Some(next) = self.linked.get(&target).filter(|_| steps < LINKS_MAX) {
                (target, steps) = (next.clone(), steps + 1);
            }
            if let Some(named) = self.files.get(&target).cloned() {
                for link in links {
                    if self.is_last(&link) {
                        self.link(link, &named);
                    }
                }
            } else if self.stands_in_place(&target)
                || self.own.has(&target)
                || Whiteout::of(&target) == Some(Whiteout::Linked)
            {
                self.leave_out(links);
            } else {
                let waiting = self.waiting.entry(target).or_default();
                // A chain of links over many layers moves them again and again.
                if waiting.len() < links.len() {
                    std::mem::swap(waiting, &mut links);
                }
                waiting.extend(links);
            }
        }
    }

    /// Takes the links out that wait for paths at which, or above which, the layer has something. All others go on waiting
    /// without being looked at: there may be many of them, and many layers.
    fn take_touched(&mut self) -> BTreeMap<LayerPath, Vec<Link>> {
        let mut taken = BTreeMap::new();
        let touched = std::mem::take(&mut self.touched);
        for path in self.files.keys().chain(self.linked.keys()).chain(&self.own.paths).chain(&touched) {
            taken.extend(self.waiting.remove_entry(path));
        }
        let is_file = |path: &&LayerPath| self.visible.get(path).is_some_and(|it| !it.is_directory);
        for folder in self.own.paths.iter().chain(&self.own.opaque).chain(touched.iter().filter(is_file)) {
            let inside = folder.join(b"");
            while let Some((path, _)) = self.waiting.range(&inside..).next()
                && path.is_in(folder)
            {
                let path = path.clone();
                taken.extend(self.waiting.remove_entry(&path));
            }
        }
        taken
    }

    /// Returns `true` if no later entry of its layer has taken the place of a link that waited.
    fn is_last(&self, link: &Link) -> bool {
        self.visible.get(&link.entry.path).is_some_and(|it| it.number == Some(link.number))
    }

    pub(super) fn leave_out(&mut self, links: Vec<Link>) {
        let links: Vec<_> = links.into_iter().filter(|link| self.is_last(link)).collect();
        self.dangling.extend(links.into_iter().map(|link| link.entry.path));
    }

    /// Returns `true` if this layer has a directory at a path, or something else than that above it.
    fn stands_in_place(&self, path: &LayerPath) -> bool {
        let own = |path: &LayerPath| self.visible.get(path).filter(|it| it.layer == self.layer);
        own(path).is_some()
            || std::iter::successors(path.parent(), LayerPath::parent)
                .any(|folder| own(&folder).is_some_and(|it| !it.is_directory))
    }

    /// An entry of a layer that is read again.
    pub(super) fn missed_file(&mut self, file: Entry, number: usize) {
        let links = self.missed.remove(&number).into_iter().flatten();
        let links: Vec<_> = links.filter(|link| self.is_last(link)).map(|link| link.entry).collect();
        let mut links = links.into_iter();
        // It is written in place of the first link to it, and the others as links to that.
        let Some(Entry { path, .. }) = links.next() else { return };
        self.links = links.map(|link| Entry { link: path.as_bytes().into(), ..link }).collect();
        self.archive.entry(&Entry { path, ..file });
        self.writes = true;
    }
}
