//! Symbolic links in the paths of a layer's own entries.

use std::{collections::BTreeMap, ops::Bound, rc::Rc};

use super::path_lookup::LINKS_MAX;
use crate::{Entry, EntryKind, LayerPath, Limits, path::Directories};

/// The bytes that may be compared to find links in paths. Layers of a million files stay far below it.
const WORK_MAX: u64 = 1 << 30;
/// The bytes that paths may take once the links in them are followed.
const SIZE_MAX: u64 = 64 << 20;

/// The symbolic links that a layer has so far. Engines unpack a layer by itself, one entry after the other, so that an entry
/// below such a link is put where the link leads to.
///
/// containerd resolves the folder of each entry, and that of a hard link's target, within what it has unpacked of the layer
/// (`fs.RootPath` in its `pkg/archive/tar.go`); links of lower layers are not there. It joins a folder and a link's relative
/// target as texts, so that `..` in the target removes the name before it, link or not.
///
/// ```
/// use tallyman_layers::{Entry, EntryKind, LayerPath, LayerSymlinks};
///
/// let path = |text: &str| LayerPath::clean(text.as_bytes()).expect("it stays inside");
/// let mut links = LayerSymlinks::default();
/// let link = b"usr/bin".as_slice().into();
/// links.place(&mut Entry { kind: EntryKind::Symlink, link, ..Entry::directory(path("bin")) });
/// let mut entry = Entry::directory(path("bin/x"));
/// links.place(&mut entry);
/// assert_eq!(entry.path, path("usr/bin/x"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct LayerSymlinks {
    /// The targets by the paths of the links.
    targets: BTreeMap<Box<[u8]>, Rc<[u8]>>,
    /// The folder of the last entry, if there is no link in it.
    plain: Option<Box<[u8]>>,
    /// The bytes that were compared, and those that followed paths take.
    work: u64,
    size: u64,
    directories: Directories,
}

impl LayerSymlinks {
    /// Puts the next entry of the layer where engines unpack it: follows the links in its folder and, if it is a hard link, in
    /// that of the path that it names. A path with more links than Linux follows stays as it is.
    pub fn place(&mut self, entry: &mut Entry) {
        if !self.targets.is_empty() {
            let folder = folder(entry.path.as_bytes());
            if folder != self.plain.as_deref() {
                let placed = self.follow(&entry.path);
                self.plain = if placed.is_none() { folder.map(Into::into) } else { None };
                if let Some(path) = placed {
                    entry.path = path;
                }
            }
            if entry.kind == EntryKind::HardLink
                && let Some(path) = self.follow(&LayerPath::clean_in_root(&entry.link))
            {
                entry.link = path.as_bytes().into();
            }
        }
        self.note(entry);
    }

    /// Returns the path that a path leads to, but for the last link; `None` if there is no link in its folder.
    fn follow(&mut self, path: &LayerPath) -> Option<LayerPath> {
        let mut followed = None;
        for _ in 0..=LINKS_MAX {
            let at = followed.as_ref().unwrap_or(path);
            let Some(next) = self.follow_one(at)? else {
                self.size += followed.as_ref().map_or(0, |path| path.as_bytes().len()) as u64;
                return followed;
            };
            followed = Some(next);
        }
        None
    }

    /// The path that the first link in a path makes of it, if there is one; `None` if it would be beyond the limits.
    fn follow_one(&mut self, path: &LayerPath) -> Option<Option<LayerPath>> {
        let bytes = path.as_bytes();
        for slash in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at) {
            self.work += slash as u64;
            if self.work > WORK_MAX {
                return None;
            }
            let Some(target) = self.targets.get(&bytes[..slash]) else { continue };
            let link = LayerPath::clean_in_root(&bytes[..slash]);
            let next = link.target(target).lexical().join(&bytes[slash + 1..]);
            let limits = Limits::default();
            let fits = self.size <= SIZE_MAX
                && next.as_bytes().len() as u64 <= limits.path_length
                && next.components().count() as u64 <= limits.path_depth;
            if !fits {
                return None;
            }
            // Only of paths that are followed: the directories of others would take memory that nothing bounds.
            self.size += self.directories.take_in(&next);
            return Some(Some(next));
        }
        Some(None)
    }

    /// Notes an entry that was placed: a link, or something in place of links.
    fn note(&mut self, entry: &Entry) {
        let path = entry.path.as_bytes();
        let target = match entry.kind {
            EntryKind::Symlink => Some(Rc::from(&*entry.link)),
            EntryKind::HardLink => self.targets.get(&*entry.link).cloned(),
            _ => None,
        };
        if target.is_none() && self.targets.is_empty() {
            return;
        }
        if entry.kind != EntryKind::Directory {
            // It takes the place of a directory with all that it held.
            let inside = [path, b"/"].concat();
            let links = self.targets.range::<[u8], _>((Bound::Included(&*inside), Bound::Unbounded));
            let gone: Vec<_> =
                links.map(|(path, _)| path).take_while(|path| path.starts_with(&inside)).cloned().collect();
            for path in gone {
                self.targets.remove(&path);
            }
        }
        match target {
            Some(target) => {
                self.targets.insert(path.into(), target);
                // The folder may be below the new link.
                self.plain.take_if(|plain| plain.starts_with(path));
            }
            None => drop(self.targets.remove(path)),
        }
    }
}

/// The folder of a path; `None` if it is the root.
fn folder(path: &[u8]) -> Option<&[u8]> {
    path.iter().rposition(|byte| *byte == b'/').map(|end| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that followed paths take of a layer with `count` links, each to another folder of `depth` components, and an
    /// entry behind each link.
    fn size(count: u32, depth: usize, component: &str) -> u64 {
        let path = |text: &str| LayerPath::clean(text.as_bytes()).unwrap();
        let mut links = LayerSymlinks::default();
        for number in 0..count {
            let link = format!("{number}{}", component.repeat(depth - 1)).into_bytes().into();
            let at = path(&format!("link{number}"));
            links.place(&mut Entry { kind: EntryKind::Symlink, link, ..Entry::directory(at) });
            links.place(&mut Entry::directory(path(&format!("link{number}/entry"))));
        }
        links.size
    }

    #[test]
    fn paths_that_are_not_followed_take_no_memory() {
        // Too deep.
        assert_eq!(size(100, 2000, "/x"), 0);
        // Too long.
        assert_eq!(size(100, 200, "/a component of many bytes"), 0);
        // Each within the limits: half a megabyte for each, and together a gigabyte.
        let size = size(2000, 200, "/some 18 bytes long");
        assert!((SIZE_MAX..SIZE_MAX + (1 << 20)).contains(&size), "{size} bytes");
    }
}
