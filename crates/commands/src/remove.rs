//! Removing local lists.

use tallyman_core::Reference;
use tallyman_store::ListStore;

use crate::Error;

/// Removes a local list, one whose entries cannot be read as well. Nothing is removed from a registry.
///
/// # Errors
/// When there is no such list, or when the store fails.
pub async fn remove(store: &dyn ListStore, list: &Reference) -> Result<(), Error> {
    if store.remove(list).await? { Ok(()) } else { Err(Error::NotInStore { reference: list.clone() }) }
}
