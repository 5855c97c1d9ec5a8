//! Token services, and the requests for their tokens.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};

use crate::{Credentials, HttpUrl, Scopes, url::form};

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
        if let Some(token) = credentials.and_then(Credentials::identity_token) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> HttpUrl {
        let parsed = url::Url::parse(text).unwrap();
        HttpUrl::from_normalized(parsed.as_str()).unwrap()
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
