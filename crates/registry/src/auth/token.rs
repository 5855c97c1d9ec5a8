//! Tokens: asked for, kept until they expire.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use tallyman_core::fields::Fields;

use super::{Credentials, Scopes, TokenService};
use crate::{Request, url};

/// Seconds that a token is taken to be good at least, whatever its service says; as Docker has it.
const LIFETIME_MIN: f64 = 60.0;
/// Milliseconds before its end at which a token is not used any more.
const MARGIN: f64 = 2000.0;
/// The name by which clients of registries go at token services.
const CLIENT_ID: &str = "tallyman";

/// A token, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// What it was asked for.
    pub(crate) scopes: Scopes,
    /// `Authorization`.
    pub(crate) header: HeaderValue,
    /// When it ends, by the transport's clock.
    until: f64,
}

impl Token {
    /// The token in a token service's answer that came at `now`.
    pub(crate) fn parse(answer: &[u8], scopes: Scopes, now: f64) -> Option<Self> {
        let answer = Fields::read(answer).ok()?;
        let text = |name| answer.text(name).ok().flatten().filter(|text| !text.is_empty());
        let token = text("token").or_else(|| text("access_token"))?;
        // Some write it with a fraction.
        let lifetime = answer.get("expires_in").and_then(|seconds| str::from_utf8(seconds).ok());
        let lifetime = lifetime.and_then(|seconds| seconds.trim().split('.').next()?.parse::<u32>().ok());
        let lifetime = lifetime.map_or(LIFETIME_MIN, |seconds| f64::from(seconds).max(LIFETIME_MIN));
        Some(Self { scopes, header: bearer(&token)?, until: now + lifetime * 1000.0 - MARGIN })
    }

    pub(crate) fn is_fresh(&self, now: f64) -> bool {
        now < self.until
    }
}

impl TokenService {
    /// The request for a token: GET, or a form where a refresh token is exchanged.
    pub(crate) fn request(&self, scopes: &Scopes, credentials: Option<&Credentials>) -> Request {
        if let Some(Credentials::IdentityToken(token)) = credentials {
            let scope = scopes.to_string();
            let form = url::form([
                ("client_id", CLIENT_ID),
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", &scope),
                ("service", &self.service),
            ]);
            let mut request = Request::new(Method::POST, self.realm.clone());
            let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
            request.headers.insert(header::CONTENT_TYPE, content_type);
            request.body = Bytes::from(form);
            return request;
        }
        let mut fields = Vec::new();
        let mut authorization = None;
        if let Some(Credentials::Basic { user, password }) = credentials {
            fields.push(("account", user.clone()));
            authorization = basic(user, password);
        }
        fields.extend(scopes.iter().map(|scope| ("scope", scope)));
        if !self.service.is_empty() {
            fields.push(("service", self.service.clone()));
        }
        let query = url::form(fields.iter().map(|(name, value)| (*name, value.as_str())));
        let mut request = Request::new(Method::GET, url::with_query(&self.realm, &query));
        if let Some(authorization) = authorization {
            request.headers.insert(header::AUTHORIZATION, authorization);
        }
        request
    }
}

impl Credentials {
    /// What is sent to the registry itself where it asks for name and password.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        match self {
            Self::Basic { user, password } => basic(user, password),
            Self::IdentityToken(_) | Self::RegistryToken(_) => None,
        }
    }

    /// What is sent to the registry itself where it asks for a token, and no service needs to be asked.
    pub(crate) fn bearer(&self) -> Option<HeaderValue> {
        match self {
            Self::RegistryToken(token) => bearer(token),
            Self::Basic { .. } | Self::IdentityToken(_) => None,
        }
    }
}

fn basic(user: &str, password: &str) -> Option<HeaderValue> {
    secret(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

fn bearer(token: &str) -> Option<HeaderValue> {
    secret(&format!("Bearer {token}"))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_name_of_a_token_is_read_and_short_lives_are_stretched() {
        let rows = [
            (r#"{"token":"a","expires_in":300}"#, Some(("Bearer a", 297_000.0))),
            (r#"{"token":"a","expires_in":300.5}"#, Some(("Bearer a", 297_000.0))),
            (r#"{"access_token":"b"}"#, Some(("Bearer b", 57_000.0))),
            (r#"{"token":"","access_token":"b","expires_in":5}"#, Some(("Bearer b", 57_000.0))),
            (r#"{"token":"c","expires_in":null}"#, Some(("Bearer c", 57_000.0))),
            (r#"{"token":"line\nbreak"}"#, None),
            (r#"{"expires_in":300}"#, None),
            ("no JSON", None),
        ];
        for (answer, expected) in rows {
            let token = Token::parse(answer.as_bytes(), Scopes::default(), 0.0);
            assert_eq!(token.as_ref().map(|token| token.header.to_str().unwrap()), expected.map(|row| row.0));
            if let (Some(token), Some((_, until))) = (token, expected) {
                assert!(token.is_fresh(until) && !token.is_fresh(until + 2000.0), "{answer}");
            }
        }
    }

    #[test]
    fn secrets_are_not_told_by_debug() {
        let credentials = Credentials::Basic { user: "user".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{credentials:?}"), "Basic(\"user\", …)");
        let service = TokenService { realm: "https://a/token".to_owned(), service: String::new() };
        let request = service.request(&Scopes::default(), Some(&credentials));
        assert!(!format!("{request:?}").contains("dXNlcjpzZWNyZXQ"));
    }
}
