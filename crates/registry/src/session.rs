//! The state that a client keeps for one registry.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
};

use bytes::Bytes;
use tallyman_auth::{Challenge, CredentialError, Credentials};
use tallyman_core::Digest;

use crate::{
    Error, FetchedManifest, retry::Waits, semaphore::Semaphore, sign_in::SignIn, single_flight::SingleFlight,
    upload::UploadWay,
};

/// Milliseconds for which a repository is taken to be without the referrers API.
const WITHOUT_REFERRERS: f64 = 5.0 * 60.0 * 1000.0;
/// Milliseconds for which a mirror that did not answer is not asked.
const WITHOUT_MIRROR: f64 = 60.0 * 1000.0;

/// The knowledge of the referrers API of a repository.
#[derive(Clone, Copy)]
enum ReferrersApi {
    Answers,
    /// The server has no such route, since this time of the transport's clock.
    MissingSince(f64),
}

/// The knowledge of one registry so far.
pub(crate) struct Session {
    /// The permit of the request that goes ahead alone, as long as nothing is known: what it learns, all others need.
    pub(crate) first_request: Semaphore,
    /// The permits of requests. Their number falls if the registry does not take so many at a time.
    pub(crate) requests: Semaphore,
    /// The waits of requests that are sent again. All sessions of the registry share them: some are still under way when there is
    /// another session.
    pub(crate) waits: Rc<Waits>,
    scheme: Cell<Option<&'static str>>,
    /// `true` if an answer came by the scheme.
    scheme_has_answered: Cell<bool>,
    challenge: RefCell<Option<Challenge>>,
    /// The sign-ins by namespace; the empty one is the registry as a whole.
    sign_ins: RefCell<HashMap<String, Rc<SignIn>>>,
    /// Calls of the source of credentials under way, by namespace: they go on while one request waits for them.
    pub(crate) credentials: SingleFlight<String, Result<Option<Credentials>, CredentialError>>,
    /// The number of renewals by namespace.
    renewals: RefCell<HashMap<String, u32>>,
    /// Requests under way, which several callers may wait for. They are the session's, so that nobody joins one that was begun
    /// before a sign-in or a sign-out. The number is that of the deletions before it.
    pub(crate) manifests: SingleFlight<(u32, String), Result<FetchedManifest, Error>>,
    pub(crate) blobs: SingleFlight<(u32, String, Digest), Result<Bytes, Error>>,
    deletions: Cell<u32>,
    referrers_apis: RefCell<HashMap<String, ReferrersApi>>,
    has_been_pinged: Cell<bool>,
    upload_way: Cell<Option<UploadWay>>,
    /// The time of the transport's clock at which the mirror did not answer.
    mirror_failed: Cell<Option<f64>>,
}

impl Session {
    /// Makes a session of which nothing is known, for so many requests at a time.
    pub(crate) fn new(concurrency: usize, waits: Rc<Waits>) -> Self {
        Self {
            first_request: Semaphore::new(1),
            requests: Semaphore::new(concurrency),
            waits,
            scheme: Cell::default(),
            scheme_has_answered: Cell::default(),
            challenge: RefCell::default(),
            sign_ins: RefCell::default(),
            credentials: SingleFlight::default(),
            renewals: RefCell::default(),
            manifests: SingleFlight::default(),
            blobs: SingleFlight::default(),
            deletions: Cell::default(),
            referrers_apis: RefCell::default(),
            has_been_pinged: Cell::default(),
            upload_way: Cell::default(),
            mirror_failed: Cell::default(),
        }
    }

    /// Returns `http` or `https` once the registry has answered, or has shown that it speaks no other.
    pub(crate) fn scheme(&self) -> Option<&'static str> {
        self.scheme.get()
    }

    pub(crate) fn set_scheme(&self, scheme: &'static str) {
        self.scheme.set(Some(scheme));
        self.scheme_has_answered.set(true);
    }

    /// Takes note of the scheme that the registry seems to speak, before there is an answer.
    pub(crate) fn assume_scheme(&self, scheme: &'static str) {
        self.scheme.set(Some(scheme));
    }

    /// Forgets a scheme that was assumed, if no answer came by it.
    pub(crate) fn drop_assumed_scheme(&self) {
        if !self.scheme_has_answered.get() {
            self.scheme.set(None);
        }
    }

    /// Returns the last challenge, if there was one.
    pub(crate) fn challenge(&self) -> Option<Challenge> {
        self.challenge.borrow().clone()
    }

    pub(crate) fn set_challenge(&self, challenge: Challenge) {
        self.challenge.replace(Some(challenge));
    }

    /// Returns the credentials that a namespace is used with, once they have been asked for. The empty one is the registry as a
    /// whole.
    pub(crate) fn sign_in(&self, namespace: &str) -> Option<Rc<SignIn>> {
        self.sign_ins.borrow().get(namespace).cloned()
    }

    pub(crate) fn set_sign_in(&self, namespace: &str, sign_in: Rc<SignIn>) {
        self.sign_ins.borrow_mut().insert(namespace.to_owned(), sign_in);
    }

    /// The number of times that other credentials for a namespace were asked for after a refusal.
    pub(crate) fn renewals(&self, namespace: &str) -> u32 {
        self.renewals.borrow().get(namespace).copied().unwrap_or_default()
    }

    /// Takes note that other credentials for a namespace were asked for, and of those that there are.
    pub(crate) fn set_renewed(&self, namespace: &str, renewed: Option<Rc<SignIn>>) {
        *self.renewals.borrow_mut().entry(namespace.to_owned()).or_default() += 1;
        if let Some(renewed) = renewed {
            self.set_sign_in(namespace, renewed);
        }
    }

    /// The number of times that content was deleted from the registry.
    pub(crate) fn deletions(&self) -> u32 {
        self.deletions.get()
    }

    /// Takes note that content was deleted.
    pub(crate) fn set_deleted(&self) {
        self.deletions.set(self.deletions.get().wrapping_add(1));
    }

    /// Returns `true` if a repository has the referrers API, `false` if it was found to have none some minutes ago at most; `None`
    /// if that is not known.
    pub(crate) fn has_referrers(&self, repository: &str, now: f64) -> Option<bool> {
        match self.referrers_apis.borrow().get(repository)? {
            ReferrersApi::Answers => Some(true),
            ReferrersApi::MissingSince(since) => (now - since < WITHOUT_REFERRERS).then_some(false),
        }
    }

    /// Takes note that the referrers API of a repository has answered.
    pub(crate) fn set_has_referrers(&self, repository: &str) {
        self.referrers_apis.borrow_mut().insert(repository.to_owned(), ReferrersApi::Answers);
    }

    /// Takes note that a repository seems to have no referrers API. One that has answered is not given up.
    pub(crate) fn set_has_no_referrers(&self, repository: &str, now: f64) {
        let mut apis = self.referrers_apis.borrow_mut();
        let api = apis.entry(repository.to_owned()).or_insert(ReferrersApi::MissingSince(now));
        if let ReferrersApi::MissingSince(since) = api {
            *since = now;
        }
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

    /// Returns `true` if the registry's mirror did not answer a short while ago.
    pub(crate) fn mirror_is_silent(&self, now: f64) -> bool {
        self.mirror_failed.get().is_some_and(|failed| now - failed < WITHOUT_MIRROR)
    }

    /// Takes note that the mirror does not answer.
    pub(crate) fn set_mirror_failed(&self, now: f64) {
        self.mirror_failed.set(Some(now));
    }
}
