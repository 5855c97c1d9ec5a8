//! The connections of callers: how many there may be, and which of them have waited for too long.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    connection::Connection,
    limits::{Limits, Reason},
    rate_limit::network_of,
};

/// Connections beyond the limits, on which the gateway answers whether it is well and nothing else.
const RESERVE: usize = 16;
/// The time between two looks at all connections.
const SWEEP: Duration = Duration::from_secs(1);

/// All connections of one listener.
#[derive(Debug)]
pub(crate) struct Connections {
    table: Mutex<Table>,
    limits: ArcSwap<Limits>,
}

#[derive(Debug, Default)]
struct Table {
    open: HashMap<u64, Arc<Connection>>,
    callers: HashMap<IpAddr, CallerCounts>,
    reserved: usize,
    requests: usize,
    next: u64,
    closed: [u64; Reason::ALL.len()],
    refused: u64,
}

#[derive(Debug, Default)]
struct CallerCounts {
    connections: usize,
    requests: usize,
}

/// The right to have a connection. Dropping it makes room for another one.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) connection: Arc<Connection>,
    connections: Arc<Connections>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.table().remove(&self.connection);
    }
}

/// The right to run a request for a registry.
#[derive(Debug)]
pub(crate) struct RequestPermit {
    connections: Arc<Connections>,
    caller: IpAddr,
}

impl Drop for RequestPermit {
    fn drop(&mut self) {
        let mut table = self.connections.table();
        table.requests -= 1;
        table.count(self.caller, |counts| counts.requests -= 1);
    }
}

impl Connections {
    /// Begins to look after connections, until the last owner is gone.
    pub(crate) fn start(limits: Limits) -> Arc<Self> {
        let connections = Arc::new(Self { table: Mutex::default(), limits: ArcSwap::from_pointee(limits) });
        tokio::spawn(sweep(Arc::downgrade(&connections)));
        connections
    }

    pub(crate) fn limits(&self) -> arc_swap::Guard<Arc<Limits>> {
        self.limits.load()
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        self.limits.store(Arc::new(limits));
    }

    /// Admits a connection. Where there are too many, the one that has waited longest for a request is closed: of the
    /// same caller, or of the one that has most. Where none waits, the connection comes into the reserve.
    ///
    /// Returns `None` if the reserve is full, too.
    pub(crate) fn admit(
        self: &Arc<Self>,
        peer: SocketAddr,
        shutdown: &CancellationToken,
    ) -> Option<Admitted> {
        let limits = self.limits();
        let caller = network_of(peer.ip());
        let is_trusted =
            limits.trusted_proxies.iter().any(|network| network.contains(&peer.ip().to_canonical()));
        let mut table = self.table();
        let of_caller = table.callers.get(&caller).map_or(0, |counts| counts.connections);
        let is_own_fault = !is_trusted && of_caller >= limits.by_caller;
        let is_full = table.open.len() - table.reserved >= limits.total;
        let mut is_reserved = false;
        if is_own_fault || is_full {
            let only = is_own_fault.then_some(caller);
            is_reserved = !table.evict(only, false);
        }
        if is_reserved && table.reserved >= RESERVE && !table.evict(None, true) {
            table.refused += 1;
            return None;
        }
        table.next += 1;
        let connection = Arc::new(Connection::new(
            table.next,
            peer,
            caller,
            is_reserved,
            limits.pace,
            shutdown.child_token(),
        ));
        table.insert(&connection);
        Some(Admitted { connection, connections: Arc::clone(self) })
    }

    /// Closes a connection that waits for a request, as there are no descriptors left.
    pub(crate) fn evict(&self) {
        let mut table = self.table();
        let _freed = table.evict(None, false) || table.evict(None, true);
    }

    /// Returns the right to run a request for a registry, or `None` if too many run.
    pub(crate) fn begin_request(self: &Arc<Self>, caller: IpAddr) -> Option<RequestPermit> {
        let limits = self.limits();
        let caller = network_of(caller);
        let mut table = self.table();
        if table.requests >= limits.total {
            return None;
        }
        let counts = table.callers.entry(caller).or_default();
        if counts.requests >= limits.by_caller {
            // An entry that counts nothing goes.
            table.count(caller, |_| ());
            return None;
        }
        counts.requests += 1;
        table.requests += 1;
        Some(RequestPermit { connections: Arc::clone(self), caller })
    }

    /// Returns the number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.table().open.len()
    }

    /// Returns the number of requests for registries that run.
    pub(crate) fn running_requests(&self) -> usize {
        self.table().requests
    }

    /// Returns how many connections were closed for each reason, and how many were refused.
    pub(crate) fn closed(&self) -> ([u64; Reason::ALL.len()], u64) {
        let table = self.table();
        (table.closed, table.refused)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn insert(&mut self, connection: &Arc<Connection>) {
        self.open.insert(connection.id, Arc::clone(connection));
        self.reserved += usize::from(connection.is_reserved);
        self.count(connection.caller, |counts| counts.connections += 1);
    }

    fn remove(&mut self, connection: &Connection) {
        if self.open.remove(&connection.id).is_some() {
            self.reserved -= usize::from(connection.is_reserved);
            self.count(connection.caller, |counts| counts.connections -= 1);
        }
    }

    fn count(&mut self, caller: IpAddr, change: impl FnOnce(&mut CallerCounts)) {
        let counts = self.callers.entry(caller).or_default();
        change(counts);
        if counts.connections == 0 && counts.requests == 0 {
            self.callers.remove(&caller);
        }
    }

    fn close(&mut self, connection: &Connection, reason: Reason) {
        connection.closed.cancel();
        self.remove(connection);
        self.closed[reason as usize] += 1;
    }

    /// Closes the connection that has waited longest for a request: of `caller`, or of the caller with the most
    /// connections among those that have one that waits. Returns `false` if none waits.
    fn evict(&mut self, caller: Option<IpAddr>, is_reserved: bool) -> bool {
        let waiting = self
            .open
            .values()
            .filter(|one| one.is_reserved == is_reserved && caller.is_none_or(|caller| one.caller == caller));
        let waiting = waiting.filter_map(|one| Some((one.waiting_since()?, one)));
        let longest = waiting.min_by_key(|(since, one)| {
            let connections = self.callers.get(&one.caller).map_or(0, |counts| counts.connections);
            (std::cmp::Reverse(connections), *since)
        });
        let Some(connection) = longest.map(|(_, one)| Arc::clone(one)) else { return false };
        self.close(&connection, Reason::Evicted);
        true
    }
}

async fn sweep(connections: Weak<Connections>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(connections) = connections.upgrade() else { return };
        let limits = connections.limits();
        let now = Instant::now();
        let mut table = connections.table();
        let over: Vec<_> = table
            .open
            .values()
            .filter_map(|one| Some((Arc::clone(one), one.expired(&limits, now)?)))
            .collect();
        for (connection, reason) in over {
            table.close(&connection, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, sync::Arc, time::Duration};

    use tokio_util::sync::CancellationToken;

    use super::{Admitted, Connections, RESERVE};
    use crate::{limits::Limits, rate_floor::Pace};

    fn connections(total: usize, by_caller: usize) -> Arc<Connections> {
        Connections::start(Limits {
            total,
            by_caller,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            pace: Pace { stall: Duration::from_secs(60), bytes_per_second: 1024 },
        })
    }

    fn admit(connections: &Arc<Connections>, peer: &str) -> Option<Admitted> {
        let peer: SocketAddr = format!("{peer}:1").parse().unwrap();
        connections.admit(peer, &CancellationToken::new())
    }

    fn is_open(admitted: &Admitted) -> bool {
        !admitted.connection.closed.is_cancelled()
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_connection_makes_room() {
        let connections = connections(5, 3);
        let mut own = Vec::new();
        for _ in 0..3 {
            own.push(admit(&connections, "192.0.2.1").unwrap());
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        let busy = own[0].connection.begin(http::Version::HTTP_11);
        own.push(admit(&connections, "192.0.2.1").unwrap());
        assert_eq!(own.iter().map(is_open).collect::<Vec<_>>(), [true, false, true, true]);
        let others: Vec<_> = (0..3).map(|_| admit(&connections, "10.0.0.1").unwrap()).collect();
        assert_eq!(connections.open(), 5, "the caller with the most connections makes room");
        assert!(others.iter().all(is_open) && is_open(&own[0]));
        drop(busy);
        drop((own, others));
        assert_eq!(connections.open(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_waits_there_is_a_reserve() {
        let connections = connections(2, 2);
        let busy: Vec<_> = (0..2)
            .map(|_| {
                let admitted = admit(&connections, "192.0.2.1").unwrap();
                (admitted.connection.begin(http::Version::HTTP_2), admitted)
            })
            .collect();
        let reserved: Vec<_> = (0..RESERVE + 1).map(|_| admit(&connections, "192.0.2.2").unwrap()).collect();
        assert!(reserved.iter().all(|one| one.connection.is_reserved));
        assert_eq!(connections.open(), 2 + RESERVE, "the reserve is bounded, too");
        assert!(busy.iter().all(|(_, one)| is_open(one)));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_bounded_in_all_and_by_caller() {
        let connections = connections(3, 2);
        let begin = |peer: &str| connections.begin_request(peer.parse().unwrap());
        let held = [begin("192.0.2.1"), begin("192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(begin("192.0.2.1").is_none());
        let other = begin("192.0.2.2");
        assert!(other.is_some() && begin("192.0.2.3").is_none());
        drop(held);
        assert!(begin("192.0.2.1").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn connections_without_requests_are_closed_in_time() {
        let connections = connections(9, 9);
        let silent = admit(&connections, "192.0.2.1").unwrap();
        let used = admit(&connections, "192.0.2.1").unwrap();
        drop(used.connection.begin(http::Version::HTTP_2));
        let busy = admit(&connections, "192.0.2.1").unwrap();
        let _request = busy.connection.begin(http::Version::HTTP_2);
        let dripping = admit(&connections, "192.0.2.1").unwrap();
        drop(dripping.connection.begin(http::Version::HTTP_11));
        let open = || [&silent, &used, &busy, &dripping].map(is_open);
        dripping.connection.has_read();
        tokio::time::sleep(Duration::from_secs(8)).await;
        assert_eq!(open(), [true; 4]);
        dripping.connection.has_read();
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(open(), [false, true, true, false]);
        tokio::time::sleep(Duration::from_secs(70)).await;
        assert_eq!(open(), [false, false, true, false]);
    }
}
