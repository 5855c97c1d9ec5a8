//! Work that is under way once, however many wait for it.

use std::{cell::RefCell, collections::HashMap, hash::Hash};

use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, Shared, WeakShared},
};

/// Entries up to which finished work is not looked for.
const SWEEP_MIN: usize = 64;

/// Work under way, by its key. It ends when nobody waits for it any more.
pub(crate) struct SingleFlight<K, V: Clone>(RefCell<State<K, V>>);

struct State<K, V: Clone> {
    running: HashMap<K, WeakShared<LocalBoxFuture<'static, V>>>,
    /// Entries at which finished work is removed. It doubles with what is left, so that many joins stay linear.
    sweep_at: usize,
}

impl<K, V: Clone> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self(RefCell::new(State { running: HashMap::new(), sweep_at: SWEEP_MIN }))
    }
}

impl<K: Eq + Hash, V: Clone> SingleFlight<K, V> {
    /// Returns the work for `key` that is under way; else begins `work`.
    pub(crate) fn join(
        &self,
        key: K,
        work: impl FnOnce() -> LocalBoxFuture<'static, V>,
    ) -> Shared<LocalBoxFuture<'static, V>> {
        let mut state = self.0.borrow_mut();
        let running = state.running.get(&key).and_then(WeakShared::upgrade);
        if let Some(running) = running.filter(|work| work.peek().is_none()) {
            return running;
        }
        if state.running.len() >= state.sweep_at {
            state.running.retain(|_, work| work.upgrade().is_some_and(|work| work.peek().is_none()));
            state.sweep_at = (state.running.len() * 2).max(SWEEP_MIN);
        }
        let work = work().shared();
        if let Some(weak) = work.downgrade() {
            state.running.insert(key, weak);
        }
        work
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, rc::Rc};

    use futures_util::future;

    use super::*;

    #[test]
    fn work_under_way_is_shared_and_finished_work_is_done_anew() {
        let (flight, begun) = (SingleFlight::<u32, u32>::default(), Rc::new(Cell::new(0)));
        let join = |key| {
            flight.join(key, || {
                begun.set(begun.get() + 1);
                let value = begun.get();
                future::ready(value).boxed_local()
            })
        };
        let (one, two, other) = (join(1), join(1), join(2));
        assert_eq!(one.now_or_never(), Some(1));
        assert_eq!(two.now_or_never(), Some(1));
        assert_eq!(other.now_or_never(), Some(2));
        assert_eq!(join(1).now_or_never(), Some(3));
    }

    #[test]
    fn work_that_was_dropped_or_finished_is_forgotten() {
        let flight = SingleFlight::<u32, u32>::default();
        for key in 0..1000 {
            drop(flight.join(key, || future::ready(key).boxed_local()));
        }
        assert!(flight.0.borrow().running.len() <= SWEEP_MIN);
        let waiting: Vec<_> =
            (0..1000).map(|key| flight.join(key, || future::pending().boxed_local())).collect();
        assert!(flight.0.borrow().running.len() >= waiting.len());
    }
}
