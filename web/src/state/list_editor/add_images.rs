//! Sources on their way into a list: fetched side by side, each put in as it comes.

use std::{collections::BTreeMap, rc::Rc};

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
    /// Reason of a failure; `None` as long as the image is being fetched.
    pub failure: Option<Failure>,
}

/// Sources that are not in the list yet, in the order given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adding {
    pub pending: Vec<Pending>,
}

pub enum Change {
    Begin(Vec<String>),
    Fail(String, Failure),
    Drop(String),
}

impl Reducible for Adding {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut pending = self.pending.clone();
        match change {
            Change::Begin(sources) => {
                pending.retain(|pending| !sources.contains(&pending.source));
                pending.extend(sources.into_iter().map(|source| Pending { source, failure: None }));
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
    pub fn add(&self, pasted: Pasted) {
        if pasted.sources.is_empty() {
            return;
        }
        self.adding.dispatch(Change::Begin(pasted.sources.clone()));
        let group = self.local_lists.new_group();
        let adder = self.clone();
        spawn_local(async move {
            let mut changes: BTreeMap<String, Vec<PlatformChange>> = BTreeMap::new();
            for (image, change) in pasted.changes {
                changes.entry(image).or_default().push(change);
            }
            let all = pasted.sources.iter().map(|source| async {
                let of = changes.get(source).map_or(&[][..], Vec::as_slice);
                adder.adding.dispatch(match adder.bring(source, of, group).await {
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
