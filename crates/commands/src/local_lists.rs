//! Copies, new names and removal of local lists.

use std::collections::HashSet;

use tallyman_core::{EntryChange, ListEdit, Reference};
use tallyman_store::{ListStore, Outcome};

use crate::Error;

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
        let Some(found) = store.load_entries(list, &images).await? else { return gone() };
        let mut edit = ListEdit::default();
        for image in &images {
            match found.get(image) {
                Some(entry) => edit.changes.push(EntryChange { before: Some(entry.clone()), after: None }),
                None if ignore_missing => {}
                None => return Err(Error::NotInList { image: image.to_string(), list: list.to_string() }),
            }
        }
        let removed = edit.images().cloned().collect();
        if edit.is_empty() {
            return Ok(removed);
        }
        match store.edit(list, &edit).await? {
            Outcome::Done(()) => return Ok(removed),
            // Somebody else has changed one of them meanwhile: it goes as it is now.
            Outcome::Conflict(_) => {}
            Outcome::Gone | Outcome::Taken => return gone(),
        }
    }
}
