//! Writes the names of the lists down for pages that do without the database.

use std::{
    cell::Cell,
    cmp::Ordering,
    rc::{Rc, Weak},
};

use tallyman_store::ListSummary;
use wasm_bindgen_futures::spawn_local;

use super::LocalLists;
use super::name_cache;

/// State of the writing. Of many changes at once, the last alone is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writing {
    /// All is written.
    #[default]
    Done,
    /// The lists are being read.
    Reading,
    /// They are, and have changed meanwhile.
    Outdated,
}

/// Writes the names whenever it is told that some list changed.
#[derive(Default)]
pub(super) struct Names {
    writing: Rc<Cell<Writing>>,
}

impl Names {
    /// Some list of `local_lists` has changed, or it was opened.
    pub fn changed(&self, local_lists: &Weak<LocalLists>) {
        if self.writing.get() != Writing::Done {
            self.writing.set(Writing::Outdated);
            return;
        }
        let (writing, local_lists) = (Rc::clone(&self.writing), Weak::clone(local_lists));
        writing.set(Writing::Reading);
        spawn_local(async move {
            while let Some(local_lists) = local_lists.upgrade() {
                // Lists that cannot be read have pages that say so; the names stay as they were.
                let summaries = local_lists.summaries().await;
                if writing.replace(Writing::Reading) == Writing::Outdated {
                    continue;
                }
                if let Ok(summaries) = summaries {
                    name_cache::write(&last_first(summaries));
                }
                break;
            }
            writing.set(Writing::Done);
        });
    }
}

/// The names of lists, the last changed one first.
fn last_first(mut summaries: Vec<ListSummary>) -> Vec<String> {
    summaries.sort_by(|one, other| other.changed.partial_cmp(&one.changed).unwrap_or(Ordering::Equal));
    summaries.into_iter().map(|summary| summary.reference.to_string()).collect()
}
