//! Manifests: asked for so that they come as they are stored, and verified.

use std::sync::Arc;

use futures_util::future::join;
use http::{HeaderMap, HeaderValue, Method, header};
use tallyman_core::{Descriptor, Digest, Manifest, ManifestError, MediaType, Reference};

use crate::{Client, Error, Response, accept};

/// Bytes that a manifest may have, as in Distribution itself.
const MANIFEST_MAX: u64 = 4 * 1024 * 1024;

/// A manifest as the registry sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedManifest {
    /// The exact bytes.
    pub bytes: Arc<[u8]>,
    /// Their digest, computed here.
    pub digest: Digest,
    /// The answer's `Content-Type`.
    pub media_type: Option<MediaType>,
    /// The answer's `Docker-Content-Digest`, where it has one that can be read; it equals `digest`.
    pub registry_digest: Option<Digest>,
    /// Where it came from.
    pub url: String,
}

impl FetchedManifest {
    /// Reads the bytes.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn manifest(&self) -> Result<Manifest, ManifestError> {
        Manifest::parse_with_digest(Arc::clone(&self.bytes), self.digest.clone(), self.media_type.as_ref())
    }
}

/// What a registry says of a manifest without sending it.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestHead {
    /// The answer's `Docker-Content-Digest`, where it can be read. Nothing has verified it.
    pub digest: Option<Digest>,
    /// The answer's `Content-Type`.
    pub media_type: Option<MediaType>,
    /// The answer's `Content-Length`, in bytes.
    pub size: Option<u64>,
}

impl Client {
    /// Fetches the manifest of `reference`, of whatever type. With tag and digest the tag is asked for and the digest
    /// checked, as Docker does.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn manifest(&self, reference: &Reference) -> Result<FetchedManifest, Error> {
        let fetched = if self.obeys_cors() {
            // Two short questions side by side cost one round trip; one long question costs two, the first of which
            // is a preflight that registries with a password refuse.
            let ask = |accept| self.get(reference, Some(accept), None);
            match join(ask(accept::OCI), ask(accept::DOCKER)).await {
                (Ok(oci), Ok(docker)) => {
                    let is_docker =
                        accept::rank(docker.media_type.as_ref()) > accept::rank(oci.media_type.as_ref());
                    if is_docker { docker } else { oci }
                }
                (Ok(fetched), Err(_)) | (Err(_), Ok(fetched)) => fetched,
                (Err(error), Err(_)) => return Err(error),
            }
        } else {
            self.get(reference, Some(accept::ALL), None).await?
        };
        match reference.digest() {
            Some(expected) => fetched.checked(reference, expected),
            None => Ok(fetched),
        }
    }

    /// Fetches what `entry` of a list or index in the repository of `reference` points to.
    ///
    /// # Errors
    /// Any [`Error`]; digest, size and media type must be those of the entry.
    pub async fn manifest_as(
        &self,
        reference: &Reference,
        entry: &Descriptor,
    ) -> Result<FetchedManifest, Error> {
        let reference = reference.by_digest(entry.digest.clone());
        let fetched = self.get(&reference, accept::only(&entry.media_type), Some(entry.size)).await?;
        let fetched = fetched.checked(&reference, &entry.digest)?;
        match &fetched.media_type {
            Some(found) if *found != entry.media_type && !matches!(found, MediaType::Other(_)) => {
                let (expected, found) = (entry.media_type.clone(), found.clone());
                Err(Error::MediaTypeMismatch { reference: Box::new(reference), expected, found })
            }
            _ => Ok(fetched),
        }
    }

    /// Asks what the registry has under `reference`, without fetching it.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn head_manifest(&self, reference: &Reference) -> Result<ManifestHead, Error> {
        let path = format!("manifests/{}", reference.target());
        let response = self.ask(Method::HEAD, reference, &path, Some(accept::ALL)).await?;
        let size =
            response.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(ManifestHead {
            digest: registry_digest(&response.headers),
            media_type: media_type(&response.headers),
            size,
        })
    }

    async fn get(
        &self,
        reference: &Reference,
        accept: Option<HeaderValue>,
        size: Option<u64>,
    ) -> Result<FetchedManifest, Error> {
        let path = format!("manifests/{}", reference.target());
        let response = self.ask(Method::GET, reference, &path, accept).await?;
        let (media_type, registry_digest) =
            (media_type(&response.headers), registry_digest(&response.headers));
        let url = response.url.clone();
        let bytes = whole(reference, response, size, MANIFEST_MAX).await?;
        let fetched = FetchedManifest {
            digest: Digest::of(&bytes),
            bytes: bytes[..].into(),
            media_type,
            registry_digest,
            url,
        };
        match fetched.registry_digest.clone() {
            // Another algorithm than ours is compared by that one.
            Some(expected) if !expected.matches(&fetched.bytes) => fetched.checked(reference, &expected),
            _ => Ok(fetched),
        }
    }
}

impl FetchedManifest {
    /// Itself, where the bytes have the digest `expected`.
    fn checked(self, reference: &Reference, expected: &Digest) -> Result<Self, Error> {
        let found = Digest::with(expected.algorithm(), &self.bytes);
        if found == *expected {
            return Ok(Self { digest: found, ..self });
        }
        Err(Error::DigestMismatch {
            reference: Box::new(reference.clone()),
            expected: expected.clone(),
            found,
        })
    }
}

/// The whole body of a response, of the size that was promised and no longer than is taken.
pub(crate) async fn whole(
    reference: &Reference,
    response: Response,
    size: Option<u64>,
    limit: u64,
) -> Result<bytes::Bytes, Error> {
    let Response { url, body, .. } = response;
    let limit = size.map_or(limit, |size| size.min(limit));
    let body = body.collect(limit).await.map_err(|source| Error::BrokenOff { url, source })?;
    let Some(bytes) = body else {
        return Err(Error::TooLarge { reference: Box::new(reference.clone()), limit });
    };
    match size {
        Some(expected) if expected != bytes.len() as u64 => {
            let found = bytes.len() as u64;
            Err(Error::SizeMismatch { reference: Box::new(reference.clone()), expected, found })
        }
        _ => Ok(bytes),
    }
}

fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok().map(MediaType::new)
}

fn registry_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get("docker-content-digest")?.to_str().ok()?.parse().ok()
}
