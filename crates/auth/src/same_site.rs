//! The addresses to which credentials of a registry may go.

use tallyman_core::Registry;

use crate::{HttpUrl, PublicRegistry};

/// Returns `true` if credentials for `registry` may go to `url` without asking: the same host on any port, one of the
/// two below the other, or the token service that is known of a public registry.
pub fn is_same_site(registry: &Registry, url: &HttpUrl) -> bool {
    let (registry_host, host) = (registry.host().to_ascii_lowercase(), url.host());
    let is_known = || {
        let known = PublicRegistry::by_name(registry)?;
        Some(known.realm_origin() == url.origin())
    };
    registry_host == host
        || is_below(&registry_host, host)
        || is_below(host, &registry_host)
        || is_known().unwrap_or_default()
}

/// Returns `true` if credentials that were sent to a token service at `from` may follow its redirect to `to`, as in Go: to
/// the same host on any port, or to one below it. Never from TLS to plain HTTP.
pub fn may_follow_redirect(from: &HttpUrl, to: &HttpUrl) -> bool {
    let is_as_safe = from.scheme() == to.scheme() || to.scheme() == "https";
    is_as_safe && (from.host() == to.host() || is_below(to.host(), from.host()))
}

/// Returns the URL by which to reach a `Location` that the registry at `own` named: on its own host never by less than its own
/// scheme, because behind a proxy registries often do not know by which one they are called. `None` for plain HTTP at another
/// host if `only_tls`.
pub fn safe_location(own: &HttpUrl, location: HttpUrl, only_tls: bool) -> Option<HttpUrl> {
    if location.scheme() == "https" {
        return Some(location);
    }
    let by_own_scheme = location.with_scheme(own.scheme());
    if by_own_scheme.origin() == own.origin() {
        return Some(by_own_scheme);
    }
    (!only_tls).then_some(location)
}

/// Returns `true` if a host is a subdomain of `parent`.
fn is_below(host: &str, parent: &str) -> bool {
    parent.contains('.')
        && host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
        && !is_address(host)
}

/// Returns `true` if a host is an IP address, which is below nothing.
fn is_address(host: &str) -> bool {
    host.contains(':') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> HttpUrl {
        let parsed = url::Url::parse(text).unwrap();
        HttpUrl::from_normalized(parsed.as_str()).unwrap()
    }

    #[test]
    fn credentials_follow_redirects_on_the_same_site_alone() {
        let rows = [
            ("https://r.example/token", "https://r.example/token/", true),
            ("https://r.example/token", "https://r.example:8443/token", true),
            ("https://r.example/token", "https://auth.r.example/token", true),
            ("http://r.example/token", "https://r.example/token", true),
            ("https://r.example/token", "http://r.example/token", false),
            ("https://auth.r.example/token", "https://r.example/token", false),
            ("https://r.example/token", "https://r.example.thief.test/token", false),
            ("https://r.example/token", "https://thiefr.example/token", false),
            ("http://127.0.0.1/token", "http://localhost/token", false),
            ("http://localhost/token", "http://thief.localhost/token", false),
        ];
        for (from, to, expected) in rows {
            assert_eq!(may_follow_redirect(&url(from), &url(to)), expected, "{from} {to}");
        }
    }

    #[test]
    fn locations_of_a_registry_with_tls_are_reached_by_tls() {
        let rows = [
            ("https://r.example/v2/", "http://r.example/v2/a?b", true, Some("https://r.example/v2/a?b")),
            ("https://r.example/v2/", "http://r.example:443/v2/a", true, Some("https://r.example/v2/a")),
            ("https://r.example:5000/v2/", "http://r.example:5000/a", true, Some("https://r.example:5000/a")),
            ("https://[::1]:5000/v2/", "http://[::1]:5000/a", true, Some("https://[::1]:5000/a")),
            ("https://r.example/v2/", "http://r.example/a", false, Some("https://r.example/a")),
            ("https://r.example/v2/", "https://s.example/a", true, Some("https://s.example/a")),
            ("https://r.example/v2/", "http://s.example/a", true, None),
            ("https://r.example/v2/", "http://r.example:5000/a", true, None),
            ("https://r.example/v2/", "http://s.example/a", false, Some("http://s.example/a")),
            ("http://r.example/v2/", "http://r.example/a", false, Some("http://r.example/a")),
            ("http://r.example/v2/", "https://r.example/a", false, Some("https://r.example/a")),
        ];
        for (own, location, only_tls, expected) in rows {
            let found = safe_location(&url(own), url(location), only_tls);
            assert_eq!(found, expected.map(url), "{own} {location} {only_tls}");
        }
    }

    #[test]
    fn credentials_go_to_the_registrys_own_site() {
        let rows = [
            ("r.example:5000/a", "https://r.example:5001/token", true),
            ("r.example/a", "https://R.Example/token", true),
            ("R.example/a", "https://r.example/token", true),
            ("[::1]:5000/a", "http://[::1]:5001/token", true),
            ("127.0.0.1:5000/a", "http://127.0.0.1:5001/token", true),
            ("127.0.0.1:5000/a", "http://[::1]:5001/token", false),
            ("r.example.org/a", "https://example.org/jwt/auth", true),
            ("example.org/a", "https://auth.example.org/token", true),
            ("r.example.org/a", "https://auth.example.org/token", false),
            ("r.example.org/a", "https://org/token", false),
            ("r.example.org/a", "https://evil.test/r.example.org", false),
            ("evilexample.org/a", "https://example.org/", false),
            ("alpine", "https://auth.docker.io/token", true),
            ("alpine", "http://auth.docker.io/token", true),
            ("alpine", "https://auth.docker.io.evil.test/token", false),
            ("registry.gitlab.com/a/b", "https://gitlab.com/jwt/auth", true),
            // Forms that other parsers read otherwise: the platform's reading is what counts.
            ("127.0.0.1:5000/a", "http:\\\\thief.test\\x?x://127.0.0.1/", false),
            ("r.example/a", "https:/\\thief.test/x://r.example/", false),
            ("r.example/a", "https://thief.test\\@r.example/", false),
        ];
        for (reference, realm, expected) in rows {
            let reference: tallyman_core::Reference = reference.parse().unwrap();
            assert_eq!(is_same_site(reference.registry(), &url(realm)), expected, "{reference} {realm}");
        }
    }
}
