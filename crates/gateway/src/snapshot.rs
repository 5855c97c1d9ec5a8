//! A configuration made ready for requests.

use std::{io, net::SocketAddr, sync::Arc};

use http::{HeaderMap, HeaderName, header, request::Parts};

use crate::{
    cache::Cache,
    config::{CacheConfig, Config, ConfigError},
    guard::{Guard, request_authority},
    header_list::elements,
    sign_in::{SignIn, SignInState},
    upstream::Upstream,
};

const MIB: u64 = 1024 * 1024;
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// A configuration and what was made of it. A request keeps the snapshot that it began with; a reload makes a new one.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) config: Config,
    pub(crate) guard: Guard,
    pub(crate) sign_in: Option<SignIn>,
    sign_in_state: Arc<SignInState>,
    pub(crate) registries: Vec<Arc<Upstream>>,
    pub(crate) cache: Option<Arc<Cache>>,
}

impl Snapshot {
    /// Makes a configuration ready. The cache of `before` goes on if it has the same folder.
    pub(crate) fn new(config: Config, before: Option<&Self>) -> Result<Self, ConfigError> {
        Self::with_cache(config, before, |wanted| {
            let max = wanted.max_mib.saturating_mul(MIB);
            let before = before.and_then(|before| before.cache.clone());
            match before.filter(|cache| cache.folder() == wanted.folder) {
                Some(cache) => {
                    cache.set_max(max);
                    Ok(Some(cache))
                }
                None => Cache::open(&wanted.folder, max).map(|cache| Some(Arc::new(cache))),
            }
        })
    }

    /// Checks that a configuration can be made ready, and leaves the cache as it is.
    pub(crate) fn check(config: Config) -> Result<(), ConfigError> {
        Self::with_cache(config, None, |wanted| Cache::check(&wanted.folder).map(|()| None)).map(drop)
    }

    fn with_cache(
        config: Config,
        before: Option<&Self>,
        cache: impl FnOnce(&CacheConfig) -> io::Result<Option<Arc<Cache>>>,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let state = before.map_or_else(Arc::default, |before| Arc::clone(&before.sign_in_state));
        let sign_in = config
            .sign_in
            .as_ref()
            .map(|wanted| SignIn::new(wanted, &state, before.and_then(|before| before.sign_in.as_ref())));
        let sign_in = sign_in.transpose()?;
        let registries = config.registries.iter().map(|registry| {
            let before = before.and_then(|before| before.registry(&registry.name));
            Upstream::new(registry, sign_in.is_none(), &config.limits, before).map(Arc::new)
        });
        let registries = registries.collect::<Result<_, _>>()?;
        let guard = Guard {
            hosts: config.hosts.clone(),
            origins: config.origins.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
            public_url: config.public_url.clone(),
        };
        let cache = match &config.cache {
            None => None,
            Some(wanted) => {
                cache(wanted).map_err(|source| ConfigError::Cache { path: wanted.folder.clone(), source })?
            }
        };
        Ok(Self { guard, sign_in, sign_in_state: state, registries, cache, config })
    }

    /// Returns the registry that is called `name` in paths.
    pub(crate) fn registry(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.registries.iter().find(|registry| registry.name == name)
    }

    /// Returns `true` if the browser came by TLS, to the gateway or to a proxy in front. Of several proxies the first one tells.
    pub(crate) fn is_secure(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        self.config.tls.is_some() || (claims_https(headers) && self.guard.trusts(peer.ip()))
    }

    /// Returns the URL of a request as its caller sees it. Returns `None` for requests of pages, which resolve references themselves
    /// and may be below a path that the gateway does not know.
    pub(crate) fn absolute_url(&self, parts: &Parts) -> Option<String> {
        let Parts { uri, headers, .. } = parts;
        let is_page = headers.contains_key(header::ORIGIN)
            || headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
        if is_page {
            return None;
        }
        let path = uri.path();
        if let Some(public) = &self.config.public_url {
            return Some(format!("{}{path}", public.as_str().trim_end_matches('/')));
        }
        // Programs send passwords there, so a proxy that nobody named among the trusted ones is believed, too: who claims TLS
        // without having it changes nothing but the answer to itself.
        let is_https = self.config.tls.is_some() || claims_https(headers);
        let scheme = if is_https { "https" } else { "http" };
        let authority = request_authority(uri, headers)?;
        Some(format!("{scheme}://{authority}{}{path}", self.config.base_path))
    }
}

/// Returns `true` if a request says that it came by TLS to the first proxy.
fn claims_https(headers: &HeaderMap) -> bool {
    let scheme = elements(headers, FORWARDED_PROTO, b',').next();
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}
