//! The state that a client keeps for one registry.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use http::HeaderValue;
use tallyman_auth::{Challenge, Credentials, Scopes};

use crate::{semaphore::Semaphore, upload::UploadWay};

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

/// The knowledge of one registry so far.
#[derive(Debug)]
pub(crate) struct Session {
    /// The permit of the request that goes ahead alone, as long as nothing is known: what it learns, all others need.
    pub(crate) first_request: Semaphore,
    /// The permits of requests. Their number falls if the registry does not take so many at a time.
    pub(crate) requests: Semaphore,
    scheme: Cell<Option<&'static str>>,
    challenge: RefCell<Option<Challenge>>,
    credentials: RefCell<Option<Option<Rc<Credentials>>>>,
    renewals: Cell<u32>,
    tokens: RefCell<Vec<Token>>,
    has_referrers: Cell<Option<bool>>,
    has_been_pinged: Cell<bool>,
    upload_way: Cell<Option<UploadWay>>,
}

impl Session {
    /// Makes a session of which nothing is known, for so many requests at a time.
    pub(crate) fn new(concurrency: usize) -> Self {
        Self {
            first_request: Semaphore::new(1),
            requests: Semaphore::new(concurrency),
            scheme: Cell::default(),
            challenge: RefCell::default(),
            credentials: RefCell::default(),
            renewals: Cell::default(),
            tokens: RefCell::default(),
            has_referrers: Cell::default(),
            has_been_pinged: Cell::default(),
            upload_way: Cell::default(),
        }
    }

    /// Returns `http` or `https` once the registry has answered.
    pub(crate) fn scheme(&self) -> Option<&'static str> {
        self.scheme.get()
    }

    pub(crate) fn set_scheme(&self, scheme: &'static str) {
        self.scheme.set(Some(scheme));
    }

    /// Returns the last challenge, if there was one.
    pub(crate) fn challenge(&self) -> Option<Challenge> {
        self.challenge.borrow().clone()
    }

    pub(crate) fn set_challenge(&self, challenge: Challenge) {
        self.challenge.replace(Some(challenge));
    }

    /// Returns the credentials once they have been asked for.
    pub(crate) fn credentials(&self) -> Option<Option<Rc<Credentials>>> {
        self.credentials.borrow().clone()
    }

    pub(crate) fn set_credentials(&self, credentials: Option<Rc<Credentials>>) {
        self.credentials.replace(Some(credentials));
    }

    /// The number of times that other credentials were asked for after a refusal.
    pub(crate) fn renewals(&self) -> u32 {
        self.renewals.get()
    }

    /// Takes note that other credentials were asked for. If there are some, tokens of the former ones are dropped.
    pub(crate) fn set_renewed(&self, renewed: Option<Rc<Credentials>>) {
        self.renewals.set(self.renewals.get().wrapping_add(1));
        if renewed.is_some() {
            self.set_credentials(renewed);
            self.tokens.borrow_mut().clear();
        }
    }

    /// Returns `true` if the registry has the referrers API; `None` if that is not known.
    pub(crate) fn has_referrers(&self) -> Option<bool> {
        self.has_referrers.get()
    }

    pub(crate) fn set_has_referrers(&self, has_referrers: bool) {
        self.has_referrers.set(Some(has_referrers));
    }

    /// Returns `true` if `/v2/` was asked for a challenge.
    pub(crate) fn has_been_pinged(&self) -> bool {
        self.has_been_pinged.get()
    }

    pub(crate) fn set_pinged(&self) {
        self.has_been_pinged.set(true);
    }

    /// Returns the way by which the registry last took a blob; `None` if it has taken none yet.
    pub(crate) fn upload_way(&self) -> Option<UploadWay> {
        self.upload_way.get()
    }

    pub(crate) fn set_upload_way(&self, way: UploadWay) {
        self.upload_way.set(Some(way));
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
}
