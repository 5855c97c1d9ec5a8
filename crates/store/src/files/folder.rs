//! The file system as the store needs it: a few primitive operations, so that all rules are in one place.

use futures_util::future::LocalBoxFuture;
use thiserror::Error;

use crate::StoreError;

/// The kinds of failure that the store acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileErrorKind {
    /// No such file or folder.
    NotFound,
    /// A file or a folder of that name exists already, or a folder is not empty.
    Exists,
    /// Two paths are on different file systems.
    CrossDevice,
    /// A folder in place of a file.
    IsFolder,
    /// The user may not write here, or nobody may.
    ReadOnly,
    /// The disk, or the user's part of it, is full.
    Full,
    /// Another program that lives holds a lock.
    Held,
    /// Anything else.
    Other,
}

/// A failure of the file system, in the words that Go would use: `open PATH: file name too long`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct FileError {
    /// The kind of failure.
    pub kind: FileErrorKind,
    /// The sentence.
    pub message: String,
}

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        Self::Io { message: error.message }
    }
}

/// The program that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The number of its process.
    pub process: u32,
    /// The name of its machine, and the PID namespace in which the number counts: containers may share the name.
    pub host: String,
    /// A text that no other instance of a program has.
    pub instance: String,
}

/// A file system. Paths are whole, with `/` between their parts.
pub trait Folder {
    /// Returns the names in a folder, sorted by their bytes; `None` if there is no such folder.
    ///
    /// # Errors
    /// Any [`FileError`].
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError>;

    /// Returns the time at which a file was written last, or the names in a folder changed, in milliseconds since 1970; `None` if
    /// there is none, or the system does not say.
    fn changed(&self, _path: &str) -> Option<f64> {
        None
    }

    /// Returns the bytes of a regular file, or of one that a link leads to; `None` if there is none. It never waits for a
    /// pipe or a device.
    ///
    /// # Errors
    /// [`FileErrorKind::IsFolder`] or [`FileErrorKind::Other`] if it is no regular file, and any other.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError>;

    /// Creates a file of mode 644, and removes it if it cannot be written whole. With `durable` it returns when the bytes
    /// are on the disk.
    ///
    /// # Errors
    /// [`FileErrorKind::Exists`] if the name is taken, [`FileErrorKind::NotFound`] if the folder is missing, and any other.
    fn create_file(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), FileError>;

    /// Creates a folder of mode 755 and those above it, as far as they are missing.
    ///
    /// # Errors
    /// Any [`FileError`].
    fn create_folder(&self, path: &str) -> Result<(), FileError>;

    /// Renames a file, in place of one of that name, or a folder, where none is.
    ///
    /// # Errors
    /// [`FileErrorKind::NotFound`], [`FileErrorKind::Exists`] if a folder is there that is not empty,
    /// [`FileErrorKind::CrossDevice`], and any other.
    fn rename(&self, from: &str, to: &str) -> Result<(), FileError>;

    /// Removes a file, or a link and not what it leads to.
    ///
    /// # Errors
    /// [`FileErrorKind::NotFound`], [`FileErrorKind::IsFolder`], and any other.
    fn remove_file(&self, path: &str) -> Result<(), FileError>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// [`FileErrorKind::NotFound`], [`FileErrorKind::Exists`] if it is not empty, and any other.
    fn remove_folder(&self, path: &str) -> Result<(), FileError>;

    /// Returns when the names in a folder are on the disk.
    ///
    /// # Errors
    /// Any [`FileError`].
    fn sync(&self, path: &str) -> Result<(), FileError>;

    /// Returns who this program is, for locks.
    fn holder(&self) -> Holder;

    /// Returns `true` if a process of this machine has that number; `None` if the system does not say.
    fn is_alive(&self, process: u32) -> Option<bool>;

    /// Waits for some ten milliseconds.
    fn pause(&self) -> LocalBoxFuture<'_, ()>;
}
