//! Changes of local lists as values: made by one, applied where another may have changed something meanwhile, undone.

use thiserror::Error;

use crate::{ListEntry, ManifestList, Reference};

/// What happens to one entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryChange {
    /// The entry as whoever makes the change has seen it; nothing where there was none.
    pub before: Option<ListEntry>,
    /// What stands in its place afterwards; nothing where it goes out.
    pub after: Option<ListEntry>,
}

impl EntryChange {
    /// The image that it is about; nothing where there is nothing before and after.
    fn reference(&self) -> Option<&Reference> {
        self.before.as_ref().or(self.after.as_ref()).map(|entry| &entry.reference)
    }
}

/// A change of a list, entry by entry. It is whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListEdit {
    /// The changes, each of another image.
    pub changes: Vec<EntryChange>,
}

/// Entries are not as whoever makes a change has seen them: somebody else has changed them meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "somebody else has changed {} meanwhile; nothing was changed",
    images.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
)]
pub struct EditConflict {
    /// The images of these entries.
    pub images: Vec<Reference>,
}

impl ListEdit {
    /// The change that puts `entry` in, in place of the one of that name in `list`.
    pub fn put(list: &ManifestList, entry: ListEntry) -> Self {
        let before = list.get(&entry.reference).cloned();
        Self { changes: vec![EntryChange { before, after: Some(entry) }] }
    }

    /// The change that takes the entry of `image` out of `list`.
    pub fn remove(list: &ManifestList, image: &Reference) -> Self {
        let before = list.get(image).cloned();
        Self {
            changes: before
                .map(|before| EntryChange { before: Some(before), after: None })
                .into_iter()
                .collect(),
        }
    }

    /// The change that makes `after` of `before`.
    pub fn between(before: &ManifestList, after: &ManifestList) -> Self {
        let gone = before.iter().filter(|entry| after.get(&entry.reference).is_none());
        let gone = gone.map(|entry| EntryChange { before: Some(entry.clone()), after: None });
        let new = after.iter().map(|entry| EntryChange {
            before: before.get(&entry.reference).cloned(),
            after: Some(entry.clone()),
        });
        Self { changes: gone.chain(new.filter(|change| change.before != change.after)).collect() }
    }

    /// Both changes, this one first.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.changes.extend(later.changes);
        self
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The change that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let changes = self.changes.iter().rev();
        let changes =
            changes.map(|change| EntryChange { before: change.after.clone(), after: change.before.clone() });
        Self { changes: changes.collect() }
    }

    /// The same outcome, whatever stands in `list` now: for whoever has seen a conflict and wants it so all the same.
    #[must_use]
    pub fn onto(&self, list: &ManifestList) -> Self {
        let changes = self.changes.iter().map(|change| EntryChange {
            before: change.reference().and_then(|image| list.get(image)).cloned(),
            after: change.after.clone(),
        });
        Self { changes: changes.filter(|change| change.before != change.after).collect() }
    }

    /// Makes the change. An entry that is already as it is to be is no conflict.
    ///
    /// # Errors
    /// When an entry is neither as it was seen nor as it is to be; `list` stays as it is.
    pub fn apply(&self, list: &mut ManifestList) -> Result<(), EditConflict> {
        let mut changed = list.clone();
        let mut images = Vec::new();
        for change in &self.changes {
            let Some(image) = change.reference() else { continue };
            let found = changed.get(image);
            let is_seen = found == change.before.as_ref() || found == change.after.as_ref();
            let is_done = is_seen
                && match &change.after {
                    Some(after) => changed.insert(after.clone()).is_ok(),
                    None => {
                        changed.remove(image);
                        true
                    }
                };
            if !is_done {
                images.push(image.clone());
            }
        }
        if !images.is_empty() {
            return Err(EditConflict { images });
        }
        *list = changed;
        Ok(())
    }
}
