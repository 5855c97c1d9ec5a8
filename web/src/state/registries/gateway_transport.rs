//! Registries that are reached through the gateway that serves the app: the same requests, on the app's own origin.

use std::{rc::Rc, time::Duration};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, AUTHORIZATION, RANGE, WWW_AUTHENTICATE},
};
use tallyman_registry::{
    FetchTransport, Request, Response, Transport, TransportError, TransportErrorKind, is_page,
};
use web_sys::Url;
use yew::Callback;

use super::{pasted_manifests, pending_requests::PendingRequests, permissions::Permissions, samples};

/// A function that returns, for a registry's host, where its `/v2/` is found instead: a path relative to the page, or a whole address.
pub type GatewayLookup = Box<dyn Fn(&str) -> Option<String>>;

/// `Authorization` and `WWW-Authenticate` are between the browser and the gateway, or a proxy in front of it, which may
/// want its visitors to sign in. What is between the app and a registry has headers of its own.
const TO_REGISTRY: HeaderName = HeaderName::from_static("tallyman-authorization");
const FROM_REGISTRY: HeaderName = HeaderName::from_static("tallyman-authenticate");
/// The URL of a storage that a registry redirects to. A browser that followed a redirect would show [`TO_REGISTRY`] there.
const TO_STORAGE: HeaderName = HeaderName::from_static("tallyman-location");

/// Sends requests to the registries that the gateway has by way of the gateway, and all others straight. What the settings do not
/// allow is not sent, whoever asks for it.
pub struct GatewayTransport {
    gateway: FetchTransport,
    fetch: FetchTransport,
    lookup: GatewayLookup,
    permissions: Rc<Permissions>,
    pending: Rc<PendingRequests>,
    closed: Option<Vec<String>>,
    session_ended: Callback<bool>,
}

impl GatewayTransport {
    /// `lookup` is asked anew for each request. Where the page's policy lets it reach nothing but the gateway, `closed`
    /// names the registries that this has. `session_ended` is told whether a proxy in front of the app's server wants people to sign
    /// in again.
    pub fn new(
        lookup: GatewayLookup,
        permissions: Rc<Permissions>,
        pending: Rc<PendingRequests>,
        closed: Option<Vec<String>>,
        session_ended: Callback<bool>,
    ) -> Self {
        let (gateway, fetch) = (FetchTransport::for_own_origin(), FetchTransport::new());
        Self { gateway, fetch, lookup, permissions, pending, closed, session_ended }
    }

    /// Returns the address at the gateway. Returns `None` if the request goes to the registry directly. Where the settings name a gateway
    /// at no address, it goes nowhere: whoever set it does not want the registry asked directly.
    fn way(&self, url: &Url) -> Result<Option<String>, TransportError> {
        let Some(way) = (self.lookup)(&url.host()) else { return Ok(None) };
        let Some(base) = gateway_address(&way) else {
            return Err(not_allowed(format!(
                "expected a path on this server or a URL as the gateway of {}, found {way}; change the settings of this registry",
                url.host()
            )));
        };
        Ok(Some(format!("{base}{}{}", url.pathname().trim_start_matches('/'), url.search())))
    }

    /// Returns why a place at one of the gateway's registries is not asked for another `registry`, which has named it: people have
    /// rights there by the gateway.
    fn refusal_of_place(&self, url: &Url, registry: Option<&str>) -> Option<String> {
        let (registry, way) = (registry?, (self.lookup)(&url.host())?);
        let is_other = (self.lookup)(registry) != Some(way);
        is_other.then(|| format!("{registry} has named this place of another registry, {}", url.host()))
    }

    /// Sends a request to the app's own server. An answer of a proxy in front of it that wants people to sign in is told as such.
    async fn send_to_gateway(&self, request: Request) -> Result<Response, TransportError> {
        let answer = self.gateway.send(request).await;
        let has_ended = may_be_of_proxy(&answer) && self.has_session_ended().await;
        // Requests that fail for another reason say nothing of the session.
        if has_ended || answer.is_ok() {
            self.session_ended.emit(has_ended);
        }
        if !has_ended {
            return answer;
        }
        Err(not_allowed("your session at the server of this app has ended; sign in there again".to_owned()))
    }

    /// Returns `true` if a file of the app itself is not given without a sign-in. Asked for by HEAD, it does not come from what the
    /// service worker keeps.
    async fn has_session_ended(&self) -> bool {
        // Every copy of the app has this one, and it is no page. Where there are no settings, some servers send a page or 403.
        let Ok(file) = Url::new_with_base("sw.js", &page()) else { return false };
        let mut request = Request::new(Method::HEAD, file.href());
        request.follow_redirects = false;
        self.gateway.send(request).await.is_ok_and(|response| {
            response.status.is_redirection()
                || is_refusal(response.status)
                || response.status.is_success() && is_page(&response.headers)
        })
    }
}

/// Returns the address of the gateway that settings name, with a slash at its end: a URL, or a path from this page. Returns `None` for any
/// other text.
fn gateway_address(text: &str) -> Option<String> {
    let url = Url::new_with_base(&format!("{}/", text.trim_end_matches('/')), &page()).ok()?;
    matches!(&*url.protocol(), "http:" | "https:").then(|| url.href())
}

/// Returns `true` if a text that somebody has typed can be the gateway's: as in references, what begins with a host is no path.
pub fn is_gateway(text: &str) -> bool {
    let text = text.trim_end_matches('/');
    let first = text.split('/').next().unwrap_or_default();
    let is_host =
        first == "localhost" || first.contains(':') || first.contains('.') && !first.starts_with('.');
    // Paths of repositories are put behind it, and browsers send nothing to a URL with a user.
    let is_other = is_host && !text.contains("://") || text.contains(['?', '#', '@']);
    !is_other && gateway_address(text).is_some()
}

/// Returns the address of this page.
fn page() -> String {
    web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default()
}

/// Returns `true` if an answer to a request may come from a proxy: none that the browser lets through, a page in place of what a
/// registry sends, or a refusal that does not say what is wanted.
fn may_be_of_proxy(answer: &Result<Response, TransportError>) -> bool {
    let response = match answer {
        Err(error) => return error.kind == TransportErrorKind::Opaque,
        Ok(response) => response,
    };
    let has_challenge =
        [FROM_REGISTRY, WWW_AUTHENTICATE].iter().any(|name| response.headers.contains_key(name));
    let may_be_page = response.status.is_success() || is_refusal(response.status);
    !has_challenge
        && (response.status == StatusCode::UNAUTHORIZED || may_be_page && is_page(&response.headers))
}

/// Returns `true` for the statuses with which proxies ask people to sign in.
fn is_refusal(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn not_open(open: &[String]) -> TransportError {
    not_allowed(format!(
        "the gateway that serves this page reaches {}; whoever runs it can add this registry to its configuration",
        open.join(", ")
    ))
}

fn not_allowed(message: String) -> TransportError {
    TransportError { kind: TransportErrorKind::NotOpen, message }
}

impl Transport for GatewayTransport {
    fn send(&self, mut request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let asked = Url::new(&request.url).ok();
            if let Some(url) = asked.as_ref().filter(|url| url.host() == samples::HOST) {
                return samples::answer(&request, &url.pathname()).await;
            }
            if let Some(url) = asked.as_ref().filter(|url| pasted_manifests::is_host(&url.host())) {
                return Ok(pasted_manifests::answer(&request, &url.pathname()));
            }
            let refusal = asked.as_ref().and_then(|url| {
                let refusal = self.permissions.refusal(&request.method, &url.host(), &url.pathname());
                refusal.or_else(|| self.refusal_of_place(url, request.certificates_of.as_deref()))
            });
            if let Some(refusal) = refusal {
                return Err(not_allowed(refusal));
            }
            // Held until there is an answer, or nobody waits for one any more.
            let _waiting = asked.as_ref().map(|url| self.pending.sent(url.host(), url.pathname()));
            let way = asked.as_ref().map_or(Ok(None), |url| self.way(url))?;
            let Some((asked, way)) = asked.zip(way) else {
                return match &self.closed {
                    Some(open) => Err(not_open(open)),
                    None => self.fetch.send(request).await,
                };
            };
            request.url = way;
            let authorization = request.headers.remove(AUTHORIZATION);
            let authorization = authorization.unwrap_or(HeaderValue::from_static("none"));
            let asked_for = (request.method.clone(), request.headers.clone());
            request.headers.insert(TO_REGISTRY, authorization);
            let mut response = self.send_to_gateway(request).await?;
            if let Some(storage) = response.headers.get(TO_STORAGE).and_then(|url| url.to_str().ok()) {
                return self.fetch.send(to_storage(storage, asked_for)).await;
            }
            // The gateway names places relative to the request, so they are found from the registry's own address, too.
            response.url = asked.href();
            let challenges = response.headers.get_all(FROM_REGISTRY).iter();
            let challenges: Vec<_> =
                challenges.map(|challenge| with_absolute_realm(challenge, &asked)).collect();
            response.headers.remove(WWW_AUTHENTICATE);
            for challenge in challenges {
                response.headers.append(WWW_AUTHENTICATE, challenge);
            }
            Ok(response)
        }
        .boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
        match Url::new(&url).map_or(Ok(None), |url| self.way(&url)) {
            Ok(Some(way)) => self.gateway.probe(way),
            Ok(None) => self.fetch.probe(url),
            Err(_) => future::ready(false).boxed_local(),
        }
    }

    fn page(&self) -> Option<String> {
        self.fetch.page()
    }

    fn local_network_is_denied(&self, loopback: bool) -> LocalBoxFuture<'_, bool> {
        self.fetch.local_network_is_denied(loopback)
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        self.fetch.sleep(duration)
    }

    fn now(&self) -> f64 {
        self.fetch.now()
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        self.fetch.join(base, location)
    }

    fn obeys_cors(&self) -> bool {
        self.fetch.obeys_cors()
    }

    /// None at the gateway: requests to the app's own origin have none, and those to another one have theirs for the headers that are
    /// the gateway's.
    fn has_preflights(&self, url: &str) -> bool {
        Url::new(url).is_ok_and(|url| (self.lookup)(&url.host()).is_none())
    }
}

/// Returns a request for what a registry redirects to, with no header that says more than that.
fn to_storage(url: &str, (method, headers): (Method, HeaderMap)) -> Request {
    let mut request = Request::new(method, url.to_owned());
    for name in [ACCEPT, RANGE] {
        if let Some(value) = headers.get(&name) {
            request.headers.insert(name, value.clone());
        }
    }
    request
}

/// The challenge with its realm as an absolute address, where the gateway made it a relative one.
fn with_absolute_realm(challenge: &HeaderValue, asked: &Url) -> HeaderValue {
    let absolute = || {
        let (scheme, rest) = challenge.to_str().ok()?.split_once("realm=\"../")?;
        let (realm, rest) = rest.split_once('"')?;
        let realm = Url::new_with_base(&format!("../{realm}"), &asked.href()).ok()?.href();
        HeaderValue::from_str(&format!("{scheme}realm=\"{realm}\"{rest}")).ok()
    };
    absolute().unwrap_or_else(|| challenge.clone())
}
