//! State of the entries of a local list at the registries: tags that have moved, and configs.

use std::{collections::BTreeMap, rc::Rc};

use futures_util::future::{join, join_all};
use tallyman_commands::{Freshness, freshness};
use tallyman_core::{Digest, ImageConfig, ListEntry, ManifestList, Registry};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::state::{
    failure::Failure,
    registries::{Registries, use_changes_of_hosts, use_registries},
};

/// State of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryState {
    /// The registry is being asked.
    Checking,
    /// The registry has said.
    Told(Freshness),
    /// A state that could not be asked for.
    Unknown(Failure),
}

/// States of all entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    /// The states by the entry's reference, each for the manifest of this digest.
    states: BTreeMap<String, (Digest, EntryState)>,
    /// The configs by the manifest's digest.
    configs: BTreeMap<String, Rc<ImageConfig>>,
}

impl Entries {
    /// Returns the state of an entry.
    pub fn state(&self, entry: &ListEntry) -> EntryState {
        match self.states.get(&entry.reference.to_string()) {
            Some((digest, state)) if *digest == entry.descriptor.digest => state.clone(),
            _ => EntryState::Checking,
        }
    }

    /// Returns the registry that wants a sign-in before it says something of an entry of `list`; of several the first.
    pub fn sign_in(&self, list: &ManifestList) -> Option<Registry> {
        list.iter().find_map(|entry| match self.state(entry) {
            EntryState::Unknown(failure) => failure.sign_in,
            EntryState::Checking | EntryState::Told(_) => None,
        })
    }

    /// The config of the image of an entry, where it has come.
    pub fn config(&self, entry: &ListEntry) -> Option<&ImageConfig> {
        self.configs.get(entry.descriptor.digest.as_str()).map(|config| &**config)
    }
}

/// Something came.
pub enum Update {
    State(String, Digest, EntryState),
    Config(Digest, Rc<ImageConfig>),
}

impl Reducible for Entries {
    type Action = Update;

    fn reduce(self: Rc<Self>, came: Update) -> Rc<Self> {
        let mut next = Rc::unwrap_or_clone(self);
        match came {
            Update::State(reference, digest, state) => drop(next.states.insert(reference, (digest, state))),
            Update::Config(digest, config) => drop(next.configs.insert(digest.to_string(), config)),
        }
        Rc::new(next)
    }
}

/// A question about an entry: its manifest, and the counts whose change has it asked again.
type Question = (Digest, u32, u32);

/// Asks for all entries of `list`, side by side; again for all when `round` changes, for those of a registry when something
/// changes about it, else for new ones alone.
#[hook]
pub fn use_entries(list: &Rc<ManifestList>, round: u32) -> Rc<Entries> {
    let registries = use_registries();
    let entries = use_reducer(Entries::default);
    let asked = use_mut_ref(BTreeMap::<String, Question>::new);
    let hosts: Vec<&str> = list.iter().map(|entry| entry.reference.registry().as_str()).collect();
    let changes = use_changes_of_hosts(&hosts);
    {
        let dispatcher = entries.dispatcher();
        use_effect_with((Rc::clone(list), round, changes), move |(list, round, changes)| {
            let mut wanted = Vec::new();
            for (entry, changes) in list.iter().zip(changes) {
                let question = (entry.descriptor.digest.clone(), *round, changes.all);
                let before = asked.borrow_mut().insert(entry.reference.to_string(), question.clone());
                if before.as_ref() != Some(&question) {
                    wanted.push((entry.clone(), question));
                }
            }
            spawn_local(async move {
                join_all(wanted.iter().map(|(entry, question)| {
                    let (dispatcher, asked) = (&dispatcher, &asked);
                    let tell = move |came| {
                        // A late answer belongs to a request that was repeated.
                        if asked.borrow().get(&entry.reference.to_string()) == Some(question) {
                            dispatcher.dispatch(came);
                        }
                    };
                    check(&registries, entry, tell)
                }))
                .await;
            });
        });
    }
    Rc::new((*entries).clone())
}

async fn check(registries: &Registries, entry: &ListEntry, tell: impl Fn(Update)) {
    let (reference, digest) = (entry.reference.to_string(), entry.descriptor.digest.clone());
    let state = |state| Update::State(reference.clone(), digest.clone(), state);
    tell(state(EntryState::Checking));
    let client = registries.client();
    let fresh = async {
        tell(state(match freshness(client, entry).await {
            Ok(told) => EntryState::Told(told),
            Err(error) => EntryState::Unknown(Failure::of_command(&error, entry.reference.registry())),
        }));
    };
    let config = async {
        // A config that does not come costs a remark, and nothing else.
        let Ok(image) = entry.image() else { return };
        let Ok(bytes) = client.blob(&entry.reference, &image.config).await else { return };
        if let Ok(config) = ImageConfig::parse(&bytes) {
            tell(Update::Config(digest.clone(), Rc::new(config)));
        }
    };
    join(fresh, config).await;
}
