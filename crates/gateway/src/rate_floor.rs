//! The slowest rate at which a peer may send or read before it is given up.

use std::time::Duration;

use tokio::time::Instant;

/// The bounds of how long a peer may keep others waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// The time that a peer may stand still.
    pub(crate) stall: Duration,
    /// The bytes in a second that make up for a second of waiting.
    pub(crate) bytes_per_second: u64,
}

impl Pace {
    fn time_for(self, bytes: usize) -> Duration {
        let milliseconds = (bytes as u64).saturating_mul(1000) / self.bytes_per_second.max(1);
        Duration::from_millis(milliseconds)
    }
}

/// A budget of waiting for a peer. Waiting uses it up; bytes that pass fill it again, up to the time of a stall. So a
/// peer that stands still and one that sends a byte now and then are both given up, and a slow one is not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateFloor {
    pace: Pace,
    left: Duration,
    waiting_since: Option<Instant>,
}

impl RateFloor {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, left: pace.stall, waiting_since: None }
    }

    /// Begins to wait for a peer that has `bytes` to take, or goes on waiting.
    pub(crate) fn wait(&mut self, bytes: usize) {
        if self.waiting_since.is_none() {
            self.waiting_since = Some(Instant::now());
            self.left += self.pace.time_for(bytes);
        }
    }

    /// Ends the waiting: `bytes` have passed that [`RateFloor::wait`] did not know of.
    pub(crate) fn resume(&mut self, bytes: usize) {
        let waited = self.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        let left = self.left.saturating_sub(waited) + self.pace.time_for(bytes);
        self.left = left.min(self.pace.stall);
    }

    /// Returns the time at which the peer is given up, or `None` if nobody waits for it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting_since.map(|since| since + self.left)
    }

    /// Returns `true` if the peer is to be given up.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::{Pace, RateFloor};

    #[tokio::test(start_paused = true)]
    async fn slow_bodies_go_on_and_stalled_ones_end() {
        let pace = Pace { stall: Duration::from_secs(60), bytes_per_second: 1024 };
        for (bytes, every, lasts) in [
            (0, 10, 60),
            (1, 1, 61),
            (512, 1, 120),
            (1024, 1, 1000),
            (64 * 1024, 59, 1000),
            (64 * 1024, 61, 61),
        ] {
            let mut floor = RateFloor::new(pace);
            let begin = Instant::now();
            let ended = loop {
                floor.wait(0);
                advance(Duration::from_secs(every)).await;
                if floor.is_over(Instant::now()) || begin.elapsed().as_secs() >= 1000 {
                    break begin.elapsed().as_secs().min(1000);
                }
                floor.resume(bytes);
            };
            assert!(ended.abs_diff(lasts) <= every, "{bytes} bytes every {every} s: {ended} s");
        }
        let mut floor = RateFloor::new(pace);
        floor.wait(1024 * 100);
        advance(Duration::from_secs(159)).await;
        assert!(!floor.is_over(Instant::now()), "much to take has much time");
    }
}
