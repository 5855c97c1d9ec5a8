//! Credentials of one registry, or of a namespace of it, with the tokens that were given for them.

use std::{cell::RefCell, rc::Rc};

use futures_util::future::LocalBoxFuture;
use http::HeaderValue;
use tallyman_auth::{Credentials, Scopes};

use crate::{Error, authorize::Authorization, single_flight::SingleFlight};

/// Milliseconds before its end at which a token is not used any more.
const MARGIN: f64 = 2000.0;

/// A token that a registry's token service gave.
#[derive(Clone)]
pub(crate) struct Token {
    /// The scopes that it was asked for with.
    pub(crate) scopes: Scopes,
    /// The `Authorization` header that carries it.
    pub(crate) authorization: HeaderValue,
    /// The end of its lifetime, by the transport's clock.
    pub(crate) end: f64,
}

/// The credentials that a registry is used with, or none. Tokens, and requests for tokens that are under way, belong to them:
/// whoever has other credentials gets neither, and a token that comes after a renewal or a sign-out is of no use to anybody.
pub(crate) struct SignIn {
    credentials: Option<Credentials>,
    tokens: RefCell<Vec<Token>>,
    fetches: SingleFlight<String, Result<Authorization, Error>>,
}

impl SignIn {
    pub(crate) fn new(credentials: Option<Credentials>) -> Rc<Self> {
        Rc::new(Self { credentials, tokens: RefCell::default(), fetches: SingleFlight::default() })
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Returns a token that is good for `scopes` at `now`.
    pub(crate) fn token(&self, scopes: &Scopes, now: f64) -> Option<HeaderValue> {
        let mut tokens = self.tokens.borrow_mut();
        tokens.retain(|token| now < token.end - MARGIN);
        tokens.iter().find(|token| token.scopes.cover(scopes)).map(|token| token.authorization.clone())
    }

    pub(crate) fn keep_token(&self, token: Token) {
        self.tokens.borrow_mut().push(token);
    }

    /// Removes a token that the registry does not take any more.
    pub(crate) fn drop_token(&self, refused: &HeaderValue) {
        self.tokens.borrow_mut().retain(|token| token.authorization != *refused);
    }

    /// Waits for the request for a token of `scopes` that is under way; else makes one by `fetch`.
    pub(crate) async fn fetched_token(
        &self,
        scopes: &Scopes,
        fetch: impl FnOnce() -> LocalBoxFuture<'static, Result<Authorization, Error>>,
    ) -> Result<Authorization, Error> {
        self.fetches.join(scopes.to_string(), fetch).await
    }
}
