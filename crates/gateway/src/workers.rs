//! The threads that serve connections: one for each core, each with a runtime of its own.
//!
//! A connection stays on its thread, and so do the connections to registries that its requests use: no request wakes
//! another thread, and the threads share little that they write to.

use std::{
    cell::Cell,
    future::Future,
    io,
    num::NonZeroUsize,
    sync::{Arc, LazyLock},
    thread,
};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(0) };
}

/// Returns the number of threads that serve the connections of one gateway.
pub(crate) fn count() -> usize {
    static COUNT: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, NonZeroUsize::get));
    *COUNT
}

/// Returns the number of this thread, which is less than [`count`]. Threads that serve no connections have that of the
/// first.
pub(crate) fn current() -> usize {
    NUMBER.get()
}

/// The threads of one gateway. Dropping them ends what runs on them.
#[derive(Debug)]
pub(crate) struct Workers {
    workers: Vec<Worker>,
    ended: CancellationToken,
}

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    /// Cloned for each connection, so that the references are the number of connections.
    connections: Arc<()>,
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

impl Workers {
    /// Starts the threads.
    pub(crate) fn start() -> io::Result<Self> {
        let ended = CancellationToken::new();
        let workers = (0..count()).map(|number| Worker::start(number, ended.clone()));
        // If one cannot be started, the token ends the others.
        let guard = ended.clone().drop_guard();
        let workers = workers.collect::<io::Result<_>>()?;
        guard.disarm();
        Ok(Self { workers, ended })
    }

    /// Runs what serves a connection on the thread that has the fewest of them.
    pub(crate) fn spawn(&self, serving: impl Future<Output = ()> + Send + 'static) {
        let fewest = self.workers.iter().min_by_key(|worker| Arc::strong_count(&worker.connections));
        let worker = fewest.expect("there is a thread for each core");
        let counted = Arc::clone(&worker.connections);
        worker.runtime.spawn(async move {
            serving.await;
            drop(counted);
        });
    }
}

impl Worker {
    fn start(number: usize, ended: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new().name(format!("gateway-{number}")).spawn(move || {
            NUMBER.set(number);
            runtime.block_on(ended.cancelled_owned());
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, connections: Arc::default() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use tokio::sync::mpsc;

    use super::{Workers, count, current};

    #[tokio::test]
    async fn connections_are_spread_over_all_threads() {
        let workers = Workers::start().unwrap();
        let (told, mut heard) = mpsc::unbounded_channel();
        for _ in 0..2 * count() {
            let told = told.clone();
            workers.spawn(async move {
                told.send(current()).unwrap();
                std::future::pending::<()>().await;
            });
        }
        let mut numbers = Vec::new();
        for _ in 0..2 * count() {
            numbers.push(heard.recv().await.unwrap());
        }
        assert_eq!(numbers.iter().collect::<HashSet<_>>().len(), count());
        drop(workers);
        drop(told);
        assert_eq!(heard.recv().await, None, "what runs on the threads ends with them");
    }
}
