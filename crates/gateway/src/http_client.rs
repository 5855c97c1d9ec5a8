//! The client of registries: connections are kept for the next request, go to addresses that may be connected to, and check
//! certificates as configured.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header, uri::Scheme};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::{self, legacy::Client},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use tower::{
    Service, ServiceExt as _,
    timeout::Timeout,
    util::{BoxCloneSyncService, Oneshot},
};

use crate::{
    addresses::Resolver,
    dialer::{Dialer, Stream, proxy_authorization},
    upstream_stream::UpstreamStream,
    workers,
};

/// The time in which a connection must come about, TLS included.
pub(crate) const CONNECT: Duration = Duration::from_secs(10);
/// The time for which a connection is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(60);
/// The number of such connections on all threads together, of which each takes a file descriptor.
const IDLE_MAX: usize = 64;
/// The number of such connections that each thread may have, however many threads there are.
const IDLE_MIN: usize = 8;
/// Bytes of an answer that are read ahead of whoever reads it, and so about what a slow reader costs.
const READ_BUFFER: usize = 64 * 1024;
const AGENT: HeaderValue = HeaderValue::from_static(concat!("tallyman-gateway/", env!("CARGO_PKG_VERSION")));

/// The authorities whose certificates are trusted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TrustRoots<'a> {
    /// Public authorities, and those of a PEM file where there is one.
    Authorities(Option<&'a Path>),
    /// Any.
    Any,
}

/// A reason for which there can be no client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpClientError {
    #[error("could not read {}: {source}", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("expected certificates in PEM form, found none that can be used in {}", .path.display())]
    Certificates { path: PathBuf },
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

type Connection = UpstreamStream<MaybeHttpsStream<TokioIo<Stream>>>;
type NewConnection = BoxCloneSyncService<Uri, Connection, Box<dyn Error + Send + Sync>>;

/// The maker of connections. It is cloned for each request, and rarely used.
#[derive(Clone, Debug)]
struct Connector(Arc<NewConnection>);

impl Service<Uri> for Connector {
    type Response = Connection;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Oneshot<NewConnection, Uri>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        NewConnection::clone(&self.0).oneshot(uri)
    }
}

/// HttpClient to one registry or to what it needs. HTTP/1.1, one request at a time on each: a caller that reads slowly
/// holds nobody else up. Each thread that serves connections keeps connections of its own.
#[derive(Debug)]
pub(crate) struct HttpClient {
    by_thread: Vec<Client<Connector, Body>>,
    by_proxy: bool,
}

impl HttpClient {
    /// A client that connects through the proxy that the environment names, if it names one.
    pub(crate) fn new(resolver: Resolver, trust_roots: TrustRoots<'_>) -> Result<Self, HttpClientError> {
        Self::with(resolver, trust_roots, true)
    }

    /// A client that connects straight, whatever proxy the environment names.
    pub(crate) fn direct(resolver: Resolver, trust_roots: TrustRoots<'_>) -> Result<Self, HttpClientError> {
        Self::with(resolver, trust_roots, false)
    }

    fn with(
        resolver: Resolver,
        trust_roots: TrustRoots<'_>,
        by_proxy: bool,
    ) -> Result<Self, HttpClientError> {
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls(trust_roots)?).https_or_http();
        let connector =
            Timeout::new(tls.enable_http1().wrap_connector(Dialer::new(resolver, by_proxy)), CONNECT);
        let connector = connector.map_response(UpstreamStream::new);
        let connector = Connector(Arc::new(BoxCloneSyncService::new(connector)));
        let threads = workers::count();
        let clients = std::iter::repeat_with(|| {
            Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host((IDLE_MAX / threads).max(IDLE_MIN))
                .http1_max_buf_size(READ_BUFFER)
                .build(connector.clone())
        });
        Ok(Self { by_thread: clients.take(threads).collect(), by_proxy })
    }

    /// Sends a request and waits for the head of the answer. GET and HEAD are sent once more where the connection ends without one:
    /// a server may close a connection that was kept just when the next request comes.
    ///
    /// # Errors
    /// When it cannot be sent, or no answer comes; with the causes.
    pub(crate) async fn send(
        &self,
        method: &Method,
        uri: Uri,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response<Incoming>, Box<dyn Error + Send + Sync>> {
        let client = &self.by_thread[workers::current()];
        let is_repeatable = matches!(*method, Method::GET | Method::HEAD);
        match client.request(self.request(method, uri.clone(), headers, body)).await {
            Err(error) if is_repeatable && has_ended(&error) => {
                Ok(client.request(self.request(method, uri, headers, Body::empty())).await?)
            }
            answered => Ok(answered?),
        }
    }

    /// Returns a request with the headers that all have.
    fn request(&self, method: &Method, uri: Uri, headers: &HeaderMap, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        request.method_mut().clone_from(method);
        request.headers_mut().clone_from(headers);
        request.headers_mut().insert(header::USER_AGENT, AGENT);
        if self.by_proxy
            && uri.scheme() == Some(&Scheme::HTTP)
            && let Some(value) = proxy_authorization(&uri)
        {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, value);
        }
        *request.uri_mut() = uri;
        request
    }
}

/// An error and its causes. An error of input and output that wraps another one counts that as its cause.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

/// Returns the text of the cause behind all others, which alone says something to people.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

/// The words of the client of HTTP for a response that does not begin as one.
const NO_HTTP: &str = "invalid HTTP version parsed";

/// Returns `true` if a server answered with something that is not HTTP.
pub(crate) fn is_not_http(error: &(dyn Error + 'static)) -> bool {
    // The library has no method for this one of its errors of parsing.
    let is_it = |error: &hyper::Error| error.is_parse() && error.to_string() == NO_HTTP;
    causes(error).any(|cause| cause.downcast_ref().is_some_and(is_it))
}

/// The errors of a connection that its other end has ended.
pub(crate) const ENDED: [io::ErrorKind; 3] =
    [io::ErrorKind::ConnectionReset, io::ErrorKind::UnexpectedEof, io::ErrorKind::BrokenPipe];

/// Returns `true` for the error of a connection that the server ended before an answer.
fn has_ended(error: &client::legacy::Error) -> bool {
    !error.is_connect()
        && causes(error).any(|cause| {
            cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
                || cause.downcast_ref().is_some_and(|error: &io::Error| ENDED.contains(&error.kind()))
        })
}

fn tls(trust_roots: TrustRoots<'_>) -> Result<ClientConfig, HttpClientError> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let file = match trust_roots {
        TrustRoots::Any => {
            let verifier = Arc::new(AnyCertificate(provider));
            return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
        }
        TrustRoots::Authorities(file) => file,
    };
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = file {
        let pem = fs::read(path).map_err(|source| HttpClientError::Read { path: path.to_owned(), source })?;
        let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
        // A file that is not PEM has no certificates.
        if roots.add_parsable_certificates(certificates.unwrap_or_default()).0 == 0 {
            return Err(HttpClientError::Certificates { path: path.to_owned() });
        }
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Takes whatever certificate a registry shows, if it has the key to it.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
