//! Building a registry, starting it, and talking to one that runs.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, atomic::AtomicUsize},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Method,
    response::Response,
    routing::any,
};
use bytes::Bytes;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    auth::{Auth, Tokens},
    connection::{Connection, ResetSwitch, Unanswered},
    digest::Digest,
    fault::{Fault, Faults},
    hostile::Hostile,
    log::{Log, RequestRecord},
    options::{Cors, Dialect, Options},
    profile::Profile,
    service::{self, Origin, Shared},
    store::{Manifest, Store},
    sync::lock,
};

/// The name under which a registry is built: [`Registry::builder`].
#[derive(Clone, Copy, Debug)]
pub struct Registry;

impl Registry {
    /// An empty registry in Distribution 3's manner, open to pages of every origin, without authentication or faults,
    /// on a free port of 127.0.0.1.
    pub fn builder() -> Builder {
        Builder {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            options: Options::default(),
            store: Store::default(),
            faults: Faults::default(),
        }
    }
}

/// A registry that is being set up.
#[derive(Debug)]
pub struct Builder {
    addr: SocketAddr,
    options: Options,
    pub(crate) store: Store,
    faults: Faults,
}

impl Builder {
    /// Listens on `addr`.
    #[must_use]
    pub fn addr(mut self, addr: SocketAddr) -> Self {
        self.addr = addr;
        self
    }

    /// Gives the answers of this version where versions differ.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.options.dialect = dialect;
        self
    }

    /// Sends the CORS headers that `cors` says.
    #[must_use]
    pub fn cors(mut self, cors: Cors) -> Self {
        self.options.cors = cors;
        self
    }

    /// Asks callers to authenticate.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.options.auth = auth;
        self
    }

    /// Answers OPTIONS although authentication is on, which Distribution does not do.
    #[must_use]
    pub fn open_preflight(mut self, open: bool) -> Self {
        self.options.open_preflight = open;
        self
    }

    /// The referrers API, which Distribution does not have; on unless turned off.
    #[must_use]
    pub fn referrers(mut self, on: bool) -> Self {
        self.options.referrers = on;
        self
    }

    /// POST with `digest` and the whole blob makes the blob at once, which Distribution does not do.
    #[must_use]
    pub fn monolithic_post(mut self, on: bool) -> Self {
        self.options.monolithic_post = on;
        self
    }

    /// An upload's older `Location` stays good after more bytes came, which Distribution refuses.
    #[must_use]
    pub fn resumable_uploads(mut self, on: bool) -> Self {
        self.options.resumable_uploads = on;
        self
    }

    /// Answers as a registry that people use: its quirks, and its authentication for [`USER`](crate::USER) and
    /// [`PASSWORD`](crate::PASSWORD). Later calls change single settings.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        profile.apply(&mut self.options);
        self
    }

    /// Plays malice: puts the mode's content into the registry, and answers in its way.
    #[must_use]
    pub fn hostile(mut self, mode: Hostile) -> Self {
        mode.fill(&mut self.store);
        self.options.hostile = Some(mode);
        self
    }

    /// A fault from the start.
    #[must_use]
    pub fn fault(self, fault: Fault) -> Self {
        self.faults.add(fault);
        self
    }

    /// A blob, unchecked.
    #[must_use]
    pub fn blob(mut self, name: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        self.store.put_blob(name, Digest::sha256(&bytes), bytes);
        self
    }

    /// A manifest, unchecked: what it refers to need not be there.
    #[must_use]
    pub fn manifest(
        mut self,
        name: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Self {
        put_manifest(&mut self.store, name, tag, media_type, bytes.into());
        self
    }

    /// Begins to listen and to answer.
    ///
    /// # Errors
    /// An address that is taken or not allowed.
    pub async fn start(self) -> io::Result<RunningRegistry> {
        let listener = TcpListener::bind(self.addr).await?;
        let storage = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::new(Shared {
            store: Mutex::new(self.store),
            options: self.options,
            faults: self.faults,
            log: Log::default(),
            tokens: Tokens::default(),
            under_way: AtomicUsize::new(0),
            storage: storage.local_addr()?,
        });
        let tasks = vec![
            tokio::spawn(accept(listener, router(Arc::clone(&shared), Origin::Registry))),
            tokio::spawn(accept(storage, router(Arc::clone(&shared), Origin::Storage))),
        ];
        Ok(RunningRegistry { addr, shared, tasks })
    }
}

fn put_manifest(store: &mut Store, name: &str, tag: Option<&str>, media_type: &str, bytes: Bytes) -> Digest {
    let digest = Digest::sha256(&bytes);
    store.put_manifest(name, tag, digest.clone(), Manifest { media_type: media_type.to_owned(), bytes });
    digest
}

/// A registry that answers. Dropping it ends it.
#[derive(Debug)]
pub struct RunningRegistry {
    /// The address that it listens on.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl RunningRegistry {
    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// `http://127.0.0.1:<port>` of the second origin, which plays a blob storage.
    pub fn storage_url(&self) -> String {
        format!("http://{}", self.shared.storage)
    }

    /// The requests so far, in the order of their arrival, without those to the private paths.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.shared.log.records()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }

    /// One more fault.
    pub fn add_fault(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// No more faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Ends every token given out so far, as if its time had passed.
    pub fn expire_tokens(&self) {
        self.shared.tokens.expire();
    }

    /// Keeps a blob, unchecked.
    pub fn put_blob(&self, name: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        lock(&self.shared.store).put_blob(name, digest.clone(), bytes);
        digest
    }

    /// Keeps a manifest, unchecked: what it refers to need not be there.
    pub fn put_manifest(
        &self,
        name: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        put_manifest(&mut lock(&self.shared.store), name, tag, media_type, bytes.into())
    }

    /// A manifest's media type and bytes, by tag or digest.
    pub fn manifest(&self, name: &str, reference: &str) -> Option<(String, Bytes)> {
        let store = lock(&self.shared.store);
        let repository = store.repository(name)?;
        let manifest = repository.manifests.get(&repository.resolve(reference)?)?;
        Some((manifest.media_type.clone(), manifest.bytes.clone()))
    }

    /// A blob's bytes.
    pub fn blob(&self, name: &str, digest: &str) -> Option<Bytes> {
        lock(&self.shared.store).blob(name, &digest.parse().ok()?)
    }
}

impl Drop for RunningRegistry {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

fn router(shared: Arc<Shared>, origin: Origin) -> Router {
    let answer = move |State(shared): State<Arc<Shared>>, request: Request| async move {
        service::answer(&shared, origin, request).await
    };
    let router = Router::new().fallback(answer);
    let router = match origin {
        Origin::Storage => router,
        Origin::Registry => {
            let token_path = match &shared.options.auth {
                Auth::Token(service) => service.path.clone(),
                Auth::None | Auth::Basic { .. } => "/token".to_owned(),
            };
            router
                .route("/_requests", any(requests))
                .route("/_faults", any(faults))
                .route(&token_path, any(token))
        }
    };
    router.with_state(shared)
}

async fn requests(State(shared): State<Arc<Shared>>, method: Method) -> Response {
    service::requests(&shared, &method)
}

async fn faults(State(shared): State<Arc<Shared>>, method: Method, body: Body) -> Response {
    service::faults(&shared, &method, body).await
}

async fn token(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    service::token(&shared, request).await
}

/// Answers connections until it is aborted; the connections end with it.
pub(crate) async fn accept(listener: TcpListener, router: Router) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    // Small answers go out at once; where that cannot be set they go out a little later.
                    let _delayed = stream.set_nodelay(true);
                    connections.spawn(connection(stream, router.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: tokio::net::TcpStream, router: Router) {
    let reset = ResetSwitch::default();
    let stream = Connection::new(stream, reset.clone());
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        let reset = reset.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(reset);
            let answered: Result<Response, Infallible> =
                tower::Service::call(&mut router.into_service(), request).await;
            match answered {
                Ok(response) if response.extensions().get::<Unanswered>().is_none() => Ok(response),
                _ => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
            }
        }
    });
    // A connection that broke, by fault or by the client, has nobody left to tell.
    let _broken =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
