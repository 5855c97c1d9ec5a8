//! Credentials of the gateway's own: sent to the registry and its token service, never to a browser.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::HeaderValue;
use tallyman_auth::{Credentials as Login, Scopes, TokenAnswer};

/// Tokens end this much before their time.
const MARGIN: Duration = Duration::from_secs(10);
const TOKENS_MAX: usize = 1000;

/// A name and password, and the tokens that they brought.
pub(crate) struct Credentials {
    pub(crate) login: Login,
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

    /// Returns the token for these scopes, if there is one that goes on.
    pub(crate) fn token(&self, scopes: &Scopes) -> Option<HeaderValue> {
        let tokens = self.tokens();
        let (token, end) = tokens.get(&scopes.to_string())?;
        (*end > Instant::now()).then(|| token.clone())
    }

    /// Remembers a token for these scopes.
    pub(crate) fn remember(&self, scopes: &Scopes, answer: &TokenAnswer) {
        let mut tokens = self.tokens();
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        let end = Instant::now() + answer.lifetime.saturating_sub(MARGIN);
        tokens.insert(scopes.to_string(), (answer.authorization.clone(), end));
    }

    /// Forgets the token with this `Authorization` header, which the registry refused.
    pub(crate) fn forget(&self, refused: &HeaderValue) {
        self.tokens().retain(|_, (token, _)| token != refused);
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, (HeaderValue, Instant)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
