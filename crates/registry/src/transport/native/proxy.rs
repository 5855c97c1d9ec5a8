//! The proxy that the environment names for a URL, by the rules that Go's programs follow.

use std::{env, fmt, net::IpAddr, path::PathBuf, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;
use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use tokio::io::{AsyncRead, AsyncWrite};
use url::Url;

use super::{
    Io,
    dial::{Target, dial},
    host_of, target_of, tls, tunnel,
};
use crate::{TransportError, TransportErrorKind};

/// A proxy that the environment names.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

/// Its URL may hold a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.target().to_string()).finish()
    }
}

impl Proxy {
    /// Returns the proxy for `url` that the environment of this program names: `HTTPS_PROXY` or `HTTP_PROXY` by the scheme, unless
    /// `NO_PROXY` names the host. Loopback is never reached through a proxy.
    ///
    /// # Errors
    /// [`TransportError`] if the variable names no proxy.
    pub fn from_environment(url: &Url) -> Result<Option<Self>, TransportError> {
        Self::of(url, &|name| env::var(name).ok())
    }

    /// Returns `true` if it is sent the requests for `url` themselves, with the whole URL in them; `false` if it opens connections.
    pub fn forwards(&self, url: &Url) -> bool {
        url.scheme() == "http" && !self.is_socks()
    }

    /// Connects to the host of `url` through it, or to the proxy itself where it [forwards](Self::forwards) requests. TLS with that host
    /// is the caller's matter.
    ///
    /// # Errors
    /// [`TransportError`] if the proxy cannot be reached, or refuses.
    pub async fn connect(
        &self,
        url: &Url,
    ) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, TransportError> {
        let target = target_of(url);
        let to_proxy = async {
            let stream: Io = Box::new(dial(self.target()).await?);
            if !self.speaks_tls() {
                return Ok(stream);
            }
            let folders = tls::SYSTEM_FOLDERS.map(PathBuf::from);
            let config = tls::config_for_proxy(&|name| env::var(name).ok(), &folders)?;
            let secure: Io = Box::new(tls::begin(stream, Arc::new(config), &self.target().host).await?);
            Ok(secure)
        };
        let stream = to_proxy.await.map_err(|error| tunnel::failed(self, &target, error))?;
        if self.forwards(url) { Ok(stream) } else { tunnel::open(stream, self, &target).await }
    }

    /// Returns the proxy for `url`: `HTTPS_PROXY` or `HTTP_PROXY` by the scheme, unless `NO_PROXY` names the host. Loopback is
    /// never reached through a proxy.
    ///
    /// # Errors
    /// A sentence without the value, which may hold a password, if the variable names no proxy.
    pub(super) fn of(
        url: &Url,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, TransportError> {
        let variable = if url.scheme() == "https" { "HTTPS_PROXY" } else { "HTTP_PROXY" };
        let Some(setting) = either(env, variable) else { return Ok(None) };
        let (host, port) = (host_of(url), url.port_or_known_default().unwrap_or_default());
        let exceptions = either(env, "NO_PROXY").unwrap_or_default();
        if is_loopback(&host) || is_excepted(&host, port, &exceptions) {
            return Ok(None);
        }
        let setting = if setting.contains("://") { setting } else { format!("http://{setting}") };
        let proxy = Url::parse(&setting).ok().filter(|proxy| {
            matches!(proxy.scheme(), "http" | "https" | "socks5" | "socks5h")
                && proxy.host_str().is_some_and(|host| !host.is_empty())
        });
        proxy.map(Self).map(Some).ok_or_else(|| TransportError {
            kind: TransportErrorKind::Setting,
            message: format!(
                "expected {variable} to be a URL such as http://HOST:PORT, https://… or socks5://…, found something else"
            ),
        })
    }

    /// Returns the proxy's own address.
    pub(super) fn target(&self) -> Target {
        let usual = match self.0.scheme() {
            "http" => 80,
            "https" => 443,
            _ => 1080,
        };
        Target { host: host_of(&self.0), port: self.0.port().unwrap_or(usual) }
    }

    /// Returns `true` if it speaks SOCKS.
    pub(super) fn is_socks(&self) -> bool {
        self.0.scheme().starts_with("socks")
    }

    /// Returns `true` if TLS is spoken to it.
    pub(super) fn speaks_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns the user and the password, if its URL has them.
    pub(super) fn user(&self) -> Option<(String, String)> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = self.0.username();
        (!user.is_empty()).then(|| (decoded(user), decoded(self.0.password().unwrap_or_default())))
    }

    /// Returns the value of `Proxy-Authorization`, by which a proxy of HTTP knows its user.
    pub fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.user()?;
        let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let mut value = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Returns a text that tells proxies apart.
    pub(super) fn key(&self) -> &str {
        self.0.as_str()
    }
}

fn either(env: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<String> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    set(name).or_else(|| set(&name.to_ascii_lowercase()))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_excepted(host: &str, port: u16, exceptions: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let exceptions = exceptions.split(',').map(|exception| exception.trim().to_ascii_lowercase());
    exceptions.filter(|exception| !exception.is_empty()).any(|exception| matches(&host, port, &exception))
}

fn matches(host: &str, port: u16, exception: &str) -> bool {
    if exception == "*" {
        return true;
    }
    if exception.contains('/') {
        let network = exception.parse::<IpNet>();
        return network.is_ok_and(|network| host.parse().is_ok_and(|host: IpAddr| network.contains(&host)));
    }
    let (name, only) = split_port(exception);
    if only.is_some_and(|only| only != port.to_string()) {
        return false;
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = name.parse::<IpAddr>() {
        return host.parse::<IpAddr>().is_ok_and(|host| host == address);
    }
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    match name.starts_with('.') {
        true => host.ends_with(name),
        false => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

/// The name of an exception and its port. An IPv6 address needs brackets for one.
fn split_port(exception: &str) -> (&str, Option<&str>) {
    match exception.rsplit_once(':') {
        Some((name, port))
            if !port.is_empty()
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && (name.ends_with(']') || !name.contains(':')) =>
        {
            (name, Some(port))
        }
        _ => (exception, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(url: &str, variables: &[(&str, &str)]) -> Result<Option<String>, String> {
        let env = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let found = Proxy::of(&Url::parse(url).unwrap(), &env).map_err(|error| error.message)?;
        Ok(found.map(|proxy| proxy.target().to_string()))
    }

    #[test]
    fn the_variable_of_the_scheme_names_the_proxy() {
        let both = [("HTTP_PROXY", "http://a:1"), ("https_proxy", "https://b")];
        assert_eq!(proxy("http://r.test/", &both), Ok(Some("a:1".to_owned())));
        assert_eq!(proxy("https://r.test/", &both), Ok(Some("b:443".to_owned())));
        assert_eq!(proxy("https://r.test/", &[("HTTPS_PROXY", "c:8")]), Ok(Some("c:8".to_owned())));
        assert_eq!(proxy("https://r.test/", &[("HTTPS_PROXY", "socks5://d")]), Ok(Some("d:1080".to_owned())));
        for loopback in ["http://localhost/", "http://127.0.0.9:5000/", "http://[::1]/"] {
            assert_eq!(proxy(loopback, &both), Ok(None), "{loopback}");
        }
        let wrong = proxy("https://r.test/", &[("HTTPS_PROXY", "ftp://me:secret@proxy")]).unwrap_err();
        assert!(
            wrong.starts_with("expected HTTPS_PROXY to be a URL") && !wrong.contains("secret"),
            "{wrong}"
        );
    }

    #[test]
    fn exceptions_are_names_with_what_is_below_them_addresses_networks_and_ports() {
        for (exceptions, url, is_straight) in [
            ("*", "http://r.test/", true),
            ("r.test", "http://r.test:5000/", true),
            ("r.test", "http://sub.r.test/", true),
            ("r.test", "http://other.test/", false),
            ("r.test", "http://xr.test/", false),
            (".r.test", "http://r.test/", false),
            (".r.test", "http://sub.r.test/", true),
            ("*.r.test", "http://sub.r.test/", true),
            ("r.test:5000", "http://r.test:5000/", true),
            ("r.test:5000", "http://r.test/", false),
            ("r.test:443", "https://r.test/", true),
            ("10.0.0.0/8", "http://10.1.2.3/", true),
            ("10.0.0.0/8", "http://11.1.2.3/", false),
            ("10.1.2.3", "http://10.1.2.3:9/", true),
            ("fd00::/8, x", "http://[fd00::1]/", true),
            ("[fd00::1]:80", "http://[fd00::1]/", true),
            ("[fd00::1]:81", "http://[fd00::1]/", false),
            ("a, R.TEST ,b", "http://r.test/", true),
        ] {
            let proxies = [("HTTP_PROXY", "p:1"), ("HTTPS_PROXY", "p:1"), ("NO_PROXY", exceptions)];
            assert_eq!(proxy(url, &proxies).unwrap().is_none(), is_straight, "{exceptions} for {url}");
        }
    }
}
