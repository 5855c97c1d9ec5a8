//! What every store can do.

use futures_util::future::LocalBoxFuture;
use tallyman_core::{ListEntry, ManifestList, Reference};
use thiserror::Error;

/// Why a list could not be read or kept. What was there before is there still.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What is kept cannot be read as an entry of a list. The message is Go's own, where Docker would print one.
    #[error("{message}")]
    Damaged {
        /// The file or record.
        path: String,
        /// What is wrong with it.
        message: String,
    },
    /// Two lists or two entries share a name in the store, as they would in Docker's.
    #[error(transparent)]
    NameTaken(#[from] tallyman_core::NameTaken),
    /// The files or the database say no.
    #[error("{message}")]
    Io {
        /// What they say.
        message: String,
    },
}

/// A place for local lists. Futures are not `Send`.
pub trait ListStore {
    /// The names of all lists, in the order of their file names ([`Reference::file_name`]).
    fn names(&self) -> LocalBoxFuture<'_, Result<Vec<String>, StoreError>>;

    /// A whole list, or nothing where there is none of that name. A list may be there and be empty.
    fn load<'a>(
        &'a self,
        list: &'a Reference,
    ) -> LocalBoxFuture<'a, Result<Option<ManifestList>, StoreError>>;

    /// Keeps a whole list in place of what was there: all of it or nothing.
    fn save<'a>(&'a self, list: &'a ManifestList) -> LocalBoxFuture<'a, Result<(), StoreError>>;

    /// Keeps one entry of a list in place of the one of that name.
    fn put_entry<'a>(
        &'a self,
        list: &'a Reference,
        entry: &'a ListEntry,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>>;

    /// Removes a list, damaged or not. Whether there was one.
    fn remove<'a>(&'a self, list: &'a Reference) -> LocalBoxFuture<'a, Result<bool, StoreError>>;
}
