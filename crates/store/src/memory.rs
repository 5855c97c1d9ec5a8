//! Lists in memory.

use std::{
    cell::RefCell,
    collections::{BTreeMap, btree_map::Entry},
};

use futures_util::FutureExt;
use tallyman_core::{Digest, ListEdit, ManifestList, Reference};

use crate::{ListStore, Outcome, StoreFuture};

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
    fn names(&self) -> StoreFuture<'_, Vec<String>> {
        async move { Ok(self.lists.borrow().keys().cloned().collect()) }.boxed_local()
    }

    fn load<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ManifestList>> {
        async move { Ok(self.lists.borrow().get(&list.file_name()).cloned()) }.boxed_local()
    }

    fn load_entries<'a>(
        &'a self,
        list: &'a Reference,
        images: &'a [&'a Reference],
    ) -> StoreFuture<'a, Option<ManifestList>> {
        async move {
            let lists = self.lists.borrow();
            let Some(list) = lists.get(&list.file_name()) else { return Ok(None) };
            let names: Vec<String> = images.iter().map(|image| image.file_name()).collect();
            let mut some = list.clone();
            for entry in list.iter().filter(|entry| !names.contains(&entry.reference.file_name())) {
                some.remove(&entry.reference);
            }
            Ok(Some(some))
        }
        .boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, ()> {
        async move {
            self.lists.borrow_mut().insert(list.reference().file_name(), list.clone());
            Ok(())
        }
        .boxed_local()
    }

    fn add<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, Outcome<()>> {
        async move {
            Ok(match self.lists.borrow_mut().entry(list.reference().file_name()) {
                Entry::Occupied(_) => Outcome::Taken,
                Entry::Vacant(place) => {
                    place.insert(list.clone());
                    Outcome::Done(())
                }
            })
        }
        .boxed_local()
    }

    fn edit<'a>(&'a self, list: &'a Reference, edit: &'a ListEdit) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let Some(list) = lists.get_mut(&list.file_name()) else { return Ok(Outcome::Gone) };
            Ok(edit.apply(list).map_or_else(Outcome::Conflict, Outcome::Done))
        }
        .boxed_local()
    }

    fn rename<'a>(&'a self, from: &'a Reference, to: &'a Reference) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let Some(list) = lists.get(&from.file_name()) else { return Ok(Outcome::Gone) };
            if lists.contains_key(&to.file_name()) {
                return Ok(Outcome::Taken);
            }
            let renamed = list.renamed(to.clone());
            lists.remove(&from.file_name());
            lists.insert(to.file_name(), renamed);
            Ok(Outcome::Done(()))
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, bool> {
        async move { Ok(self.lists.borrow_mut().remove(&list.file_name()).is_some()) }.boxed_local()
    }

    fn remove_pushed<'a>(&'a self, list: &'a Reference, digest: &'a Digest) -> StoreFuture<'a, bool> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let is_pushed = lists.get(&list.file_name()).is_some_and(|list| list.digest() == *digest);
            Ok(is_pushed && lists.remove(&list.file_name()).is_some())
        }
        .boxed_local()
    }
}
