//! The transport of browsers: `fetch`, in windows and workers.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, future::LocalBoxFuture, stream};
use gloo_net::http::RequestBuilder;
use http::{HeaderMap, Method, StatusCode};
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ReadableStream, ReadableStreamDefaultReader, RequestCredentials, RequestMode, RequestRedirect,
    ResponseType, Url,
};

use super::{
    AbortOnDrop, Body, Request, RequestBody, Response, Transport, TransportError, TransportErrorKind,
    check_url, known_header,
};

/// The transport that sends requests by `fetch`, without cookies.
#[derive(Debug)]
pub struct FetchTransport {
    credentials: RequestCredentials,
}

impl FetchTransport {
    /// Makes the transport of this window or worker.
    pub fn new() -> Self {
        Self { credentials: RequestCredentials::Omit }
    }

    /// Makes a transport as [`FetchTransport::new`] does, with the cookies and passwords that the browser keeps for the page's own origin: for
    /// what is asked of the server that the page itself came from, which may want its visitors to sign in.
    pub fn for_own_origin() -> Self {
        Self { credentials: RequestCredentials::SameOrigin }
    }

    fn builder(&self, url: &str, method: &Method, abort: &AbortOnDrop) -> RequestBuilder {
        RequestBuilder::new(url)
            .method(method.clone())
            .credentials(self.credentials)
            .abort_signal(Some(&abort.signal()))
    }
}

impl Default for FetchTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for FetchTransport {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            check_url(&request.url)?;
            let abort = AbortOnDrop::new().map_err(|error| opaque(&error))?;
            let builder = self.builder(&request.url, &request.method, &abort);
            let builder = match request.follow_redirects {
                true => builder,
                false => builder.redirect(RequestRedirect::Manual),
            };
            let builder = request.headers.iter().fold(builder, |builder, (name, value)| {
                builder.header(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))
            });
            let RequestBody::Full(body) = &request.body else {
                unreachable!("content is in memory, and is not streamed")
            };
            let sent = if body.is_empty() {
                builder.send().await
            } else {
                builder.body(Uint8Array::from(&**body)).map_err(|error| other(&error))?.send().await
            };
            let response = sent.map_err(|error| other(&error))?;
            let status = match response.type_() {
                // A browser says no more of a redirect that it was not to follow.
                ResponseType::Opaqueredirect => StatusCode::TEMPORARY_REDIRECT,
                _ => StatusCode::from_u16(response.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            };
            let mut headers = HeaderMap::new();
            for (name, value) in response.headers().entries() {
                if let Some((name, value)) = known_header(&name, &value) {
                    headers.append(name, value);
                }
            }
            let url = response.url();
            let body = match response.body() {
                Some(stream) => {
                    Body::from_stream(pieces(&stream).map(move |piece| {
                        // The request lives as long as somebody reads.
                        let _ = &abort;
                        piece.map(|array| array.to_vec().into()).map_err(|error| opaque(&error))
                    }))
                }
                None => Body::full(Bytes::new()),
            };
            Ok(Response { status, headers, url, body })
        }
        .boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
        async move {
            let Ok(abort) = AbortOnDrop::new() else { return false };
            self.builder(&url, &Method::GET, &abort).mode(RequestMode::NoCors).send().await.is_ok()
        }
        .boxed_local()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        gloo_timers::future::sleep(duration).boxed_local()
    }

    fn now(&self) -> f64 {
        js_sys::Date::now()
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        Url::new_with_base(location, base).map(|url| url.href()).map_err(|error| TransportError {
            kind: TransportErrorKind::Other,
            message: format!("{location:?} is no URL: {}", message_of(&error)),
        })
    }

    fn obeys_cors(&self) -> bool {
        true
    }

    fn page(&self) -> Option<String> {
        member(&member(&js_sys::global(), "location")?, "origin")?.as_string()
    }

    fn local_network_is_denied(&self, loopback: bool) -> LocalBoxFuture<'_, bool> {
        async move {
            let name = if loopback { "loopback-network" } else { "local-network" };
            let said = match permission(name).await {
                // Older browsers have one permission for both.
                None => permission("local-network-access").await,
                said => said,
            };
            said.as_deref() == Some("denied")
        }
        .boxed_local()
    }
}

/// The pieces of a body, until it ends or fails.
fn pieces(body: &ReadableStream) -> impl Stream<Item = Result<Uint8Array, JsValue>> + use<> {
    stream::unfold(Some(ReadableStreamDefaultReader::new(body)), |reader| async move {
        let piece = async |reader: &ReadableStreamDefaultReader| {
            let read = JsFuture::from(reader.read()).await?;
            let is_last = Reflect::get(&read, &"done".into())?.is_truthy();
            Ok(if is_last { None } else { Some(Reflect::get(&read, &"value".into())?.unchecked_into()) })
        };
        match reader? {
            Err(error) => Some((Err(error), None)),
            Ok(reader) => match piece(&reader).await.transpose()? {
                Ok(array) => Some((Ok(array), Some(Ok(reader)))),
                Err(error) => Some((Err(error), None)),
            },
        }
    })
}

/// Returns the state of a permission: `granted`, `denied` or `prompt`; `None` if the browser does not know it.
async fn permission(name: &str) -> Option<String> {
    let permissions = member(&member(&js_sys::global(), "navigator")?, "permissions")?;
    let query: Function = member(&permissions, "query")?.dyn_into().ok()?;
    let wanted = Object::new();
    Reflect::set(&wanted, &"name".into(), &name.into()).ok()?;
    let asked: Promise = query.call1(&permissions, &wanted).ok()?.dyn_into().ok()?;
    member(&JsFuture::from(asked).await.ok()?, "state")?.as_string()
}

fn member(of: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(of, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

fn other(error: &gloo_net::Error) -> TransportError {
    TransportError { kind: TransportErrorKind::Opaque, message: error.to_string() }
}

fn opaque(error: &JsValue) -> TransportError {
    TransportError { kind: TransportErrorKind::Opaque, message: message_of(error) }
}

fn message_of(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into())
}
