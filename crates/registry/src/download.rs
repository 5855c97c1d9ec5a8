//! Downloads of blobs: whole, or piece by piece; verified either way.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use bytes::Bytes;
use futures_util::{
    FutureExt, StreamExt, TryStreamExt, future,
    stream::{self, LocalBoxStream},
};
use http::{HeaderValue, Method, StatusCode, header};
use tallyman_auth::Scopes;
use tallyman_core::{Descriptor, Digest, Hasher, Reference, Registry};

use crate::{
    Client, Error, Piece, Response, TransportError, TransportErrorKind, cache::FetchStart, error::shown_url,
    manifests::content_length, request::ApiRequest,
};

/// Bytes that a blob may have to be read as a whole.
const BLOB_MAX: u64 = 64 * 1024 * 1024;

/// The pieces of a blob, as they come.
pub type BlobPieces = LocalBoxStream<'static, Result<Piece, Error>>;

/// Pieces of one response.
type ResponsePieces = LocalBoxStream<'static, Result<Piece, TransportError>>;

/// A response that is being read.
struct BlobResponse {
    url: String,
    /// A mirror sends it.
    is_of_mirror: bool,
    pieces: ResponsePieces,
}

impl BlobResponse {
    /// Returns the same response with its pieces passed through `change`.
    fn map(self, change: impl FnOnce(ResponsePieces) -> ResponsePieces) -> Self {
        Self { pieces: change(self.pieces), ..self }
    }
}

/// An answer to a request for a part of a blob.
enum PartAnswer {
    /// The part.
    Part(BlobResponse),
    /// The whole blob: the registry sends no parts.
    Whole(BlobResponse),
    /// A part that begins at another byte.
    Elsewhere(BlobResponse),
    /// No bytes, because the blob ends before the part.
    BehindEnd(BlobResponse),
}

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

    /// Fetches a blob as [`Client::raw_blob`] does, and sets `is_of_mirror` when a mirror sends something of it.
    pub(crate) fn download(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: u64,
        is_of_mirror: &Rc<Cell<bool>>,
    ) -> BlobPieces {
        let download = Download {
            client: self.clone(),
            reference: reference.by_digest(digest.clone()),
            digest: digest.clone(),
            position: start,
            end: None,
            response: None,
            is_of_mirror: Rc::clone(is_of_mirror),
            attempt: 1,
        };
        download.into_pieces()
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

    /// Fetches a part of a blob alone, unverified: the digest of a blob is that of all of it. A response that breaks off is
    /// continued where it broke. Returns `None` if the registry does not send parts.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request). What comes is as long as `range`, or ends early with the blob.
    pub async fn blob_range(
        &self,
        reference: &Reference,
        digest: &Digest,
        range: Range<u64>,
    ) -> Result<Option<BlobPieces>, Error> {
        if range.is_empty() {
            return Ok(Some(stream::empty().boxed_local()));
        }
        let reference = reference.by_digest(digest.clone());
        let PartAnswer::Part(response) = self.part(&reference, digest, range.start, Some(range.end)).await?
        else {
            return Ok(None);
        };
        let download = Download {
            client: self.clone(),
            reference,
            digest: digest.clone(),
            position: range.start,
            end: Some(range.end),
            response: Some(response),
            is_of_mirror: Rc::default(),
            attempt: 1,
        };
        Ok(Some(download.into_pieces()))
    }

    /// Asks for a blob from byte `start` on, to `end` if there is one, and passes over what a registry without ranges sends
    /// before it.
    async fn blob_from(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: u64,
        end: Option<u64>,
    ) -> Result<BlobResponse, Error> {
        Ok(match self.part(reference, digest, start, end).await? {
            PartAnswer::Part(response) | PartAnswer::BehindEnd(response) => response,
            PartAnswer::Whole(response) if start == 0 => response,
            PartAnswer::Whole(response) => {
                let mut before = start;
                response.map(|pieces| {
                    let rest = pieces.map(move |piece| {
                        piece.map(|piece| {
                            let skipped = before.min(piece.len() as u64);
                            before -= skipped;
                            piece.tail(usize::try_from(skipped).expect("it is no longer than the piece"))
                        })
                    });
                    rest.boxed_local()
                })
            }
            PartAnswer::Elsewhere(response) => response.map(|_| {
                let message = format!("expected the bytes from {start} on, found others");
                let error = TransportError { kind: TransportErrorKind::Other, message };
                stream::once(future::ready(Err(error))).boxed_local()
            }),
        })
    }

    /// Asks for a blob from byte `start` on, to `end` if there is one.
    async fn part(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: u64,
        end: Option<u64>,
    ) -> Result<PartAnswer, Error> {
        let is_part = start > 0 || end.is_some();
        let request = ranged_request(reference, digest, start, end);
        let Response { status, url, headers, body } = match self.send_with_retry(&request).await {
            Err(Error::Api { status: StatusCode::RANGE_NOT_SATISFIABLE, url, .. }) if is_part => {
                let pieces = stream::empty().boxed_local();
                return Ok(PartAnswer::BehindEnd(BlobResponse { url, is_of_mirror: false, pieces }));
            }
            response => response?,
        };
        let response = BlobResponse { url, is_of_mirror: body.is_of_mirror(), pieces: body.into_pieces() };
        if status != StatusCode::PARTIAL_CONTENT {
            return Ok(PartAnswer::Whole(response));
        }
        // Browsers show it only where the registry lets them.
        let sent = headers.get(header::CONTENT_RANGE).and_then(|sent| sent.to_str().ok());
        let is_elsewhere = sent.is_some_and(|sent| !sent.starts_with(&format!("bytes {start}-")));
        Ok(if is_elsewhere { PartAnswer::Elsewhere(response) } else { PartAnswer::Part(response) })
    }
}

fn blob_request(reference: &Reference, digest: &Digest) -> ApiRequest {
    let scopes = Scopes::pull(reference.repository().as_str());
    ApiRequest::new(Method::GET, reference, &format!("blobs/{digest}"), scopes)
}

/// The request for a blob from byte `start` on, to `end` if there is one.
fn ranged_request(reference: &Reference, digest: &Digest, start: u64, end: Option<u64>) -> ApiRequest {
    let last = end.map(|end| (end - 1).to_string()).unwrap_or_default();
    let range = HeaderValue::from_str(&format!("bytes={start}-{last}")).ok();
    let is_part = start > 0 || end.is_some();
    blob_request(reference, digest).header(header::RANGE, range.filter(|_| is_part))
}

/// A blob that is being downloaded.
struct Download {
    client: Client,
    reference: Reference,
    digest: Digest,
    position: u64,
    /// The position at which it ends, if that is before the blob does.
    end: Option<u64>,
    /// The response that is being read.
    response: Option<BlobResponse>,
    /// `true` if a mirror has sent something of it.
    is_of_mirror: Rc<Cell<bool>>,
    attempt: u32,
}

impl Download {
    /// Returns all pieces.
    fn into_pieces(self) -> BlobPieces {
        stream::unfold(Some(self), async |download| {
            let mut download = download?;
            match download.next().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(download))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed_local()
    }

    /// Returns the next piece; `None` at the end.
    async fn next(&mut self) -> Result<Option<Piece>, Error> {
        if self.end == Some(self.position) {
            return Ok(None);
        }
        loop {
            let response = match &mut self.response {
                Some(response) => response,
                None => {
                    let from =
                        self.client.blob_from(&self.reference, &self.digest, self.position, self.end).await?;
                    self.is_of_mirror.set(self.is_of_mirror.get() || from.is_of_mirror);
                    self.response.insert(from)
                }
            };
            match response.pieces.next().await {
                Some(Ok(piece)) if piece.is_empty() => {}
                Some(Ok(piece)) => {
                    let left = self.end.map_or(u64::MAX, |end| end - self.position);
                    // A server may send more than was asked for.
                    let piece = match usize::try_from(left) {
                        Ok(left) if (left as u64) < piece.len() as u64 => piece.bytes().slice(..left).into(),
                        _ => piece,
                    };
                    self.position += piece.len() as u64;
                    self.attempt = 1;
                    return Ok(Some(piece));
                }
                None => return Ok(None),
                // The registry itself has the rest.
                Some(Err(_)) if response.is_of_mirror => {
                    let session = self.client.session(self.reference.registry());
                    session.set_mirror_failed(self.client.now());
                    self.response = None;
                }
                Some(Err(source)) => {
                    let error = Error::BrokenOff { url: shown_url(&response.url), source };
                    self.client.wait_to_retry(self.reference.registry(), error, self.attempt).await?;
                    self.attempt += 1;
                    self.response = None;
                }
            }
        }
    }
}

/// The size and the digest that a blob must have. What has been hashed stays hashed when its bytes are read anew.
#[derive(Clone)]
pub(crate) struct Verifier(Rc<Expected>);

struct Expected {
    reference: Reference,
    digest: Digest,
    size: u64,
    /// The hash of the bytes so far, and how many they are.
    hashed: RefCell<(Box<dyn ContentHasher>, u64)>,
}

impl Verifier {
    pub(crate) fn new(
        reference: &Reference,
        descriptor: &Descriptor,
        hasher: Box<dyn ContentHasher>,
    ) -> Self {
        let (digest, size) = (descriptor.digest.clone(), descriptor.size);
        let hashed = RefCell::new((hasher, 0));
        Self(Rc::new(Expected { reference: reference.by_digest(digest.clone()), digest, size, hashed }))
    }

    /// Passes on `pieces`, which begin at byte `start`. Holds the last one back until size and digest are known to be
    /// right.
    pub(crate) fn check(&self, pieces: BlobPieces, start: u64) -> BlobPieces {
        let state = Some((self.clone(), pieces, start));
        stream::unfold(state, async |state| {
            let (verifier, mut pieces, position) = state?;
            let piece = match pieces.next().await {
                Some(Ok(piece)) => piece,
                Some(Err(error)) => return Some((Err(error), None)),
                None => return verifier.finish(position).err().map(|error| (Err(error), None)),
            };
            let end = position + piece.len() as u64;
            let checked = verifier.add(position, &piece);
            let checked =
                if end == verifier.0.size { checked.and_then(|()| verifier.finish(end)) } else { checked };
            match checked {
                Ok(()) => Some((Ok(piece), Some((verifier, pieces, end)))),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed_local()
    }

    /// Returns the number of bytes that have been hashed.
    pub(crate) fn hashed(&self) -> u64 {
        self.0.hashed.borrow().1
    }

    fn add(&self, position: u64, piece: &Piece) -> Result<(), Error> {
        let expected = &self.0;
        let end = position + piece.len() as u64;
        if end > expected.size {
            return Err(Error::TooLarge { what: expected.reference.to_string(), limit: expected.size });
        }
        let (hasher, hashed) = &mut *expected.hashed.borrow_mut();
        if end > *hashed {
            let known = usize::try_from(*hashed - position).expect("pieces follow one another");
            if known == 0 {
                hasher.update(piece);
            } else {
                hasher.update(&piece.tail(known));
            }
            *hashed = end;
        }
        Ok(())
    }

    fn finish(&self, found: u64) -> Result<(), Error> {
        let expected = &self.0;
        let reference = || Box::new(expected.reference.clone());
        if found != expected.size {
            return Err(Error::SizeMismatch { reference: reference(), expected: expected.size, found });
        }
        let found = expected.hashed.borrow().0.digest();
        if found != expected.digest {
            let (reference, expected) = (reference(), expected.digest.clone());
            return Err(Error::DigestMismatch { reference, expected, found });
        }
        Ok(())
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
        Err(source) => Err(Error::BrokenOff { url: shown_url(&url), source }),
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
