//! The rate limit that a registry names with its answers, as Docker Hub does.

use http::{HeaderMap, HeaderName};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const SOURCE: HeaderName = HeaderName::from_static("docker-ratelimit-source");

/// The limit of requests in a window of time, and what is left of it.
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tallyman_registry::RateLimit;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("ratelimit-limit", HeaderValue::from_static("100;w=21600"));
/// headers.insert("ratelimit-remaining", HeaderValue::from_static("76;w=21600"));
/// let found = RateLimit::of(&headers).unwrap();
/// assert_eq!((found.limit, found.remaining, found.seconds), (Some(100), Some(76), Some(21600)));
/// assert_eq!(RateLimit::of(&HeaderMap::new()), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// The requests that may be made in the window.
    pub limit: Option<u64>,
    /// The requests that are left.
    pub remaining: Option<u64>,
    /// The length of the window in seconds.
    pub seconds: Option<u64>,
    /// The address or the account that is counted.
    pub source: Option<String>,
}

impl RateLimit {
    /// Reads `RateLimit-Limit`, `RateLimit-Remaining` and `Docker-RateLimit-Source`. Returns `None` if there is none of the first
    /// two.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let number = |name: &HeaderName| text(name)?.split([';', ',']).next()?.trim().parse::<u64>().ok();
        let (limit, remaining) = (number(&LIMIT), number(&REMAINING));
        if limit.is_none() && remaining.is_none() {
            return None;
        }
        let window = |name: &HeaderName| {
            text(name)?.split(';').find_map(|part| part.trim().strip_prefix("w=")?.parse().ok())
        };
        let seconds = window(&LIMIT).or_else(|| window(&REMAINING));
        Some(Self { limit, remaining, seconds, source: text(&SOURCE).map(str::to_owned) })
    }
}
