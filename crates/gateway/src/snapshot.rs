//! A configuration made ready for requests.

use std::sync::Arc;

use crate::{
    cache::Cache,
    config::{Config, ConfigError},
    guard::Guard,
    sign_in::SignIn,
    upstream::Upstream,
};

const MIB: u64 = 1024 * 1024;

/// A configuration and what was made of it. A request keeps the snapshot that it began with; a reload makes a new one.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) config: Config,
    pub(crate) guard: Guard,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) registries: Vec<Arc<Upstream>>,
    pub(crate) cache: Option<Arc<Cache>>,
}

impl Snapshot {
    /// Makes a configuration ready. The cache of `before` goes on if it has the same folder.
    pub(crate) fn new(config: Config, before: Option<&Self>) -> Result<Self, ConfigError> {
        config.check()?;
        let sign_in = config.sign_in.as_ref().map(SignIn::new).transpose()?;
        let registries = config
            .registries
            .iter()
            .map(|registry| Upstream::new(registry, sign_in.is_none(), &config.limits).map(Arc::new));
        let registries = registries.collect::<Result<_, _>>()?;
        let guard = Guard {
            hosts: config.hosts.clone(),
            origins: config.origins.clone(),
            trusted_proxies: config.trusted_proxies.clone(),
        };
        let cache = match &config.cache {
            None => None,
            Some(wanted) => {
                let max = wanted.max_mib.saturating_mul(MIB);
                let before = before.and_then(|before| before.cache.clone());
                let cache = match before.filter(|cache| cache.folder() == wanted.folder) {
                    Some(cache) => {
                        cache.set_max(max);
                        cache
                    }
                    None => Arc::new(
                        Cache::open(&wanted.folder, max)
                            .map_err(|source| ConfigError::Read { path: wanted.folder.clone(), source })?,
                    ),
                };
                Some(cache)
            }
        };
        Ok(Self { guard, sign_in, registries, cache, config })
    }

    /// Returns the registry that is called `name` in paths.
    pub(crate) fn registry(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.registries.iter().find(|registry| registry.name == name)
    }
}
