//! Lists in memory.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::{FutureExt, future};
use tallyman_core::{Digest, ListEdit, ManifestList, Reference};

use crate::{LastPush, ListHistory, ListStore, Outcome, StoreError, StoreFuture, store::check_list_name};

/// Lists in memory, gone with it.
#[derive(Debug, Default)]
pub struct MemoryStore {
    lists: RefCell<BTreeMap<String, ManifestList>>,
    pushed: RefCell<BTreeMap<String, LastPush>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the list with this file name ([`Reference::file_name`]); `None` if there is none.
    pub fn named(&self, file_name: &str) -> Option<ManifestList> {
        self.lists.borrow().get(file_name).cloned()
    }

    fn forget(&self, lists: &mut BTreeMap<String, ManifestList>, list: &Reference) {
        lists.remove(&list.file_name());
        self.pushed.borrow_mut().remove(&list.file_name());
    }
}

/// Returns the list of this name; `None` if there is none.
///
/// # Errors
/// [`StoreError::ListNameTaken`] if another list has its file name.
fn find<'a>(
    lists: &'a mut BTreeMap<String, ManifestList>,
    list: &Reference,
) -> Result<Option<&'a mut ManifestList>, StoreError> {
    let Some(found) = lists.get_mut(&list.file_name()) else { return Ok(None) };
    check_list_name(list, found.reference())?;
    Ok(Some(found))
}

impl ListStore for MemoryStore {
    fn names(&self) -> StoreFuture<'_, Vec<String>> {
        async move { Ok(self.lists.borrow().keys().cloned().collect()) }.boxed_local()
    }

    fn load<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ManifestList>> {
        async move { Ok(find(&mut self.lists.borrow_mut(), list)?.cloned()) }.boxed_local()
    }

    fn load_entries<'a>(
        &'a self,
        list: &'a Reference,
        images: &'a [&'a Reference],
    ) -> StoreFuture<'a, Option<ManifestList>> {
        async move {
            let Some(mut some) = self.load(list).await? else { return Ok(None) };
            let names: Vec<String> = images.iter().map(|image| image.file_name()).collect();
            let all: Vec<Reference> = some.iter().map(|entry| entry.reference.clone()).collect();
            for other in all.iter().filter(|image| !names.contains(&image.file_name())) {
                some.remove(other);
            }
            Ok(Some(some))
        }
        .boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, ()> {
        async move {
            let mut lists = self.lists.borrow_mut();
            find(&mut lists, list.reference())?;
            lists.insert(list.reference().file_name(), list.clone());
            Ok(())
        }
        .boxed_local()
    }

    fn add<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let mut lists = self.lists.borrow_mut();
            if find(&mut lists, list.reference())?.is_some() {
                return Ok(Outcome::Taken);
            }
            lists.insert(list.reference().file_name(), list.clone());
            Ok(Outcome::Done(()))
        }
        .boxed_local()
    }

    fn edit<'a>(&'a self, list: &'a Reference, edit: &'a ListEdit) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let Some(list) = find(&mut lists, list)? else { return Ok(Outcome::Gone) };
            Ok(edit.apply(list).map_or_else(Outcome::Conflict, Outcome::Done))
        }
        .boxed_local()
    }

    fn rename<'a>(&'a self, from: &'a Reference, to: &'a Reference) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let Some(renamed) = find(&mut lists, from)?.map(|list| list.renamed(to.clone())) else {
                return Ok(Outcome::Gone);
            };
            if find(&mut lists, to)?.is_some() {
                return Ok(Outcome::Taken);
            }
            lists.remove(&from.file_name());
            lists.insert(to.file_name(), renamed);
            let mut pushed = self.pushed.borrow_mut();
            if let Some(push) = pushed.remove(&from.file_name()) {
                pushed.insert(to.file_name(), push);
            }
            Ok(Outcome::Done(()))
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, bool> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let is_there = find(&mut lists, list)?.is_some();
            if is_there {
                self.forget(&mut lists, list);
            }
            Ok(is_there)
        }
        .boxed_local()
    }

    fn remove_pushed<'a>(&'a self, list: &'a Reference, digest: &'a Digest) -> StoreFuture<'a, bool> {
        async move {
            let mut lists = self.lists.borrow_mut();
            let is_pushed = find(&mut lists, list)?.is_some_and(|list| list.digest() == *digest);
            if is_pushed {
                self.forget(&mut lists, list);
            }
            Ok(is_pushed)
        }
        .boxed_local()
    }

    fn history<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ListHistory>> {
        let pushed = self.pushed.borrow().get(&list.file_name()).cloned();
        future::ready(Ok(Some(ListHistory { changed: None, pushed }))).boxed_local()
    }

    fn note_push<'a>(
        &'a self,
        reference: &'a Reference,
        list: &'a Digest,
        digest: &'a Digest,
    ) -> StoreFuture<'a, ()> {
        let push = LastPush { list: list.clone(), digest: digest.clone(), time: None };
        self.pushed.borrow_mut().insert(reference.file_name(), push);
        future::ready(Ok(())).boxed_local()
    }
}
