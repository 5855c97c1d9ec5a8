//! Messages between the page and the worker: JSON, and beside it bytes that are handed over without a copy.

mod contents;
mod kept_layers;
mod layers;
mod rows;

use serde::{Deserialize, Serialize};

pub use contents::{Content, Line, OpenedFile};
pub use kept_layers::{KEPT_LAYERS, KEPT_LAYERS_BASE, KEPT_LAYERS_MAX};
pub use layers::{LayerSource, LayerState, LayerSummary, Owner, Summary};
pub use rows::{Change, FileKind, Row, Subject, View};

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
        /// The URLs at which it is available.
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
