//! The rows of a tree that are on screen, and some around them.

use std::rc::Rc;

use tallyman_files_worker::{Row, Subject, View};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::Files;

/// Rows that are asked for beyond those on screen, above and below.
const MARGIN: u32 = 60;

/// Rows of a tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The number of all.
    pub total: usize,
    /// The number of files and directories that match, if something is searched or filtered.
    pub matches: Option<u32>,
    /// The number of the first that is here.
    pub first: usize,
    /// The rows that are here.
    pub rows: Rc<Vec<Row>>,
    /// The view that they are of.
    pub view: View,
    /// Set once the rows have been asked for and came.
    pub is_known: bool,
}

impl Rows {
    /// The row of a number, if it is here.
    pub fn get(&self, number: usize) -> Option<&Row> {
        self.rows.get(number.checked_sub(self.first)?)
    }
}

/// Asks for the rows of `view` around those on screen, again whenever `generation` changes. Returns them, and the callback that
/// takes which are on screen.
#[hook]
pub fn use_rows(
    files: Option<&Files>,
    of: Subject,
    view: &View,
    generation: (u32, u32),
) -> (Rc<Rows>, Callback<(usize, usize)>) {
    let rows = use_state_eq(|| Rc::new(Rows::default()));
    let seen = use_state_eq(|| (0_u32, 40_u32));
    let latest = use_mut_ref(|| 0_u32);
    {
        let (rows, seen) = (rows.setter(), *seen);
        let wanted = (files.cloned(), of, view.clone(), generation, seen);
        use_effect_with(wanted, move |(files, of, view, _, (first, end))| {
            let Some(files) = files.clone() else { return };
            let number = *latest.borrow() + 1;
            *latest.borrow_mut() = number;
            let (of, view, latest) = (*of, view.clone(), Rc::clone(&latest));
            let from = first.saturating_sub(MARGIN);
            let count = end.saturating_sub(*first) + 2 * MARGIN;
            spawn_local(async move {
                let Some((total, matches, found)) = files.rows(of, view.clone(), from, count).await else {
                    return;
                };
                if *latest.borrow() == number {
                    let (total, first) = (total as usize, from as usize);
                    rows.set(Rc::new(Rows {
                        total,
                        matches,
                        first,
                        rows: Rc::new(found),
                        view,
                        is_known: true,
                    }));
                }
            });
        });
    }
    let onview = {
        let seen = seen.setter();
        // A step at a time, so that not every row that is scrolled past is asked for.
        let step = |row: usize| row as u32 / 20 * 20;
        Callback::from(move |(first, end): (usize, usize)| seen.set((step(first), step(end) + 20)))
    };
    ((*rows).clone(), onview)
}
