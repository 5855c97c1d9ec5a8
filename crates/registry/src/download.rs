//! Downloads of blobs: whole, or piece by piece; verified either way.

mod pieces;
mod verifier;

use std::{cell::Cell, rc::Rc};

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream::LocalBoxStream};
use http::Method;
use tallyman_auth::Scopes;
use tallyman_core::{Descriptor, Digest, Hasher, Reference, Registry};

use crate::{
    Client, Error, Piece, Response, TransportError, TransportErrorKind, cache::FetchStart, error::shown_url,
    manifests::content_length, request::ApiRequest,
};
pub(crate) use verifier::Verifier;

/// Bytes that a blob may have to be read as a whole.
const BLOB_MAX: u64 = 64 * 1024 * 1024;

/// The pieces of a blob, as they come.
pub type BlobPieces = LocalBoxStream<'static, Result<Piece, Error>>;

/// A hasher of the pieces of a blob: [`Hasher`], or a platform's own.
pub trait ContentHasher {
    /// Takes in the next bytes.
    fn update(&mut self, piece: &Piece);

    /// Returns the digest of all bytes so far. Nothing is taken in afterwards.
    fn digest(&self) -> Digest;
}

impl ContentHasher for Hasher {
    fn update(&mut self, piece: &Piece) {
        Self::update(self, &piece.bytes());
    }

    fn digest(&self) -> Digest {
        self.clone().finish()
    }
}

impl Client {
    /// Fetches a blob of the repository of `reference` as a whole: configs, not layers. Calls for the same blob at the
    /// same time share one request, and what was fetched before is not fetched again.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); [`Error::TooLarge`] over 64 MiB,
    /// [`Error::DigestMismatch`] and [`Error::SizeMismatch`] if the bytes are not those of the descriptor.
    pub async fn blob(&self, reference: &Reference, descriptor: &Descriptor) -> Result<Bytes, Error> {
        let bytes = self.blob_of_any_size(reference, &descriptor.digest).await?;
        check_size(&reference.by_digest(descriptor.digest.clone()), Some(descriptor.size), &bytes)?;
        Ok(bytes)
    }

    /// Fetches a blob as [`Client::blob`] does, whatever size its descriptor names: Docker looks at the digest alone.
    ///
    /// # Errors
    /// The errors of [`Client::blob`], but for [`Error::SizeMismatch`].
    pub async fn blob_of_any_size(&self, reference: &Reference, digest: &Digest) -> Result<Bytes, Error> {
        let start = self.fetch_start(reference.registry());
        let key = (start.deletions(), reference.name(), digest.clone());
        let bytes = start.session().blobs.join(key, || {
            let (client, reference) = (self.clone(), reference.by_digest(digest.clone()));
            let (digest, start) = (digest.clone(), start.clone());
            async move { client.fetch_blob(&reference, &digest, &start).await }.boxed_local()
        });
        bytes.await
    }

    /// Asks for the size in bytes of a blob in the repository of `reference`, without fetching it. Returns `None` if the
    /// registry does not say.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); one for which [`Error::is_not_found`] is `true` if the
    /// blob is not there.
    pub async fn head_blob(&self, reference: &Reference, digest: &Digest) -> Result<Option<u64>, Error> {
        let scopes = Scopes::pull(reference.repository().as_str());
        let request = ApiRequest::new(Method::HEAD, reference, &format!("blobs/{digest}"), scopes);
        let response = self.send_with_retry(&request).await?;
        Ok(content_length(&response.headers))
    }

    async fn fetch_blob(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: &FetchStart,
    ) -> Result<Bytes, Error> {
        if let Some(bytes) = self.known_blob(reference, digest, start).await {
            return Ok(bytes);
        }
        let request = blob_request(reference, digest);
        let read = async |response| {
            let bytes = collect(response, BLOB_MAX).await?;
            let found = Digest::with(digest.algorithm(), &bytes);
            if found == *digest {
                return Ok(bytes);
            }
            let (reference, expected) = (Box::new(reference.clone()), digest.clone());
            Err(Error::DigestMismatch { reference, expected, found })
        };
        let bytes = self.send_and_read(&request, read).await?;
        self.remember_blob(reference, digest, &bytes, start);
        Ok(bytes)
    }

    /// Fetches a blob piece by piece. A response that breaks off is continued where it broke. Size and digest are checked
    /// before the last piece is given: an error means that nothing of what came is to be trusted.
    ///
    /// # Errors
    /// As the last item: [those of every request](Error#errors-of-every-request), [`Error::TooLarge`],
    /// [`Error::SizeMismatch`] or [`Error::DigestMismatch`].
    pub fn blob_stream(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
    ) -> LocalBoxStream<'static, Result<Bytes, Error>> {
        let hasher = Box::new(Hasher::new(descriptor.digest.algorithm()));
        let pieces = self.verified(reference, descriptor, hasher, |piece| piece.bytes().into());
        pieces.map_ok(|piece| piece.bytes()).boxed_local()
    }

    /// Fetches a blob as [`Client::blob_stream`] does, in the pieces of the transport, which are not copied. `hasher` is one
    /// of the digest's algorithm that has taken in nothing yet.
    ///
    /// # Errors
    /// As those of [`Client::blob_stream`].
    pub fn blob_pieces(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        hasher: Box<dyn ContentHasher>,
    ) -> BlobPieces {
        self.verified(reference, descriptor, hasher, |piece| piece)
    }

    /// Fetches a blob in pieces that have passed through `change`, and verifies them.
    fn verified(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
        hasher: Box<dyn ContentHasher>,
        change: fn(Piece) -> Piece,
    ) -> BlobPieces {
        let is_of_mirror = Rc::default();
        let pieces = self.download(reference, &descriptor.digest, 0, &is_of_mirror).map_ok(change);
        let checked = Verifier::new(reference, descriptor, hasher).check(pieces.boxed_local(), 0);
        let (client, registry) = (self.clone(), reference.registry().clone());
        let checked = checked.inspect_err(move |error| {
            client.leave_wrong_mirror(&registry, error, &is_of_mirror);
        });
        checked.boxed_local()
    }

    /// Fetches a blob from byte `start` on, unverified: what was read of it before is not read again.
    pub fn raw_blob(&self, reference: &Reference, descriptor: &Descriptor, start: u64) -> BlobPieces {
        self.download(reference, &descriptor.digest, start, &Rc::default())
    }

    /// Leaves the mirror of a registry alone for a while, if `error` says that content is wrong of which the mirror has sent
    /// something. Returns `true` then: the registry itself may have the right one.
    pub(crate) fn leave_wrong_mirror(
        &self,
        registry: &Registry,
        error: &Error,
        is_of_mirror: &Cell<bool>,
    ) -> bool {
        let is_wrong = matches!(
            error,
            Error::DigestMismatch { .. } | Error::SizeMismatch { .. } | Error::TooLarge { .. }
        );
        let is_fault = is_wrong && is_of_mirror.take();
        if is_fault {
            self.session(registry).set_mirror_failed(self.now());
        }
        is_fault
    }
}

fn blob_request(reference: &Reference, digest: &Digest) -> ApiRequest {
    let scopes = Scopes::pull(reference.repository().as_str());
    ApiRequest::new(Method::GET, reference, &format!("blobs/{digest}"), scopes)
}

/// Returns the error for a body that ended early. One of the wrong kind, by a fault of the program, does not come again.
fn broken_off(url: &str, source: TransportError) -> Error {
    let url = shown_url(url);
    match source.kind {
        TransportErrorKind::NotOpen => Error::OutOfReach { url, source },
        _ => Error::BrokenOff { url, source },
    }
}

/// Returns the whole body of a response.
///
/// # Errors
/// [`Error::TooLarge`] over `limit` bytes, [`Error::BrokenOff`] if it breaks off.
pub(crate) async fn collect(response: Response, limit: u64) -> Result<Bytes, Error> {
    let Response { url, body, .. } = response;
    match body.collect(limit).await {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Error::TooLarge { what: shown_url(&url), limit }),
        Err(source) => Err(broken_off(&url, source)),
    }
}

/// Checks that there are as many bytes as a descriptor says.
pub(crate) fn check_size(reference: &Reference, expected: Option<u64>, bytes: &[u8]) -> Result<(), Error> {
    let found = bytes.len() as u64;
    match expected.filter(|expected| *expected != found) {
        Some(expected) => {
            Err(Error::SizeMismatch { reference: Box::new(reference.clone()), expected, found })
        }
        None => Ok(()),
    }
}
