//! What a client has learnt of one registry.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use http::HeaderValue;

use tallyman_auth::{Challenge, Credentials, Scopes};

use crate::turns::Turns;

/// Milliseconds before its end at which a token is not used any more.
const MARGIN: f64 = 2000.0;

/// A token that a registry's token service gave.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The scopes that it was asked for with.
    pub(crate) scopes: Scopes,
    /// The `Authorization` header that carries it.
    pub(crate) authorization: HeaderValue,
    /// The end of its lifetime, by the transport's clock.
    pub(crate) end: f64,
}

/// What is known of one registry so far.
#[derive(Debug)]
pub(crate) struct Session {
    /// Those who know nothing go one by one, so that they do not all run into the same wall.
    pub(crate) door: Turns,
    scheme: Cell<Option<&'static str>>,
    challenge: RefCell<Option<Challenge>>,
    credentials: RefCell<Option<Option<Rc<Credentials>>>>,
    tokens: RefCell<Vec<Token>>,
    has_referrers: Cell<Option<bool>>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            door: Turns::new(1),
            scheme: Cell::default(),
            challenge: RefCell::default(),
            credentials: RefCell::default(),
            tokens: RefCell::default(),
            has_referrers: Cell::default(),
        }
    }
}

impl Session {
    /// `http` or `https`, once the registry has answered.
    pub(crate) fn scheme(&self) -> Option<&'static str> {
        self.scheme.get()
    }

    pub(crate) fn answered_by(&self, scheme: &'static str) {
        self.scheme.set(Some(scheme));
    }

    /// What it asks for, as far as is known.
    pub(crate) fn challenge(&self) -> Option<Challenge> {
        self.challenge.borrow().clone()
    }

    pub(crate) fn challenged(&self, challenge: Challenge) {
        self.challenge.replace(Some(challenge));
    }

    /// The credentials, once they have been asked for.
    pub(crate) fn credentials(&self) -> Option<Option<Rc<Credentials>>> {
        self.credentials.borrow().clone()
    }

    pub(crate) fn keep_credentials(&self, credentials: Option<Rc<Credentials>>) {
        self.credentials.replace(Some(credentials));
    }

    /// Whether it has the referrers API, as far as is known.
    pub(crate) fn has_referrers(&self) -> Option<bool> {
        self.has_referrers.get()
    }

    pub(crate) fn set_referrers(&self, has_referrers: bool) {
        self.has_referrers.set(Some(has_referrers));
    }

    /// A token that is good for `scopes` at `now`.
    pub(crate) fn token(&self, scopes: &Scopes, now: f64) -> Option<HeaderValue> {
        let mut tokens = self.tokens.borrow_mut();
        tokens.retain(|token| now < token.end - MARGIN);
        tokens.iter().find(|token| token.scopes.cover(scopes)).map(|token| token.authorization.clone())
    }

    pub(crate) fn keep_token(&self, token: Token) {
        self.tokens.borrow_mut().push(token);
    }

    /// Forgets a token that the registry does not take any more.
    pub(crate) fn drop_token(&self, refused: &HeaderValue) {
        self.tokens.borrow_mut().retain(|token| token.authorization != *refused);
    }
}
