//! Listening, reloading, shutting down.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    accept::{Service, accept, bind},
    app,
    config::{Config, ConfigError, ConfigFile},
    connections::Connections,
    metrics::Metrics,
    router::{Gateway, operations, router},
    server_tls::{self, TlsError},
    snapshot::Snapshot,
    workers::Workers,
};

/// The time between two looks at whether all connections have ended.
const LOOK: Duration = Duration::from_millis(20);

/// A reason for which a gateway does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address is taken, or not ours.
    #[error("could not listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The system gives no threads.
    #[error("could not start a worker thread: {0}")]
    Threads(io::Error),
    /// The certificate or its key cannot be used.
    #[error("tls: {0}")]
    Tls(#[from] TlsError),
}

/// A gateway that answers. Dropping it ends it at once.
#[derive(Debug)]
pub struct Server {
    /// The address at which it listens.
    pub address: SocketAddr,
    /// The address at which it listens for those who run it, if it does.
    pub metrics_address: Option<SocketAddr>,
    gateway: Arc<Gateway>,
    tls: Option<Arc<ArcSwap<ServerConfig>>>,
    ending: CancellationToken,
    ended: CancellationToken,
    listeners: Vec<JoinHandle<()>>,
    /// Held by the one reload that is under way.
    reloading: Mutex<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

impl Server {
    /// Reads the configuration file again. Requests that run keep the configuration that they began with; no connection
    /// is dropped. A configuration that cannot be used changes nothing. What was bound at the start stays as it is: addresses, path, TLS or
    /// none.
    ///
    /// # Errors
    /// [`ServeError::Config`] if the file cannot be used, [`ServeError::Tls`] if the certificate cannot, [`ServeError::Threads`] if
    /// there is no thread to read them on.
    pub async fn reload(&self) -> Result<(), ServeError> {
        let _reloading = self.reloading.lock().await;
        let gateway = Arc::clone(&self.gateway);
        // Files may hang and the cache may be large, and this thread accepts connections.
        let read = tokio::task::spawn_blocking(move || Reloaded::read(&gateway)).await;
        let Reloaded { snapshot, tls, kept } = read.map_err(|error| ServeError::Threads(error.into()))??;
        if let Some((running, wanted)) = self.tls.as_ref().zip(tls) {
            running.store(Arc::new(wanted));
        }
        if !kept.is_empty() {
            warn!("changes to {} take effect only after a restart", kept.join(", "));
        }
        self.gateway.connections.set_limits(snapshot.config.connection_limits());
        self.gateway.snapshot.store(Arc::new(snapshot));
        self.gateway.metrics.reloads.inc();
        info!("configuration reloaded");
        Ok(())
    }

    /// Returns the number of requests for registries whose responses are not sent yet.
    pub fn running_requests(&self) -> usize {
        self.gateway.connections.running_requests()
    }

    /// Returns the seconds in which new connections are still accepted, and those for running requests after that.
    fn shutdown_seconds(&self) -> (u64, u64) {
        let snapshot = self.gateway.snapshot.load();
        (snapshot.config.drain_seconds, snapshot.config.shutdown_seconds)
    }

    /// Returns the longest time that [`Server::shut_down`] takes.
    pub fn shutdown_timeout(&self) -> Duration {
        let (drain, running) = self.shutdown_seconds();
        Duration::from_secs(drain.saturating_add(running))
    }

    /// Stops being ready, accepts no more connections, lets running requests end, and then ends: when all have, or when the time of
    /// the configuration is over. Dropping the future ends it at once.
    pub async fn shut_down(self) {
        self.gateway.ending.store(true, Ordering::Relaxed);
        let (drain, seconds) = self.shutdown_seconds();
        tokio::time::sleep(Duration::from_secs(drain)).await;
        self.ending.cancel();
        let ended = async {
            while self.gateway.connections.open() > 0 || !self.listeners.iter().all(JoinHandle::is_finished) {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(seconds), ended).await.is_err() {
            warn!(connections = self.gateway.connections.open(), "stopped with requests still in progress");
        }
    }
}

/// A configuration that was read again, with what it names.
struct Reloaded {
    snapshot: Snapshot,
    tls: Option<ServerConfig>,
    /// The names of the fields that change only with a new start.
    kept: Vec<&'static str>,
}

impl Reloaded {
    fn read(gateway: &Gateway) -> Result<Self, ServeError> {
        let before = gateway.snapshot.load_full();
        let mut config = match &gateway.source {
            Some(file) => file.read()?,
            None => before.config.clone(),
        };
        let tls = config.tls.clone().filter(|_| before.config.tls.is_some());
        let tls = tls.as_ref().map(server_tls::load).transpose()?;
        let kept = config.keep_bound(&before.config);
        // Changes the cache, so nothing may fail after it.
        let snapshot = Snapshot::new(config, Some(&before))?;
        Ok(Self { snapshot, tls, kept })
    }
}

/// Checks that a gateway can start with a configuration, without listening and without changing anything.
///
/// # Errors
/// [`ServeError::Config`] if the configuration or a file that it names cannot be used, [`ServeError::Tls`] if the
/// certificate or its key cannot.
pub fn check(config: Config) -> Result<(), ServeError> {
    let tls = config.tls.clone();
    Snapshot::check(config)?;
    tls.as_ref().map(server_tls::load).transpose()?;
    Ok(())
}

/// Begins to listen and to answer. `source` is the file that a reload reads.
///
/// # Errors
/// [`ServeError`] if the configuration contradicts itself, the address is taken, there is no usable certificate, or the
/// system gives no threads.
pub async fn serve(config: Config, source: Option<ConfigFile>) -> Result<Server, ServeError> {
    let (listen, metrics_listen, base) = (config.listen, config.metrics_listen, config.base_path.clone());
    let snapshot = Snapshot::new(config, None)?;
    let tls = snapshot.config.tls.as_ref().map(server_tls::load).transpose()?;
    let tls = tls.map(|tls| Arc::new(ArcSwap::from_pointee(tls)));
    if !app::is_there() {
        warn!("{}", app::MISSING);
    }
    let (ending, ended) = (CancellationToken::new(), CancellationToken::new());
    let connections = Connections::start(snapshot.config.connection_limits());
    let metrics = Arc::new(Metrics::new(&connections));
    let limits = snapshot.config.connection_limits();
    let gateway = Arc::new(Gateway {
        snapshot: ArcSwap::from_pointee(snapshot),
        source,
        metrics: Arc::clone(&metrics),
        connections: Arc::clone(&connections),
        ending: false.into(),
    });
    let base: Arc<str> = base.into();
    let service = Service {
        routes: router(&gateway),
        registries: Some(Arc::clone(&gateway)),
        tls: tls.clone(),
        connections,
        metrics,
        workers: Some(Arc::new(Workers::start().map_err(ServeError::Threads)?)),
        base,
        ending: ending.clone(),
        ended: ended.clone(),
    };
    let (listener, address) = listen_at(listen)?;
    let mut listeners = Vec::new();
    let mut metrics_address = None;
    if let Some(wanted) = metrics_listen {
        let (listener, address) = listen_at(wanted)?;
        metrics_address = Some(address);
        // Connections of its own: whoever watches the gateway gets in when nobody else does.
        let connections = Connections::start(limits);
        let service = Service {
            routes: operations(&gateway),
            registries: None,
            tls: None,
            workers: None,
            base: "".into(),
            connections,
            ..service.clone()
        };
        listeners.push(tokio::spawn(accept(listener, service)));
    }
    listeners.push(tokio::spawn(accept(listener, service)));
    let reloading = Mutex::default();
    Ok(Server { address, metrics_address, gateway, tls, ending, ended, listeners, reloading })
}

fn listen_at(address: SocketAddr) -> Result<(tokio::net::TcpListener, SocketAddr), ServeError> {
    let listening =
        bind(address).and_then(|(listener, bound)| Ok((tokio::net::TcpListener::from_std(listener)?, bound)));
    listening.map_err(|source| ServeError::Listen { address, source })
}
