//! The client: its settings, and what it knows of each registry.

use std::{
    cell::RefCell,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use http::Method;
use tallyman_auth::{HttpUrl, Scopes};
use tallyman_core::{Digest, Registry};

use crate::{
    ContentStore, CredentialSource, Error, Event, FetchedManifest, Retry, TokenService, Transport,
    cache::Cache,
    call::{Authorized, Call, Place},
    flights::Flights,
    retry::Again,
    session::Session,
    turns::{Turn, Turns},
};

/// Requests that are under way at the same time, unless said otherwise.
const CONCURRENCY: usize = 32;
/// How long an answer may take to begin, and how long it may pause.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a registry may be spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// HTTPS with a certificate that is checked.
    #[default]
    Tls,
    /// HTTPS with any certificate, and plain HTTP where that is what answers.
    Insecure,
    /// Plain HTTP, and HTTPS with any certificate where that does not answer or is refused: registries on loopback.
    PlainFirst,
}

/// A client of any number of registries. Clones share what is known of them, and the limit of requests.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    settings: Settings,
    turns: Turns,
    sessions: RefCell<HashMap<Registry, Rc<Session>>>,
    flights: InFlight,
    caches: Caches,
}

/// Content that was fetched by digest.
#[derive(Default)]
pub(crate) struct Caches {
    pub(crate) manifests: Cache<FetchedManifest>,
    pub(crate) blobs: Cache<Bytes>,
}

/// Reads under way, which several may wait for.
#[derive(Default)]
pub(crate) struct InFlight {
    pub(crate) authorizations: Flights<(Registry, String), Result<Authorized, Error>>,
    pub(crate) manifests: Flights<String, Result<FetchedManifest, Error>>,
    pub(crate) blobs: Flights<(String, Digest), Result<Bytes, Error>>,
}

type TokenServices = Box<dyn Fn(&Registry) -> Option<TokenService>>;

struct Settings {
    transport: Rc<dyn Transport>,
    credentials: Option<Rc<dyn CredentialSource>>,
    content: Option<Rc<dyn ContentStore>>,
    access: Box<dyn Fn(&Registry) -> Access>,
    token_service: TokenServices,
    observer: Box<dyn Fn(&Event)>,
    concurrency: usize,
    retry: Retry,
    patience: Duration,
    manifest_max: u64,
}

/// Makes a [`Client`].
pub struct Builder(Settings);

impl Builder {
    /// How each registry may be spoken to; [`Access::Tls`] unless said otherwise.
    #[must_use]
    pub fn access(mut self, access: impl Fn(&Registry) -> Access + 'static) -> Self {
        self.0.access = Box::new(access);
        self
    }

    /// Where credentials come from; without it every registry is visited without.
    #[must_use]
    pub fn credentials(mut self, credentials: Rc<dyn CredentialSource>) -> Self {
        self.0.credentials = Some(credentials);
        self
    }

    /// Where content fetched by digest outlives the client; without it, it is remembered as long as the client is there.
    #[must_use]
    pub fn content(mut self, content: Rc<dyn ContentStore>) -> Self {
        self.0.content = Some(content);
        self
    }

    /// Token services of registries whose challenge the browser hides. Those of the large public ones are known.
    #[must_use]
    pub fn token_services(mut self, services: impl Fn(&Registry) -> Option<TokenService> + 'static) -> Self {
        self.0.token_service = Box::new(services);
        self
    }

    /// Who is told what happens on the way.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(&Event) + 'static) -> Self {
        self.0.observer = Box::new(observer);
        self
    }

    /// How many requests are under way at the same time; 32 unless said otherwise, at least one.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.0.concurrency = concurrency.max(1);
        self
    }

    /// When requests are made again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// How long an answer may take to begin, and how long it may pause then; a minute unless said otherwise.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.0.patience = patience;
        self
    }

    /// Bytes that a manifest may have; 4 MiB, as in Distribution itself, unless said otherwise.
    #[must_use]
    pub fn manifest_max(mut self, bytes: u64) -> Self {
        self.0.manifest_max = bytes;
        self
    }

    /// The client.
    pub fn build(self) -> Client {
        let turns = Turns::new(self.0.concurrency);
        let (sessions, flights, caches) = (RefCell::default(), InFlight::default(), Caches::default());
        Client(Rc::new(Inner { settings: self.0, turns, sessions, flights, caches }))
    }
}

impl Client {
    /// Begins a client that sends its requests through `transport`.
    pub fn builder(transport: Rc<dyn Transport>) -> Builder {
        Builder(Settings {
            transport,
            credentials: None,
            content: None,
            access: Box::new(|_| Access::default()),
            token_service: Box::new(|_| None),
            observer: Box::new(|_| ()),
            concurrency: CONCURRENCY,
            retry: Retry::default(),
            patience: PATIENCE,
            manifest_max: 4 * 1024 * 1024,
        })
    }

    /// Forgets what is known of `registry`: after somebody signed in or out, or changed how it may be spoken to.
    pub fn forget(&self, registry: &Registry) {
        self.0.sessions.borrow_mut().remove(registry);
        self.0.caches.manifests.forget(registry);
        self.0.caches.blobs.forget(registry);
        if let Some(content) = self.content_store() {
            content.forget(registry);
        }
    }

    /// Says that so many requests are about to be made to `registry`. Nothing is sent, but connections may be opened, so
    /// that the requests do not each wait for one.
    pub fn expect(&self, registry: &Registry, requests: usize) {
        let likely = if self.access(registry) == Access::PlainFirst { "http" } else { "https" };
        self.expect_by(self.session(registry).scheme().unwrap_or(likely), registry, requests);
    }

    /// Says that so many requests may be made to `registry`, where it may be spoken to in plain HTTP: connections cost
    /// little there, even those that nobody uses.
    pub fn expect_perhaps(&self, registry: &Registry, requests: usize) {
        if self.access(registry) != Access::Tls && self.session(registry).scheme() != Some("https") {
            self.expect_by("http", registry, requests);
        }
    }

    fn expect_by(&self, scheme: &str, registry: &Registry, requests: usize) {
        let url = format!("{scheme}://{}/", registry.api_host());
        let requests = requests.min(self.0.settings.concurrency);
        self.transport().expect(&url, self.access(registry) != Access::Tls, requests);
    }

    /// Whether credentials for `registry` were found when it was visited.
    pub fn has_credentials(&self, registry: &Registry) -> bool {
        let sessions = self.0.sessions.borrow();
        sessions.get(registry).and_then(|session| session.credentials()).is_some_and(|found| found.is_some())
    }

    /// Asks a registry whether it lets us in, with the credentials that there are.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn check(&self, registry: &Registry) -> Result<(), Error> {
        let call = Call::at(Method::GET, Place::Path("/v2/".to_owned()), Scopes::default(), None);
        self.repeat(registry, Again::Harmless, async || self.ask(registry, &call).await).await.map(drop)
    }

    /// `work`, or [`Error::TimedOut`] where it takes longer than `limit`. `url` says in the error what it was about.
    ///
    /// # Errors
    /// Those of `work`, and that one.
    pub async fn within<T>(
        &self,
        limit: Duration,
        url: &str,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let work = std::pin::pin!(work);
        match futures_util::future::select(work, self.transport().sleep(limit)).await {
            futures_util::future::Either::Left((result, _)) => result,
            futures_util::future::Either::Right(_) => Err(Error::TimedOut { url: url.to_owned(), limit }),
        }
    }

    /// Resolves `location`, as a response from `base` names it, by the platform's own URL parser: the one that the
    /// request is made by. Returns a sentence about what is wrong with it otherwise.
    pub(crate) fn resolve(&self, base: &str, location: &str) -> Result<HttpUrl, String> {
        let joined = self.transport().join(base, location).map_err(|error| error.message)?;
        HttpUrl::from_normalized(&joined).map_err(|error| error.to_string())
    }

    pub(crate) fn transport(&self) -> &Rc<dyn Transport> {
        &self.0.settings.transport
    }

    pub(crate) fn obeys_cors(&self) -> bool {
        self.0.settings.transport.obeys_cors()
    }

    pub(crate) fn credential_source(&self) -> Option<&Rc<dyn CredentialSource>> {
        self.0.settings.credentials.as_ref()
    }

    pub(crate) fn content_store(&self) -> Option<&Rc<dyn ContentStore>> {
        self.0.settings.content.as_ref()
    }

    pub(crate) fn access(&self, registry: &Registry) -> Access {
        (self.0.settings.access)(registry)
    }

    pub(crate) fn configured_token_service(&self, registry: &Registry) -> Option<TokenService> {
        (self.0.settings.token_service)(registry)
    }

    pub(crate) fn retry(&self) -> &Retry {
        &self.0.settings.retry
    }

    pub(crate) fn patience(&self) -> Duration {
        self.0.settings.patience
    }

    pub(crate) fn manifest_max(&self) -> u64 {
        self.0.settings.manifest_max
    }

    pub(crate) fn flights(&self) -> &InFlight {
        &self.0.flights
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.0.caches
    }

    pub(crate) fn session(&self, registry: &Registry) -> Rc<Session> {
        let mut sessions = self.0.sessions.borrow_mut();
        if let Some(session) = sessions.get(registry) {
            return Rc::clone(session);
        }
        Rc::clone(sessions.entry(registry.clone()).or_default())
    }

    pub(crate) fn tell(&self, event: &Event) {
        (self.0.settings.observer)(event);
    }

    pub(crate) async fn turn(&self) -> Turn {
        self.0.turns.take().await
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        self.0.settings.transport.sleep(duration).await;
    }

    pub(crate) fn now(&self) -> f64 {
        self.0.settings.transport.now()
    }

    /// A number from 0 to 1 that nobody foresees.
    pub(crate) fn chance(&self) -> f64 {
        // The moment counts too: in wasm, every `RandomState` is the same.
        RandomState::new().hash_one(self.now().to_bits()) as f64 / u64::MAX as f64
    }
}
