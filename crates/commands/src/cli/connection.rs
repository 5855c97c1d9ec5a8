//! Clients by the settings of a call, and requests shown as they are made.

use std::{cell::Cell, fmt::Write as _, rc::Rc, time::Duration};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::json;
use tallyman_core::{Algorithm, Registry};
use tallyman_registry::{
    Access, Builder, Client, ContentHasher, CredentialError, CredentialSource, Credentials, Event, RateLimit,
    Request, Response, Retry, Transport, TransportError, is_same_origin, send_following, shown_url,
};

use super::{Machine, Output, Settings, grammar::config_folder, terminal};

/// The options of the client of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// Registries may speak plain HTTP or show any certificate: `--insecure` was given.
    pub insecure: bool,
    /// Requests are made again where that may help. Docker asks once, and so do its commands.
    pub retries: bool,
    /// The settings of the call.
    pub settings: Rc<Settings>,
    /// The credentials to use in place of those that are kept.
    pub credentials: Option<Credentials>,
}

impl ClientOptions {
    /// Makes a client by these options. Requests are shown on `output` if the settings say so; `kept` has the credentials if the
    /// options name none.
    pub fn client(
        &self,
        transport: Rc<dyn Transport>,
        output: Rc<dyn Output>,
        kept: Rc<dyn CredentialSource>,
    ) -> Client {
        let access = if self.insecure { Access::Insecure } else { Access::Tls };
        let source: Rc<dyn CredentialSource> = match &self.credentials {
            Some(given) => Rc::new(GivenCredentials(given.clone())),
            None => kept,
        };
        self.builder(transport, output).access(move |_| access).credentials(source).build()
    }

    /// Begins a client by these options, but for access and credentials.
    pub fn builder(&self, transport: Rc<dyn Transport>, output: Rc<dyn Output>) -> Builder {
        let settings = &self.settings;
        let mut retry = if self.retries { Retry::default() } else { Retry::never() };
        if let Some(retries) = settings.retries {
            retry = Retry { attempts: retries.saturating_add(1), ..Retry::default() };
        }
        let is_plain = !settings.debug && settings.headers.is_empty();
        let transport = match is_plain {
            true => transport,
            false => Rc::new(SettingsTransport {
                inner: transport,
                settings: Rc::clone(settings),
                output: Rc::clone(&output),
            }),
        };
        let mirrors = settings.mirrors.clone();
        let mut builder = Client::builder(transport).retry(retry).mirror(move |registry| {
            let mirror = mirrors.iter().find(|mirror| mirror.registry.api_host() == registry.api_host());
            mirror.map(|mirror| mirror.origin.clone())
        });
        if let Some(concurrency) = settings.concurrency {
            builder = builder.concurrency(concurrency);
        }
        if let Some(timeout) = settings.timeout {
            builder = builder.timeout(timeout);
        }
        if settings.debug {
            let settings = Rc::clone(settings);
            builder = builder.observer(move |event| show_event(&*output, &settings, event));
        }
        builder
    }
}

/// Credentials that are tried before they are kept.
struct GivenCredentials(Credentials);

impl CredentialSource for GivenCredentials {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(Ok(Some(self.0.clone()))).boxed_local()
    }

    /// Allows every token service: as in the Docker CLI, the registry names it and is believed.
    fn may_go_to(&self, _: &Registry, _: &str) -> LocalBoxFuture<'static, bool> {
        future::ready(true).boxed_local()
    }
}

/// Returns the folder with `config.json`: the one that the flag `--config` of a command line names, else that
/// of the environment, else `~/.docker`.
pub fn configuration_folder(args: &[String], machine: &impl Machine) -> String {
    let set = |name| machine.env(name).filter(|folder| !folder.is_empty());
    let folder = config_folder(args).or_else(|| set("TALLYMAN_CONFIG")).or_else(|| set("DOCKER_CONFIG"));
    folder.unwrap_or_else(|| format!("{}/.docker", machine.homedir()))
}

/// Returns the folder with the local lists: the one that `TALLYMAN_LISTS` names, unless the flag `--config` of a command line names a
/// configuration, else `manifests` in [that folder](configuration_folder).
pub fn lists_folder(args: &[String], machine: &impl Machine) -> String {
    let set = machine.env("TALLYMAN_LISTS").filter(|folder| !folder.is_empty());
    let named = set.filter(|_| config_folder(args).is_none());
    named.unwrap_or_else(|| format!("{}/manifests", configuration_folder(args, machine)))
}

fn show_event(output: &dyn Output, settings: &Settings, event: &Event) {
    let Event::Retry { error, wait, attempt, .. } = event else { return };
    let milliseconds = wait.as_millis();
    if settings.json_log {
        let reason = error.to_string();
        let retry = json!({ "attempt": attempt, "milliseconds": milliseconds, "reason": reason });
        return terminal::log(output, &json!({ "retry": retry }));
    }
    let line = format!("retry {attempt} in {milliseconds} ms: {error}");
    output.stderr(&format!("{}\n", terminal::lines(&line)));
}

/// A transport that sends headers of the user's, and shows requests.
struct SettingsTransport {
    inner: Rc<dyn Transport>,
    settings: Rc<Settings>,
    output: Rc<dyn Output>,
}

impl SettingsTransport {
    async fn send_shown(&self, request: Request) -> Result<Response, TransportError> {
        if !self.settings.debug {
            return self.inner.send(request).await;
        }
        let begun = self.inner.now();
        let (method, url) = (request.method.clone(), shown_url(&request.url));
        let sent = Some(request.body.len()).filter(|bytes| *bytes > 0 && request.body.is_repeatable());
        let result = self.inner.send(request).await;
        let milliseconds = (self.inner.now() - begun).max(0.0).round() as u64;
        self.show(&method, &url, sent, milliseconds, &result);
        result
    }

    /// Sends a request with the user's headers, if it goes to the registry that it is made for. They stay with its origin,
    /// whoever redirects.
    async fn send_with_headers(&self, request: Request) -> Result<Response, TransportError> {
        if self.settings.headers.is_empty() || !self.is_to_registry(&request)? {
            return self.send_shown(request).await;
        }
        let (first, has_left) = (request.url.clone(), Cell::new(false));
        send_following(self, request, async |request| {
            if !is_same_origin(self, &first, &request.url)? {
                has_left.set(true);
            }
            let mut sent = Request { follow_redirects: false, ..request.clone() };
            if !has_left.get() {
                self.add_headers(&mut sent);
            }
            self.send_shown(sent).await
        })
        .await
    }

    /// Returns `true` if a request goes to the registry that it is made for: not to a mirror, nor to a place at another host that
    /// the registry names, such as its token service or its storage.
    fn is_to_registry(&self, request: &Request) -> Result<bool, TransportError> {
        let scheme = request.url.split("://").next().unwrap_or_default();
        match &request.certificates_of {
            Some(registry) => is_same_origin(self, &format!("{scheme}://{registry}/"), &request.url),
            None => Ok(false),
        }
    }

    fn add_headers(&self, request: &mut Request) {
        for (name, value) in &self.settings.headers {
            let parsed = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
            if let (Ok(name), Ok(value)) = parsed {
                request.headers.insert(name, value);
            }
        }
    }

    fn show(
        &self,
        method: &Method,
        url: &str,
        sent: Option<u64>,
        milliseconds: u64,
        result: &Result<Response, TransportError>,
    ) {
        let status = result.as_ref().ok().map(|response| response.status.as_u16());
        let bytes = result.as_ref().ok().and_then(|response| {
            response.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok()
        });
        let limit = result.as_ref().ok().and_then(|response| RateLimit::of(&response.headers));
        let error = result.as_ref().err().map(ToString::to_string);
        // Platforms follow redirects themselves.
        let redirected = result.as_ref().ok().map(|response| shown_url(&response.url));
        let redirected = redirected.filter(|found| found != url && !found.is_empty());
        if self.settings.json_log {
            let limit = limit.map(|limit| {
                json!({ "limit": limit.limit, "remaining": limit.remaining, "seconds": limit.seconds })
            });
            let request = json!({
                "method": method.as_str(), "url": url, "status": status, "milliseconds": milliseconds,
                "bytes": bytes, "sentBytes": sent, "rateLimit": limit, "error": error,
                "redirectedTo": redirected,
            });
            return terminal::log(&*self.output, &json!({ "request": request }));
        }
        let mut line = format!("{method} {url}");
        if let Some(redirected) = redirected {
            _ = write!(line, ", redirected to {redirected},");
        }
        match (status, &error) {
            (Some(status), _) => _ = write!(line, " {status} {milliseconds} ms"),
            (None, error) => {
                let error = error.as_deref().unwrap_or("no answer");
                _ = write!(line, " failed after {milliseconds} ms: {error}");
            }
        }
        if let Some(bytes) = bytes {
            _ = write!(line, " {bytes} B");
        }
        if let Some(sent) = sent {
            _ = write!(line, ", {sent} B sent");
        }
        if let Some(remaining) = limit.and_then(|limit| limit.remaining) {
            _ = write!(line, ", {remaining} requests left");
        }
        self.output.stderr(&format!("{}\n", terminal::line(&line)));
    }
}

impl Transport for SettingsTransport {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        self.send_with_headers(request).boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
        self.inner.probe(url)
    }

    fn preconnect(&self, url: &str, unverified_tls: bool, requests: usize, handshakes: usize) {
        self.inner.preconnect(url, unverified_tls, requests, handshakes);
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        self.inner.sleep(duration)
    }

    fn now(&self) -> f64 {
        self.inner.now()
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        self.inner.join(base, location)
    }

    fn obeys_cors(&self) -> bool {
        self.inner.obeys_cors()
    }

    fn streams_bodies(&self) -> bool {
        self.inner.streams_bodies()
    }

    fn hasher(&self, algorithm: Algorithm) -> Box<dyn ContentHasher> {
        self.inner.hasher(algorithm)
    }

    fn page(&self) -> Option<String> {
        self.inner.page()
    }

    fn local_network_is_denied(&self, loopback: bool) -> LocalBoxFuture<'_, bool> {
        self.inner.local_network_is_denied(loopback)
    }
}
