//! The rows of the tree, made in pieces while names come in and filters are typed.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
};

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::tree::{Growth, Row};
use crate::{browser::scheduler::Pieces, state::listing::Listing};

/// Names between looks at the clock.
const FEW: usize = 256;

/// Rows, and what they are the rows of.
#[derive(Clone, Default, PartialEq)]
pub struct Shown {
    /// The rows.
    pub rows: Vec<Row>,
    wanted: Wanted,
    names: usize,
}

/// The input from which rows are made.
#[derive(Clone, Default, PartialEq)]
struct Wanted {
    listing: Listing,
    filter: String,
    folded: Rc<HashSet<String>>,
}

impl Wanted {
    /// Returns `true` if it is another view than `other`, not only one of more names.
    fn is_other(&self, other: &Self) -> bool {
        !self.listing.is_same(&other.listing)
            || self.filter != other.filter
            || !Rc::ptr_eq(&self.folded, &other.folded)
    }
}

impl Shown {
    /// The filter that the rows fit.
    pub fn filter(&self) -> &str {
        &self.wanted.filter
    }

    /// Returns `true` if they are all the rows of `listing` that fit `filter`.
    pub fn is_all(&self, listing: &Listing, filter: &str) -> bool {
        self.wanted.listing.is_same(listing)
            && self.wanted.filter == filter
            && listing.is_complete
            && self.names == listing.len()
    }
}

/// Makes one set of rows after another.
#[derive(Default)]
struct Maker {
    wanted: RefCell<Option<Wanted>>,
    is_busy: Cell<bool>,
}

impl Maker {
    fn want(self: &Rc<Self>, wanted: Wanted, show: UseStateSetter<Rc<Shown>>) {
        self.wanted.replace(Some(wanted));
        if !self.is_busy.replace(true) {
            let maker = Rc::clone(self);
            spawn_local(async move {
                while let Some(wanted) = maker.wanted.take() {
                    if let Some(shown) = maker.make(wanted).await {
                        show.set(Rc::new(shown));
                    }
                }
                maker.is_busy.set(false);
            });
        }
    }

    /// Rows; nothing where others came to be wanted meanwhile. Those of a list that has grown are finished all the same,
    /// or there would never be any while it grows.
    async fn make(&self, wanted: Wanted) -> Option<Shown> {
        let order = wanted.listing.with(|names| names.order().to_vec());
        let mut growth = Growth::new(&wanted.filter, Rc::clone(&wanted.folded), order.len());
        let mut pieces = Pieces::begin();
        for some in order.chunks(FEW) {
            wanted.listing.with(|names| growth.take(names, some));
            pieces.pause().await;
            if self.wanted.borrow().as_ref().is_some_and(|next| next.is_other(&wanted)) {
                return None;
            }
        }
        Some(Shown { rows: growth.finish(), names: order.len(), wanted })
    }
}

/// The rows to show. While they are made, those from before stay.
#[hook]
pub fn use_shown(listing: &Listing, filter: &str, folded: &Rc<HashSet<String>>) -> Rc<Shown> {
    let shown = use_state(|| Rc::new(Shown::default()));
    let maker = use_memo((), |()| Rc::new(Maker::default()));
    {
        let show = shown.setter();
        let wanted =
            Wanted { listing: listing.clone(), filter: filter.to_owned(), folded: Rc::clone(folded) };
        use_effect_with(wanted, move |wanted| maker.want(wanted.clone(), show));
    }
    // The rows of another list have other names.
    if shown.wanted.listing.is_same(listing) { Rc::clone(&shown) } else { Rc::default() }
}
