//! Work that is under way once, however many requests wait for it, on whichever threads.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as SyncMutex, PoisonError, Weak},
};

use tokio::sync::Mutex;

/// Entries up to which work that nobody waits for is not looked for.
const SWEEP_MIN: usize = 64;

/// Work under way by its key, and its outcome for those who wait. One that ends because its caller leaves is begun anew by the
/// next who waits.
pub(crate) struct SingleFlight<T>(SyncMutex<HashMap<String, Weak<Mutex<Option<T>>>>>);

impl<T> Default for SingleFlight<T> {
    fn default() -> Self {
        Self(SyncMutex::default())
    }
}

impl<T> std::fmt::Debug for SingleFlight<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SingleFlight")
    }
}

impl<T: Clone> SingleFlight<T> {
    /// Waits for the work for `key` that is under way and returns its outcome; else does `work`.
    pub(crate) async fn join(&self, key: &str, work: impl Future<Output = T>) -> T {
        let flight = self.flight(key);
        let mut outcome = flight.lock().await;
        if let Some(outcome) = &*outcome {
            return outcome.clone();
        }
        let done = work.await;
        *outcome = Some(done.clone());
        // Later callers do the work anew.
        self.running().remove(key);
        done
    }

    fn flight(&self, key: &str) -> Arc<Mutex<Option<T>>> {
        let mut running = self.running();
        if let Some(flight) = running.get(key).and_then(Weak::upgrade) {
            return flight;
        }
        if running.len() >= SWEEP_MIN {
            running.retain(|_, flight| flight.strong_count() > 0);
        }
        let flight = Arc::default();
        running.insert(key.to_owned(), Arc::downgrade(&flight));
        flight
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, Weak<Mutex<Option<T>>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::{FutureExt as _, future};

    use super::SingleFlight;

    #[tokio::test]
    async fn work_under_way_is_shared_and_finished_or_abandoned_work_is_done_anew() {
        let (flight, begun) = (SingleFlight::<usize>::default(), AtomicUsize::new(0));
        let work = async || {
            let number = begun.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            number
        };
        let joined = async |key| flight.join(key, work()).await;
        assert_eq!(future::join3(joined("a"), joined("a"), joined("b")).await, (0, 0, 1));
        assert_eq!(joined("a").await, 2);
        let (mut first, mut second) = (Box::pin(joined("a")), Box::pin(joined("a")));
        assert_eq!(first.as_mut().now_or_never(), None);
        assert_eq!(second.as_mut().now_or_never(), None);
        drop(first);
        assert_eq!(second.await, 4, "the second caller goes on where the first one left");
    }
}
