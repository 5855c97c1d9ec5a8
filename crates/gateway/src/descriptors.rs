//! File descriptors: each connection, each request for a registry and each file of the cache needs one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::workers;

/// Descriptors for everything that is not a connection: listeners, timers, configuration, idle connections to registries.
const OTHERS: u64 = 64;
/// Descriptors with which a thread waits for its connections.
const EACH_THREAD: u64 = 4;
/// Descriptors that a connection needs while a request runs on it: its own, the registry's, a file of the cache.
const EACH: u64 = 3;

/// Raises the soft limit of descriptors to the hard one, and returns the limit.
///
/// # Errors
/// The error of the system; the limit then stays.
pub fn raise_descriptor_limit() -> std::io::Result<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    }
    Ok(limit())
}

fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Returns the number of connections for which there are descriptors.
pub(crate) fn connections() -> usize {
    let others = OTHERS + EACH_THREAD * workers::count() as u64;
    usize::try_from(limit().saturating_sub(others) / EACH).unwrap_or(usize::MAX).max(1)
}
