//! The descriptor of what a reference names, and its digest.

use tallyman_core::{Algorithm, Descriptor, Digest, Reference};
use tallyman_registry::{Client, Error as RegistryError, ManifestHead};

use crate::{
    Error,
    resolve::{failed, resolve},
};

/// Returns the descriptor of what `reference` names: by HEAD if the registry tells all of it, and no other digest than that of
/// the reference or, where it names none, by no other algorithm than SHA-256; else by the manifest itself.
///
/// # Errors
/// The errors of [`resolve`] without a platform.
pub async fn descriptor_of(client: &Client, reference: &Reference) -> Result<Descriptor, Error> {
    let is_its_digest = |told: &Digest| match reference.digest() {
        Some(expected) => expected == told,
        // Manifests are known by this algorithm wherever they are fetched.
        None => told.algorithm() == Algorithm::Sha256,
    };
    match head(client, reference).await.map_err(failed)? {
        Some(ManifestHead {
            digest: Some(digest), media_type: Some(media_type), size: Some(size), ..
        }) if is_its_digest(&digest) => Ok(Descriptor::new(media_type, digest, size)),
        _ => Ok(resolve(client, reference, None).await?.descriptor()),
    }
}

/// Returns the digest of what the tag of `reference` stands for, by which its registry deletes it: by HEAD if the registry tells it,
/// in whatever algorithm, and the browser does not hide it, else computed from the manifest.
///
/// # Errors
/// The errors of [`Client::manifest`].
pub async fn digest_of(client: &Client, reference: &Reference) -> Result<Digest, RegistryError> {
    match head(client, reference).await?.and_then(|head| head.digest) {
        Some(digest) => Ok(digest),
        None => Ok(client.manifest(reference).await?.digest),
    }
}

/// Returns `None` if the registry answers with an error: some refuse HEAD alone, and the reason of a refusal stands in a body.
async fn head(client: &Client, reference: &Reference) -> Result<Option<ManifestHead>, RegistryError> {
    match client.head_manifest(reference).await {
        Err(error) if is_answer(&error) => Ok(None),
        found => found.map(Some),
    }
}

/// Returns `true` if a registry answered, and not that it wants fewer requests.
fn is_answer(error: &RegistryError) -> bool {
    matches!(error, RegistryError::Api { status, .. } if status.as_u16() != 429)
}
