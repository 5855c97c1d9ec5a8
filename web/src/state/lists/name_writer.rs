//! Writes the names of the lists down for pages that do without the database.

use std::{cmp::Ordering, rc::Weak};

use tallyman_store::ListSummary;

use super::{LocalLists, name_cache};
use crate::state::reload::Reloader;

/// Writes the names whenever it is told that some list changed.
#[derive(Default)]
pub(super) struct Names(Reloader);

impl Names {
    /// Some list of `local_lists` has changed, or it was opened.
    pub fn changed(&self, local_lists: &Weak<LocalLists>) {
        let local_lists = Weak::clone(local_lists);
        self.0.changed(async move || {
            let Some(local_lists) = local_lists.upgrade() else { return };
            // Lists that cannot be read have pages that say so; the names stay as they were.
            if let Ok(summaries) = local_lists.summaries().await {
                name_cache::write(&last_first(summaries));
            }
        });
    }
}

/// The names of lists, the last changed one first.
fn last_first(mut summaries: Vec<ListSummary>) -> Vec<String> {
    summaries.sort_by(|one, other| other.changed.partial_cmp(&one.changed).unwrap_or(Ordering::Equal));
    summaries.into_iter().map(|summary| summary.reference.to_string()).collect()
}
