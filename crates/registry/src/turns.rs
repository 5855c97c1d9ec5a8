//! Taking turns: at most so many at a time.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use futures_channel::oneshot;

/// A number of turns that can be taken at the same time; whoever comes later waits in line.
#[derive(Clone, Debug)]
pub(crate) struct Turns(Rc<Line>);

#[derive(Debug)]
struct Line {
    free: Cell<usize>,
    waiting: RefCell<VecDeque<oneshot::Sender<Turn>>>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(Option<Rc<Line>>);

impl Turns {
    pub(crate) fn new(free: usize) -> Self {
        Self(Rc::new(Line { free: Cell::new(free), waiting: RefCell::default() }))
    }

    /// Waits for a turn.
    pub(crate) async fn take(&self) -> Turn {
        let free = self.0.free.get();
        if free > 0 {
            self.0.free.set(free - 1);
            return Turn(Some(Rc::clone(&self.0)));
        }
        let (sender, receiver) = oneshot::channel();
        self.0.waiting.borrow_mut().push_back(sender);
        receiver.await.expect("the line lives as long as somebody waits in it")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(line) = self.0.take() else { return };
        let mut turn = Self(Some(Rc::clone(&line)));
        loop {
            let Some(next) = line.waiting.borrow_mut().pop_front() else { break };
            match next.send(turn) {
                Ok(()) => return,
                // Gave up waiting: the turn comes back.
                Err(back) => turn = back,
            }
        }
        turn.0 = None;
        line.free.set(line.free.get() + 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_turn_goes_to_the_first_who_still_waits() {
        let turns = Turns::new(1);
        let first = turns.take().now_or_never().expect("nobody else has it");
        let mut gives_up = Box::pin(turns.take());
        let mut waits = Box::pin(turns.take());
        assert!(gives_up.as_mut().now_or_never().is_none());
        assert!(waits.as_mut().now_or_never().is_none());
        drop(gives_up);
        drop(first);
        let second = waits.now_or_never().expect("it is free");
        assert!(turns.take().now_or_never().is_none());
        drop(second);
        assert!(turns.take().now_or_never().is_some());
    }

    #[test]
    fn a_turn_that_was_handed_over_and_never_taken_comes_back() {
        let turns = Turns::new(1);
        let first = turns.take().now_or_never().expect("nobody else has it");
        let mut waits = Box::pin(turns.take());
        assert!(waits.as_mut().now_or_never().is_none());
        drop(first);
        drop(waits);
        assert!(turns.take().now_or_never().is_some());
    }
}
