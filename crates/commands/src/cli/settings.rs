//! Settings of the connection that every command takes which talks to registries.

use std::time::Duration;

use tallyman_core::Registry;

/// The settings of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The folder with `config.json` and the local lists; `None` for the usual one.
    pub config: Option<String>,
    /// Show each request.
    pub debug: bool,
    /// Print errors, warnings and requests as JSON.
    pub json_log: bool,
    /// Requests that are under way at the same time; `None` for the client's own number.
    pub concurrency: Option<usize>,
    /// Attempts after the first; `None` leaves them to the command: Docker's make none.
    pub retries: Option<u32>,
    /// The longest pause of a registry without data; `None` for the client's own.
    pub timeout: Option<Duration>,
    /// Files with further certificate authorities.
    pub ca_files: Vec<String>,
    /// The file with the certificate that is shown to registries.
    pub cert: Option<String>,
    /// The file with its key.
    pub key: Option<String>,
    /// Headers of requests to registries.
    pub headers: Vec<(String, String)>,
    /// Registries that are read from first, each with the one that it mirrors.
    pub mirrors: Vec<Mirror>,
}

/// A registry that another one is read from first, without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// The registry that is asked for.
    pub registry: Registry,
    /// The origin of the mirror, such as `https://mirror.example`.
    pub origin: String,
}

impl Mirror {
    /// Parses `REGISTRY=HOST` or `REGISTRY=http://HOST`.
    ///
    /// # Errors
    /// A sentence for anything else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected =
            || format!("expected REGISTRY=MIRROR, such as docker.io=mirror.example, found {text:?}");
        let (registry, mirror) = text.split_once('=').ok_or_else(expected)?;
        let (scheme, host) = mirror.split_once("://").unwrap_or(("https", mirror));
        let host: Registry = host.trim_end_matches('/').parse().map_err(|_| expected())?;
        if !matches!(scheme, "http" | "https") {
            return Err(expected());
        }
        let registry = registry.parse().map_err(|_| expected())?;
        Ok(Self { registry, origin: format!("{scheme}://{}", host.api_host()) })
    }
}

/// The most milliseconds of a timer in JavaScript: a longer one ends at once.
const TIME_MAX: u64 = i32::MAX as u64;

/// Parses a time: seconds, or a number with `ms`, `s`, `m` or `h` behind it.
///
/// # Errors
/// A sentence for anything else, for no time at all, and for more than timers of all hosts take.
pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let expected = || format!("expected a time such as 30s, 500ms or 2m, found {text:?}");
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().map_err(|_| expected())?;
    let milliseconds = match &text[end..] {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(expected()),
    };
    match number.checked_mul(milliseconds) {
        Some(0) => Err(expected()),
        Some(time) if time <= TIME_MAX => Ok(Duration::from_millis(time)),
        _ => Err(format!("expected a time of at most {} hours, found {text:?}", TIME_MAX / 3_600_000)),
    }
}

/// Parses `NAME: VALUE` or `NAME=VALUE`.
///
/// # Errors
/// A sentence for anything else, and for headers that the client sets itself.
pub(super) fn parse_header(text: &str) -> Result<(String, String), String> {
    let expected = || "expected a header such as X-Tenant=acme".to_owned();
    let (name, value) = text.split_once([':', '=']).ok_or_else(expected)?;
    let (name, value) = (name.trim(), value.trim());
    http::HeaderName::from_bytes(name.as_bytes()).map_err(|_| expected())?;
    http::HeaderValue::from_str(value).map_err(|_| expected())?;
    let own = ["authorization", "content-length", "content-type", "host"];
    if own.contains(&&*name.to_ascii_lowercase()) {
        return Err(format!("expected another header than {name}, which is set for each request"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_headers_and_mirrors_are_parsed_or_refused_by_name() {
        assert_eq!(parse_time("30"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_time("596h"), Ok(Duration::from_secs(596 * 3600)));
        assert_eq!(parse_time("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "0", "s", "1d", "-1", "99999999999999999999h", "9999999999h", "1000h"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_header("X-A: b=c"), Ok(("X-A".to_owned(), "b=c".to_owned())));
        assert_eq!(parse_header("X-A=b"), Ok(("X-A".to_owned(), "b".to_owned())));
        for wrong in ["X-A", "a b=c", "Authorization=Bearer x", "x=a\nb"] {
            assert!(parse_header(wrong).is_err(), "{wrong}");
        }
        let mirror = Mirror::parse("docker.io=http://mirror.example:5000").unwrap();
        assert_eq!(
            (mirror.registry.as_str(), mirror.origin.as_str()),
            ("docker.io", "http://mirror.example:5000")
        );
        for wrong in ["docker.io", "docker.io=ftp://x", "=x", "docker.io=a b"] {
            assert!(Mirror::parse(wrong).is_err(), "{wrong}");
        }
    }
}
