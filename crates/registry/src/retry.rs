//! Retries with exponential backoff.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures_channel::oneshot;
use futures_util::future;
use http::StatusCode;
use tallyman_core::Registry;

use crate::{Client, Error, TransportErrorKind, session::Session};

/// The rules by which a request is sent again. All requests of this client are idempotent, or leave nothing behind if
/// they are made twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The number of times that a request is sent at most.
    pub attempts: u32,
    /// The wait before the second attempt. It is doubled for each further one, less a jitter of up to a half.
    pub first_backoff: Duration,
    /// The longest wait if the registry does not ask for one.
    pub max_backoff: Duration,
    /// The longest wait that the registry may ask for (`Retry-After`). If it asks for more, its answer is the error.
    pub max_retry_after: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_backoff: Duration::from_millis(400),
            max_backoff: Duration::from_secs(10),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

impl Retry {
    /// No retries: every request is sent once, as Docker does.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// Returns the wait before the attempt after `attempt`, or `None` if there is none. `jitter` is from 0 to 1.
    pub(crate) fn wait(&self, error: &Error, attempt: u32, jitter: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.first_backoff.saturating_mul(1 << (attempt - 1).min(16)).min(self.max_backoff);
        let wait = doubled.mul_f64(1.0 - jitter / 2.0);
        match error.retry_after() {
            Some(wanted) if wanted > self.max_retry_after => None,
            Some(wanted) => Some(wanted.max(wait)),
            None => Some(wait),
        }
    }
}

/// The waits until requests to one registry are sent again, which can be ended early.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    ends: RefCell<Vec<oneshot::Sender<()>>>,
    /// The number of requests that were sent again, or will be, and have not ended.
    retried: Cell<usize>,
}

impl Waits {
    /// Begins a wait, which lasts until all are ended.
    fn begin(&self) -> oneshot::Receiver<()> {
        let (sender, ended) = oneshot::channel();
        let mut waits = self.ends.borrow_mut();
        waits.retain(|wait| !wait.is_canceled());
        waits.push(sender);
        ended
    }

    fn end_all(&self) {
        for wait in self.ends.take() {
            // One that was dropped meanwhile needs no end.
            let _ = wait.send(());
        }
    }
}

/// A request that is sent again, until it ends and this is dropped. The end of the last one of a registry is told.
pub(crate) struct Retried {
    client: Client,
    registry: Registry,
}

impl Retried {
    pub(crate) fn new(client: &Client, registry: &Registry) -> Self {
        let retried = &client.waits(registry).retried;
        retried.set(retried.get() + 1);
        Self { client: client.clone(), registry: registry.clone() }
    }
}

impl Drop for Retried {
    fn drop(&mut self) {
        let waits = self.client.waits(&self.registry);
        waits.retried.set(waits.retried.get() - 1);
        if waits.retried.get() == 0 {
            self.client.notify(&Event::RetriesEnded { registry: self.registry.clone() });
        }
    }
}

/// Something that happens while a request is made, and would otherwise go unseen.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A request failed and is sent again.
    Retry {
        /// The registry.
        registry: Registry,
        /// The failure.
        error: Error,
        /// The wait before the next attempt.
        wait: Duration,
        /// The number of attempts so far.
        attempt: u32,
    },
    /// All requests to a registry that were sent again have ended: with an answer, with a failure, or because nobody waits for them.
    RetriesEnded {
        /// The registry.
        registry: Registry,
    },
}

/// Returns `true` if the same request may succeed later. `is_known` says that the registry has answered before.
pub(crate) fn is_transient(error: &Error, is_known: bool) -> bool {
    match error {
        Error::Api { status, .. } | Error::Token { status, .. } => {
            matches!(*status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
                || status.is_server_error() && *status != StatusCode::NOT_IMPLEMENTED
        }
        Error::BrokenOff { .. } | Error::TimedOut { .. } => true,
        Error::Unreachable { source, .. } => match source.kind {
            TransportErrorKind::Reset | TransportErrorKind::Timeout => true,
            // A server that has never answered is not likely to.
            TransportErrorKind::Refused
            | TransportErrorKind::Dns
            | TransportErrorKind::Handshake
            | TransportErrorKind::Opaque
            | TransportErrorKind::Other => is_known,
            _ => false,
        },
        _ => false,
    }
}

impl Client {
    /// Does `work` until it succeeds, fails for good, or has been tried often enough. Tells of every retry.
    pub(crate) async fn with_retry<T>(
        &self,
        registry: &Registry,
        work: impl AsyncFn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let (mut attempt, mut retried) = (1, None);
        loop {
            match work().await {
                Ok(value) => return Ok(value),
                Err(error) => self.wait_to_retry(registry, error, attempt, &mut retried).await?,
            }
            attempt += 1;
        }
    }

    /// Waits before the attempt after `attempt`, with `retried` held for the request. Returns `error` if there is none.
    pub(crate) async fn wait_to_retry(
        &self,
        registry: &Registry,
        error: Error,
        attempt: u32,
        retried: &mut Option<Retried>,
    ) -> Result<(), Error> {
        let session = self.session(registry);
        let is_known = session.scheme().is_some();
        let wait = self.retry().wait(&error, attempt, self.jitter());
        let Some(wait) = wait.filter(|_| is_transient(&error, is_known)) else { return Err(error) };
        retried.get_or_insert_with(|| Retried::new(self, registry));
        self.notify(&Event::Retry { registry: registry.clone(), error, wait, attempt });
        self.wait(&session, wait).await;
        Ok(())
    }

    /// Waits until a request is sent again: so long, or until [`Client::retry_now`].
    pub(crate) async fn wait(&self, session: &Session, duration: Duration) {
        future::select(self.transport().sleep(duration), session.waits.begin()).await;
    }

    /// Ends the waits for `registry`: what is to be sent again is sent now, though the registry asked for more time.
    pub fn retry_now(&self, registry: &Registry) {
        self.waits(registry).end_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<u64>) -> Error {
        Error::Api {
            reference: None,
            url: Box::default(),
            storage: None,
            status: StatusCode::from_u16(status).unwrap(),
            content_type: None,
            body: Box::default(),
            errors: Box::default(),
            retry_after: retry_after.map(Duration::from_secs),
            challenges: Box::default(),
            wants_token: false,
        }
    }

    #[test]
    fn waits_double_and_the_registrys_wish_is_granted_within_reason() {
        let retry = Retry::default();
        let ms =
            |error: &Error, attempt, jitter| retry.wait(error, attempt, jitter).map(|wait| wait.as_millis());
        let rows = [
            (None, 1, 0.0, Some(400)),
            (None, 1, 1.0, Some(200)),
            (None, 2, 0.0, Some(800)),
            (None, 3, 0.0, Some(1600)),
            (None, 4, 0.0, None),
            (Some(2), 1, 0.0, Some(2000)),
            (Some(0), 1, 0.0, Some(400)),
            (Some(60), 1, 0.0, Some(60_000)),
            (Some(61), 1, 0.0, None),
        ];
        for (retry_after, attempt, jitter, expected) in rows {
            assert_eq!(ms(&answer(503, retry_after), attempt, jitter), expected, "{retry_after:?} {attempt}");
        }
        assert_eq!(Retry::never().wait(&answer(503, Some(0)), 1, 0.0), None);
    }

    #[test]
    fn only_transient_failures_are_tried_again() {
        for (status, expected) in
            [(500, true), (502, true), (429, true), (408, true), (501, false), (404, false)]
        {
            assert_eq!(is_transient(&answer(status, None), true), expected, "{status}");
        }
    }
}
