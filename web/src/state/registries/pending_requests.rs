//! Requests to registries that have no answer yet.

use std::{cell::RefCell, rc::Rc, time::Duration};

use js_sys::Date;

/// The requests without an answer, in the order in which they were sent.
#[derive(Default)]
pub struct PendingRequests(RefCell<Vec<Sent>>);

/// A request that was sent.
struct Sent {
    number: usize,
    /// The time, in milliseconds since the epoch.
    at: f64,
    host: String,
    path: String,
}

impl PendingRequests {
    /// Takes note of a request, until what is returned is dropped.
    pub fn sent(self: &Rc<Self>, host: String, path: String) -> PendingRequest {
        let mut all = self.0.borrow_mut();
        let number = all.last().map_or(0, |last| last.number + 1);
        all.push(Sent { number, at: Date::now(), host, path });
        PendingRequest { all: Rc::clone(self), number }
    }

    /// Returns the host and the path of the request that has waited longest, if that is at least `time`.
    pub fn longest(&self, time: Duration) -> Option<(String, String)> {
        let all = self.0.borrow();
        let waits = |sent: &&Sent| Date::now() - sent.at >= time.as_secs_f64() * 1e3;
        all.first().filter(waits).map(|sent| (sent.host.clone(), sent.path.clone()))
    }
}

/// A request that waits for its answer.
pub struct PendingRequest {
    all: Rc<PendingRequests>,
    number: usize,
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        self.all.0.borrow_mut().retain(|sent| sent.number != self.number);
    }
}
