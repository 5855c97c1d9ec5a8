//! A registry of the configuration.

use std::{net::IpAddr, path::PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use tallyman_auth::PublicRegistry;
use tallyman_core::{Reference, Registry};
use url::{Host, Url};

use super::{ConfigError, PasswordFault, RegistryError, fields, is_plain_url, read};
use crate::{
    addresses::{Networks, is_never},
    repository_pattern::RepositoryPattern,
};

/// The way to handle a redirect to a registry's storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirects {
    /// The gateway follows it: works with every storage.
    #[default]
    Follow,
    /// The browser follows it, which saves the gateway the bytes: for storages that send CORS headers.
    Pass,
}

/// A registry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// Its name in paths: letters, digits and dashes.
    pub name: String,
    /// Its origin, such as `https://registry-1.docker.io`. Plain HTTP where it says `http://`.
    #[serde(deserialize_with = "fields::url")]
    pub url: Url,
    /// Its name in references; that of `url` unless said otherwise, with the port where it is one word, such as
    /// `registry:80`; and `docker.io` for Docker Hub.
    pub host: Option<String>,
    /// Takes any certificate of the registry itself.
    #[serde(default)]
    pub insecure: bool,
    /// A PEM file with certificates of authorities that are believed besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// A user name of the gateway's own. Without it, callers send their own credentials.
    pub username: Option<String>,
    /// The environment variable with that user's password.
    pub password_env: Option<String>,
    /// A file with that user's password. It is read anew where the registry refuses the password.
    pub password_file: Option<PathBuf>,
    /// Refuses everything that changes the registry. True unless said otherwise where the gateway has credentials of
    /// its own and nobody needs to sign in.
    pub read_only: Option<bool>,
    /// Lets manifests and blobs be deleted; false unless said otherwise.
    #[serde(default)]
    pub delete: bool,
    /// Patterns of the repositories that may be reached; all unless said otherwise.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// Hosts of its token service besides its own: `auth.example.com`, `host:port` or `*.example.com`.
    #[serde(default)]
    pub token_hosts: Vec<String>,
    /// Hosts that it redirects downloads to, besides its own, in the same forms.
    #[serde(default)]
    pub storage_hosts: Vec<String>,
    /// The way to handle those redirects.
    #[serde(default)]
    pub redirects: Redirects,
    /// Networks that it and its services may be in although they are not public, such as `10.0.0.0/8`. An address in
    /// `url` itself, and `localhost` there, are understood.
    #[serde(default, deserialize_with = "fields::networks")]
    pub networks: Vec<IpNet>,
    /// Requests that one caller may make in a minute; as many as it likes unless said otherwise.
    pub requests_per_minute: Option<u32>,
    /// The largest upload in MiB, by piece; 20 GiB unless said otherwise.
    #[serde(default = "max_upload_mib")]
    pub max_upload_mib: u64,
}

fn max_upload_mib() -> u64 {
    20 * 1024
}

impl RegistryConfig {
    /// A registry as a flag names it, `NAME=URL`.
    ///
    /// # Errors
    /// When it has another form or its URL cannot be used.
    pub fn from_flag(text: &str) -> Result<Self, ConfigError> {
        let wrong = |reason| ConfigError::Flag { found: fields::without_password(text), reason };
        let (name, url) = text.split_once('=').ok_or_else(|| wrong(None))?;
        let table = toml::Table::from_iter(
            [("name", name), ("url", url)]
                .map(|(key, value)| (key.to_owned(), toml::Value::String(value.to_owned()))),
        );
        let registry: Self = table.try_into().map_err(|error| wrong(Some(fields::reason_of(&error))))?;
        registry.check()?;
        Ok(registry)
    }

    /// Returns the error that names this registry.
    pub(crate) fn error(&self, source: RegistryError) -> ConfigError {
        ConfigError::Registry { name: fields::without_password(&self.name), source }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let name_is_plain = self.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if self.name.is_empty() || !name_is_plain {
            return Err(self.error(RegistryError::Name { found: fields::without_password(&self.name) }));
        }
        let url = &self.url;
        if !is_plain_url(url) || url.path() != "/" {
            return Err(self.error(RegistryError::Url { found: fields::without_password(url.as_str()) }));
        }
        if url.host_str().is_some_and(|host| host.parse() == Ok(Registry::docker_hub())) {
            return Err(self.error(RegistryError::DockerHub { found: url.to_string() }));
        }
        let host = self.reference_host();
        let image = format!("{host}/image").parse::<Reference>();
        if image.map_or(true, |image| image.registry().as_str() != host) {
            return Err(self.error(RegistryError::ReferenceHost { found: fields::without_password(&host) }));
        }
        let hosts = self.token_hosts.iter().chain(&self.storage_hosts);
        if let Some(host) = hosts.into_iter().find(|host| !is_host(host)) {
            return Err(self.error(RegistryError::Host { found: fields::without_password(host) }));
        }
        if let Some(found) = self.repositories.iter().find(|text| !RepositoryPattern::new(text).can_match()) {
            return Err(self.error(RegistryError::Repositories { found: fields::without_password(found) }));
        }
        self.check_addresses()?;
        if self.requests_per_minute == Some(0) {
            return Err(self.error(RegistryError::RequestsPerMinute));
        }
        self.check_credentials()
    }

    /// Checks that the addresses of the configuration may be connected to. Those of names are checked when they are looked up.
    fn check_addresses(&self) -> Result<(), ConfigError> {
        let is_single = |network: &&IpNet| network.prefix_len() == network.max_prefix_len();
        let mut addresses = self.networks.iter().filter(is_single).map(IpNet::addr);
        if let Some(found) = addresses.find(|address| is_never(*address)) {
            return Err(self.error(RegistryError::Network { found }));
        }
        let networks = Networks::new(self.all_networks());
        let url = Some(&self.url).into_iter().map(|url| ("url", url.clone()));
        let hosts = |field, hosts: &[String]| {
            let urls = hosts.iter().filter_map(|host| Url::parse(&format!("https://{host}")).ok());
            urls.map(|url| (field, url)).collect::<Vec<_>>()
        };
        let tokens = hosts("token_hosts", &self.token_hosts);
        let storages = hosts("storage_hosts", &self.storage_hosts);
        for (field, url) in url.chain(tokens).chain(storages) {
            let Some((host, address)) = address_of(&url) else { continue };
            networks
                .check(host, address)
                .map_err(|source| self.error(RegistryError::Address { field, source }))?;
        }
        Ok(())
    }

    fn check_credentials(&self) -> Result<(), ConfigError> {
        match (&self.username, &self.password_env, &self.password_file) {
            (None, None, None) => Ok(()),
            (Some(user), Some(_), None) | (Some(user), None, Some(_)) => {
                // As the Basic scheme has it (RFC 7617, section 2).
                let found = match user {
                    user if user.is_empty() => "none",
                    // A password may stand behind it.
                    user if user.contains(':') => "a colon",
                    user if user.contains(char::is_control) => "a control character",
                    _ => return Ok(()),
                };
                Err(self.error(RegistryError::Username { found }))
            }
            _ => {
                let fields = [
                    ("username", self.username.is_some()),
                    ("password_env", self.password_env.is_some()),
                    ("password_file", self.password_file.is_some()),
                ];
                let found = fields.into_iter().filter_map(|(name, is_set)| is_set.then_some(name)).collect();
                Err(self.error(RegistryError::Credentials { found }))
            }
        }
    }

    /// Its name in references.
    pub(crate) fn reference_host(&self) -> String {
        match (&self.host, self.public()) {
            (Some(host), _) => host.clone(),
            (None, Some(public)) => public.name.to_owned(),
            (None, None) => {
                let authority = authority(&self.url);
                // References take one word alone for a part of a repository, and with a port for a registry.
                let is_word = authority != "localhost" && !authority.contains(['.', ':']);
                match self.url.port_or_known_default().filter(|_| is_word) {
                    Some(port) => format!("{authority}:{port}"),
                    None => authority,
                }
            }
        }
    }

    fn public(&self) -> Option<&'static PublicRegistry> {
        let host = self.url.host_str().filter(|_| self.url.scheme() == "https" && self.url.port().is_none());
        host.and_then(PublicRegistry::by_api_host)
    }

    pub(crate) fn all_token_hosts(&self) -> Vec<String> {
        let known = self.public().filter(|known| known.token_host() != known.api_host);
        let known = known.map(|known| known.token_host().to_owned());
        known.into_iter().chain(self.token_hosts.iter().cloned()).collect()
    }

    pub(crate) fn all_storage_hosts(&self) -> Vec<String> {
        let known = self.public().map_or(&[][..], |known| known.storage_hosts);
        known.iter().map(|host| (*host).to_owned()).chain(self.storage_hosts.iter().cloned()).collect()
    }

    /// The networks that are open, with those that `url` itself names.
    pub(crate) fn all_networks(&self) -> Vec<IpNet> {
        let mut networks = self.networks.clone();
        let host = self.url.host_str().unwrap_or_default();
        if host == "localhost" {
            networks.push(IpNet::new_assert(IpAddr::from([127, 0, 0, 0]), 8));
            networks.push(IpNet::from(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])));
        } else if let Some((_, address)) = address_of(&self.url) {
            networks.push(IpNet::from(address.to_canonical()));
        }
        networks
    }

    /// The gateway's own user name and password.
    pub(crate) fn credentials(&self) -> Result<Option<(String, String)>, ConfigError> {
        let Some(user) = &self.username else { return Ok(None) };
        let (place, text) = match (&self.password_env, &self.password_file) {
            (Some(variable), _) => {
                let text = std::env::var(variable).map_err(|_| {
                    self.error(RegistryError::PasswordVariable { variable: variable.clone() })
                })?;
                (format!("the environment variable {variable}"), text)
            }
            (None, Some(path)) => (path.display().to_string(), read(path)?),
            (None, None) => return Ok(None),
        };
        match password_in(&text) {
            Ok(password) => Ok(Some((user.clone(), password.to_owned()))),
            Err(fault) => Err(self.error(RegistryError::Password { place, fault })),
        }
    }
}

/// Returns the password in the text of a file or a variable.
///
/// # Errors
/// [`PasswordFault`] if it is none that can be sent.
pub(crate) fn password_in(text: &str) -> Result<&str, PasswordFault> {
    let password = text.trim_end_matches(['\r', '\n']);
    match password {
        "" => Err(PasswordFault::Empty),
        password if password.contains(['\r', '\n']) => Err(PasswordFault::Lines),
        password if password.contains(char::is_control) => Err(PasswordFault::Control),
        password => Ok(password),
    }
}

/// Returns `true` if a URL can be at a host of the configuration, which may begin with `*.`.
fn is_host(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    // The host stands in a Content Security Policy.
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:[]".contains(&byte));
    is_plain
        && ["https", "http"].into_iter().any(|scheme| {
            Url::parse(&format!("{scheme}://{host}"))
                .is_ok_and(|url| url.path() == "/" && authority(&url) == host)
        })
}

/// Returns the host of a URL that has an address in place of a name, without brackets, and that address.
pub(crate) fn address_of(url: &Url) -> Option<(&str, IpAddr)> {
    let address = match url.host()? {
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
        Host::Domain(_) => return None,
    };
    Some((url.host_str()?.trim_matches(['[', ']']), address))
}

/// `host` or `host:port` of a URL, without a port that goes without saying.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}
