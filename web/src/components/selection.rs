//! The selection of a table: the selected items, and the row that has the keyboard.

use std::{collections::BTreeSet, ops::Range, rc::Rc};

use yew::prelude::*;

/// The selected items, by name, and the active row. A name stays true when the table is filled anew, where the number of a row
/// becomes another item's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Names of the selected items.
    pub selected: BTreeSet<Rc<str>>,
    /// The row that has the keyboard.
    pub active: usize,
    /// The row at which a range begins.
    anchor: usize,
}

/// The items of the rows, in their order.
#[derive(Clone)]
pub struct Rows {
    /// The number of rows.
    pub count: usize,
    /// Returns the name of a row's item.
    pub name: Rc<dyn Fn(usize) -> Rc<str>>,
}

impl Rows {
    /// Returns the names of some rows, of those that there are.
    fn names(&self, rows: Range<usize>) -> impl Iterator<Item = Rc<str>> {
        (rows.start..rows.end.min(self.count)).map(|row| (self.name)(row))
    }
}

/// A change of the selection.
pub enum Select {
    /// Makes a row the active one; `extend` selects the rows from the anchor to it.
    Go { to: usize, extend: bool, rows: Rows },
    /// Selects a row, or takes it out of the selection.
    Toggle { at: usize, rows: Rows },
    /// Selects all rows.
    All { rows: Rows },
    /// Takes out of the selection what does not have one of these names.
    Retain { names: BTreeSet<Rc<str>> },
    /// Clears the selection.
    Clear,
}

impl Selection {
    /// The selection of the items of these names.
    pub fn of(names: impl IntoIterator<Item = Rc<str>>) -> Self {
        Self { selected: names.into_iter().collect(), ..Self::default() }
    }
}

impl Reducible for Selection {
    type Action = Select;

    fn reduce(self: Rc<Self>, change: Select) -> Rc<Self> {
        let mut next = (*self).clone();
        match change {
            Select::Go { to, extend: false, .. } => {
                next.active = to;
                next.anchor = to;
            }
            Select::Go { to, extend: true, rows } => {
                let range = |from: usize, to: usize| from.min(to)..from.max(to) + 1;
                // The range follows the keyboard: what is not in it any more is let go.
                for name in rows.names(range(next.anchor, next.active)) {
                    next.selected.remove(&name);
                }
                next.selected.extend(rows.names(range(next.anchor, to)));
                next.active = to;
            }
            Select::Toggle { at, rows } => {
                for name in rows.names(at..at + 1) {
                    if !next.selected.remove(&name) {
                        next.selected.insert(name);
                    }
                }
                next.active = at;
                next.anchor = at;
            }
            Select::All { rows } => next.selected = rows.names(0..rows.count).collect(),
            Select::Retain { names } => next.selected.retain(|name| names.contains(name)),
            Select::Clear => next.selected.clear(),
        }
        Rc::new(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &'static [&'static str]) -> Rows {
        Rows { count: names.len(), name: Rc::new(|row| names[row].into()) }
    }

    fn selected(selection: &Selection) -> Vec<&str> {
        selection.selected.iter().map(|name| &**name).collect()
    }

    #[test]
    fn a_range_follows_the_keyboard_and_leaves_the_rest_alone() {
        let rows = rows(&["e", "d", "c", "b", "a"]);
        let go = |to, extend| Select::Go { to, extend, rows: rows.clone() };
        let toggle = |at| Select::Toggle { at, rows: rows.clone() };
        let mut selection = Rc::new(Selection::default());
        for (change, expected) in [
            (toggle(4), &["a"][..]),
            (go(1, false), &["a"]),
            (go(2, true), &["a", "c", "d"]),
            (go(3, true), &["a", "b", "c", "d"]),
            (go(2, true), &["a", "c", "d"]),
            (go(0, true), &["a", "d", "e"]),
            (toggle(0), &["a", "d"]),
            (toggle(5), &["a", "d"]),
            (Select::All { rows: rows.clone() }, &["a", "b", "c", "d", "e"]),
            (Select::Clear, &[]),
        ] {
            selection = selection.reduce(change);
            assert_eq!(selected(&selection), expected);
        }
    }

    #[test]
    fn a_selection_survives_refilled_rows() {
        let mut selection = Rc::new(Selection::of(["b".into(), "c".into()]));
        let fewer = rows(&["x", "b"]);
        selection = selection.reduce(Select::Toggle { at: 0, rows: fewer });
        assert_eq!(selected(&selection), ["b", "c", "x"]);
        selection = selection.reduce(Select::Retain { names: ["b".into(), "x".into(), "y".into()].into() });
        assert_eq!(selected(&selection), ["b", "x"]);
    }

    #[test]
    fn a_range_whose_start_is_filtered_out_selects_the_rows_that_are_left() {
        let mut selection = Rc::new(Selection::default());
        let all = rows(&["a", "b", "c", "d", "e", "f"]);
        selection = selection.reduce(Select::Toggle { at: 5, rows: all });
        selection = selection.reduce(Select::Go { to: 0, extend: true, rows: rows(&["a", "b"]) });
        assert_eq!(selected(&selection), ["a", "b", "f"]);
    }
}
