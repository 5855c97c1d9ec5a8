//! Images and lists from a registry, read as Docker reads them.

pub(crate) mod expand;
mod freshness;
pub(crate) mod many;

use std::{collections::HashMap, sync::Arc};

use tallyman_core::{
    Descriptor, Digest, ImageManifest, Index, ListEntry, ManifestList, MediaType, Platform, Reference,
};
use tallyman_registry::{Client, Error as RegistryError};

pub use freshness::{Freshness, SourceImages, fetch_source, fetch_whole, freshness, refreshed};
pub(crate) use freshness::{carry_over, config_platform, may_be_of_other_platform};

use crate::{
    ContentError, Error, FailedRequest, RequestPurpose, docker,
    resolve::{content, failed, nested},
    side_by_side,
};

/// A manifest that came from a registry and is what its media type says.
pub(crate) enum Fetched {
    Image(Box<FetchedImage>),
    List(Box<FetchedList>),
}

/// An image without its platform, which its config has.
pub(crate) struct FetchedImage {
    reference: Reference,
    /// The name that the user gave.
    requested_as: Reference,
    media_type: MediaType,
    digest: Digest,
    bytes: Arc<[u8]>,
    config: Digest,
}

/// A list or index.
pub(crate) struct FetchedList {
    pub media_type: MediaType,
    pub index: Index,
    pub bytes: Arc<[u8]>,
}

impl FetchedList {
    /// The entry of a list that it makes, without a platform.
    pub(crate) fn as_entry(&self, reference: &Reference) -> Result<ListEntry, Error> {
        let digest = Digest::of(&self.bytes);
        let descriptor = Descriptor::new(self.media_type.clone(), digest, self.bytes.len() as u64);
        ListEntry::new(reference.clone(), descriptor, Arc::clone(&self.bytes))
            .map_err(|error| Error::content(reference, error))
    }
}

/// Checks that no image comes for two platforms: a list that is made has each name once.
///
/// # Errors
/// [`Error::SeveralPlatforms`] with the first image that does.
pub(crate) fn check_platforms(entries: &[ListEntry]) -> Result<(), Error> {
    let mut known: HashMap<&Reference, Platform> = HashMap::new();
    for entry in entries {
        let platform = entry.platform();
        if let Some(other) = known.insert(&entry.reference, platform.clone())
            && !other.is_same(&platform)
        {
            let reference = Box::new(entry.reference.clone());
            return Err(Error::SeveralPlatforms { reference, platforms: Box::new([other, platform]) });
        }
    }
    Ok(())
}

/// Returns `true` if a push of `list` has to fetch the manifest of an entry first: it is in another repository, and not at hand.
pub fn lacks_manifest(entry: &ListEntry, list: &ManifestList) -> bool {
    !has_manifest(entry) && !entry.reference.is_same_repository(list.reference())
}

fn has_manifest(entry: &ListEntry) -> bool {
    entry.descriptor.media_type.is_list() || entry.raw.is_some() || *entry.manifest_json != *b"{}"
}

/// Fetches the manifests of images that a list does not have: of those in other repositories, or of `all`.
///
/// # Errors
/// [`Error::Registry`] and [`Error::Content`] if one cannot be fetched or parsed.
pub async fn with_manifests(client: &Client, list: &ManifestList, all: bool) -> Result<ManifestList, Error> {
    let lacking = list.iter().filter(|entry| lacks_manifest(entry, list) || (all && !has_manifest(entry)));
    let fetched = side_by_side::all(lacking.map(|entry| async move {
        let manifest = nested(client, &entry.reference, &entry.descriptor).await?;
        ListEntry::new(entry.reference.clone(), entry.descriptor.clone(), manifest.shared_bytes())
            .map_err(|error| Error::content(&entry.reference, error))
    }))
    .await?;
    let mut whole = list.clone();
    for entry in fetched {
        whole.insert(entry)?;
    }
    Ok(whole)
}

/// Fetches the manifest of `reference`. Errors name `requested_as`, the name that the user gave.
pub(crate) async fn manifest(
    client: &Client,
    reference: &Reference,
    requested_as: &Reference,
) -> Result<Fetched, Error> {
    // With tag and digest, Docker looks at the digest when it has found an image.
    let fetched = client
        .manifest(&reference.by_target())
        .await
        .map_err(|error| manifest_error(client, error, reference, requested_as))?;
    let content = |reason: ContentError| Error::content(requested_as, reason);
    let media_type = fetched.media_type.unwrap_or_else(|| MediaType::new(""));
    docker::check(&media_type, &fetched.bytes).map_err(content)?;
    let unreadable = |source| content(ContentError::Field { media_type: media_type.clone(), source });
    if media_type.is_list() {
        let index = Index::parse(&fetched.bytes).map_err(unreadable)?;
        return Ok(Fetched::List(Box::new(FetchedList { media_type, index, bytes: fetched.bytes })));
    }
    let config = ImageManifest::parse_config_digest(&fetched.bytes).map_err(unreadable)?;
    verify(reference, &fetched.bytes)?;
    let (digest, bytes) = (fetched.digest, fetched.bytes);
    let (reference, requested_as) = (reference.clone(), requested_as.clone());
    Ok(Fetched::Image(Box::new(FetchedImage { reference, requested_as, media_type, digest, bytes, config })))
}

/// Checks that `bytes` have the digest that `reference` names, if it names one.
pub(crate) fn verify(reference: &Reference, bytes: &[u8]) -> Result<(), Error> {
    match reference.digest() {
        Some(digest) if !digest.matches(bytes) => {
            Err(Error::ManifestDigest { reference: reference.clone(), digest: digest.clone() })
        }
        _ => Ok(()),
    }
}

fn manifest_error(
    client: &Client,
    error: RegistryError,
    reference: &Reference,
    requested_as: &Reference,
) -> Error {
    match error {
        RegistryError::DigestMismatch { expected, .. } if reference.digest() == Some(&expected) => {
            Error::ManifestDigest { reference: requested_as.clone(), digest: expected }
        }
        error => registry_error(client, error, reference, RequestPurpose::FetchManifest, requested_as),
    }
}

fn registry_error(
    client: &Client,
    error: RegistryError,
    reference: &Reference,
    purpose: RequestPurpose,
    requested_as: &Reference,
) -> Error {
    let credentials = client.credential_kind(reference);
    let request = FailedRequest { reference: reference.clone(), purpose, credentials };
    if docker::docker_error(&error, &request).not_here {
        let source = Some(Box::new(error));
        return Error::NotInRegistry { reference: requested_as.clone(), source, credentials };
    }
    Error::Registry { request: Some(Box::new(request)), source: Box::new(error) }
}

/// The platform that the config of an image names.
pub(crate) async fn platform(client: &Client, image: &FetchedImage) -> Result<Platform, Error> {
    let config = client.blob_of_any_size(&image.reference, &image.config).await;
    let config = config.map_err(|error| config_error(client, error, image))?;
    Platform::from_config(&config).map_err(|error| Error::content(&image.requested_as, error))
}

fn config_error(client: &Client, error: RegistryError, image: &FetchedImage) -> Error {
    let (reference, digest) = (image.requested_as.clone(), image.config.clone());
    match error {
        error if error.is_not_found() => Error::ConfigMissing { reference, digest },
        RegistryError::DigestMismatch { .. } => Error::ConfigDigest { reference, digest },
        error => registry_error(
            client,
            error,
            &image.reference,
            RequestPurpose::FetchConfig { digest },
            &image.requested_as,
        ),
    }
}

impl FetchedImage {
    /// The digest of the config.
    pub(crate) fn config(&self) -> &Digest {
        &self.config
    }

    /// The entry of a list that it makes.
    pub(crate) fn with_platform(&self, platform: Platform) -> Result<ListEntry, Error> {
        let mut descriptor =
            Descriptor::new(self.media_type.clone(), self.digest.clone(), self.bytes.len() as u64);
        descriptor.platform = Some(platform);
        ListEntry::new(self.reference.clone(), descriptor, Arc::clone(&self.bytes))
            .map_err(|error| Error::content(&self.reference, error))
    }

    /// The entry of a list that it makes, which is that of an artifact if it is one.
    pub(crate) fn with_platform_or_type(&self, platform: Platform) -> Result<ListEntry, Error> {
        let mut entry = self.with_platform(platform.clone())?;
        if let Ok(image) = entry.image() {
            entry.descriptor.set_platform_or_type(&image, platform);
        }
        Ok(entry)
    }
}

/// Fetches what the descriptor of an image does not say: its platform or, of an artifact, its type.
pub(crate) async fn complete(
    client: &Client,
    reference: &Reference,
    descriptor: &mut Descriptor,
    image: &ImageManifest,
) -> Result<(), Error> {
    let mut platform = Platform::default();
    if image.artifact_type.is_none() || image.has_image_config() {
        let config = client.blob(reference, &image.config).await.map_err(failed)?;
        platform = match Platform::from_config(&config) {
            Err(_) if !image.has_image_config() => platform,
            found => found.map_err(|error| Error::content(reference, error))?,
        };
    }
    descriptor.set_platform_or_type(image, platform);
    Ok(())
}

/// The entry that a descriptor of a manifest in the repository of `list` makes. Without a platform in the descriptor it is that
/// of the image's config, and an artifact has its type.
pub(crate) async fn described(
    client: &Client,
    list: &Reference,
    descriptor: &Descriptor,
) -> Result<ListEntry, Error> {
    let reference = list.by_digest(descriptor.digest.clone());
    let fetched = client.manifest_as(list, descriptor).await.map_err(failed)?;
    let mut descriptor = Descriptor { size: fetched.bytes.len() as u64, ..descriptor.clone() };
    if descriptor.named_platform().is_none() && !descriptor.media_type.is_list() {
        let manifest = fetched.manifest().map_err(|error| content(&reference, error))?;
        if let Some(image) = manifest.image() {
            complete(client, &reference, &mut descriptor, image).await?;
        }
    }
    ListEntry::new(reference.clone(), descriptor, fetched.bytes)
        .map_err(|error| Error::content(&reference, error))
}

/// The exact bytes that the registry has under `reference`, whatever they say.
pub(crate) async fn raw(client: &Client, reference: &Reference) -> Result<Arc<[u8]>, Error> {
    let fetched = client
        .manifest(reference)
        .await
        .map_err(|error| manifest_error(client, error, reference, reference))?;
    Ok(fetched.bytes)
}
