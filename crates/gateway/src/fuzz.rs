//! Fuzz targets for what callers and registries send: paths, queries, locations, cookies; and for htpasswd files.
//!
//! See `tallyman_fuzz`: the corpus is in `__fuzz__/NAME/corpus`.

use std::sync::{Arc, LazyLock};

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use regex::Regex;
use tallyman_fuzz::fuzz;
use url::Url;

use crate::{
    api_query::ApiQuery,
    config::{HtpasswdError, LimitsConfig, RegistryConfig},
    rewrite::{self, Rewritten},
    route::Route,
    sign_in::{Htpasswd, SessionSecret, Sessions},
    upstream::Upstream,
};

/// The routes of Distribution, in the order in which its router tries them.
static DISTRIBUTION: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    let name = "(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*";
    [
        "manifests/(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|[a-z0-9+._-]+:[0-9a-fA-F]{32,})",
        "tags/list",
        "blobs/[a-z0-9+._-]+:[0-9a-fA-F]{32,}",
        "blobs/uploads/",
        "blobs/uploads/[a-zA-Z0-9-_.=]+",
    ]
    .map(|rest| Regex::new(&format!("^v2/(?P<name>{name})/{rest}$")).unwrap())
});

/// The repository that Distribution reads in a path; `None` if it has no such route.
pub(crate) fn repository_by_distribution(path: &str) -> Option<&str> {
    let found = DISTRIBUTION.iter().find_map(|route| route.captures(path));
    found.map(|found| found.name("name").unwrap().as_str())
}

#[test]
fn routes() {
    fuzz!(|input: &[u8]| {
        let path = String::from_utf8_lossy(input);
        let Some(route) = Route::parse(&path) else { return };
        let Some(name) = route.repository() else { return };
        if let Some(theirs) = repository_by_distribution(&path) {
            assert_eq!(name, theirs, "{path}");
        }
        // No server or proxy reads another path in it.
        let url = Url::parse(&format!("http://r.example/{path}")).unwrap();
        assert_eq!(url.path(), format!("/{path}"));
        assert_eq!((url.query(), url.fragment()), (None, None));
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            assert!(route.scopes(&method, None).iter().all(|scope| scope.contains(&format!(":{name}:"))));
        }
    });
}

/// Paths of all routes that have fields.
const ROUTES: [&str; 6] = [
    "v2/_catalog",
    "v2/a/manifests/b",
    "v2/a/referrers/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "v2/a/blobs/uploads/",
    "v2/a/blobs/uploads/1",
    "token",
];

#[test]
fn queries() {
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        for route in ROUTES.map(|path| Route::parse(path).unwrap()) {
            let Ok(query) = ApiQuery::parse(&route, &text) else { continue };
            let written = query.encode().unwrap_or_default();
            if query.begins_by_name(&route) {
                assert_eq!(ApiQuery::parse(&route, &written).as_ref(), Ok(&query));
            }
            // The registry finds the same values, whichever of its fields it looks at.
            let theirs: Vec<(String, String)> =
                url::form_urlencoded::parse(written.as_bytes()).into_owned().collect();
            let sent: Vec<(String, String)> =
                url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            for (name, value) in &theirs {
                assert!(query.all(name).any(|found| found == value), "{written}");
                // Cursors come in a field of the gateway's.
                let is_sent = sent.contains(&(name.clone(), value.clone()));
                assert!(
                    route.has_cursor(name) || route.has_field(name) && is_sent,
                    "{text} became {written}"
                );
            }
            if let Some(from) = query.get("from") {
                let all: Vec<_> = theirs.iter().filter(|(name, _)| name == "from").collect();
                assert_eq!(all, [&("from".to_owned(), from.to_owned())]);
            }
        }
    });
}

static UPSTREAM: LazyLock<Upstream> = LazyLock::new(|| {
    let config = "name = 'lab'\nurl = 'https://r.example'\nrepositories = ['open/*']";
    let config: RegistryConfig = toml::from_str(config).unwrap();
    Upstream::new(&config, true, &LimitsConfig::default(), None).unwrap()
});

/// Locations, links and realms that a registry sends: those that reach a browser lead back to this registry and to open repositories.
#[test]
fn locations() {
    fuzz!(|input: &[u8]| {
        let rest = "v2/open/app/tags/list";
        let route = Route::parse(rest).unwrap();
        let at = Url::parse(&format!("https://r.example/{rest}")).unwrap();
        for name in [header::LOCATION, header::LINK, header::WWW_AUTHENTICATE] {
            let Ok(value) = HeaderValue::from_bytes(input) else { return };
            let headers = HeaderMap::from_iter([(name.clone(), value)]);
            let status = match name {
                header::WWW_AUTHENTICATE => StatusCode::UNAUTHORIZED,
                _ => StatusCode::ACCEPTED,
            };
            let request = Rewritten { route: &route, rest, query: &ApiQuery::default() };
            let Ok(passed) = rewrite::response_headers(&UPSTREAM, &request, &at, status, headers) else {
                continue;
            };
            let gateway = Url::parse(&format!("https://gateway.example/r/lab/{rest}")).unwrap();
            for value in passed.get_all(&name) {
                let Ok(text) = value.to_str() else { panic!("{value:?}") };
                let target = match name {
                    header::LOCATION => text,
                    header::LINK => {
                        let target =
                            text.strip_prefix('<').and_then(|text| text.strip_suffix(">; rel=\"next\""));
                        target.filter(|target| !target.contains(['<', '>'])).expect("it is one link")
                    }
                    _ => {
                        let realm = text.split("realm=\"").nth(1).map(|rest| rest.split('"').next().unwrap());
                        let Some(realm) = realm.filter(|_| text.starts_with("Bearer ")) else { continue };
                        assert_eq!(realm, "../../../../token", "{text}");
                        continue;
                    }
                };
                let to = gateway.join(target).unwrap();
                assert_eq!(to.origin(), gateway.origin(), "{text}");
                let path =
                    to.path().strip_prefix("/r/lab/").unwrap_or_else(|| panic!("{text} leads to {to}"));
                let route = Route::parse(path).unwrap_or_else(|| panic!("{text} leads to {to}"));
                assert!(route.repository().is_none_or(|name| name.starts_with("open/")), "{text}");
            }
        }
    });
}

#[test]
fn htpasswd_files() {
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        match Htpasswd::parse(&text) {
            Ok(users) => {
                assert!(users.len() > 0);
                for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
                    let Some((user, hash)) = line.split_once(':') else { continue };
                    let found = users.hash(user).expect("each user of the file can sign in");
                    assert!(text.contains(&format!("{user}:{found}")), "{user}: {hash}");
                }
            }
            Err(
                HtpasswdError::Line { line, .. }
                | HtpasswdError::Hash { line }
                | HtpasswdError::Cost { line, .. },
            ) => {
                assert!((1..=text.lines().count()).contains(&line));
            }
            Err(error) => assert_eq!(error, HtpasswdError::Empty),
        }
    });
}

static SESSIONS: LazyLock<Sessions> = LazyLock::new(|| {
    let secret = SessionSecret::new("a secret of at least thirty-two bytes").unwrap();
    Sessions::new(secret, Arc::default())
});

/// Cookie headers, a line each, in which `SESSION` is the value of a session that was begun.
#[test]
fn cookies() {
    const NOW: u64 = 1_800_000_000;
    let set = SESSIONS.begin("ada", "hash", false, NOW);
    let session = set.to_str().unwrap().split([';', '=']).nth(1).unwrap().to_owned();
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input).replace("SESSION", &session);
        let headers: HeaderMap = text
            .split('\n')
            .filter_map(|line| HeaderValue::from_str(line).ok())
            .map(|value| (header::COOKIE, value))
            .collect();
        for (name, secure) in [("tallyman-session", false), ("__Host-tallyman-session", true)] {
            let is_sent = headers.get_all(header::COOKIE).into_iter().any(|value| {
                let mut pairs = str::from_utf8(value.as_bytes()).unwrap().split(';').map(str::trim);
                pairs.any(|pair| pair == format!("{name}={session}"))
            });
            let user = SESSIONS.user(&headers, secure, NOW, |user| (user == "ada").then_some("hash"));
            assert_eq!(user.as_deref(), is_sent.then_some("ada"), "{headers:?}");
        }
        assert_eq!(SESSIONS.user(&headers, false, NOW, |_| Some("other")), None, "{headers:?}");
    });
}
