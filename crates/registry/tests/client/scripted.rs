//! A server that answers as a test says, without a network.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use futures_util::{
    FutureExt, TryStreamExt,
    future::{self, LocalBoxFuture},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_registry::{
    Body, Builder, Client, NativeTransport, Request, RequestBody, Response, Retry, Transport, TransportError,
    TransportErrorKind,
};

/// An answer, or `None` if a browser does not let the page read it.
pub type Answer = Option<(u16, Vec<(header::HeaderName, String)>, String)>;

/// Returns an answer of a status, a media type and a body.
pub fn answer(status: u16, media_type: &str, body: impl Into<String>) -> Answer {
    Some((status, vec![(header::CONTENT_TYPE, media_type.to_owned())], body.into()))
}

/// A function from requests to their answers, and the time that these take.
type Script = dyn Fn(&Request) -> (Duration, Answer);

pub struct Scripted {
    script: Box<Script>,
    /// Method and path of each request, with the value of `Authorization` if there is one.
    requests: RefCell<Vec<String>>,
    /// The time in milliseconds.
    pub now: Cell<f64>,
    /// `true` if bodies of requests may come while they are sent.
    pub streams_bodies: Cell<bool>,
    is_browser: bool,
}

impl Scripted {
    pub fn new(script: impl Fn(&Request) -> Answer + 'static) -> Rc<Self> {
        Self::slow(move |request| (Duration::ZERO, script(request)), false)
    }

    /// A server whose answers take some time, or are hidden by a browser.
    pub fn slow(script: impl Fn(&Request) -> (Duration, Answer) + 'static, is_browser: bool) -> Rc<Self> {
        let (script, requests) = (Box::new(script), RefCell::default());
        let (now, streams_bodies) = (Cell::new(0.0), Cell::new(false));
        Rc::new(Self { script, requests, now, streams_bodies, is_browser })
    }

    pub fn client(self: &Rc<Self>) -> Client {
        self.builder().build()
    }

    pub fn builder(self: &Rc<Self>) -> Builder {
        Client::builder(Rc::clone(self) as Rc<dyn Transport>).retry(Retry::never())
    }

    /// Returns the requests since the last call.
    pub fn asked(&self) -> Vec<String> {
        self.requests.take()
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        let path = request.url.strip_prefix("https://r.example").unwrap_or(&request.url).to_owned();
        let shown = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.map_or_else(String::new, |value| format!(" {value}"));
        self.requests.borrow_mut().push(format!("{} {path}{shown}", request.method));
        let (time, answer) = (self.script)(&request);
        async move {
            if !time.is_zero() {
                tokio::time::sleep(time).await;
            }
            if let RequestBody::Stream(body) = request.body {
                body.into_pieces().try_collect::<Vec<_>>().await?;
            }
            let Some((status, headers, body)) = answer else {
                let message = "NetworkError".to_owned();
                return Err(TransportError { kind: TransportErrorKind::Opaque, message });
            };
            let headers =
                headers.into_iter().map(|(name, value)| (name, HeaderValue::try_from(value).unwrap()));
            let headers = HeaderMap::from_iter(headers);
            let status = StatusCode::from_u16(status).unwrap();
            Ok(Response { status, headers, url: request.url, body: Body::full(body) })
        }
        .boxed_local()
    }

    fn probe(&self, _: String) -> LocalBoxFuture<'_, bool> {
        std::future::ready(true).boxed_local()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        tokio::time::sleep(duration).boxed_local()
    }

    fn now(&self) -> f64 {
        self.now.get()
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        NativeTransport::new().join(base, location)
    }

    fn obeys_cors(&self) -> bool {
        self.is_browser
    }

    fn streams_bodies(&self) -> bool {
        self.streams_bodies.get()
    }
}

/// A server that answers each request at once, as a function says. Nothing takes time there, so nothing runs out of it.
pub struct AtOnce<F>(pub F);

impl<F: Fn(Request) -> Result<Response, TransportError>> Transport for AtOnce<F> {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        future::ready((self.0)(request)).boxed_local()
    }

    fn probe(&self, _: String) -> LocalBoxFuture<'_, bool> {
        future::ready(true).boxed_local()
    }

    fn sleep(&self, _: Duration) -> LocalBoxFuture<'_, ()> {
        future::pending().boxed_local()
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        NativeTransport::new().join(base, location)
    }

    fn obeys_cors(&self) -> bool {
        false
    }
}
