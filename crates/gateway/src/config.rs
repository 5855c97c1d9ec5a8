//! The configuration: a file, or flags for the simple cases.

use std::{
    collections::HashSet,
    fs, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tallyman_auth::PublicRegistry;
use url::Url;

/// Everything that the operator decides. Fields that are not named keep their defaults; unknown ones are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen; loopback unless said otherwise. Not changed by a reload.
    pub listen: SocketAddr,
    /// Where else to listen, without TLS and sign-in, for those who ask for metrics and health and nothing more. Not
    /// changed by a reload.
    pub metrics_listen: Option<SocketAddr>,
    /// What the app calls itself.
    pub title: String,
    /// `auto`, `light` or `dark`: what the app looks like until somebody chooses.
    pub theme: Theme,
    /// Names by which browsers may call the gateway. IP addresses and `localhost` always may.
    pub hosts: Vec<String>,
    /// Origins of other sites whose pages may read and write through the gateway, such as `https://ui.example.com`.
    pub origins: Vec<String>,
    /// Sources besides the gateway itself that the app may connect to, as in a Content Security Policy.
    pub connect: Vec<String>,
    /// Networks of proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and sign-in header are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// A path that a proxy in front leaves on the requests, such as `/tallyman`. Proxies that strip it need nothing.
    pub base_path: String,
    /// Seconds that running transfers get when the gateway ends.
    pub shutdown_seconds: u64,
    /// Seconds before that in which `/readyz` says no and connections are still taken, so that a load balancer can look
    /// elsewhere first.
    pub drain_seconds: u64,
    /// TLS towards the browser.
    pub tls: Option<TlsConfig>,
    /// Who may use the gateway at all; everybody who reaches it unless said otherwise.
    pub sign_in: Option<SignInConfig>,
    /// Content kept by digest; none unless said otherwise.
    pub cache: Option<CacheConfig>,
    /// The registries, in the order in which the app shows them.
    pub registries: Vec<RegistryConfig>,
    /// Images that the app offers to look at.
    pub samples: Vec<Sample>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: None,
            title: "Tallyman".to_owned(),
            theme: Theme::Auto,
            hosts: Vec::new(),
            origins: Vec::new(),
            connect: Vec::new(),
            trusted_proxies: Vec::new(),
            base_path: String::new(),
            shutdown_seconds: 30,
            drain_seconds: 0,
            tls: None,
            sign_in: None,
            cache: None,
            registries: Vec::new(),
            samples: Vec::new(),
        }
    }
}

/// What the app looks like until somebody chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the browser says.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// What becomes of a redirect to a registry's storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirects {
    /// The gateway follows it: works with every storage.
    #[default]
    Follow,
    /// The browser follows it, which saves the gateway the bytes: for storages that send CORS headers.
    Pass,
}

/// An image that the app offers to look at.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Its reference.
    pub reference: String,
    /// What it is, in a few words.
    pub about: String,
}

/// TLS towards the browser.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// A PEM file with the certificate and what signed it.
    pub certificate: PathBuf,
    /// A PEM file with its key.
    pub key: PathBuf,
}

/// How people prove who they are. Exactly one of the two.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInConfig {
    /// An htpasswd file with bcrypt passwords (`htpasswd -B`).
    pub htpasswd: Option<PathBuf>,
    /// A header with the user's name, set by one of `trusted_proxies`.
    pub header: Option<String>,
}

/// Content kept by digest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// A folder of the gateway's own.
    pub folder: PathBuf,
    /// How much is kept, in MiB. What was not used for the longest time goes first.
    pub max_mib: u64,
}

/// A registry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// Its name in paths: letters, digits and dashes.
    pub name: String,
    /// Its origin, such as `https://registry-1.docker.io`. Plain HTTP where it says `http://`.
    pub url: Url,
    /// Its name in references; that of `url` unless said otherwise, and `docker.io` for Docker Hub.
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
    /// A file with that user's password.
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
    /// What becomes of those redirects.
    #[serde(default)]
    pub redirects: Redirects,
    /// Networks that it and its services may be in although they are not public, such as `10.0.0.0/8`. An address in
    /// `url` itself, and `localhost` there, are understood.
    #[serde(default)]
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

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that the configuration needs cannot be read.
    #[error("expected to read {}, found: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no TOML, or has fields that do not exist.
    #[error("{}: {source}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// A registry cannot be used as it is described.
    #[error("registry {name:?}: {reason}")]
    Registry {
        /// Its name.
        name: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// Something else does not go together.
    #[error("{0}")]
    Other(String),
}

impl Config {
    /// Reads and checks a TOML file.
    ///
    /// # Errors
    /// When it cannot be read, is not of this form, or contradicts itself.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        let config: Self = toml::from_str(&text)
            .map_err(|source| ConfigError::Syntax { path: path.to_owned(), source: Box::new(source) })?;
        config.check()?;
        Ok(config)
    }

    /// Checks what no type checks.
    ///
    /// # Errors
    /// When it contradicts itself.
    pub fn check(&self) -> Result<(), ConfigError> {
        let other = |text: String| Err(ConfigError::Other(text));
        if self.registries.is_empty() {
            return other(
                "expected at least one registry, found none: name one with --registry NAME=URL".to_owned(),
            );
        }
        let mut names = HashSet::new();
        for registry in &self.registries {
            registry.check()?;
            if !names.insert(&registry.name) {
                return Err(
                    registry.error("expected a name of its own, found a second registry with this one")
                );
            }
        }
        for origin in &self.origins {
            if Url::parse(origin).map(|url| url.origin().ascii_serialization()).ok().as_ref() != Some(origin)
            {
                return other(format!(
                    "origins: expected an origin such as https://ui.example.com, without a path, found {origin:?}"
                ));
            }
        }
        for source in &self.connect {
            if source.contains([' ', ';', ',', '\'']) || !source.is_ascii() {
                return other(format!(
                    "connect: expected a source such as https://registry.example.com, found {source:?}"
                ));
            }
        }
        let base = &self.base_path;
        if !base.is_empty() && (!base.starts_with('/') || base.ends_with('/')) {
            return other(format!("base_path: expected a path such as /tallyman, found {base:?}"));
        }
        match &self.sign_in {
            Some(
                SignInConfig { htpasswd: Some(_), header: Some(_) }
                | SignInConfig { htpasswd: None, header: None },
            ) => other("sign_in: expected either htpasswd or header".to_owned()),
            Some(SignInConfig { header: Some(_), .. }) if self.trusted_proxies.is_empty() => other(
                "sign_in.header: expected trusted_proxies, without which anybody could set the header"
                    .to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

impl RegistryConfig {
    /// A registry as a flag names it, `NAME=URL`.
    ///
    /// # Errors
    /// When it has another form or its URL cannot be used.
    pub fn from_flag(text: &str) -> Result<Self, ConfigError> {
        let shape = || format!("expected NAME=URL, found {text:?}");
        let (name, url) = text.split_once('=').ok_or_else(|| ConfigError::Other(shape()))?;
        let table = toml::Table::from_iter(
            [("name", name), ("url", url)]
                .map(|(key, value)| (key.to_owned(), toml::Value::String(value.to_owned()))),
        );
        let registry: Self =
            table.try_into().map_err(|error| ConfigError::Other(format!("{}: {error}", shape())))?;
        registry.check()?;
        Ok(registry)
    }

    fn error(&self, reason: impl Into<String>) -> ConfigError {
        ConfigError::Registry { name: self.name.clone(), reason: reason.into() }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let name_is_plain = self.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if self.name.is_empty() || !name_is_plain {
            return Err(self.error("expected a name of letters, digits and dashes"));
        }
        let url = &self.url;
        if !matches!(url.scheme(), "http" | "https")
            || url.host().is_none()
            || url.path() != "/"
            || url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(self
                .error("expected a URL such as https://registry.example.com, without a path or a password"));
        }
        let hosts = self.token_hosts.iter().chain(&self.storage_hosts);
        let is_host =
            |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:*[]".contains(&byte));
        if let Some(host) = hosts.into_iter().find(|host| host.is_empty() || !is_host(host)) {
            return Err(self.error(format!(
                "expected a host such as storage.example.com or *.example.com, found {host:?}"
            )));
        }
        match (&self.username, &self.password_env, &self.password_file) {
            (None, None, None) | (Some(_), Some(_), None) | (Some(_), None, Some(_)) => Ok(()),
            _ => Err(self.error("expected username together with either password_env or password_file")),
        }
    }

    /// Its name in references.
    pub(crate) fn reference_host(&self) -> String {
        match (&self.host, self.public()) {
            (Some(host), _) => host.clone(),
            (None, Some(public)) => public.name.to_owned(),
            (None, None) => authority(&self.url),
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
        } else if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            networks.push(IpNet::from(address.to_canonical()));
        }
        networks
    }

    /// The gateway's own user name and password.
    pub(crate) fn credentials(&self) -> Result<Option<(String, String)>, ConfigError> {
        let Some(user) = &self.username else { return Ok(None) };
        let password = match (&self.password_env, &self.password_file) {
            (Some(variable), _) => std::env::var(variable).map_err(|_| {
                self.error(format!("expected a password in the environment variable {variable}, found none"))
            })?,
            (None, Some(path)) => read(path)?.trim_end_matches(['\r', '\n']).to_owned(),
            (None, None) => return Ok(None),
        };
        Ok(Some((user.clone(), password)))
    }
}

/// `host` or `host:port` of a URL, without a port that goes without saying.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(crate) fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError, RegistryConfig};

    fn parse(text: &str) -> Result<Config, ConfigError> {
        let config: Config = toml::from_str(text).map_err(|error| ConfigError::Other(error.to_string()))?;
        config.check().map(|()| config)
    }

    #[test]
    fn flags_name_registries() {
        let hub = RegistryConfig::from_flag("hub=https://registry-1.docker.io").unwrap();
        assert_eq!((hub.name.as_str(), hub.reference_host().as_str()), ("hub", "docker.io"));
        assert_eq!(hub.all_token_hosts(), ["auth.docker.io"]);
        let lab = RegistryConfig::from_flag("lab=http://127.0.0.1:5000").unwrap();
        assert_eq!(lab.reference_host(), "127.0.0.1:5000");
        assert_eq!(lab.all_networks(), ["127.0.0.1/32".parse().unwrap()]);
        for wrong in
            ["lab", "lab=", "=https://a", "a b=https://a", "a=ftp://a", "a=https://a/path", "a=https://u:p@a"]
        {
            assert!(RegistryConfig::from_flag(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused_with_a_sentence() {
        let one = "[[registries]]\nname = 'a'\nurl = 'https://a.example'\n";
        assert!(parse(one).is_ok());
        for (text, expected) in [
            (String::new(), "at least one registry"),
            (format!("{one}{one}"), "a name of its own"),
            (format!("colour = 'red'\n{one}"), "unknown field"),
            (format!("{one}password = 'secret'\n"), "unknown field"),
            (format!("{one}username = 'u'\n"), "either password_env or password_file"),
            (format!("{one}password_env = 'P'\n"), "username together with"),
            (format!("{one}storage_hosts = ['https://s.example']\n"), "expected a host"),
            (format!("{one}storage_hosts = ['s.example; script-src *']\n"), "expected a host"),
            (format!("origins = ['*']\n{one}"), "expected an origin"),
            (format!("origins = ['https://a.example/']\n{one}"), "expected an origin"),
            (format!("connect = [\"'unsafe-eval'\"]\n{one}"), "expected a source"),
            (format!("base_path = 'x'\n{one}"), "expected a path"),
            (format!("[sign_in]\nheader = 'X-User'\n{one}"), "trusted_proxies"),
            (format!("[sign_in]\n{one}"), "either htpasswd or header"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
