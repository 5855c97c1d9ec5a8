//! One connection of a caller: what runs on it, and for how long it has been waiting.

use std::{
    io,
    mem::MaybeUninit,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http::Version;
use http_body::{Body as _, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    limits::{Limits, Reason},
    rate_floor::{Pace, RateFloor},
};

/// The time for which a caller that was answered may go on sending before the connection is closed.
const LINGER: Duration = Duration::from_secs(5);

/// A connection of a caller.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: u64,
    pub(crate) peer: SocketAddr,
    /// The address by which the caller is counted.
    pub(crate) caller: IpAddr,
    /// Beyond the limits: only the gateway's health can be asked for.
    pub(crate) is_reserved: bool,
    /// Ends the connection at once.
    pub(crate) closed: CancellationToken,
    pace: Pace,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The responses that are being made or sent, with the pace at which the caller takes each.
    running: Vec<(u64, RateFloor)>,
    requests: u64,
    /// The end of the last request, or the time at which the connection was accepted.
    idle_since: Instant,
    /// The first byte that came after it.
    head_since: Option<Instant>,
    is_http2: bool,
    /// The body of the last request was not read to its end.
    has_unread_body: bool,
    /// The pace at which the caller takes bytes from the socket.
    written: RateFloor,
}

impl Connection {
    pub(crate) fn new(
        id: u64,
        peer: SocketAddr,
        caller: IpAddr,
        is_reserved: bool,
        pace: Pace,
        closed: CancellationToken,
    ) -> Self {
        let state = State {
            running: Vec::new(),
            requests: 0,
            idle_since: Instant::now(),
            head_since: None,
            is_http2: false,
            has_unread_body: false,
            written: RateFloor::new(pace),
        };
        Self { id, peer, caller, is_reserved, closed, pace, state: Mutex::new(state) }
    }

    /// Begins a request, whose head is there.
    pub(crate) fn begin(self: &Arc<Self>, version: Version) -> Running {
        let mut state = self.state();
        state.requests += 1;
        state.is_http2 = version == Version::HTTP_2;
        state.head_since = None;
        state.has_unread_body = false;
        let id = state.requests;
        state.running.push((id, RateFloor::new(self.pace)));
        Running { connection: Arc::clone(self), id }
    }

    /// Returns the time since which the connection waits for a request, or `None` if one runs on it.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        let state = self.state();
        state.running.is_empty().then_some(state.idle_since)
    }

    /// Returns the reason for which the connection is to be closed, if there is one.
    pub(crate) fn expired(&self, limits: &Limits, now: Instant) -> Option<Reason> {
        let state = self.state();
        if state.written.is_over(now) || state.running.iter().any(|(_, floor)| floor.is_over(now)) {
            return Some(Reason::Stalled);
        }
        if !state.running.is_empty() || state.written.deadline().is_some() {
            return None;
        }
        let (since, limit, reason) = match state.head_since {
            _ if state.requests == 0 => (state.idle_since, limits.head, Reason::Head),
            // Frames of HTTP/2 that belong to no request come at any time.
            Some(since) if !state.is_http2 => (since, limits.head, Reason::Head),
            _ => (state.idle_since, limits.idle, Reason::Idle),
        };
        (since + limit <= now).then_some(reason)
    }

    /// Takes note of bytes from the caller.
    pub(crate) fn has_read(&self) {
        let mut state = self.state();
        if state.running.is_empty() {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    fn has_written(&self, written: Option<usize>) {
        let mut state = self.state();
        match written {
            None => state.written.wait(0),
            Some(bytes) => {
                state.written.resume(bytes);
                if state.running.is_empty() {
                    state.idle_since = Instant::now();
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that runs on a connection, until its response is sent.
#[derive(Debug)]
pub(crate) struct Running {
    connection: Arc<Connection>,
    id: u64,
}

impl Running {
    /// Returns the request's body, with which the connection knows whether it was read to its end.
    pub(crate) fn received(&self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        Body::new(ReceivedBody { body, connection: Arc::clone(&self.connection), is_read: false })
    }

    /// Returns the response's body, with which the request ends.
    pub(crate) fn until_sent(self, body: Body) -> Body {
        if body.is_end_stream() {
            return body;
        }
        Body::new(SentBody { body, running: self })
    }

    fn with_floor(&self, change: impl FnOnce(&mut RateFloor)) {
        let mut state = self.connection.state();
        if let Some((_, floor)) = state.running.iter_mut().find(|(id, _)| *id == self.id) {
            change(floor);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.connection.state();
        state.running.retain(|(id, _)| *id != self.id);
        state.idle_since = Instant::now();
    }
}

/// A request's body that tells its connection when it is given up before its end.
struct ReceivedBody {
    body: Body,
    connection: Arc<Connection>,
    is_read: bool,
}

impl Drop for ReceivedBody {
    fn drop(&mut self) {
        if !self.is_read && !self.body.is_end_stream() {
            self.connection.state().has_unread_body = true;
        }
    }
}

impl http_body::Body for ReceivedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.is_read = frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response's body that knows how fast the caller takes it.
struct SentBody {
    body: Body,
    running: Running,
}

impl http_body::Body for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        // Asked for more, the caller has taken what was there.
        self.running.with_floor(|floor| floor.resume(0));
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
        self.running.with_floor(|floor| floor.wait(bytes));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A socket that tells its connection what passes.
#[derive(Debug)]
pub(crate) struct TrackedStream {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// The end of the time for which it is read after its last answer.
    lingering: Option<Pin<Box<Sleep>>>,
}

impl TrackedStream {
    pub(crate) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection, lingering: None }
    }

    fn note(&self, polled: &Poll<io::Result<usize>>) {
        match polled {
            Poll::Pending => self.connection.has_written(None),
            Poll::Ready(Ok(bytes)) => self.connection.has_written(Some(*bytes)),
            Poll::Ready(Err(_)) => {}
        }
    }

    /// Reads what the caller still sends, until it ends or the time is over. A socket that is closed with bytes that nobody read
    /// resets the connection, and the caller loses the answer.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let timer = self.lingering.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        if timer.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let mut piece = [MaybeUninit::uninit(); 16 * 1024];
        loop {
            let mut buffer = ReadBuf::uninit(&mut piece);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for TrackedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.connection.has_read();
        }
        polled
    }
}

impl AsyncWrite for TrackedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.note(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            if !self.connection.state().has_unread_body {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_linger(context).map(Ok)
    }
}
