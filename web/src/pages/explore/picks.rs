//! Which tags are picked, and how keys and clicks change that.

use std::{collections::BTreeSet, rc::Rc};

use yew::prelude::*;

/// What is picked, by number, and where the keyboard is, by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picks {
    /// The numbers of what is picked.
    pub picked: BTreeSet<u32>,
    /// The row that the keyboard is at.
    pub active: usize,
    /// The row at which a range begins.
    anchor: usize,
}

/// What was done.
pub enum Pick {
    /// The keyboard goes to a row; with Shift, the rows from the anchor to there are picked.
    Go { to: usize, extend: bool, rows: Rc<Vec<u32>> },
    /// A row is picked, or not any more.
    Toggle { at: usize, rows: Rc<Vec<u32>> },
    /// All rows are picked.
    All { rows: Rc<Vec<u32>> },
    /// Nothing is picked any more.
    Clear,
}

impl Reducible for Picks {
    type Action = Pick;

    fn reduce(self: Rc<Self>, pick: Pick) -> Rc<Self> {
        let mut next = (*self).clone();
        match pick {
            Pick::Go { to, extend: false, .. } => {
                next.active = to;
                next.anchor = to;
            }
            Pick::Go { to, extend: true, rows } => {
                let range = |from: usize, to: usize| from.min(to)..(from.max(to) + 1).min(rows.len());
                // The range follows the keyboard: what is not in it any more is let go.
                for number in &rows[range(next.anchor, next.active)] {
                    next.picked.remove(number);
                }
                next.picked.extend(&rows[range(next.anchor, to)]);
                next.active = to;
            }
            Pick::Toggle { at, rows } => {
                if let Some(number) = rows.get(at)
                    && !next.picked.remove(number)
                {
                    next.picked.insert(*number);
                }
                next.active = at;
                next.anchor = at;
            }
            Pick::All { rows } => next.picked = rows.iter().copied().collect(),
            Pick::Clear => next.picked.clear(),
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
        let go = |to, extend| Pick::Go { to, extend, rows: Rc::clone(&rows) };
        let toggle = |at| Pick::Toggle { at, rows: Rc::clone(&rows) };
        let mut picks = Rc::new(Picks::default());
        for (pick, picked) in [
            (toggle(4), vec![10]),
            (go(1, false), vec![10]),
            (go(2, true), vec![10, 30, 40]),
            (go(3, true), vec![10, 20, 30, 40]),
            (go(2, true), vec![10, 30, 40]),
            (go(0, true), vec![10, 40, 50]),
            (toggle(0), vec![10, 40]),
            (Pick::All { rows: Rc::clone(&rows) }, vec![10, 20, 30, 40, 50]),
            (Pick::Clear, vec![]),
        ] {
            picks = picks.reduce(pick);
            assert_eq!(picks.picked.iter().copied().collect::<Vec<_>>(), picked);
        }
    }
}
