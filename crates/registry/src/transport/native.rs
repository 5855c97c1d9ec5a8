//! The transport of native programs: HTTP by `reqwest`.

use std::{
    error::Error as _,
    io,
    pin::pin,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture},
    stream,
};
use http::header::CONTENT_LENGTH;
use reqwest::redirect::Policy;
use tokio::sync::mpsc;

use super::{
    Body, BodyStream, Request, RequestBody, Response, Transport, TransportError, TransportErrorKind,
    check_url,
};

/// Redirects that are followed, as in Docker.
const REDIRECTS_MAX: usize = 10;

/// The transport that sends requests by `reqwest`, over kept connections.
#[derive(Debug)]
pub struct NativeTransport {
    /// The clients: by `unverified_tls`, then by `follow_redirects`.
    clients: [[reqwest::Client; 2]; 2],
    start: Instant,
}

impl NativeTransport {
    /// Makes a transport with its own connections.
    ///
    /// # Errors
    /// [`TransportError`] if TLS cannot be set up.
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
            check_url(&request.url)?;
            let builder = client.request(request.method, request.url).headers(request.headers);
            let sent = match request.body {
                RequestBody::Full(bytes) => builder.body(bytes).send().await,
                RequestBody::Stream(stream) => {
                    // The pieces come from this thread, and the connection may be driven by another one.
                    let (pieces, body) = mpsc::channel(1);
                    let body = stream::unfold(body, async |mut body| Some((body.recv().await?, body)));
                    let builder = builder.header(CONTENT_LENGTH, stream.length);
                    let sent = builder.body(reqwest::Body::wrap_stream(body)).send();
                    sent_while(sent, pump(stream, pieces)).await
                }
            };
            let mut response = sent.map_err(|error| failure(&error))?;
            let headers = std::mem::take(response.headers_mut());
            let (status, url) = (response.status(), response.url().to_string());
            let pieces = response.bytes_stream().map(|piece| piece.map_err(|error| failure(&error)));
            Ok(Response { status, headers, url, body: Body::from_stream(pieces) })
        }
        .boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
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

    fn streams_bodies(&self) -> bool {
        true
    }
}

/// Hands the pieces of a body over one by one, until one fails or nobody takes them.
async fn pump(body: BodyStream, pieces: mpsc::Sender<Result<Bytes, TransportError>>) {
    let mut body = body.into_pieces();
    while let Some(piece) = body.next().await {
        if pieces.send(piece).await.is_err() {
            return;
        }
    }
}

/// Waits for `sent`, and drives `pump` beside it.
async fn sent_while<T>(sent: impl Future<Output = T>, pump: impl Future<Output = ()>) -> T {
    let (sent, pump) = (pin!(sent), pin!(pump));
    match future::select(sent, pump).await {
        future::Either::Left((result, _)) => result,
        future::Either::Right(((), sent)) => sent.await,
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
