//! Requests through the host.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, future::LocalBoxFuture};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use js_sys::{Array, Date, Object, Reflect, Uint8Array};
use tallyman_registry::{Body, Request, Response, Transport, TransportError, TransportErrorKind};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Url};

use crate::host::{Host, message};

/// Requests that one question may take: as many as Go's client makes before it gives up on redirects.
const REQUESTS_MAX: usize = 10;

/// Sends requests by the host's own means: in Node, its HTTP modules.
pub struct HostTransport(pub Host);

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
        set(&asked, "signal", &ending.0.signal());
        if !request.body.is_empty() {
            set(&asked, "body", &Uint8Array::from(&request.body[..]));
        }
        let answer = JsFuture::from(self.0.request(&asked)).await.map_err(|error| failure(&error))?;
        read(&answer)
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
        async move { self.send(Request::new(Method::GET, url)).await.is_ok() }.boxed_local()
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
        false
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

fn read(answer: &JsValue) -> Result<Response, TransportError> {
    let wrong = |what: &str| TransportError {
        kind: TransportErrorKind::Other,
        message: format!("expected the host's answer to have {what}"),
    };
    let status = get(answer, "status").as_f64().and_then(|status| StatusCode::from_u16(status as u16).ok());
    let status = status.ok_or_else(|| wrong("a status between 100 and 999"))?;
    let url = get(answer, "url").as_string().ok_or_else(|| wrong("a url"))?;
    let body = get(answer, "body").dyn_into::<Uint8Array>().map_err(|_| wrong("a body of bytes"))?;
    let mut headers = HeaderMap::new();
    for pair in get(answer, "headers").dyn_into::<Array>().map_err(|_| wrong("headers"))?.iter() {
        let of =
            |at: u32| pair.dyn_ref::<Array>().and_then(|pair| pair.get(at).as_string()).unwrap_or_default();
        // Names and values that HTTP does not allow say nothing.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(of(0).as_bytes()), HeaderValue::from_str(&of(1)))
        {
            headers.append(name, value);
        }
    }
    Ok(Response { status, headers, url, body: Body::full(Bytes::from(body.to_vec())) })
}

fn failure(error: &JsValue) -> TransportError {
    let kind = match get(error, "kind").as_string().as_deref() {
        Some("plain-http") => TransportErrorKind::PlainHttp,
        Some("tls") => TransportErrorKind::Tls,
        Some("refused") => TransportErrorKind::Refused,
        Some("dns") => TransportErrorKind::Dns,
        Some("timeout") => TransportErrorKind::Timeout,
        Some("reset") => TransportErrorKind::Reset,
        Some("aborted") => TransportErrorKind::Aborted,
        _ => TransportErrorKind::Other,
    };
    TransportError { kind, message: message(error) }
}
