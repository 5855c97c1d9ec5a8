//! State of the entries of a local list at the registries: tags that have moved, and configs.

use std::{collections::BTreeMap, rc::Rc};

use futures_util::future::{join, join_all};
use tallyman_commands::{Freshness, freshness};
use tallyman_core::{Digest, ImageConfig, ListEntry, ManifestList};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::state::registries::Registries;

/// State of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryState {
    /// The registry is being asked.
    Checking,
    /// The registry has said.
    Told(Freshness),
    /// It could not be asked; the sentence says why.
    Unknown(Rc<str>),
}

/// States of all entries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    /// By the entry's reference, for the manifest of this digest.
    states: BTreeMap<String, (Digest, EntryState)>,
    /// By the manifest's digest.
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

/// Asks for all entries of `list`, side by side; again for all when `round` changes, else for new ones alone.
#[hook]
pub fn use_entries(list: Option<Rc<ManifestList>>, round: u32) -> Rc<Entries> {
    let registries = use_context::<Rc<Registries>>().expect("the app provides its registries");
    let entries = use_reducer(Entries::default);
    let asked = use_mut_ref(BTreeMap::<String, (Digest, u32)>::new);
    {
        let dispatcher = entries.dispatcher();
        use_effect_with((list, round), move |(list, round)| {
            let mut wanted = Vec::new();
            let mut asked = asked.borrow_mut();
            for entry in list.iter().flat_map(|list| list.iter()) {
                let (reference, now) =
                    (entry.reference.to_string(), (entry.descriptor.digest.clone(), *round));
                if asked.insert(reference, now.clone()) != Some(now) {
                    wanted.push(entry.clone());
                }
            }
            drop(asked);
            spawn_local(async move {
                let tell = |came| dispatcher.dispatch(came);
                join_all(wanted.iter().map(|entry| check(&registries, entry, &tell))).await;
            });
        });
    }
    Rc::new((*entries).clone())
}

async fn check(registries: &Registries, entry: &ListEntry, tell: &dyn Fn(Update)) {
    let (reference, digest) = (entry.reference.to_string(), entry.descriptor.digest.clone());
    let state = |state| Update::State(reference.clone(), digest.clone(), state);
    tell(state(EntryState::Checking));
    let client = registries.client();
    let fresh = async {
        tell(state(match freshness(client, entry).await {
            Ok(told) => EntryState::Told(told),
            Err(error) => EntryState::Unknown(error.to_string().into()),
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
