//! Gate that pauses a push.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use futures_channel::oneshot;
use futures_util::{FutureExt, future::LocalBoxFuture};

/// Open at first; whoever comes while it is closed waits until it opens.
#[derive(Clone, Default)]
pub struct Gate(Rc<Inner>);

#[derive(Default)]
struct Inner {
    is_closed: Cell<bool>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl Gate {
    pub fn close(&self) {
        self.0.is_closed.set(true);
    }

    pub fn open(&self) {
        self.0.is_closed.set(false);
        for waiting in self.0.waiting.take() {
            // A dropped caller no longer waits.
            let _ = waiting.send(());
        }
    }

    pub fn pass(&self) -> LocalBoxFuture<'static, ()> {
        let gate = self.clone();
        async move {
            while gate.0.is_closed.get() {
                let (sender, opened) = oneshot::channel();
                gate.0.waiting.borrow_mut().push(sender);
                // A gate that is gone holds nobody.
                let _ = opened.await;
            }
        }
        .boxed_local()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::Gate;

    #[test]
    fn a_closed_gate_holds_until_it_opens() {
        let gate = Gate::default();
        assert!(gate.pass().now_or_never().is_some());
        gate.close();
        let mut waiting = gate.pass();
        assert!((&mut waiting).now_or_never().is_none());
        gate.open();
        assert!(waiting.now_or_never().is_some());
    }
}
