//! Connections to one origin: straight or through a proxy, plain or with TLS, kept for the next request.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinHandle, yield_now},
};

use super::{
    Io,
    dial::{Dialer, Target},
    failure,
    proxy::Proxy,
    sent_body::SentBody,
    tls, tunnel,
};
use crate::{TransportError, TransportErrorKind};

/// Connections to one origin that are used at the same time.
const CONNECTIONS_MAX: usize = 32;
/// Routers forget connections on which nothing is said, without a word to either end: a request on one of them would hang.
const KEPT: Duration = Duration::from_secs(60);
/// Bytes that are read ahead of whoever reads a body; headers are no longer than that.
const READ_AHEAD: usize = 512 * 1024;
/// Headers of one answer. Go bounds their bytes alone.
const HEADERS_MAX: usize = 4096;

/// TLS to a server, and how it is set up.
pub(super) struct Tls {
    pub host: String,
    pub config: Box<dyn Fn() -> Result<ClientConfig, TransportError> + Send + Sync>,
    pub made: Mutex<Option<Arc<ClientConfig>>>,
}

impl Tls {
    fn config(&self) -> Result<Arc<ClientConfig>, TransportError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*made {
            return Ok(Arc::clone(made));
        }
        Ok(Arc::clone(made.insert(Arc::new((self.config)()?))))
    }

    async fn begin(&self, stream: Io) -> Result<Io, TransportError> {
        Ok(Box::new(tls::begin(stream, self.config()?, &self.host).await?))
    }
}

/// A proxy, and TLS to it if it speaks it.
pub(super) struct ByProxy {
    pub proxy: Proxy,
    pub tls: Option<Tls>,
    /// `true` if it opens connections, `false` if it is sent the requests themselves.
    pub tunnels: bool,
}

/// The first connection with TLS goes ahead alone: a server that answers TLS with plain HTTP is asked once, however many
/// requests wait.
enum TlsState {
    Unknown,
    Known,
    PlainHttp(TransportError, Instant),
}

/// The time for which a server that answered TLS with plain HTTP is not asked again, for those who wait.
const PLAIN_HTTP: Duration = if cfg!(test) { Duration::from_millis(100) } else { Duration::from_secs(10) };

/// The connections to one origin.
pub(super) struct Connections {
    target: Target,
    dialer: Arc<Dialer>,
    tls: Option<Tls>,
    proxy: Option<ByProxy>,
    first: tokio::sync::Mutex<TlsState>,
    idle: Mutex<Vec<Idle>>,
    /// TLS that has been begun for requests that are sure to come.
    secured: Mutex<VecDeque<JoinHandle<Result<Io, TransportError>>>>,
    expected: Mutex<usize>,
    permits: Arc<Semaphore>,
}

struct Idle {
    since: Instant,
    sender: SendRequest<SentBody>,
}

/// A connection that one request uses.
pub(super) struct Connection {
    pub sender: SendRequest<SentBody>,
    /// `true` if another request has used it before: the server may close it just then.
    pub is_reused: bool,
    origin: Arc<Connections>,
    permit: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(
        target: Target,
        dialer: Arc<Dialer>,
        tls: Option<Tls>,
        proxy: Option<ByProxy>,
    ) -> Arc<Self> {
        Arc::new(Self {
            target,
            dialer,
            tls,
            proxy,
            first: tokio::sync::Mutex::new(TlsState::Unknown),
            idle: Mutex::default(),
            secured: Mutex::default(),
            expected: Mutex::default(),
            permits: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        })
    }

    /// The host that is asked, for errors.
    pub(super) fn host(&self) -> &str {
        &self.target.host
    }

    /// Returns the proxy that is sent the requests themselves.
    pub(super) fn forwarder(&self) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|by| !by.tunnels).map(|by| &by.proxy)
    }

    /// Opens connections for `requests` that may come. For `handshakes` of them TLS is begun as soon as the first has succeeded
    /// in it.
    pub(super) fn preconnect(&self, requests: usize, handshakes: usize) {
        if self.proxy.is_some() {
            return;
        }
        *lock(&self.expected) = handshakes;
        let used = CONNECTIONS_MAX - self.permits.available_permits();
        let there = lock(&self.idle).len() + lock(&self.secured).len() + used;
        self.dialer.preconnect(requests.min(CONNECTIONS_MAX).saturating_sub(there));
    }

    /// Waits until fewer than 32 requests are under way, and returns a connection: a kept one, unless `fresh`, or a new one.
    pub(super) async fn acquire(self: &Arc<Self>, fresh: bool) -> Result<Connection, TransportError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let kept = if fresh { None } else { self.kept() };
        let is_reused = kept.is_some();
        let sender = match kept {
            Some(sender) => sender,
            None => self.begin_http(self.open().await?).await?,
        };
        Ok(Connection { sender, is_reused, origin: Arc::clone(self), permit })
    }

    /// Ends connections that no request uses: a server with one thread may be waiting on one of them.
    pub(super) fn close_idle(&self) {
        self.dialer.close_ahead();
        lock(&self.idle).clear();
        for opening in lock(&self.secured).drain(..) {
            opening.abort();
        }
    }

    fn kept(&self) -> Option<SendRequest<SentBody>> {
        let mut idle = lock(&self.idle);
        idle.retain(|idle| idle.since.elapsed() < KEPT && idle.sender.is_ready());
        idle.pop().map(|idle| idle.sender)
    }

    async fn begin_http(&self, stream: Io) -> Result<SendRequest<SentBody>, TransportError> {
        // Answers are read leniently, as Go's client reads them.
        let handshake = http1::Builder::new()
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .ignore_invalid_headers_in_responses(true)
            .max_headers(HEADERS_MAX)
            .max_buf_size(READ_AHEAD)
            .handshake(TokioIo::new(stream))
            .await;
        let (mut sender, connection) =
            handshake.map_err(|error| failure::of_exchange(&error, self.host()))?;
        // Its failures reach whoever uses it.
        tokio::spawn(async move { drop(connection.await) });
        sender.ready().await.map_err(|error| failure::of_exchange(&error, self.host()))?;
        Ok(sender)
    }

    async fn open(&self) -> Result<Io, TransportError> {
        let Some(tls) = &self.tls else { return self.open_plain().await };
        let mut first = self.first.lock().await;
        match &*first {
            TlsState::PlainHttp(error, since) if since.elapsed() < PLAIN_HTTP => return Err(error.clone()),
            TlsState::Known => drop(first),
            TlsState::Unknown | TlsState::PlainHttp(..) => {
                let opened = self.open_secure(tls).await;
                *first = match &opened {
                    Err(error) if error.kind == TransportErrorKind::PlainHttp => {
                        TlsState::PlainHttp(error.clone(), Instant::now())
                    }
                    _ => TlsState::Known,
                };
                if opened.is_ok() {
                    self.secure_ahead(tls);
                }
                return opened;
            }
        }
        let ahead = lock(&self.secured).pop_front();
        if let Some(ahead) = ahead
            && let Ok(Ok(stream)) = ahead.await
        {
            return Ok(stream);
        }
        self.open_secure(tls).await
    }

    /// Connects to the target itself, to the proxy that is sent its requests, or through a tunnel.
    async fn open_plain(&self) -> Result<Io, TransportError> {
        let Some(ByProxy { proxy, tls, tunnels }) = &self.proxy else {
            return Ok(Box::new(self.dialer.take().await?));
        };
        let to_proxy = async {
            let stream: Io = Box::new(self.dialer.take().await?);
            match tls {
                Some(tls) => tls.begin(stream).await,
                None => Ok(stream),
            }
        };
        let stream = match to_proxy.await {
            Err(error) if *tunnels => return Err(tunnel::failed(proxy, &self.target, error)),
            to_proxy => to_proxy?,
        };
        match tunnels {
            true => tunnel::open(stream, proxy, &self.target).await,
            false => Ok(stream),
        }
    }

    async fn open_secure(&self, tls: &Tls) -> Result<Io, TransportError> {
        // Certificates are read while the connection is made.
        let connecting = self.open_plain();
        tls.begin(connecting.await?).await
    }

    /// Begins TLS on what was opened ahead. Handshakes are not for what may not be needed.
    fn secure_ahead(&self, tls: &Tls) {
        let Ok(config) = tls.config() else { return };
        let count = lock(&self.expected).saturating_sub(1).min(self.dialer.ahead());
        for _ in 0..count {
            let (dialer, config, host) = (Arc::clone(&self.dialer), Arc::clone(&config), tls.host.clone());
            lock(&self.secured).push_back(tokio::spawn(async move {
                let stream = tls::begin(dialer.take().await?, config, &host).await?;
                Ok(Box::new(stream) as Io)
            }));
        }
    }
}

impl Connection {
    /// Keeps the connection for the next request, once it is free.
    pub(super) async fn keep(self) {
        for _ in 0..YIELDS {
            if self.sender.is_ready() {
                return self.put_back();
            }
            yield_now().await;
        }
        // The request's own body may be on its way still.
        tokio::spawn(async move {
            let mut connection = self;
            if connection.sender.ready().await.is_ok() {
                connection.put_back();
            }
        });
    }

    fn put_back(self) {
        let Self { sender, origin, permit, .. } = self;
        lock(&origin.idle).push(Idle { since: Instant::now(), sender });
        drop(permit);
    }

    /// The connections that it is one of.
    pub(super) fn origin(&self) -> &Arc<Connections> {
        &self.origin
    }
}

/// Turns that the task of a connection gets to notice the end of a body.
const YIELDS: usize = 4;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, net::TcpListener, time::sleep};

    use super::*;
    use crate::{NativeTransport, Request, Transport};

    #[tokio::test]
    async fn a_server_that_answered_tls_with_plain_http_is_asked_again_after_a_while() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let (accepted, count) = (Arc::new(Mutex::new(0)), |accepted: &Mutex<usize>| *lock(accepted));
        let counted = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                *lock(&counted) += 1;
                stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await.ok();
            }
        });
        let transport = NativeTransport::for_environment(|_| None, "/nonexistent");
        let ask = async || {
            let asked = transport.send(Request::new(http::Method::GET, url.clone())).await;
            asked.expect_err("it does not speak TLS").kind
        };
        for expected in [1, 1, 2] {
            assert_eq!(ask().await, TransportErrorKind::PlainHttp);
            assert_eq!(count(&accepted), expected);
            if expected == 1 {
                sleep(PLAIN_HTTP / 2 + Duration::from_millis(5)).await;
            }
        }
    }
}
