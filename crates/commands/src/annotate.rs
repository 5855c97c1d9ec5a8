//! Annotating an image of a local list.

use std::collections::BTreeMap;

use tallyman_core::{ListEdit, ListEntry, PlatformChange, Reference};
use tallyman_store::ListStore;

use crate::Error;

/// Changes the platform of an image in a local list, and adds annotations to its entry ([`ListEdit::annotate`]). No
/// registry is asked.
///
/// # Errors
/// [`Error::NotInList`] if there is no such list or no such image in it, [`Error::UnsupportedPlatform`] if Docker does
/// not accept the platform, and those of the store.
pub async fn annotate(
    store: &dyn ListStore,
    list: &Reference,
    image: &Reference,
    change: &PlatformChange,
    annotations: &BTreeMap<String, String>,
) -> Result<ListEntry, Error> {
    let missing = || Error::NotInList { image: image.to_string(), list: list.to_string() };
    let mut existing = store.load(list).await?.ok_or_else(missing)?;
    ListEdit::annotate(&existing, image, change, annotations)?.apply(&mut existing).map_err(|_| missing())?;
    let entry = existing.get(image).ok_or_else(missing)?.clone();
    if annotations.is_empty() {
        store.put_entry(list, &entry).await?;
    } else {
        store.save(&existing).await?;
    }
    Ok(entry)
}
