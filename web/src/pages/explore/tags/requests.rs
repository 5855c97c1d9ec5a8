//! The requests of a tag list: for the rows in sight first.

use std::rc::Rc;

use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::state::listing::{
    Listing,
    tag_details::{Depth, TagBook},
};

/// Milliseconds for which a row must be in sight before it is asked for.
const DELAY: u32 = 120;
/// The same while the list grows, for rows that were not in sight when it was drawn last: names that sort before them are still to
/// come, and one row after another would be asked for that nobody gets to read.
const GROWING_DELAY: u32 = 1000;

/// The rows in sight, and the requests for them that are about to be made.
#[derive(Default)]
struct View {
    shown: Rc<Vec<u32>>,
    rows: (usize, usize),
    /// The names that were in sight when other rows were shown.
    before: Vec<u32>,
    asking: Vec<Timeout>,
}

impl View {
    fn in_sight(&self) -> &[u32] {
        let (first, last) = self.rows;
        &self.shown[first.min(self.shown.len())..last.min(self.shown.len())]
    }

    /// Turns to these rows. Returns those in sight that are to be asked for, and after how long.
    fn turn_to(
        &mut self,
        shown: &Rc<Vec<u32>>,
        rows: (usize, usize),
        is_growing: bool,
    ) -> Vec<(u32, Vec<u32>)> {
        if !Rc::ptr_eq(&self.shown, shown) {
            self.before = self.in_sight().to_vec();
            self.shown = Rc::clone(shown);
        }
        self.rows = rows;
        let all = self.in_sight().to_vec();
        if !is_growing {
            return vec![(DELAY, all)];
        }
        let stayed = all.iter().copied().filter(|number| self.before.contains(number)).collect();
        vec![(DELAY, stayed), (GROWING_DELAY, all)]
    }
}

/// Asks for the rows in sight, and with `dates` for the dates of all others after them. The callback takes the first row
/// in sight and the one behind the last.
#[hook]
pub fn use_requests(
    book: &Rc<TagBook>,
    listing: &Listing,
    shown: &Rc<Vec<u32>>,
    dates: bool,
) -> Callback<(usize, usize)> {
    let is_growing = listing.is_growing();
    // Not a state: scrolling draws nothing but the rows.
    let view = use_mut_ref(View::default);
    let ask = {
        let (book, listing, shown, view) =
            (Rc::clone(book), listing.clone(), Rc::clone(shown), Rc::clone(&view));
        move |rows: (usize, usize)| {
            let mut view = view.borrow_mut();
            let wanted = view.turn_to(&shown, rows, is_growing);
            let last = wanted.len() - 1;
            let ask = |(at, (delay, wanted)): (usize, (u32, Vec<u32>))| {
                let (book, listing, shown) = (Rc::clone(&book), listing.clone(), Rc::clone(&shown));
                Timeout::new(delay, move || {
                    let named = |number: &u32| listing.name(*number);
                    book.want(wanted.iter().map(named), Depth::Row);
                    // Rows in sight need more than their dates: they go first.
                    if dates && at == last {
                        book.enqueue(shown.iter().map(named), Depth::Date);
                    }
                })
            };
            view.asking = wanted.into_iter().enumerate().map(ask).collect();
        }
    };
    {
        let (ask, view) = (ask.clone(), Rc::clone(&view));
        use_effect_with((Rc::clone(shown), dates, Rc::as_ptr(book), is_growing), move |_| {
            let rows = view.borrow().rows;
            ask(rows);
            move || view.borrow_mut().asking.clear()
        });
    }
    Callback::from(ask)
}
