//! The bounds of connections, and the reasons for which one is closed.

use std::time::Duration;

use ipnet::IpNet;

use crate::rate_floor::Pace;

/// The bounds of connections.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Connections, and requests for registries at the same time, in all.
    pub(crate) total: usize,
    /// The same by caller. Trusted proxies are not counted: they bring many callers.
    pub(crate) by_caller: usize,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The time until a request's head is there.
    pub(crate) head: Duration,
    /// The time between requests.
    pub(crate) idle: Duration,
    pub(crate) pace: Pace,
}

/// A reason for which a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reason {
    /// Others wanted to come in, and this one had waited longest for its next request.
    Evicted,
    /// No whole head of a request in time.
    Head,
    /// No request for a while.
    Idle,
    /// The caller does not read.
    Stalled,
}

impl Reason {
    pub(crate) const ALL: [Self; 4] = [Self::Evicted, Self::Head, Self::Idle, Self::Stalled];

    /// Returns the name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Evicted => "evicted",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
        }
    }
}
