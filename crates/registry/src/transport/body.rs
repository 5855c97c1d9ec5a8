//! Bodies of requests and responses.

use std::{any::Any, cell::RefCell, fmt, ops::Range, rc::Rc};

use bytes::{Bytes, BytesMut};
use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, LocalBoxStream, Stream},
};

use super::{Piece, TransportError};
use crate::semaphore::Permit;

/// Pieces of a body.
type Pieces = LocalBoxStream<'static, Result<Piece, TransportError>>;

/// The body of a request.
#[derive(Clone)]
pub enum RequestBody {
    /// Bytes that are here already; none for a request without a body.
    Full(Bytes),
    /// Bytes that the platform keeps and sends from where they are. Only for transports of the platform that keeps them.
    Kept(Rc<dyn KeptContent>),
    /// Pieces that come while they are sent. Only for transports that [stream bodies](super::Transport::streams_bodies).
    Stream(BodyStream),
}

impl RequestBody {
    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Full(bytes) => bytes.len() as u64,
            Self::Kept(content) => content.size(),
            Self::Stream(stream) => stream.length,
        }
    }

    /// Returns `true` if there is no body.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns `true` if the body can be sent again: a stream is sent as it comes, once.
    pub fn is_repeatable(&self) -> bool {
        !matches!(self, Self::Stream(_))
    }
}

/// Content that a platform keeps outside of this program's memory, as JavaScript does, and sends from there.
pub trait KeptContent {
    /// The number of bytes.
    fn size(&self) -> u64;

    /// Returns a range of the bytes, which is not copied. It lies within the content.
    ///
    /// # Errors
    /// The platform's sentence if it does not keep the content any more.
    fn slice(&self, range: Range<u64>) -> Result<Rc<dyn KeptContent>, String>;

    /// Returns the value itself, for the platform that made it.
    fn as_any(&self) -> &dyn Any;
}

impl From<Bytes> for RequestBody {
    fn from(bytes: Bytes) -> Self {
        Self::Full(bytes)
    }
}

/// A body that is sent while it comes, once. A clone is the same body.
#[derive(Clone)]
pub struct BodyStream {
    /// The length in bytes: the request's `Content-Length`.
    pub length: u64,
    pieces: Rc<RefCell<Pieces>>,
}

impl BodyStream {
    /// Makes a body of `length` bytes.
    pub fn new(length: u64, pieces: impl Stream<Item = Result<Piece, TransportError>> + 'static) -> Self {
        Self { length, pieces: Rc::new(RefCell::new(pieces.boxed_local())) }
    }

    /// Returns the pieces. What one caller has taken, no other one gets.
    pub fn into_pieces(self) -> LocalBoxStream<'static, Result<Piece, TransportError>> {
        let pieces = self.pieces;
        stream::poll_fn(move |context| pieces.borrow_mut().poll_next_unpin(context)).boxed_local()
    }
}

/// The body of a response, which is still under way.
pub struct Body {
    pieces: Pieces,
    /// A mirror sends it.
    is_of_mirror: bool,
    _permits: Vec<Permit>,
}

impl Body {
    /// Makes a body that comes in pieces.
    pub fn from_stream(stream: impl Stream<Item = Result<Bytes, TransportError>> + 'static) -> Self {
        Self::from_pieces(stream.map_ok(Piece::from))
    }

    /// Makes a body that comes in pieces, which the platform may keep.
    pub fn from_pieces(pieces: impl Stream<Item = Result<Piece, TransportError>> + 'static) -> Self {
        Self { pieces: pieces.boxed_local(), is_of_mirror: false, _permits: Vec::new() }
    }

    /// Makes a body that is here already.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::from_stream(stream::once(async move { Ok(bytes) }))
    }

    /// Returns the pieces as they come.
    pub fn into_pieces(self) -> LocalBoxStream<'static, Result<Piece, TransportError>> {
        self.pieces
    }

    /// Keeps permits until the body has been collected. A caller that reads it piece by piece may take long, so that they
    /// end there.
    pub(crate) fn holding(self, permits: Vec<Permit>) -> Self {
        Self { _permits: permits, ..self }
    }

    /// Marks the body as one that a mirror sends.
    pub(crate) fn of_mirror(self) -> Self {
        Self { is_of_mirror: true, ..self }
    }

    /// Returns `true` if a mirror sends the body.
    pub(crate) fn is_of_mirror(&self) -> bool {
        self.is_of_mirror
    }

    /// Returns the same body with its pieces passed through `change`.
    pub(crate) fn map(self, change: impl FnOnce(Pieces) -> Pieces) -> Self {
        Self { pieces: change(self.pieces), ..self }
    }

    /// Returns as much of the body as comes, up to `limit` bytes.
    pub(crate) async fn prefix(mut self, limit: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(Ok(piece)) = self.pieces.next().await {
            bytes.extend_from_slice(&piece.bytes()[..piece.len().min(limit - bytes.len())]);
            if bytes.len() == limit {
                break;
            }
        }
        bytes
    }

    /// Returns the whole body, or `None` if it is longer than `limit` bytes.
    ///
    /// # Errors
    /// [`TransportError`] if it breaks off.
    pub async fn collect(mut self, limit: u64) -> Result<Option<Bytes>, TransportError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.pieces.next().await {
            let piece = piece?;
            if (whole.len() + piece.len()) as u64 > limit {
                return Ok(None);
            }
            whole.extend_from_slice(&piece.bytes());
        }
        Ok(Some(whole.freeze()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::KeptBytes;

    /// Bytes that nobody may copy.
    struct Long;

    impl KeptBytes for Long {
        fn size(&self) -> usize {
            1 << 30
        }

        fn tail(&self, _: usize) -> Box<dyn KeptBytes> {
            Box::new(Self)
        }

        fn to_bytes(&self) -> Bytes {
            unreachable!("they are more than the limit")
        }

        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    #[test]
    fn a_piece_that_is_over_the_limit_is_not_copied() {
        let body = Body::from_pieces(stream::iter([Ok(Piece::Kept(Box::new(Long)))]));
        let collected = body.collect(1 << 20).now_or_never().expect("nothing is waited for");
        assert_eq!(collected, Ok(None));
    }
}
