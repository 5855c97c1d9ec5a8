//! Requests through the host.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, future::LocalBoxFuture, stream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use js_sys::{Array, Date, Object, Promise, Reflect, Uint8Array};
use tallyman_registry::{Body, Request, Response, Transport, TransportError, TransportErrorKind};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Url};

use crate::message::message;

#[wasm_bindgen]
extern "C" {
    /// The object that sends requests.
    #[derive(Clone)]
    pub type Requests;

    /// Sends a request and answers with the response. Its body is whole, or an object whose `next` gives the next
    /// piece.
    #[wasm_bindgen(method)]
    fn request(this: &Requests, asked: &JsValue) -> Promise;

    /// Opens connections for so many requests that are about to be made to the server of a URL. Not every host has it.
    #[wasm_bindgen(method, catch)]
    fn expect(this: &Requests, url: &str, insecure: bool, requests: u32) -> Result<(), JsValue>;

    /// Whether anything answers at a URL, even where the answer may not be read. Browsers alone have it.
    #[wasm_bindgen(method, catch)]
    fn reaches(this: &Requests, url: &str) -> Result<Promise, JsValue>;

    /// Whether the browser keeps this page out of the computer that it runs on, or else out of its network. Browsers alone have it.
    #[wasm_bindgen(method, catch, js_name = isLocalNetworkDenied)]
    fn is_local_network_denied(this: &Requests, loopback: bool) -> Result<Promise, JsValue>;

    /// Whether this is a browser, which hides what other origins do not allow to be seen.
    #[wasm_bindgen(method, getter, js_name = obeysCors)]
    fn obeys_cors(this: &Requests) -> Option<bool>;

    /// The origin of the page that asks, where there is one.
    #[wasm_bindgen(method, getter)]
    fn page(this: &Requests) -> Option<String>;

    /// A body that is still under way.
    type Pieces;

    /// The next piece, nothing at the end.
    #[wasm_bindgen(method)]
    fn next(this: &Pieces) -> Promise;
}

/// Requests that one question may take: as many as Go's client makes before it gives up on redirects.
const REQUESTS_MAX: usize = 10;

/// Sends requests by the host's own means: in Node its HTTP modules, elsewhere `fetch`.
pub struct HostTransport(pub Requests);

/// Ends a request that nobody waits for any more.
struct Ending(AbortController);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl HostTransport {
    /// Sends one request; a redirect is an answer like others.
    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let ending = Ending(AbortController::new().map_err(|error| failure(&error))?);
        let headers: Array = request
            .headers
            .iter()
            .map(|(name, value)| {
                Array::of2(&name.as_str().into(), &String::from_utf8_lossy(value.as_bytes()).as_ref().into())
            })
            .collect();
        let asked = Object::new();
        set(&asked, "method", &request.method.as_str().into());
        set(&asked, "url", &request.url.as_str().into());
        set(&asked, "headers", &headers);
        set(&asked, "insecure", &request.unverified_tls.into());
        set(&asked, "follow", &request.follow_redirects.into());
        set(&asked, "signal", &ending.0.signal());
        if !request.body.is_empty() {
            set(&asked, "body", &Uint8Array::from(&request.body[..]));
        }
        let answer = JsFuture::from(self.0.request(&asked)).await.map_err(|error| failure(&error))?;
        read(&answer, ending)
    }

    /// The request that a redirect asks for, and where it points to as it says it; nothing where the answer is none.
    /// Credentials stay with their origin.
    fn redirected(
        &self,
        request: &Request,
        answer: &Response,
    ) -> Result<Option<(Request, String)>, TransportError> {
        let location = answer.headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
        let Some(location) = location.filter(|_| request.follow_redirects && is_redirect(answer.status))
        else {
            return Ok(None);
        };
        let mut next = request.clone();
        next.url = self.join(&request.url, location)?;
        if origin_of(&next.url) != origin_of(&request.url) {
            next.headers.remove(header::AUTHORIZATION);
        }
        let keeps_method =
            matches!(answer.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if !keeps_method && next.method != Method::HEAD {
            next.method = Method::GET;
            next.body = Bytes::new();
        }
        Ok(Some((next, location.to_owned())))
    }
}

impl Transport for HostTransport {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let (mut request, mut location) = (request, String::new());
            for _ in 0..REQUESTS_MAX {
                let answer = self.exchange(&request).await?;
                match self.redirected(&request, &answer)? {
                    Some(next) => (request, location) = next,
                    None => return Ok(answer),
                }
            }
            let message = format!(r#"Get "{location}": stopped after {REQUESTS_MAX} redirects"#);
            Err(TransportError { kind: TransportErrorKind::Other, message })
        }
        .boxed_local()
    }

    fn reaches(&self, url: String) -> LocalBoxFuture<'_, bool> {
        async move {
            match self.0.reaches(&url) {
                Ok(asked) if self.obeys_cors() => JsFuture::from(asked).await.is_ok_and(|is| is.is_truthy()),
                _ => self.send(Request::new(Method::GET, url)).await.is_ok(),
            }
        }
        .boxed_local()
    }

    fn expect(&self, url: &str, unverified_tls: bool, requests: usize) {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        // A host that has no such thing opens connections when they are needed.
        self.0.expect(url, unverified_tls, requests).ok();
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        gloo_timers::future::sleep(duration).boxed_local()
    }

    fn now(&self) -> f64 {
        Date::now()
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        Url::new_with_base(location, base).map(|url| url.href()).map_err(|error| TransportError {
            kind: TransportErrorKind::Other,
            message: format!("{location:?} is no URL: {}", message(&error)),
        })
    }

    fn obeys_cors(&self) -> bool {
        self.0.obeys_cors().unwrap_or_default()
    }

    fn page(&self) -> Option<String> {
        self.0.page()
    }

    fn local_network_is_denied(&self, loopback: bool) -> LocalBoxFuture<'_, bool> {
        async move {
            match self.0.is_local_network_denied(loopback) {
                Ok(asked) => JsFuture::from(asked).await.is_ok_and(|is| is.is_truthy()),
                Err(_) => false,
            }
        }
        .boxed_local()
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Scheme, host and port of a URL.
fn origin_of(url: &str) -> Option<String> {
    Url::new(url).ok().map(|url| url.origin())
}

fn set(object: &Object, key: &str, value: &JsValue) {
    Reflect::set(object, &key.into(), value).expect("a new object takes any property");
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn read(answer: &JsValue, ending: Ending) -> Result<Response, TransportError> {
    let wrong = |what: &str| TransportError {
        kind: TransportErrorKind::Other,
        message: format!("expected the host's answer to have {what}"),
    };
    let status = get(answer, "status").as_f64().and_then(|status| StatusCode::from_u16(status as u16).ok());
    let status = status.ok_or_else(|| wrong("a status between 100 and 999"))?;
    let url = get(answer, "url").as_string().ok_or_else(|| wrong("a url"))?;
    let body = match get(answer, "body").dyn_into::<Uint8Array>() {
        Ok(whole) => Body::full(whole.to_vec()),
        Err(pieces) if pieces.is_object() => streamed(pieces.unchecked_into(), ending),
        Err(_) => return Err(wrong("a body of bytes")),
    };
    let mut headers = HeaderMap::new();
    for pair in get(answer, "headers").dyn_into::<Array>().map_err(|_| wrong("headers"))?.iter() {
        let of =
            |at: u32| pair.dyn_ref::<Array>().and_then(|pair| pair.get(at).as_string()).unwrap_or_default();
        // Values that HTTP does not allow say nothing.
        if let (Some(name), Ok(value)) = (known(&of(0)), HeaderValue::from_str(&of(1))) {
            headers.append(name, value);
        }
    }
    Ok(Response { status, headers, url, body })
}

/// A body whose request ends when nobody reads it any more.
fn streamed(pieces: Pieces, ending: Ending) -> Body {
    Body::from_stream(stream::unfold(Some((pieces, ending)), async |state| {
        let (pieces, ending) = state?;
        match JsFuture::from(pieces.next()).await {
            Ok(piece) if piece.is_undefined() => None,
            Ok(piece) => {
                let piece = piece.unchecked_into::<Uint8Array>().to_vec();
                Some((Ok(Bytes::from(piece)), Some((pieces, ending))))
            }
            Err(error) => Some((Err(failure(&error)), None)),
        }
    }))
}

/// A header that means something to a client of registries.
fn known(name: &str) -> Option<HeaderName> {
    KNOWN.iter().find(|known| known.as_str().eq_ignore_ascii_case(name)).cloned()
}

/// All that are looked at: a table of them is smaller than one of all that there are.
const KNOWN: [HeaderName; 8] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    HeaderName::from_static("docker-content-digest"),
    header::LINK,
    header::LOCATION,
    header::RANGE,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
];

fn failure(error: &JsValue) -> TransportError {
    let kind = match get(error, "kind").as_string().as_deref() {
        Some("plain-http") => TransportErrorKind::PlainHttp,
        Some("tls") => TransportErrorKind::Tls,
        Some("refused") => TransportErrorKind::Refused,
        Some("dns") => TransportErrorKind::Dns,
        Some("timeout") => TransportErrorKind::Timeout,
        Some("reset") => TransportErrorKind::Reset,
        Some("aborted") => TransportErrorKind::Aborted,
        Some("opaque") => TransportErrorKind::Opaque,
        _ => TransportErrorKind::Other,
    };
    TransportError { kind, message: message(error) }
}
