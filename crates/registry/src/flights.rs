//! Work under way that several wait for, done once.

use std::{cell::RefCell, collections::HashMap, hash::Hash};

use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, Shared, WeakShared},
};

/// Work under way, by what it is for. Ends when nobody waits for it any more.
pub(crate) struct Flights<K, V: Clone>(RefCell<HashMap<K, WeakShared<LocalBoxFuture<'static, V>>>>);

impl<K, V: Clone> Default for Flights<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Eq + Hash, V: Clone> Flights<K, V> {
    /// The work for `key`: the one under way, or `work`.
    pub(crate) fn join(
        &self,
        key: K,
        work: impl FnOnce() -> LocalBoxFuture<'static, V>,
    ) -> Shared<LocalBoxFuture<'static, V>> {
        let mut flights = self.0.borrow_mut();
        let under_way = flights.get(&key).and_then(WeakShared::upgrade).filter(|work| work.peek().is_none());
        under_way.unwrap_or_else(|| {
            flights.retain(|_, work| work.upgrade().is_some_and(|work| work.peek().is_none()));
            let work = work().shared();
            if let Some(weak) = work.downgrade() {
                flights.insert(key, weak);
            }
            work
        })
    }
}
