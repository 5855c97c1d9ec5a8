//! Lists in files, in the Docker CLI's own form: `FOLDER/LIST/ENTRY`.

mod folder;

use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_core::{ListEntry, ManifestList, Reference};
use thiserror::Error;

use crate::{
    ListStore, StoreError,
    docker::{decode_form, decode_list, encode_entry, encode_list},
};

pub use folder::Folder;

/// What the file system says, in the words that Go would use: `open PATH: file name too long`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct FileError(pub String);

impl From<FileError> for StoreError {
    fn from(error: FileError) -> Self {
        Self::Io { message: error.0 }
    }
}

/// Files of some machine. Paths are whole, with `/` between their parts.
pub trait Files {
    /// The names in a folder, sorted by their bytes; nothing where there is no such folder.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn list_dir(&self, path: &str) -> Result<Option<Vec<String>>, FileError>;

    /// The bytes of a file; nothing where there is none.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError>;

    /// Writes a file whole or not at all, and the folders above it where they are missing.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn write_atomic(&self, path: &str, bytes: &[u8]) -> Result<(), FileError>;

    /// Makes a folder hold just these files. A new folder appears whole.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn replace_dir(&self, path: &str, files: &[(String, Vec<u8>)]) -> Result<(), FileError>;

    /// Removes a folder and all that is in it.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn remove_dir(&self, path: &str) -> Result<(), FileError>;
}

/// Lists in a folder, one folder each, one file an entry: the Docker CLI's `manifests`.
#[derive(Debug)]
pub struct FileStore<F> {
    files: F,
    folder: String,
}

impl<F: Files> FileStore<F> {
    /// The store in `folder`, which need not be there yet.
    pub fn new(files: F, folder: impl Into<String>) -> Self {
        Self { files, folder: folder.into() }
    }

    fn path(&self, list: &Reference) -> String {
        format!("{}/{}", self.folder, list.file_name())
    }

    fn read(&self, reference: &Reference) -> Result<Option<ManifestList>, StoreError> {
        let folder = self.path(reference);
        let Some(names) = self.files.list_dir(&folder)? else { return Ok(None) };
        let mut files = Vec::with_capacity(names.len());
        for name in names {
            let path = format!("{folder}/{name}");
            // A file that vanished since the folder was read is no entry any more.
            if let Some(bytes) = self.files.read(&path)? {
                files.push((path, bytes));
            }
        }
        decode_list(reference, files.iter().map(|(path, bytes)| (&**path, &**bytes))).map(Some)
    }
}

impl<F: Files> ListStore for FileStore<F> {
    fn names(&self) -> LocalBoxFuture<'_, Result<Vec<String>, StoreError>> {
        async move {
            let names = self.files.list_dir(&self.folder)?.unwrap_or_default();
            // No reference begins with a dot: what does is a change that somebody is in the middle of.
            Ok(names.into_iter().filter(|name| !name.starts_with('.')).collect())
        }
        .boxed_local()
    }

    fn load<'a>(
        &'a self,
        list: &'a Reference,
    ) -> LocalBoxFuture<'a, Result<Option<ManifestList>, StoreError>> {
        async move { self.read(list) }.boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        async move {
            let files: Vec<_> = encode_list(list).collect();
            Ok(self.files.replace_dir(&self.path(list.reference()), &files)?)
        }
        .boxed_local()
    }

    fn put_entry<'a>(
        &'a self,
        list: &'a Reference,
        entry: &'a ListEntry,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        async move {
            let path = format!("{}/{}", self.path(list), entry.reference.file_name());
            let form = self.files.read(&path)?.and_then(|bytes| decode_form(&bytes)).unwrap_or_default();
            Ok(self.files.write_atomic(&path, &encode_entry(entry, &form))?)
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> LocalBoxFuture<'a, Result<bool, StoreError>> {
        async move {
            let path = self.path(list);
            let was_there = self.files.list_dir(&path)?.is_some();
            if was_there {
                self.files.remove_dir(&path)?;
            }
            Ok(was_there)
        }
        .boxed_local()
    }
}
