//! Manifests: asked for so that they come as they are stored, and verified.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{FutureExt, future::join};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tallyman_auth::Scopes;
use tallyman_core::{Descriptor, Digest, Manifest, ManifestError, MediaType, Reference};

use crate::{Client, Error, Response, accept, call::Call, retry::Again};

/// By the name itself, it need not be looked up.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

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

/// What a registry says of a manifest that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutManifest {
    /// The answer's `Docker-Content-Digest`, where it can be read; it is the digest of the bytes.
    pub registry_digest: Option<Digest>,
}

impl Client {
    /// Fetches the manifest of `reference`, of whatever type. With tag and digest the tag is asked for and the digest
    /// checked, as Docker does. Those who ask for the same at the same time share one request.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn manifest(&self, reference: &Reference) -> Result<FetchedManifest, Error> {
        let shared = self.flights().manifests.join(reference.to_string(), || {
            let (client, reference) = (self.clone(), reference.clone());
            async move { client.fetch_manifest(&reference).await }.boxed_local()
        });
        shared.await
    }

    async fn fetch_manifest(&self, reference: &Reference) -> Result<FetchedManifest, Error> {
        let by_digest = reference.digest().filter(|_| reference.tag().is_none());
        if let Some(digest) = by_digest
            && let Some(fetched) = self.known_manifest(reference, digest).await
        {
            return Ok(fetched);
        }
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
                // A rewritten answer tells nothing where the other question was never answered.
                (Ok(fetched), Err(error)) | (Err(error), Ok(fetched))
                    if !error.is_not_found() && !accept::is_as_stored(fetched.media_type.as_ref()) =>
                {
                    return Err(error);
                }
                (Ok(fetched), Err(_)) | (Err(_), Ok(fetched)) => fetched,
                // To the wrong question, what is there is not found.
                (Err(oci), Err(docker)) => return Err(if oci.is_not_found() { docker } else { oci }),
            }
        } else {
            self.get(reference, Some(accept::ALL), None).await?
        };
        let fetched = match reference.digest() {
            Some(expected) => fetched.checked(reference, expected)?,
            None => fetched,
        };
        self.remember_manifest(reference, &fetched);
        Ok(fetched)
    }

    /// Fetches what `entry` of a list or index in the repository of `reference` points to. What was fetched before is
    /// not fetched again.
    ///
    /// # Errors
    /// Any [`Error`]; digest, size and media type must be those of the entry.
    pub async fn manifest_as(
        &self,
        reference: &Reference,
        entry: &Descriptor,
    ) -> Result<FetchedManifest, Error> {
        let reference = reference.by_digest(entry.digest.clone());
        // The type is part of the question, so that other questions are not answered by it.
        let key = format!("{reference} {}", entry.media_type.as_str());
        let shared = self.flights().manifests.join(key, || {
            let (client, reference, entry) = (self.clone(), reference.clone(), entry.clone());
            async move {
                if let Some(fetched) = client.known_manifest(&reference, &entry.digest).await {
                    return Ok(fetched);
                }
                let fetched =
                    client.get(&reference, accept::only(&entry.media_type), Some(entry.size)).await?;
                let fetched = fetched.checked(&reference, &entry.digest)?;
                client.remember_manifest(&reference, &fetched);
                Ok(fetched)
            }
            .boxed_local()
        });
        let fetched = shared.await?;
        check_size(&reference, Some(entry.size), &fetched.bytes)?;
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
        let call = Call::new(Method::HEAD, reference, &path, Scopes::pull(reference.repository().as_str()))
            .header(header::ACCEPT, Some(accept::ALL));
        let registry = reference.registry();
        let response =
            self.repeat(registry, Again::Harmless, async || self.ask(registry, &call).await).await?;
        let size =
            response.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(ManifestHead {
            digest: registry_digest(&response.headers),
            media_type: media_type(&response.headers),
            size,
        })
    }

    /// Puts a manifest under the tag of `reference`, or under its digest where it has no tag.
    ///
    /// # Errors
    /// Any [`Error`]; a registry that names another digest than that of the bytes is one.
    pub async fn put_manifest(
        &self,
        reference: &Reference,
        media_type: &MediaType,
        bytes: Arc<[u8]>,
    ) -> Result<PutManifest, Error> {
        let path = format!("manifests/{}", reference.target());
        let call = Call::new(Method::PUT, reference, &path, Scopes::push(reference.repository().as_str()))
            .header(header::CONTENT_TYPE, accept::only(media_type))
            .body(Bytes::from_owner(bytes));
        let registry = reference.registry();
        let response =
            self.repeat(registry, Again::Harmless, async || self.ask(registry, &call).await).await?;
        match registry_digest(&response.headers) {
            Some(found) if !found.matches(&call.body) => Err(Error::DigestMismatch {
                reference: Box::new(reference.clone()),
                expected: Digest::with(found.algorithm(), &call.body),
                found,
            }),
            registry_digest => Ok(PutManifest { registry_digest }),
        }
    }

    async fn get(
        &self,
        reference: &Reference,
        accept: Option<HeaderValue>,
        size: Option<u64>,
    ) -> Result<FetchedManifest, Error> {
        let path = format!("manifests/{}", reference.target());
        let call = Call::new(Method::GET, reference, &path, Scopes::pull(reference.repository().as_str()))
            .header(header::ACCEPT, accept);
        let registry = reference.registry();
        let fetched = self.repeat(registry, Again::Harmless, async || {
            let response = self.ask(registry, &call).await?;
            let (media_type, registry_digest) =
                (media_type(&response.headers), registry_digest(&response.headers));
            let url = response.url.clone();
            let limit = size.map_or(self.manifest_max(), |size| size.min(self.manifest_max()));
            let bytes = collect(response, limit).await?;
            check_size(reference, size, &bytes)?;
            let (digest, bytes) = (Digest::of(&bytes), bytes[..].into());
            Ok(FetchedManifest { bytes, digest, media_type, registry_digest, url })
        });
        let fetched = fetched.await?;
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

/// The whole body of a response, no longer than is taken.
pub(crate) async fn collect(response: Response, limit: u64) -> Result<Bytes, Error> {
    let Response { url, body, .. } = response;
    match body.collect(limit).await {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Error::TooLarge { what: url, limit }),
        Err(source) => Err(Error::BrokenOff { url, source }),
    }
}

/// Whether there are as many bytes as were promised.
pub(crate) fn check_size(reference: &Reference, expected: Option<u64>, bytes: &[u8]) -> Result<(), Error> {
    let found = bytes.len() as u64;
    match expected.filter(|expected| *expected != found) {
        Some(expected) => {
            Err(Error::SizeMismatch { reference: Box::new(reference.clone()), expected, found })
        }
        None => Ok(()),
    }
}

fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok().map(MediaType::new)
}

fn registry_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}
