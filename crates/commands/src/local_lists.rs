//! Copies, new names and removal of local lists.

use tallyman_core::{ManifestList, Reference};
use tallyman_store::ListStore;

use crate::Error;

/// Keeps a copy of a local list under the name `to`. No registry is asked.
///
/// # Errors
/// When there is no such list, when there is one named `to` already, or when the store fails.
pub async fn duplicate(store: &dyn ListStore, list: &Reference, to: &Reference) -> Result<(), Error> {
    let found = store.load(list).await?.ok_or_else(|| Error::NotInStore { reference: list.clone() })?;
    if store.load(to).await?.is_some() {
        return Err(Error::ListNameTaken { list: Box::new(to.clone()) });
    }
    Ok(store.save(&found.renamed(to.clone())).await?)
}

/// Gives a local list the name `to`. It is never under none of the two names, whatever fails.
///
/// # Errors
/// As [`duplicate`].
pub async fn rename(store: &dyn ListStore, list: &Reference, to: &Reference) -> Result<(), Error> {
    duplicate(store, list, to).await?;
    store.remove(list).await?;
    Ok(())
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
    let missing = |image: &Reference| Error::NotInList { image: image.to_string(), list: list.to_string() };
    let mut found = store.load(list).await?.ok_or_else(|| Error::NotInStore { reference: list.clone() })?;
    for image in images {
        found.remove(image).ok_or_else(|| missing(image))?;
    }
    store.save(&found).await?;
    Ok(found)
}
