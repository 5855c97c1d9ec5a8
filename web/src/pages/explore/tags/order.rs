//! The order of tags, and the tags that point to the same digest.

use std::{
    cmp::Ordering,
    collections::HashMap,
    fmt::{self, Display, Formatter},
    rc::Rc,
    str::FromStr,
};

use yew::prelude::*;

use crate::state::listing::{Listing, tag_details::TagBook};

/// Changes after which tags are sorted again while their dates come in.
const CHANGES: u32 = 60;

/// The order of tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// By name, the highest version first.
    #[default]
    Down,
    /// By name, the lowest version first.
    Up,
    /// By date, the newest first.
    Date,
}

impl Sort {
    const ALL: [(Self, &'static str); 3] = [(Self::Down, "down"), (Self::Up, "up"), (Self::Date, "date")];
}

impl Display for Sort {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::ALL[*self as usize];
        formatter.write_str(name)
    }
}

impl FromStr for Sort {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(sort, _)| sort).ok_or(())
    }
}

/// The numbers of the tags that fit `filter`, in order.
#[hook]
pub fn use_order(
    listing: &Listing,
    book: &Rc<TagBook>,
    version: u32,
    filter: &str,
    sort: Sort,
) -> Rc<Vec<u32>> {
    // Sorted by date, the order changes with what is known; otherwise it does not.
    let known = match sort {
        Sort::Date if book.waiting() > 0 => version / CHANGES + 1,
        Sort::Date => version,
        Sort::Up | Sort::Down => 0,
    };
    let book = Rc::clone(book);
    let of = (listing.clone(), filter.to_owned(), sort, known);
    use_memo(of, move |(listing, filter, sort, _)| order(listing, filter, *sort, &book))
}

/// The tags of each digest that more than one tag is known to point to.
#[hook]
pub fn use_aliases(listing: &Listing, book: &Rc<TagBook>, version: u32) -> Rc<HashMap<String, Vec<String>>> {
    let (listing, book) = (listing.clone(), Rc::clone(book));
    use_memo((version, listing.len(), Rc::as_ptr(&book)), move |_| aliases(&book, &listing))
}

/// Returns the numbers of the tags whose names contain `filter`, in order.
fn order(listing: &Listing, filter: &str, sort: Sort, book: &TagBook) -> Vec<u32> {
    let filter = filter.trim().to_ascii_lowercase();
    let fits = |tag: &str| {
        filter.is_empty()
            || tag.as_bytes().windows(filter.len()).any(|part| part.eq_ignore_ascii_case(filter.as_bytes()))
    };
    listing.with(|names| {
        let mut order: Vec<u32> =
            names.order().iter().copied().filter(|number| fits(names.get(*number))).collect();
        if sort != Sort::Up {
            order.reverse();
        }
        if sort == Sort::Date {
            // What has no date, or none yet, comes last, in the order of the names.
            let (mut dated, mut others) = (Vec::new(), Vec::new());
            for number in order {
                match book.facts(number).and_then(|facts| facts.moment()) {
                    Some(moment) => dated.push((moment, number)),
                    None => others.push(number),
                }
            }
            dated.sort_by(|(left, _), (right, _)| right.total_cmp(left));
            order = dated.into_iter().map(|(_, number)| number).chain(others).collect();
        }
        order
    })
}

/// Returns the tags of each digest that more than one tag is known to point to.
fn aliases(book: &TagBook, listing: &Listing) -> HashMap<String, Vec<String>> {
    let mut by_digest: HashMap<String, Vec<u32>> = HashMap::new();
    for (number, facts) in book.all() {
        if let Some(digest) = facts.digest() {
            by_digest.entry(digest.to_string()).or_default().push(number);
        }
    }
    by_digest.retain(|_, numbers| numbers.len() > 1);
    let named = |numbers: Vec<u32>| {
        let mut names: Vec<String> = numbers.into_iter().map(|number| listing.name(number)).collect();
        names.sort_by(|left, right| match left.len().cmp(&right.len()) {
            Ordering::Equal => left.cmp(right),
            order => order,
        });
        names
    };
    by_digest.into_iter().map(|(digest, numbers)| (digest, named(numbers))).collect()
}
