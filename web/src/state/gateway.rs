//! Registries that are reached through the gateway that serves the app: the same requests, on the app's own origin.

use std::time::Duration;

use futures_util::{FutureExt, future::LocalBoxFuture};
use http::{HeaderValue, header::WWW_AUTHENTICATE};
use tallyman_registry::{FetchTransport, Request, Response, Transport, TransportError};
use web_sys::Url;

/// Says, for a registry's host, where its `/v2/` is found instead: a path relative to the page, or a whole address.
pub type Ways = Box<dyn Fn(&str) -> Option<String>>;

/// Sends requests to the registries that the gateway has by way of the gateway, and all others straight.
pub struct GatewayTransport {
    fetch: FetchTransport,
    page: String,
    ways: Ways,
}

impl GatewayTransport {
    /// `ways` is asked anew for each request.
    pub fn new(ways: Ways) -> Self {
        let page = web_sys::window().and_then(|window| window.location().href().ok()).unwrap_or_default();
        Self { fetch: FetchTransport::new(), page, ways }
    }

    /// Where a request really goes; nothing where it goes straight.
    fn way(&self, url: &Url) -> Option<String> {
        let way = (self.ways)(&url.host())?;
        let base = Url::new_with_base(&format!("{}/", way.trim_end_matches('/')), &self.page).ok()?.href();
        Some(format!("{base}{}{}", url.pathname().trim_start_matches('/'), url.search()))
    }
}

impl Transport for GatewayTransport {
    fn send(&self, mut request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let asked = Url::new(&request.url).ok();
            let Some((asked, way)) = asked.and_then(|url| Some((url.clone(), self.way(&url)?))) else {
                return self.fetch.send(request).await;
            };
            request.url = way;
            let mut response = self.fetch.send(request).await?;
            // The gateway names places relative to the request, so they are found from the registry's own address, too.
            response.url = asked.href();
            let challenges = response.headers.get_all(WWW_AUTHENTICATE).iter();
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

    fn reaches(&self, url: String) -> LocalBoxFuture<'_, bool> {
        let way = Url::new(&url).ok().and_then(|url| self.way(&url));
        self.fetch.reaches(way.unwrap_or(url))
    }

    fn page(&self) -> Option<String> {
        self.fetch.page()
    }

    fn local_network_is_denied(&self) -> LocalBoxFuture<'_, bool> {
        self.fetch.local_network_is_denied()
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
