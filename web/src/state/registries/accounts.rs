//! Registries that the person uses: how each is reached, and what opens it.

use std::cell::{Cell, RefCell};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_core::{
    Registry,
    json::{self, FieldError, Object, ObjectWriter},
};
use tallyman_registry::{CredentialError, CredentialSource, Credentials};

use super::{pasted_manifests, samples, settings::Settings};
use crate::browser::storage::Keep;

/// Key of the stored settings of registries. Credentials are not among them.
const KEY: &str = "registries";
/// Beginning of the keys of stored credentials; the host comes after it.
const CREDENTIALS: &str = "credentials ";

/// Settings with which one registry is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Host and port, as references name it.
    pub host: String,
    /// Set if plain HTTP is allowed.
    pub insecure: bool,
    /// Address of its `/v2/` at a gateway; empty if it is reached directly.
    pub gateway: String,
    /// Set if nothing may be pushed there or deleted.
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

/// Settings of a registry that the person set. A field without a value is as the server of the app names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct AccountOverrides {
    host: String,
    insecure: Option<bool>,
    gateway: Option<String>,
    read_only: Option<bool>,
    token_service: Option<String>,
}

impl AccountOverrides {
    /// Reads what [`Self::to_json`] wrote.
    fn read(json: &[u8]) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, "")?;
        let bool = |name| fields.get(name).map(|_| fields.bool(name)).transpose();
        Ok(Self {
            host: fields.string_or_empty("host")?,
            insecure: bool("insecure")?,
            gateway: fields.string("gateway")?,
            read_only: bool("readOnly")?,
            token_service: fields.string("tokenService")?,
        })
    }

    fn to_json(&self) -> String {
        ObjectWriter::new()
            .string("host", &self.host)
            .maybe(self.insecure, |json, insecure| json.bool("insecure", insecure))
            .maybe(self.gateway.as_deref(), |json, gateway| json.string("gateway", gateway))
            .maybe(self.read_only, |json, read_only| json.bool("readOnly", read_only))
            .maybe(self.token_service.as_deref(), |json, service| json.string("tokenService", service))
            .end()
    }

    /// Returns these settings over those that the server names.
    fn over(&self, served: Account) -> Account {
        Account {
            host: self.host.clone(),
            insecure: self.insecure.unwrap_or(served.insecure),
            gateway: self.gateway.clone().unwrap_or(served.gateway),
            read_only: self.read_only.unwrap_or(served.read_only),
            token_service: self.token_service.clone().unwrap_or(served.token_service),
        }
    }

    /// Takes over the fields that the person changed, and has none that are as the server names them.
    fn change(&mut self, before: &Account, after: Account, served: &Account) {
        fn field<T: PartialEq>(own: &mut Option<T>, before: &T, after: T, served: &T) {
            let wanted = if *before == after { own.take() } else { Some(after) };
            *own = wanted.filter(|wanted| wanted != served);
        }
        field(&mut self.insecure, &before.insecure, after.insecure, &served.insecure);
        field(&mut self.gateway, &before.gateway, after.gateway, &served.gateway);
        field(&mut self.read_only, &before.read_only, after.read_only, &served.read_only);
        field(&mut self.token_service, &before.token_service, after.token_service, &served.token_service);
    }
}

/// Reads the settings of registries as they are stored.
fn stored_settings(text: &str) -> Option<Vec<AccountOverrides>> {
    let settings = json::elements(text.as_bytes()).ok()?;
    settings.into_iter().map(AccountOverrides::read).collect::<Result<_, _>>().ok()
}

/// Reads credentials as they are stored.
fn stored_credentials(text: &str) -> Option<Credentials> {
    let fields = Object::parse(text.as_bytes()).ok()?;
    let text = |name| fields.string(name).ok().flatten();
    match (text("user"), text("password")) {
        (Some(user), Some(password)) => Some(Credentials::Basic { user, password }),
        _ => text("token").map(Credentials::RegistryToken),
    }
}

/// Returns credentials as they are stored; `None` for those that come out of the Docker CLI's files alone.
fn credentials_to_json(credentials: &Credentials) -> Option<String> {
    let stored = match credentials {
        Credentials::Basic { user, password } => {
            ObjectWriter::new().string("user", user).string("password", password)
        }
        Credentials::EncodedBasic { .. } | Credentials::IdentityTokenAndBasic { .. } => return None,
        Credentials::IdentityToken(token) | Credentials::RegistryToken(token) => {
            ObjectWriter::new().string("token", token)
        }
    };
    Some(stored.end())
}

/// All that is known of registries here.
pub struct Accounts {
    /// The accounts in the order of their hosts: what the server of the app names, and over it what the person set.
    accounts: RefCell<Vec<Account>>,
    served: Vec<Account>,
    own: RefCell<Vec<AccountOverrides>>,
    /// The credentials of each host whose were asked for, as they were then.
    found: RefCell<Vec<(String, Option<Credentials>)>>,
    /// The browser stores what it is given, so that what is stored holds all that is in `own`, and what other tabs set.
    is_stored: Cell<bool>,
}

impl Accounts {
    /// Combines the settings that the app was served with and those that are stored.
    pub fn new(settings: &Settings) -> Self {
        let mut served = Vec::new();
        for setting in &settings.registries {
            let (host, gateway) = (setting.host().to_owned(), setting.path().to_owned());
            let read_only = setting.is_read_only();
            put(&mut served, Account { host, gateway, read_only, ..Account::default() });
        }
        let (own, found, is_stored) = (RefCell::default(), RefCell::default(), Cell::new(true));
        let accounts = Self { accounts: RefCell::default(), served, own, found, is_stored };
        accounts.read();
        accounts
    }

    /// Reads what is stored, by any tab. Returns the hosts whose settings are others than before.
    pub fn read(&self) -> Vec<String> {
        if !self.is_stored.get() {
            return Vec::new();
        }
        self.own.replace(Keep::Stored.read(KEY).as_deref().and_then(stored_settings).unwrap_or_default());
        let before = self.accounts.replace(self.combined());
        let after = self.accounts.borrow();
        let hosts =
            before.iter().chain(after.iter().filter(|account| find(&before, &account.host).is_none()));
        hosts
            .filter(|account| find(&before, &account.host) != find(&after, &account.host))
            .map(|account| account.host.clone())
            .collect()
    }

    /// Takes over what the person set in `before`, which the browser did not store, and the credentials that were found there.
    pub fn take_over(&self, before: &Self) {
        self.found.replace(before.found.borrow().clone());
        if !before.is_stored.get() {
            self.own.replace(before.own.borrow().clone());
            self.is_stored.set(false);
            self.accounts.replace(self.combined());
        }
    }

    /// Returns the settings that the server of the app names, with those that the person set over them.
    fn combined(&self) -> Vec<Account> {
        let mut accounts = self.served.clone();
        for own in &*self.own.borrow() {
            put(&mut accounts, own.over(self.served(&own.host).cloned().unwrap_or_default()));
        }
        accounts
    }

    /// All registries that have settings.
    pub fn list(&self) -> Vec<Account> {
        self.accounts.borrow().clone()
    }

    /// All registries that have settings, or that somebody is signed in to.
    pub fn list_with_signed_in(&self) -> Vec<Account> {
        let mut accounts = self.list();
        for host in self.signed_in().into_iter().filter(|host| !self.has_settings(host)) {
            put(&mut accounts, Account { host, ..Account::default() });
        }
        accounts
    }

    /// The hosts of the registries that somebody is signed in to.
    fn signed_in(&self) -> Vec<String> {
        let keys = Keep::ALL.into_iter().flat_map(|keep| keep.keys(CREDENTIALS));
        let hosts = keys.filter_map(|key| key.strip_prefix(CREDENTIALS).map(str::to_owned));
        hosts.filter(|host| self.key(host).is_some()).collect()
    }

    /// Returns `true` if a registry has settings.
    pub fn has_settings(&self, host: &str) -> bool {
        find(&self.accounts.borrow(), host).is_some()
    }

    /// The settings of a registry.
    pub fn of(&self, host: &str) -> Account {
        let known = find(&self.accounts.borrow(), host).cloned();
        let read_only = host == samples::HOST || pasted_manifests::is_host(host);
        known.unwrap_or_else(|| Account { host: host.to_owned(), read_only, ..Account::default() })
    }

    /// Returns `true` if the server of the app names it: removing it restores the server's settings.
    pub fn is_served(&self, host: &str) -> bool {
        self.served(host).is_some()
    }

    /// The settings that the server of the app names for it.
    pub fn served(&self, host: &str) -> Option<&Account> {
        find(&self.served, host)
    }

    /// Returns the address that replaces `host` in requests.
    pub fn way(&self, host: &str) -> Option<String> {
        let accounts = self.accounts.borrow();
        let mut with_gateway = accounts.iter().filter(|account| !account.gateway.is_empty());
        Some(with_gateway.find(|account| is_same_api(&account.host, host))?.gateway.clone())
    }

    /// Returns `true` if nothing may be pushed to the registry at `host` or deleted from it, by whatever name it goes.
    pub fn is_read_only(&self, host: &str) -> bool {
        let accounts = self.accounts.borrow();
        self.of(host).read_only
            || accounts.iter().any(|account| account.read_only && is_same_api(&account.host, host))
    }

    /// Keeps what the person changed of a registry's settings, from `before` as they were shown to `account`, and says whether the browser
    /// stored it. The rest is as any tab has set it meanwhile.
    pub fn save(&self, before: &Account, account: Account) -> bool {
        self.read();
        let mut all = self.own.borrow_mut();
        let known = all.iter().position(|own| own.host == account.host);
        let mut own = known.map(|at| all.swap_remove(at)).unwrap_or_default();
        own.host.clone_from(&account.host);
        let served = self.served(&account.host);
        own.change(before, account, &served.cloned().unwrap_or_default());
        // One that is as the server names it is there as long as the server names it.
        if served.is_none_or(|served| own.over(served.clone()) != *served) {
            all.push(own);
        }
        drop(all);
        self.store()
    }

    /// Removes the settings of a registry, its credentials included.
    pub fn remove(&self, host: &str) -> bool {
        self.lock(host);
        self.read();
        self.own.borrow_mut().retain(|own| own.host != host);
        self.store()
    }

    fn store(&self) -> bool {
        self.accounts.replace(self.combined());
        let own = self.own.borrow();
        self.is_stored.set(Keep::Stored.write(KEY, &json::array(own.iter().map(AccountOverrides::to_json))));
        self.is_stored.get()
    }

    /// Returns the hosts about which another tab stored or removed something under `key`; without a key, under any.
    pub fn changed_elsewhere(&self, key: Option<&str>) -> Vec<String> {
        match key {
            Some(KEY) => self.read(),
            Some(key) => key.strip_prefix(CREDENTIALS).map(str::to_owned).into_iter().collect(),
            None => {
                let mut hosts = self.read();
                let found = self.found.borrow();
                let changed = found
                    .iter()
                    .filter(|(host, before)| kept_key(host).map(|key| key.credentials) != *before);
                hosts.extend(changed.map(|(host, _)| host.clone()));
                hosts
            }
        }
    }

    /// Returns `true` if nobody is signed in to a registry, or another user than when its credentials were asked for last.
    pub fn is_signed_out(&self, host: &str) -> bool {
        let before =
            self.found.borrow().iter().find(|(other, _)| other == host).and_then(|(_, found)| found.clone());
        let now = self.key(host).map(|key| key.credentials);
        now.is_none() || before.is_some() && before != now
    }

    /// Returns the credentials of a registry if somebody signed in.
    pub fn key(&self, host: &str) -> Option<Key> {
        let key = kept_key(host);
        let mut found = self.found.borrow_mut();
        found.retain(|(other, _)| other != host);
        found.push((host.to_owned(), key.as_ref().map(|key| key.credentials.clone())));
        key
    }

    /// Signs in: keeps what opens a registry as long as was asked, or says that the browser does not: then it is this page's alone.
    pub fn unlock(&self, host: &str, key: &Key) -> bool {
        self.lock(host);
        let stored = credentials_to_json(&key.credentials);
        let is_kept = stored.is_some_and(|stored| key.keep.write(&key_of(host), &stored));
        if !is_kept {
            self.replace_in_page(host, Some(&key.credentials));
        }
        is_kept
    }

    /// Uses `credentials` in this page alone, before those that are kept longer, and returns the ones that it used so until now.
    pub fn replace_in_page(&self, host: &str, credentials: Option<&Credentials>) -> Option<Credentials> {
        let key = key_of(host);
        let before = Keep::Memory.read(&key).as_deref().and_then(stored_credentials);
        match credentials.and_then(credentials_to_json) {
            Some(stored) => drop(Keep::Memory.write(&key, &stored)),
            None => Keep::Memory.remove(&key),
        }
        before
    }

    /// Signs out of all registries.
    pub fn lock_all(&self) {
        for keep in Keep::ALL {
            keep.keys(CREDENTIALS).iter().for_each(|key| keep.remove(key));
        }
    }

    /// Signs out: forgets what opens a registry, wherever it is kept.
    pub fn lock(&self, host: &str) {
        for keep in Keep::ALL {
            keep.remove(&key_of(host));
        }
    }
}

/// Returns `true` if requests to both hosts, as references or URLs name them, go to the same registry.
pub(super) fn is_same_api(host: &str, other: &str) -> bool {
    let [host, other] = [host, other].map(api_host);
    host.is_some() && host == other
}

/// Returns the host that requests to a registry go to, as URLs have it: in lower case, without the port that a scheme implies.
fn api_host(host: &str) -> Option<String> {
    let api_host = host.parse::<Registry>().ok()?.api_host().to_ascii_lowercase();
    let without_port = [":443", ":80"].into_iter().find_map(|port| api_host.strip_suffix(port));
    Some(without_port.unwrap_or(&api_host).to_owned())
}

fn find<'a>(accounts: &'a [Account], host: &str) -> Option<&'a Account> {
    accounts.iter().find(|account| account.host == host)
}

/// Puts an account at its place among others, over the one of the same host.
fn put(accounts: &mut Vec<Account>, account: Account) {
    let at = accounts.iter().position(|other| other.host >= account.host).unwrap_or(accounts.len());
    match accounts.get_mut(at).filter(|other| other.host == account.host) {
        Some(other) => *other = account,
        None => accounts.insert(at, account),
    }
}

fn key_of(host: &str) -> String {
    format!("{CREDENTIALS}{host}")
}

/// The credentials of a registry as they are kept, and for how long.
fn kept_key(host: &str) -> Option<Key> {
    Keep::ALL.into_iter().find_map(|keep| {
        let credentials = stored_credentials(&keep.read(&key_of(host))?)?;
        Some(Key { credentials, keep })
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_accounts_are_read_back_and_foreign_keys_are_skipped() {
        let own = || AccountOverrides {
            host: "a.example:5000".to_owned(),
            insecure: Some(true),
            gateway: Some("v2/a/".to_owned()),
            read_only: Some(true),
            token_service: Some("https://tokens.example/?a=\"b\"".to_owned()),
        };
        let text = json::array([own().to_json()]);
        assert_eq!(stored_settings(&text), Some(vec![own()]));
        let host = || "a.example".to_owned();
        let found = stored_settings(r#"[{"host":"a.example","unknown":1}]"#);
        assert_eq!(found, Some(vec![AccountOverrides { host: host(), ..AccountOverrides::default() }]));
        let direct =
            AccountOverrides { host: host(), gateway: Some(String::new()), ..AccountOverrides::default() };
        assert_eq!(stored_settings(&json::array([direct.to_json()])), Some(vec![direct]));
        for wrong in ["", "[1]", r#"[{"host":1}]"#, r#"[{"host":"a","readOnly":1}]"#] {
            assert_eq!(stored_settings(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_what_the_person_changed_stands_over_the_settings_of_the_server() {
        let of = |gateway: &str, read_only| Account {
            host: "lab.example".to_owned(),
            gateway: gateway.to_owned(),
            read_only,
            ..Account::default()
        };
        let mut own = AccountOverrides { host: "lab.example".to_owned(), ..AccountOverrides::default() };
        let with_service =
            |account: Account| Account { token_service: "https://t.example".to_owned(), ..account };
        let direct = of("", false);
        own.change(&direct, with_service(direct.clone()), &direct);
        // The server names it later, by one path and then by another.
        for served in [of("r/lab/", true), of("r/prod/", false)] {
            assert_eq!(own.over(served.clone()), with_service(served));
        }
        // Without the server's path, which is a setting, too.
        let served = of("r/prod/", false);
        own.change(&own.over(served.clone()), with_service(direct), &served);
        assert_eq!(own.over(of("r/lab/", true)), with_service(of("", true)));
        // As the server has it: that follows the server again.
        let served = of("r/lab/", true);
        own.change(&own.over(served.clone()), with_service(served.clone()), &served);
        assert_eq!(own.over(of("r/prod/", false)), with_service(of("r/prod/", false)));
    }

    #[test]
    fn unstored_changes_win_over_newer_server_settings() {
        let accounts = |served: Vec<Account>, own: Vec<AccountOverrides>, is_stored| Accounts {
            accounts: RefCell::default(),
            served,
            own: own.into(),
            found: RefCell::default(),
            is_stored: Cell::new(is_stored),
        };
        let host = || "r.io".to_owned();
        let own = AccountOverrides { host: host(), read_only: Some(true), ..AccountOverrides::default() };
        for (was_stored, is_read_only) in [(false, true), (true, false)] {
            let served = Account { host: host(), gateway: "v2/r/".to_owned(), ..Account::default() };
            let after = accounts(vec![served], Vec::new(), true);
            after.accounts.replace(after.combined());
            after.take_over(&accounts(Vec::new(), vec![own.clone()], was_stored));
            let account = after.of("r.io");
            assert_eq!((account.read_only, account.gateway.as_str()), (is_read_only, "v2/r/"));
            assert_eq!(after.is_stored.get(), was_stored);
        }
    }

    #[test]
    fn credentials_are_read_in_both_forms() {
        let basic = Credentials::Basic { user: "a".to_owned(), password: "b\"c".to_owned() };
        assert_eq!(stored_credentials(r#"{"user":"a","password":"b\"c"}"#), Some(basic));
        let token = Credentials::RegistryToken("t".to_owned());
        assert_eq!(stored_credentials(r#"{"token":"t"}"#), Some(token));
        for wrong in ["", "[]", r#"{"user":"a"}"#] {
            assert_eq!(stored_credentials(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_registry_is_the_same_by_all_names_of_its_api() {
        for (host, other, expected) in [
            ("r.example", "r.example", true),
            ("docker.io", "registry-1.docker.io", true),
            ("r.example:443", "r.example", true),
            ("R.example:80", "r.example", true),
            ("[::1]:5000", "[::1]:5000", true),
            ("r.example", "r.example:5000", false),
            ("r.example", "other.example", false),
            ("", "", false),
        ] {
            assert_eq!(is_same_api(host, other), expected, "{host} {other}");
        }
    }

    #[test]
    fn accounts_stand_in_the_order_of_their_hosts_each_once() {
        let of = |host: &str, insecure| Account { host: host.to_owned(), insecure, ..Account::default() };
        let mut accounts = Vec::new();
        for (host, insecure) in [("b", false), ("a", false), ("c", false), ("b", true)] {
            put(&mut accounts, of(host, insecure));
        }
        assert_eq!(accounts, [of("a", false), of("b", true), of("c", false)]);
    }
}
