//! Token services: which there are, and which belong to whom.

use tallyman_core::Registry;

use crate::url;

/// A service that gives tokens for a registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenService {
    /// Its URL.
    pub realm: String,
    /// The name by which the registry goes there.
    pub service: String,
}

/// Registry, realm, service: public registries whose token services are known, as their own challenges say.
const PUBLIC: [(&str, &str, &str); 5] = [
    ("docker.io", "https://auth.docker.io/token", "registry.docker.io"),
    ("ghcr.io", "https://ghcr.io/token", "ghcr.io"),
    ("quay.io", "https://quay.io/v2/auth", "quay.io"),
    ("registry.gitlab.com", "https://gitlab.com/jwt/auth", "container_registry"),
    ("public.ecr.aws", "https://public.ecr.aws/token/", "public.ecr.aws"),
];

/// The token service of a public registry, for where the browser hides its challenge.
pub(crate) fn public_service(registry: &Registry) -> Option<TokenService> {
    let (_, realm, service) = PUBLIC.iter().find(|(name, ..)| *name == registry.as_str())?;
    Some(TokenService { realm: (*realm).to_owned(), service: (*service).to_owned() })
}

/// Whether credentials for `registry` may go to `realm` without asking: the same host on any port, one of the two
/// below the other, or a pair that is known to belong together.
pub(crate) fn is_same_site(registry: &Registry, realm: &str) -> bool {
    let (registry_host, realm_host) = (registry.host(), url::host(realm));
    let below = |host: &str, parent: &str| {
        parent.contains('.')
            && host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
            && !is_address(host)
    };
    registry_host.eq_ignore_ascii_case(realm_host)
        || below(registry_host, realm_host)
        || below(realm_host, registry_host)
        || public_service(registry).is_some_and(|service| url::origin(&service.realm) == url::origin(realm))
}

/// Whether a host is an IP address, which is below nothing.
fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_to_the_registrys_own_site() {
        let rows = [
            ("r.example:5000/a", "https://r.example:5001/token", true),
            ("r.example/a", "https://R.Example/token", true),
            ("127.0.0.1:5000/a", "http://127.0.0.1:5001/token", true),
            ("127.0.0.1:5000/a", "http://1.127.0.0.1:5001/token", false),
            ("r.example.org/a", "https://example.org/jwt/auth", true),
            ("example.org/a", "https://auth.example.org/token", true),
            ("r.example.org/a", "https://auth.example.org/token", false),
            ("r.example.org/a", "https://org/token", false),
            ("r.example.org/a", "https://evil.test/r.example.org", false),
            ("r.example.org/a", "https://r.example.org@evil.test/", false),
            ("evilexample.org/a", "https://example.org/", false),
            ("alpine", "https://auth.docker.io/token", true),
            ("alpine", "https://auth.docker.io.evil.test/token", false),
            ("registry.gitlab.com/a/b", "https://gitlab.com/jwt/auth", true),
        ];
        for (reference, realm, expected) in rows {
            let reference: tallyman_core::Reference = reference.parse().unwrap();
            assert_eq!(is_same_site(reference.registry(), realm), expected, "{reference} {realm}");
        }
    }
}
