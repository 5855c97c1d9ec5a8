//! The transport of native programs: HTTP/1.1 by `hyper`, TLS by `rustls`, with what the machine says of proxies and certificates.

mod connections;
mod decode;
mod dial;
mod failure;
mod proxy;
mod sent_body;
mod tls;
mod tunnel;

use std::{
    cell::RefCell,
    collections::HashMap,
    env, fmt,
    path::PathBuf,
    pin::pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{self, FusedFuture, LocalBoxFuture},
    stream,
};
use http::{HeaderValue, Method, Response as HttpResponse, Uri, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::yield_now,
    time::sleep,
};
use url::{Host, Url};

use super::{
    Body, Request, RequestBody, Response, Transport, TransportError, TransportErrorKind, check_url,
    redirect::send_following,
};
use connections::{ByProxy, Connection, Connections, Tls};
use decode::Decoder;
use dial::{Dialer, Target};
pub use proxy::Proxy;
use sent_body::{SentBody, pump};
pub use tls::OwnCertificates;
use tls::ReadCertificates;

use crate::shown_url;

/// The folder with a folder of certificates for each registry, as Docker has it.
const CERTIFICATES: &str = "/etc/docker/certs.d";
/// After so long without a response, connections that no request uses are closed: a server with one thread may be waiting on
/// one.
const IDLE_CLOSE: Duration = Duration::from_secs(1);
const AGENT: HeaderValue = HeaderValue::from_static(concat!("tallyman/", env!("CARGO_PKG_VERSION")));

/// A connection, whatever is below it.
type Io = Box<dyn Stream>;

/// The traits that `hyper` needs of a connection.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The variables of the environment.
type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The transport that sends requests by `hyper`, over kept connections, with the proxies and certificates that the environment
/// names.
pub struct NativeTransport {
    env: Arc<Environment>,
    folder: PathBuf,
    system_folders: Arc<[PathBuf]>,
    own: RefCell<(OwnCertificates, ReadCertificates)>,
    origins: RefCell<HashMap<String, Arc<Connections>>>,
    /// The dialers by target alone: whether a server speaks TLS is not known before it has answered.
    dialers: RefCell<HashMap<Target, Arc<Dialer>>>,
    repeats_on_kept: bool,
    start: Instant,
}

impl fmt::Debug for NativeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeTransport").field("own", &self.own.borrow().0).finish_non_exhaustive()
    }
}

impl Default for NativeTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl NativeTransport {
    /// Makes a transport with its own connections, for the environment of this program.
    pub fn new() -> Self {
        Self::for_environment(|name| env::var(name).ok(), CERTIFICATES)
    }

    /// Makes a transport for another environment, with `folder` in place of `/etc/docker/certs.d`.
    pub fn for_environment(
        env: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
        folder: impl Into<PathBuf>,
    ) -> Self {
        Self {
            env: Arc::new(env),
            folder: folder.into(),
            system_folders: tls::SYSTEM_FOLDERS.map(PathBuf::from).into(),
            own: RefCell::default(),
            origins: RefCell::default(),
            dialers: RefCell::default(),
            repeats_on_kept: false,
            start: Instant::now(),
        }
    }

    /// Reads the authorities of the machine in these folders, in place of `/etc/ssl/certs` and `/etc/pki/tls/certs`.
    pub fn with_system_folders(self, folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self { system_folders: folders.into_iter().map(Into::into).collect(), ..self }
    }

    /// Has GET, HEAD and PUT made again on a new connection if a kept one ends before the answer, as Go's client does. For clients
    /// that do not try again themselves.
    pub fn repeating_on_kept_connections(mut self) -> Self {
        self.repeats_on_kept = true;
        self
    }

    /// Makes connections from now on trust further authorities, and show a certificate.
    ///
    /// # Errors
    /// A sentence if a file cannot be read, or does not have what it is named for: nothing changes then.
    pub fn use_certificates(&self, own: OwnCertificates) -> Result<(), TransportError> {
        if self.own.borrow().0 != own {
            let read = own.read()?;
            self.own.replace((own, read));
            self.origins.borrow_mut().clear();
        }
        Ok(())
    }

    /// Returns the connections for `url`, which is `written` so in the request, with the certificates of that server, else of the
    /// registry `certificates_of`.
    fn origin(
        &self,
        url: &Url,
        written: &str,
        insecure: bool,
        certificates_of: Option<&str>,
    ) -> Result<Arc<Connections>, TransportError> {
        let is_secure = url.scheme() == "https";
        let target = target_of(url);
        let proxy = Proxy::of(url, &*self.env)?;
        let authority = authority_of(written).to_owned();
        let via = proxy.as_ref().map(Proxy::key).unwrap_or_default();
        let registry = certificates_of.filter(|_| is_secure).unwrap_or(&authority).to_owned();
        let key = format!("{} {authority} {registry} {target} {insecure} {via}", url.scheme());
        if let Some(origin) = self.origins.borrow().get(&key) {
            return Ok(Arc::clone(origin));
        }
        let next = proxy.as_ref().map_or_else(|| target.clone(), Proxy::target);
        let dialer = Arc::clone(
            self.dialers.borrow_mut().entry(next.clone()).or_insert_with(|| Dialer::new(next.clone())),
        );
        let tls = is_secure.then(|| {
            let (folder, own, env) =
                (self.folder.clone(), self.own.borrow().1.clone(), Arc::clone(&self.env));
            let system_folders = Arc::clone(&self.system_folders);
            Tls {
                host: target.host.clone(),
                config: Box::new(move || {
                    let system_folders = &system_folders;
                    let certificates =
                        tls::Certificates { folder: &folder, system_folders, own: &own, env: &*env };
                    certificates.config(&[&authority, &registry], insecure)
                }),
                made: Mutex::default(),
            }
        });
        let proxy = proxy.map(|proxy| {
            let (env, system_folders) = (Arc::clone(&self.env), Arc::clone(&self.system_folders));
            let tls = proxy.speaks_tls().then(|| Tls {
                host: next.host,
                config: Box::new(move || tls::config_for_proxy(&*env, &system_folders)),
                made: Mutex::default(),
            });
            ByProxy { tunnels: !proxy.forwards(url), proxy, tls }
        });
        let origin = Connections::new(target, dialer, tls, proxy);
        self.origins.borrow_mut().insert(key, Arc::clone(&origin));
        Ok(origin)
    }

    /// Sends one request; a redirect is returned like any other response.
    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        check_url(&request.url)?;
        let url = Url::parse(&request.url)
            .map_err(|error| failure::other(format!("{:?} is no URL: {error}", request.url)))?;
        let origin =
            self.origin(&url, &request.url, request.unverified_tls, request.certificates_of.as_deref())?;
        let mut connection = origin.acquire(false).await?;
        let response = loop {
            match self.exchange_on(&mut connection, request, message(request, &url, &origin)?).await {
                Ok(response) => break response,
                Err(error) if connection.is_reused && self.may_repeat(request, &error) => {
                    drop(connection);
                    connection = origin.acquire(true).await?;
                }
                Err(error) => return Err(failure::of_exchange(&error, origin.host())),
            }
        };
        let (mut head, incoming) = response.into_parts();
        let decoder = Decoder::of(&request.method, head.status, &head.headers);
        if decoder.is_some() {
            head.headers.remove(header::CONTENT_ENCODING);
            head.headers.remove(header::CONTENT_LENGTH);
        }
        let body = received(incoming, connection, decoder).await;
        Ok(Response { status: head.status, headers: head.headers, url: request.url.clone(), body })
    }

    /// Returns `true` if a request that failed on a kept connection may be made again: the server may close such a one just when
    /// it is used, which says nothing about the request.
    fn may_repeat(&self, request: &Request, error: &hyper::Error) -> bool {
        let is_idempotent = matches!(request.method, Method::GET | Method::HEAD | Method::PUT);
        let is_broken = failure::of_exchange(error, "").kind == TransportErrorKind::Reset;
        let may = error.is_canceled() || self.repeats_on_kept && is_idempotent && is_broken;
        may && matches!(request.body, RequestBody::Full(_))
    }

    async fn exchange_on(
        &self,
        connection: &mut Connection,
        request: &Request,
        message: http::Request<()>,
    ) -> Result<HttpResponse<Incoming>, hyper::Error> {
        let origin = Arc::clone(connection.origin());
        let (pumping, body) = match &request.body {
            RequestBody::Full(bytes) => {
                (future::ready(()).left_future(), SentBody::Full(Some(bytes.clone())))
            }
            RequestBody::Kept(_) => unreachable!("all content is in the memory of this program"),
            RequestBody::Stream(stream) => {
                let (pieces, body) = SentBody::pieces(stream.length);
                (pump(stream.clone(), pieces).right_future(), body)
            }
        };
        let sent = connection.sender.send_request(message.map(|()| body));
        let (mut sent, mut pumping) = (pin!(sent), pin!(pumping.fuse()));
        loop {
            tokio::select! {
                biased;
                response = &mut sent => {
                    return response;
                }
                () = &mut pumping, if !pumping.is_terminated() => {}
                () = sleep(IDLE_CLOSE) => origin.close_idle(),
            }
        }
    }
}

/// The request as it is written on a connection, without its body.
fn message(request: &Request, url: &Url, origin: &Connections) -> Result<http::Request<()>, TransportError> {
    let wrong = |error: &dyn fmt::Display| {
        failure::other(format!("{} cannot be asked: {error}", shown_url(url.as_str())))
    };
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut message = http::Request::new(());
    *message.method_mut() = request.method.clone();
    *message.headers_mut() = request.headers.clone();
    let headers = message.headers_mut();
    headers.insert(header::HOST, HeaderValue::try_from(host).map_err(|error| wrong(&error))?);
    headers.entry(header::USER_AGENT).or_insert(AGENT);
    if request.body.is_empty() && matches!(request.method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let place = match origin.forwarder() {
        Some(proxy) => {
            if let Some(value) = proxy.authorization() {
                headers.insert(header::PROXY_AUTHORIZATION, value);
            }
            format!("{}://{host}{path}", url.scheme())
        }
        None => path.to_owned(),
    };
    *message.uri_mut() = Uri::try_from(place).map_err(|error| wrong(&error))?;
    Ok(message)
}

/// A body that is under way on a connection.
struct Receiving {
    incoming: Incoming,
    /// `None` once it is free for the next request.
    connection: Option<Connection>,
    decoder: Option<Decoder>,
    host: String,
}

/// Makes the body of an answer. Its connection is kept for the next request when all of it has come.
async fn received(incoming: Incoming, connection: Connection, decoder: Option<Decoder>) -> Body {
    let host = connection.origin().host().to_owned();
    if incoming.is_end_stream() {
        connection.keep().await;
        return Body::full(Bytes::new());
    }
    let receiving = Receiving { incoming, connection: Some(connection), decoder, host };
    Body::from_stream(stream::unfold(Some(receiving), async |receiving| {
        let mut receiving = receiving?;
        match receiving.next().await {
            Ok(Some(piece)) => Some((Ok(piece), Some(receiving))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
}

impl Receiving {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && let Some(piece) = decoder.step().map_err(|error| failure::other(error.to_string()))?
            {
                // One piece of the network can become any number of these. Timers and those who end the request get their
                // turn between them.
                yield_now().await;
                return Ok(Some(piece));
            }
            let Some(frame) = self.incoming.frame().await else {
                self.free().await;
                let rest = self.decoder.take().map(Decoder::finish).transpose();
                let rest = rest.map_err(|error| failure::other(error.to_string()))?;
                return Ok(rest.filter(|rest| !rest.is_empty()));
            };
            let frame = frame.map_err(|error| failure::of_body(&error, &self.host))?;
            if self.incoming.is_end_stream() {
                self.free().await;
            }
            let Ok(piece) = frame.into_data() else { continue };
            match &mut self.decoder {
                Some(decoder) => decoder.push(piece),
                None if piece.is_empty() => {}
                None => return Ok(Some(piece)),
            }
        }
    }

    async fn free(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.keep().await;
        }
    }
}

impl Transport for NativeTransport {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        send_following(self, request, async |request| self.exchange(request).await).boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
        async move { self.send(Request::new(Method::GET, url)).await.is_ok() }.boxed_local()
    }

    fn preconnect(&self, url: &str, unverified_tls: bool, requests: usize, handshakes: usize) {
        // The request itself reports a faulty URL.
        if let Ok(parsed) = Url::parse(url)
            && let Ok(origin) = self.origin(&parsed, url, unverified_tls, None)
        {
            origin.preconnect(requests, handshakes);
        }
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        sleep(duration).boxed_local()
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64() * 1000.0
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        let joined = Url::parse(base).and_then(|base| base.join(location));
        joined.map(String::from).map_err(|error| failure::other(format!("{location:?} is no URL: {error}")))
    }

    fn obeys_cors(&self) -> bool {
        false
    }

    fn streams_bodies(&self) -> bool {
        true
    }
}

/// The host of a URL without the brackets of an IPv6 address.
fn host_of(url: &Url) -> String {
    match url.host() {
        Some(Host::Ipv6(address)) => address.to_string(),
        _ => url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned(),
    }
}

fn target_of(url: &Url) -> Target {
    Target { host: host_of(url), port: url.port_or_known_default().unwrap_or_default() }
}

/// The authority of a URL as it is written: a port that need not be named is part of the name that certificates are kept under.
fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}
