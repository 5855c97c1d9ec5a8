//! Token services: how they are asked, and whose credentials may go there.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use tallyman_core::Registry;

use crate::{Credentials, HttpUrl, PublicRegistry, Scopes, url::form};

/// The name by which clients of registries go at token services.
const CLIENT_ID: &str = "tallyman";

/// A service that gives tokens for a registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenService {
    /// Its URL, as the registry wrote it.
    pub realm: String,
    /// The name by which it knows the registry; empty where the registry gives none.
    pub service: String,
}

/// A request for a token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// GET, or POST where a refresh token is exchanged.
    pub method: Method,
    /// The absolute URL.
    pub url: String,
    /// The headers, the credentials among them.
    pub headers: HeaderMap,
    /// The form, where there is one.
    pub body: Bytes,
}

impl TokenService {
    /// Returns the request for a token with `scopes`, where `realm` is the service's URL as it was resolved. It is the
    /// one that Docker makes: GET with a query, or a form where a refresh token is exchanged.
    pub fn request(
        &self,
        realm: &HttpUrl,
        scopes: &Scopes,
        credentials: Option<&Credentials>,
    ) -> TokenRequest {
        let mut headers = HeaderMap::new();
        if let Some(Credentials::IdentityToken(token)) = credentials {
            let scopes = scopes.to_string();
            let form = form([
                ("client_id", CLIENT_ID),
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", &scopes),
                ("service", &self.service),
            ]);
            let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, content_type);
            let url = realm.as_str().to_owned();
            return TokenRequest { method: Method::POST, url, headers, body: Bytes::from(form) };
        }
        let scopes: Vec<String> = scopes.iter().collect();
        let mut fields = Vec::new();
        if let Some(
            credentials @ (Credentials::Basic { user, .. } | Credentials::EncodedBasic { user, .. }),
        ) = credentials
        {
            fields.push(("account", user.as_str()));
            headers.extend(credentials.basic().map(|basic| (header::AUTHORIZATION, basic)));
        }
        fields.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        if !self.service.is_empty() {
            fields.push(("service", &self.service));
        }
        let url = realm.with_query(&form(fields)).to_string();
        TokenRequest { method: Method::GET, url, headers, body: Bytes::new() }
    }
}

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

    #[test]
    fn a_token_is_asked_for_as_docker_does() {
        let service = TokenService { realm: String::new(), service: "r.example".to_owned() };
        let scopes = Scopes::parse("repository:a/b:pull,push repository:c:pull");
        let basic = Credentials::Basic { user: "a b".to_owned(), password: "secret".to_owned() };
        let identity = Credentials::IdentityToken("refresh".to_owned());
        let query = "scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=repository%3Ac%3Apull&service=r.example";
        for (realm, credentials, method, expected, body) in [
            ("https://a/t", None, "GET", format!("https://a/t?{query}"), ""),
            ("https://a/t?x=y", Some(&basic), "GET", format!("https://a/t?x=y&account=a+b&{query}"), ""),
            (
                "https://a/t",
                Some(&identity),
                "POST",
                "https://a/t".to_owned(),
                "client_id=tallyman&grant_type=refresh_token&refresh_token=refresh&scope=repository%3Aa%2Fb%3Apull%2Cpush+repository%3Ac%3Apull&service=r.example",
            ),
        ] {
            let request = service.request(&url(realm), &scopes, credentials);
            assert_eq!((request.method.as_str(), request.url.as_str()), (method, expected.as_str()));
            assert_eq!(request.body, body);
            let shown = request.headers.get(header::AUTHORIZATION).map(|value| format!("{value:?}"));
            assert_eq!(shown.is_some(), matches!(credentials, Some(Credentials::Basic { .. })));
            assert!(shown.is_none_or(|shown| shown == "Sensitive"));
        }
    }
}
