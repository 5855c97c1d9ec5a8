//! Annotating an image of a local list.

use std::collections::BTreeMap;

use tallyman_core::{ListEdit, ListEntry, PlatformChange, Reference};
use tallyman_store::{ListStore, Outcome};

use crate::{Error, local_lists::entries_to_edit};

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
    loop {
        let existing = entries_to_edit(store, list, &[image]).await?.ok_or_else(missing)?;
        let edit = ListEdit::annotate(&existing, image, change, annotations)?;
        match store.edit(list, &edit).await? {
            // Another writer has annotated the image meanwhile: its present form counts.
            Outcome::Conflict(_) => {}
            Outcome::Gone | Outcome::Taken => return Err(missing()),
            Outcome::Done(()) => {
                let after = edit.changes.into_iter().find_map(|change| change.after);
                return after.or_else(|| existing.get(image).cloned()).ok_or_else(missing);
            }
        }
    }
}
