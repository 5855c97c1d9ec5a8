//! Copies, new names and removal of local lists.

use std::collections::HashSet;

use tallyman_core::{ListEdit, ManifestList, Reference};
use tallyman_store::{ListStore, Outcome, StoreError, exchange::guess};

use crate::Error;

/// A local list that was found by its file name.
pub struct StoredList {
    /// Its name: the likeliest one where the store keeps none.
    pub reference: Reference,
    /// The list, or the reason why it cannot be read.
    pub list: Result<ManifestList, StoreError>,
}

/// Returns the local list that the store has by the name `file_name`; `Ok(None)` if it is gone meanwhile.
///
/// # Errors
/// [`StoreError::Damaged`] if no list can have the name.
pub async fn stored_list(store: &dyn ListStore, file_name: &str) -> Result<Option<StoredList>, StoreError> {
    let Some(any) = guess(file_name, &[]) else {
        let message =
            format!("expected a folder that is named as the Docker CLI names lists, found {file_name}");
        return Err(StoreError::Damaged { path: file_name.to_owned(), message });
    };
    let (reference, list) = match store.load(&any).await {
        // This store knows the names of its lists.
        Err(StoreError::ListNameTaken { present, .. }) => {
            let list = store.load(&present).await;
            (*present, list)
        }
        Ok(Some(list)) => (name_of(store, any, &list).await, Ok(Some(list))),
        other => (any, other),
    };
    Ok(list.transpose().map(|list| StoredList { reference, list }))
}

/// Returns the name of a list that was found by the file name of `any`: in files several references share one, and the images
/// tell which of them it is.
async fn name_of(store: &dyn ListStore, any: Reference, list: &ManifestList) -> Reference {
    let images: Vec<&Reference> = list.iter().map(|entry| &entry.reference).collect();
    match guess(&any.file_name(), &images) {
        Some(name) if name != any && store.load_entries(&name, &[]).await.is_ok() => name,
        _ => any,
    }
}

/// Keeps a copy of a local list under the name `to`. No registry is asked.
///
/// # Errors
/// When there is no such list, when there is one named `to` already, or when the store fails.
pub async fn duplicate(store: &dyn ListStore, list: &Reference, to: &Reference) -> Result<(), Error> {
    let found = store.load(list).await?.ok_or_else(|| Error::NotInStore { reference: list.clone() })?;
    match store.add(&found.renamed(to.clone())).await? {
        Outcome::Done(()) => Ok(()),
        _ => Err(Error::ListNameTaken { list: Box::new(to.clone()) }),
    }
}

/// Gives a local list the name `to`, in one step.
///
/// # Errors
/// [`Error::NotInStore`] if there is no such list, [`Error::ListNameTaken`] if there is one named `to` already, and those of
/// the store.
pub async fn rename(store: &dyn ListStore, list: &Reference, to: &Reference) -> Result<(), Error> {
    match store.rename(list, to).await? {
        Outcome::Done(()) => Ok(()),
        Outcome::Taken => Err(Error::ListNameTaken { list: Box::new(to.clone()) }),
        Outcome::Gone | Outcome::Conflict(_) => Err(Error::NotInStore { reference: list.clone() }),
    }
}

/// Removes a local list, one whose entries cannot be read as well. Nothing is removed from a registry.
///
/// # Errors
/// When there is no such list, or when the store fails.
pub async fn remove(store: &dyn ListStore, list: &Reference) -> Result<(), Error> {
    if store.remove(list).await? { Ok(()) } else { Err(Error::NotInStore { reference: list.clone() }) }
}

/// Returns the entries of `images` that a list has, and its form; where that form depends on the other entries
/// ([`IndexForm::by_annotation`](tallyman_core::IndexForm::by_annotation)), those as well. Returns `None` if there is no such list.
///
/// # Errors
/// The errors of [`ListStore::load_entries`], and of [`ListStore::load`] where the form depends on the other entries.
pub(crate) async fn entries_to_edit(
    store: &dyn ListStore,
    list: &Reference,
    images: &[&Reference],
) -> Result<Option<ManifestList>, StoreError> {
    match store.load_entries(list, images).await? {
        Some(found) if found.form().by_annotation => store.load(list).await,
        found => Ok(found),
    }
}

/// Removes images from a local list: all of them or none; with `ignore_missing` those that it has. Returns those that were removed.
/// No registry is asked.
///
/// # Errors
/// [`Error::NotInStore`] if there is no such list, [`Error::NotInList`] if one of the images is not in it, and those of the store.
pub async fn remove_entries(
    store: &dyn ListStore,
    list: &Reference,
    images: &[Reference],
    ignore_missing: bool,
) -> Result<HashSet<Reference>, Error> {
    let mut known = HashSet::new();
    let images: Vec<&Reference> = images.iter().filter(|image| known.insert(*image)).collect();
    let gone = || match ignore_missing {
        true => Ok(HashSet::new()),
        false => Err(Error::NotInStore { reference: list.clone() }),
    };
    loop {
        let Some(found) = entries_to_edit(store, list, &images).await? else { return gone() };
        let mut left = found.clone();
        for image in &images {
            if left.remove_with_form(image).is_none() && !ignore_missing {
                return Err(Error::NotInList { image: image.to_string(), list: list.to_string() });
            }
        }
        let edit = ListEdit::between(&found, &left);
        let removed = edit.images().cloned().collect();
        if edit.is_empty() {
            return Ok(removed);
        }
        match store.edit(list, &edit).await? {
            Outcome::Done(()) => return Ok(removed),
            // Another writer has changed an entry meanwhile: its present form is removed.
            Outcome::Conflict(_) => {}
            Outcome::Gone | Outcome::Taken => return gone(),
        }
    }
}
