//! Limits of requests by caller.

use std::{fmt::Display, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock, clock::DefaultClock};
use http::{HeaderValue, StatusCode, header};

use crate::refusal::Refusal;

/// Callers are forgotten when there are this many and they have been quiet.
const CALLERS_MAX: usize = 10_000;

/// A limit of requests per minute and caller. Up to a minute's worth may come at once.
#[derive(Clone, Debug)]
pub(crate) struct RateLimit {
    callers: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    per_minute: NonZeroU32,
    what: &'static str,
}

impl RateLimit {
    /// `what` says in the refusal what is counted: `requests for this registry`.
    pub(crate) fn new(per_minute: u32, what: &'static str) -> Option<Self> {
        let per_minute = NonZeroU32::new(per_minute)?;
        Some(Self { callers: Arc::new(RateLimiter::keyed(Quota::per_minute(per_minute))), per_minute, what })
    }

    /// Returns a limit of the same rate, in which callers have what they had left in this one.
    pub(crate) fn at_rate(&self, per_minute: u32) -> Option<Self> {
        (self.per_minute.get() == per_minute).then(|| self.clone())
    }

    /// Counts a request of `caller`, or refuses it.
    pub(crate) fn check(&self, caller: IpAddr) -> Result<(), Refusal> {
        if self.callers.len() > CALLERS_MAX {
            self.callers.retain_recent();
        }
        self.callers.check_key(&network_of(caller)).map_err(|early| {
            too_many(self.per_minute, self.what, early.wait_time_from(DefaultClock::default().now()))
        })
    }
}

/// Returns the refusal of one more than `per_minute` of `what`, which may come after `wait`.
pub(crate) fn too_many(per_minute: impl Display, what: &str, wait: Duration) -> Refusal {
    let seconds = wait.as_secs() + 1;
    let message = format!("expected at most {per_minute} {what} a minute; try again in {seconds} seconds");
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", message)
        .header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// Returns the address by which a caller is counted: whoever has an IPv6 network has 2^64 addresses.
pub(crate) fn network_of(caller: IpAddr) -> IpAddr {
    match caller.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::RateLimit;

    #[test]
    fn callers_are_counted_apart_and_networks_together() {
        let limit = RateLimit::new(2, "requests").unwrap();
        for (caller, expected) in [
            ("10.0.0.1", None),
            ("::ffff:10.0.0.1", None),
            ("10.0.0.1", Some(StatusCode::TOO_MANY_REQUESTS)),
            ("10.0.0.2", None),
            ("2001:db8::1", None),
            ("2001:db8::2", None),
            ("2001:db8::3", Some(StatusCode::TOO_MANY_REQUESTS)),
            ("2001:db8:0:1::1", None),
        ] {
            let status = limit.check(caller.parse().unwrap()).err().map(|refusal| refusal.status);
            assert_eq!(status, expected, "{caller}");
        }
    }
}
