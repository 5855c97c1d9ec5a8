//! Rows of trees in messages, and what is asked of them.

use serde::{Deserialize, Serialize};

use super::ImageId;

/// The thing that a tree is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Subject {
    /// An image.
    Image(ImageId),
    /// The files that differ between two images.
    Differences(ImageId, ImageId),
}

/// The rows of a tree that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The changes of this layer alone.
    pub layer: Option<u32>,
    /// Text that paths contain, whatever its case.
    pub search: String,
    /// Kinds of changes; all if none is named.
    pub changes: Vec<Change>,
    /// The owner, as [`Owner::key`] has it.
    pub owner: Option<String>,
    /// Only files with setuid or setgid.
    pub sets_id: bool,
    /// The least size of files in bytes.
    pub size_min: u64,
    /// The largest first, instead of by name.
    pub by_size: bool,
    /// Every directory is open, but for those in `toggled`; else none is, but for those.
    pub all_open: bool,
    /// Directories that are not as `all_open` says.
    pub toggled: Vec<String>,
}

impl View {
    /// Returns `true` if rows are searched or filtered: only what matches is shown then, with the directories above it.
    pub fn is_filtered(&self) -> bool {
        !self.search.trim().is_empty()
            || !self.changes.is_empty()
            || self.owner.is_some()
            || self.sets_id
            || self.size_min > 0
    }
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// A file that was not there.
    Added,
    /// A file with another content, or written anew.
    Changed,
    /// A file that is no longer there.
    Removed,
    /// Its mode, its owner or its attributes are others; only of two images.
    Metadata,
}

impl Change {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Added, Self::Changed, Self::Removed, Self::Metadata];

    /// The word for it, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Metadata => "metadata",
        }
    }
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file.
    HardLink,
    /// A device.
    Device,
    /// A named pipe.
    Fifo,
}

/// A row of a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The path, as messages name it: `%` and what is not UTF-8 stand as `%XX`.
    pub path: String,
    /// The last component of the path; what is not UTF-8 is replaced.
    pub name: String,
    /// The level, from 1.
    pub level: u32,
    /// Its place among its siblings, from 1.
    pub position: u32,
    /// The number of its siblings, itself included.
    pub siblings: u32,
    /// The kind.
    pub kind: FileKind,
    /// The state of a directory that has something in it: `true` if it is open.
    pub is_open: Option<bool>,
    /// The size in bytes; of a directory, of all in it. If it is removed, the size that it had.
    pub size: u64,
    /// The size on the left, of two images.
    pub size_before: Option<u64>,
    /// The number of files in a directory, however deep.
    pub files: u32,
    /// The mode as `ls -l` has it; empty for directories without an entry.
    pub mode: String,
    /// The owner: numbers, and names if there are any.
    pub owner: String,
    /// Seconds since 1970 of the last change.
    pub mtime: Option<i64>,
    /// The target of a link.
    pub link: Option<String>,
    /// The layer that made it, or removed it; `None` for what stands here only for what is in it.
    pub layer: Option<u32>,
    /// The kind of that change.
    pub change: Option<Change>,
    /// Set for a file with setuid or setgid.
    pub sets_id: bool,
    /// Set if the row matches the search and the filters; `false` for the directories above what does.
    pub is_match: bool,
}
