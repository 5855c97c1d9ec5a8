//! The way of requests to the network: one trait, and what it carries.

#[cfg(any(feature = "fetch", feature = "abort"))]
mod abort;
mod body;
#[cfg(feature = "fetch")]
mod fetch;
mod kind;
#[cfg(any(feature = "fetch", feature = "abort"))]
mod known_header;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native;
mod piece;
mod redirect;

use std::{fmt, time::Duration};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use http::{HeaderMap, Method, StatusCode};
use tallyman_core::{Algorithm, Hasher};
use thiserror::Error;

use crate::ContentHasher;

#[cfg(any(feature = "fetch", feature = "abort"))]
pub use abort::AbortOnDrop;
pub use body::{Body, BodyStream, KeptContent, RequestBody};
#[cfg(feature = "fetch")]
pub use fetch::FetchTransport;
pub use kind::TransportErrorKind;
#[cfg(any(feature = "fetch", feature = "abort"))]
pub use known_header::known_header;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use native::{NativeTransport, OwnCertificates, Proxy};
pub use piece::{KeptBytes, Piece};
pub use redirect::{is_same_origin, send_following};

/// A request, ready to be sent. The `Debug` form shows neither credentials nor the body, which may hold some.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL. Its scheme must be `http` or `https`; see [`check_url`].
    pub url: String,
    /// The headers. Those that carry credentials are marked as sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: RequestBody,
    /// `true` to take any certificate. Browsers cannot.
    pub unverified_tls: bool,
    /// The registry that the request is made for, as it stands in URLs (`HOST` or `HOST:PORT`): its certificates count for its token
    /// service too, and for the places that it redirects to. `None` if those of the URL's own server count alone, such as a
    /// mirror's.
    pub certificates_of: Option<String>,
    /// `true` to follow redirects, without credentials to another origin. Else a redirect is the response.
    pub follow_redirects: bool,
}

impl Request {
    /// Makes a request without headers and body.
    pub fn new(method: Method, url: String) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: RequestBody::Full(Bytes::new()),
            unverified_tls: false,
            certificates_of: None,
            follow_redirects: true,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.method, self.url, self.headers)
    }
}

/// A response: its head, and a body that is still under way.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers; in a browser, those that the registry exposes.
    pub headers: HeaderMap,
    /// The URL that it came from, redirects followed.
    pub url: String,
    /// The body.
    pub body: Body,
}

/// An error of a [`Transport`]: no response came, or its body broke off.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct TransportError {
    /// The kind of failure.
    pub kind: TransportErrorKind,
    /// The platform's own text.
    pub message: String,
}

/// The platform's way of sending requests, waiting and parsing URLs.
///
/// ```
/// use std::{rc::Rc, time::Duration};
///
/// use futures_util::{FutureExt, future::{self, LocalBoxFuture}};
/// use http::{HeaderMap, StatusCode};
/// use tallyman_registry::{Body, Client, Request, Response, Transport, TransportError};
///
/// /// A registry that has one manifest, without any network.
/// struct Fixed(&'static [u8]);
///
/// impl Transport for Fixed {
///     fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
///         let body = Body::full(self.0);
///         let response = Response { status: StatusCode::OK, headers: HeaderMap::new(), url: request.url, body };
///         future::ready(Ok(response)).boxed_local()
///     }
///     fn probe(&self, _url: String) -> LocalBoxFuture<'_, bool> {
///         future::ready(true).boxed_local()
///     }
///     fn sleep(&self, _duration: Duration) -> LocalBoxFuture<'_, ()> {
///         future::pending().boxed_local()
///     }
///     fn now(&self) -> f64 {
///         0.0
///     }
///     fn join(&self, _base: &str, location: &str) -> Result<String, TransportError> {
///         Ok(location.to_owned())
///     }
///     fn obeys_cors(&self) -> bool {
///         false
///     }
/// }
///
/// let client = Client::builder(Rc::new(Fixed(b"{}"))).build();
/// let reference = "registry.example/acme/app:1".parse()?;
/// let fetched = client.manifest(&reference).now_or_never().expect("nothing is waited for");
/// assert_eq!(&fetched?.bytes[..], b"{}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Transport {
    /// Sends a request and waits for the response's head. Dropping the future or the body ends the request.
    ///
    /// # Errors
    /// [`TransportError`] if no response comes, or the URL's scheme is not one of HTTP.
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>>;

    /// Returns `true` if anything at all answers at `url`, whatever its status: what a browser may find out even if it
    /// may not read the response.
    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool>;

    /// Opens connections to the server of `url` for `requests` requests that may be sent in a moment, and begins TLS on as
    /// many as `handshakes` says. Sends no request itself, and may do nothing.
    fn preconnect(&self, _url: &str, _unverified_tls: bool, _requests: usize, _handshakes: usize) {}

    /// Waits.
    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()>;

    /// Returns the milliseconds since some moment in the past.
    fn now(&self) -> f64;

    /// Returns the absolute URL that `location` means when it comes from `base`, in the normal form of the platform's
    /// own URL parser: the one that requests are sent by.
    ///
    /// # Errors
    /// [`TransportError`] if the two are no URL.
    fn join(&self, base: &str, location: &str) -> Result<String, TransportError>;

    /// Returns `true` in a browser: other origins' headers are hidden, and some requests are preflighted.
    fn obeys_cors(&self) -> bool;

    /// Returns `true` if a request for `url` with a header of more than 128 bytes costs another one, which asks for permission: a
    /// browser's preflight.
    fn has_preflights(&self, _url: &str) -> bool {
        self.obeys_cors()
    }

    /// Returns `true` if a request's body can be a [`RequestBody::Stream`].
    fn streams_bodies(&self) -> bool {
        false
    }

    /// Returns a hasher for pieces of blobs: the platform's own, where it has a faster one.
    fn hasher(&self, algorithm: Algorithm) -> Box<dyn ContentHasher> {
        Box::new(Hasher::new(algorithm))
    }

    /// Returns the origin of the page that sends the requests; `None` outside of browsers.
    fn page(&self) -> Option<String> {
        None
    }

    /// Returns `true` if the browser has been told not to let this page reach the computer that it runs on (`loopback`),
    /// or else others of its network.
    fn local_network_is_denied(&self, _loopback: bool) -> LocalBoxFuture<'_, bool> {
        future::ready(false).boxed_local()
    }
}

/// Checks that a URL, as a platform's parser wrote it or as it was put together, is one that a transport may ask:
/// `javascript:`, `file:`, `data:` and others are not, wherever a registry names them, and neither is one without a host,
/// which that parser would look for in the path.
///
/// # Errors
/// [`TransportError`] of the kind [`TransportErrorKind::Other`] that names the scheme, or says that there is no host.
pub fn check_url(url: &str) -> Result<(), TransportError> {
    let error = |message| Err(TransportError { kind: TransportErrorKind::Other, message });
    match url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', ':', '?', '#']) => {
            error("no Host in request URL".to_owned())
        }
        Some(_) => Ok(()),
        None => error(format!("unsupported protocol scheme {:?}", url.split(':').next().unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::check_url;

    #[test]
    fn urls_of_other_schemes_or_without_a_host_are_not_requested() {
        for (url, expected) in [
            ("https://r.example/v2/", None),
            ("http://[::1]:5000/v2/", None),
            ("https:///v2/app/manifests/latest", Some("no Host in request URL")),
            ("http://:5000/v2/", Some("no Host in request URL")),
            ("https://", Some("no Host in request URL")),
            ("https://?x", Some("no Host in request URL")),
            ("javascript:alert(1)", Some("unsupported protocol scheme \"javascript\"")),
            ("file:///etc/passwd", Some("unsupported protocol scheme \"file\"")),
        ] {
            let found = check_url(url).err().map(|error| error.message);
            assert_eq!(found.as_deref(), expected, "{url}");
        }
    }
}
