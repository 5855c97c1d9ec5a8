//! What a command line has around it: where its output goes as it comes, and where it may read.

use futures_util::future::LocalBoxFuture;
use tallyman_core::Digest;

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
    /// ValueKind bytes of the standard output: manifests are printed as they are, whatever is in them.
    fn stdout(&self, bytes: &[u8]);

    /// ValueKind text of the standard error.
    fn stderr(&self, text: &str);

    /// Whether a stream shows colours, and is to.
    fn has_colours(&self, _: Stream) -> bool {
        false
    }

    /// Characters in a line of the terminal that shows the standard error; nothing where none does.
    fn terminal_width(&self) -> Option<usize> {
        None
    }

    /// Whether nobody reads the standard output any more.
    fn reader_is_gone(&self) -> bool {
        false
    }
}

/// What a command line may read.
pub trait Input {
    /// The digest and the length of a file, or of the standard input where none is named. The machine does it, faster
    /// than this code could.
    ///
    /// # Errors
    /// What the machine says.
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>>;
}
