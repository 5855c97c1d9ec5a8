//! Credentials of the gateway's own: sent to the registry and its token service, never to a browser.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Body;
use http::HeaderValue;
use http_body_util::{BodyExt as _, Limited};
use tallyman_auth::{Credentials as Login, HttpUrl, Scopes, TokenAnswer, TokenService};
use url::Url;

use crate::{
    refusal::Refusal,
    upstream::{AuthScheme, Upstream},
};

/// Tokens end this much before their time.
const MARGIN: Duration = Duration::from_secs(10);
const TOKENS_MAX: usize = 1000;
const ANSWER_MAX: usize = 1024 * 1024;

/// A name and password, and the tokens that they brought.
pub(crate) struct Credentials {
    login: Login,
    tokens: Mutex<HashMap<String, (HeaderValue, Instant)>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    pub(crate) fn new(user: &str, password: &str) -> Self {
        let login = Login::Basic { user: user.to_owned(), password: password.to_owned() };
        Self { login, tokens: Mutex::default() }
    }

    /// Returns the `Authorization` header for these scopes.
    pub(crate) async fn authorization(
        &self,
        upstream: &Upstream,
        scopes: &Scopes,
    ) -> Result<Option<HeaderValue>, Refusal> {
        match upstream.auth_scheme().await? {
            AuthScheme::None => Ok(None),
            AuthScheme::Basic => Ok(self.login.basic()),
            AuthScheme::Bearer { realm, service } => {
                let key = scopes.to_string();
                if let Some((token, _)) = self.tokens().get(&key).filter(|(_, end)| *end > Instant::now()) {
                    return Ok(Some(token.clone()));
                }
                let (token, lifetime) = self.fetch(upstream, &realm, &service, scopes).await?;
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
        realm: &Url,
        service: &TokenService,
        scopes: &Scopes,
    ) -> Result<(HeaderValue, Duration), Refusal> {
        let refused = |reason: &str| {
            Refusal::bad_gateway(format!(
                "expected a token of {}'s token service for the gateway's own user, found {reason}",
                upstream.name
            ))
        };
        let realm = HttpUrl::from_normalized(realm.as_str()).map_err(|error| refused(&error.to_string()))?;
        let request = service.request(&realm, scopes, Some(&self.login));
        let url = Url::parse(&request.url).map_err(|error| refused(&error.to_string()))?;
        let body = Body::from(request.body);
        let response = upstream.send(request.method, &url, request.headers, body).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(refused(status.as_str()));
        }
        let body = Limited::new(response.into_body(), ANSWER_MAX)
            .collect()
            .await
            .map_err(|_| refused("an answer that broke off"))?;
        let answer = TokenAnswer::parse(&body.to_bytes()).map_err(|error| refused(&error.to_string()))?;
        Ok((answer.authorization, answer.lifetime))
    }
}
