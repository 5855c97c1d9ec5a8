//! The connection below HTTP, so that a fault can cut it.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::sleep,
};

/// The time that bytes already written get to reach the client before a reset, which would overtake them.
const SETTLE: Duration = Duration::from_millis(30);

/// Remembers that a connection is to end with a reset and not with an orderly close.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResetSwitch(Arc<AtomicBool>);

impl ResetSwitch {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A mark on a response: close the connection without sending it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unanswered;

/// A TCP connection that its [`ResetSwitch`] can turn into one that ends with a reset.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    reset: ResetSwitch,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, reset: ResetSwitch) -> Self {
        Self { stream, reset }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.reset.0.load(Ordering::Relaxed) {
            // A connection that is gone already needs no reset.
            let _gone = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A body that stops after `bytes`: with a reset when there is a reset, else with an orderly close.
pub(crate) fn broken_body(bytes: Bytes, reset: Option<ResetSwitch>) -> Body {
    Body::from_stream(stream::unfold(Some((bytes, reset)), |step| async move {
        let (bytes, reset) = step?;
        if bytes.is_empty() {
            sleep(SETTLE).await;
            if let Some(reset) = reset {
                reset.set();
            }
            return Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None));
        }
        Some((Ok(bytes), Some((Bytes::new(), reset))))
    }))
}

/// A body that comes in ten pieces a second.
pub(crate) fn slow_body(bytes: Bytes, bytes_per_second: usize) -> Body {
    let piece = (bytes_per_second / 10).max(1);
    Body::from_stream(stream::unfold(bytes, move |mut bytes| async move {
        if bytes.is_empty() {
            return None;
        }
        sleep(Duration::from_millis(100)).await;
        let next = bytes.split_to(piece.min(bytes.len()));
        Some((Ok::<_, io::Error>(next), bytes))
    }))
}
