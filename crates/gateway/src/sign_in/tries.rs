//! The bound of tries to sign in, by caller.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    rate_limit::{network_of, too_many},
    refusal::Refusal,
};

/// Passwords that one caller may have checked in vain in a minute.
const MAX: usize = 20;
const MINUTE: Duration = Duration::from_secs(60);
/// Callers beyond which those without a try in the last minute are forgotten.
const CALLERS_MAX: usize = 10_000;

/// The tries of the last minute by caller. Those that succeed do not count.
#[derive(Debug, Default)]
pub(super) struct Tries(Mutex<HashMap<IpAddr, Vec<Instant>>>);

/// A try that counts, unless it is taken back.
#[derive(Debug)]
pub(super) struct Try {
    tries: Arc<Tries>,
    caller: IpAddr,
    at: Instant,
}

impl Tries {
    /// Checks that a caller has a try left, without counting one.
    pub(super) fn check(&self, caller: IpAddr) -> Result<(), Refusal> {
        remaining(&mut self.callers(), network_of(caller)).map(drop)
    }

    /// Counts a try of a caller, or refuses it.
    pub(super) fn begin(self: &Arc<Self>, caller: IpAddr) -> Result<Try, Refusal> {
        let (caller, at) = (network_of(caller), Instant::now());
        remaining(&mut self.callers(), caller)?.push(at);
        Ok(Try { tries: Arc::clone(self), caller, at })
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<IpAddr, Vec<Instant>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the tries of a caller in the last minute, if it has one left.
fn remaining(
    callers: &mut HashMap<IpAddr, Vec<Instant>>,
    caller: IpAddr,
) -> Result<&mut Vec<Instant>, Refusal> {
    if callers.len() > CALLERS_MAX {
        callers.retain(|_, tries| tries.iter().any(|at| at.elapsed() < MINUTE));
    }
    let tries = callers.entry(caller).or_default();
    tries.retain(|at| at.elapsed() < MINUTE);
    match tries.first() {
        Some(first) if tries.len() >= MAX => {
            let wait = MINUTE.saturating_sub(first.elapsed());
            Err(too_many(MAX, "tries to sign in", wait))
        }
        _ => Ok(tries),
    }
}

impl Try {
    /// Makes the try one that does not count: the password was right.
    pub(super) fn take_back(self) {
        let mut callers = self.tries.callers();
        if let Some(tries) = callers.get_mut(&self.caller)
            && let Some(found) = tries.iter().position(|at| *at == self.at)
        {
            tries.remove(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{MAX, MINUTE, Tries};

    #[tokio::test(start_paused = true)]
    async fn tries_in_vain_count_for_a_minute_and_others_not_at_all() {
        let tries = Arc::new(Tries::default());
        let (one, other) = ("2001:db8::1".parse().unwrap(), "2001:db8:0:1::1".parse().unwrap());
        for _ in 0..3 * MAX {
            tries.begin(one).unwrap().take_back();
        }
        for _ in 0..MAX {
            tries.check(one).unwrap();
            tries.begin(one).unwrap();
        }
        let same_network = "2001:db8::2".parse().unwrap();
        assert!(tries.check(one).is_err() && tries.begin(same_network).is_err());
        tries.begin(other).unwrap();
        tokio::time::advance(MINUTE).await;
        tries.begin(one).unwrap();
    }
}
