//! Images and lists from a registry, read as Docker reads them.

use std::{collections::HashMap, sync::Arc};

use futures_util::future::join_all;
use tallyman_core::{Descriptor, Digest, ImageManifest, Index, ListEntry, MediaType, Platform, Reference};
use tallyman_registry::{Client, Error as RegistryError};

use crate::{
    Error,
    docker::{self, Asked},
};

/// A manifest that came from a registry and is what its media type says.
pub(crate) enum Fetched {
    Image(Box<FetchedImage>),
    List(Box<FetchedList>),
}

/// An image without its platform, which its config has.
pub(crate) struct FetchedImage {
    reference: Reference,
    media_type: MediaType,
    digest: Digest,
    bytes: Arc<[u8]>,
    image: ImageManifest,
}

/// A list or index.
pub(crate) struct FetchedList {
    pub index: Index,
    pub bytes: Arc<[u8]>,
}

/// Fetches the manifest of `reference`. Failures are told of `told`, the name that the user gave.
pub(crate) async fn manifest(
    client: &Client,
    reference: &Reference,
    told: &Reference,
) -> Result<Fetched, Error> {
    // With tag and digest, Docker looks at the digest when it has found an image.
    let asked = match reference.tag() {
        Some(tag) => reference.by_tag(tag.clone()),
        None => reference.clone(),
    };
    let fetched =
        client.manifest(&asked).await.map_err(|error| manifest_error(client, error, reference, told))?;
    let content = |reason: String| Error::Content { reference: told.clone(), reason };
    let media_type = fetched.media_type.unwrap_or_else(|| MediaType::new(""));
    docker::check(&media_type, &fetched.bytes).map_err(content)?;
    let unreadable =
        |error: serde_json::Error| content(format!("expected {media_type}, found something else: {error}"));
    if media_type.is_list() {
        let index = serde_json::from_slice(&fetched.bytes).map_err(unreadable)?;
        return Ok(Fetched::List(Box::new(FetchedList { index, bytes: fetched.bytes })));
    }
    let image = serde_json::from_slice(&fetched.bytes).map_err(unreadable)?;
    verify(reference, &fetched.bytes)?;
    let (digest, bytes) = (fetched.digest, fetched.bytes);
    let reference = reference.clone();
    Ok(Fetched::Image(Box::new(FetchedImage { reference, media_type, digest, bytes, image })))
}

/// Whether `bytes` have the digest that `reference` names, where it names one.
pub(crate) fn verify(reference: &Reference, bytes: &[u8]) -> Result<(), Error> {
    match reference.digest() {
        Some(digest) if !digest.matches(bytes) => {
            Err(Error::ManifestDigest { reference: reference.clone(), digest: digest.clone() })
        }
        _ => Ok(()),
    }
}

fn manifest_error(client: &Client, error: RegistryError, reference: &Reference, told: &Reference) -> Error {
    match error {
        RegistryError::DigestMismatch { expected, .. } if reference.digest() == Some(&expected) => {
            Error::ManifestDigest { reference: told.clone(), digest: expected }
        }
        error => registry_error(client, error, reference, &format!("manifests/{}", reference.target()), told),
    }
}

fn registry_error(
    client: &Client,
    error: RegistryError,
    repository: &Reference,
    path: &str,
    told: &Reference,
) -> Error {
    let refusal = docker::refusal(&error, Asked { method: "Get", repository, path });
    if refusal.not_here {
        let (reference, signed_in) = (told.clone(), client.has_credentials(told.registry()));
        return Error::NotInRegistry { reference, source: Some(Box::new(error)), signed_in };
    }
    Error::Registry { words: refusal.words, source: Box::new(error) }
}

/// The images of `references`, whole. Where some fail, the failure that comes first in the order given is told, as if
/// they had been fetched one after another.
pub(crate) async fn images(client: &Client, references: &[Reference]) -> Result<Vec<ListEntry>, Error> {
    // The first is fetched alone: where it fails, Docker would not have asked for the others.
    let Some((first, others)) = references.split_first() else { return Ok(Vec::new()) };
    let first = image(client, first).await?;
    let others = join_all(others.iter().map(|reference| image(client, reference))).await;
    entries(client, std::iter::once(Ok(first)).chain(others)).await
}

async fn image(client: &Client, reference: &Reference) -> Result<FetchedImage, Error> {
    match manifest(client, reference, reference).await? {
        Fetched::Image(image) => Ok(*image),
        Fetched::List(_) => Err(Error::IsList { reference: reference.clone() }),
    }
}

/// Entries of the images up to the first failure, or that failure, or an earlier one of their configs.
async fn entries(
    client: &Client,
    images: impl Iterator<Item = Result<FetchedImage, Error>>,
) -> Result<Vec<ListEntry>, Error> {
    let mut failure = None;
    let images: Vec<FetchedImage> =
        images.map_while(|image| image.map_err(|error| failure = Some(error)).ok()).collect();
    let whole = with_platforms(client, images).await?;
    failure.map_or(Ok(whole), Err)
}

/// Entries of images, with the platforms that their configs name. A config of several images is fetched once.
pub(crate) async fn with_platforms(
    client: &Client,
    images: Vec<FetchedImage>,
) -> Result<Vec<ListEntry>, Error> {
    let mut first_with: HashMap<&Digest, &FetchedImage> = HashMap::new();
    for image in &images {
        first_with.entry(&image.image.config.digest).or_insert(image);
    }
    let platforms = first_with.into_iter().map(async |(digest, image)| {
        let config = client.blob(&image.reference, &image.image.config).await;
        (digest.clone(), config.map(|config| Platform::from_config(&config)))
    });
    let mut platforms: HashMap<Digest, _> = join_all(platforms).await.into_iter().collect();
    let mut entries = Vec::with_capacity(images.len());
    for image in images {
        let platform = match platforms.get(&image.image.config.digest) {
            Some(Ok(Ok(platform))) => platform.clone(),
            Some(Ok(Err(error))) => {
                let reason = error.to_string();
                return Err(Error::Content { reference: image.reference, reason });
            }
            _ => {
                let failure = platforms.remove(&image.image.config.digest).and_then(Result::err);
                return Err(config_error(client, failure.expect("every config was asked for"), &image));
            }
        };
        entries.push(image.with_platform(platform)?);
    }
    Ok(entries)
}

fn config_error(client: &Client, error: RegistryError, image: &FetchedImage) -> Error {
    let (reference, digest) = (image.reference.clone(), image.image.config.digest.clone());
    match error {
        error if error.is_not_found() => Error::ConfigMissing { reference, digest },
        RegistryError::DigestMismatch { .. } => Error::ConfigDigest { reference, digest },
        error => registry_error(client, error, &reference, &format!("blobs/{digest}"), &reference),
    }
}

impl FetchedImage {
    fn with_platform(self, platform: Platform) -> Result<ListEntry, Error> {
        let mut descriptor = Descriptor::new(self.media_type, self.digest, self.bytes.len() as u64);
        descriptor.platform = Some(platform);
        let told = self.reference.clone();
        ListEntry::new(self.reference, descriptor, self.bytes)
            .map_err(|error| Error::Content { reference: told, reason: error.to_string() })
    }
}

/// The entries of a list that was fetched as `reference`, in its order: each by the list's name and its own digest,
/// with the platform that the list names.
pub(crate) async fn list(
    client: &Client,
    reference: &Reference,
    list: &FetchedList,
) -> Result<Vec<ListEntry>, Error> {
    verify(reference, &list.bytes)?;
    if list.index.manifests.is_empty() {
        return Err(Error::NotInRegistry { reference: reference.clone(), source: None, signed_in: false });
    }
    let mut digests: Vec<&Digest> = list.index.manifests.iter().map(|entry| &entry.digest).collect();
    let mut seen = std::collections::HashSet::new();
    digests.retain(|digest| seen.insert(*digest));
    let children = join_all(digests.iter().map(|digest| child(client, reference, digest))).await;
    let whole = entries(client, children.into_iter()).await?;
    let by_digest: HashMap<&Digest, &ListEntry> =
        whole.iter().map(|entry| (&entry.descriptor.digest, entry)).collect();
    let placed = list.index.manifests.iter().map(|described| {
        let entry = by_digest.get(&described.digest).expect("every entry was fetched");
        let mut entry =
            ListEntry { reference: reference.with_digest(described.digest.clone()), ..(*entry).clone() };
        entry.descriptor.platform = Some(described.platform.clone().unwrap_or_default());
        entry
    });
    Ok(placed.collect())
}

async fn child(client: &Client, list: &Reference, digest: &Digest) -> Result<FetchedImage, Error> {
    match manifest(client, &list.by_digest(digest.clone()), list).await? {
        Fetched::Image(image) => Ok(*image),
        Fetched::List(_) => {
            let reason = "unsupported manifest type: *manifestlist.DeserializedManifestList".to_owned();
            Err(Error::Content { reference: list.clone(), reason })
        }
    }
}

/// The exact bytes that the registry has under `reference`, whatever they say.
pub(crate) async fn raw(client: &Client, reference: &Reference) -> Result<Arc<[u8]>, Error> {
    let fetched = client
        .manifest(reference)
        .await
        .map_err(|error| manifest_error(client, error, reference, reference))?;
    Ok(fetched.bytes)
}
