//! The client: its settings, and one session for each registry.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
    collections::{HashMap, HashSet},
    hash::{BuildHasher, RandomState},
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use http::Method;
use tallyman_auth::{CredentialKind, Credentials, HttpUrl, Scopes};
use tallyman_core::{MANIFEST_SIZE_MAX, Reference, Registry};

use crate::{
    ContentStore, CredentialSource, Error, Event, FetchedManifest, Retry, Transport, TransportErrorKind,
    cache::MemoryCache,
    request::{ApiRequest, Endpoint},
    retry::Waits,
    semaphore::{Permit, Semaphore},
    session::Session,
};

/// Requests that are under way at the same time, unless said otherwise.
const CONCURRENCY: usize = 32;
/// The longest silence of a registry, unless said otherwise. Docker waits for ever; registries that fetch an image from
/// another one first take minutes.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The schemes by which a registry may be spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// HTTPS with a certificate that is checked.
    #[default]
    Tls,
    /// HTTPS with any certificate, and plain HTTP if that is what answers.
    Insecure,
    /// Plain HTTP, and HTTPS with any certificate if that does not answer or is refused: registries on loopback.
    PlainFirst,
}

/// A client of any number of registries. Clones share what is known of them, and the limit of requests.
///
/// ```no_run
/// use std::rc::Rc;
///
/// use tallyman_registry::{Client, NativeTransport};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder(Rc::new(NativeTransport::new())).build();
/// let fetched = client.manifest(&"registry.example/acme/app:1".parse()?).await?;
/// println!("{} {}", fetched.digest, fetched.manifest()?.kind());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    settings: Settings,
    requests: Semaphore,
    sessions: RefCell<HashMap<Registry, Rc<Session>>>,
    /// The waits of requests that are sent again.
    waits: RefCell<HashMap<Registry, Rc<Waits>>>,
    /// The repositories that no mirror is asked about, with their registries.
    direct: RefCell<HashSet<String>>,
    caches: Caches,
    /// Values of programs that use the client, by their types.
    extensions: RefCell<HashMap<TypeId, Rc<dyn Any>>>,
}

/// Content that was fetched by digest.
#[derive(Default)]
pub(crate) struct Caches {
    pub(crate) manifests: MemoryCache<FetchedManifest>,
    pub(crate) blobs: MemoryCache<Bytes>,
}

/// Returns the origin of a registry's mirror.
type MirrorOf = dyn Fn(&Registry) -> Option<String>;

struct Settings {
    transport: Rc<dyn Transport>,
    credentials: Option<Rc<dyn CredentialSource>>,
    content: Option<Rc<dyn ContentStore>>,
    access: Box<dyn Fn(&Registry) -> Access>,
    mirror: Box<MirrorOf>,
    observer: Box<dyn Fn(&Event)>,
    concurrency: usize,
    retry: Retry,
    timeout: Duration,
    manifest_max: u64,
}

/// A builder of a [`Client`].
pub struct Builder(Settings);

impl Builder {
    /// Sets the schemes by which each registry may be spoken to. The default is [`Access::Tls`].
    #[must_use]
    pub fn access(mut self, access: impl Fn(&Registry) -> Access + 'static) -> Self {
        self.0.access = Box::new(access);
        self
    }

    /// Sets the origin of each registry's mirror, such as `https://mirror.example`. It is asked for manifests and blobs first,
    /// without credentials, unless [`Client::read_directly`] says otherwise. The default has none.
    #[must_use]
    pub fn mirror(mut self, mirror: impl Fn(&Registry) -> Option<String> + 'static) -> Self {
        self.0.mirror = Box::new(mirror);
        self
    }

    /// Sets the source of credentials. The default has none.
    #[must_use]
    pub fn credentials(mut self, credentials: Rc<dyn CredentialSource>) -> Self {
        self.0.credentials = Some(credentials);
        self
    }

    /// Sets the store in which content that was fetched by digest outlives the client. Without one it is remembered as long
    /// as the client is there.
    #[must_use]
    pub fn content(mut self, content: Rc<dyn ContentStore>) -> Self {
        self.0.content = Some(content);
        self
    }

    /// Sets the observer of [`Event`]s.
    #[must_use]
    pub fn observer(mut self, observer: impl Fn(&Event) + 'static) -> Self {
        self.0.observer = Box::new(observer);
        self
    }

    /// Sets the number of requests that are under way at the same time: 32 by default, at least one.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.0.concurrency = concurrency.max(1);
        self
    }

    /// Sets the rules by which requests are sent again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Sets the longest silence: the time in which neither a piece of a request's body leaves nor anything of the response
    /// comes. Five minutes by default. A transfer that moves may take as long as it needs.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// Sets the number of bytes that a manifest may have: 4 MiB by default, as in Distribution itself.
    #[must_use]
    pub fn manifest_max(mut self, bytes: u64) -> Self {
        self.0.manifest_max = bytes;
        self
    }

    /// Makes the client.
    pub fn build(self) -> Client {
        let requests = Semaphore::new(self.0.concurrency);
        let (sessions, waits, direct) = (RefCell::default(), RefCell::default(), RefCell::default());
        let (caches, extensions) = (Caches::default(), RefCell::default());
        Client(Rc::new(Inner { settings: self.0, requests, sessions, waits, direct, caches, extensions }))
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
            mirror: Box::new(|_| None),
            observer: Box::new(|_| ()),
            concurrency: CONCURRENCY,
            retry: Retry::default(),
            timeout: TIMEOUT,
            manifest_max: MANIFEST_SIZE_MAX,
        })
    }

    /// Returns the value of a type that belongs to this client and its clones, for what is built on top of it. It is the default until
    /// somebody changes it.
    ///
    /// # Panics
    /// Never: there is one value of a type, under that type.
    pub fn extension<T: Default + 'static>(&self) -> Rc<T> {
        let mut extensions = self.0.extensions.borrow_mut();
        let value = extensions.entry(TypeId::of::<T>()).or_insert_with(|| Rc::<T>::default());
        Rc::clone(value).downcast().expect("the value under a type is of that type")
    }

    /// Forgets what is known of `registry`: after a sign-in, a sign-out or another choice of [`Access`]. Requests that are under
    /// way end as they would have, but nothing of what they bring is kept.
    pub fn forget(&self, registry: &Registry) {
        self.0.sessions.borrow_mut().remove(registry);
        self.0.caches.manifests.forget(registry);
        self.0.caches.blobs.forget(registry);
        if let Some(content) = self.content_store() {
            content.forget(registry);
        }
    }

    /// Asks the registry itself about the repository of `reference` from now on, never its mirror. Whoever is to write to a
    /// repository calls it before the first question: a mirror does not know what is there.
    pub fn read_directly(&self, reference: &Reference) {
        if self.mirror(reference.registry()).is_some() {
            self.0.direct.borrow_mut().insert(reference.name());
        }
    }

    /// Returns `true` if no mirror is asked about the repository of `reference`.
    pub(crate) fn reads_directly(&self, reference: &Reference) -> bool {
        let direct = self.0.direct.borrow();
        !direct.is_empty() && direct.contains(&reference.name())
    }

    /// Opens connections for `requests` requests that may be sent to `registry` in a moment, if the transport can, so that
    /// they do not each wait for one. Begins TLS for `handshakes` of them. Sends nothing.
    pub fn preconnect(&self, registry: &Registry, requests: usize, handshakes: usize) {
        let likely = if self.access(registry) == Access::PlainFirst { "http" } else { "https" };
        self.preconnect_by(self.session(registry).scheme().unwrap_or(likely), registry, requests, handshakes);
    }

    /// Opens connections as [`Client::preconnect`] does, but only if `registry` may be spoken to in plain HTTP: connections
    /// cost little there, even those that nobody uses.
    pub fn preconnect_if_plain(&self, registry: &Registry, requests: usize) {
        if self.access(registry) != Access::Tls && self.session(registry).scheme() != Some("https") {
            self.preconnect_by("http", registry, requests, 0);
        }
    }

    fn preconnect_by(&self, scheme: &str, registry: &Registry, requests: usize, handshakes: usize) {
        let url = format!("{scheme}://{}/", registry.api_host());
        let requests = requests.min(self.0.settings.concurrency);
        self.transport().preconnect(&url, self.access(registry) != Access::Tls, requests, handshakes);
    }

    /// Returns the kind of the credentials that were found for the repository of `reference` when it was first used; `None` if there
    /// were none.
    pub fn credential_kind(&self, reference: &Reference) -> Option<CredentialKind> {
        let namespace = self.namespace(Some(reference));
        let sessions = self.0.sessions.borrow();
        let sign_in = sessions.get(reference.registry()).and_then(|session| session.sign_in(&namespace));
        sign_in.and_then(|sign_in| sign_in.credentials().map(Credentials::kind))
    }

    /// Returns the kind of the credentials that were found for the registry which refused what `error` tells of; `None` if there were
    /// none.
    pub fn refused_credentials(&self, error: &Error) -> Option<CredentialKind> {
        if let Error::Api { reference: Some(reference), .. } = error {
            return self.credential_kind(reference);
        }
        let sessions = self.0.sessions.borrow();
        let session = match error {
            Error::Token { registry, .. } => sessions.get(registry),
            Error::Api { url, .. } => {
                let (_, rest) = url.split_once("://")?;
                let host = rest.split('/').next()?;
                let mut sessions = sessions.iter();
                sessions.find(|(registry, _)| registry.api_host() == host).map(|(_, session)| session)
            }
            _ => None,
        };
        session?.sign_in("")?.credentials().map(Credentials::kind)
    }

    /// Asks a registry for access, with the credentials that there are.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request).
    pub async fn check(&self, registry: &Registry) -> Result<(), Error> {
        let endpoint = Endpoint::Path("/v2/".to_owned());
        let request = ApiRequest::of_registry(Method::GET, registry, endpoint, Scopes::default());
        self.send_with_retry(&request).await.map(drop)
    }

    /// Returns `true` if a question to `registry` which need not be answered has failed so that whoever asked can do without: it was
    /// refused, or it led to a page or a server elsewhere. What is really wrong is told by what is asked for next.
    pub fn can_do_without(&self, registry: &Registry, error: &Error) -> bool {
        match error {
            Error::Api { .. }
            | Error::Token { .. }
            | Error::Protocol { .. }
            | Error::Paging { .. }
            | Error::TooManyRedirects { .. } => true,
            // Where the registry has answered before, it may be a server that it redirects to.
            Error::Unreachable { source, .. } => {
                source.kind != TransportErrorKind::Timeout && self.session(registry).scheme().is_some()
            }
            _ => false,
        }
    }

    /// Does `work` within a time. `url` names it in the error.
    ///
    /// # Errors
    /// The errors of `work`, and [`Error::TimedOut`] if it takes longer than `limit`.
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

    /// Returns `true` if blobs that are copied pass through piece by piece.
    pub fn streams_bodies(&self) -> bool {
        self.transport().streams_bodies()
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

    pub(crate) fn mirror(&self, registry: &Registry) -> Option<String> {
        (self.0.settings.mirror)(registry)
    }

    pub(crate) fn retry(&self) -> &Retry {
        &self.0.settings.retry
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.0.settings.timeout
    }

    pub(crate) fn manifest_max(&self) -> u64 {
        self.0.settings.manifest_max
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.0.caches
    }

    pub(crate) fn session(&self, registry: &Registry) -> Rc<Session> {
        let mut sessions = self.0.sessions.borrow_mut();
        if let Some(session) = sessions.get(registry) {
            return Rc::clone(session);
        }
        let session = Rc::new(Session::new(self.0.settings.concurrency, self.waits(registry)));
        sessions.insert(registry.clone(), Rc::clone(&session));
        session
    }

    pub(crate) fn waits(&self, registry: &Registry) -> Rc<Waits> {
        Rc::clone(self.0.waits.borrow_mut().entry(registry.clone()).or_default())
    }

    /// Returns `true` if nobody has signed in or out of `registry` since `session` was its session.
    pub(crate) fn is_current(&self, registry: &Registry, session: &Rc<Session>) -> bool {
        self.0.sessions.borrow().get(registry).is_some_and(|current| Rc::ptr_eq(current, session))
    }

    pub(crate) fn notify(&self, event: &Event) {
        (self.0.settings.observer)(event);
    }

    pub(crate) async fn permit(&self) -> Permit {
        self.0.requests.acquire().await
    }

    /// Waits for a time, by the transport's clock.
    pub async fn sleep(&self, duration: Duration) {
        self.0.settings.transport.sleep(duration).await;
    }

    /// Returns the milliseconds since some moment in the past, by the transport's clock.
    pub fn now(&self) -> f64 {
        self.0.settings.transport.now()
    }

    /// Returns a random number from 0 to 1.
    pub fn jitter(&self) -> f64 {
        // The time is part of it: in wasm, every `RandomState` is the same.
        RandomState::new().hash_one(self.now().to_bits()) as f64 / u64::MAX as f64
    }
}
