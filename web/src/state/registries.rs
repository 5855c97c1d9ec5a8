//! The one client of the app, and the registries that it knows.

pub mod accounts;
pub mod gateway_transport;
pub mod pasted_manifests;
mod pending_requests;
pub mod permissions;
pub mod samples;
pub mod settings;
mod sign_out_all;

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
    rc::{Rc, Weak},
    time::Duration,
};

use gloo_events::EventListener;
use tallyman_core::{ManifestList, Registry};
use tallyman_registry::{Access, CacheStorage, Client, ContentStore, Credentials, Error, Event};
use yew::prelude::*;

use crate::{
    browser::storage::{self, Keep},
    state::{files::kept_layers, inspection::last_seen, problem::Problem},
};
use accounts::{Account, Accounts, Key};
use gateway_transport::GatewayTransport;
use pending_requests::PendingRequests;
use permissions::Permissions;
use settings::Settings;

/// Access to registries: one client, so that what is known of a registry is fetched once.
pub struct Registries {
    /// Made when it is first asked for: the start page asks no registry, and is loaded without what asks. Nor with what drops a
    /// client, so it is held as what can be done with one.
    client: OnceCell<Box<dyn Held>>,
    accounts: Rc<Accounts>,
    permissions: Rc<Permissions>,
    /// The hosts beside which nothing is asked; `None` if everything may be.
    closed: Option<Vec<String>>,
    observer: Rc<dyn Fn(RetryEvent)>,
    /// Requests without an answer.
    pending: Rc<PendingRequests>,
    /// Changes so far, by host.
    changes: RefCell<HashMap<String, Changes>>,
    /// Changes so far of the settings of the app's server, which are about every registry.
    refreshes: u32,
    /// The ones before those changes, by which pushes that began then may still run.
    earlier: Vec<Weak<Self>>,
    /// Told when what is known of a registry changes.
    changed: Callback<()>,
    /// Told whether a proxy in front of the app's server wants people to sign in again.
    session_ended: Callback<bool>,
}

/// A client that is made.
trait Held {
    fn client(&self) -> &Client;

    /// Forgets what is known of the registry at `host`.
    fn forget(&self, host: &str);

    /// Sends what waits to be sent again to a registry.
    fn retry_now(&self, registry: &Registry);
}

impl Held for Client {
    fn client(&self) -> &Client {
        self
    }

    fn forget(&self, host: &str) {
        if let Ok(registry) = host.parse() {
            Self::forget(self, &registry);
        }
    }

    fn retry_now(&self, registry: &Registry) {
        Self::retry_now(self, registry);
    }
}

/// News of requests that are sent again.
pub enum RetryEvent {
    /// One will be sent again.
    Waits(Retry),
    /// All those to a registry have ended.
    Ended(Registry),
}

/// A request that will be sent again.
pub struct Retry {
    /// The registry.
    pub registry: Registry,
    /// The number of attempts so far.
    pub attempt: u32,
    /// The wait before the next.
    pub wait: Duration,
    /// The reason, in one sentence without its full stop.
    pub why: String,
}

/// Counts how often settings or credentials changed: whoever asked before may ask again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision(pub u32);

impl Reducible for Revision {
    type Action = ();

    fn reduce(self: Rc<Self>, (): ()) -> Rc<Self> {
        Rc::new(Self(self.0 + 1))
    }
}

/// Counts of what changed about one registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// All changes: what failed may be tried again.
    pub all: u32,
    /// Changes after which nobody is signed in: what needed credentials may not be shown.
    pub sign_outs: u32,
}

impl Registries {
    /// A client of this browser tab, which tells `observer` of requests that it sends again. As in the Docker Engine,
    /// registries on loopback may speak plain HTTP. Those that have a gateway are asked through it.
    pub fn new(
        settings: &Settings,
        observer: impl Fn(RetryEvent) + 'static,
        changed: impl Into<Callback<()>>,
        session_ended: impl Into<Callback<bool>>,
    ) -> Self {
        let accounts = Rc::new(Accounts::new(settings));
        Self {
            client: OnceCell::new(),
            permissions: Rc::new(Permissions::new(Rc::clone(&accounts), settings)),
            accounts,
            closed: (!settings.features.direct).then(|| settings.hosts()),
            observer: Rc::new(observer),
            pending: Rc::default(),
            changes: RefCell::default(),
            refreshes: 0,
            earlier: Vec::new(),
            changed: changed.into(),
            session_ended: session_ended.into(),
        }
    }

    /// These registries in place of `before`, after the settings of the app's server have changed: what was set there and is not stored
    /// stays, and whatever failed may be tried again.
    pub fn following(self, before: &Rc<Self>) -> Self {
        self.accounts.take_over(&before.accounts);
        let under_way = before.earlier.iter().filter(|earlier| earlier.strong_count() > 0).cloned();
        Self {
            pending: Rc::clone(&before.pending),
            changes: before.changes.clone(),
            refreshes: before.refreshes + 1,
            earlier: under_way.chain([Rc::downgrade(before)]).collect(),
            ..self
        }
    }

    /// Tells that the settings of the app's server have changed, if these registries follow others.
    pub fn tell_of_refresh(&self) {
        if self.refreshes > 0 {
            self.changed.emit(());
        }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        let held = self.client.get_or_init(|| {
            let accounts = Rc::clone(&self.accounts);
            let access = move |registry: &Registry| {
                // How the gateway speaks to a registry is the gateway's matter; here either scheme means the same.
                let account = accounts.of(registry.as_str());
                let is_plain = registry.is_loopback() || account.insecure || !account.gateway.is_empty();
                if is_plain { Access::PlainFirst } else { Access::Tls }
            };
            let accounts = Rc::clone(&self.accounts);
            let lookup = Box::new(move |host: &str| accounts.way(host));
            let transport = GatewayTransport::new(
                lookup,
                Rc::clone(&self.permissions),
                Rc::clone(&self.pending),
                self.closed.clone(),
                self.session_ended.clone(),
            );
            let observer = Rc::clone(&self.observer);
            let client = Client::builder(Rc::new(transport))
                .access(access)
                .credentials(Rc::clone(&self.accounts) as _)
                .content(Rc::new(CacheStorage))
                .observer(move |event: &Event| match event {
                    Event::Retry { registry, error, wait, attempt } => {
                        let (registry, why) = (registry.clone(), Problem::of_request(registry, error).title);
                        observer(RetryEvent::Waits(Retry { registry, attempt: *attempt, wait: *wait, why }));
                    }
                    Event::RetriesEnded { registry } => observer(RetryEvent::Ended(registry.clone())),
                    _ => {}
                })
                .build();
            Box::new(client)
        });
        held.client()
    }

    /// Returns the registry that has not answered for the longest time, of at least `time`, and the path that it was asked for.
    pub fn longest_pending(&self, time: Duration) -> Option<(String, String)> {
        self.pending.longest(time)
    }

    /// Returns the settings and credentials of registries.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Returns the flags that a command line needs in a shell for `registries`: those on loopback mostly speak plain HTTP, and so
    /// do those that the settings call insecure.
    pub fn insecure_flags<'a>(
        &self,
        registries: impl IntoIterator<Item = &'a Registry>,
    ) -> &'static [&'static str] {
        let is_insecure =
            |registry: &Registry| registry.is_loopback() || self.accounts.of(registry.as_str()).insecure;
        if registries.into_iter().any(is_insecure) { &["--insecure"] } else { &[] }
    }

    /// Returns the flags that a command line needs in a shell for the registries of a list and of its images.
    pub fn insecure_flags_of(&self, list: &ManifestList) -> &'static [&'static str] {
        let images = list.iter().map(|entry| entry.reference.registry());
        self.insecure_flags(images.chain([list.reference().registry()]))
    }

    /// Returns the rules about what may be done to registries.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Keeps what the person changed of a registry's settings, from `before` as they were shown, and says whether the browser stored it.
    pub fn save(&self, before: &Account, account: Account) -> bool {
        let host = account.host.clone();
        let stored = self.accounts.save(before, account);
        self.changed(&host);
        stored
    }

    /// Removes a registry's settings and credentials.
    pub fn remove(&self, host: &str) {
        self.accounts.remove(host);
        forget_content(host);
        self.signed_out(host);
    }

    /// Brings back the settings of a registry that was removed, and the credentials that it had.
    pub fn restore(&self, account: Account, key: Option<&Key>) {
        let host = account.host.clone();
        self.accounts.save(&self.accounts.of(&host), account);
        if let Some(key) = key {
            self.accounts.unlock(&host, key);
        }
        self.changed(&host);
    }

    /// Signs in, once the registry has taken the credentials. Says whether the browser kept them as long as was asked. Until then they
    /// are this page's alone, and those that are kept stay where other tabs find them.
    ///
    /// # Errors
    /// Any [`Error`] of the registry; who was signed in before still is.
    pub async fn sign_in(
        &self,
        registry: &Registry,
        credentials: Credentials,
        keep: Keep,
    ) -> Result<bool, Error> {
        let host = registry.as_str();
        let before = self.accounts.replace_in_page(host, Some(&credentials));
        let client = self.client();
        client.forget(registry);
        if let Err(error) = client.check(registry).await {
            // A later sign-in or sign-out is kept.
            if self.accounts.key(host).is_some_and(|key| key.credentials == credentials) {
                self.accounts.replace_in_page(host, before.as_ref());
            }
            client.forget(registry);
            return Err(error);
        }
        let kept = self.accounts.unlock(host, &Key { credentials, keep });
        self.changed(host);
        Ok(kept)
    }

    /// Signs out: forgets the credentials, wherever they are kept.
    pub fn sign_out(&self, host: &str) {
        self.accounts.lock(host);
        forget_content(host);
        self.signed_out(host);
    }

    /// Takes over the credentials and settings that other tabs store and remove, until what is returned is dropped.
    pub fn listen(self: &Rc<Self>) -> [EventListener; 2] {
        let registries = Rc::downgrade(self);
        storage::listen(move |key| {
            let Some(registries) = registries.upgrade() else { return };
            for host in registries.accounts.changed_elsewhere(key) {
                if registries.accounts.is_signed_out(&host) {
                    registries.signed_out(&host);
                } else {
                    registries.changed(&host);
                }
            }
        })
    }

    /// Forgets what is known of a registry, so that whatever failed is tried again.
    pub fn try_again(&self, registry: &Registry) {
        self.changed(registry.as_str());
    }

    /// Sends what waits to be sent again to a registry now, whoever waits for it. Nothing is forgotten, and nothing starts over.
    pub fn retry_now(&self, registry: &Registry) {
        if let Some(held) = self.client.get() {
            held.retry_now(registry);
        }
        for earlier in self.earlier.iter().filter_map(Weak::upgrade) {
            if let Some(held) = earlier.client.get() {
                held.retry_now(registry);
            }
        }
    }

    fn changes_of(&self, host: &str) -> Changes {
        let changes = self.changes.borrow().get(host).copied().unwrap_or_default();
        Changes { all: changes.all + self.refreshes, ..changes }
    }

    fn signed_out(&self, host: &str) {
        self.changes.borrow_mut().entry(host.to_owned()).or_default().sign_outs += 1;
        self.changed(host);
    }

    fn changed(&self, host: &str) {
        self.changes.borrow_mut().entry(host.to_owned()).or_default().all += 1;
        if let Some(held) = self.client.get() {
            held.forget(host);
        }
        self.changed.emit(());
    }
}

/// Forgets all that came from a registry and is kept here, whether or not this page has asked it for anything.
fn forget_content(host: &str) {
    last_seen::forget(host);
    kept_layers::forget(host);
    if let Ok(registry) = host.parse() {
        CacheStorage.forget(&registry);
    }
}

impl PartialEq for Registries {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

/// The registries of the app.
#[hook]
pub fn use_registries() -> Rc<Registries> {
    use_context().expect("the app provides its registries")
}

/// Returns what changed about the registry at `host` so far.
#[hook]
pub fn use_changes(host: &str) -> Changes {
    // It is looked at again after each change of any.
    use_revision();
    use_registries().changes_of(host)
}

/// Returns what changed about the registries at `hosts` so far, in their order.
#[hook]
pub fn use_changes_of_hosts(hosts: &[&str]) -> Vec<Changes> {
    use_revision();
    let registries = use_registries();
    hosts.iter().map(|host| registries.changes_of(host)).collect()
}

/// Returns the number of changes of settings or credentials.
#[hook]
pub fn use_revision() -> Revision {
    use_context().unwrap_or_default()
}
