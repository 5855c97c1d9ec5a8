//! The manifest that a reference and a platform name.

use tallyman_core::{Descriptor, Manifest, ManifestError, NESTED_INDEXES_MAX, Platform, Reference};
use tallyman_registry::{Client, Error as RegistryError};

use crate::{ContentError, Error};

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
    let manifest = fetched.manifest().map_err(|error| content(reference, error))?;
    match platform {
        Some(platform) => image_for(client, reference, manifest, platform).await,
        None => Ok(manifest),
    }
}

/// Returns the image of a platform: `manifest`, which was fetched as `reference`, or the one below it.
///
/// # Errors
/// As [`resolve`].
pub(crate) async fn image_for(
    client: &Client,
    reference: &Reference,
    mut manifest: Manifest,
    platform: &Platform,
) -> Result<Manifest, Error> {
    if let Some(image) = manifest.image() {
        let config = client.blob(reference, &image.config).await.map_err(failed)?;
        // A config without a platform is one of an artifact.
        let found = Platform::from_config(&config).ok().filter(|found| !found.os.is_empty());
        return match found {
            Some(found) if platform.accepts(&found) => Ok(manifest),
            found => Err(no_such_platform(reference, platform, found.into_iter().collect())),
        };
    }
    for _ in 0..NESTED_INDEXES_MAX {
        let Some(index) = manifest.index() else { return Ok(manifest) };
        let Some(entry) = index.entry_for(platform) else {
            let found = index.manifests.iter().filter(|entry| entry.is_runnable());
            let found = found.filter_map(|entry| entry.platform.clone()).collect();
            return Err(no_such_platform(reference, platform, found));
        };
        manifest = nested(client, reference, entry).await?;
    }
    Err(too_deep(reference))
}

pub(crate) fn no_such_platform(reference: &Reference, wanted: &Platform, found: Vec<Platform>) -> Error {
    let (reference, wanted) = (Box::new(reference.clone()), Box::new(wanted.clone()));
    Error::NoSuchPlatform { reference, wanted, found }
}

/// Fetches the manifest that an entry of a list names.
pub(crate) async fn nested(client: &Client, list: &Reference, entry: &Descriptor) -> Result<Manifest, Error> {
    let fetched = client.manifest_as(list, entry).await.map_err(failed)?;
    fetched.manifest().map_err(|error| content(&list.by_digest(entry.digest.clone()), error))
}

/// The error for a request that Docker does not make.
pub(crate) fn failed(source: RegistryError) -> Error {
    Error::Registry { request: None, source: Box::new(source) }
}

pub(crate) fn content(reference: &Reference, error: ManifestError) -> Error {
    Error::content(reference, ContentError::manifest(reference, error))
}

pub(crate) fn too_deep(reference: &Reference) -> Error {
    let reason = ContentError::TooDeep(Box::new(reference.clone()));
    Error::content(reference, reason)
}
