//! Content that is uploaded: as pieces that are verified while they are read, or as the platform keeps it.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use tallyman_core::Digest;

use crate::{
    BodyStream, Client, Error, KeptContent, RequestBody, TransportError, TransportErrorKind,
    download::{BlobPieces, Verifier},
};

/// Bytes of a blob that are kept in memory and sent at once. Longer ones are sent while they come.
pub(super) const BUFFERED_MAX: u64 = 1024 * 1024;

/// The content of a blob to be uploaded.
pub(super) enum Content<'a> {
    /// Pieces that come when they are read, and are verified then.
    Read {
        /// Opens the blob at a byte.
        open: &'a dyn Fn(u64) -> BlobPieces,
        verifier: Verifier,
    },
    /// Content that the platform keeps, the same that the digest was made of.
    Kept(Rc<dyn KeptContent>),
}

/// A blob to be uploaded.
pub(super) struct Source<'a> {
    pub digest: &'a Digest,
    pub size: u64,
    pub content: Content<'a>,
    /// The error of the source itself, which is not the registry's.
    pub failure: Rc<RefCell<Option<Error>>>,
    /// The furthest byte that has been read.
    pub read: Rc<Cell<u64>>,
}

impl Client {
    /// Returns the rest of a blob from byte `start` on as the body of a request: in memory if it is small or if the
    /// transport cannot do otherwise, else as it comes.
    pub(super) async fn body(&self, source: &Source<'_>, start: u64) -> Result<RequestBody, Error> {
        let (open, verifier) = match &source.content {
            Content::Read { open, verifier } => (open, verifier),
            Content::Kept(content) => return source.slice(&**content, start..source.size),
        };
        let mut pieces = source.pieces(open, verifier, start);
        if !self.streams(source, start) {
            let mut bytes = BytesMut::new();
            while let Some(piece) = pieces.next().await {
                bytes.extend_from_slice(&piece.map_err(|error| source.fail(error))?.bytes());
            }
            return Ok(bytes.freeze().into());
        }
        // The download begins before the upload, so that its failure is told before anything is sent.
        let first = match pieces.next().await {
            Some(Ok(first)) => first,
            Some(Err(error)) => return Err(source.fail(error)),
            None => Bytes::new().into(),
        };
        let failure = Rc::clone(&source.failure);
        let pieces = stream::once(async { Ok(first) }).chain(pieces).map(move |piece| {
            piece.map_err(|error| {
                let message = error.to_string();
                failure.replace(Some(error));
                TransportError { kind: TransportErrorKind::Aborted, message }
            })
        });
        Ok(RequestBody::Stream(BodyStream::new(source.size - start, pieces)))
    }

    /// Returns `true` if the rest of a blob from byte `start` on is sent as it comes, where it is sent at once.
    pub(super) fn streams(&self, source: &Source<'_>, start: u64) -> bool {
        matches!(source.content, Content::Read { .. })
            && source.size.saturating_sub(start) > BUFFERED_MAX
            && self.transport().streams_bodies()
    }
}

/// The parts of a blob, one after another.
pub(super) enum Parts<'a> {
    /// Pieces, of which those that are not sent yet are in `buffer`.
    Read { source: &'a Source<'a>, pieces: BlobPieces, buffer: BytesMut },
    /// Ranges of what the platform keeps, from byte `start` on.
    Kept { source: &'a Source<'a>, content: &'a dyn KeptContent, start: u64 },
}

impl<'a> Parts<'a> {
    /// Makes the parts from byte `start` on.
    pub(super) fn new(source: &'a Source<'a>, start: u64) -> Self {
        match &source.content {
            Content::Read { open, verifier } => {
                // It is asked again after its end.
                let pieces = source.pieces(open, verifier, start).fuse().boxed_local();
                Self::Read { source, pieces, buffer: BytesMut::new() }
            }
            Content::Kept(content) => Self::Kept { source, content: &**content, start },
        }
    }

    /// Returns the part that is next, of at most `size` bytes; an empty one at the end. It stays the next one until
    /// [`Parts::advance`].
    pub(super) async fn next(&mut self, size: u64) -> Result<RequestBody, Error> {
        match self {
            Self::Read { source, pieces, buffer } => {
                while (buffer.len() as u64) < size {
                    match pieces.next().await {
                        Some(Ok(piece)) => buffer.extend_from_slice(&piece.bytes()),
                        Some(Err(error)) => return Err(source.fail(error)),
                        None => break,
                    }
                }
                let length = usize::try_from(size).unwrap_or(usize::MAX).min(buffer.len());
                Ok(Bytes::copy_from_slice(&buffer[..length]).into())
            }
            Self::Kept { source, content, start } => {
                source.slice(*content, *start..start.saturating_add(size).min(source.size))
            }
        }
    }

    /// Leaves the first `length` bytes behind, which have been sent.
    pub(super) fn advance(&mut self, length: u64) {
        match self {
            Self::Read { buffer, .. } => {
                let sent = usize::try_from(length).expect("a part was in memory");
                let _ = buffer.split_to(sent);
            }
            Self::Kept { start, .. } => *start += length,
        }
    }
}

impl Source<'_> {
    /// Returns the number of bytes from the start at any of which an upload can be continued.
    pub(super) fn known(&self) -> u64 {
        match &self.content {
            Content::Read { verifier, .. } => verifier.hashed(),
            Content::Kept(_) => self.size,
        }
    }

    /// Returns the verified pieces from byte `start` on.
    pub(super) fn pieces(
        &self,
        open: &dyn Fn(u64) -> BlobPieces,
        verifier: &Verifier,
        start: u64,
    ) -> BlobPieces {
        if start > 0 && start == self.size {
            // The last one was verified before it was sent.
            return stream::empty().boxed_local();
        }
        let (read, mut position) = (Rc::clone(&self.read), start);
        let pieces = verifier.check(open(start), start);
        let pieces = pieces.inspect(move |piece| {
            position += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            read.set(read.get().max(position));
        });
        pieces.boxed_local()
    }

    /// Returns a range of content that the platform keeps as the body of a request.
    pub(super) fn slice(&self, content: &dyn KeptContent, range: Range<u64>) -> Result<RequestBody, Error> {
        content.slice(range).map(RequestBody::Kept).map_err(|message| self.fail(Error::Content { message }))
    }

    /// Returns the error of the source itself; `None` if it has not failed.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.borrow().clone()
    }

    /// Keeps an error of the source apart from those of the registry.
    pub(super) fn fail(&self, error: Error) -> Error {
        self.failure.replace(Some(error.clone()));
        error
    }
}
