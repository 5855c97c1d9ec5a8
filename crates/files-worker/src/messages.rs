//! Messages between the page and the worker: JSON, and beside it bytes that are handed over without a copy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The number of an image that was opened, as the page chose it.
pub type ImageId = u32;
/// The number of a layer that is being read, as the worker chose it.
pub type JobId = u32;
/// The number of a question, as the page chose it; its answer has the same.
pub type QueryId = u32;

/// A message to the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Reads an image.
    Open {
        /// Its number from now on.
        image: ImageId,
        /// Its operating system.
        os: String,
        /// Its layers, the lowest first.
        layers: Vec<LayerSource>,
        /// Takes the digest of each file, which comparing images needs.
        digests: bool,
        /// Reads no layer until it is asked for, but those that have a table of contents or are kept in this browser.
        holds: bool,
    },
    /// Reads layers that are held.
    Read {
        /// The image.
        image: ImageId,
        /// The numbers of the layers, the lowest being 0; none for all.
        layers: Vec<u32>,
    },
    /// Goes on with an image: reads the layers that failed or were cancelled.
    Resume {
        /// The image.
        image: ImageId,
    },
    /// Ends the reading of an image. What was read stays.
    Cancel {
        /// The image.
        image: ImageId,
    },
    /// Bytes of a layer, beside the message.
    Piece {
        /// The layer that is being read.
        job: JobId,
    },
    /// All bytes that were asked for have been sent.
    End {
        /// The layer that is being read.
        job: JobId,
    },
    /// The registry sends no parts of the layer alone.
    NoRanges {
        /// The layer that is being read.
        job: JobId,
    },
    /// The layer cannot be fetched; the page knows why.
    Failed {
        /// The layer that is being read.
        job: JobId,
        /// The reason.
        reason: String,
    },
    /// The registry does not have a foreign layer.
    Elsewhere {
        /// The layer that is being read.
        job: JobId,
        /// The URLs at which it is to be had.
        urls: Vec<String>,
    },
    /// Asks for rows of a tree.
    Rows {
        /// The question.
        query: QueryId,
        /// The tree.
        of: Subject,
        /// The rows that there are.
        view: View,
        /// The first row that is wanted.
        first: u32,
        /// The number of rows that are wanted.
        count: u32,
    },
    /// Opens a file, or the difference of two.
    File {
        /// The question, and the number of the file from now on.
        query: QueryId,
        /// The tree.
        of: Subject,
        /// Its path.
        path: String,
        /// The layer whose file it is; `None` for the one that the image shows.
        layer: Option<u32>,
    },
    /// Asks for lines of a file that is open.
    Lines {
        /// The question.
        query: QueryId,
        /// The question that opened the file.
        file: QueryId,
        /// The first line that is wanted.
        first: u32,
        /// The number of lines that are wanted.
        count: u32,
    },
    /// Closes a file, or ends its opening or saving.
    Close {
        /// The question that opened the file, or asked for it whole.
        file: QueryId,
    },
    /// Asks for a whole file, whatever its size.
    Save {
        /// The question.
        query: QueryId,
        /// The image.
        image: ImageId,
        /// Its path.
        path: String,
        /// The layer whose file it is; `None` for the one that the image shows.
        layer: Option<u32>,
    },
}

/// A message to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Response {
    /// The worker has begun.
    Ready,
    /// Asks for the bytes of a layer.
    Fetch {
        /// The layer that is being read.
        job: JobId,
        /// The image.
        image: ImageId,
        /// The number of the layer, the lowest being 0.
        layer: u32,
        /// The bytes that are wanted, from the first on to one behind the last; `None` for all of them.
        range: Option<(u64, u64)>,
    },
    /// Bytes of a layer have been read.
    Taken {
        /// The layer that is being read.
        job: JobId,
        /// Their number.
        bytes: u32,
    },
    /// No more bytes of a layer are wanted.
    Stop {
        /// The layer that is being read.
        job: JobId,
    },
    /// The state of an image.
    Summary {
        /// The image.
        image: ImageId,
        /// The state.
        summary: Box<Summary>,
    },
    /// Rows of a tree.
    Rows {
        /// The question.
        query: QueryId,
        /// The number of all rows of the view.
        total: u32,
        /// The number of files and directories that match the search and the filters; `None` without any.
        matches: Option<u32>,
        /// The number of the first row.
        first: u32,
        /// The rows.
        rows: Vec<Row>,
    },
    /// Bytes of a layer that are read for a file.
    Progress {
        /// The question that opened the file, or asked for it whole.
        query: QueryId,
        /// Bytes of the compressed layer.
        done: u64,
        /// Its size.
        of: u64,
    },
    /// A file that is open.
    Opened {
        /// The question.
        query: QueryId,
        /// The file.
        file: Box<OpenedFile>,
    },
    /// Lines of a file.
    Lines {
        /// The question.
        query: QueryId,
        /// The number of the first.
        first: u32,
        /// The lines.
        lines: Vec<Line>,
    },
    /// A whole file; its blob is beside the message.
    Saved {
        /// The question.
        query: QueryId,
    },
    /// A question has no answer.
    NoAnswer {
        /// The question.
        query: QueryId,
        /// The reason.
        fault: Fault,
    },
}

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSource {
    /// The repository, with its registry, in which the layer is kept.
    pub place: String,
    /// The digest of the compressed layer.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of the decompressed layer, if the image's config names it.
    pub diff_id: Option<String>,
    /// The media type of its descriptor.
    pub media_type: String,
    /// The annotations of its descriptor, which may tell of a table of contents.
    pub annotations: BTreeMap<String, String>,
}

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
    /// It was not there.
    Added,
    /// It is another one, or was written anew.
    Changed,
    /// It is no longer there.
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
    /// For directories that have something in them: they are open.
    pub is_open: Option<bool>,
    /// The size in bytes; of a directory, of all in it. If it is removed, the size that it had.
    pub size: u64,
    /// The size on the left, of two images.
    pub size_before: Option<u64>,
    /// For directories: the number of files in them, however deep.
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
    /// It has setuid or setgid.
    pub sets_id: bool,
    /// It matches the search and the filters; `false` for the directories above what does.
    pub is_match: bool,
}

/// The state of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Grows with each change of the tree.
    pub generation: u32,
    /// The layers, the lowest first.
    pub layers: Vec<LayerSummary>,
    /// The number of files and directories.
    pub files: u64,
    /// The bytes of all files that the image shows.
    pub size: u64,
    /// The bytes that layers wrote and later ones replaced or removed.
    pub wasted: u64,
    /// The efficiency, from 0 to 1, as dive defines it.
    pub efficiency: f64,
    /// The paths at which most is wasted: path, bytes, number of times.
    pub wasted_paths: Vec<(String, u64, u32)>,
    /// The owners of files, the most frequent first.
    pub owners: Vec<Owner>,
    /// All layers have been read.
    pub is_whole: bool,
}

/// An owner of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The numbers of user and group: `0:0`.
    pub key: String,
    /// Their names, if there are any: `root:root`.
    pub name: String,
    /// The number of files and directories.
    pub count: u32,
}

/// The state of a layer and its figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerSummary {
    /// Its state.
    pub state: LayerState,
    /// The number of compressed bytes that were read.
    pub taken: u64,
    /// Its bytes were kept in this browser.
    pub is_kept: bool,
    /// Its table of contents was read alone.
    pub by_contents: bool,
    /// Files and directories.
    pub files: u64,
    /// The bytes of its files.
    pub size: u64,
    /// The number of paths that it adds.
    pub added: u32,
    /// The number of paths that it changes.
    pub changed: u32,
    /// The number of paths that it removes.
    pub removed: u32,
    /// The bytes of it that later layers replace or remove.
    pub wasted: u64,
}

/// The state of a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum LayerState {
    /// It is its turn later.
    #[default]
    Waiting,
    /// It is read when somebody asks for it.
    Held,
    /// It is being read.
    Reading,
    /// It was read, and is what its descriptor and its image's config say.
    Done,
    /// Its reading was ended.
    Cancelled,
    /// The page could not fetch it.
    NotFetched,
    /// It cannot be read.
    Refused(Fault),
}

/// The reason why something cannot be read or shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// A name for the sort of fault that does not change.
    pub code: String,
    /// The reason, in English.
    pub reason: String,
    /// The layer that it is about.
    pub layer: Option<u32>,
}

impl Fault {
    /// Returns `true` if there is no file at the path: nothing, or something else.
    pub fn is_no_file(&self) -> bool {
        matches!(self.code.as_str(), "no-such-file" | "not-a-file")
    }
}

/// A file that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenedFile {
    /// The path that was found, links followed.
    pub path: String,
    /// The layer that has it.
    pub layer: u32,
    /// The size in bytes.
    pub size: u64,
    /// The mode as `ls -l` has it.
    pub mode: String,
    /// The owner.
    pub owner: String,
    /// Seconds since 1970 of the last change.
    pub mtime: i64,
    /// The digest of its content; `None` if only its beginning was read.
    pub digest: Option<String>,
    /// The number of bytes from its beginning that were read; the size, unless it is larger than what is shown.
    pub shown: u64,
    /// The form in which it is shown.
    pub content: Content,
}

/// The form in which a file is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// Lines of text, which are asked for.
    Text {
        /// Their number.
        lines: u32,
    },
    /// A text of JSON.
    Json {
        /// The text.
        text: String,
    },
    /// A picture.
    Picture {
        /// Its address: `data:`, of a type that its first bytes show.
        address: String,
        /// Rows of 16 bytes.
        lines: u32,
    },
    /// Rows of 16 bytes, which are asked for as lines.
    Hex {
        /// Their number.
        lines: u32,
    },
    /// The lines of two texts.
    Difference {
        /// The number of lines.
        lines: u32,
        /// The number of lines that only the right one has.
        added: u32,
        /// The number of lines that only the left one has.
        removed: u32,
    },
    /// Two files that are no texts, of which nothing is shown.
    Binary,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Line {
    /// A line of text.
    Text(String),
    /// Bytes: their position, as hexadecimal digits, and as characters.
    Hex(String, String, String),
    /// A line of two texts: its number on the left and on the right, from 1, of the sides that have it.
    Difference(Option<u32>, Option<u32>, String),
}

/// The name of the cache in which layers are kept.
pub const KEPT_LAYERS: &str = "tallyman-layers-1";
/// The beginning of the addresses of kept layers; the repository and the digest stand behind it. No request is ever sent
/// there: `.invalid` names nothing.
pub const KEPT_LAYERS_BASE: &str = "https://content.invalid/";
/// Bytes of layers that are kept, at most.
pub const KEPT_LAYERS_MAX: u64 = 500_000_000;
