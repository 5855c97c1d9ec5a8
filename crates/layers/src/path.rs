//! Paths of files in a layer.

use std::{collections::HashSet, fmt};

use crate::{Entry, EntryKind};

/// A path in a layer: bytes, as Linux has them, without a slash at either end; empty for the root.
///
/// A path that is to be looked up may hold `..` behind a name: if the name is a symbolic link, `..` is the directory above the one
/// that it leads to. [`LayerPath::lexical`] has none.
///
/// ```
/// use tallyman_layers::LayerPath;
///
/// let path = LayerPath::clean(b"./usr//bin/./env/").expect("it stays inside");
/// assert_eq!(path.to_string(), "usr/bin/env");
/// assert_eq!(path.name(), b"env");
/// assert_eq!(path.parent().map(|parent| parent.to_string()).as_deref(), Some("usr/bin"));
/// assert_eq!(LayerPath::clean(b"../etc/passwd"), None);
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerPath(Box<[u8]>);

/// The bytes that a directory of a tree takes besides its path, about.
const DIRECTORY: usize = 512;

/// The directories that paths of a layer name, to count each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directories(HashSet<Box<[u8]>>);

impl Directories {
    /// Takes in those that an entry names: above it and, of a hard link, above the file that it names. Returns the bytes that the
    /// new ones take.
    pub(crate) fn take_in_entry(&mut self, entry: &Entry) -> u64 {
        let linked = (entry.kind == EntryKind::HardLink).then(|| LayerPath::clean_in_root(&entry.link));
        self.take_in(&entry.path) + linked.map_or(0, |linked| self.take_in(&linked))
    }

    /// Takes in those above `path`. Returns the bytes that the new ones take, each with its path.
    pub(crate) fn take_in(&mut self, path: &LayerPath) -> u64 {
        let (mut size, mut above) = (0, &path.0[..]);
        while let Some(end) = above.iter().rposition(|byte| *byte == b'/') {
            above = &above[..end];
            if self.0.contains(above) {
                break;
            }
            self.0.insert(above.into());
            size += (DIRECTORY + end) as u64;
        }
        size
    }
}

impl LayerPath {
    /// Returns the path without empty components, `.` and `..`; `None` if it leads out of the root.
    pub fn clean(path: &[u8]) -> Option<Self> {
        let plain = !path.is_empty()
            && path.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."));
        if plain {
            return Some(Self(path.into()));
        }
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in path.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()?),
                part => parts.push(part),
            }
        }
        Some(Self(parts.join(&b'/').into()))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns `true` for the root of the layer.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        let start = self.0.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        &self.0[start..]
    }

    /// The folder that holds it; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self(self.0[..end].into()))
    }

    /// The path of `name` in this folder.
    pub fn join(&self, name: &[u8]) -> Self {
        if self.is_root() {
            return Self(name.into());
        }
        Self([&self.0, &b"/"[..], name].concat().into())
    }

    /// The components from the root on.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|part| !part.is_empty())
    }

    /// Returns the path that a symbolic link of this path leads to, as it does in a container: absolute targets begin
    /// at the root, and `..` stops there.
    pub fn target(&self, link: &[u8]) -> Self {
        if link.starts_with(b"/") {
            return Self::default().followed_by(link);
        }
        self.parent().unwrap_or_default().followed_by(link)
    }

    /// Returns the path that `path` is in this folder, which no link leads to. Each `..` that stands behind a name of `path` stays:
    /// the name may be a link.
    pub(crate) fn followed_by(&self, path: &[u8]) -> Self {
        let mut parts: Vec<&[u8]> = self.components().collect();
        let mut without_links = parts.len();
        for part in path.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." if parts.len() == without_links => {
                    parts.pop();
                    without_links = parts.len();
                }
                part => parts.push(part),
            }
        }
        Self(parts.join(&b'/').into())
    }

    /// Returns the path without `..`: each removes the name before it, as if that were no link.
    pub fn lexical(&self) -> Self {
        Self::clean_in_root(&self.0)
    }

    /// Returns `true` if `folder` is this path or holds it.
    pub fn is_in(&self, folder: &Self) -> bool {
        folder.is_root()
            || self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
    }

    /// Returns the path without empty components, `.` and `..`, which stops at the root as it does for the kernel.
    pub fn clean_in_root(path: &[u8]) -> Self {
        let mut parts: Vec<&[u8]> = Vec::new();
        for part in path.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        Self(parts.join(&b'/').into())
    }
}

/// The path, with what is not UTF-8 replaced.
impl fmt::Display for LayerPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for LayerPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}
