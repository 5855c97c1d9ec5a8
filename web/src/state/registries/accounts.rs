//! Registries that the person uses: how each is reached, and what opens it.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use serde::{Deserialize, Serialize};
use tallyman_core::Registry;
use tallyman_registry::{CredentialError, CredentialSource, Credentials};

use super::{pasted_manifests, samples, settings::Settings};
use crate::browser::storage::Keep;

/// Key of the stored settings of registries. Credentials are not among them.
const KEY: &str = "registries";

/// Settings with which one registry is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Account {
    /// Host and port, as references name it.
    pub host: String,
    /// It may be spoken to over plain HTTP.
    pub insecure: bool,
    /// Address of its `/v2/` at a gateway; empty if it is reached directly.
    pub gateway: String,
    /// Nothing may be pushed there or deleted.
    pub read_only: bool,
    /// A token service on another site that its credentials may go to.
    pub token_service: String,
}

/// Credentials of a registry, and the time for which they are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The credentials.
    pub credentials: Credentials,
    /// The time for which they are kept.
    pub keep: Keep,
}

/// The form in which credentials are stored.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Basic { user: String, password: String },
    Token { token: String },
}

/// All that is known of registries here.
pub struct Accounts {
    /// By host: what the server of the app names, and over it what the person set.
    accounts: RefCell<BTreeMap<String, Account>>,
    served: BTreeMap<String, Account>,
}

impl Accounts {
    /// Combines the settings that the app was served with and those that are stored.
    pub fn new(settings: &Settings) -> Self {
        let of = |setting: &super::settings::RegistrySetting| {
            let host = setting.host().to_owned();
            (host.clone(), Account { host, gateway: setting.path().to_owned(), ..Account::default() })
        };
        let served: BTreeMap<_, _> = settings.registries.iter().map(of).collect();
        let own: Vec<Account> =
            Keep::Stored.read(KEY).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let own = own.into_iter().map(|account| (account.host.clone(), account));
        Self { accounts: RefCell::new(served.clone().into_iter().chain(own).collect()), served }
    }

    /// All registries that have settings.
    pub fn list(&self) -> Vec<Account> {
        self.accounts.borrow().values().cloned().collect()
    }

    /// The settings of a registry.
    pub fn of(&self, host: &str) -> Account {
        let known = self.accounts.borrow().get(host).cloned();
        let read_only = host == samples::HOST || pasted_manifests::is_host(host);
        known.unwrap_or_else(|| Account { host: host.to_owned(), read_only, ..Account::default() })
    }

    /// Returns `true` if the server of the app names it: removing it restores the server's settings.
    pub fn is_served(&self, host: &str) -> bool {
        self.served.contains_key(host)
    }

    /// The settings that the server of the app names for it.
    pub fn served(&self, host: &str) -> Option<&Account> {
        self.served.get(host)
    }

    /// Returns the address that replaces the host `api_host` in requests.
    pub fn way(&self, api_host: &str) -> Option<String> {
        let accounts = self.accounts.borrow();
        let account = accounts.values().find(|account| {
            !account.gateway.is_empty()
                && account.host.parse().is_ok_and(|registry: Registry| registry.api_host() == api_host)
        })?;
        Some(account.gateway.clone())
    }

    /// Keeps the settings of a registry, and says whether the browser stored them.
    pub fn save(&self, account: Account) -> bool {
        self.accounts.borrow_mut().insert(account.host.clone(), account);
        self.store()
    }

    /// Removes the settings of a registry, its credentials included.
    pub fn remove(&self, host: &str) -> bool {
        self.lock(host);
        match self.served.get(host) {
            Some(served) => self.accounts.borrow_mut().insert(host.to_owned(), served.clone()),
            None => self.accounts.borrow_mut().remove(host),
        };
        self.store()
    }

    fn store(&self) -> bool {
        let accounts = self.accounts.borrow();
        let own: Vec<&Account> =
            accounts.values().filter(|account| self.served.get(&account.host) != Some(account)).collect();
        serde_json::to_string(&own).is_ok_and(|text| Keep::Stored.write(KEY, &text))
    }

    /// Returns the credentials of a registry if somebody signed in.
    pub fn key(&self, host: &str) -> Option<Key> {
        Keep::ALL.into_iter().find_map(|keep| {
            let stored: Stored = serde_json::from_str(&keep.read(&key_of(host))?).ok()?;
            let credentials = match stored {
                Stored::Basic { user, password } => Credentials::Basic { user, password },
                Stored::Token { token } => Credentials::RegistryToken(token),
            };
            Some(Key { credentials, keep })
        })
    }

    /// Signs in: keeps what opens a registry as long as was asked. Says whether the browser stored it.
    pub fn unlock(&self, host: &str, key: &Key) -> bool {
        self.lock(host);
        let stored = match &key.credentials {
            Credentials::Basic { user, password } => {
                Stored::Basic { user: user.clone(), password: password.clone() }
            }
            // These come out of the Docker CLI's files alone.
            Credentials::EncodedBasic { .. } | Credentials::IdentityTokenAndBasic { .. } => return false,
            Credentials::IdentityToken(token) | Credentials::RegistryToken(token) => {
                Stored::Token { token: token.clone() }
            }
        };
        serde_json::to_string(&stored).is_ok_and(|text| key.keep.write(&key_of(host), &text))
    }

    /// Signs out: forgets what opens a registry, wherever it is kept.
    pub fn lock(&self, host: &str) {
        for keep in Keep::ALL {
            keep.remove(&key_of(host));
        }
    }
}

fn key_of(host: &str) -> String {
    format!("credentials {host}")
}

impl CredentialSource for Accounts {
    fn credentials(
        &self,
        registry: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(Ok(self.key(registry.as_str()).map(|key| key.credentials))).boxed_local()
    }

    fn may_go_to(&self, registry: &Registry, realm: &str) -> LocalBoxFuture<'static, bool> {
        future::ready(self.of(registry.as_str()).token_service == realm).boxed_local()
    }
}
