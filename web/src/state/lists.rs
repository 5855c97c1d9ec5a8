//! The local lists of this browser: kept as they are changed, the same in every tab, each change undone and redone.

mod backend;
mod hooks;
pub mod import_export;
pub mod name_cache;
mod name_writer;
mod open;
mod session_store;
mod undo;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use futures_util::lock::Mutex;
use tallyman_core::{Digest, ListEdit, ManifestList, Reference};
use tallyman_store::{ListStore, ListSummary, Outcome, StoreError, Subscription};
use wasm_bindgen_futures::spawn_local;
use yew::Callback;

use crate::state::push::{history, progress_key};
use backend::Backend;
pub use hooks::{ListView, StoredList, use_list, use_stored_lists};
use name_writer::Names;
pub use open::{Opened, is_kept, use_opened};
pub use undo::{Group, History, Step};

/// The database of the app.
const DATABASE: &str = "tallyman";

/// The local lists.
pub struct LocalLists {
    backend: Backend,
    histories: RefCell<BTreeMap<String, History>>,
    group: Cell<Group>,
    /// The lists as this tab left them: what differs was changed by another tab.
    known: RefCell<BTreeMap<String, ManifestList>>,
    /// The lists as the last change of this tab left them.
    left: RefCell<BTreeMap<String, ManifestList>>,
    /// Held while a change is made: the changes of this tab are made one after the other.
    turn: Mutex<()>,
    listeners: RefCell<Vec<(usize, Callback<String>)>>,
    last: Cell<usize>,
    _subscription: RefCell<Option<Subscription>>,
}

impl PartialEq for LocalLists {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// Tells of changes until it is dropped.
pub struct Listening {
    local_lists: Rc<LocalLists>,
    number: usize,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.local_lists.listeners.borrow_mut().retain(|(number, _)| *number != self.number);
    }
}

impl LocalLists {
    fn new(backend: Backend) -> Rc<Self> {
        let local_lists = Rc::new(Self {
            backend,
            histories: RefCell::default(),
            group: Cell::default(),
            known: RefCell::default(),
            left: RefCell::default(),
            turn: Mutex::new(()),
            listeners: RefCell::default(),
            last: Cell::new(0),
            _subscription: RefCell::default(),
        });
        // The start page names lists that a later visit finds as well.
        if matches!(local_lists.backend, Backend::Database(_)) {
            let (names, changed) = (Names::default(), Rc::downgrade(&local_lists));
            names.changed(&changed);
            // Later listeners have other numbers.
            let write = Callback::from(move |_| names.changed(&changed));
            local_lists.listeners.borrow_mut().push((0, write));
        }
        let heard = Rc::downgrade(&local_lists);
        let subscription = local_lists.backend.subscribe(Callback::from(move |name: String| {
            if let Some(local_lists) = heard.upgrade() {
                local_lists.notify(&name);
                spawn_local(async move { local_lists.check_history(&name).await });
            }
        }));
        *local_lists._subscription.borrow_mut() = subscription;
        local_lists
    }

    /// The store itself, for what goes through the engine.
    pub fn store(&self) -> Rc<dyn ListStore> {
        self.backend.store()
    }

    /// The reason why the lists are in memory alone; `None` if the browser keeps them.
    pub fn refusal(&self) -> Option<&str> {
        match &self.backend {
            Backend::Database(_) => None,
            Backend::Session(_, why) => Some(why),
        }
    }

    /// Returns `true` if the lists are in memory alone, and there is one.
    fn holds_session_lists(&self) -> bool {
        matches!(&self.backend, Backend::Session(store, _) if !store.is_empty())
    }

    /// Calls `heard` with the file name of each list that changes, in this tab or another.
    fn listen(self: &Rc<Self>, heard: Callback<String>) -> Listening {
        let number = self.last.get() + 1;
        self.last.set(number);
        self.listeners.borrow_mut().push((number, heard));
        Listening { local_lists: Rc::clone(self), number }
    }

    fn notify(&self, name: &str) {
        let listeners: Vec<_> = self.listeners.borrow().iter().map(|(_, heard)| heard.clone()).collect();
        for heard in listeners {
            heard.emit(name.to_owned());
        }
    }

    /// All lists, without their entries.
    pub async fn summaries(&self) -> Result<Vec<ListSummary>, StoreError> {
        self.backend.summaries().await
    }

    /// One list.
    pub async fn load(&self, name: &Reference) -> Result<Option<ManifestList>, StoreError> {
        self.backend.load(name).await
    }

    /// Returns `true` if `list` is another one than this tab wrote.
    fn is_foreign_change(&self, list: &ManifestList) -> bool {
        let name = list.reference().file_name();
        let known = self.known.borrow().get(&name).is_some_and(|known| known == list);
        let was_known = self.known.borrow_mut().insert(name, list.clone()).is_some();
        was_known && !known
    }

    fn remember(&self, list: &ManifestList) {
        let name = list.reference().file_name();
        self.known.borrow_mut().insert(name.clone(), list.clone());
        self.left.borrow_mut().insert(name.clone(), list.clone());
        self.notify(&name);
    }

    /// Changes a list. Changes of one group are undone together. What this tab itself has changed since the edit was thought
    /// of is no conflict.
    pub async fn edit(
        &self,
        list: &Reference,
        edit: ListEdit,
        group: Option<Group>,
    ) -> Result<Outcome, StoreError> {
        let turn = self.turn.lock().await;
        let mut edit = edit;
        let mut outcome = self.backend.edit(list, &edit).await?;
        if matches!(outcome, Outcome::Conflict(_))
            && let Some(now) = self.backend.load(list).await?
            && self.left.borrow().get(&list.file_name()) == Some(&now)
        {
            edit = edit.rebased(&now);
            outcome = self.backend.edit(list, &edit).await?;
        }
        match &outcome {
            Outcome::Done(changed) => {
                if !edit.is_empty() {
                    self.histories.borrow_mut().entry(list.file_name()).or_default().did(edit, group);
                }
                self.remember(changed);
            }
            Outcome::Gone => self.drop_history(&list.file_name()),
            Outcome::Conflict(_) | Outcome::Taken => {}
        }
        drop(turn);
        Ok(outcome)
    }

    /// Returns if there is a change of `list` to undo, and one to redo.
    pub fn can(&self, list: &Reference) -> (bool, bool) {
        self.histories.borrow().get(&list.file_name()).map_or((false, false), History::can)
    }

    /// Returns a group that no other change has.
    pub fn new_group(&self) -> Group {
        let group = self.group.get().next();
        self.group.set(group);
        group
    }

    /// Undoes the last change that this tab made, or makes it again, and returns the step with its outcome; `None` if there is
    /// none. A step that is refused stays the next one until [`step_as`](Self::step_as) or [`give_up`](Self::give_up).
    pub async fn step(&self, list: &Reference, back: bool) -> Result<Option<(Step, Outcome)>, StoreError> {
        let _turn = self.turn.lock().await;
        let step = self.histories.borrow().get(&list.file_name()).and_then(|history| history.next(back));
        let Some(step) = step else { return Ok(None) };
        let outcome = self.go(list, &step, &step.edit).await?;
        Ok(Some((step, outcome)))
    }

    /// Makes a step that was refused by `edit`, which fits the list as it is now.
    pub async fn step_as(
        &self,
        list: &Reference,
        step: &Step,
        edit: &ListEdit,
    ) -> Result<Outcome, StoreError> {
        let _turn = self.turn.lock().await;
        self.go(list, step, edit).await
    }

    async fn go(&self, list: &Reference, step: &Step, edit: &ListEdit) -> Result<Outcome, StoreError> {
        let outcome = self.backend.edit(list, edit).await?;
        match &outcome {
            Outcome::Done(changed) => {
                self.histories.borrow_mut().entry(list.file_name()).or_default().record_step(step, edit);
                self.remember(changed);
            }
            Outcome::Gone => {
                self.drop_history(&list.file_name());
                self.notify(&list.file_name());
            }
            Outcome::Conflict(_) | Outcome::Taken => {}
        }
        Ok(outcome)
    }

    /// Gives up a step that was refused.
    pub fn give_up(&self, list: &Reference, step: &Step) {
        if let Some(history) = self.histories.borrow_mut().get_mut(&list.file_name()) {
            history.give_up(step);
        }
    }

    /// Drops the history of a list that is not there any more: a new list of that name has one of its own.
    fn drop_history(&self, name: &str) {
        self.histories.borrow_mut().remove(name);
    }

    /// Drops the history of a list that another tab, or the engine, has removed.
    async fn check_history(&self, name: &str) {
        if !self.histories.borrow().contains_key(name) {
            return;
        }
        let _turn = self.turn.lock().await;
        if self.store().names().await.is_ok_and(|names| !names.iter().any(|other| other == name)) {
            self.drop_history(name);
        }
    }

    /// Keeps a new list, unless its name is taken.
    pub async fn add(&self, list: &ManifestList) -> Result<Outcome, StoreError> {
        self.restore(list, History::default()).await
    }

    /// Keeps a list again that was removed, with its history, unless its name is taken.
    pub async fn restore(&self, list: &ManifestList, history: History) -> Result<Outcome, StoreError> {
        let _turn = self.turn.lock().await;
        let outcome = self.backend.add(list).await?;
        if let Outcome::Done(added) = &outcome {
            self.histories.borrow_mut().insert(list.reference().file_name(), history);
            self.remember(added);
        }
        Ok(outcome)
    }

    /// Gives a list another name, unless that is taken. What was noted of its pushes is about the name before.
    pub async fn rename(&self, from: &Reference, to: &Reference) -> Result<Outcome, StoreError> {
        let _turn = self.turn.lock().await;
        let outcome = self.backend.rename(from, to).await?;
        if let Outcome::Done(renamed) = &outcome {
            let _ = self.set_note(&history::key(from), None).await;
            let history = self.forget(from).await;
            self.histories.borrow_mut().insert(to.file_name(), history);
            self.remember(renamed);
        }
        Ok(outcome)
    }

    /// Removes a list, damaged or not, and returns its history, with which it can be restored.
    pub async fn remove(&self, list: &Reference) -> Result<History, StoreError> {
        let _turn = self.turn.lock().await;
        self.store().remove(list).await?;
        Ok(self.forget(list).await)
    }

    /// Removes a list that was pushed if it still has `digest`, and returns its history, with which it can be restored. Returns
    /// `None` if it was changed since: then it is kept.
    pub async fn remove_pushed(
        &self,
        list: &Reference,
        digest: &Digest,
    ) -> Result<Option<History>, StoreError> {
        let _turn = self.turn.lock().await;
        Ok(match self.store().remove_pushed(list, digest).await? {
            true => Some(self.forget(list).await),
            false => None,
        })
    }

    /// Forgets a list that is not there any more under its name, and how far its push came, and returns its history.
    async fn forget(&self, list: &Reference) -> History {
        // A note that stays does no harm: a push asks the registry before it relies on one.
        let _ = self.set_note(&progress_key(list), None).await;
        let name = list.file_name();
        self.known.borrow_mut().remove(&name);
        self.left.borrow_mut().remove(&name);
        let history = self.histories.borrow_mut().remove(&name);
        self.notify(&name);
        history.unwrap_or_default()
    }

    /// Returns the note of `key`, which is kept beside the lists.
    pub async fn note(&self, key: &str) -> Option<String> {
        self.backend.note(key).await
    }

    /// Keeps something under `key` beside the lists, or takes it out.
    pub async fn set_note(&self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.backend.set_note(key, value).await
    }
}
