//! Making a local list.

use std::collections::HashMap;

use tallyman_core::{ManifestList, NameTaken, Reference};
use tallyman_registry::Client;
use tallyman_store::ListStore;

use crate::{Error, gather};

/// What `create` is asked to make.
#[derive(Clone, Debug)]
pub struct Create {
    /// The list.
    pub list: Reference,
    /// Its images, in the order given. Names that stand twice count once.
    pub images: Vec<Reference>,
    /// Add to the list where there is one.
    pub amend: bool,
}

/// Makes a local list, or adds to one: every image is fetched, but for those that the list has already.
///
/// All or nothing: where one image fails, the store stays as it was. The failure told is that of the first image in
/// the order given, as Docker, which asks for one after another, would tell it.
///
/// # Errors
/// When the list exists and is not to be added to, when an image cannot be had, or when the store fails.
pub async fn create(store: &dyn ListStore, client: &Client, create: &Create) -> Result<ManifestList, Error> {
    let list = assemble(store, client, create).await?;
    store.save(&list).await?;
    Ok(list)
}

/// The list that [`create`] would save.
///
/// # Errors
/// As [`create`], but for saving.
pub(crate) async fn assemble(
    store: &dyn ListStore,
    client: &Client,
    create: &Create,
) -> Result<ManifestList, Error> {
    let mut list = match store.load(&create.list).await? {
        Some(_) if !create.amend => return Err(Error::ListExists { list: create.list.clone() }),
        Some(existing) => existing,
        None => ManifestList::new(create.list.clone()),
    };
    let mut named: HashMap<String, &Reference> = HashMap::new();
    let mut missing = Vec::new();
    for image in &create.images {
        list.check_name(image)?;
        match named.insert(image.file_name(), image) {
            Some(present) if present != image => {
                let (added, present) = (Box::new(image.clone()), Box::new(present.clone()));
                return Err(NameTaken { added, present }.into());
            }
            Some(_) => {}
            None if list.get(image).is_some_and(|entry| entry.raw.is_some()) => {}
            None => missing.push(image.clone()),
        }
    }
    for entry in gather::images(client, &missing).await? {
        list.insert(entry)?;
    }
    Ok(list)
}
