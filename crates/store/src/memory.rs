//! Lists in memory.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_core::{ListEntry, ManifestList, Reference};

use crate::{ListStore, StoreError};

/// Lists in memory, gone with it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    lists: RefCell<BTreeMap<String, ManifestList>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl ListStore for MemoryStore {
    fn names(&self) -> LocalBoxFuture<'_, Result<Vec<String>, StoreError>> {
        let names = self.lists.borrow().keys().cloned().collect();
        async move { Ok(names) }.boxed_local()
    }

    fn load<'a>(
        &'a self,
        list: &'a Reference,
    ) -> LocalBoxFuture<'a, Result<Option<ManifestList>, StoreError>> {
        async move { Ok(self.lists.borrow().get(&list.file_name()).cloned()) }.boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        async move {
            self.lists.borrow_mut().insert(list.reference().file_name(), list.clone());
            Ok(())
        }
        .boxed_local()
    }

    fn put_entry<'a>(
        &'a self,
        list: &'a Reference,
        entry: &'a ListEntry,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let list = lists.entry(list.file_name()).or_insert_with(|| ManifestList::new(list.clone()));
            list.insert(entry.clone())?;
            Ok(())
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> LocalBoxFuture<'a, Result<bool, StoreError>> {
        async move { Ok(self.lists.borrow_mut().remove(&list.file_name()).is_some()) }.boxed_local()
    }
}
