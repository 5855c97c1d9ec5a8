//! Long lists of a registry, as they stream in: repositories and tags.

pub mod name_table;
pub mod natural_order;
pub mod tag_details;

use std::{cell::RefCell, cmp::Ordering, rc::Rc};

use futures_util::{
    StreamExt,
    future::{AbortHandle, Abortable},
    stream::LocalBoxStream,
};
use tallyman_core::{Reference, Registry};
use tallyman_registry::Error;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::{intl, scheduler::Pieces},
    state::{
        problem::Problem,
        registries::{use_changes, use_registries},
    },
    text::{locale, use_language},
};
use name_table::Names;

/// Names that are put in order in one go: a millisecond's work or two.
const SLICE: usize = 500;
/// The page is drawn anew at most this often while names come in, in milliseconds.
const PAUSE: f64 = 200.0;

/// Subject of a listing.
#[derive(Clone, Debug, PartialEq)]
pub enum ListingTarget {
    /// The repositories of a registry.
    Repositories(Registry),
    /// The tags of a repository; the reference's own tag does not matter.
    Tags(Box<Reference>),
}

impl ListingTarget {
    fn registry(&self) -> &Registry {
        match self {
            Self::Repositories(registry) => registry,
            Self::Tags(reference) => reference.registry(),
        }
    }

    fn order(&self) -> fn(&str, &str) -> Ordering {
        match self {
            Self::Repositories(_) => natural_order::by_path,
            Self::Tags(_) => natural_order::by_version,
        }
    }
}

/// The names so far. They are shared, and only ever grow: `count` says how many there are for this view of them.
#[derive(Clone, Default)]
pub struct Listing {
    names: Rc<RefCell<Names>>,
    count: usize,
    /// All have come.
    pub is_complete: bool,
    /// No more are fetched, because somebody stopped it.
    pub is_stopped: bool,
    stop: Option<AbortHandle>,
    failure: Option<Rc<Error>>,
    /// The failure that ended the listing, in the language of the app.
    pub problem: Option<Rc<Problem>>,
}

impl PartialEq for Listing {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other)
            && (self.count, self.is_complete, self.is_stopped)
                == (other.count, other.is_complete, other.is_stopped)
            && self.failure.as_ref().map(Rc::as_ptr) == other.failure.as_ref().map(Rc::as_ptr)
            && self.problem == other.problem
    }
}

impl Listing {
    /// Returns the number of names so far.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns `true` as long as nothing has come.
    pub fn is_silent(&self) -> bool {
        self.count == 0 && self.is_growing()
    }

    /// Returns `true` as long as names are fetched.
    pub fn is_growing(&self) -> bool {
        !self.is_complete && !self.is_stopped && self.failure.is_none()
    }

    /// Fetches no more names. Those that have come stay.
    pub fn stop(&self) {
        if let Some(stop) = &self.stop {
            stop.abort();
        }
    }

    /// Returns `true` if it has the same names as `other`, as far as both go.
    pub fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.names, &other.names)
    }

    /// Calls `look` with the names so far.
    pub fn with<T>(&self, look: impl FnOnce(&Names) -> T) -> T {
        look(&self.names.borrow())
    }

    /// The name of a number.
    pub fn name(&self, number: u32) -> String {
        self.names.borrow().get(number).to_owned()
    }
}

/// Streams the names in, page by page. Starts over when `listed` or something about its registry changes; nothing is fetched
/// for a page that is left.
#[hook]
pub fn use_listing(listed: &ListingTarget) -> Listing {
    let registries = use_registries();
    let changes = use_changes(listed.registry().as_str());
    let state = use_state_eq(Listing::default);
    {
        let state = state.setter();
        use_effect_with((listed.clone(), changes), move |(listed, _)| {
            let (abort, registration) = AbortHandle::new_pair();
            let pages = match listed {
                ListingTarget::Repositories(registry) => registries.client().repositories(registry),
                ListingTarget::Tags(reference) => registries.client().tags(reference),
            };
            let work = gather(listed.order(), pages, state);
            spawn_local(intl::prepare(locale()));
            spawn_local(async move {
                // A list that was left has nobody left to tell.
                let _ = Abortable::new(work, registration).await;
            });
            move || abort.abort()
        });
    }
    let mut listing = (*state).clone();
    let language = use_language();
    let problem = use_memo((listing.failure.as_ref().map(Rc::as_ptr), language), |_| {
        listing.failure.as_ref().map(|error| Rc::new(Problem::of_list(listed, error)))
    });
    listing.problem = (*problem).clone();
    listing
}

async fn gather(
    compare: fn(&str, &str) -> Ordering,
    pages: LocalBoxStream<'static, Result<Vec<String>, Error>>,
    state: UseStateSetter<Listing>,
) {
    let (stop, registration) = AbortHandle::new_pair();
    let mut pages = Abortable::new(pages, registration);
    let mut listing = Listing { stop: Some(stop), ..Listing::default() };
    state.set(listing.clone());
    let mut drawn = 0.0;
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                listing.failure = Some(Rc::new(error));
                break;
            }
        };
        // Some registries send all names in one page.
        let mut pieces = Pieces::begin();
        for slice in page.chunks(SLICE) {
            listing.names.borrow_mut().add(slice, compare);
            listing.count = listing.names.borrow().len();
            let now = js_sys::Date::now();
            if now - drawn > PAUSE {
                drawn = now;
                state.set(listing.clone());
            }
            pieces.pause().await;
        }
    }
    listing.is_stopped = pages.is_aborted() && listing.failure.is_none();
    listing.is_complete = listing.failure.is_none() && !listing.is_stopped;
    state.set(listing);
}
