//! The configuration: a file, or flags for the simple cases.

mod error;
mod fields;
mod registry;

use std::{
    collections::{HashMap, HashSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use http::HeaderName;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tallyman_core::Reference;
use url::Url;

use crate::{
    descriptors,
    guard::{ONCE, host_of},
    limits::Limits,
    rate_floor::Pace,
};

pub use self::{
    error::{ConfigError, HtpasswdError, PasswordFault, RegistryError},
    registry::{Redirects, RegistryConfig},
};
pub(crate) use self::{
    fields::{parse_listen, without_password},
    registry::{address_of, authority, password_in},
};

/// Everything that the operator decides. Fields that are not named keep their defaults; unknown ones are errors.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The address to listen at; on loopback unless said otherwise. Not changed by a reload.
    #[serde(deserialize_with = "fields::listen")]
    pub listen: SocketAddr,
    /// A second address, without TLS and sign-in, for those who ask for metrics and health and nothing more. Not
    /// changed by a reload.
    #[serde(deserialize_with = "fields::some_listen")]
    pub metrics_listen: Option<SocketAddr>,
    /// The URL of the gateway for programs that resolve no references, such as Docker; made of the request's host name and
    /// `X-Forwarded-Proto` unless set.
    #[serde(deserialize_with = "fields::some_url")]
    pub public_url: Option<Url>,
    /// The title of the app.
    pub title: String,
    /// `auto`, `light` or `dark`: what the app looks like until somebody chooses.
    pub theme: Theme,
    /// Names by which browsers may call the gateway. IP addresses and `localhost` always may.
    pub hosts: Vec<String>,
    /// Origins of other sites whose pages may read and write through the gateway, such as `https://ui.example.com`.
    pub origins: Vec<String>,
    /// Sources besides the gateway itself that the app may connect to, as in a Content Security Policy.
    pub connect: Vec<String>,
    /// Networks or addresses of proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and sign-in header are trusted.
    #[serde(deserialize_with = "fields::networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// A path that a proxy in front leaves on the requests, such as `/tallyman`. Proxies that strip it need nothing.
    pub base_path: String,
    /// Seconds that running transfers get when the gateway ends.
    pub shutdown_seconds: u64,
    /// Seconds before that in which `/readyz` says no and connections are still taken, so that a load balancer can look
    /// elsewhere first.
    pub drain_seconds: u64,
    /// The bounds of connections and of waiting.
    pub limits: LimitsConfig,
    /// TLS towards the browser.
    pub tls: Option<TlsConfig>,
    /// The users of the gateway; everybody who reaches it unless said otherwise.
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
            public_url: None,
            title: "Tallyman".to_owned(),
            theme: Theme::Auto,
            hosts: Vec::new(),
            origins: Vec::new(),
            connect: Vec::new(),
            trusted_proxies: Vec::new(),
            base_path: String::new(),
            shutdown_seconds: 30,
            drain_seconds: 0,
            limits: LimitsConfig::default(),
            tls: None,
            sign_in: None,
            cache: None,
            registries: Vec::new(),
            samples: Vec::new(),
        }
    }
}

/// The app's colours until somebody chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// The theme that the browser prefers.
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// An image that the app offers to look at.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Its reference.
    pub reference: String,
    /// Its description in a few words.
    pub about: String,
}

/// The bounds of connections and of waiting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Connections, and requests for registries at the same time. Fewer where the system has too few file descriptors.
    pub connections: usize,
    /// The same by caller; trusted proxies are not counted.
    pub connections_per_caller: usize,
    /// Seconds until the head of a request is there, TLS included.
    pub head_seconds: u64,
    /// Seconds between two requests of a connection.
    pub idle_seconds: u64,
    /// Seconds that a caller or a registry may stand still in the middle of a body.
    pub stall_seconds: u64,
    /// Bytes in a second below which a body counts as standing still.
    pub bytes_per_second: u64,
    /// Seconds until a registry answers, from the end of the request on.
    pub answer_seconds: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_caller: 256,
            head_seconds: 10,
            idle_seconds: 75,
            stall_seconds: 60,
            bytes_per_second: 1024,
            answer_seconds: 60,
        }
    }
}

impl LimitsConfig {
    /// Returns the pace that bodies must keep.
    pub(crate) fn pace(&self) -> Pace {
        Pace { stall: Duration::from_secs(self.stall_seconds), bytes_per_second: self.bytes_per_second }
    }

    /// Returns the time that a registry has for its response.
    pub(crate) fn answer(&self) -> Duration {
        Duration::from_secs(self.answer_seconds)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let numbers = [
            ("connections", self.connections as u64),
            ("connections_per_caller", self.connections_per_caller as u64),
            ("head_seconds", self.head_seconds),
            ("idle_seconds", self.idle_seconds),
            ("stall_seconds", self.stall_seconds),
            ("bytes_per_second", self.bytes_per_second),
            ("answer_seconds", self.answer_seconds),
        ];
        match numbers.into_iter().find(|(_, value)| !(1..=1_000_000).contains(value)) {
            Some((field, found)) => Err(ConfigError::Limit { field, found }),
            None => Ok(()),
        }
    }
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

/// The way to sign in: exactly one of `htpasswd` and `header`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInConfig {
    /// An htpasswd file with bcrypt passwords (`htpasswd -B`).
    pub htpasswd: Option<PathBuf>,
    /// A header with the user's name, set by one of `trusted_proxies`.
    pub header: Option<String>,
    /// A file with the secret that sessions are signed with: at least 32 bytes, the same for all gateways behind one
    /// name. Made at random, and so of this process alone, unless said otherwise.
    pub session_key_file: Option<PathBuf>,
    /// The environment variable with that secret.
    pub session_key_env: Option<String>,
}

impl SignInConfig {
    /// Checks that there is one method, and that a header can be believed.
    fn check(&self, trusted_proxies: &[IpNet]) -> Result<(), ConfigError> {
        match (&self.htpasswd, &self.header) {
            (Some(_), Some(_)) => Err(ConfigError::SignInMethod { found: "both" }),
            (None, None) => Err(ConfigError::SignInMethod { found: "neither" }),
            (None, Some(_)) if trusted_proxies.is_empty() => Err(ConfigError::SignInHeader),
            (None, Some(header)) => self.check_header(header),
            (Some(_), None) => Ok(()),
        }
    }

    /// Checks that a header can name a user, and that nothing is set that goes with passwords.
    fn check_header(&self, header: &str) -> Result<(), ConfigError> {
        let Ok(name) = header.parse::<HeaderName>() else {
            return Err(ConfigError::SignInHeaderName { found: without_password(header) });
        };
        if has_other_meaning(name.as_str()) {
            return Err(ConfigError::SignInHeaderMeaning { found: name.to_string() });
        }
        let keys = [
            ("session_key_file", self.session_key_file.is_some()),
            ("session_key_env", self.session_key_env.is_some()),
        ];
        match keys.into_iter().find_map(|(field, is_set)| is_set.then_some(field)) {
            Some(field) => Err(ConfigError::SessionKeyUnused { field }),
            None => Ok(()),
        }
    }

    /// Returns the secret that sessions are signed with, if there is one.
    pub(crate) fn session_key(&self) -> Result<Option<String>, ConfigError> {
        match (&self.session_key_file, &self.session_key_env) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(ConfigError::SessionKeys),
            (Some(path), None) => read(path).map(Some),
            (None, Some(variable)) => match std::env::var(variable) {
                Ok(key) => Ok(Some(key)),
                Err(_) => Err(ConfigError::SessionKeyVariable { variable: variable.clone() }),
            },
        }
    }
}

/// Content kept by digest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// A folder of the gateway's own.
    pub folder: PathBuf,
    /// The size of the cache in MiB; 2 GiB unless said otherwise. Content that was not used for the longest time goes first.
    #[serde(default = "cache_max_mib")]
    pub max_mib: u64,
}

fn cache_max_mib() -> u64 {
    2048
}

/// A configuration file, and what counts in place of what it says.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// A TOML file.
    pub path: PathBuf,
    /// The address to listen at, whatever the file says.
    pub listen: Option<SocketAddr>,
}

impl ConfigFile {
    /// Reads and checks the configuration.
    ///
    /// # Errors
    /// When it cannot be read, is not of this form, or contradicts itself.
    pub fn read(&self) -> Result<Config, ConfigError> {
        let mut config = parse(&self.path, &read(&self.path)?)?;
        config.listen = self.listen.unwrap_or(config.listen);
        config.check()?;
        Ok(config)
    }
}

impl Config {
    /// Returns the bounds of connections: never more than there are file descriptors for.
    pub(crate) fn connection_limits(&self) -> Limits {
        let limits = &self.limits;
        let total = limits.connections.min(descriptors::connections());
        // One caller leaves a quarter to the others.
        let by_caller = limits.connections_per_caller.min(total - total / 4);
        Limits {
            total,
            by_caller,
            trusted_proxies: self.trusted_proxies.clone(),
            head: Duration::from_secs(limits.head_seconds),
            idle: Duration::from_secs(limits.idle_seconds),
            pace: limits.pace(),
        }
    }

    /// Takes over what changes only with a new start: the addresses, the path and whether there is TLS are those of `running`.
    /// Returns the names of the fields that said something else.
    pub(crate) fn keep_bound(&mut self, running: &Self) -> Vec<&'static str> {
        let mut kept = Vec::new();
        if self.listen != running.listen {
            kept.push("listen");
            self.listen = running.listen;
        }
        if self.metrics_listen != running.metrics_listen {
            kept.push("metrics_listen");
            self.metrics_listen = running.metrics_listen;
        }
        if self.base_path != running.base_path {
            kept.push("base_path");
            self.base_path.clone_from(&running.base_path);
        }
        if self.tls.is_some() != running.tls.is_some() {
            kept.push("tls");
            self.tls.clone_from(&running.tls);
        }
        kept
    }

    /// Checks what no type checks.
    ///
    /// # Errors
    /// When it contradicts itself.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_registries()?;
        for sample in &self.samples {
            let parsed = sample.reference.parse::<Reference>();
            parsed.map_err(|source| ConfigError::Sample { found: sample.reference.clone(), source })?;
        }
        self.check_pages()?;
        self.limits.check()?;
        self.check_addresses()?;
        if self.cache.as_ref().is_some_and(|cache| cache.max_mib == 0) {
            return Err(ConfigError::CacheSize);
        }
        match &self.sign_in {
            Some(sign_in) => sign_in.check(&self.trusted_proxies),
            None => Ok(()),
        }
    }

    /// Checks the registries, each by itself and against the others.
    fn check_registries(&self) -> Result<(), ConfigError> {
        if self.registries.is_empty() {
            return Err(ConfigError::NoRegistry);
        }
        let (mut names, mut hosts) = (HashSet::new(), HashMap::new());
        for registry in &self.registries {
            registry.check()?;
            if !names.insert(&registry.name) {
                return Err(registry.error(RegistryError::NameTaken));
            }
            let host = registry.reference_host();
            if let Some(other) = hosts.insert(host.to_ascii_lowercase(), &registry.name) {
                return Err(registry.error(RegistryError::HostTaken { host, other: other.clone() }));
            }
        }
        Ok(())
    }

    /// Checks the pages that may use the gateway, and what the app may connect to.
    fn check_pages(&self) -> Result<(), ConfigError> {
        if let Some(url) = self.public_url.as_ref().filter(|url| !is_plain_url(url)) {
            return Err(ConfigError::PublicUrl { found: without_password(url.as_str()) });
        }
        for origin in &self.origins {
            let parsed = Url::parse(origin).map(|url| url.origin().ascii_serialization());
            if parsed.ok().as_ref() != Some(origin) {
                return Err(ConfigError::Origin { found: without_password(origin) });
            }
        }
        for source in &self.connect {
            if source.contains([';', ',', '\'']) || !source.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(ConfigError::ConnectSource { found: without_password(source) });
            }
        }
        Ok(())
    }

    /// Checks the path, the names and the addresses of the gateway itself.
    fn check_addresses(&self) -> Result<(), ConfigError> {
        if !self.base_path.is_empty() && !is_base_path(&self.base_path) {
            return Err(ConfigError::BasePath { found: without_password(&self.base_path) });
        }
        if let Some(host) = self.hosts.iter().find(|host| host_of(host) != Some(host)) {
            return Err(ConfigError::Host { found: without_password(host) });
        }
        match self.metrics_listen.filter(|metrics| overlap(*metrics, self.listen)) {
            Some(found) => Err(ConfigError::MetricsListen { listen: self.listen, found }),
            None => Ok(()),
        }
    }
}

/// Returns `true` for headers that say something else than who asks.
fn has_other_meaning(name: &str) -> bool {
    const OTHERS: [&str; 20] = [
        "accept",
        "accept-encoding",
        "accept-language",
        "connection",
        "content-length",
        "content-range",
        "cookie",
        "forwarded",
        "if-match",
        "if-none-match",
        "range",
        "referer",
        "te",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-real-ip",
    ];
    name.starts_with("sec-") || ONCE.contains(&name) || OTHERS.contains(&name)
}

/// Returns `true` for a URL of scheme, host, port and path alone.
fn is_plain_url(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// Returns `true` for a path that stays as it is in the URLs of browsers.
fn is_base_path(text: &str) -> bool {
    let mut url = Url::parse("http://localhost").expect("this is a URL");
    url.set_path(text);
    url.path() == text && text.starts_with('/') && !text.ends_with('/') && !text.contains("//")
}

/// Returns `true` if the system does not let one program listen at both addresses. Port 0 is a free one.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (is_any || one.ip() == other.ip())
}

/// Returns the text of a file that the configuration needs, without a byte order mark.
pub(crate) fn read(path: &Path) -> Result<String, ConfigError> {
    let mut text =
        fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// Parses the text of a configuration file. Its errors show the position in place of the line, which may hold a secret.
fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line_before = before.rsplit('\n').next().unwrap_or_default();
        ConfigError::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: line_before.chars().count() + 1,
            reason: fields::reason_of(&error),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Config, ConfigError, RegistryConfig};

    fn parse(text: &str) -> Result<Config, ConfigError> {
        let config = super::parse("gateway.toml".as_ref(), text)?;
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
        for (url, expected) in [
            ("http://registry", "registry:80"),
            ("https://registry", "registry:443"),
            ("http://registry:5000", "registry:5000"),
            ("http://localhost", "localhost"),
            ("http://[::1]", "[::1]"),
        ] {
            let found = RegistryConfig::from_flag(&format!("lab={url}")).unwrap();
            assert_eq!(found.reference_host(), expected, "{url}");
        }
        for wrong in
            ["lab", "lab=", "=https://a", "a b=https://a", "a=ftp://a", "a=https://a/path", "a=https://u:p@a"]
        {
            assert!(RegistryConfig::from_flag(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn contradictory_settings_are_refused_with_a_sentence() {
        let one = "[[registries]]\nname = 'a'\nurl = 'https://a.example'\n";
        assert!(parse(one).is_ok());
        let cache = parse(&format!("[cache]\nfolder = 'c'\n{one}")).unwrap().cache;
        assert_eq!(cache.unwrap().max_mib, 2048, "as the example says");
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
            (format!("connect = [\"https://a.example\\n\"]\n{one}"), "expected a source"),
            (format!("connect = ['https://a.example\t']\n{one}"), "expected a source"),
            (format!("base_path = 'x'\n{one}"), "expected a path"),
            (format!("[sign_in]\nheader = 'X-User'\n{one}"), "trusted_proxies"),
            (
                format!("trusted_proxies = ['10.0.0.0/8']\n[sign_in]\nheader = 'X User'\n{one}"),
                "name of a header",
            ),
            (
                format!(
                    "trusted_proxies = ['10.0.0.0/8']\n[sign_in]\nheader = 'X-User'\nsession_key_file = 'k'\n{one}"
                ),
                "remove session_key_file",
            ),
            (format!("[cache]\nfolder = 'c'\nmax_mib = 0\n{one}"), "cache.max_mib"),
            (format!("{one}networks = ['169.254.169.254']\n"), "found 169.254.169.254, which never is"),
            (
                format!("{one}token_hosts = ['10.0.0.1']\n"),
                "token_hosts: expected a public address for 10.0.0.1",
            ),
            (
                format!("{one}storage_hosts = ['[::1]:5000']\n"),
                "storage_hosts: expected a public address for ::1",
            ),
            (format!("metrics_listen = '127.0.0.1:8080'\n{one}"), "another port"),
            (format!("listen = '0.0.0.0:80'\nmetrics_listen = '127.0.0.1:80'\n{one}"), "another port"),
            (format!("{one}requests_per_minute = 0\n"), "from 1 on"),
            (format!("[sign_in]\n{one}"), "either htpasswd or header"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn headers_with_another_meaning_name_no_user() {
        let with = |header: &str| {
            parse(&format!(
                "trusted_proxies = ['10.0.0.0/8']\n[sign_in]\nheader = '{header}'\n[[registries]]\nname = 'a'\nurl = 'https://a.example'\n"
            ))
        };
        for header in
            ["X-Forwarded-User", "X-Auth-Request-Email", "Remote-User", "Cf-Access-Authenticated-User-Email"]
        {
            assert!(with(header).is_ok(), "{header}");
        }
        for header in
            ["Host", "cookie", "X-Forwarded-For", "X-Forwarded-Proto", "Authorization", "Sec-Fetch-Site"]
        {
            let error = with(header).expect_err(header).to_string();
            assert!(error.contains("which has another meaning"), "{error}");
        }
    }

    #[test]
    fn urls_at_addresses_that_are_never_connected_to_are_refused() {
        for (url, expected) in [
            ("http://169.254.169.254", "found 169.254.169.254, which is never connected to"),
            ("http://0.0.0.0:5000", "found 0.0.0.0, which is never connected to"),
            ("http://[::ffff:169.254.169.254]", "found 169.254.169.254, which is never connected to"),
            ("http://[64:ff9b::7f00:1]", "found 127.0.0.1; add its network"),
        ] {
            let more = "networks = ['169.254.0.0/16', '::/0']";
            let error = parse(&format!("[[registries]]\nname = 'a'\nurl = '{url}'\n{more}\n"));
            let error = error.expect_err(url).to_string();
            assert!(error.contains(expected), "{url}: {error}");
        }
        assert!(parse("[[registries]]\nname = 'a'\nurl = 'http://10.0.0.1:5000'\n").is_ok());
    }

    #[test]
    fn networks_of_ipv4_in_the_form_of_ipv6_are_those_of_ipv4() {
        let one = "[[registries]]\nname = 'a'\nurl = 'https://a.example'\n";
        for (text, expected) in [
            ("::ffff:127.0.0.0/104", "127.0.0.0/8"),
            ("::ffff:10.0.0.5", "10.0.0.5/32"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
            ("10.0.0.5", "10.0.0.5/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::/0", "::/0"),
        ] {
            let config = parse(&format!("trusted_proxies = ['{text}']\n{one}")).unwrap();
            assert_eq!(config.trusted_proxies, [expected.parse().unwrap()], "{text}");
        }
    }

    #[test]
    fn names_that_no_request_can_have_are_refused() {
        let one = "[[registries]]\nname = 'a'\nurl = 'https://a.example'\n";
        for (good, bad, line) in [
            (
                &["/a", "/a/b.c", "/a%20b", "/~ada"][..],
                &["/a b", "//evil.example", "/é", "/a/../b", "/a?b"][..],
                "base_path = VALUE",
            ),
            (
                &["x.example", "a_b", "[::1]"],
                &["https://x.example", "x.example:8080", "*.example", "é.example", ""],
                "hosts = [VALUE]",
            ),
        ] {
            let parse =
                |value: &str| parse(&format!("{}\n{one}", line.replace("VALUE", &format!("'{value}'"))));
            for value in good {
                assert!(parse(value).is_ok(), "{line}: {value}");
            }
            for value in bad {
                let error = parse(value).expect_err(value).to_string();
                assert!(error.contains(&format!("found {value:?}")), "{line}: {error}");
            }
        }
        for (values, is_good, field) in [
            (&["A/**", "../x", ""][..], false, "repositories"),
            (&["a/**", "*"], true, "repositories"),
            (&["S.example", "*", "s.example;", "*.", "s.example:x", "s.example/"], false, "storage_hosts"),
            (
                &["s.example", "s.example:8443", "*.s.example", "[2606:4700::1]:5000", "1.1.1.1"],
                true,
                "token_hosts",
            ),
        ] {
            for value in values {
                let parsed = parse(&format!("{one}{field} = ['{value}']\n"));
                assert_eq!(parsed.is_ok(), is_good, "{field}: {value}");
            }
        }
        assert!(parse(&format!("listen = '127.0.0.1:0'\nmetrics_listen = '127.0.0.1:0'\n{one}")).is_ok());
    }
}
