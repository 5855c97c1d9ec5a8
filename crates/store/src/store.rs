//! The interface of all stores.

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use tallyman_core::{Digest, EditConflict, ListEdit, ManifestList, Reference};
use thiserror::Error;

/// The reason why a list could not be read or kept. What was there before is there still.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or record cannot be read as an entry of a list. The message is Go's own if Docker would print one.
    #[error("{message}")]
    Damaged {
        /// The file or record.
        path: String,
        /// The reason.
        message: String,
    },
    /// Two entries of a list share a name in the store, as they would in Docker's.
    #[error(transparent)]
    NameTaken(#[from] tallyman_core::NameTaken),
    /// Two lists share a file name ([`Reference::file_name`]), as they would in Docker's store.
    #[error(
        "{list} and {present} have the same name in the local store ({}): only one of them can be kept; choose another name, or push or remove {present} first",
        list.file_name()
    )]
    ListNameTaken {
        /// The list that was asked for.
        list: Box<Reference>,
        /// The list that has the name.
        present: Box<Reference>,
    },
    /// The files or the database refuse.
    #[error("{message}")]
    Io {
        /// The sentence of the files or the database.
        message: String,
    },
}

/// The outcome of a change that looks first at what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T = ManifestList> {
    /// A change that was made. The browser's store returns the list as it is now.
    Done(T),
    /// Somebody else has changed the same entries meanwhile. Nothing was changed.
    Conflict(EditConflict),
    /// A list of that name is there already. Nothing was changed.
    Taken,
    /// A list that no longer exists. Nothing was changed.
    Gone,
}

impl<T> Outcome<T> {
    /// Returns the outcome without the list.
    pub fn without_list(self) -> Outcome<()> {
        match self {
            Self::Done(_) => Outcome::Done(()),
            Self::Conflict(conflict) => Outcome::Conflict(conflict),
            Self::Taken => Outcome::Taken,
            Self::Gone => Outcome::Gone,
        }
    }
}

/// The history of a list, as far as a store keeps it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListHistory {
    /// The time of the last change, in milliseconds since 1970.
    pub changed: Option<f64>,
    /// The last push; `None` if there was none.
    pub pushed: Option<LastPush>,
}

/// The last push of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct LastPush {
    /// The digest of the list at that time ([`ManifestList::digest`]).
    pub list: Digest,
    /// The digest that the registry has; another one if the push converted the list.
    pub digest: Digest,
    /// The time, in milliseconds since 1970.
    pub time: Option<f64>,
}

/// The future of an operation of a store. It is not `Send`.
pub type StoreFuture<'a, T> = LocalBoxFuture<'a, Result<T, StoreError>>;

/// A place for local lists.
///
/// Each change is whole or not at all, and made on what is there when it is made: whoever changes a list names the entries
/// that change ([`ListEdit`]), so that nobody overwrites what another program does meanwhile.
///
/// ```
/// use futures_util::FutureExt;
/// use tallyman_core::{ManifestList, Reference};
/// use tallyman_store::{ListStore, MemoryStore, Outcome};
///
/// let store = MemoryStore::new();
/// let list = ManifestList::new("ghcr.io/acme/app:v1".parse()?);
/// let ready = |future| FutureExt::now_or_never(future).expect("memory never waits");
/// assert_eq!(ready(store.add(&list)), Ok(Outcome::Done(())));
/// assert_eq!(ready(store.add(&list)), Ok(Outcome::Taken));
/// # Ok::<(), tallyman_core::ReferenceError>(())
/// ```
pub trait ListStore {
    /// Returns the names of all lists, in the order of their file names ([`Reference::file_name`]).
    fn names(&self) -> StoreFuture<'_, Vec<String>>;

    /// Returns a whole list; `None` if there is none of that name. A list may be there and be empty.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if an entry cannot be read, and those of the files or the database.
    fn load<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ManifestList>>;

    /// Returns the entries of `images` that a list has, and its form; `None` if there is no such list. Other entries may be
    /// damaged.
    ///
    /// # Errors
    /// As [`ListStore::load`], for these entries alone.
    fn load_entries<'a>(
        &'a self,
        list: &'a Reference,
        images: &'a [&'a Reference],
    ) -> StoreFuture<'a, Option<ManifestList>>;

    /// Keeps a whole list in place of what was there, whatever that was. Programs that change a list [edit](Self::edit) it.
    fn save<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, ()>;

    /// Keeps a new list: [`Outcome::Done`], or [`Outcome::Taken`] if there is one of that name.
    fn add<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, Outcome<()>>;

    /// Changes a list as it is now: [`Outcome::Done`], [`Outcome::Conflict`] if an entry that changes is not as the edit has
    /// seen it, or [`Outcome::Gone`] if there is no such list. Entries that the edit does not name may be damaged.
    fn edit<'a>(&'a self, list: &'a Reference, edit: &'a ListEdit) -> StoreFuture<'a, Outcome<()>>;

    /// Gives a list another name: [`Outcome::Done`], [`Outcome::Taken`] if a list has it, or [`Outcome::Gone`] if there is no
    /// such list.
    fn rename<'a>(&'a self, from: &'a Reference, to: &'a Reference) -> StoreFuture<'a, Outcome<()>>;

    /// Removes a list, damaged or not. Returns whether there was one.
    fn remove<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, bool>;

    /// Removes a list whose bytes ([`ManifestList::to_bytes`]) have this digest: the one that was pushed, and not what
    /// somebody has made of it meanwhile. Returns whether it was removed.
    fn remove_pushed<'a>(&'a self, list: &'a Reference, digest: &'a Digest) -> StoreFuture<'a, bool>;

    /// Returns the history of a list; `None` if the store keeps none.
    fn history<'a>(&'a self, _list: &'a Reference) -> StoreFuture<'a, Option<ListHistory>> {
        future::ready(Ok(None)).boxed_local()
    }

    /// Notes that a list was pushed: `list` was its digest, `digest` is what the registry has. The time is that of the call.
    fn note_push<'a>(
        &'a self,
        _reference: &'a Reference,
        _list: &'a Digest,
        _digest: &'a Digest,
    ) -> StoreFuture<'a, ()> {
        future::ready(Ok(())).boxed_local()
    }
}

/// Checks that a list which was found by the file name of `list` is that list.
///
/// # Errors
/// [`StoreError::ListNameTaken`] if it is another one.
pub(crate) fn check_list_name(list: &Reference, present: &Reference) -> Result<(), StoreError> {
    if list == present {
        return Ok(());
    }
    Err(StoreError::ListNameTaken { list: Box::new(list.clone()), present: Box::new(present.clone()) })
}
