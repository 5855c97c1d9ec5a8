//! A registry as the gateway reaches it: its connections, and what may be asked of it.

mod authorize;
mod tls_fault;

use std::{
    error::Error,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use axum::body::Body;
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use http_body_util::LengthLimitError;
use tallyman_registry::Proxy;
use tokio::sync::Semaphore;
use tower::timeout::error::Elapsed;
use url::Url;

use crate::{
    addresses::{AddressRefused, Networks, Resolver},
    config::{ConfigError, LimitsConfig, Redirects, RegistryConfig, RegistryError, address_of, authority},
    credentials::Credentials,
    http_client::{CONNECT, HttpClient, HttpClientError, TrustRoots, causes, root_cause},
    metrics::{Metrics, RegistryMetrics},
    paced_body::{PacedBody, Progress, Stalled, UploadEnded},
    rate_floor::Pace,
    rate_limit::RateLimit,
    refusal::Refusal,
    repository_pattern::RepositoryPattern,
    route::Route,
    single_flight::SingleFlight,
};

const MIB: u64 = 1024 * 1024;
/// Pages of the catalog that are made at the same time.
const CATALOGS_MAX: usize = 4;
/// KiB of manifests that are held in memory at the same time: eight of the largest, or thousands of usual ones.
const KEPT_MANIFESTS_KIB: usize = 32 * 1024;

pub(crate) use authorize::AuthScheme;

/// A registry.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) read_only: bool,
    pub(crate) delete: bool,
    pub(crate) limit: Option<RateLimit>,
    pub(crate) max_upload: u64,
    /// The permits of pages of its catalog, as each is held in memory while it is made.
    pub(crate) catalogs: Semaphore,
    /// The KiB of manifests that are held in memory, in case they have to be sent again.
    pub(crate) kept_manifests: Semaphore,
    pace: Pace,
    answer: Duration,
    redirects: Redirects,
    url: Url,
    own_client: HttpClient,
    other_client: HttpClient,
    networks: Arc<Networks>,
    patterns: Vec<RepositoryPattern>,
    token_hosts: Vec<String>,
    storage_hosts: Vec<String>,
    auth_scheme: Mutex<Option<(AuthScheme, Instant)>>,
    /// The request that finds out what the registry asks for, if one is under way.
    auth_scheme_fetch: SingleFlight<Result<AuthScheme, Refusal>>,
    metrics: OnceLock<RegistryMetrics>,
}

impl Upstream {
    /// `open` says that nobody needs to sign in to the gateway. Callers keep what they have used up of the limits of
    /// `before`, and what it learnt of the registry counts on.
    pub(crate) fn new(
        config: &RegistryConfig,
        open: bool,
        limits: &LimitsConfig,
        before: Option<&Arc<Self>>,
    ) -> Result<Self, ConfigError> {
        Proxy::from_environment(&config.url)
            .map_err(|error| config.error(RegistryError::Proxy { message: error.message }))?;
        let networks = Arc::new(Networks::new(config.all_networks()));
        let credentials = config
            .credentials()?
            .map(|(user, password)| Credentials::new(user, &password, config.password_file.clone()));
        let authorities = TrustRoots::Authorities(config.ca_file.as_deref());
        let client = |trust_roots| {
            HttpClient::new(Resolver(Arc::clone(&networks)), trust_roots).map_err(|error| match error {
                HttpClientError::Read { path, source } => ConfigError::Read { path, source },
                HttpClientError::Certificates { path } => config.error(RegistryError::Certificates { path }),
                HttpClientError::Tls(error) => config.error(RegistryError::Tls(error)),
            })
        };
        let own_client = client(if config.insecure { TrustRoots::Any } else { authorities })?;
        let other_client = client(authorities)?;
        let upstream = Self {
            name: config.name.clone(),
            host: config.reference_host(),
            read_only: config.read_only.unwrap_or(credentials.is_some() && open),
            credentials,
            delete: config.delete,
            limit: config.requests_per_minute.and_then(|rate| {
                let before = before.and_then(|before| before.limit.as_ref()?.at_rate(rate));
                before.or_else(|| RateLimit::new(rate, "requests for this registry"))
            }),
            max_upload: config.max_upload_mib.saturating_mul(MIB),
            catalogs: Semaphore::new(CATALOGS_MAX),
            kept_manifests: Semaphore::new(KEPT_MANIFESTS_KIB),
            pace: limits.pace(),
            answer: limits.answer(),
            redirects: config.redirects,
            url: config.url.clone(),
            own_client,
            other_client,
            networks,
            patterns: config.repositories.iter().map(|pattern| RepositoryPattern::new(pattern)).collect(),
            token_hosts: config.all_token_hosts(),
            storage_hosts: config.all_storage_hosts(),
            auth_scheme: Mutex::default(),
            auth_scheme_fetch: SingleFlight::default(),
            metrics: OnceLock::new(),
        };
        if let Some(before) = before.filter(|before| before.url == upstream.url) {
            upstream.learn_from(before);
        }
        Ok(upstream)
    }

    /// Returns its metrics among those of the gateway.
    pub(crate) fn metrics(&self, all: &Metrics) -> &RegistryMetrics {
        self.metrics.get_or_init(|| all.of_registry(&self.name))
    }

    /// The registry's URL of what stands behind `/r/NAME/`.
    pub(crate) fn url(&self, rest: &str, query: Option<&str>) -> Url {
        let mut url = self.url.clone();
        url.set_path(rest);
        url.set_query(query);
        url
    }

    /// Returns `true` if a URL is at the registry, by whatever scheme, or under the name that the registry has in references:
    /// only its path and query are used.
    pub(crate) fn is_own_host(&self, url: &Url) -> bool {
        let found = authority(url);
        found == authority(&self.url) || found == self.host
    }

    /// Returns `true` if a URL is at the registry's own origin, to which credentials may go.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        url.has_host()
            && url.scheme() == self.url.scheme()
            && url.host_str() == self.url.host_str()
            && url.port_or_known_default() == self.url.port_or_known_default()
    }

    /// Returns `true` if a URL is a token service that this registry may name.
    pub(crate) fn is_token_service(&self, url: &Url) -> bool {
        self.is_safe(url) && (self.is_own(url) || is_listed(&self.token_hosts, url))
    }

    /// Returns `true` if the registry may redirect a download to a URL.
    pub(crate) fn is_storage(&self, url: &Url) -> bool {
        self.is_safe(url) && (self.is_own(url) || is_listed(&self.storage_hosts, url))
    }

    /// Returns `true` if a redirect to a URL is for the browser to follow.
    pub(crate) fn lets_browser_follow(&self, url: &Url) -> bool {
        self.redirects == Redirects::Pass && !self.is_own(url) && self.is_storage(url)
    }

    /// The storages that browsers are sent to.
    pub(crate) fn browser_storages(&self) -> &[String] {
        if self.redirects == Redirects::Pass { &self.storage_hosts } else { &[] }
    }

    /// No way from HTTPS to plain HTTP, no password in the URL.
    fn is_safe(&self, url: &Url) -> bool {
        let is_scheme = self.safe_schemes().contains(&url.scheme());
        is_scheme && url.username().is_empty() && url.password().is_none()
    }

    fn safe_schemes(&self) -> &'static [&'static str] {
        if self.url.scheme() == "http" { &["http", "https"] } else { &["https"] }
    }

    /// Returns `true` if a repository may be reached.
    pub(crate) fn is_open(&self, repository: &str) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(repository))
    }

    /// Returns `true` if what a route is about may be reached, whichever repository that is.
    pub(crate) fn opens(&self, route: &Route) -> bool {
        match route {
            Route::UploadBelow(prefix) => {
                self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches_below(prefix))
            }
            route => route.repository().is_none_or(|name| self.is_open(name)),
        }
    }

    /// Returns `true` if some repositories are out of reach.
    pub(crate) fn is_partial(&self) -> bool {
        !self.patterns.is_empty()
    }

    /// Returns the refusal of a repository that is not open.
    pub(crate) fn hidden(&self, name: &str) -> Refusal {
        Refusal::denied(format!(
            "expected one of the repositories that the gateway opens of {}, found {name}",
            self.name
        ))
    }

    /// Checks that this may be asked at all. `source` is the repository that a mount takes from.
    pub(crate) fn permit(&self, route: &Route, method: &Method, source: Option<&str>) -> Result<(), Refusal> {
        route.check_method(method)?;
        let hidden = route.repository().filter(|_| !self.opens(route));
        if let Some(name) = hidden.or(source.filter(|name| !self.is_open(name))) {
            return Err(self.hidden(name));
        }
        if route.writes(method) && self.read_only {
            return Err(Refusal::denied(format!("{} is read-only through this gateway", self.name)));
        }
        if route.deletes(method) && !self.delete {
            return Err(Refusal::denied(format!(
                "nothing of {} can be deleted through this gateway",
                self.name
            )));
        }
        Ok(())
    }

    /// Sends a request to a URL, once its address is known to be one that may be connected to. The body has all the
    /// time that it takes; then the response must begin.
    pub(crate) async fn send(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response<Body>, Refusal> {
        self.check_address(url)?;
        let progress = Progress::new();
        let body = if http_body::Body::is_end_stream(&body) {
            body
        } else {
            Body::new(PacedBody::new(body, self.pace).with_progress(progress.clone()))
        };
        let uri = Uri::try_from(url.as_str()).map_err(|_| {
            Refusal::bad_gateway(format!(
                "expected an address of {}, found one at {}",
                self.name,
                origin_of(url)
            ))
        })?;
        let client = if self.is_own(url) { &self.own_client } else { &self.other_client };
        let sent = client.send(method, uri, headers, body);
        tokio::pin!(sent);
        let answered = loop {
            let deadline = progress.deadline(self.answer);
            tokio::select! {
                answered = &mut sent => break answered,
                () = tokio::time::sleep_until(deadline) => {}
            }
            if progress.deadline(self.answer) <= tokio::time::Instant::now() {
                return Err(self.no_answer());
            }
        };
        let response = answered.map_err(|error| match self.tls_fault(url, &*error) {
            Some(fault) => Refusal::bad_gateway(fault),
            None => self.failure(&*error),
        })?;
        if !(200..600).contains(&response.status().as_u16()) {
            return Err(Refusal::bad_gateway(format!(
                "expected a status from 200 to 599 of {}, found {}",
                self.name,
                response.status().as_u16()
            )));
        }
        Ok(response.map(|body| PacedBody::wrap(body, self.pace)))
    }

    /// Checks a URL with an address in place of a name. Those of names are checked when they are looked up.
    fn check_address(&self, url: &Url) -> Result<(), Refusal> {
        let Some((host, address)) = address_of(url) else { return Ok(()) };
        self.networks.check(host, address).map_err(|refused| Refusal::denied(refused.to_string()))
    }

    /// Waits for something that needs the registry's answers, for as long as one of them may take.
    pub(crate) async fn within_answer<T>(&self, work: impl Future<Output = T>) -> Result<T, Refusal> {
        tokio::time::timeout(self.answer, work).await.map_err(|_| self.no_answer())
    }

    fn no_answer(&self) -> Refusal {
        gateway_timeout(&format!(
            "expected {} to answer within {} seconds, it did not",
            self.name,
            self.answer.as_secs()
        ))
    }

    /// Returns the refusal of a redirect to a storage that the configuration does not name.
    pub(crate) fn unknown_storage(&self, url: &Url) -> Refusal {
        self.unknown_host("a download", url, "storage_hosts")
    }

    /// Returns the refusal of a challenge whose token service the configuration does not name.
    pub(crate) fn unknown_token_service(&self, realm: &str) -> Refusal {
        match Url::parse(realm) {
            Ok(url) => self.unknown_host("its token service", &url, "token_hosts"),
            Err(_) => Refusal::bad_gateway(format!(
                "expected {} to name the URL of its token service, found one that cannot be parsed",
                self.name
            )),
        }
    }

    /// Returns the refusal of a `Location` of an upload, sent by `url`, that is not the registry's own.
    pub(crate) fn foreign_location(&self, url: &Url, location: &str) -> Refusal {
        let found =
            url.join(location).map_or_else(|_| "one that cannot be parsed".to_owned(), |url| origin_of(&url));
        Refusal::bad_gateway(format!(
            "expected {} to name a Location of its own API, found {found}",
            self.name
        ))
    }

    fn unknown_host(&self, what: &str, url: &Url, field: &str) -> Refusal {
        let (name, found) = (&self.name, origin_of(url));
        let advice = if !url.has_host() || !self.is_safe(url) {
            format!("only URLs of {} without a user name are", self.safe_schemes().join(" or "))
        } else {
            format!("add {:?} to its {field} if that is correct", authority(url))
        };
        Refusal::bad_gateway(format!(
            "{name} names {found} for {what}, which the configuration does not allow: {advice}"
        ))
    }

    /// Returns the refusal for the error of a request, or of the body that it was to have.
    pub(crate) fn failure(&self, error: &(dyn Error + Send + Sync + 'static)) -> Refusal {
        for error in causes(error) {
            if let Some(refused) = error.downcast_ref::<AddressRefused>() {
                return Refusal::denied(refused.to_string());
            }
            if error.is::<LengthLimitError>() {
                return too_large();
            }
            if error.is::<Stalled>() {
                return Refusal::new(StatusCode::REQUEST_TIMEOUT, "UNAVAILABLE", error.to_string());
            }
            if error.is::<UploadEnded>() {
                return Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", error.to_string());
            }
            if error.is::<Elapsed>() {
                return gateway_timeout(&format!(
                    "expected a connection to {} within {} seconds",
                    self.name,
                    CONNECT.as_secs()
                ));
            }
        }
        Refusal::bad_gateway(format!("expected an answer of {}, found: {}", self.name, root_cause(error)))
    }
}

pub(crate) fn too_large() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "SIZE_INVALID",
        "the request body exceeds the gateway's limit (4 MiB for a manifest, max_upload_mib for an upload)",
    )
}

fn gateway_timeout(message: &str) -> Refusal {
    Refusal::new(StatusCode::GATEWAY_TIMEOUT, "UNAVAILABLE", message)
}

/// Returns scheme, host and port of a URL. Its path and query may hold secrets.
fn origin_of(url: &Url) -> String {
    if url.has_host() {
        format!("{}://{}", url.scheme(), authority(url))
    } else {
        format!("{}:", url.scheme())
    }
}

/// Returns `true` if a list has the host of a URL: by name, by name and port, or by `*.` and a domain.
fn is_listed(hosts: &[String], url: &Url) -> bool {
    let found = authority(url);
    hosts.iter().any(|host| match host.strip_prefix('*') {
        Some(domain) => found.len() > domain.len() && domain.starts_with('.') && found.ends_with(domain),
        None => *host == found,
    })
}

#[cfg(test)]
mod tests {
    use http::Method;
    use url::Url;

    use super::Upstream;
    use crate::{
        config::{LimitsConfig, RegistryConfig},
        route::Route,
    };

    fn upstream(rest: &str) -> Upstream {
        let text = format!("name = 'a'\n{rest}");
        let config: RegistryConfig = toml::from_str(&text).unwrap();
        Upstream::new(&config, true, &LimitsConfig::default(), None).unwrap()
    }

    #[test]
    fn storages_and_token_services_are_those_of_the_configuration() {
        let tls = upstream(
            "url = 'https://r.example'\nstorage_hosts = ['*.s.example', 't.example:8443']\ntoken_hosts = ['auth.example']",
        );
        for (url, storage, token) in [
            ("https://r.example/x", true, true),
            ("https://r.example:8443/x", false, false),
            ("http://r.example/x", false, false),
            ("https://a.s.example/x", true, false),
            ("https://s.example/x", false, false),
            ("https://as.example/x", false, false),
            ("https://a.s.example.attacker.example/x", false, false),
            ("http://a.s.example/x", false, false),
            ("https://t.example:8443/x", true, false),
            ("https://t.example/x", false, false),
            ("https://auth.example/token", false, true),
            ("https://user@auth.example/token", false, false),
            ("https://r.example@attacker.example/", false, false),
            ("file:///etc/passwd", false, false),
        ] {
            let parsed: Url = url.parse().unwrap();
            assert_eq!((tls.is_storage(&parsed), tls.is_token_service(&parsed)), (storage, token), "{url}");
        }
    }

    #[test]
    fn addresses_in_urls_are_checked_as_those_of_names_are() {
        let config = "url = 'https://r.example'\nnetworks = ['10.0.0.0/8', '169.254.0.0/16']";
        let upstream = upstream(config);
        for (url, expected) in [
            ("https://r.example/x", true),
            ("http://1.1.1.1/x", true),
            ("http://10.1.2.3/x", true),
            ("http://[::ffff:10.1.2.3]/x", true),
            ("http://127.0.0.1/x", false),
            ("http://2130706433/x", false),
            ("http://[::ffff:7f00:1]/x", false),
            ("http://169.254.169.254/latest/meta-data/", false),
        ] {
            assert_eq!(upstream.check_address(&url.parse().unwrap()).is_ok(), expected, "{url}");
        }
    }

    #[test]
    fn reading_writing_and_deleting_are_permitted_apart() {
        const UPLOAD_BELOW: &str = "artifacts-uploads/namespaces/acme/repositories/images/uploads/1";
        let plain = "url = 'https://r.example'";
        for (config, method, path, source, expected) in [
            (plain, "GET", "v2/a/manifests/x", None, true),
            (plain, "PUT", "v2/a/manifests/x", None, true),
            (plain, "DELETE", "v2/a/manifests/x", None, false),
            (plain, "DELETE", "v2/a/blobs/uploads/1", None, true),
            ("url = 'https://r.example'\ndelete = true", "DELETE", "v2/a/manifests/x", None, true),
            ("url = 'https://r.example'\nread_only = true", "GET", "v2/a/manifests/x", None, true),
            ("url = 'https://r.example'\nread_only = true", "PUT", "v2/a/manifests/x", None, false),
            ("url = 'https://r.example'\nread_only = true", "POST", "v2/a/blobs/uploads/", None, false),
            (
                "url = 'https://r.example'\nread_only = true\ndelete = true",
                "DELETE",
                "v2/a/manifests/x",
                None,
                false,
            ),
            ("url = 'https://r.example'\nread_only = true", "POST", "token", None, true),
            ("url = 'https://r.example'\nread_only = true", "PUT", UPLOAD_BELOW, None, false),
            (plain, "PUT", UPLOAD_BELOW, None, true),
            (plain, "DELETE", UPLOAD_BELOW, None, true),
            ("url = 'https://r.example'\nrepositories = ['acme/images/**']", "PUT", UPLOAD_BELOW, None, true),
            ("url = 'https://r.example'\nrepositories = ['acme/images/*']", "PUT", UPLOAD_BELOW, None, false),
            ("url = 'https://r.example'\nrepositories = ['acme/*']", "PUT", UPLOAD_BELOW, None, false),
            (
                "url = 'https://r.example'\nrepositories = ['acme/*']",
                "GET",
                "v2/acme/b/manifests/x",
                None,
                true,
            ),
            ("url = 'https://r.example'\nrepositories = ['acme/*']", "GET", "v2/a/manifests/x", None, false),
            (
                "url = 'https://r.example'\nrepositories = ['acme/*']",
                "POST",
                "v2/acme/b/blobs/uploads/",
                Some("acme/c"),
                true,
            ),
            (
                "url = 'https://r.example'\nrepositories = ['acme/*']",
                "POST",
                "v2/acme/b/blobs/uploads/",
                Some("secret/c"),
                false,
            ),
        ] {
            let route = Route::parse(path).unwrap();
            let method: Method = method.parse().unwrap();
            let permitted = upstream(config).permit(&route, &method, source).is_ok();
            assert_eq!(permitted, expected, "{config} {method} {path} {source:?}");
        }
    }

    #[test]
    fn own_credentials_make_an_open_gateway_read_only() {
        let file = std::env::temp_dir().join(format!("tallyman-gateway-password-{}", std::process::id()));
        std::fs::write(&file, "secret\n").unwrap();
        let text = format!(
            "name = 'a'\nurl = 'https://r.example'\nusername = 'u'\npassword_file = {:?}",
            file.display().to_string()
        );
        let mut config: RegistryConfig = toml::from_str(&text).unwrap();
        assert!(Upstream::new(&config, true, &LimitsConfig::default(), None).unwrap().read_only);
        assert!(!Upstream::new(&config, false, &LimitsConfig::default(), None).unwrap().read_only);
        config.read_only = Some(false);
        assert!(!Upstream::new(&config, true, &LimitsConfig::default(), None).unwrap().read_only);
        std::fs::remove_file(file).unwrap();
    }
}
