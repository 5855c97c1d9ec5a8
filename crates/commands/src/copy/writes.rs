//! The record of what a client writes, so that nothing is written by two operations at the same time: some registries read what is
//! written a second time as if it were broken.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use futures_util::lock::{Mutex, OwnedMutexGuard};
use tallyman_core::Reference;
use tallyman_registry::Client;

/// Names in the record of what was brought up to which it is not looked through.
const SWEEP_MIN: usize = 64;

/// The record of a client.
#[derive(Default)]
struct Writes {
    /// A count of the writers and of what was brought, which puts both in the order of time.
    count: Cell<u64>,
    /// The writers that there are, by the count when they began.
    writers: RefCell<BTreeSet<u64>>,
    brought: RefCell<Brought>,
    /// The names that are being written, each with the lock that its writer holds meanwhile.
    under_way: RefCell<HashMap<Reference, Arc<Mutex<()>>>>,
}

impl Writes {
    fn next(&self) -> u64 {
        let next = self.count.get() + 1;
        self.count.set(next);
        next
    }
}

/// The blobs and manifests that were brought into their repositories.
#[derive(Default)]
struct Brought {
    /// The count when each was brought, by its digest.
    at: HashMap<Reference, u64>,
    /// The number of names at which those are removed that no writer needs. It doubles with what is left.
    sweep_at: usize,
}

/// One operation of a client that writes: a copy, a push, an attachment, or several that belong together. It knows what others have
/// brought since it began. What they brought before may be deleted by then; its own plan says what is there.
pub(super) struct Writer {
    writes: Rc<Writes>,
    since: u64,
}

impl Writer {
    /// Begins an operation.
    pub(super) fn new(client: &Client) -> Self {
        Self::of(client.extension())
    }

    fn of(writes: Rc<Writes>) -> Self {
        let since = writes.next();
        writes.writers.borrow_mut().insert(since);
        Self { writes, since }
    }

    /// Returns `true` if a blob or a manifest was brought into its repository since this operation began.
    pub(super) fn has_brought(&self, digest: &Reference) -> bool {
        self.writes.brought.borrow().at.get(digest).is_some_and(|at| *at > self.since)
    }

    /// Takes note that a blob or a manifest is in its repository.
    pub(super) fn note_brought(&self, digest: Reference) {
        let at = self.writes.next();
        self.writes.brought.borrow_mut().at.insert(digest, at);
    }

    /// Waits until nobody writes any of the names that `left` returns, which is called again after each wait. Until the result is
    /// dropped, others wait for this operation to write them.
    pub(super) async fn begin(&self, left: impl Fn() -> Vec<Reference>) -> UnderWay<'_> {
        loop {
            let names = left();
            let other = {
                let mut under_way = self.writes.under_way.borrow_mut();
                match names.iter().find_map(|name| under_way.get(name)) {
                    Some(other) => Arc::clone(other),
                    None => {
                        let own = Arc::new(Mutex::new(()));
                        under_way.extend(names.iter().map(|name| (name.clone(), Arc::clone(&own))));
                        let held = own.try_lock_owned().expect("nobody else has had it");
                        return UnderWay { writes: &self.writes, names, _held: held };
                    }
                }
            };
            drop(other.lock().await);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut writers = self.writes.writers.borrow_mut();
        writers.remove(&self.since);
        let mut brought = self.writes.brought.borrow_mut();
        match writers.first() {
            None => *brought = Brought::default(),
            Some(oldest) if brought.at.len() >= brought.sweep_at.max(SWEEP_MIN) => {
                brought.at.retain(|_, at| *at > *oldest);
                brought.sweep_at = brought.at.len() * 2;
            }
            Some(_) => {}
        }
    }
}

/// Names that an operation is writing, noted until this is dropped.
pub(super) struct UnderWay<'a> {
    writes: &'a Writes,
    names: Vec<Reference>,
    _held: OwnedMutexGuard<()>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.writes.under_way.borrow_mut();
        for name in &self.names {
            under_way.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn names(range: std::ops::Range<u32>) -> Vec<Reference> {
        range.map(|at| format!("registry.example/a/app@sha256:{at:064x}").parse().unwrap()).collect()
    }

    #[test]
    fn an_operation_knows_what_was_brought_since_it_began() {
        let writes = Rc::<Writes>::default();
        let [one, two]: [Reference; 2] = names(0..2).try_into().unwrap();
        let first = Writer::of(Rc::clone(&writes));
        first.note_brought(one.clone());
        let second = Writer::of(Rc::clone(&writes));
        second.note_brought(two.clone());
        assert_eq!([&one, &two].map(|name| first.has_brought(name)), [true, true]);
        assert_eq!([&one, &two].map(|name| second.has_brought(name)), [false, true]);
    }

    #[test]
    fn what_nobody_needs_is_forgotten() {
        let writes = Rc::<Writes>::default();
        // Each begins before the one before it ends, for ever.
        let mut last = Writer::of(Rc::clone(&writes));
        for at in 0..1000 {
            let next = Writer::of(Rc::clone(&writes));
            names(at..at + 1).into_iter().for_each(|name| next.note_brought(name));
            last = next;
        }
        assert!(writes.brought.borrow().at.len() <= SWEEP_MIN);
        drop(last);
        assert!(writes.brought.borrow().at.is_empty() && writes.writers.borrow().is_empty());
    }

    #[test]
    fn what_is_written_is_waited_for_until_it_ended_or_was_given_up() {
        let writes = Rc::<Writes>::default();
        let [one, two] = [(); 2].map(|()| Writer::of(Rc::clone(&writes)));
        let both = names(0..2);
        let held = one.begin(|| both.clone()).now_or_never().expect("nobody writes them");
        let mut waiting = Box::pin(two.begin(|| both[1..].to_vec()));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(held);
        drop(waiting.now_or_never().expect("nobody writes it any more"));
        assert!(writes.under_way.borrow().is_empty());
    }
}
