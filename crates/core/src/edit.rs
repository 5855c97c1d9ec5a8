//! Changes of local lists as values: made by one, applied where another may have changed something meanwhile, undone.

use thiserror::Error;

use crate::{IndexForm, ListEntry, ManifestList, Reference};

/// A change of one entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryChange {
    /// The entry as whoever makes the change has seen it; `None` if there was none.
    pub before: Option<ListEntry>,
    /// The entry afterwards; `None` if it is removed.
    pub after: Option<ListEntry>,
}

impl EntryChange {
    /// Returns the image; `None` if there is no entry before or after.
    fn reference(&self) -> Option<&Reference> {
        self.before.as_ref().or(self.after.as_ref()).map(|entry| &entry.reference)
    }
}

/// A change of the form of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormChange {
    /// The form as whoever makes the change has seen it.
    pub before: IndexForm,
    /// The form afterwards.
    pub after: IndexForm,
}

/// A change of a list, entry by entry. It is whole or not at all.
///
/// ```
/// use tallyman_core::{ListEdit, ManifestList};
///
/// let mut list = ManifestList::new("ghcr.io/acme/app:v1".parse()?);
/// let mut form = list.form().clone();
/// form.oci = true;
/// let edit = ListEdit::form(&list, &form);
/// edit.apply(&mut list).unwrap();
/// assert!(list.form().oci);
/// edit.inverse().apply(&mut list).unwrap();
/// assert!(!list.form().oci);
/// # Ok::<(), tallyman_core::ReferenceError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListEdit {
    /// The changes, in their order. Several are of the same image only if somebody else changed it between them.
    pub changes: Vec<EntryChange>,
    /// The change of the list's form; `None` if it stays.
    pub form: Option<FormChange>,
}

/// A conflict: the list is not as whoever makes a change has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("another program has changed {}; nothing was changed", named(images, *form))]
pub struct EditConflict {
    /// The images of the entries that were changed.
    pub images: Vec<Reference>,
    /// The form was changed.
    pub form: bool,
}

fn named(images: &[Reference], form: bool) -> String {
    let images = images.iter().map(ToString::to_string);
    images.chain(form.then(|| "the format of the list".to_owned())).collect::<Vec<_>>().join(", ")
}

impl FormChange {
    /// Creates the change from one form to another; `None` if they are equal.
    fn between(before: &IndexForm, after: &IndexForm) -> Option<Self> {
        (before != after).then(|| Self { before: before.clone(), after: after.clone() })
    }
}

impl ListEdit {
    /// Creates the edit that inserts `entry` in place of the one of that name in `list`.
    pub fn put(list: &ManifestList, entry: ListEntry) -> Self {
        let before = list.get(&entry.reference).cloned();
        Self { changes: vec![EntryChange { before, after: Some(entry) }], form: None }
    }

    /// Creates the edit that removes the entry of `image` from `list`. With its last entry a list loses its form: stores
    /// keep it with the entries.
    pub fn remove(list: &ManifestList, image: &Reference) -> Self {
        let Some(before) = list.get(image).cloned() else { return Self::default() };
        let left = list.iter().filter(|entry| entry.reference != *image);
        let form = if list.len() == 1 { IndexForm::default() } else { list.form().with_entries(left) };
        Self {
            changes: vec![EntryChange { before: Some(before), after: None }],
            form: FormChange::between(list.form(), &form),
        }
    }

    /// Creates the edit that gives `list` another form.
    pub fn form(list: &ManifestList, form: &IndexForm) -> Self {
        Self { changes: Vec::new(), form: FormChange::between(list.form(), form) }
    }

    /// Creates the edit that makes `after` of `before`.
    pub fn between(before: &ManifestList, after: &ManifestList) -> Self {
        let gone = before.iter().filter(|entry| after.get(&entry.reference).is_none());
        let gone = gone.map(|entry| EntryChange { before: Some(entry.clone()), after: None });
        let new = after.iter().map(|entry| EntryChange {
            before: before.get(&entry.reference).cloned(),
            after: Some(entry.clone()),
        });
        Self {
            changes: gone.chain(new.filter(|change| change.before != change.after)).collect(),
            form: FormChange::between(before.form(), after.form()),
        }
    }

    /// Returns both edits as one, this one first. Two changes of an image become one if the later begins where the earlier
    /// ends. Else somebody else changed the image between them, and both stay: the inverse does not undo what others did.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        for change in later.changes {
            let image = change.reference();
            let earlier = self.changes.iter().rposition(|earlier| earlier.reference() == image);
            match earlier.filter(|at| self.changes[*at].after == change.before) {
                Some(at) => {
                    self.changes[at].after = change.after;
                    if self.changes[at].before == self.changes[at].after {
                        self.changes.remove(at);
                    }
                }
                None => self.changes.push(change),
            }
        }
        self.form = match (self.form, later.form) {
            (Some(first), Some(later)) => FormChange::between(&first.before, &later.after),
            (first, later) => first.or(later),
        };
        self
    }

    /// Returns the images whose entries change, each once.
    pub fn images(&self) -> impl Iterator<Item = &Reference> {
        let images = self.changes.iter().map(EntryChange::reference).enumerate();
        images.filter_map(|(at, image)| {
            let mut earlier = self.changes[..at].iter().map(EntryChange::reference);
            image.filter(|_| !earlier.any(|other| other == image))
        })
    }

    /// Returns `true` if nothing changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.form.is_none()
    }

    /// Returns the edit that undoes this one.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let changes = self.changes.iter().rev();
        let changes =
            changes.map(|change| EntryChange { before: change.after.clone(), after: change.before.clone() });
        let form = self.form.clone();
        let form = form.map(|change| FormChange { before: change.after, after: change.before });
        Self { changes: changes.collect(), form }
    }

    /// Returns the edit with the same outcome on `list` as it is now: for whoever has seen a conflict and wants it all the
    /// same. It has one change of each image, as the last one says what becomes of it.
    #[must_use]
    pub fn onto(&self, list: &ManifestList) -> Self {
        let is_last = |(at, change): &(usize, &EntryChange)| {
            let mut later = self.changes[at + 1..].iter();
            !later.any(|later| later.reference() == change.reference())
        };
        let changes = self.changes.iter().enumerate().filter(is_last).map(|(_, change)| EntryChange {
            before: change.reference().and_then(|image| list.get(image)).cloned(),
            after: change.after.clone(),
        });
        Self {
            changes: changes.filter(|change| change.before != change.after).collect(),
            form: self.form.as_ref().and_then(|change| FormChange::between(list.form(), &change.after)),
        }
    }

    /// Returns the edit with the same changes on `list`, in which only whoever makes the edit has changed something since it
    /// was thought of: of an entry the manifest and each field of the platform, where the edit changes them.
    #[must_use]
    pub fn rebased(&self, list: &ManifestList) -> Self {
        let changes = self.changes.iter().filter_map(|change| {
            let now = list.get(change.reference()?).cloned();
            let after = match (&change.before, &change.after, &now) {
                (Some(before), Some(after), Some(now)) => Some(merged(before, after, now)),
                // A change does not restore an entry that was removed meanwhile.
                (Some(_), _, None) => None,
                (_, after, _) => after.clone(),
            };
            (now != after).then_some(EntryChange { before: now, after })
        });
        Self { changes: changes.collect(), ..self.onto(list) }
    }

    /// Applies the edit. What is already as it is to be is no conflict.
    ///
    /// # Errors
    /// [`EditConflict`] if an entry or the form is neither as it was seen nor as it is to be; `list` stays as it is.
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
        let mut form = false;
        if let Some(change) = &self.form {
            form = *changed.form() != change.before && *changed.form() != change.after;
            *changed.form_mut() = change.after.clone();
        }
        if form || !images.is_empty() {
            return Err(EditConflict { images, form });
        }
        *list = changed;
        Ok(())
    }
}

/// Returns `now` with what differs between `before` and `after`.
fn merged(before: &ListEntry, after: &ListEntry, now: &ListEntry) -> ListEntry {
    let (from, to, mut platform) = (before.platform(), after.platform(), now.platform());
    let is_other_manifest = before.descriptor.digest != after.descriptor.digest;
    let mut merged = if is_other_manifest { after.clone() } else { now.clone() };
    if from == to && now.descriptor.platform.is_none() {
        return merged;
    }
    let take = |now: &mut String, from: &str, to: &str| {
        if from != to {
            to.clone_into(now);
        }
    };
    take(&mut platform.os, &from.os, &to.os);
    take(&mut platform.architecture, &from.architecture, &to.architecture);
    take(&mut platform.variant, &from.variant, &to.variant);
    take(&mut platform.os_version, &from.os_version, &to.os_version);
    if from.os_features != to.os_features {
        platform.os_features = to.os_features;
    }
    merged.descriptor.platform = Some(platform);
    merged
}
