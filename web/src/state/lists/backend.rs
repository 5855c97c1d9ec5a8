//! The place where the local lists are: the browser's database, or memory where the browser refuses one.

use std::rc::Rc;

use tallyman_core::{ListEdit, ManifestList, Reference};
use tallyman_store::{IndexedDbStore, ListStore, ListSummary, Outcome, StoreError, Subscription};
use yew::Callback;

use super::session_store::SessionStore;

/// The place of the local lists.
#[derive(Clone)]
pub enum Backend {
    /// The browser's database, which all tabs share.
    Database(Rc<IndexedDbStore>),
    /// Memory, and the reason why there is no database.
    Session(Rc<SessionStore>, Rc<str>),
}

impl Backend {
    pub fn store(&self) -> Rc<dyn ListStore> {
        match self {
            Self::Database(store) => Rc::clone(store) as Rc<dyn ListStore>,
            Self::Session(store, _) => Rc::clone(store) as Rc<dyn ListStore>,
        }
    }

    /// Calls `changed` with the file name of each list that another tab changes, or what goes through the store itself.
    pub fn subscribe(&self, changed: Callback<String>) -> Option<Subscription> {
        match self {
            // A browser without channels between tabs shows their changes after a reload.
            Self::Database(store) => store.subscribe(move |name| changed.emit(name)).ok(),
            Self::Session(store, _) => {
                store.subscribe(changed);
                None
            }
        }
    }

    pub async fn summaries(&self) -> Result<Vec<ListSummary>, StoreError> {
        match self {
            Self::Database(store) => store.summaries().await,
            Self::Session(store, _) => store.summaries().await,
        }
    }

    pub async fn load(&self, list: &Reference) -> Result<Option<ManifestList>, StoreError> {
        self.store().load(list).await
    }

    pub async fn edit(&self, list: &Reference, edit: &ListEdit) -> Result<Outcome, StoreError> {
        match self {
            Self::Database(store) => store.edit(list, edit).await,
            Self::Session(store, _) => {
                with_list(store, ListStore::edit(&**store, list, edit).await?, list).await
            }
        }
    }

    pub async fn add(&self, list: &ManifestList) -> Result<Outcome, StoreError> {
        match self {
            Self::Database(store) => store.add(list).await,
            Self::Session(store, _) => {
                with_list(store, ListStore::add(&**store, list).await?, list.reference()).await
            }
        }
    }

    pub async fn rename(&self, from: &Reference, to: &Reference) -> Result<Outcome, StoreError> {
        match self {
            Self::Database(store) => store.rename(from, to).await,
            Self::Session(store, _) => {
                with_list(store, ListStore::rename(&**store, from, to).await?, to).await
            }
        }
    }

    pub async fn note(&self, key: &str) -> Option<String> {
        match self {
            // A note is a convenience: what depends on it works without.
            Self::Database(store) => store.note(key).await.ok().flatten(),
            Self::Session(store, _) => store.note(key),
        }
    }

    pub async fn set_note(&self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        match self {
            Self::Database(store) => store.set_note(key, value).await,
            Self::Session(store, _) => {
                store.set_note(key, value);
                Ok(())
            }
        }
    }
}

/// The outcome with the list as it is now.
async fn with_list(
    store: &SessionStore,
    outcome: Outcome<()>,
    list: &Reference,
) -> Result<Outcome, StoreError> {
    Ok(match outcome {
        Outcome::Done(()) => store.load(list).await?.map_or(Outcome::Gone, Outcome::Done),
        Outcome::Conflict(conflict) => Outcome::Conflict(conflict),
        Outcome::Taken => Outcome::Taken,
        Outcome::Gone => Outcome::Gone,
    })
}
