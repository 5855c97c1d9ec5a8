//! TCP connections to one server, some of them opened before it is known what will be spoken over them.

use std::{
    collections::VecDeque,
    fmt, fs,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{FutureExt, StreamExt, future, stream::FuturesUnordered};
use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::failure;
use crate::{TransportError, TransportErrorKind};

/// The Docker CLI's limit for all addresses of a name together.
const CONNECT: Duration = Duration::from_secs(30);
/// The time for which an address is tried alone before the next one is tried beside it: Go's figure for RFC 8305.
const ATTEMPT: Duration = Duration::from_millis(300);
/// The time for which a connection is kept on which nothing has been said: servers close such ones.
const KEPT: Duration = Duration::from_secs(5);

/// A server: a host name or an address without brackets, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Opens a connection to whichever address of the server answers first.
pub(super) async fn dial(target: Target) -> Result<TcpStream, TransportError> {
    match timeout(CONNECT, race(&target)).await {
        Ok(result) => result,
        Err(_) => {
            Err(failure::of_kind(TransportErrorKind::Timeout, format!("dial tcp {target}: i/o timeout")))
        }
    }
}

/// Tries each address until it answers or fails; the next one joins in after a while, or at once where one has failed.
async fn race(target: &Target) -> Result<TcpStream, TransportError> {
    let found = lookup_host((&*target.host, target.port)).await;
    let found = found.map_err(|error| failure::of_lookup(&error, &target.host, name_server().as_deref()))?;
    let mut rest = interleaved(found.collect()).into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut first = None;
    attempts.extend(rest.next().map(connect));
    while !attempts.is_empty() {
        let turn = match rest.len() {
            0 => future::pending().left_future(),
            _ => sleep(ATTEMPT).right_future(),
        };
        match future::select(attempts.next(), std::pin::pin!(turn)).await {
            future::Either::Left((Some(Ok(stream)), _)) => return Ok(stream),
            future::Either::Left((Some(Err(error)), _)) => _ = first.get_or_insert(error),
            _ => {}
        }
        attempts.extend(rest.next().map(connect));
    }
    Err(first.unwrap_or_else(|| {
        failure::of_kind(TransportErrorKind::Dns, format!("dial tcp: lookup {}: no such host", target.host))
    }))
}

async fn connect(address: SocketAddr) -> Result<TcpStream, TransportError> {
    let stream = TcpStream::connect(address).await.map_err(|error| failure::of_connect(&error, address))?;
    // Best effort: it is only faster with it.
    stream.set_nodelay(true).ok();
    Ok(stream)
}

/// The addresses with their families in turn, beginning with the resolver's first.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv4) else { return addresses };
    let (mut own, mut other): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first);
    let mut all = Vec::with_capacity(own.len() + other.len());
    while !own.is_empty() || !other.is_empty() {
        all.extend(own.pop_front());
        all.extend(other.pop_front());
    }
    all
}

/// The server that the system asks for names, as `HOST:PORT`.
fn name_server() -> Option<String> {
    let settings = fs::read_to_string("/etc/resolv.conf").ok()?;
    let server = settings.lines().find_map(|line| line.trim().strip_prefix("nameserver"))?.trim();
    Some(Target { host: server.to_owned(), port: 53 }.to_string())
}

/// The connections to one server that no request uses yet.
pub(super) struct Dialer {
    target: Target,
    ahead: Mutex<VecDeque<Opening>>,
}

struct Opening {
    since: Instant,
    connecting: JoinHandle<Result<TcpStream, TransportError>>,
}

impl Dialer {
    pub(super) fn new(target: Target) -> Arc<Self> {
        Arc::new(Self { target, ahead: Mutex::default() })
    }

    /// The number of connections that were opened ahead.
    pub(super) fn ahead(&self) -> usize {
        self.lock().len()
    }

    /// Opens connections ahead until there are `count`.
    pub(super) fn preconnect(&self, count: usize) {
        let mut ahead = self.lock();
        while ahead.len() < count {
            let connecting = tokio::spawn(dial(self.target.clone()));
            ahead.push_back(Opening { since: Instant::now(), connecting });
        }
    }

    /// Returns a connection: one that was opened ahead and still stands, or a new one.
    pub(super) async fn take(&self) -> Result<TcpStream, TransportError> {
        loop {
            let Some(opening) = self.lock().pop_front() else { return dial(self.target.clone()).await };
            if opening.since.elapsed() > KEPT {
                opening.connecting.abort();
                continue;
            }
            match opening.connecting.await {
                Ok(Ok(stream)) if is_silent(&stream) => return Ok(stream),
                Ok(Err(error)) => return Err(error),
                _ => {}
            }
        }
    }

    /// Ends the connections that were opened ahead.
    pub(super) fn close_ahead(&self) {
        for opening in self.lock().drain(..) {
            opening.connecting.abort();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Opening>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Dialer {
    fn drop(&mut self) {
        self.close_ahead();
    }
}

/// Returns `true` if the server has neither closed the connection nor said anything.
fn is_silent(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0]);
    matches!(read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_beginning_with_the_first_address() {
        let addresses = ["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1"];
        let parsed = addresses.map(|address| address.parse().unwrap()).to_vec();
        let found: Vec<_> = interleaved(parsed).iter().map(SocketAddr::to_string).collect();
        assert_eq!(found, ["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "127.0.0.3:1"]);
    }

    #[tokio::test]
    async fn a_connection_that_was_opened_ahead_and_closed_by_the_server_is_not_used() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let dialer = Dialer::new(Target { host: "127.0.0.1".to_owned(), port: address.port() });
        dialer.preconnect(1);
        let (closed, _) = listener.accept().await.unwrap();
        let open = {
            let first = dialer.lock().pop_front().unwrap();
            let stream = first.connecting.await.unwrap().unwrap();
            drop(closed);
            stream.readable().await.unwrap();
            dialer.lock().push_back(Opening {
                since: first.since,
                connecting: tokio::spawn(future::ready(Ok(stream))),
            });
            dialer.take().await.unwrap()
        };
        let (accepted, _) = listener.accept().await.unwrap();
        assert_eq!(accepted.peer_addr().unwrap(), open.local_addr().unwrap());
    }
}
