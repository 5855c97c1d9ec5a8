//! The streams and files of a command line, and text that is safe to print on them.

use std::rc::Rc;

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use serde_json::Value;
use tallyman_core::Digest;
pub(crate) use tallyman_core::terminal::json;
pub(super) use tallyman_core::terminal::{line, lines, text};

/// One of the two streams of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// The standard output.
    Stdout,
    /// The standard error.
    Stderr,
}

/// The two streams of a command line.
pub trait Output {
    /// Writes bytes to the standard output: manifests are printed as they are, whatever is in them.
    fn stdout(&self, bytes: &[u8]);

    /// Writes text to the standard error.
    fn stderr(&self, text: &str);

    /// Returns `true` if a stream is to be printed in colours.
    fn has_colours(&self, _: Stream) -> bool {
        false
    }

    /// Writes a file, whole or not at all. What is no regular file, such as a pipe, is opened and written; links are followed.
    ///
    /// # Errors
    /// The system's message.
    fn write_file(&self, _: &str, _: &[u8]) -> Result<(), String> {
        Err("files cannot be written here".to_owned())
    }

    /// Checks that a file can be written, before anything is done of which it is to tell.
    ///
    /// # Errors
    /// The system's message.
    fn check_file(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    /// Returns `true` if a terminal shows the stream.
    fn is_terminal(&self, _: Stream) -> bool {
        false
    }

    /// Characters in a line of the terminal that shows the standard error; nothing where none does.
    fn terminal_width(&self) -> Option<usize> {
        None
    }

    /// Returns `true` if warnings are printed as JSON.
    fn logs_json(&self) -> bool {
        false
    }

    /// Returns `true` if nobody reads the standard output any more.
    fn reader_is_gone(&self) -> bool {
        false
    }
}

/// Text whose bytes come in pieces, cut anywhere: a character that is not whole waits for its rest.
#[derive(Debug, Default)]
pub struct CharacterBuffer(Vec<u8>);

impl CharacterBuffer {
    /// Adds a piece. Returns the bytes up to the end of the last whole character; all of them where they are no UTF-8.
    pub fn add(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.0.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.0) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.0.len(),
        };
        self.0.drain(..whole).collect()
    }

    /// Returns the number of bytes that wait for the rest of their character.
    pub fn waiting(&self) -> usize {
        self.0.len()
    }
}

/// An output on which warnings are JSON.
pub(super) struct JsonLog {
    pub output: Rc<dyn Output>,
    /// All of the standard error is a log: no line of it is written over.
    pub is_log: bool,
}

impl Output for JsonLog {
    fn stdout(&self, bytes: &[u8]) {
        self.output.stdout(bytes);
    }

    fn stderr(&self, text: &str) {
        self.output.stderr(text);
    }

    fn has_colours(&self, stream: Stream) -> bool {
        self.output.has_colours(stream)
    }

    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.output.write_file(path, bytes)
    }

    fn check_file(&self, path: &str) -> Result<(), String> {
        self.output.check_file(path)
    }

    fn is_terminal(&self, stream: Stream) -> bool {
        self.output.is_terminal(stream)
    }

    fn terminal_width(&self) -> Option<usize> {
        self.output.terminal_width().filter(|_| !self.is_log)
    }

    fn logs_json(&self) -> bool {
        true
    }

    fn reader_is_gone(&self) -> bool {
        self.output.reader_is_gone()
    }
}

/// The files and the standard input of a command line.
pub trait Input {
    /// The digest and the length of a file, or of the standard input where none is named; the digest of a signed manifest in schema 1
    /// is that of its [payload](tallyman_core::Schema1::payload). The machine hashes, faster than this code could.
    ///
    /// # Errors
    /// What the machine says.
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>>;

    /// The bytes of a file, or of the standard input if none is named.
    ///
    /// # Errors
    /// The system's message.
    fn read<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<Vec<u8>, String>> {
        let name = file.unwrap_or("/dev/stdin");
        future::ready(Err(format!("open {name}: no such file or directory"))).boxed_local()
    }
}

/// Writes a line of the log as JSON to the standard error.
pub(super) fn log(output: &dyn Output, line: &Value) {
    output.stderr(&format!("{}\n", json(&line.to_string())));
}
