//! Lists of a browser that stores nothing: in memory, until the page is left.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::FutureExt;
use tallyman_core::{Digest, ListEdit, ManifestList, Reference};
use tallyman_store::{ListStore, ListSummary, MemoryStore, Outcome, StoreError, StoreFuture};
use yew::Callback;

use crate::browser::unload_prompt::UnloadPrompt;

/// Lists in memory, with what pages keep beside them.
#[derive(Default)]
pub struct SessionStore {
    lists: MemoryStore,
    /// The time of the last change of each list, in milliseconds since 1970.
    changed: RefCell<BTreeMap<String, f64>>,
    notes: RefCell<BTreeMap<String, String>>,
    listener: RefCell<Option<Callback<String>>>,
    /// Kept as long as there is a list that leaving the page would lose.
    unload_prompt: RefCell<Option<UnloadPrompt>>,
}

impl SessionStore {
    /// Calls `listener` with the file name of each list that changes.
    pub fn subscribe(&self, listener: Callback<String>) {
        self.listener.replace(Some(listener));
    }

    /// Returns `true` if there is no list.
    pub fn is_empty(&self) -> bool {
        self.changed.borrow().is_empty()
    }

    pub fn note(&self, key: &str) -> Option<String> {
        self.notes.borrow().get(key).cloned()
    }

    pub fn set_note(&self, key: &str, value: Option<&str>) {
        let mut notes = self.notes.borrow_mut();
        match value {
            Some(value) => drop(notes.insert(key.to_owned(), value.to_owned())),
            None => drop(notes.remove(key)),
        }
    }

    /// All lists without their entries, in the order of their file names.
    pub async fn summaries(&self) -> Result<Vec<ListSummary>, StoreError> {
        let mut summaries = Vec::new();
        for name in self.lists.names().await? {
            let changed = self.changed.borrow().get(&name).copied();
            // The store gives file names; the lists know their own.
            let Some(list) = self.lists.named(&name) else { continue };
            summaries.push(ListSummary { reference: list.reference().clone(), changed });
        }
        Ok(summaries)
    }

    /// Notes the time of a change, and notifies the listener.
    fn notify(&self, list: &Reference, is_there: bool) {
        let name = list.file_name();
        if is_there {
            self.changed.borrow_mut().insert(name.clone(), js_sys::Date::now());
        } else {
            self.changed.borrow_mut().remove(&name);
        }
        let mut prompt = self.unload_prompt.borrow_mut();
        if self.is_empty() {
            *prompt = None;
        } else if prompt.is_none() {
            *prompt = UnloadPrompt::hold();
        }
        drop(prompt);
        let listener = self.listener.borrow().clone();
        if let Some(listener) = listener {
            listener.emit(name);
        }
    }

    /// Tells of a change that was made.
    fn done(&self, outcome: &Outcome<()>, list: &Reference) {
        if matches!(outcome, Outcome::Done(())) {
            self.notify(list, true);
        }
    }
}

impl ListStore for SessionStore {
    fn names(&self) -> StoreFuture<'_, Vec<String>> {
        self.lists.names()
    }

    fn load<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ManifestList>> {
        self.lists.load(list)
    }

    fn load_entries<'a>(
        &'a self,
        list: &'a Reference,
        images: &'a [&'a Reference],
    ) -> StoreFuture<'a, Option<ManifestList>> {
        self.lists.load_entries(list, images)
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, ()> {
        async move {
            self.lists.save(list).await?;
            self.notify(list.reference(), true);
            Ok(())
        }
        .boxed_local()
    }

    fn add<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let outcome = self.lists.add(list).await?;
            self.done(&outcome, list.reference());
            Ok(outcome)
        }
        .boxed_local()
    }

    fn edit<'a>(&'a self, list: &'a Reference, edit: &'a ListEdit) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let outcome = self.lists.edit(list, edit).await?;
            self.done(&outcome, list);
            Ok(outcome)
        }
        .boxed_local()
    }

    fn rename<'a>(&'a self, from: &'a Reference, to: &'a Reference) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let outcome = self.lists.rename(from, to).await?;
            if matches!(outcome, Outcome::Done(())) {
                self.notify(from, false);
                self.notify(to, true);
            }
            Ok(outcome)
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, bool> {
        async move {
            let was_there = self.lists.remove(list).await?;
            if was_there {
                self.notify(list, false);
            }
            Ok(was_there)
        }
        .boxed_local()
    }

    fn remove_pushed<'a>(&'a self, list: &'a Reference, digest: &'a Digest) -> StoreFuture<'a, bool> {
        async move {
            let was_there = self.lists.remove_pushed(list, digest).await?;
            if was_there {
                self.notify(list, false);
            }
            Ok(was_there)
        }
        .boxed_local()
    }
}
