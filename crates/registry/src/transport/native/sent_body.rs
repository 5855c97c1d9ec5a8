//! Bodies of requests, for connections that another thread may drive.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::StreamExt;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::{BodyStream, TransportError};

/// A body that is here already, or comes piece by piece.
pub(super) enum SentBody {
    Full(Option<Bytes>),
    Pieces { left: u64, pieces: mpsc::Receiver<Result<Bytes, TransportError>> },
}

impl SentBody {
    /// Makes a body of the pieces that [`pump`] is to give.
    pub(super) fn pieces(length: u64) -> (mpsc::Sender<Result<Bytes, TransportError>>, Self) {
        let (sender, pieces) = mpsc::channel(1);
        (sender, Self::Pieces { left: length, pieces })
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Pieces { left, pieces } => pieces.poll_recv(context).map(|piece| match piece? {
                Ok(piece) => {
                    *left = left.saturating_sub(piece.len() as u64);
                    Some(Ok(Frame::data(piece)))
                }
                Err(error) => Some(Err(error)),
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Pieces { left, .. } => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Full(bytes) => bytes.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Self::Pieces { left, .. } => *left,
        })
    }
}

/// Hands the pieces of a body over one by one, until one fails or nobody takes them.
pub(super) async fn pump(body: BodyStream, pieces: mpsc::Sender<Result<Bytes, TransportError>>) {
    let mut body = body.into_pieces();
    while let Some(piece) = body.next().await {
        if pieces.send(piece.map(|piece| piece.bytes())).await.is_err() {
            return;
        }
    }
}
