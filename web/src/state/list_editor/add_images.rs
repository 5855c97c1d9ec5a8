//! Sources on their way into a list: fetched side by side, each put in as it comes.

use std::rc::Rc;

use futures_util::future::join_all;
use tallyman_commands::{SourceImages, fetch_source};
use tallyman_core::{ListEdit, ListEntry, ManifestList, PlatformChange, Reference, ReferenceError};
use tallyman_store::Outcome;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::state::{
    failure::Failure,
    input::image_list::Pasted,
    lists::{Group, LocalLists},
    registries::Registries,
};

/// A source that is not in the list yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// As it was given.
    pub source: String,
    /// Changes of the platforms of its images.
    pub changes: Vec<PlatformChange>,
    /// Reason of a failure; `None` as long as the image is being fetched.
    pub failure: Option<Failure>,
}

impl Pending {
    /// Returns the sources that a text names, each with its changes.
    fn of(pasted: &Pasted) -> Vec<Self> {
        let of = |source: &str| {
            let changes = pasted.changes.iter().filter(|(image, _)| image == source);
            changes.map(|(_, change)| change.clone()).collect()
        };
        let sources = pasted.sources.iter();
        sources.map(|source| Self { source: source.clone(), changes: of(source), failure: None }).collect()
    }
}

/// Sources that are not in the list yet, in the order given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adding {
    pub pending: Vec<Pending>,
}

pub enum Change {
    Begin(Vec<Pending>),
    Fail(String, Failure),
    Drop(String),
}

impl Reducible for Adding {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut pending = self.pending.clone();
        match change {
            Change::Begin(begun) => {
                pending.retain(|pending| !begun.iter().any(|begun| begun.source == pending.source));
                pending.extend(begun);
            }
            Change::Fail(source, why) => {
                for pending in pending.iter_mut().filter(|pending| pending.source == source) {
                    pending.failure = Some(why.clone());
                }
            }
            Change::Drop(source) => pending.retain(|pending| pending.source != source),
        }
        Rc::new(Self { pending })
    }
}

/// Brings sources into a list.
#[derive(Clone, PartialEq)]
pub struct Adder {
    local_lists: Rc<LocalLists>,
    registries: Rc<Registries>,
    list: Reference,
    adding: UseReducerHandle<Adding>,
}

/// Returns the function that adds sources to the list `list`.
#[hook]
pub fn use_adder(local_lists: &Rc<LocalLists>, list: &Reference) -> Adder {
    let registries = use_context::<Rc<Registries>>().expect("the app provides its registries");
    let adding = use_reducer(Adding::default);
    Adder { local_lists: Rc::clone(local_lists), registries, list: list.clone(), adding }
}

impl Adder {
    /// Sources that are not in the list yet.
    pub fn pending(&self) -> &[Pending] {
        &self.adding.pending
    }

    /// A source that failed is not wanted any more.
    pub fn dismiss(&self, source: &str) {
        self.adding.dispatch(Change::Drop(source.to_owned()));
    }

    /// Fetches what a text asked for, and puts it in.
    pub fn add(&self, pasted: &Pasted) {
        self.begin(Pending::of(pasted));
    }

    /// Fetches the sources that are `wanted` again, and puts them in as they were asked for.
    pub fn retry(&self, wanted: impl Fn(&Pending) -> bool) {
        let again = self.pending().iter().filter(|pending| wanted(pending));
        self.begin(again.map(|pending| Pending { failure: None, ..pending.clone() }).collect());
    }

    fn begin(&self, begun: Vec<Pending>) {
        if begun.is_empty() {
            return;
        }
        self.adding.dispatch(Change::Begin(begun.clone()));
        let group = self.local_lists.new_group();
        let adder = self.clone();
        spawn_local(async move {
            let all = begun.iter().map(|Pending { source, changes, .. }| async {
                adder.adding.dispatch(match adder.bring(source, changes, group).await {
                    Ok(()) => Change::Drop(source.clone()),
                    Err(why) => Change::Fail(source.clone(), why),
                });
            });
            join_all(all).await;
        });
    }

    async fn bring(&self, source: &str, changes: &[PlatformChange], group: Group) -> Result<(), Failure> {
        let reference: Reference = source.parse().map_err(|error: ReferenceError| error.to_string())?;
        let resolved = fetch_source(self.registries.client(), &reference)
            .await
            .map_err(|error| Failure::of_command(&error, reference.registry()))?;
        let mut entries = match resolved {
            SourceImages::Image(entry) => vec![*entry],
            SourceImages::List(entries) => entries,
        };
        for change in changes {
            for entry in &mut entries {
                let platform = change.apply(&entry.platform()).map_err(|error| error.to_string())?;
                entry.descriptor.platform = Some(platform);
            }
        }
        Ok(self.put(&entries, group).await?)
    }

    async fn put(&self, entries: &[ListEntry], group: Group) -> Result<(), String> {
        let told = |error: tallyman_store::StoreError| error.to_string();
        // What stands there may change between looking and writing: then it is looked at again.
        for _ in 0..5 {
            let now = self.local_lists.load(&self.list).await.map_err(told)?;
            let now = now.unwrap_or_else(|| ManifestList::new(self.list.clone()));
            let mut wanted = now.clone();
            for entry in entries {
                wanted.insert(entry.clone()).map_err(|error| error.to_string())?;
            }
            let edit = ListEdit::between(&now, &wanted);
            if edit.is_empty() {
                return Ok(());
            }
            match self.local_lists.edit(&self.list, edit.clone(), Some(group)).await.map_err(told)? {
                Outcome::Done(_) => return Ok(()),
                Outcome::Gone => {
                    // The first source makes the list.
                    self.local_lists.add(&ManifestList::new(self.list.clone())).await.map_err(told)?;
                }
                Outcome::Conflict(_) | Outcome::Taken => {}
            }
        }
        Err("another tab changes this list all the time; try again".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use yew::Reducible;

    use super::{Adding, Change, Pending};
    use crate::state::input::image_list::sources_in;

    #[test]
    fn a_source_that_failed_keeps_the_changes_that_were_pasted_with_it() {
        let text = "docker manifest create r.io/app:1 r.io/a:1 r.io/b:1\n\
                    docker manifest annotate r.io/app:1 r.io/b:1 --arch arm64\n";
        let pending = Pending::of(&sources_in(text));
        assert_eq!(pending.iter().map(|pending| pending.changes.len()).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(pending[1].changes[0].architecture, "arm64");
        let adding = Rc::new(Adding::default()).reduce(Change::Begin(pending.clone()));
        let adding = adding.reduce(Change::Fail("r.io/b:1".to_owned(), "no answer".to_owned().into()));
        assert!(adding.pending[1].failure.is_some());
        assert_eq!(adding.pending[1].changes, pending[1].changes);
    }
}
