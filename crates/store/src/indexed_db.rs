//! Lists in a browser's IndexedDB: one record for each list and one for each entry, one transaction for each change.
//! Other tabs hear of it.

mod announcements;
mod changes;

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use futures_util::FutureExt;
use indexed_db_futures::{
    database::Database,
    error::{DomException, Error, OpenDbError},
    internals::{DbSys, SystemRepr},
    object_store::ObjectStore,
    prelude::{Build, BuildPrimitive, QuerySource},
    transaction::{Transaction, TransactionMode},
};
use js_sys::{Reflect, Uint8Array};
use tallyman_core::{Digest, IndexForm, ListEdit, ListEntry, ManifestList, Reference};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use crate::{
    ListStore, Outcome, StoreError, StoreFuture,
    docker::{FileChange, decode_entries, decode_list, edit_files, encode_entry},
    store::check_list_name,
};

pub use announcements::Subscription;
use announcements::announce;
pub use changes::ListSummary;

/// 1 had lists and entries alone.
const VERSION: u8 = 2;
/// Key: file name of the list. Value: its reference.
const LISTS: &str = "lists";
/// Key: file names of list and entry with a slash between. Value: the entry's file, byte for byte.
const ENTRIES: &str = "entries";
/// Key: file name of the list. Value: when it was changed last, in milliseconds since 1970.
const CHANGED: &str = "changed";
/// Key and value: whatever the program wants to keep beside the lists.
const NOTES: &str = "notes";

/// Lists in a browser's IndexedDB.
#[derive(Debug)]
pub struct IndexedDbStore {
    database: Database,
    name: String,
    /// The reason why the connection has ended.
    closed: Rc<Cell<Option<&'static str>>>,
    _listeners: [Closure<dyn FnMut(JsValue)>; 2],
}

impl IndexedDbStore {
    /// Opens the database `name`, and makes it where it is not there yet.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the browser refuses: private windows, a newer version of the app in another tab, a damaged profile.
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        Self::open_with_blocked_handler(name, || ()).await
    }

    /// Opens as [`IndexedDbStore::open`] does; `blocked` is called where another tab holds an older version of the database, for
    /// which the browser waits.
    ///
    /// # Errors
    /// As [`IndexedDbStore::open`].
    pub async fn open_with_blocked_handler(
        name: &str,
        blocked: impl FnOnce() + 'static,
    ) -> Result<Self, StoreError> {
        let opening = Database::open(name)
            .with_version(VERSION)
            .with_on_blocked(move |_| {
                blocked();
                Ok(())
            })
            .with_on_upgrade_needed(|_, database| {
                let present: Vec<String> = database.object_store_names().collect();
                for store in [LISTS, ENTRIES, CHANGED, NOTES] {
                    if !present.iter().any(|name| name == store) {
                        database.create_object_store(store).build()?;
                    }
                }
                Ok(())
            });
        let database: Database = opening.await.map_err(|error| not_opened(name, &error))?;
        let closed = Rc::default();
        let listeners = listen(database.as_sys(), &closed);
        Ok(Self { database, name: name.to_owned(), closed, _listeners: listeners })
    }

    /// Calls `listener` with the file name of each list that another tab changes, for as long as the subscription is
    /// kept.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the browser has no channels between tabs.
    pub fn subscribe(&self, listener: impl FnMut(String) + 'static) -> Result<Subscription, StoreError> {
        Subscription::new(&self.name, listener)
    }

    fn transaction(&self, mode: TransactionMode) -> Result<Transaction<'_>, StoreError> {
        self.transaction_over([LISTS, ENTRIES, CHANGED], mode)
    }

    fn transaction_over<const N: usize>(
        &self,
        stores: [&'static str; N],
        mode: TransactionMode,
    ) -> Result<Transaction<'_>, StoreError> {
        if let Some(reason) = self.closed.get() {
            return Err(StoreError::Io {
                message: format!("{reason}: nothing was changed; reload this page"),
            });
        }
        let transaction = self.database.transaction(stores).with_mode(mode).build();
        transaction.map_err(|error| failed(&error))
    }

    async fn committed(&self, transaction: Transaction<'_>, list: &str) -> Result<(), StoreError> {
        transaction.commit().await.map_err(|error| failed(&error))?;
        announce(&self.name, list);
        Ok(())
    }

    async fn read(&self, list: &Reference) -> Result<Option<ManifestList>, StoreError> {
        Self::read_in(&self.transaction(TransactionMode::Readonly)?, list).await
    }

    async fn read_in(
        transaction: &Transaction<'_>,
        list: &Reference,
    ) -> Result<Option<ManifestList>, StoreError> {
        let name = list.file_name();
        let Some(files) = files_in(transaction, list).await? else { return Ok(None) };
        let files: Vec<_> = files.iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)).collect();
        decode_list(list, files.iter().map(|(path, bytes)| (&**path, bytes.as_slice()))).map(Some)
    }
}

/// Returns the files of a list by name; `None` if there is no such list.
///
/// # Errors
/// [`StoreError::ListNameTaken`] if another list has its file name.
async fn files_in(
    transaction: &Transaction<'_>,
    reference: &Reference,
) -> Result<Option<BTreeMap<String, Vec<u8>>>, StoreError> {
    let is_there = has(&store(transaction, LISTS)?, reference).await?;
    let list = &*reference.file_name();
    let entries = store(transaction, ENTRIES)?;
    let keys = entries.get_all_keys::<String>().with_query::<String, _>(keys_of(list)).primitive();
    let keys = keys.map_err(|error| failed(&error))?.await.map_err(|error| failed(&error))?;
    let values = entries.get_all::<JsValue>().with_query::<String, _>(keys_of(list)).primitive();
    let values = values.map_err(|error| failed(&error))?.await.map_err(|error| failed(&error))?;
    if !is_there {
        return Ok(None);
    }
    let mut files = BTreeMap::new();
    for (key, value) in keys.zip(values) {
        let (key, value) = (key.map_err(|error| failed(&error))?, value.map_err(|error| failed(&error))?);
        let bytes = value.dyn_into::<Uint8Array>().map(|bytes| bytes.to_vec()).unwrap_or_default();
        files.insert(key[list.len() + 1..].to_owned(), bytes);
    }
    Ok(Some(files))
}

impl IndexedDbStore {
    /// Removes a list, with a digest only if its bytes have it.
    async fn remove_if(&self, list: &Reference, digest: Option<&Digest>) -> Result<bool, StoreError> {
        let name = list.file_name();
        let transaction = self.transaction(TransactionMode::Readwrite)?;
        let is_wanted = match digest {
            None => has(&store(&transaction, LISTS)?, list).await?,
            Some(digest) => {
                Self::read_in(&transaction, list).await?.is_some_and(|list| list.digest() == *digest)
            }
        };
        if is_wanted {
            take_out(&transaction, &name)?;
            self.committed(transaction, &name).await?;
        }
        Ok(is_wanted)
    }
}

impl ListStore for IndexedDbStore {
    fn names(&self) -> StoreFuture<'_, Vec<String>> {
        async move {
            let transaction = self.transaction(TransactionMode::Readonly)?;
            let keys = store(&transaction, LISTS)?.get_all_keys::<String>().primitive();
            let keys = keys.map_err(|error| failed(&error))?.await.map_err(|error| failed(&error))?;
            keys.map(|key| key.map_err(|error| failed(&error))).collect()
        }
        .boxed_local()
    }

    fn load<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ManifestList>> {
        self.read(list).boxed_local()
    }

    fn load_entries<'a>(
        &'a self,
        list: &'a Reference,
        images: &'a [&'a Reference],
    ) -> StoreFuture<'a, Option<ManifestList>> {
        async move {
            let transaction = self.transaction(TransactionMode::Readonly)?;
            let files = files_in(&transaction, list).await?;
            files.map(|files| decode_entries(list, &files, images)).transpose()
        }
        .boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, ()> {
        async move {
            let name = list.reference().file_name();
            let transaction = self.transaction(TransactionMode::Readwrite)?;
            has(&store(&transaction, LISTS)?, list.reference()).await?;
            put_list(&transaction, &name, list.reference())?;
            let entries = store(&transaction, ENTRIES)?;
            clear(&entries, &name)?;
            for entry in list.iter() {
                put_entry(&entries, &name, entry, list.form())?;
            }
            drop(entries);
            self.committed(transaction, &name).await
        }
        .boxed_local()
    }

    fn add<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, Outcome<()>> {
        async move { Ok(Self::add(self, list).await?.without_list()) }.boxed_local()
    }

    fn edit<'a>(&'a self, list: &'a Reference, edit: &'a ListEdit) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let name = list.file_name();
            let transaction = self.transaction(TransactionMode::Readwrite)?;
            let Some(files) = files_in(&transaction, list).await? else { return Ok(Outcome::Gone) };
            let changes = match edit_files(list, &files, edit)? {
                Ok(changes) => changes,
                Err(conflict) => return Ok(Outcome::Conflict(conflict)),
            };
            put_list(&transaction, &name, list)?;
            let entries = store(&transaction, ENTRIES)?;
            for FileChange { name: file, after } in changes {
                change_file(&entries, format!("{name}/{file}"), after.as_deref())?;
            }
            drop(entries);
            self.committed(transaction, &name).await?;
            Ok(Outcome::Done(()))
        }
        .boxed_local()
    }

    fn rename<'a>(&'a self, from: &'a Reference, to: &'a Reference) -> StoreFuture<'a, Outcome<()>> {
        async move { Ok(Self::rename(self, from, to).await?.without_list()) }.boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, bool> {
        self.remove_if(list, None).boxed_local()
    }

    fn remove_pushed<'a>(&'a self, list: &'a Reference, digest: &'a Digest) -> StoreFuture<'a, bool> {
        self.remove_if(list, Some(digest)).boxed_local()
    }
}

/// The keys of a list's entries. A file name has no slash, and the character after the slash is the zero.
fn keys_of(list: &str) -> std::ops::Range<String> {
    format!("{list}/")..format!("{list}0")
}

fn store<'a>(transaction: &'a Transaction<'_>, name: &str) -> Result<ObjectStore<'a>, StoreError> {
    transaction.object_store(name).map_err(|error| failed(&error))
}

/// Returns `true` if there is a list of this name.
///
/// # Errors
/// [`StoreError::ListNameTaken`] if another list has its file name.
async fn has(lists: &ObjectStore<'_>, list: &Reference) -> Result<bool, StoreError> {
    let found = lists.get::<String, String, _>(list.file_name()).primitive();
    let found = found.map_err(|error| failed(&error))?.await.map_err(|error| failed(&error))?;
    // Only names that were references have been kept.
    let present = found.as_ref().and_then(|name| name.parse().ok());
    present.map_or(Ok(()), |present| check_list_name(list, &present))?;
    Ok(found.is_some())
}

fn key_of(list: &str, entry: &ListEntry) -> String {
    format!("{list}/{}", entry.reference.file_name())
}

// The requests below are sent without waiting: the transaction's commit waits for them, and fails with them.

fn put_list(transaction: &Transaction<'_>, name: &str, reference: &Reference) -> Result<(), StoreError> {
    let put = store(transaction, LISTS)?.put(reference.to_string()).with_key(name.to_owned()).primitive();
    put.map(drop).map_err(|error| failed(&error))?;
    let put = store(transaction, CHANGED)?.put(js_sys::Date::now()).with_key(name.to_owned()).primitive();
    put.map(drop).map_err(|error| failed(&error))
}

fn take_out(transaction: &Transaction<'_>, name: &str) -> Result<(), StoreError> {
    for place in [LISTS, CHANGED] {
        let removed = store(transaction, place)?.delete::<String, _>(name.to_owned()).primitive();
        removed.map(drop).map_err(|error| failed(&error))?;
    }
    clear(&store(transaction, ENTRIES)?, name)
}

fn put_entry(
    entries: &ObjectStore<'_>,
    list: &str,
    entry: &ListEntry,
    form: &IndexForm,
) -> Result<(), StoreError> {
    change_file(entries, key_of(list, entry), Some(&encode_entry(entry, form)))
}

/// Keeps the bytes of an entry, or removes it.
fn change_file(entries: &ObjectStore<'_>, key: String, bytes: Option<&[u8]>) -> Result<(), StoreError> {
    let changed = match bytes {
        Some(bytes) => {
            let value: JsValue = Uint8Array::from(bytes).into();
            entries.put(value).with_key(key).primitive().map(drop)
        }
        None => entries.delete::<String, _>(key).primitive().map(drop),
    };
    changed.map_err(|error| failed(&error))
}

fn clear(entries: &ObjectStore<'_>, list: &str) -> Result<(), StoreError> {
    entries.delete::<String, _>(keys_of(list)).primitive().map(drop).map_err(|error| failed(&error))
}

/// Listens for what ends a connection, and puts the reason into `closed`.
fn listen(connection: &DbSys, closed: &Rc<Cell<Option<&'static str>>>) -> [Closure<dyn FnMut(JsValue)>; 2] {
    let giving_way = {
        let (connection, closed) = (connection.clone(), Rc::clone(closed));
        Closure::new(move |event: JsValue| {
            let version = Reflect::get(&event, &"newVersion".into());
            let is_deleted = version.is_ok_and(|version| version.is_null());
            closed.set(Some(if is_deleted {
                "the browser's database was deleted"
            } else {
                "a newer version of this app has opened the database in another tab"
            }));
            // An upgrade waits until no connection holds this version.
            connection.close();
        })
    };
    let ended = {
        let closed = Rc::clone(closed);
        Closure::new(move |_| closed.set(Some("the browser has closed its database")))
    };
    connection.set_onversionchange(Some(giving_way.as_ref().unchecked_ref()));
    connection.set_onclose(Some(ended.as_ref().unchecked_ref()));
    [giving_way, ended]
}

fn failed(error: &Error) -> StoreError {
    let message = match name_of(error).as_deref() {
        Some("QuotaExceededError") => {
            "expected room for the list, found the browser's storage full: nothing was changed; remove lists or free disk space, and try again".to_owned()
        }
        _ => format!("the browser's database refused: {error}; nothing was changed"),
    };
    StoreError::Io { message }
}

fn not_opened(name: &str, error: &OpenDbError) -> StoreError {
    let cause = match error {
        OpenDbError::Base(error) => name_of(error),
        _ => None,
    };
    let message = match cause.as_deref() {
        // The version is not zero: the library calls every refusal that comes before the request so.
        None if matches!(error, OpenDbError::VersionZero) => format!(
            "the browser refuses to store anything for this page, its database {name} included: private windows and blocked site data do that"
        ),
        Some("VersionError") => format!(
            "expected version {VERSION} of the database {name}, found a newer one: another tab runs a newer version of this app; reload this one"
        ),
        _ => format!("the browser does not open its database {name}: {error}; private windows may have none"),
    };
    StoreError::Io { message }
}

/// The browser's name for what went wrong.
fn name_of(error: &Error) -> Option<String> {
    match error {
        Error::DomException(DomException::Other(exception)) => Some(exception.name()),
        _ => None,
    }
}
