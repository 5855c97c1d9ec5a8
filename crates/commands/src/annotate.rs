//! Saying more about an image of a local list.

use std::collections::BTreeMap;

use tallyman_core::{ListEntry, ManifestList, Platform, Reference};
use tallyman_store::ListStore;

use crate::Error;

/// What is said about a platform. What is empty stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlatformChange {
    /// Operating system.
    pub os: String,
    /// CPU architecture.
    pub architecture: String,
    /// Operating system version.
    pub os_version: String,
    /// Operating system features to add.
    pub os_features: Vec<String>,
    /// Variant of the architecture.
    pub variant: String,
}

impl PlatformChange {
    /// Makes the change, where Docker would.
    ///
    /// # Errors
    /// When the operating system and architecture that come out are none of the pairs that Docker knows
    /// ([`Platform::annotatable`]).
    pub fn apply(&self, platform: &Platform) -> Result<Platform, Error> {
        let mut changed = platform.clone();
        for (new, field) in [
            (&self.os, &mut changed.os),
            (&self.architecture, &mut changed.architecture),
            (&self.os_version, &mut changed.os_version),
            (&self.variant, &mut changed.variant),
        ] {
            if !new.is_empty() {
                field.clone_from(new);
            }
        }
        for feature in &self.os_features {
            if !changed.os_features.contains(feature) {
                changed.os_features.push(feature.clone());
            }
        }
        if changed.is_annotatable() {
            return Ok(changed);
        }
        Err(Error::UnsupportedPlatform { os: self.os.clone(), architecture: self.architecture.clone() })
    }
}

/// Changes the platform of an image in a local list. No registry is asked.
///
/// # Errors
/// When there is no such list, no such image in it, when Docker does not allow the platform, or when the store fails.
pub async fn annotate(
    store: &dyn ListStore,
    list: &Reference,
    image: &Reference,
    change: &PlatformChange,
) -> Result<ListEntry, Error> {
    let (_, mut entry) = find(store, list, image).await?;
    entry.descriptor.platform = Some(change.apply(&entry.platform())?);
    store.put_entry(list, &entry).await?;
    Ok(entry)
}

/// The same, and adds annotations to the image's entry. The list becomes an OCI index by that: Docker's have none. Where
/// no platform is said, the platform stays as it is, whatever it is.
///
/// # Errors
/// As [`annotate`].
pub async fn annotate_entry(
    store: &dyn ListStore,
    list: &Reference,
    image: &Reference,
    change: &PlatformChange,
    annotations: &BTreeMap<String, String>,
) -> Result<ListEntry, Error> {
    let (mut existing, mut entry) = find(store, list, image).await?;
    if *change != PlatformChange::default() {
        entry.descriptor.platform = Some(change.apply(&entry.platform())?);
    }
    entry.descriptor.annotations.extend(annotations.clone());
    existing.form_mut().oci = true;
    existing.insert(entry.clone())?;
    store.save(&existing).await?;
    Ok(entry)
}

async fn find(
    store: &dyn ListStore,
    list: &Reference,
    image: &Reference,
) -> Result<(ManifestList, ListEntry), Error> {
    let missing = || Error::NotInList { image: image.to_string(), list: list.to_string() };
    let existing = store.load(list).await?.ok_or_else(missing)?;
    existing.check_name(image)?;
    let entry = existing.get(image).ok_or_else(missing)?.clone();
    Ok((existing, entry))
}
