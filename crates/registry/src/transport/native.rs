//! HTTP for programs of the machine: the tests and the gateway.

use std::{
    error::Error as _,
    io,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture};

use reqwest::redirect::Policy;

use super::{Body, Request, Response, Transport, TransportError, TransportErrorKind};

/// Redirects that are followed, as in Docker.
const REDIRECTS_MAX: usize = 10;

/// Sends requests by `reqwest`, with kept connections.
#[derive(Debug)]
pub struct NativeTransport {
    /// By whether certificates are taken unverified, and whether redirects are followed.
    clients: [[reqwest::Client; 2]; 2],
    start: Instant,
}

impl NativeTransport {
    /// A transport with its own connections.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        let client = |unverified, follow| {
            reqwest::Client::builder()
                .user_agent(concat!("tallyman/", env!("CARGO_PKG_VERSION")))
                .danger_accept_invalid_certs(unverified)
                .redirect(if follow { Policy::limited(REDIRECTS_MAX) } else { Policy::none() })
                .build()
                .map_err(|error| failure(&error))
        };
        let clients =
            [[client(false, false)?, client(false, true)?], [client(true, false)?, client(true, true)?]];
        Ok(Self { clients, start: Instant::now() })
    }
}

impl Transport for NativeTransport {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let client =
                &self.clients[usize::from(request.unverified_tls)][usize::from(request.follow_redirects)];
            let sent = client
                .request(request.method, request.url)
                .headers(request.headers)
                .body(request.body)
                .send();
            let mut response = sent.await.map_err(|error| failure(&error))?;
            let headers = std::mem::take(response.headers_mut());
            let (status, url) = (response.status(), response.url().to_string());
            let pieces = response.bytes_stream().map(|piece| piece.map_err(|error| failure(&error)));
            Ok(Response { status, headers, url, body: Body::from_stream(pieces) })
        }
        .boxed_local()
    }

    fn reaches(&self, url: String) -> LocalBoxFuture<'_, bool> {
        async move { self.clients[0][1].get(url).send().await.is_ok() }.boxed_local()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        tokio::time::sleep(duration).boxed_local()
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1000.0
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        let joined = reqwest::Url::parse(base).and_then(|base| base.join(location));
        joined.map(String::from).map_err(|error| TransportError {
            kind: TransportErrorKind::Other,
            message: format!("{location:?} is no URL: {error}"),
        })
    }

    fn obeys_cors(&self) -> bool {
        false
    }
}

fn failure(error: &reqwest::Error) -> TransportError {
    let mut kind = if error.is_timeout() { TransportErrorKind::Timeout } else { TransportErrorKind::Other };
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message = cause.to_string();
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            kind = match cause.kind() {
                io::ErrorKind::ConnectionRefused => TransportErrorKind::Refused,
                io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => TransportErrorKind::Reset,
                _ => kind,
            };
        }
        if message.contains("dns error") || message.contains("failed to lookup") {
            kind = TransportErrorKind::Dns;
        } else if message.contains("connection closed before message completed") {
            kind = TransportErrorKind::Reset;
        } else if message.contains("InvalidContentType") {
            // What plain HTTP looks like to somebody who expects TLS.
            kind = TransportErrorKind::PlainHttp;
        } else if message.contains("certificate") {
            kind = TransportErrorKind::Tls;
        }
        source = cause.source();
    }
    TransportError { kind, message }
}
