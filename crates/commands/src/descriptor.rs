//! The descriptor of what a reference names.

use tallyman_core::{Descriptor, Reference};
use tallyman_registry::{Client, Error as RegistryError, ManifestHead};

use crate::{
    Error,
    resolve::{failed, resolve},
};

/// Returns the descriptor of what `reference` names: by HEAD if the registry tells all of it, and no other digest than that of
/// the reference; else by the manifest itself.
///
/// # Errors
/// The errors of [`resolve`] without a platform.
pub async fn descriptor_of(client: &Client, reference: &Reference) -> Result<Descriptor, Error> {
    match client.head_manifest(reference).await {
        Ok(ManifestHead { digest: Some(digest), media_type: Some(media_type), size: Some(size), .. })
            if reference.digest().is_none_or(|expected| *expected == digest) =>
        {
            Ok(Descriptor::new(media_type, digest, size))
        }
        Err(error) if !is_answer(&error) => Err(failed(error)),
        // Some registries refuse HEAD alone, and the reason of a refusal stands in a body.
        Ok(_) | Err(_) => Ok(resolve(client, reference, None).await?.descriptor()),
    }
}

/// Returns `true` if a registry answered, and not that it wants fewer requests.
fn is_answer(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Api { status, .. } if status.as_u16() != 429)
}
