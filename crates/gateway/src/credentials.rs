//! Credentials of the gateway's own: sent to the registry and its token service, never to a browser.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use url::Url;

use crate::{
    refusal::Refusal,
    upstream::{Asks, Upstream},
};

/// What a token is good for when its service does not say.
const LIFETIME: Duration = Duration::from_secs(60);
/// Tokens end this much before their time.
const MARGIN: Duration = Duration::from_secs(10);
const TOKENS_MAX: usize = 1000;
const ANSWER_MAX: usize = 1024 * 1024;

/// A name and password, and the tokens that they brought.
pub(crate) struct Credentials {
    basic: HeaderValue,
    tokens: Mutex<HashMap<String, (HeaderValue, Instant)>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Credentials {
    pub(crate) fn new(user: &str, password: &str) -> Self {
        let encoded = STANDARD.encode(format!("{user}:{password}"));
        Self { basic: secret(&format!("Basic {encoded}")), tokens: Mutex::default() }
    }

    /// What to send as `Authorization` for these scopes.
    pub(crate) async fn authorization(
        &self,
        upstream: &Upstream,
        scopes: &[String],
    ) -> Result<Option<HeaderValue>, Refusal> {
        match upstream.asks().await? {
            Asks::Nothing => Ok(None),
            Asks::Basic => Ok(Some(self.basic.clone())),
            Asks::Token { realm, service } => {
                let key = scopes.join(" ");
                if let Some((token, _)) = self.tokens().get(&key).filter(|(_, end)| *end > Instant::now()) {
                    return Ok(Some(token.clone()));
                }
                let (token, lifetime) = self.fetch(upstream, realm, service, scopes).await?;
                let mut tokens = self.tokens();
                if tokens.len() >= TOKENS_MAX {
                    tokens.clear();
                }
                tokens.insert(key, (token.clone(), Instant::now() + lifetime.saturating_sub(MARGIN)));
                Ok(Some(token))
            }
        }
    }

    /// Forgets all tokens: the registry refused one.
    pub(crate) fn forget(&self) {
        self.tokens().clear();
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, (HeaderValue, Instant)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(
        &self,
        upstream: &Upstream,
        mut realm: Url,
        service: Option<String>,
        scopes: &[String],
    ) -> Result<(HeaderValue, Duration), Refusal> {
        {
            let mut query = realm.query_pairs_mut();
            query.extend_pairs(service.map(|service| ("service", service)));
            query.extend_pairs(scopes.iter().map(|scope| ("scope", scope)));
        }
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, self.basic.clone())]);
        let response = upstream.send(Method::GET, &realm, headers, Body::empty(), false).await?;
        let status = response.status();
        let refused = |reason: &str| {
            Refusal::bad_gateway(format!(
                "expected a token of {}'s token service for the gateway's own user, found {reason}",
                upstream.name
            ))
        };
        if !status.is_success() {
            return Err(refused(status.as_str()));
        }
        let body = Limited::new(response.into_body(), ANSWER_MAX)
            .collect()
            .await
            .map_err(|_| refused("an answer that broke off"))?;
        let answer: Answer =
            serde_json::from_slice(&body.to_bytes()).map_err(|_| refused("an answer that is no JSON"))?;
        let token = answer.token.or(answer.access_token).ok_or_else(|| refused("none in the answer"))?;
        let token =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| refused("an unreadable one"))?;
        Ok((token, answer.expires_in.map_or(LIFETIME, Duration::from_secs)))
    }
}

/// A value that logs do not show.
fn secret(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).expect("base64 is a header value");
    value.set_sensitive(true);
    value
}
