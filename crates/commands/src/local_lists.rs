//! Copies, new names and removal of local lists.

use tallyman_core::{EntryChange, ListEdit, ManifestList, Reference};
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

/// Removes images from a local list: all of them or none. No registry is asked.
///
/// # Errors
/// [`Error::NotInList`] if there is no such list, or one of the images is not in it, and those of the store.
pub async fn remove_entries(
    store: &dyn ListStore,
    list: &Reference,
    images: &[Reference],
) -> Result<ManifestList, Error> {
    loop {
        let unknown = || Error::NotInStore { reference: list.clone() };
        let mut found = store.load(list).await?.ok_or_else(unknown)?;
        let mut edit = ListEdit::default();
        for image in images {
            let missing = || Error::NotInList { image: image.to_string(), list: list.to_string() };
            let before = Some(found.remove(image).ok_or_else(missing)?);
            edit.changes.push(EntryChange { before, after: None });
        }
        match store.edit(list, &edit).await? {
            Outcome::Done(()) => return Ok(found),
            // Somebody else has changed one of them meanwhile: it goes as it is now.
            Outcome::Conflict(_) => {}
            Outcome::Gone | Outcome::Taken => return Err(unknown()),
        }
    }
}
