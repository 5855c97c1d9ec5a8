//! The order of tags.

use std::{
    fmt::{self, Display, Formatter},
    rc::Rc,
    str::FromStr,
};

use crate::{
    pages::explore::visible_rows::View,
    state::{
        listing::{name_table::Names, tag_details::TagBook},
        matches::fits,
    },
};

/// Changes after which tags are sorted again while their dates come in.
const CHANGES: u32 = 60;

/// The order of tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Order by name, the highest version first.
    #[default]
    Down,
    /// Order by name, the lowest version first.
    Up,
    /// Order by date, the newest first.
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

/// The tags whose names have `filter` in them, in order.
#[derive(Clone)]
pub struct Order {
    /// The text that tags are filtered by.
    pub filter: String,
    sort: Sort,
    book: Rc<TagBook>,
    /// The state of what is known of dates. It stays the same for orders by name.
    known: u32,
}

impl Order {
    /// The order by `sort`, at a `version` of what is known of the tags.
    pub fn new(filter: &str, sort: Sort, book: &Rc<TagBook>, version: u32) -> Self {
        let known = match sort {
            Sort::Date if book.waiting() > 0 => version / CHANGES + 1,
            Sort::Date => version,
            Sort::Up | Sort::Down => 0,
        };
        Self { filter: filter.trim().to_owned(), sort, book: Rc::clone(book), known }
    }

    /// Returns `true` if a tag of this name is shown.
    pub fn shows(&self, tag: &str) -> bool {
        fits(tag, &self.filter)
    }
}

impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        (&self.filter, self.sort, self.known) == (&other.filter, other.sort, other.known)
            && Rc::ptr_eq(&self.book, &other.book)
    }
}

/// The numbers of tags while they are put in order.
#[derive(Default)]
pub struct Growth {
    /// The rows with their dates, in milliseconds since 1970.
    dated: Vec<(f64, u32)>,
    others: Vec<u32>,
}

impl View for Order {
    type Rows = Rc<Vec<u32>>;
    type Growth = Growth;

    fn begin(&self, _names: usize) -> Growth {
        Growth::default()
    }

    fn take(&self, growth: &mut Growth, names: &Names, numbers: &[u32]) {
        let fitting = numbers.iter().copied().filter(|number| self.shows(names.get(*number)));
        if self.sort != Sort::Date {
            growth.others.extend(fitting);
            return;
        }
        for number in fitting {
            match self.book.facts(names.get(number)).and_then(|facts| facts.moment()) {
                Some(moment) => growth.dated.push((moment, number)),
                None => growth.others.push(number),
            }
        }
    }

    fn finish(&self, growth: Growth) -> Rc<Vec<u32>> {
        let Growth { mut dated, mut others } = growth;
        if self.sort != Sort::Up {
            others.reverse();
        }
        // Of one moment, the highest version comes first, too.
        dated.reverse();
        dated.sort_by(|(left, _), (right, _)| right.total_cmp(left));
        // Tags without a date come last, in the order of their names.
        if !dated.is_empty() {
            others.splice(..0, dated.into_iter().map(|(_, number)| number));
        }
        Rc::new(others)
    }
}
