//! Listening, reloading, ending.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use arc_swap::ArcSwap;
use axum::{Router, extract::Request};
use axum_server::{Handle, accept::NoDelayAcceptor, tls_rustls::RustlsConfig};
use hyper_util::rt::TokioTimer;
use tokio::task::JoinHandle;
use tower::Layer as _;
use tower::util::MapRequestLayer;
use tracing::{info, warn};

use crate::{
    app,
    config::{Config, ConfigError},
    metrics::Metrics,
    router::{Gateway, operations, router},
    snapshot::Snapshot,
};

/// Bytes that the head of a request may have.
const HEAD_MAX: usize = 64 * 1024;
/// How long the head of a request may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a gateway does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address is taken, or not ours.
    #[error("expected to listen at {address}, found: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("expected a certificate and its key in PEM form, found: {0}")]
    Tls(io::Error),
}

/// A gateway that answers. Dropping it ends it at once.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens for those who run it, if it does.
    pub metrics_address: Option<SocketAddr>,
    gateway: Arc<Gateway>,
    handle: Handle<SocketAddr>,
    tls: Option<RustlsConfig>,
    task: JoinHandle<io::Result<()>>,
    operations: Option<JoinHandle<io::Result<()>>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(operations) = &self.operations {
            operations.abort();
        }
    }
}

impl Server {
    /// Reads the configuration file anew. Requests that run keep the configuration that they began with; no connection
    /// is dropped. A configuration that cannot be used changes nothing.
    ///
    /// # Errors
    /// When the file cannot be used, or the certificate.
    pub async fn reload(&self) -> Result<(), ServeError> {
        let before = self.gateway.snapshot.load_full();
        let config = match &self.gateway.source {
            Some(path) => Config::read(path)?,
            None => before.config.clone(),
        };
        let snapshot = Snapshot::new(config, Some(&before))?;
        if let (Some(running), Some(wanted)) = (&self.tls, &snapshot.config.tls) {
            running.reload_from_pem_file(&wanted.certificate, &wanted.key).await.map_err(ServeError::Tls)?;
        }
        if snapshot.config.listen != before.config.listen
            || snapshot.config.metrics_listen != before.config.metrics_listen
            || snapshot.config.tls.is_some() != before.config.tls.is_some()
            || snapshot.config.base_path != before.config.base_path
        {
            warn!("listen, metrics_listen, base_path and whether there is tls change only with a new start");
        }
        self.gateway.snapshot.store(Arc::new(snapshot));
        self.gateway.metrics.reloads.inc();
        info!("configuration read anew");
        Ok(())
    }

    /// Says that it is not ready, takes no more connections, lets running requests end, and then ends: when all have, or
    /// when the time of the configuration is over.
    pub async fn shut_down(mut self) {
        self.gateway.ending.store(true, Ordering::Relaxed);
        let (drain, seconds) = {
            let snapshot = self.gateway.snapshot.load();
            (snapshot.config.drain_seconds, snapshot.config.shutdown_seconds)
        };
        tokio::time::sleep(Duration::from_secs(drain)).await;
        self.handle.graceful_shutdown(Some(Duration::from_secs(seconds)));
        if let Ok(Err(error)) = (&mut self.task).await {
            warn!(%error, "ended with an error");
        }
    }
}

/// Begins to listen and to answer. `source` is the file that a reload reads.
///
/// # Errors
/// When the configuration contradicts itself, the address is taken, or there is no usable certificate.
pub async fn serve(config: Config, source: Option<PathBuf>) -> Result<Server, ServeError> {
    let (listen, metrics_listen, base) = (config.listen, config.metrics_listen, config.base_path.clone());
    let wanted_tls = config.tls.clone();
    let snapshot = Snapshot::new(config, None)?;
    if !app::is_there() {
        warn!("{}", app::MISSING);
    }
    let gateway = Arc::new(Gateway {
        snapshot: ArcSwap::from_pointee(snapshot),
        source,
        metrics: Metrics::new(),
        ending: false.into(),
    });
    let failure = |source| ServeError::Listen { address: listen, source };
    let (listener, address) = bind(listen)?;
    let (metrics_address, operations) = match metrics_listen {
        None => (None, None),
        Some(wanted) => {
            let (listener, address) = bind(wanted)?;
            let app = operations(&gateway).into_make_service_with_connect_info::<SocketAddr>();
            let mut server = axum_server::from_tcp(listener).map_err(failure)?;
            set_protocol_limits(server.http_builder());
            (Some(address), Some(tokio::spawn(server.serve(app))))
        }
    };
    let app = MapRequestLayer::new(move |request| without_base(request, &base)).layer(router(&gateway));
    let app = Router::new().fallback_service(app);
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    let handle = Handle::new();
    let (task, tls) = match wanted_tls {
        None => {
            let server = axum_server::from_tcp(listener).map_err(failure)?.handle(handle.clone());
            let mut server = server.acceptor(NoDelayAcceptor::new());
            set_protocol_limits(server.http_builder());
            (tokio::spawn(server.serve(app)), None)
        }
        Some(wanted) => {
            // Whoever embeds the gateway may have chosen one already.
            let _chosen = rustls::crypto::ring::default_provider().install_default();
            let tls = RustlsConfig::from_pem_file(&wanted.certificate, &wanted.key)
                .await
                .map_err(ServeError::Tls)?;
            let server =
                axum_server::from_tcp_rustls(listener, tls.clone()).map_err(failure)?.handle(handle.clone());
            // The head of an answer and its body are two frames: the second must not wait until the browser says that it
            // has the first, which it does 40 ms later.
            let mut server = server.map(|acceptor| acceptor.acceptor(NoDelayAcceptor::new()));
            set_protocol_limits(server.http_builder());
            (tokio::spawn(server.serve(app)), Some(tls))
        }
    };
    Ok(Server { address, metrics_address, gateway, handle, tls, task, operations })
}

fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let listen = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listen().map_err(|source| ServeError::Listen { address, source })
}

fn set_protocol_limits(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_MAX);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(64 * 1024).max_concurrent_streams(256);
}

/// Takes the path away that a proxy in front left on the request.
fn without_base(mut request: Request, base: &str) -> Request {
    let Some(rest) = request.uri().path_and_query().and_then(|path| path.as_str().strip_prefix(base)) else {
        return request;
    };
    if base.is_empty() || !rest.starts_with('/') {
        return request;
    }
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path) = rest.parse() {
        parts.path_and_query = Some(path);
        if let Ok(uri) = http::Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}
