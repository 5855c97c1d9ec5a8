//! Manifests: fetched as they are stored and verified, put and deleted.

use std::{borrow::Cow, cell::Cell, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, future::join};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tallyman_auth::Scopes;
use tallyman_core::{
    Algorithm, Descriptor, Digest, Hasher, Manifest, ManifestError, MediaType, Reference, Schema1,
};

use crate::{
    Client, Error, RateLimit, Response, accept,
    cache::FetchStart,
    download::{check_size, collect},
    error::shown_url,
    request::ApiRequest,
};

pub(crate) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Bytes of a manifest that a page hashes before it does what else it has to do: half a frame, while the code is cold.
const HASHED_AT_ONCE: usize = 512 * 1024;

/// A manifest as the registry sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchedManifest {
    /// The exact bytes.
    pub bytes: Arc<[u8]>,
    /// Their digest, computed here; of a signed manifest in schema 1 that of its [payload](Schema1::payload), unless the one which was
    /// asked for or which the registry names is that of all bytes.
    pub digest: Digest,
    /// The response's `Content-Type`.
    pub media_type: Option<MediaType>,
    /// The response's `Docker-Content-Digest`, if it has one that can be read; the bytes have that digest.
    pub registry_digest: Option<Digest>,
    /// The URL that it came from, redirects followed.
    pub url: String,
}

impl FetchedManifest {
    /// Parses the bytes.
    ///
    /// # Errors
    /// The errors of [`Manifest::parse`].
    pub fn manifest(&self) -> Result<Manifest, ManifestError> {
        Manifest::parse_with_digest(Arc::clone(&self.bytes), self.digest.clone(), self.media_type.as_ref())
    }
}

/// The headers of a manifest, without its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestHead {
    /// The response's `Docker-Content-Digest`, if it can be read. Nothing has verified it.
    pub digest: Option<Digest>,
    /// The response's `Content-Type`.
    pub media_type: Option<MediaType>,
    /// The response's `Content-Length`, in bytes, unless it is that of encoded content.
    pub size: Option<u64>,
    /// The rate limit that the registry names.
    pub rate_limit: Option<RateLimit>,
}

impl ManifestHead {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let size = content_length(headers);
        let (digest, media_type) = (registry_digest(headers), media_type(headers));
        Self { digest, media_type, size, rate_limit: RateLimit::of(headers) }
    }

    /// Returns `true` if this can be the head of content of `size` bytes: it names no other length, and is that of no page for people.
    pub fn can_be_of(&self, size: Option<u64>) -> bool {
        let is_other = self.size.zip(size).is_some_and(|(found, expected)| found != expected);
        !is_other && !self.media_type.as_ref().is_some_and(MediaType::is_page)
    }
}

/// The answer of a registry to a manifest that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutManifest {
    /// The response's `Docker-Content-Digest`, if it can be read; it is the digest of the bytes.
    pub registry_digest: Option<Digest>,
}

impl Client {
    /// Fetches the manifest of `reference`, of whatever type. With tag and digest the tag is asked for and the digest
    /// checked, as Docker does. Calls for the same reference at the same time share one request.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); [`Error::TooLarge`] over the client's limit,
    /// [`Error::DigestMismatch`] if the bytes are not those of the reference's digest or of the one that the registry
    /// names.
    pub async fn manifest(&self, reference: &Reference) -> Result<FetchedManifest, Error> {
        self.shared_manifest(reference, Scopes::pull(reference.repository().as_str())).await
    }

    /// Fetches the manifest that a name stands for which is to be written to. Returns `None` if it stands for nothing. Where the
    /// right to read is refused, the right to write is asked for as well: what does not exist yet cannot be read in some
    /// registries. No mirror is asked, and no request is joined that was sent earlier: somebody may have written meanwhile.
    ///
    /// # Errors
    /// The errors of [`Client::manifest`], but for that of a manifest which is not there.
    pub async fn standing(&self, reference: &Reference) -> Result<Option<FetchedManifest>, Error> {
        self.read_directly(reference);
        let start = self.fetch_start(reference.registry());
        let repository = reference.repository().as_str();
        let mut found = self.fetch_manifest(reference, &Scopes::pull(repository), &start).await;
        if found.as_ref().is_err_and(is_denied) {
            found = self.fetch_manifest(reference, &Scopes::push(repository), &start).await;
        }
        match found {
            Err(error) if error.is_not_found() => Ok(None),
            found => found.map(Some),
        }
    }

    async fn shared_manifest(&self, reference: &Reference, scopes: Scopes) -> Result<FetchedManifest, Error> {
        let start = self.fetch_start(reference.registry());
        // A request to the registry does not join one to its mirror.
        let way = if self.reads_directly(reference) { " directly" } else { "" };
        let key = (start.deletions(), format!("{reference}{way} {scopes}"));
        let shared = start.session().manifests.join(key, || {
            let (client, reference, start) = (self.clone(), reference.clone(), start.clone());
            async move { client.fetch_manifest(&reference, &scopes, &start).await }.boxed_local()
        });
        shared.await
    }

    async fn fetch_manifest(
        &self,
        reference: &Reference,
        scopes: &Scopes,
        start: &FetchStart,
    ) -> Result<FetchedManifest, Error> {
        let by_digest = reference.digest().filter(|_| reference.tag().is_none());
        if let Some(digest) = by_digest
            && let Some(fetched) = self.known_manifest(reference, digest, start).await
        {
            return Ok(fetched);
        }
        let received = if self.transport().has_preflights(&self.base_url(reference.registry())) {
            // Two short requests side by side cost one round trip; one long request costs two, the first of which is a
            // preflight that registries with a password refuse.
            let get = |accept| self.get_manifest(reference, scopes, Some(accept), None);
            match join(get(accept::OCI), get(accept::DOCKER)).await {
                (Ok(oci), Ok(docker)) => {
                    let is_docker =
                        accept::rank(docker.media_type.as_ref()) > accept::rank(oci.media_type.as_ref());
                    if is_docker { docker } else { oci }
                }
                // A rewritten manifest says nothing if the other request was never answered.
                (Ok(received), Err(error)) | (Err(error), Ok(received))
                    if !error.is_not_found() && !accept::is_as_stored(received.media_type.as_ref()) =>
                {
                    return Err(error);
                }
                (Ok(received), Err(_)) | (Err(_), Ok(received)) => received,
                (Err(oci), Err(docker)) => {
                    return Err(if may_be_of_other_family(&oci) { docker } else { oci });
                }
            }
        } else {
            self.get_manifest(reference, scopes, Some(accept::ALL), None).await?
        };
        let fetched = self.hashed(reference, received).await?;
        self.remember_manifest(reference, &fetched, start);
        Ok(fetched)
    }

    /// Fetches the manifest that `entry` of a list or index in the repository of `reference` points to. What was fetched
    /// before is not fetched again.
    ///
    /// # Errors
    /// The errors of [`Client::manifest`]; [`Error::SizeMismatch`] and [`Error::MediaTypeMismatch`] if size or media type are
    /// not those of the entry.
    pub async fn manifest_as(
        &self,
        reference: &Reference,
        entry: &Descriptor,
    ) -> Result<FetchedManifest, Error> {
        let reference = reference.by_digest(entry.digest.clone());
        // The type is part of the request, so it is part of the key.
        let start = self.fetch_start(reference.registry());
        let key = (start.deletions(), format!("{reference} {}", entry.media_type.as_str()));
        let shared = start.session().manifests.join(key, || {
            let (client, reference) = (self.clone(), reference.clone());
            let (entry, start) = (entry.clone(), start.clone());
            async move {
                if let Some(fetched) = client.known_manifest(&reference, &entry.digest, &start).await {
                    return Ok(fetched);
                }
                let accept = accept::only(&entry.media_type);
                let scopes = Scopes::pull(reference.repository().as_str());
                let received =
                    client.get_manifest(&reference, &scopes, accept, entry.manifest_size()).await?;
                let fetched = client.hashed(&reference, received).await?;
                client.remember_manifest(&reference, &fetched, &start);
                Ok(fetched)
            }
            .boxed_local()
        });
        let fetched = shared.await?;
        check_size(&reference, entry.manifest_size(), &fetched.bytes)?;
        match &fetched.media_type {
            Some(found) if *found != entry.media_type && !matches!(found, MediaType::Other(_)) => {
                let (expected, found) = (entry.media_type.clone(), found.clone());
                Err(Error::MediaTypeMismatch { reference: Box::new(reference), expected, found })
            }
            _ => Ok(fetched),
        }
    }

    /// Asks for the headers of a manifest.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); one for which [`Error::is_not_found`] is `true` if the
    /// registry has no such manifest.
    pub async fn head_manifest(&self, reference: &Reference) -> Result<ManifestHead, Error> {
        let request =
            manifest_request(Method::HEAD, reference, Scopes::pull).header(header::ACCEPT, Some(accept::ALL));
        Ok(ManifestHead::of(&self.send_with_retry(&request).await?.headers))
    }

    /// Puts a manifest under the tag of `reference`, or under its digest if it has no tag.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); [`Error::DigestMismatch`] if the registry names another
    /// digest than that of the bytes.
    pub async fn put_manifest(
        &self,
        reference: &Reference,
        media_type: &MediaType,
        bytes: Arc<[u8]>,
    ) -> Result<PutManifest, Error> {
        self.read_directly(reference);
        let request = manifest_request(Method::PUT, reference, Scopes::push)
            .header(header::CONTENT_TYPE, accept::only(media_type))
            .body(Bytes::from_owner(Arc::clone(&bytes)));
        let response = self.send_with_retry(&request).await?;
        let registry_digest = registry_digest(&response.headers);
        if let Some(found) = &registry_digest {
            check_digest(reference, &Digest::with(found.algorithm(), &bytes), found)?;
        }
        Ok(PutManifest { registry_digest })
    }

    /// Deletes what `reference` names: by tag the tag alone (Distribution 2.8 and older refuse that), by digest the
    /// manifest with every tag on it.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); one for which [`Error::is_not_found`] is `true` if the
    /// registry has no such tag or manifest.
    pub async fn delete_manifest(&self, reference: &Reference) -> Result<(), Error> {
        let delete = |repository: &str| Scopes::repository(repository, &["delete"]);
        let request = manifest_request(Method::DELETE, reference, delete);
        let was_cut_off = Cell::new(false);
        self.with_retry(reference.registry(), async || match self.send(&request).await {
            Ok(_) => Ok(()),
            // A request whose response was lost has done it.
            Err(error) if was_cut_off.get() && error.is_not_found() => Ok(()),
            Err(error) => {
                was_cut_off.set(was_cut_off.get() || error.leaves_outcome_open());
                Err(error)
            }
        })
        .await?;
        if let Some(digest) = reference.digest() {
            self.forget_content(reference, digest);
        }
        Ok(())
    }

    async fn get_manifest(
        &self,
        reference: &Reference,
        scopes: &Scopes,
        accept: Option<HeaderValue>,
        size: Option<u64>,
    ) -> Result<Received, Error> {
        let request =
            manifest_request(Method::GET, reference, |_| scopes.clone()).header(header::ACCEPT, accept);
        let limit = size.map_or(self.manifest_max(), |size| size.min(self.manifest_max()));
        let read = async |response: Response| {
            let (media_type, registry_digest) =
                (media_type(&response.headers), registry_digest(&response.headers));
            let (url, is_of_mirror) = (response.url.clone(), response.body.is_of_mirror());
            let received =
                Received { media_type, registry_digest, url, bytes: collect(response, limit).await? };
            check_size(reference, size, &received.bytes)?;
            if is_of_mirror {
                let fetched = self.hashed(reference, received.clone()).await?;
                // Of a tag, no digest may tell that a mirror sent something else.
                if let Err(ManifestError::Json { source }) = fetched.manifest() {
                    let (url, found) = (shown_url(&received.url), source.to_string());
                    return Err(Error::Protocol { url, expected: "a manifest as JSON", found });
                }
            }
            Ok(received)
        };
        self.send_and_read(&request, read).await
    }

    /// Returns a manifest that came with its digest, if that is the digest that `reference` and the registry name.
    async fn hashed(&self, reference: &Reference, received: Received) -> Result<FetchedManifest, Error> {
        let Received { media_type, registry_digest, url, bytes } = received;
        let algorithm = reference.digest().map_or(Algorithm::Sha256, Digest::algorithm);
        let mut digest = self.digest(algorithm, &bytes).await;
        let mut content = Cow::Borrowed(&bytes[..]);
        let mut expected = reference.digest().into_iter().chain(&registry_digest).peekable();
        let is_named = expected.peek().is_some() && expected.all(|expected| *expected == digest);
        if media_type.as_ref().is_some_and(MediaType::is_schema1)
            && !is_named
            && let Some(payload) = Schema1::payload(&bytes)
        {
            digest = self.digest(algorithm, &payload).await;
            content = payload.into();
        }
        if let Some(expected) = &registry_digest {
            let found = match expected.algorithm() {
                other if other != algorithm => &self.digest(other, &content).await,
                _ => &digest,
            };
            check_digest(reference, expected, found)?;
        }
        if let Some(expected) = reference.digest() {
            check_digest(reference, expected, &digest)?;
        }
        Ok(FetchedManifest { bytes: bytes[..].into(), digest, media_type, registry_digest, url })
    }

    /// Computes the digest of `bytes`: in a browser in pieces, between which the page does what else it has to do.
    async fn digest(&self, algorithm: Algorithm, bytes: &[u8]) -> Digest {
        let mut hasher = Hasher::new(algorithm);
        for (at, piece) in bytes.chunks(HASHED_AT_ONCE).enumerate() {
            if at > 0 && self.obeys_cors() {
                self.transport().sleep(Duration::ZERO).await;
            }
            hasher.update(piece);
        }
        hasher.finish()
    }
}

/// Response to a request for a manifest, whose bytes nobody has hashed yet.
#[derive(Clone)]
struct Received {
    media_type: Option<MediaType>,
    registry_digest: Option<Digest>,
    url: String,
    bytes: Bytes,
}

/// Returns `true` if a registry may give such an answer where it has the manifest with a media type that was not accepted.
fn may_be_of_other_family(error: &Error) -> bool {
    let is_refusal = matches!(error, Error::Api { status, .. }
        if matches!(*status, StatusCode::BAD_REQUEST | StatusCode::NOT_ACCEPTABLE));
    is_refusal || error.is_not_found()
}

/// Returns `true` if a registry or its token service denies what somebody asks for.
fn is_denied(error: &Error) -> bool {
    matches!(error.code(), "unauthorized" | "denied" | "token-refused")
}

fn check_digest(reference: &Reference, expected: &Digest, found: &Digest) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (expected.clone(), found.clone());
    Err(Error::DigestMismatch { reference: Box::new(reference.clone()), expected, found })
}

fn manifest_request(method: Method, reference: &Reference, scopes: impl Fn(&str) -> Scopes) -> ApiRequest {
    let scopes = scopes(reference.repository().as_str());
    ApiRequest::new(method, reference, &format!("manifests/{}", reference.target()), scopes)
}

pub(crate) fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok().map(MediaType::new)
}

/// Returns `true` for the headers of a page for people.
pub fn is_page(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|media_type| media_type.is_page())
}

/// Returns the length of what a response to HEAD is about, in bytes. Of content that would come encoded, only the length of that is told.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn registry_digest(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}
