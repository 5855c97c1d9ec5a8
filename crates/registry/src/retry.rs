//! Asking again.

use std::time::Duration;

use http::StatusCode;
use tallyman_core::Registry;

use crate::{Client, Error, Event, TransportErrorKind};

/// When a request is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times a request is made at most.
    pub attempts: u32,
    /// How long to wait before the second time; doubled for each further one, less up to a half by chance.
    pub first_wait: Duration,
    /// How long to wait at most where the registry does not ask for a time.
    pub longest_wait: Duration,
    /// How long to wait at most where the registry asks for a time. Where it asks for more, its answer is the error.
    pub patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_millis(400),
            longest_wait: Duration::from_secs(10),
            patience: Duration::from_secs(60),
        }
    }
}

impl Retry {
    /// Every request is made once, as Docker does.
    pub fn never() -> Self {
        Self { attempts: 1, ..Self::default() }
    }

    /// How long to wait before the attempt after `attempt`; nothing where there is none. `chance` is from 0 to 1.
    pub(crate) fn wait(&self, error: &Error, attempt: u32, chance: f64) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.first_wait.saturating_mul(1 << (attempt - 1).min(16)).min(self.longest_wait);
        let wait = doubled.mul_f64(1.0 - chance / 2.0);
        match error.retry_after() {
            Some(asked) if asked > self.patience => None,
            Some(asked) => Some(asked.max(wait)),
            None => Some(wait),
        }
    }
}

/// Whether asking again can help.
pub(crate) fn may_pass(error: &Error, registry_is_known: bool) -> bool {
    let status_may_pass = |status: &StatusCode| {
        *status == StatusCode::TOO_MANY_REQUESTS
            || *status == StatusCode::REQUEST_TIMEOUT
            || status.is_server_error() && *status != StatusCode::NOT_IMPLEMENTED
    };
    match error {
        Error::Api { status, .. } | Error::Token { status, .. } => status_may_pass(status),
        Error::BrokenOff { .. } | Error::TimedOut { .. } => true,
        Error::Unreachable { source, .. } => match source.kind {
            TransportErrorKind::Reset | TransportErrorKind::Timeout => true,
            // Where nobody has ever answered, nobody is likely to.
            TransportErrorKind::Refused
            | TransportErrorKind::Dns
            | TransportErrorKind::Opaque
            | TransportErrorKind::Other => registry_is_known,
            _ => false,
        },
        _ => false,
    }
}

/// Whether the registry has done nothing, so that even what must not be done twice can be asked for again.
fn was_left_undone(error: &Error) -> bool {
    matches!(
        error,
        Error::Api { status: StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, .. }
            | Error::Token { .. }
    )
}

/// What asking twice does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// The same as asking once.
    Harmless,
    /// Something else.
    Harmful,
}

impl Client {
    /// Does `work` until it succeeds, or cannot, or has been tried often enough. Tells of every repetition.
    pub(crate) async fn repeat<T>(
        &self,
        registry: &Registry,
        again: Again,
        work: impl AsyncFn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 1;
        loop {
            let error = match work().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let is_known = self.session(registry).scheme().is_some();
            if !may_pass(&error, is_known) || again == Again::Harmful && !was_left_undone(&error) {
                return Err(error);
            }
            let Some(wait) = self.retry().wait(&error, attempt, self.chance()) else { return Err(error) };
            self.tell(&Event::Retry { error, wait, attempt });
            self.sleep(wait).await;
            attempt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<u64>) -> Error {
        Error::Api {
            reference: None,
            url: String::new(),
            status: StatusCode::from_u16(status).unwrap(),
            content_type: None,
            body: Box::default(),
            errors: Box::default(),
            retry_after: retry_after.map(Duration::from_secs),
            challenges: Box::default(),
        }
    }

    #[test]
    fn waits_double_and_the_registrys_wish_is_granted_within_reason() {
        let retry = Retry::default();
        let ms =
            |error: &Error, attempt, chance| retry.wait(error, attempt, chance).map(|wait| wait.as_millis());
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
        for (retry_after, attempt, chance, expected) in rows {
            assert_eq!(ms(&answer(503, retry_after), attempt, chance), expected, "{retry_after:?} {attempt}");
        }
        assert_eq!(Retry::never().wait(&answer(503, Some(0)), 1, 0.0), None);
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        for (status, passes) in
            [(500, true), (502, true), (429, true), (408, true), (501, false), (404, false)]
        {
            assert_eq!(may_pass(&answer(status, None), true), passes, "{status}");
        }
        assert!(was_left_undone(&answer(429, None)) && was_left_undone(&answer(503, None)));
        assert!(!was_left_undone(&answer(502, None)));
    }
}
