//! How requests leave: one trait, and what it carries.

#[cfg(any(feature = "fetch", feature = "abort"))]
mod abort;
#[cfg(feature = "fetch")]
mod fetch;
mod kind;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native;

use std::{fmt, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture},
    stream::{self, LocalBoxStream},
};
use http::{HeaderMap, Method, StatusCode};
use thiserror::Error;

use crate::turns::Turn;

#[cfg(any(feature = "fetch", feature = "abort"))]
pub use abort::AbortOnDrop;
#[cfg(feature = "fetch")]
pub use fetch::FetchTransport;
pub use kind::TransportErrorKind;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use native::NativeTransport;

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty where there is none.
    pub body: Bytes,
    /// Take any certificate. Browsers cannot.
    pub unverified_tls: bool,
    /// Go where a redirect points to, without credentials where that is another origin. Else the redirect is the answer.
    pub follow_redirects: bool,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: String) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            unverified_tls: false,
            follow_redirects: true,
        }
    }
}

/// A response: its head, and a body that is still under way.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers; in a browser, those that the registry exposes.
    pub headers: HeaderMap,
    /// Where it came from in the end, redirects followed.
    pub url: String,
    /// The body.
    pub body: Body,
}

/// Bytes that are still under way.
pub struct Body {
    pieces: LocalBoxStream<'static, Result<Bytes, TransportError>>,
    _turn: Option<Turn>,
}

impl Body {
    /// A body that comes in pieces.
    pub fn from_stream(stream: impl stream::Stream<Item = Result<Bytes, TransportError>> + 'static) -> Self {
        Self { pieces: stream.boxed_local(), _turn: None }
    }

    /// A body that is here already.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::from_stream(stream::once(async move { Ok(bytes) }))
    }

    /// The pieces as they come.
    pub fn into_stream(self) -> LocalBoxStream<'static, Result<Bytes, TransportError>> {
        self.pieces
    }

    /// Keeps a turn until the body has been collected. Whoever reads it piece by piece may take long, so that the turn
    /// ends there.
    pub(crate) fn holding(self, turn: Turn) -> Self {
        Self { _turn: Some(turn), ..self }
    }

    /// The same body, its pieces passed through `change`.
    pub(crate) fn map(
        self,
        change: impl FnOnce(
            LocalBoxStream<'static, Result<Bytes, TransportError>>,
        ) -> LocalBoxStream<'static, Result<Bytes, TransportError>>,
    ) -> Self {
        Self { pieces: change(self.pieces), ..self }
    }

    /// As much of it as comes, up to `limit` bytes.
    pub(crate) async fn beginning(mut self, limit: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(Ok(piece)) = self.pieces.next().await {
            bytes.extend_from_slice(&piece[..piece.len().min(limit - bytes.len())]);
            if bytes.len() == limit {
                break;
            }
        }
        bytes
    }

    /// The whole body, or nothing where it is longer than `limit` bytes.
    ///
    /// # Errors
    /// When it breaks off.
    pub async fn collect(mut self, limit: u64) -> Result<Option<Bytes>, TransportError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.pieces.next().await {
            whole.extend_from_slice(&piece?);
            if whole.len() as u64 > limit {
                return Ok(None);
            }
        }
        Ok(Some(whole.freeze()))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// Why no response came, or broke off.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TransportError {
    /// The sort of failure.
    pub kind: TransportErrorKind,
    /// What the platform said.
    pub message: String,
}

/// The platform's way of sending requests, waiting and joining URLs.
pub trait Transport {
    /// Sends a request and waits for the response's head. Dropping the future or the body ends the request.
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>>;

    /// Whether anything at all answers at `url`, whatever it says: what a browser may find out even where it may not
    /// read the answer.
    fn reaches(&self, url: String) -> LocalBoxFuture<'_, bool>;

    /// Hears that so many requests are about to go to the server of `url`, so that connections can be opened before the
    /// requests are there. It sends none itself, and may do nothing.
    fn expect(&self, _url: &str, _unverified_tls: bool, _requests: usize) {}

    /// Waits.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()>;

    /// Milliseconds since some moment in the past.
    fn now(&self) -> f64;

    /// The absolute URL that `location` means when it comes from `base`.
    ///
    /// # Errors
    /// When one of the two is no URL.
    fn join(&self, base: &str, location: &str) -> Result<String, TransportError>;

    /// Whether this is a browser: other origins' headers are hidden, and some requests are preflighted.
    fn obeys_cors(&self) -> bool;

    /// The origin of the page that asks, where there is one.
    fn page(&self) -> Option<String> {
        None
    }

    /// Whether the browser has been told not to let this page reach the computer that it runs on (`loopback`), or else
    /// others of its network.
    fn local_network_is_denied(&self, _loopback: bool) -> LocalBoxFuture<'_, bool> {
        future::ready(false).boxed_local()
    }
}
