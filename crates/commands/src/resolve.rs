//! The manifest that a reference and a platform name.

use tallyman_core::{Descriptor, Manifest, NESTED_INDEXES_MAX, Platform, Reference};
use tallyman_registry::{Client, Error as RegistryError};

use crate::Error;

/// Fetches the manifest of `reference`. With a platform, the image of that platform, in nested lists as well.
///
/// # Errors
/// [`Error::NoSuchPlatform`] if there is no image of that platform, [`Error::Registry`] and [`Error::Content`] if a manifest
/// cannot be fetched or parsed.
pub async fn resolve(
    client: &Client,
    reference: &Reference,
    platform: Option<&Platform>,
) -> Result<Manifest, Error> {
    let fetched = client.manifest(reference).await.map_err(failed)?;
    let mut manifest = fetched.manifest().map_err(|error| content(reference, &error))?;
    let Some(platform) = platform else { return Ok(manifest) };
    for _ in 0..NESTED_INDEXES_MAX {
        let Some(index) = manifest.index() else { return Ok(manifest) };
        let Some(entry) = index.entry_for(platform) else {
            let found = index.manifests.iter().filter(|entry| entry.is_runnable());
            let found = found.filter_map(|entry| entry.platform.clone()).collect();
            let (reference, wanted) = (Box::new(reference.clone()), Box::new(platform.clone()));
            return Err(Error::NoSuchPlatform { reference, wanted, found });
        };
        manifest = nested(client, reference, entry).await?;
    }
    Err(too_deep(reference))
}

/// Fetches the manifest that an entry of a list names.
pub(crate) async fn nested(client: &Client, list: &Reference, entry: &Descriptor) -> Result<Manifest, Error> {
    let fetched = client.manifest_as(list, entry).await.map_err(failed)?;
    fetched.manifest().map_err(|error| content(&list.by_digest(entry.digest.clone()), &error))
}

/// A failure in the registry client's own words.
pub(crate) fn failed(source: RegistryError) -> Error {
    Error::Registry { words: source.to_string(), source: Box::new(source) }
}

pub(crate) fn content(reference: &Reference, error: &dyn std::error::Error) -> Error {
    Error::Content { reference: reference.clone(), reason: format!("{reference}: {error}") }
}

pub(crate) fn too_deep(reference: &Reference) -> Error {
    let reason =
        format!("expected lists in lists no more than {NESTED_INDEXES_MAX} deep, found more in {reference}");
    Error::Content { reference: reference.clone(), reason }
}
