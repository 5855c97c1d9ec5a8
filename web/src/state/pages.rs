//! Long lists of a registry, as they stream in: repositories and tags.

use std::{cell::RefCell, rc::Rc};

use futures_util::{StreamExt, future::AbortHandle, future::Abortable, stream::LocalBoxStream};
use tallyman_core::{Reference, Registry};
use tallyman_registry::Error;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{
    problem::Problem,
    registry::{use_registries, use_revision},
};

/// What is listed.
#[derive(Clone, Debug, PartialEq)]
pub enum Listed {
    /// The repositories of a registry.
    Repositories(Registry),
    /// The tags of a repository; the reference's own tag does not matter.
    Tags(Box<Reference>),
}

/// The names so far. They are shared, and only ever grow: `count` says how many there are for this view of them.
#[derive(Clone, Default)]
pub struct Names {
    names: Rc<RefCell<Vec<String>>>,
    count: usize,
    /// All have come.
    pub is_complete: bool,
    /// Why no more come.
    pub problem: Option<Rc<Problem>>,
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.names, &other.names)
            && (self.count, self.is_complete) == (other.count, other.is_complete)
            && self.problem == other.problem
    }
}

impl Names {
    /// How many there are so far.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Calls `look` with the names so far.
    pub fn with<T>(&self, look: impl FnOnce(&[String]) -> T) -> T {
        look(&self.names.borrow()[..self.count])
    }
}

/// Streams the names in, page by page. Starts over when `listed` changes; nothing is fetched for a page that is left.
#[hook]
pub fn use_names(listed: &Listed) -> Names {
    let (registries, revision) = (use_registries(), use_revision());
    let state = use_state_eq(Names::default);
    {
        let state = state.setter();
        use_effect_with((listed.clone(), revision), move |(listed, _)| {
            let (abort, registration) = AbortHandle::new_pair();
            let pages = match listed {
                Listed::Repositories(registry) => registries.client().repositories(registry),
                Listed::Tags(reference) => registries.client().tags(reference),
            };
            let work = gather(listed.clone(), pages, state);
            spawn_local(async move {
                // A list that was left has nobody left to tell.
                let _ = Abortable::new(work, registration).await;
            });
            move || abort.abort()
        });
    }
    (*state).clone()
}

async fn gather(
    listed: Listed,
    mut pages: LocalBoxStream<'static, Result<Vec<String>, Error>>,
    state: UseStateSetter<Names>,
) {
    let mut names = Names::default();
    state.set(names.clone());
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                names.names.borrow_mut().extend(page);
                names.count = names.names.borrow().len();
                state.set(names.clone());
            }
            Err(error) => {
                names.problem = Some(Rc::new(Problem::of_list(&listed, &error)));
                break;
            }
        }
    }
    names.is_complete = names.problem.is_none();
    state.set(names);
}
