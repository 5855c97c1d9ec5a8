//! The transport over JavaScript: Node's HTTP modules, or `fetch`.

use std::{any::Any, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, future::LocalBoxFuture, stream};
use http::{HeaderMap, Method, StatusCode};
use js_sys::{Array, Date, Object, Promise, Reflect, Uint8Array};
use tallyman_core::Algorithm;
use tallyman_registry::{
    AbortOnDrop, Body, ContentHasher, KeptBytes, Piece, Request, RequestBody, Response, Transport,
    TransportError, TransportErrorKind, known_header, send_following,
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::Url;

use crate::{content_hasher::hasher, message::message, sent_body::SentBody, sent_content::SentContent};

#[wasm_bindgen]
extern "C" {
    /// The object that sends requests.
    #[derive(Clone)]
    pub type RequestSender;

    /// Sends a request and resolves to the response. Its body is whole, or an object whose `next` gives the next piece.
    #[wasm_bindgen(method)]
    fn request(this: &RequestSender, request: &JsValue) -> Promise;

    /// Opens connections for `requests` requests that may be sent to the server of `url`, with TLS for `handshakes` of
    /// them. Node alone has it.
    #[wasm_bindgen(method, catch)]
    fn preconnect(
        this: &RequestSender,
        url: &str,
        insecure: bool,
        requests: u32,
        handshakes: u32,
    ) -> Result<(), JsValue>;

    /// Resolves to `true` if anything answers at `url`, even if the response may not be read. Browsers alone have it.
    #[wasm_bindgen(method, catch)]
    fn reaches(this: &RequestSender, url: &str) -> Result<Promise, JsValue>;

    /// Resolves to `true` if the browser keeps this page out of the computer that it runs on (`loopback`), or else out
    /// of its network. Browsers alone have it.
    #[wasm_bindgen(method, catch, js_name = isLocalNetworkDenied)]
    fn is_local_network_denied(this: &RequestSender, loopback: bool) -> Result<Promise, JsValue>;

    /// `true` in a browser, which hides the responses of other origins.
    #[wasm_bindgen(method, getter, js_name = obeysCors)]
    fn obeys_cors(this: &RequestSender) -> Option<bool>;

    /// The origin of the page, in a browser.
    #[wasm_bindgen(method, getter)]
    fn page(this: &RequestSender) -> Option<String>;

    /// `true` if a request's body may be an object whose `next` gives the next piece.
    #[wasm_bindgen(method, getter, js_name = streamsBodies)]
    fn streams_bodies(this: &RequestSender) -> Option<bool>;

    /// The bytes of a piece, whose buffer a program's own `fetch` may transfer.
    type PieceBytes;

    /// Returns what is behind the first `start` bytes. Throws if the buffer was transferred.
    #[wasm_bindgen(method, catch)]
    fn subarray(this: &PieceBytes, start: u32) -> Result<Uint8Array, JsValue>;

    /// A response body that is still under way.
    type Pieces;

    /// Resolves to the next piece, `undefined` at the end.
    #[wasm_bindgen(method)]
    fn next(this: &Pieces) -> Promise;
}

/// The transport that sends requests through an object of JavaScript.
pub struct JsTransport(pub RequestSender);

impl JsTransport {
    /// Sends one request; a redirect is returned like any other response.
    async fn exchange(&self, request: &Request) -> Result<Response, TransportError> {
        let abort = AbortOnDrop::new().map_err(|error| failure(&error))?;
        let headers: Array = request
            .headers
            .iter()
            .map(|(name, value)| {
                Array::of2(&name.as_str().into(), &String::from_utf8_lossy(value.as_bytes()).as_ref().into())
            })
            .collect();
        let sent = Object::new();
        set(&sent, "method", &request.method.as_str().into());
        set(&sent, "url", &request.url.as_str().into());
        set(&sent, "headers", &headers);
        set(&sent, "insecure", &request.unverified_tls.into());
        set(&sent, "certificatesOf", &request.certificates_of.as_deref().into());
        set(&sent, "follow", &request.follow_redirects.into());
        set(&sent, "signal", &abort.signal());
        let response = match &request.body {
            RequestBody::Full(bytes) => {
                if !bytes.is_empty() {
                    set(&sent, "body", &Uint8Array::from(&bytes[..]));
                }
                JsFuture::from(self.0.request(&sent)).await
            }
            RequestBody::Kept(content) => {
                set(&sent, "body", SentContent::value_of(&**content));
                JsFuture::from(self.0.request(&sent)).await
            }
            RequestBody::Stream(stream) => {
                let body = SentBody::new(stream.length);
                set(&sent, "body", &body.object);
                body.give(stream.clone(), JsFuture::from(self.0.request(&sent))).await
            }
        };
        read(&response.map_err(|error| failure(&error))?, abort)
    }
}

impl Transport for JsTransport {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        send_following(self, request, async |request| self.exchange(request).await).boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
        async move {
            match self.0.reaches(&url) {
                Ok(probe) if self.obeys_cors() => JsFuture::from(probe).await.is_ok_and(|is| is.is_truthy()),
                _ => self.send(Request::new(Method::GET, url)).await.is_ok(),
            }
        }
        .boxed_local()
    }

    fn preconnect(&self, url: &str, unverified_tls: bool, requests: usize, handshakes: usize) {
        let [requests, handshakes] =
            [requests, handshakes].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
        // Where there is no such method, connections are opened when they are needed.
        self.0.preconnect(url, unverified_tls, requests, handshakes).ok();
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

    fn streams_bodies(&self) -> bool {
        self.0.streams_bodies().unwrap_or_default()
    }

    fn hasher(&self, algorithm: Algorithm) -> Box<dyn ContentHasher> {
        hasher(&self.0, algorithm)
    }

    fn page(&self) -> Option<String> {
        self.0.page()
    }

    fn local_network_is_denied(&self, loopback: bool) -> LocalBoxFuture<'_, bool> {
        async move {
            match self.0.is_local_network_denied(loopback) {
                Ok(state) => JsFuture::from(state).await.is_ok_and(|is| is.is_truthy()),
                Err(_) => false,
            }
        }
        .boxed_local()
    }
}

fn set(object: &Object, key: &str, value: &JsValue) {
    Reflect::set(object, &key.into(), value).expect("a new object takes any property");
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Reads the response that JavaScript gave. `abort` ends its request, and lives as long as its body.
fn read(response: &JsValue, abort: AbortOnDrop) -> Result<Response, TransportError> {
    let wrong = |what: &str| TransportError {
        kind: TransportErrorKind::Other,
        message: format!("expected a response with {what}, found one without"),
    };
    let status = get(response, "status").as_f64().and_then(|status| StatusCode::from_u16(status as u16).ok());
    let status = status.ok_or_else(|| wrong("a status between 100 and 999"))?;
    let url = get(response, "url").as_string().ok_or_else(|| wrong("a url"))?;
    let body = match get(response, "body").dyn_into::<Uint8Array>() {
        Ok(whole) => Body::full(whole.to_vec()),
        Err(pieces) if pieces.is_object() => body_of(pieces.unchecked_into(), abort),
        Err(_) => return Err(wrong("a body of bytes")),
    };
    let mut headers = HeaderMap::new();
    for pair in get(response, "headers").dyn_into::<Array>().map_err(|_| wrong("headers"))?.iter() {
        let of =
            |at: u32| pair.dyn_ref::<Array>().and_then(|pair| pair.get(at).as_string()).unwrap_or_default();
        if let Some((name, value)) = known_header(&of(0), &of(1)) {
            headers.append(name, value);
        }
    }
    Ok(Response { status, headers, url, body })
}

/// A piece of a body that stays where JavaScript has it.
struct JsPiece(Uint8Array);

/// Returns a piece for JavaScript: as it came from there, or copied out of this module's memory.
pub fn piece_for_js(piece: &Piece) -> Uint8Array {
    match piece {
        Piece::Kept(kept) => {
            kept.as_any().downcast_ref::<JsPiece>().expect("pieces are kept by JavaScript alone").0.clone()
        }
        Piece::Bytes(bytes) => Uint8Array::from(&bytes[..]),
    }
}

impl KeptBytes for JsPiece {
    fn size(&self) -> usize {
        self.0.length() as usize
    }

    fn tail(&self, count: usize) -> Box<dyn KeptBytes> {
        let count = u32::try_from(count).expect("a piece has less than 4 GiB");
        let pieces: &PieceBytes = self.0.unchecked_ref();
        // One whose buffer was transferred meanwhile has no bytes: they are missing at the end.
        Box::new(Self(pieces.subarray(count).unwrap_or_else(|_| Uint8Array::new_with_length(0))))
    }

    fn to_bytes(&self) -> Bytes {
        self.0.to_vec().into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Makes a body whose request is aborted when it is dropped.
fn body_of(pieces: Pieces, abort: AbortOnDrop) -> Body {
    Body::from_pieces(stream::unfold(Some((pieces, abort)), async |state| {
        let (pieces, abort) = state?;
        match JsFuture::from(pieces.next()).await {
            Ok(piece) if piece.is_undefined() => None,
            Ok(piece) => {
                let piece = Piece::Kept(Box::new(JsPiece(piece.unchecked_into())));
                Some((Ok(piece), Some((pieces, abort))))
            }
            Err(error) => Some((Err(failure(&error)), None)),
        }
    }))
}

fn failure(error: &JsValue) -> TransportError {
    let word = get(error, "kind").as_string().unwrap_or_default();
    TransportError { kind: TransportErrorKind::from_word(&word), message: message(error) }
}
