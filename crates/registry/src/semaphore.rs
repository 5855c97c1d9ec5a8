//! A semaphore for futures of one thread, whose number of permits adapts to what the other side takes.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use futures_channel::oneshot;

/// Uses of permits in a row, for each permit there is, after which a lowered semaphore gets one more.
const USES_TO_RISE: usize = 16;

/// A semaphore: a number of permits, which are given out in the order in which they are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Semaphore(Rc<State>);

#[derive(Debug)]
struct State {
    most: usize,
    permits: Cell<usize>,
    held: Cell<usize>,
    /// The number of permits given out so far.
    given: Cell<usize>,
    /// The number of uses since the number of permits last changed.
    uses: Cell<usize>,
    waiting: RefCell<VecDeque<oneshot::Sender<Permit>>>,
}

/// A permit of a [`Semaphore`]. Dropping it gives it to the next in the queue.
#[derive(Debug)]
pub(crate) struct Permit {
    state: Option<Rc<State>>,
    was_alone: bool,
    given: usize,
}

impl Semaphore {
    /// Makes a semaphore with `permits` permits.
    pub(crate) fn new(permits: usize) -> Self {
        Self(Rc::new(State {
            most: permits,
            permits: Cell::new(permits),
            held: Cell::default(),
            given: Cell::default(),
            uses: Cell::default(),
            waiting: RefCell::default(),
        }))
    }

    /// Waits for a permit.
    pub(crate) async fn acquire(&self) -> Permit {
        if self.0.held.get() < self.0.permits.get() {
            return State::give(&self.0);
        }
        let (sender, receiver) = oneshot::channel();
        self.0.waiting.borrow_mut().push_back(sender);
        receiver.await.expect("the semaphore lives as long as somebody waits for it")
    }

    /// Returns `true` if somebody holds a permit.
    pub(crate) fn is_used(&self) -> bool {
        self.0.held.get() > 0
    }

    /// Halves the number of permits that are held, down to one: the other side does not take so many.
    pub(crate) fn lower(&self) {
        let permits = (self.0.held.get() / 2).clamp(1, self.0.permits.get());
        self.0.permits.set(permits);
        self.0.uses.set(0);
    }

    /// Counts a use that the other side took. After many of them there is one permit more, up to the first number.
    pub(crate) fn used(&self) {
        let permits = self.0.permits.get();
        self.0.uses.set(self.0.uses.get() + 1);
        if permits < self.0.most && self.0.uses.get() >= permits * USES_TO_RISE {
            self.0.permits.set(permits + 1);
            self.0.uses.set(0);
        }
    }

    /// Returns `true` if there are fewer permits than there were first.
    pub(crate) fn is_lowered(&self) -> bool {
        self.0.permits.get() < self.0.most
    }
}

impl State {
    fn give(state: &Rc<Self>) -> Permit {
        let was_alone = state.held.get() == 0;
        state.held.set(state.held.get() + 1);
        state.given.set(state.given.get() + 1);
        Permit { state: Some(Rc::clone(state)), was_alone, given: state.given.get() }
    }
}

impl Permit {
    /// Returns `true` if another permit was held at any time since this one was given.
    pub(crate) fn was_shared(&self) -> bool {
        let given = self.state.as_ref().map_or(self.given, |state| state.given.get());
        !self.was_alone || given != self.given
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Some(state) = self.state.take() else { return };
        state.held.set(state.held.get() - 1);
        while state.held.get() < state.permits.get() {
            let Some(next) = state.waiting.borrow_mut().pop_front() else { return };
            if let Err(mut permit) = next.send(State::give(&state)) {
                // The future that waited was dropped: the permit goes to the next one.
                permit.state = None;
                state.held.set(state.held.get() - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_permit_goes_to_the_first_that_still_waits() {
        let semaphore = Semaphore::new(1);
        let first = semaphore.acquire().now_or_never().expect("nobody else has it");
        let mut gives_up = Box::pin(semaphore.acquire());
        let mut waits = Box::pin(semaphore.acquire());
        assert!(gives_up.as_mut().now_or_never().is_none());
        assert!(waits.as_mut().now_or_never().is_none());
        drop(gives_up);
        drop(first);
        let second = waits.now_or_never().expect("it is free");
        assert!(semaphore.acquire().now_or_never().is_none());
        drop(second);
        assert!(semaphore.acquire().now_or_never().is_some());
    }

    #[test]
    fn a_permit_that_was_handed_over_and_never_taken_comes_back() {
        let semaphore = Semaphore::new(1);
        let first = semaphore.acquire().now_or_never().expect("nobody else has it");
        let mut waits = Box::pin(semaphore.acquire());
        assert!(waits.as_mut().now_or_never().is_none());
        drop(first);
        drop(waits);
        assert!(semaphore.acquire().now_or_never().is_some());
    }

    #[test]
    fn a_lowered_semaphore_gives_fewer_permits_until_it_rises() {
        let semaphore = Semaphore::new(8);
        let mut held: Vec<_> = (0..4).filter_map(|_| semaphore.acquire().now_or_never()).collect();
        semaphore.lower();
        assert!(semaphore.is_lowered());
        let mut waits = Box::pin(semaphore.acquire());
        assert!(waits.as_mut().now_or_never().is_none(), "four are held, two may be");
        held.truncate(2);
        assert!(waits.as_mut().now_or_never().is_none());
        held.truncate(1);
        held.extend(waits.now_or_never());
        assert_eq!(held.len(), 2);
        held.clear();
        semaphore.lower();
        for _ in 0..USES_TO_RISE {
            semaphore.used();
        }
        let two: Vec<_> = (0..3).filter_map(|_| semaphore.acquire().now_or_never()).collect();
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn a_permit_knows_whether_it_was_the_only_one() {
        let semaphore = Semaphore::new(2);
        let one = semaphore.acquire().now_or_never().expect("it is free");
        assert!(!one.was_shared());
        let two = semaphore.acquire().now_or_never().expect("it is free");
        assert!(one.was_shared() && two.was_shared());
        drop(two);
        assert!(one.was_shared());
        drop(one);
        assert!(!semaphore.acquire().now_or_never().expect("it is free").was_shared());
    }
}
