//! Hostile modes: a registry that plays malice, so that tests can hold what its clients spend and give away.
//!
//! Every mode has the repository `evil/app` with an image under `latest`, the repository `evil/list` with an index under
//! `latest`, and answers in its own way where it can do harm. Requests that a mode lures to another origin come to
//! [`storage_url`](crate::RunningRegistry::storage_url), and the log tells whether credentials came with them.

mod bodies;
mod shapes;

use std::{fmt, str::FromStr};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::json;
use thiserror::Error;

use bodies::Encoding;

use crate::{
    endpoint::Endpoint,
    error::{ApiError, json_response},
    headers::value,
    media_type::{OCI_INDEX, OCI_MANIFEST},
    query::Query,
    store::Store,
};

/// A way of doing harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hostile {
    /// Tags, catalog and referrers: a next page behind every page, each with new names.
    EndlessPages,
    /// The same, without names.
    EmptyPages,
    /// The second page names the first as its next.
    CircularPages,
    /// An index in an index, 2,000 deep.
    DeepIndex,
    /// An index with as many entries as 4 MiB hold.
    WideIndex,
    /// A manifest with a million brackets.
    DeepJson,
    /// A manifest with 9,990 brackets, whose indented form has a hundred megabytes.
    IndentedJson,
    /// A manifest with a hundred thousand keys of one name.
    DuplicateKeys,
    /// Manifests, blobs, tags and tokens whose bodies never end.
    EndlessBodies,
    /// Manifests, blobs and listings as gzip: what becomes a quarter of a gigabyte.
    GzipBomb,
    /// The same as brotli, of which some hundred bytes are enough for that.
    BrotliBomb,
    /// Refusals (401 to those without credentials, 404 to others) whose bodies are such gzip or brotli.
    ErrorBombs,
    /// Bodies that drip some bytes and then say nothing more.
    StalledBodies,
    /// Requests that are never answered.
    Silence,
    /// Sizes that are not the content's: in descriptors, and in Content-Length.
    LyingSizes,
    /// Digests that are not the content's: in headers, and of content that was exchanged.
    LyingDigests,
    /// Control characters in names, annotations, errors and headers.
    ControlCharacters,
    /// Markup in names, annotations, configs and errors.
    Markup,
    /// A token service at another origin.
    RealmElsewhere,
    /// Redirects of everything to another origin.
    RedirectsElsewhere,
    /// Redirects from each address to another one, without end.
    RedirectLoop,
    /// Locations of uploads at another origin.
    LocationsElsewhere,
    /// Links to next pages at another origin.
    LinksElsewhere,
    /// 200 kB of headers.
    HugeHeaders,
    /// Challenges that are long, and expensive to take apart.
    HugeChallenges,
    /// Errors with 4 MiB of words.
    LongErrors,
    /// 429 and 503 with a Retry-After of centuries.
    EndlessRetry,
}

/// The name is of no hostile mode.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no hostile mode {found:?}; the modes are {}", Hostile::ALL.map(Hostile::name).join(", "))]
pub struct HostileError {
    found: String,
}

/// The number of names in a page that has names.
const PAGE: usize = 100;

impl Hostile {
    /// All modes.
    pub const ALL: [Self; 27] = [
        Self::EndlessPages,
        Self::EmptyPages,
        Self::CircularPages,
        Self::DeepIndex,
        Self::WideIndex,
        Self::DeepJson,
        Self::IndentedJson,
        Self::DuplicateKeys,
        Self::EndlessBodies,
        Self::GzipBomb,
        Self::BrotliBomb,
        Self::ErrorBombs,
        Self::StalledBodies,
        Self::Silence,
        Self::LyingSizes,
        Self::LyingDigests,
        Self::ControlCharacters,
        Self::Markup,
        Self::RealmElsewhere,
        Self::RedirectsElsewhere,
        Self::RedirectLoop,
        Self::LocationsElsewhere,
        Self::LinksElsewhere,
        Self::HugeHeaders,
        Self::HugeChallenges,
        Self::LongErrors,
        Self::EndlessRetry,
    ];

    /// The name, as the command line takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::EndlessPages => "endless-pages",
            Self::EmptyPages => "empty-pages",
            Self::CircularPages => "circular-pages",
            Self::DeepIndex => "deep-index",
            Self::WideIndex => "wide-index",
            Self::DeepJson => "deep-json",
            Self::IndentedJson => "indented-json",
            Self::DuplicateKeys => "duplicate-keys",
            Self::EndlessBodies => "endless-bodies",
            Self::GzipBomb => "gzip-bomb",
            Self::BrotliBomb => "brotli-bomb",
            Self::ErrorBombs => "error-bombs",
            Self::StalledBodies => "stalled-bodies",
            Self::Silence => "silence",
            Self::LyingSizes => "lying-sizes",
            Self::LyingDigests => "lying-digests",
            Self::ControlCharacters => "control-characters",
            Self::Markup => "markup",
            Self::RealmElsewhere => "realm-elsewhere",
            Self::RedirectsElsewhere => "redirects-elsewhere",
            Self::RedirectLoop => "redirect-loop",
            Self::LocationsElsewhere => "locations-elsewhere",
            Self::LinksElsewhere => "links-elsewhere",
            Self::HugeHeaders => "huge-headers",
            Self::HugeChallenges => "huge-challenges",
            Self::LongErrors => "long-errors",
            Self::EndlessRetry => "endless-retry",
        }
    }

    /// Puts the mode's content into the registry.
    pub(crate) fn fill(self, store: &mut Store) {
        match self {
            Self::DeepIndex => shapes::deep_index(store),
            Self::WideIndex => shapes::wide_index(store),
            Self::DeepJson => {
                shapes::manifest(store, "evil/app", OCI_MANIFEST, &shapes::deep_json(1_000_000));
            }
            Self::IndentedJson => {
                shapes::manifest(store, "evil/app", OCI_MANIFEST, &shapes::deep_json(9_990));
            }
            Self::DuplicateKeys => {
                shapes::manifest(store, "evil/app", OCI_MANIFEST, &shapes::duplicate_keys());
            }
            _ => {}
        }
        shapes::image_and_index(store, self);
    }

    /// The answer of the mode; `None` where it leaves a request to the registry.
    pub(crate) async fn answer(self, request: &HostileRequest<'_>) -> Option<Response> {
        let HostileRequest { method, endpoint, query, path, base, elsewhere, has_credentials, .. } = request;
        let reads = **method == Method::GET || **method == Method::HEAD;
        let is_listing =
            matches!(endpoint, Some(Endpoint::Tags { .. } | Endpoint::Catalog | Endpoint::Referrers { .. }));
        let is_content = matches!(endpoint, Some(Endpoint::Manifest { .. } | Endpoint::Blob { .. }));
        match self {
            Self::EndlessPages | Self::EmptyPages | Self::CircularPages | Self::LinksElsewhere
                if is_listing && reads =>
            {
                Some(self.page(request))
            }
            Self::EndlessBodies if (is_content || is_listing) && **method == Method::GET => {
                Some(bodies::endless(content_type(request)))
            }
            Self::GzipBomb if (is_content || is_listing) && **method == Method::GET => {
                Some(bodies::bomb(Encoding::Gzip, content_type(request)))
            }
            Self::BrotliBomb if (is_content || is_listing) && **method == Method::GET => {
                Some(bodies::bomb(Encoding::Brotli, content_type(request)))
            }
            Self::ErrorBombs if endpoint.is_some() => {
                let is_manifest = matches!(endpoint, Some(Endpoint::Manifest { .. }));
                // Both encodings with both statuses.
                let encoding =
                    if is_manifest == *has_credentials { Encoding::Gzip } else { Encoding::Brotli };
                let mut response = bodies::bomb(encoding, "application/json");
                if *has_credentials {
                    *response.status_mut() = StatusCode::NOT_FOUND;
                } else {
                    *response.status_mut() = StatusCode::UNAUTHORIZED;
                    let challenge = HeaderValue::from_static("Basic realm=\"evil\"");
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                }
                Some(response)
            }
            Self::StalledBodies if (is_content || is_listing) && **method == Method::GET => {
                Some(bodies::stalled(content_type(request)))
            }
            Self::Silence if endpoint.is_some() => {
                std::future::pending::<()>().await;
                None
            }
            Self::ControlCharacters | Self::Markup if is_listing && reads => Some(self.names(request)),
            Self::ControlCharacters | Self::Markup if **method != Method::GET && **method != Method::HEAD => {
                let message = format!("refused: {}", self.text());
                Some(ApiError::new(StatusCode::FORBIDDEN, "DENIED", message).into_response())
            }
            Self::RealmElsewhere if endpoint.is_some() && !has_credentials => Some(challenge(&format!(
                "Bearer realm=\"{elsewhere}/token\",service=\"evil\",scope=\"repository:evil/app:pull\""
            ))),
            Self::RedirectsElsewhere if endpoint.is_some() => Some(redirect(&format!("{elsewhere}{path}"))),
            Self::RedirectLoop if endpoint.is_some() => {
                let step: u64 = query.get("step").and_then(|step| step.parse().ok()).unwrap_or_default();
                Some(redirect(&format!("{base}{path}?step={}", step + 1)))
            }
            Self::LocationsElsewhere if matches!(endpoint, Some(Endpoint::Uploads { .. })) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::ACCEPTED;
                response
                    .headers_mut()
                    .insert(header::LOCATION, value(&format!("{elsewhere}{path}upload?_state=1")));
                Some(response)
            }
            Self::HugeHeaders if endpoint.is_some() => {
                let mut response = json_response(StatusCode::OK, &json!({}));
                for number in 0..100 {
                    let name: HeaderName =
                        format!("x-filler-{number}").parse().expect("the name is a header's");
                    response.headers_mut().insert(name, value(&"x".repeat(2_000)));
                }
                Some(response)
            }
            Self::HugeChallenges if endpoint.is_some() && !has_credentials => {
                Some(challenge(&shapes::challenge()))
            }
            Self::LongErrors if endpoint.is_some() => Some(
                ApiError::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "x".repeat(4 << 20)).into_response(),
            ),
            Self::EndlessRetry if endpoint.is_some() => {
                let mut response = ApiError::too_many_requests().into_response();
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("9999999999"));
                Some(response)
            }
            _ => None,
        }
    }

    /// Changes an answer of the registry.
    pub(crate) fn finish(self, request: &HostileRequest<'_>, mut response: Response) -> Response {
        let is_manifest = matches!(request.endpoint, Some(Endpoint::Manifest { .. }));
        match self {
            Self::LyingDigests if is_manifest && response.status().is_success() => {
                response
                    .headers_mut()
                    .insert("docker-content-digest", value(&format!("sha256:{}", "0".repeat(64))));
            }
            Self::ControlCharacters => {
                // HTTP allows these in a header: a tab and bytes beyond ASCII, including C1 controls.
                let text = HeaderValue::from_bytes(b"\x9b31m\t\xc2\x9b").expect("HTTP takes these bytes");
                response.headers_mut().insert("warning", text);
            }
            _ => {}
        }
        response
    }

    /// A page of tags, repositories or referrers, with a link to a next one.
    fn page(self, request: &HostileRequest<'_>) -> Response {
        let number: u64 = request.query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
        let names: Vec<String> = match self {
            Self::EmptyPages => Vec::new(),
            _ => (0..PAGE).map(|at| format!("n{number:09}-{at:03}")).collect(),
        };
        let next = match self {
            Self::CircularPages if number > 1 => 1,
            _ => number + 1,
        };
        let base = if self == Self::LinksElsewhere { request.elsewhere } else { "" };
        let mut response = json_response(StatusCode::OK, &listing(request.endpoint, &names));
        if matches!(request.endpoint, Some(Endpoint::Referrers { .. })) {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OCI_INDEX));
        }
        let link = format!("<{base}{}?page={next}>; rel=\"next\"", request.path);
        response.headers_mut().insert(header::LINK, value(&link));
        response
    }

    /// Names that are none.
    fn names(self, request: &HostileRequest<'_>) -> Response {
        let names = ["latest".to_owned(), self.text().to_owned(), format!("a{}b", self.text())];
        json_response(StatusCode::OK, &listing(request.endpoint, &names))
    }

    /// The text that the mode puts wherever a text fits.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::ControlCharacters => "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\n\u{202e}two",
            _ => "<img src=x onerror=alert(1)><script>alert(1)</script>\" onload=\"alert(1)",
        }
    }
}

/// A request, as a hostile mode looks at it.
pub(crate) struct HostileRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) endpoint: Option<&'a Endpoint>,
    pub(crate) query: &'a Query,
    pub(crate) path: &'a str,
    /// `http://host` as the client sees it.
    pub(crate) base: &'a str,
    /// `http://host` of the other origin.
    pub(crate) elsewhere: &'a str,
    /// `true` if there is an `Authorization`.
    pub(crate) has_credentials: bool,
}

/// The JSON of a list of names, in the form that the endpoint has.
fn listing(endpoint: Option<&Endpoint>, names: &[String]) -> serde_json::Value {
    match endpoint {
        Some(Endpoint::Catalog) => json!({ "repositories": names }),
        Some(Endpoint::Referrers { .. }) => {
            let manifests: Vec<_> = names
                .iter()
                .map(|name| {
                    json!({
                        "mediaType": OCI_MANIFEST,
                        "size": 2,
                        "digest": crate::digest::Digest::sha256(name.as_bytes()).as_str(),
                        "artifactType": "application/x-evil",
                        "annotations": { "name": name },
                    })
                })
                .collect();
            json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests })
        }
        _ => json!({ "name": "evil/app", "tags": names }),
    }
}

fn content_type(request: &HostileRequest<'_>) -> &'static str {
    match request.endpoint {
        Some(Endpoint::Manifest { .. }) => OCI_MANIFEST,
        Some(Endpoint::Referrers { .. }) => OCI_INDEX,
        Some(Endpoint::Blob { .. }) => "application/octet-stream",
        _ => "application/json",
    }
}

fn challenge(text: &str) -> Response {
    let mut response = ApiError::unauthorized(json!({})).into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, value(text));
    response
}

fn redirect(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    response.headers_mut().insert(header::LOCATION, value(location));
    response
}

impl FromStr for Hostile {
    type Err = HostileError;

    fn from_str(text: &str) -> Result<Self, HostileError> {
        let found = Self::ALL.into_iter().find(|mode| mode.name() == text);
        found.ok_or_else(|| HostileError { found: text.to_owned() })
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
