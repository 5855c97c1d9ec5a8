//! A connection to a registry, on which an answer is read even when the registry takes no more of the request.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

/// A stream whose writing half may be broken while there is still something to read: a registry may refuse an upload before it has
/// read it, and close the connection. Bytes that nobody takes count as written then, and reading tells how it ends.
#[derive(Debug)]
pub(crate) struct UpstreamStream<S> {
    stream: S,
    is_broken: bool,
}

impl<S: Write + Unpin> UpstreamStream<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, is_broken: false }
    }

    /// Writes, unless the other side takes no more: then `done` is the outcome.
    fn poll_unbroken<T>(
        &mut self,
        done: T,
        write: impl FnOnce(Pin<&mut S>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.is_broken {
            return Poll::Ready(Ok(done));
        }
        match write(Pin::new(&mut self.stream)) {
            Poll::Ready(Err(error))
                if matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) =>
            {
                self.is_broken = true;
                Poll::Ready(Ok(done))
            }
            polled => polled,
        }
    }
}

impl<S: Read + Unpin> Read for UpstreamStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for UpstreamStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_unbroken(bytes.len(), |stream| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = pieces.iter().map(|piece| piece.len()).sum();
        self.poll_unbroken(length, |stream| stream.poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unbroken((), |stream| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_unbroken((), |stream| stream.poll_shutdown(context))
    }
}

impl<S: Connection> Connection for UpstreamStream<S> {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}
