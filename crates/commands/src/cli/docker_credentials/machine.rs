//! The machine that the Docker CLI's credentials are on.

use futures_util::future::LocalBoxFuture;
use tallyman_store::Folder;

/// The files, the environment and the helper programs of a machine. Errors are in Go's words: `open PATH: permission denied`.
pub trait Machine {
    /// The file system of the machine.
    type Files: Folder;

    /// Returns the file system, for locks.
    fn files(&self) -> Self::Files;

    /// Returns a variable of the environment; `None` if it is not set.
    fn env(&self, name: &str) -> Option<String>;

    /// Returns the user's home folder.
    fn homedir(&self) -> String;

    /// Returns the number of the user on Linux; `None` on other systems.
    fn uid(&self) -> Option<u32>;

    /// Returns the bytes of a file; `None` if there is no file.
    ///
    /// # Errors
    /// The system's message.
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// Creates a folder into which its user alone may look, and those above it, as far as they are missing.
    ///
    /// # Errors
    /// The system's message.
    fn create_secret_folder(&self, path: &str) -> Result<(), String>;

    /// Writes a file in a folder that is there, whole or not at all. One that is there keeps its owner and its mode, a new one its
    /// user alone may read; links are followed.
    ///
    /// # Errors
    /// The system's message.
    fn write_secret(&self, path: &str, bytes: &[u8]) -> Result<(), String>;

    /// Runs a credential helper for one action, with `input` on its standard input. It is ended after a while.
    ///
    /// # Errors
    /// A sentence if it cannot be run, or does not come to its end.
    fn run_helper<'a>(
        &'a self,
        program: &'a str,
        action: &'a str,
        input: &'a str,
    ) -> LocalBoxFuture<'a, Result<HelperOutput, String>>;

    /// Returns the name of the platform's own credential helper; `None` if it is not installed.
    fn default_helper(&self) -> Option<String>;

    /// Writes text to the standard error.
    fn stderr(&self, text: &str);

    /// Returns the milliseconds since some moment in the past.
    fn now(&self) -> f64;
}

/// The end of a credential helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperOutput {
    /// Its exit code; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
}
