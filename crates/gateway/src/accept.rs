//! Accepting connections and serving requests on them.

use std::{
    convert::Infallible,
    io,
    net::{self, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::{Router, body::Body, response::IntoResponse as _};
use futures_util::FutureExt as _;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    connection::{Connection, TrackedStream},
    connections::{Admitted, Connections},
    metrics::Metrics,
    paced_body::{PacedBody, UploadEnded},
    refusal::Refusal,
    router::{self, Gateway},
    workers::Workers,
};

/// Bytes that the head of a request may have.
const HEAD_MAX: u32 = 32 * 1024;
/// Requests at the same time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 100;
/// Bytes of uploads that one HTTP/2 connection may have on the way.
const WINDOW: u32 = 256 * 1024;
/// The time after which a peer that says nothing on an HTTP/2 connection is asked whether it is there.
const PING: Duration = Duration::from_secs(20);
/// The time until the next try when no connection can be accepted.
const PAUSE: Duration = Duration::from_millis(20);
/// The time between two lines of the log about the same failure.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The service of a listener.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) routes: Router,
    /// The gateway, where registries are reached through this listener.
    pub(crate) registries: Option<Arc<Gateway>>,
    pub(crate) tls: Option<Arc<ArcSwap<ServerConfig>>>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) metrics: Arc<Metrics>,
    /// The threads on which connections are served, where it is not the listener's own.
    pub(crate) workers: Option<Arc<Workers>>,
    /// The path that a proxy in front leaves on the requests.
    pub(crate) base: Arc<str>,
    /// Ends the listener, and connections as soon as no request runs on them.
    pub(crate) ending: CancellationToken,
    /// Ends all connections at once.
    pub(crate) ended: CancellationToken,
}

/// Listens at an address, and returns the one that the system gave.
pub(crate) fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// A service, and the connection on which it answers.
struct OnConnection {
    service: Service,
    connection: Arc<Connection>,
}

/// Accepts connections until the service ends.
pub(crate) async fn accept(listener: tokio::net::TcpListener, service: Service) {
    let mut logged: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            () = service.ending.cancelled() => return,
            () = service.ended.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(admitted) = service.connections.admit(peer, &service.ended) {
                    let serving = serve(service.clone(), stream.into_std(), admitted);
                    match &service.workers {
                        Some(workers) => workers.spawn(serving),
                        None => drop(tokio::spawn(serving)),
                    }
                }
            }
            // Errors of the connection that was to be accepted: it is gone already.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => {
                service.metrics.accept_errors.inc();
                if logged.is_none_or(|logged| logged.elapsed() >= LOG_EVERY) {
                    logged = Some(Instant::now());
                    error!(%error, "could not accept a connection; closing an idle one");
                }
                service.connections.evict();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn serve(service: Service, stream: io::Result<net::TcpStream>, admitted: Admitted) {
    let stream = match stream.and_then(set_up) {
        Ok(stream) => stream,
        Err(error) => {
            warn!(%error, "could not set up a connection");
            return;
        }
    };
    let context = Arc::new(OnConnection { service, connection: Arc::clone(&admitted.connection) });
    let stream = TrackedStream::new(stream, Arc::clone(&admitted.connection));
    let served = async {
        match &context.service.tls {
            // Each in a box of its own: most connections are idle, and need no room for the other kind.
            None => run(&context, stream).boxed().await,
            Some(config) => {
                // A handshake that fails is the caller's matter.
                if let Ok(stream) = TlsAcceptor::from(config.load_full()).accept(stream).boxed().await {
                    run(&context, stream).boxed().await;
                }
            }
        }
    };
    tokio::select! {
        () = served => {}
        () = admitted.connection.closed.cancelled() => {}
    }
}

/// Makes a connection known to the runtime of this thread.
fn set_up(stream: net::TcpStream) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    TcpStream::from_std(stream)
}

async fn run<S>(context: &Arc<OnConnection>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new(TokioExecutor::new());
    // How long a head may take is looked after for all protocols in one place.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HEAD_MAX as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .max_header_list_size(HEAD_MAX)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(STREAMS_MAX)
        .max_send_buf_size(64 * 1024);
    // The room of a request is taken while there is one: a connection keeps that of its service for good.
    let answer = service_fn(|request| answer(Arc::clone(context), request).boxed());
    let serving = builder.serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(serving);
    tokio::select! {
        // A connection that breaks is the caller's matter.
        _ = serving.as_mut() => return,
        () = context.service.ending.cancelled() => {}
    }
    serving.as_mut().graceful_shutdown();
    let _broken = serving.await;
}

async fn answer(
    context: Arc<OnConnection>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let OnConnection { service, connection } = &*context;
    let running = connection.begin(request.version());
    let pace = service.connections.limits().pace;
    let request = request.map(|body| running.received(PacedBody::wrap(body.map_err(UploadEnded), pace)));
    if let Some(response) = base_itself(&request, &service.base) {
        return Ok(response.map(|body| running.until_sent(body)));
    }
    let request = without_base(request, &service.base);
    if connection.is_reserved && !router::is_health(request.uri().path()) {
        let mut response = too_many().into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return Ok(response.map(|body| running.until_sent(body)));
    }
    let response = match &service.registries {
        Some(gateway) => router::answer(gateway, &service.routes, connection.peer, request).await,
        None => router::by_routes(&service.routes, connection.peer, request).await,
    };
    Ok(response.map(|body| running.until_sent(body)))
}

/// Returns the answer for the path of the app without its last slash, from which the app's own links would lead elsewhere.
fn base_itself(request: &Request<Body>, base: &str) -> Option<Response<Body>> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if base.is_empty() || request.uri().path() != base || !is_read {
        return None;
    }
    let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
    let location = HeaderValue::from_str(&format!("{base}/{query}")).ok()?;
    Some((StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response())
}

/// Takes the path away that a proxy in front left on the request.
fn without_base(mut request: Request<Body>, base: &str) -> Request<Body> {
    let Some(rest) = request.uri().path_and_query().and_then(|path| path.as_str().strip_prefix(base)) else {
        return request;
    };
    if base.is_empty() || !rest.starts_with('/') {
        return request;
    }
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path) = rest.parse() {
        parts.path_and_query = Some(path);
        if let Ok(uri) = http::Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// Returns the refusal of a request that is one too many.
pub(crate) fn too_many() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "TOOMANYREQUESTS",
        "too many concurrent requests; try again in 1 second",
    )
    .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
}
