//! The selection of a table: the selected rows, and the row that has the keyboard.

use std::{collections::BTreeSet, rc::Rc};

use yew::prelude::*;

/// The selected items, by number, and the active row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Numbers of the selected items.
    pub selected: BTreeSet<u32>,
    /// The row that has the keyboard.
    pub active: usize,
    /// The row at which a range begins.
    anchor: usize,
}

/// A change of the selection. `rows` are the numbers of the items in the order of the rows.
pub enum Select {
    /// Makes a row the active one; `extend` selects the rows from the anchor to it.
    Go { to: usize, extend: bool, rows: Rc<Vec<u32>> },
    /// Selects a row, or takes it out of the selection.
    Toggle { at: usize, rows: Rc<Vec<u32>> },
    /// Selects all rows.
    All { rows: Rc<Vec<u32>> },
    /// Selects the items of these numbers as well.
    These { numbers: Vec<u32> },
    /// Clears the selection.
    Clear,
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
                let range = |from: usize, to: usize| from.min(to)..(from.max(to) + 1).min(rows.len());
                // The range follows the keyboard: what is not in it any more is let go.
                for number in &rows[range(next.anchor, next.active)] {
                    next.selected.remove(number);
                }
                next.selected.extend(&rows[range(next.anchor, to)]);
                next.active = to;
            }
            Select::Toggle { at, rows } => {
                if let Some(number) = rows.get(at)
                    && !next.selected.remove(number)
                {
                    next.selected.insert(*number);
                }
                next.active = at;
                next.anchor = at;
            }
            Select::All { rows } => next.selected = rows.iter().copied().collect(),
            Select::These { numbers } => next.selected.extend(numbers),
            Select::Clear => next.selected.clear(),
        }
        Rc::new(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_follows_the_keyboard_and_leaves_the_rest_alone() {
        let rows = Rc::new(vec![50, 40, 30, 20, 10]);
        let go = |to, extend| Select::Go { to, extend, rows: Rc::clone(&rows) };
        let toggle = |at| Select::Toggle { at, rows: Rc::clone(&rows) };
        let mut selection = Rc::new(Selection::default());
        for (change, selected) in [
            (toggle(4), vec![10]),
            (go(1, false), vec![10]),
            (go(2, true), vec![10, 30, 40]),
            (go(3, true), vec![10, 20, 30, 40]),
            (go(2, true), vec![10, 30, 40]),
            (go(0, true), vec![10, 40, 50]),
            (toggle(0), vec![10, 40]),
            (Select::All { rows: Rc::clone(&rows) }, vec![10, 20, 30, 40, 50]),
            (Select::Clear, vec![]),
            (Select::These { numbers: vec![30, 10] }, vec![10, 30]),
        ] {
            selection = selection.reduce(change);
            assert_eq!(selection.selected.iter().copied().collect::<Vec<_>>(), selected);
        }
    }
}
