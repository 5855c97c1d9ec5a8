//! The one client of the app, and the registries that it knows.

pub mod accounts;
mod gateway_transport;
pub mod pasted_manifests;
pub mod permissions;
pub mod samples;
pub mod settings;

use std::rc::Rc;

use tallyman_core::Registry;
use tallyman_registry::{Access, CacheStorage, Client, Credentials, Error, Event};
use yew::prelude::*;

use crate::{
    browser::storage::Keep,
    state::{files::kept_layers, inspection::last_seen},
};
use accounts::{Account, Accounts, Key};
use gateway_transport::GatewayTransport;
use settings::Settings;

/// Access to registries: one client, so that what is known of a registry is fetched once.
pub struct Registries {
    client: Client,
    accounts: Rc<Accounts>,
    /// Told when what is known of a registry changes.
    changed: Callback<()>,
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

impl Registries {
    /// A client of this browser tab, which tells `observer` what happens on the way. As in the Docker Engine,
    /// registries on loopback may speak plain HTTP. Those that have a gateway are asked through it.
    pub fn new(
        settings: &Settings,
        observer: impl Fn(&Event) + 'static,
        changed: impl Into<Callback<()>>,
    ) -> Self {
        let accounts = Rc::new(Accounts::new(settings));
        let access = {
            let accounts = Rc::clone(&accounts);
            // How the gateway speaks to a registry is the gateway's matter; here either scheme means the same.
            move |registry: &Registry| {
                let account = accounts.of(registry.as_str());
                let is_plain = registry.is_loopback() || account.insecure || !account.gateway.is_empty();
                if is_plain { Access::PlainFirst } else { Access::Tls }
            }
        };
        let ways = {
            let accounts = Rc::clone(&accounts);
            Box::new(move |api_host: &str| accounts.way(api_host))
        };
        let closed = (!settings.features.direct).then(|| settings.hosts());
        let client = Client::builder(Rc::new(GatewayTransport::new(ways, closed)))
            .access(access)
            .credentials(Rc::clone(&accounts) as _)
            .content(Rc::new(CacheStorage))
            .observer(observer)
            .build();
        Self { client, accounts, changed: changed.into() }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the settings and credentials of registries.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Keeps the settings of a registry, and says whether the browser stored them.
    pub fn save(&self, account: Account) -> bool {
        let host = account.host.clone();
        let stored = self.accounts.save(account);
        self.changed(&host);
        stored
    }

    /// Removes a registry's settings and credentials.
    pub fn remove(&self, host: &str) {
        self.accounts.remove(host);
        last_seen::forget(host);
        kept_layers::forget(host);
        self.changed(host);
    }

    /// Signs in, once the registry has taken the credentials. Says whether the browser kept them as long as was asked.
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
        let before = self.accounts.key(host);
        self.accounts.unlock(host, &Key { credentials: credentials.clone(), keep: Keep::Memory });
        self.client.forget(registry);
        if let Err(error) = self.client.check(registry).await {
            match before {
                Some(before) => drop(self.accounts.unlock(host, &before)),
                None => self.accounts.lock(host),
            }
            self.client.forget(registry);
            return Err(error);
        }
        let kept = self.accounts.unlock(host, &Key { credentials, keep });
        self.changed(host);
        Ok(kept)
    }

    /// Signs out: forgets the credentials, wherever they are kept.
    pub fn sign_out(&self, host: &str) {
        self.accounts.lock(host);
        last_seen::forget(host);
        kept_layers::forget(host);
        self.changed(host);
    }

    /// Forgets what is known of a registry, so that whatever failed is tried again.
    pub fn try_again(&self, registry: &Registry) {
        self.changed(registry.as_str());
    }

    fn changed(&self, host: &str) {
        if let Ok(registry) = host.parse() {
            self.client.forget(&registry);
        }
        self.changed.emit(());
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

/// Returns the number of changes of settings or credentials.
#[hook]
pub fn use_revision() -> Revision {
    use_context().unwrap_or_default()
}
