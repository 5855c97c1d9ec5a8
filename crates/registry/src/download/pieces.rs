//! The pieces of a blob, or of a part of it: a response that breaks off is continued where it broke.

use std::{cell::Cell, ops::Range, rc::Rc};

use futures_util::{
    StreamExt, future,
    stream::{self, LocalBoxStream},
};
use http::{HeaderValue, StatusCode, header};
use tallyman_core::{Digest, Reference};

use super::{BlobPieces, blob_request, broken_off};
use crate::{
    Client, Error, Piece, Response, TransportError, TransportErrorKind, request::ApiRequest, retry::Retried,
};

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

impl Client {
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
            retried: None,
        };
        download.into_pieces()
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
            retried: None,
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
                return Ok(PartAnswer::BehindEnd(BlobResponse {
                    url: url.into(),
                    is_of_mirror: false,
                    pieces,
                }));
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
    /// Held from the first attempt that failed until a piece comes.
    retried: Option<Retried>,
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
                    (self.attempt, self.retried) = (1, None);
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
                    let error = broken_off(&response.url, source);
                    let registry = self.reference.registry();
                    self.client.wait_to_retry(registry, error, self.attempt, &mut self.retried).await?;
                    self.attempt += 1;
                    self.response = None;
                }
            }
        }
    }
}
