//! Contents of files in messages.

use serde::{Deserialize, Serialize};

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
