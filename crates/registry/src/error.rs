//! The error of the client: sentences that a person can act on.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_auth::Challenge;
use tallyman_core::{Digest, MediaType, Reference, Registry, json::Object};
use thiserror::Error;

use crate::{
    CredentialError, CredentialKind, Diagnosis, Response, TransportError, TransportErrorKind,
    retry::is_transient,
};

/// Bytes of an error response that are kept.
pub(crate) const BODY_MAX: usize = 64 * 1024;

/// Characters of a text that is no error as the specification has it, at most.
const TEXT_MAX: usize = 200;

/// The parameters of queries that are shown: none of them is a secret.
const SHOWN_PARAMETERS: [&str; 8] =
    ["artifactType", "digest", "from", "last", "mount", "n", "scope", "service"];

/// An error of a registry, as the distribution specification's "Error Codes" section has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The code, such as `MANIFEST_UNKNOWN`.
    pub code: String,
    /// The text for a person.
    pub message: String,
}

/// An error of the client.
///
/// # Errors of every request
/// A request to a registry can fail with [`Error::Api`], [`Error::Credentials`], [`Error::Token`],
/// [`Error::ForeignRealm`], [`Error::PlainRealm`], [`Error::Protocol`], [`Error::TooManyRedirects`],
/// [`Error::PlainHttpRefused`], [`Error::Unreachable`], [`Error::OutOfReach`] and [`Error::BrokenOff`], in browsers with
/// [`Error::Cors`], [`Error::MixedContent`] and [`Error::LocalNetworkDenied`] too.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry answered with an error.
    #[error("{}", answered(.url, .storage.as_deref(), *.status, &message(.errors, .body, .content_type.as_deref())))]
    Api {
        /// The image that was asked for, if it was one.
        reference: Option<Box<Reference>>,
        /// The request's URL.
        url: Box<str>,
        /// The origin of the storage that answered, if the registry redirected the request to another server.
        storage: Option<Box<str>>,
        /// The status.
        status: StatusCode,
        /// The response's `Content-Type`.
        content_type: Option<Box<str>>,
        /// The body, up to 64 KiB of it. Empty for an answer of a storage, which may have a signature in it.
        body: Box<[u8]>,
        /// The errors in the body, if it is as the specification has it.
        errors: Box<[ApiError]>,
        /// The wait that the registry asks for.
        retry_after: Option<Duration>,
        /// The values of the response's `WWW-Authenticate`.
        challenges: Box<[String]>,
        /// The registry asks for a token of its token service, not for a user name and a password.
        wants_token: bool,
    },
    /// The token service gave no token.
    #[error("expected a token for {} from {url}, it answered {status}{}", .registry.as_str(), message(.errors, .body, .content_type.as_deref()))]
    Token {
        /// The registry.
        registry: Box<Registry>,
        /// The request's URL.
        url: String,
        /// The status.
        status: StatusCode,
        /// The response's `Content-Type`.
        content_type: Option<String>,
        /// The body, up to 64 KiB of it.
        body: Vec<u8>,
        /// The errors in the body, if it is as the specification has it.
        errors: Vec<ApiError>,
        /// The wait that the service asks for.
        retry_after: Option<Duration>,
    },
    /// The registry names a token service that credentials must not be sent to.
    #[error(
        "{} uses the token service {realm} of another site; allow it when signing in, or ask the registry's owner", .registry.as_str()
    )]
    ForeignRealm {
        /// The registry.
        registry: Registry,
        /// The token service's URL.
        realm: String,
    },
    /// The registry names a token service over plain HTTP, though it was not given as insecure.
    #[error(
        "expected a token service with HTTPS for {}, it named {realm}; mark the registry as insecure if this is intended", .registry.as_str()
    )]
    PlainRealm {
        /// The registry.
        registry: Registry,
        /// The token service's URL.
        realm: String,
    },
    /// The credentials for a registry could not be had.
    #[error("expected credentials for {}: {source}", .registry.as_str())]
    Credentials {
        /// The registry.
        registry: Registry,
        /// The cause.
        source: CredentialError,
    },
    /// HTTPS was asked for, plain HTTP answered.
    #[error("expected HTTPS at {url}, found plain HTTP; mark the registry as insecure if this is intended")]
    PlainHttpRefused {
        /// The request's URL.
        url: String,
        /// The platform's own error.
        source: TransportError,
    },
    /// The bytes are not those of the digest that was asked for.
    #[error("expected digest {expected}, the registry sent {found} for {reference}")]
    DigestMismatch {
        /// The image or blob that was asked for.
        reference: Box<Reference>,
        /// The digest that was asked for, or that the registry named.
        expected: Digest,
        /// The digest of the bytes that came.
        found: Digest,
    },
    /// Content with more or fewer bytes than the descriptor says.
    #[error("expected {expected} bytes for {reference}, the registry sent {found}")]
    SizeMismatch {
        /// The image or blob that was asked for.
        reference: Box<Reference>,
        /// Bytes by the descriptor.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// Content with more bytes than are taken.
    #[error("expected at most {limit} bytes from {what}, the registry sent more")]
    TooLarge {
        /// The place that they came from.
        what: String,
        /// Bytes that are taken.
        limit: u64,
    },
    /// The registry sent another media type than the one that was asked for.
    #[error("expected the media type {expected} for {reference}, the registry sent {found}")]
    MediaTypeMismatch {
        /// The image or blob that was asked for.
        reference: Box<Reference>,
        /// The media type in the descriptor.
        expected: MediaType,
        /// The media type in the response.
        found: MediaType,
    },
    /// No response came.
    #[error("no response from {url}: {}", reason_of(.source))]
    Unreachable {
        /// The request's URL.
        url: String,
        /// The platform's own error.
        source: TransportError,
        /// `true` if the browser lets this page reach no local network: where the name leads to one, that is the reason.
        no_local_network: bool,
    },
    /// A response came, but the browser may not read it.
    #[error("{url} answers, but the browser does not let this page read it: {}", .diagnosis.cause)]
    Cors {
        /// The request's URL.
        url: String,
        /// The reason, and how it was found.
        diagnosis: Box<Diagnosis>,
    },
    /// A page with HTTPS may not ask a registry without.
    #[error(
        "expected a registry with HTTPS, as this page ({page}) has it, found {url}; browsers block mixed content: serve the registry with HTTPS, or use the gateway"
    )]
    MixedContent {
        /// The request's URL.
        url: String,
        /// The page's origin.
        page: String,
    },
    /// The person at the browser has not allowed this page to reach the local network.
    #[error(
        "{url} is on a local network, which this page may not reach; allow it in the browser's settings for this page, or use the gateway"
    )]
    LocalNetworkDenied {
        /// The request's URL.
        url: String,
    },
    /// The registry is not among those that this page or program was set up to reach.
    #[error("{url} is unreachable: {}", .source.message)]
    OutOfReach {
        /// The request's URL.
        url: String,
        /// The registries that are within reach, and who can add more.
        source: TransportError,
    },
    /// The redirects from a URL have no end.
    #[error("expected an end of the redirects from {url}, found none: {}", .source.message)]
    TooManyRedirects {
        /// The request's URL.
        url: String,
        /// The last redirect, in Go's words.
        source: TransportError,
    },
    /// A response is not as the specification has it.
    #[error("expected {expected} in the response from {url}, found {found}")]
    Protocol {
        /// The request's URL.
        url: String,
        /// The thing that should have been there.
        expected: &'static str,
        /// The thing that was there.
        found: String,
    },
    /// The pages of a list are not as the specification has them, so that the list is incomplete.
    #[error("expected {expected} in the response from {url}, found {found}")]
    Paging {
        /// The request's URL.
        url: String,
        /// The thing that should have been there.
        expected: &'static str,
        /// The thing that was there.
        found: String,
    },
    /// A request that took longer than it may.
    #[error("expected a response from {url} within {}, none came", seconds(*.limit))]
    TimedOut {
        /// The request's URL.
        url: String,
        /// The time that it may take.
        limit: Duration,
    },
    /// The content that is to be sent is not there any more.
    #[error("{message}")]
    Content {
        /// The platform's sentence.
        message: String,
    },
    /// The response broke off.
    #[error("the response from {url} ended early: {source}")]
    BrokenOff {
        /// The request's URL.
        url: String,
        /// The platform's own error.
        source: TransportError,
    },
}

impl Error {
    /// Returns a stable name of the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Api { status, storage, .. } => match *status {
                StatusCode::NOT_FOUND => "not-found",
                // No sign-in changes what a storage refuses.
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if storage.is_some() => "registry-error",
                StatusCode::UNAUTHORIZED => "unauthorized",
                StatusCode::FORBIDDEN => "denied",
                StatusCode::TOO_MANY_REQUESTS => "too-many-requests",
                _ => "registry-error",
            },
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::SizeMismatch { .. } => "size-mismatch",
            Self::TooLarge { .. } => "too-large",
            Self::MediaTypeMismatch { .. } => "media-type-mismatch",
            Self::Token { .. } => "token-refused",
            Self::ForeignRealm { .. } => "foreign-realm",
            Self::PlainRealm { .. } => "plain-realm",
            Self::Credentials { .. } => "credentials",
            Self::PlainHttpRefused { .. } => "plain-http-refused",
            Self::Protocol { .. } | Self::Paging { .. } | Self::TooManyRedirects { .. } => "protocol",
            Self::TimedOut { .. } => "timeout",
            Self::Unreachable { source, .. } => match source.kind {
                TransportErrorKind::Tls | TransportErrorKind::Handshake => "tls",
                TransportErrorKind::Timeout => "timeout",
                TransportErrorKind::Aborted => "aborted",
                _ => "unreachable",
            },
            Self::Cors { .. } => "cors",
            Self::MixedContent { .. } => "mixed-content",
            Self::LocalNetworkDenied { .. } => "local-network-denied",
            Self::BrokenOff { .. } => "broken-off",
            Self::OutOfReach { .. } => "out-of-reach",
            Self::Content { .. } => "argument-invalid",
        }
    }

    /// Returns the wait that the registry or its token service asks for.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } | Self::Token { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Returns `true` if the registry may have done what it was asked for: it or a proxy before it gave up on the way, or there is no
    /// answer that can be read. A proxy's own answers have no CORS headers.
    pub fn leaves_outcome_open(&self) -> bool {
        match self {
            Self::Api { status, .. } => status.is_server_error(),
            Self::Unreachable { .. } | Self::Cors { .. } | Self::TimedOut { .. } | Self::BrokenOff { .. } => {
                true
            }
            _ => false,
        }
    }

    /// Returns `true` if the same request may succeed when it is made again.
    pub fn is_transient(&self) -> bool {
        is_transient(self, true)
    }

    /// Returns `true` if credentials that were sent were refused themselves, and not what their user may do: by the token service, or
    /// by a registry that wants a user name and a password with every request. A registry token is refused by every registry with
    /// 401.
    pub fn rejects_credentials(&self, kind: CredentialKind) -> bool {
        match self {
            Self::Token { status, .. } => *status == StatusCode::UNAUTHORIZED,
            Self::Api { status: StatusCode::UNAUTHORIZED, storage: None, wants_token, .. } => {
                kind == CredentialKind::RegistryToken || !wants_token
            }
            _ => false,
        }
    }

    /// Returns `true` if the registry does not have what was asked for.
    pub fn is_not_found(&self) -> bool {
        self.code() == "not-found"
    }
}

/// A response that is no success, read.
pub(crate) struct ErrorResponse {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) errors: Vec<ApiError>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) challenges: Box<[String]>,
    wants_token: bool,
}

impl ErrorResponse {
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status;
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
        let challenges = response.headers.get_all(header::WWW_AUTHENTICATE).iter();
        let challenges = challenges.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
        let wants_token = matches!(Challenge::preferred(&response.headers), Some(Challenge::Bearer { .. }));
        let retry_after = retry_after(&response.headers);
        // A body that breaks off, or never ends, still has a status.
        let body = response.body.prefix(BODY_MAX).await;
        Self { status, content_type, errors: errors_in(&body), body, retry_after, challenges, wants_token }
    }

    /// Returns the error of a request for `url`, answered by the origin `storage` if that is another server's. A storage's body is
    /// dropped: it may have a signature in it, and its errors are not the registry's.
    pub(crate) fn into_error(
        self,
        reference: Option<&Reference>,
        url: &str,
        storage: Option<Box<str>>,
    ) -> Error {
        let Self { status, content_type, body, errors, retry_after, challenges, wants_token } = self;
        let (body, errors) = if storage.is_some() { Default::default() } else { (body, errors) };
        let reference = reference.cloned().map(Box::new);
        let (url, body, errors) = (shown_url(url).into(), body.into(), errors.into());
        let content_type = content_type.map(Into::into);
        Error::Api {
            reference,
            url,
            storage,
            status,
            content_type,
            body,
            errors,
            retry_after,
            challenges,
            wants_token,
        }
    }
}

/// Returns a URL as errors and logs have it, without what may be a secret: the values of unknown parameters, which open the signed
/// URLs of storages, and a user's password.
pub fn shown_url(url: &str) -> String {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let place = match place.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or(host);
            format!("{scheme}://{host}{path}")
        }
        None => place.to_owned(),
    };
    let Some(query) = query else { return place };
    let parameters = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if !SHOWN_PARAMETERS.contains(&name) => format!("{name}=…"),
        _ => pair.to_owned(),
    });
    format!("{place}?{}", parameters.collect::<Vec<_>>().join("&"))
}

/// Returns the time after which a registry wants to be asked again (`Retry-After`): a number of seconds, or a date, which
/// is held against the response's own `Date`, because clocks differ.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
    let wanted = text(header::RETRY_AFTER)?;
    // A number of seconds has no exponent here.
    if let Some(time) = tallyman_core::seconds(wanted).filter(|_| !wanted.contains(['e', 'E'])) {
        return Some(time.min(Duration::from_secs(u32::MAX.into())));
    }
    let [at, now] = [wanted, text(header::DATE)?].map(httpdate::parse_http_date);
    Some(at.ok()?.duration_since(now.ok()?).unwrap_or_default())
}

/// The reason that there is no response.
fn reason_of(source: &TransportError) -> String {
    match source.kind {
        TransportErrorKind::Handshake => format!(
            "expected a TLS handshake, the connection ended during it ({source}); check that the server speaks TLS at this port, and that no proxy or firewall ends the connection"
        ),
        _ => source.to_string(),
    }
}

/// A time for a person, to the millisecond.
pub(crate) fn seconds(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{} ms", time.as_millis()),
    }
}

/// Returns the registry's own words in the body of a refusal; empty if there are none.
pub(crate) fn words_of(body: &[u8]) -> String {
    message(&errors_in(body), body, None).trim_start_matches(": ").to_owned()
}

/// Returns the sentence about a response that is no success, with the registry's own `text`. A storage's may have a signature in it.
fn answered(url: &str, storage: Option<&str>, status: StatusCode, text: &str) -> String {
    match storage {
        None => format!("{url} answered {status}{text}"),
        Some(storage) => format!("{storage}, to which {url} redirects, answered {status}"),
    }
}

/// The registry's own text, if there is one, as a line. A page for people is none: a proxy before the registry has sent it.
fn message(errors: &[ApiError], body: &[u8], content_type: Option<&str>) -> String {
    if errors.is_empty() {
        let text = String::from_utf8_lossy(body);
        if content_type.is_some_and(|text| MediaType::new(text).is_page()) {
            return " (an HTML page, not a registry's error)".to_owned();
        }
        let mut line = String::new();
        for word in text.split_whitespace() {
            let separator = if line.is_empty() { ": " } else { " " };
            let left = TEXT_MAX.saturating_sub(line.chars().count());
            if left == 0 {
                break;
            }
            line.extend(separator.chars().chain(word.chars()).take(left));
        }
        return line;
    }
    let messages = errors.iter().map(|error| match (error.code.as_str(), error.message.as_str()) {
        (code, "") => code.to_owned(),
        ("", message) => message.to_owned(),
        (code, message) => format!("{code}, {message}"),
    });
    let text = messages.collect::<Vec<_>>().join("; ");
    // A line of its own would look like one of this program.
    format!(": {}", text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The errors in a body, if it is as the specification has it.
pub(crate) fn errors_in(body: &[u8]) -> Vec<ApiError> {
    let error = |json: &[u8], path: &str| {
        let fields = Object::from_json(json, path)?;
        Ok(ApiError { code: fields.string_or_empty("code")?, message: fields.string_or_empty("message")? })
    };
    Object::parse(body).and_then(|answer| answer.array("errors", error)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{TEXT_MAX, message, shown_url};

    #[test]
    fn other_error_bodies_are_one_line_or_named() {
        let page = "<html>\n<head><title>502 Bad Gateway</title></head>\n</html>\n";
        let long = "word ".repeat(100);
        for (content_type, body, expected) in [
            (Some("text/html; charset=utf-8"), page, " (an HTML page, not a registry's error)"),
            (Some("text/plain"), "upstream\n  is\r\ndown\n", ": upstream is down"),
            (None, "no healthy upstream", ": no healthy upstream"),
            (Some("text/plain"), " \n", ""),
            (
                Some("application/json"),
                r#"{"errors":[{"code":"DENIED","message":"no"},{"code":"UNKNOWN"}]}"#,
                ": DENIED, no; UNKNOWN",
            ),
            (
                Some("application/json"),
                r#"{"errors":[{"code":"DENIED","message":"no\nLogin expired:\r\nrun a command"}]}"#,
                ": DENIED, no Login expired: run a command",
            ),
        ] {
            let errors = super::errors_in(body.as_bytes());
            assert_eq!(message(&errors, body.as_bytes(), content_type), expected, "{body}");
        }
        assert_eq!(message(&[], long.as_bytes(), None).chars().count(), TEXT_MAX);
    }

    #[test]
    fn urls_are_shown_without_what_may_be_a_secret() {
        for (url, expected) in [
            ("https://r.io/v2/", "https://r.io/v2/"),
            ("https://me:secret@r.io/v2/a", "https://r.io/v2/a"),
            ("https://me:secret@r.io", "https://r.io"),
            (
                "https://a.io/token?scope=x&account=me&service=r",
                "https://a.io/token?scope=x&account=…&service=r",
            ),
            ("https://s3/blob?X-Amz-Signature=abc", "https://s3/blob?X-Amz-Signature=…"),
            ("/blob?sig=abc", "/blob?sig=…"),
        ] {
            assert_eq!(shown_url(url), expected);
        }
    }
}
