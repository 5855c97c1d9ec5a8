//! The rows of a listing, made in pieces while names come in and filters are typed.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::scheduler::Pieces,
    state::listing::{Listing, name_table::Names},
};

/// Names between looks at the clock.
const FEW: usize = 256;

/// Names that a listing is to show, and the way in which it shows them.
pub trait View: Clone + PartialEq + 'static {
    /// The rows.
    type Rows: Default;
    /// Rows while they are made.
    type Growth;

    /// No rows yet, of `names` names.
    fn begin(&self, names: usize) -> Self::Growth;

    /// Makes the rows of the names that come next in their order.
    fn take(&self, growth: &mut Self::Growth, names: &Names, numbers: &[u32]);

    /// All rows.
    fn finish(&self, growth: Self::Growth) -> Self::Rows;
}

/// Rows, and what they are the rows of.
pub struct VisibleRows<V: View> {
    /// The rows.
    pub rows: V::Rows,
    wanted: Option<Wanted<V>>,
}

/// The input from which rows are made.
#[derive(Clone, PartialEq)]
struct Wanted<V> {
    listing: Listing,
    view: V,
}

impl<V: View> Wanted<V> {
    /// Returns `true` if it is another view than `other`, not only one of more names.
    fn is_other(&self, other: &Self) -> bool {
        !self.listing.is_same(&other.listing) || self.view != other.view
    }
}

impl<V: View> VisibleRows<V> {
    fn nothing() -> Rc<Self> {
        Rc::new(Self { rows: V::Rows::default(), wanted: None })
    }

    /// The view that the rows are of.
    pub fn view(&self) -> Option<&V> {
        self.wanted.as_ref().map(|wanted| &wanted.view)
    }

    /// Returns `true` if they are all the rows of `view` that there will be.
    pub fn is_all(&self, listing: &Listing, view: &V) -> bool {
        let is_of = |wanted: &Wanted<V>| wanted.listing == *listing && wanted.view == *view;
        (listing.is_complete || listing.is_stopped) && self.wanted.as_ref().is_some_and(is_of)
    }
}

/// Makes one set of rows after another.
struct Maker<V> {
    wanted: RefCell<Option<Wanted<V>>>,
    is_busy: Cell<bool>,
}

impl<V: View> Maker<V> {
    fn want(self: &Rc<Self>, wanted: Wanted<V>, show: UseStateSetter<Rc<VisibleRows<V>>>) {
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
    async fn make(&self, wanted: Wanted<V>) -> Option<VisibleRows<V>> {
        let order = wanted.listing.with(|names| names.order().to_vec());
        let mut growth = wanted.view.begin(order.len());
        let mut pieces = Pieces::begin();
        for some in order.chunks(FEW) {
            wanted.listing.with(|names| wanted.view.take(&mut growth, names, some));
            pieces.pause().await;
            if self.wanted.borrow().as_ref().is_some_and(|next| next.is_other(&wanted)) {
                return None;
            }
        }
        Some(VisibleRows { rows: wanted.view.finish(growth), wanted: Some(wanted) })
    }
}

/// The rows to show. While they are made, those from before stay.
#[hook]
pub fn use_visible_rows<V: View>(listing: &Listing, view: &V) -> Rc<VisibleRows<V>> {
    let shown = use_state(VisibleRows::nothing);
    let maker = use_memo((), |()| Maker { wanted: RefCell::default(), is_busy: Cell::default() });
    {
        let show = shown.setter();
        let wanted = Wanted { listing: listing.clone(), view: view.clone() };
        use_effect_with(wanted, move |wanted| maker.want(wanted.clone(), show));
    }
    // The rows of another list have other names.
    let is_of = |wanted: &Wanted<V>| wanted.listing.is_same(listing);
    if shown.wanted.as_ref().is_some_and(is_of) { Rc::clone(&shown) } else { VisibleRows::nothing() }
}
