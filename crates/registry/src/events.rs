//! What a client tells while it works.

use std::time::Duration;

use crate::Error;

/// Something that happens on the way and would otherwise happen in silence.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A request did not succeed and is made again.
    Retry {
        /// Why it did not succeed.
        error: Error,
        /// How long is waited first.
        wait: Duration,
        /// How many times it was made so far.
        attempt: u32,
    },
}
