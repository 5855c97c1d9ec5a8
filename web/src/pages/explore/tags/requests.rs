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

/// The rows in sight, and the request for them that is about to be made.
#[derive(Default)]
struct View {
    rows: (usize, usize),
    asking: Option<Timeout>,
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
    // Not a state: scrolling draws nothing but the rows.
    let view = use_mut_ref(View::default);
    let ask = {
        let (book, listing, shown) = (Rc::clone(book), listing.clone(), Rc::clone(shown));
        move |(first, last): (usize, usize)| {
            let (book, listing, shown) = (Rc::clone(&book), listing.clone(), Rc::clone(&shown));
            let (first, last) = (first.min(shown.len()), last.min(shown.len()));
            Timeout::new(DELAY, move || {
                let named = |number: &u32| listing.name(*number);
                book.want(shown[first..last].iter().map(named), Depth::Row);
                if dates {
                    book.want_too(shown.iter().map(named), Depth::Date);
                }
            })
        }
    };
    {
        let (ask, view) = (ask.clone(), Rc::clone(&view));
        use_effect_with((Rc::clone(shown), dates, Rc::as_ptr(book)), move |_| {
            let rows = view.borrow().rows;
            view.borrow_mut().asking = Some(ask(rows));
            move || view.borrow_mut().asking = None
        });
    }
    Callback::from(move |rows| *view.borrow_mut() = View { rows, asking: Some(ask(rows)) })
}
