//! Rewriting of responses: `Location`, `Link` and realms become references relative to the request, or URLs of the gateway for callers
//! that resolve no references.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tallyman_auth::{Challenge, TokenService, location_of, next_link};
use url::Url;

use crate::{api_query::ApiQuery, refusal::Refusal, route::Route, upstream::Upstream};

macro_rules! forwarded {
    ($($name:literal)*) => {
        /// Headers that are passed on to callers as they are. Cookies, hop-by-hop headers and rules for browsers (CORS, CSP) are not
        /// among them.
        pub(crate) const FORWARDED: &[&str] = &[$($name),*];

        /// Returns `true` for the headers of [`FORWARDED`].
        fn is_forwarded(name: &HeaderName) -> bool {
            matches!(name.as_str(), $($name)|*)
        }
    };
}

forwarded! {
    "accept-ranges" "content-encoding" "content-length" "content-range" "content-type" "date" "docker-content-digest"
    "docker-distribution-api-version" "docker-ratelimit-source" "docker-upload-uuid" "etag" "last-modified"
    "oci-chunk-max-length" "oci-chunk-min-length" "oci-filters-applied" "oci-subject" "range" "ratelimit-limit"
    "ratelimit-remaining" "retry-after" "warning"
}

/// Headers that the gateway adds, for which room is made at once.
const ADDED: usize = 16;

/// The way from a request for `rest` (what stands behind `/r/NAME/`) up to `/r/NAME/`.
pub(crate) fn up(rest: &str) -> String {
    "../".repeat(rest.matches('/').count())
}

/// A request whose answer is rewritten.
pub(crate) struct Rewritten<'a> {
    pub(crate) route: &'a Route,
    /// The path behind `/r/NAME/`.
    pub(crate) rest: &'a str,
    pub(crate) query: &'a ApiQuery,
}

/// The headers of the answer to a request, which were given with `status` at `url`.
pub(crate) fn response_headers(
    upstream: &Upstream,
    request: &Rewritten<'_>,
    url: &Url,
    status: StatusCode,
    headers: HeaderMap,
) -> Result<HeaderMap, Refusal> {
    let Rewritten { route, rest, .. } = *request;
    let mut added = HeaderMap::new();
    if let Some(location) = location_of(&headers) {
        match rewrite_location(upstream, rest, url, &location) {
            Some(location) => _ = added.insert(header::LOCATION, location),
            None if status == StatusCode::ACCEPTED || status.is_redirection() => {
                return Err(upstream.foreign_location(url, &location));
            }
            // Clients do not follow the `Location` of a 201.
            None => {}
        }
    }
    if route.has_pages() {
        // A list that ended here would lack names without a word.
        let next = next_link(&headers).map_err(|error| Refusal::bad_gateway(error.to_string()))?;
        let next = next.map(|target| next_page(upstream, request, url, &target)).transpose()?;
        added.extend(next.map(|link| (header::LINK, link)));
    }
    let challenges = upstream.challenges_of(url, status, &headers);
    upstream.remember_challenges(&challenges);
    for challenge in challenges {
        let challenge = match challenge {
            basic @ Challenge::Basic { .. } => basic,
            Challenge::Bearer { service: TokenService { realm, service }, scopes, parameters } => {
                if !Url::parse(&realm).is_ok_and(|realm| upstream.is_token_service(&realm)) {
                    return Err(upstream.unknown_token_service(&realm));
                }
                let service = TokenService { realm: format!("{}token", up(rest)), service };
                Challenge::Bearer { service, scopes, parameters }
            }
        };
        if let Some(value) = challenge.to_header() {
            added.append(header::WWW_AUTHENTICATE, value);
        }
    }
    let mut passed = HeaderMap::with_capacity(headers.len() + ADDED);
    let mut current = None;
    for (name, value) in headers {
        // Further values of a header come without its name.
        if name.is_some() {
            current = name.filter(is_forwarded);
        }
        if let Some(name) = &current {
            passed.append(name, value);
        }
    }
    passed.extend(added);
    Ok(passed)
}

/// Returns a `Location` at the registry, relative to the request, or one that browsers are sent to. Returns `None` if it is
/// neither.
fn rewrite_location(upstream: &Upstream, rest: &str, url: &Url, location: &str) -> Option<HeaderValue> {
    let to = url.join(location).ok()?;
    if upstream.lets_browser_follow(&to) {
        return HeaderValue::from_str(to.as_str()).ok();
    }
    // Behind a proxy of their own, registries often do not know by which scheme they are called.
    if !upstream.is_own_host(&to) {
        return None;
    }
    HeaderValue::from_str(&own_location(upstream, rest, &to)?).ok()
}

/// A link to the next page of a list, relative to the request. Its host does not matter, and neither does its path: behind a proxy,
/// a port or a prefix of their own, registries often have both wrong. A page of a list is a page of that list, and the link says
/// where in it the page begins.
///
/// # Errors
/// A refusal where it says that in no way that the caller could follow: the list would end early without a word.
fn next_page(
    upstream: &Upstream,
    request: &Rewritten<'_>,
    url: &Url,
    target: &str,
) -> Result<HeaderValue, Refusal> {
    let Rewritten { route, rest, query } = *request;
    let wrong = |found: &str| {
        let name = &upstream.name;
        Refusal::bad_gateway(format!(
            "expected a link to the next page of this list from {name}, found {found}"
        ))
    };
    if !query.is_in(url) {
        return Err(wrong("a redirect that lost the fields of the request: each page would be the first"));
    }
    let to = url.join(target).map_err(|_| wrong("one that is no URL"))?;
    let next = ApiQuery::of_link(route, &to).map_err(|error| Refusal::bad_gateway(error.to_string()))?;
    let next =
        next.encode_for_caller(route).ok_or_else(|| wrong("one without a cursor, or with a longer one"))?;
    HeaderValue::from_str(&format!("<{}{rest}?{next}>; rel=\"next\"", up(rest)))
        .map_err(|_| wrong("one that is no header"))
}

/// Returns path and query of a `Location` at the registry's origin, relative to the request. Returns `None` if it is not in the
/// API, or of a repository that is not open.
fn own_location(upstream: &Upstream, rest: &str, to: &Url) -> Option<String> {
    let path = to.path().strip_prefix('/')?;
    Route::parse(path).filter(|route| *route != Route::Token && upstream.opens(route))?;
    let query = to.query().map_or_else(String::new, |query| format!("?{query}"));
    Some(format!("{}{path}{query}", up(rest)))
}

/// Makes URLs of the references of a response to a request for `url`, if it is known: of its `Location` and of the realms of its
/// challenges. Programs such as Docker and containerd resolve neither.
pub(crate) fn make_absolute(headers: &mut HeaderMap, url: impl FnOnce() -> Option<String>) {
    if !headers.contains_key(header::LOCATION) && !headers.contains_key(header::WWW_AUTHENTICATE) {
        return;
    }
    let Some(url) = url().and_then(|url| Url::parse(&url).ok()) else { return };
    if let Some(location) = location_of(headers)
        && let Ok(to) = url.join(&location)
        && let Ok(value) = HeaderValue::from_str(to.as_str())
    {
        headers.insert(header::LOCATION, value);
    }
    let challenges = Challenge::parse_all(headers);
    headers.remove(header::WWW_AUTHENTICATE);
    for mut challenge in challenges {
        if let Challenge::Bearer { service, .. } = &mut challenge
            && let Ok(realm) = url.join(&service.realm)
        {
            service.realm = realm.into();
        }
        if let Some(value) = challenge.to_header() {
            headers.append(header::WWW_AUTHENTICATE, value);
        }
    }
}
