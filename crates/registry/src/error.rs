//! What can go wrong, in sentences that a person can act on.

use std::time::Duration;

use http::{StatusCode, header};
use tallyman_core::{Digest, MediaType, Reference, Registry, json::Object};
use thiserror::Error;

use crate::{CredentialError, Diagnosis, Response, TransportError, TransportErrorKind};

/// Bytes of an error's answer that are kept.
const BODY_MAX: usize = 64 * 1024;

/// What a registry says about a failure, as the distribution specification's "Error Codes" section has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Such as `MANIFEST_UNKNOWN`.
    pub code: String,
    /// For a person.
    pub message: String,
}

/// Why a registry's content could not be had.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry answered with an error.
    #[error("{url} answered {status}{}", told(.errors, .body))]
    Api {
        /// What was asked for, where it was one image.
        reference: Option<Box<Reference>>,
        /// The request's URL.
        url: String,
        /// The status.
        status: StatusCode,
        /// The answer's `Content-Type`.
        content_type: Option<String>,
        /// The answer, up to 64 KiB of it.
        body: Box<[u8]>,
        /// The errors in it, where it is as the specification has it.
        errors: Box<[ApiError]>,
        /// How long the registry asks to wait.
        retry_after: Option<Duration>,
        /// The answer's `WWW-Authenticate`, where it has some that can be read.
        challenges: Box<[String]>,
    },
    /// The token service gave no token.
    #[error("expected a token for {} from {url}, it answered {status}{}", .registry.as_str(), told(.errors, .body))]
    Token {
        /// For which registry.
        registry: Box<Registry>,
        /// The request's URL.
        url: String,
        /// The status.
        status: StatusCode,
        /// The answer's `Content-Type`.
        content_type: Option<String>,
        /// The answer, up to 64 KiB of it.
        body: Vec<u8>,
        /// The errors in it, where it is as the specification has it.
        errors: Vec<ApiError>,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// The registry names a token service that credentials must not be sent to.
    #[error(
        "expected a token service of {}'s own, it named {realm}; sign in with credentials that may go there, or ask the registry's owner", .registry.as_str()
    )]
    ForeignRealm {
        /// Which registry.
        registry: Registry,
        /// The token service's URL.
        realm: String,
    },
    /// The registry names a token service over plain HTTP, though it was not given as insecure.
    #[error(
        "expected a token service with HTTPS for {}, it named {realm}; give the registry as insecure if that is right", .registry.as_str()
    )]
    PlainRealm {
        /// Which registry.
        registry: Registry,
        /// The token service's URL.
        realm: String,
    },
    /// The credentials for a registry could not be had.
    #[error("expected credentials for {}: {source}", .registry.as_str())]
    Credentials {
        /// Which registry.
        registry: Registry,
        /// Why not.
        source: CredentialError,
    },
    /// HTTPS was asked for, plain HTTP answered.
    #[error("expected HTTPS at {url}, found plain HTTP; give the registry as insecure if that is right")]
    PlainHttpRefused {
        /// The request's URL.
        url: String,
        /// What the platform said.
        source: TransportError,
    },
    /// The bytes are not those of the digest that was asked for.
    #[error("expected digest {expected}, the registry sent {found} for {reference}")]
    DigestMismatch {
        /// What was asked for.
        reference: Box<Reference>,
        /// The digest that was asked for, or that the registry named.
        expected: Digest,
        /// The digest of the bytes that came.
        found: Digest,
    },
    /// There are more or fewer bytes than the descriptor says.
    #[error("expected {expected} bytes for {reference}, the registry sent {found}")]
    SizeMismatch {
        /// What was asked for.
        reference: Box<Reference>,
        /// Bytes by the descriptor.
        expected: u64,
        /// Bytes that came.
        found: u64,
    },
    /// More bytes than are taken.
    #[error("expected at most {limit} bytes from {what}, the registry sent more")]
    TooLarge {
        /// Where they came from.
        what: String,
        /// Bytes that are taken.
        limit: u64,
    },
    /// The registry sent another media type than the one that was asked for.
    #[error("expected the media type {expected} for {reference}, the registry sent {found}")]
    MediaTypeMismatch {
        /// What was asked for.
        reference: Box<Reference>,
        /// By the descriptor.
        expected: MediaType,
        /// By the answer.
        found: MediaType,
    },
    /// No answer came.
    #[error("{url} does not answer: {source}")]
    Unreachable {
        /// The request's URL.
        url: String,
        /// What the platform said.
        source: TransportError,
    },
    /// An answer came, but the browser may not read it.
    #[error("{url} answers, but the browser does not let this page read it: {}", .diagnosis.cause)]
    Cors {
        /// The request's URL.
        url: String,
        /// Why, and how that was found.
        diagnosis: Box<Diagnosis>,
    },
    /// A page with HTTPS may not ask a registry without.
    #[error(
        "expected a registry with HTTPS, as this page ({page}) has it, found {url}; browsers refuse the mixture: serve the registry with HTTPS, or use the gateway"
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
    /// Whoever set this page or program up did not open the way to the registry.
    #[error("{url} is out of reach: {}", .source.message)]
    OutOfReach {
        /// The request's URL.
        url: String,
        /// What is open, and who can open more.
        source: TransportError,
    },
    /// An answer that is not as the specification has it.
    #[error("expected {expected} in the answer of {url}, found {found}")]
    Protocol {
        /// The request's URL.
        url: String,
        /// What should have been there.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// It took longer than it may.
    #[error("expected an answer of {url} within {}, none came", spoken(*.limit))]
    TimedOut {
        /// The request's URL.
        url: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The answer broke off.
    #[error("the answer of {url} broke off: {source}")]
    BrokenOff {
        /// The request's URL.
        url: String,
        /// What the platform said.
        source: TransportError,
    },
}

impl Error {
    /// A stable name of the failure.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Api { status, .. } => match *status {
                StatusCode::NOT_FOUND => "not-found",
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
            Self::Protocol { .. } => "protocol",
            Self::TimedOut { .. } => "timeout",
            Self::Unreachable { source, .. } => match source.kind {
                TransportErrorKind::Tls => "tls",
                TransportErrorKind::Timeout => "timeout",
                TransportErrorKind::Aborted => "aborted",
                _ => "unreachable",
            },
            Self::Cors { .. } => "cors",
            Self::MixedContent { .. } => "mixed-content",
            Self::LocalNetworkDenied { .. } => "local-network-denied",
            Self::BrokenOff { .. } => "broken-off",
            Self::OutOfReach { .. } => "out-of-reach",
        }
    }

    /// How long the registry or its token service asks to wait before the next request.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api { retry_after, .. } | Self::Token { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The registry does not have it.
    pub fn is_not_found(&self) -> bool {
        self.code() == "not-found"
    }
}

/// What an answer that is no success says of itself.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) errors: Vec<ApiError>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) challenges: Box<[String]>,
}

impl Refusal {
    pub(crate) async fn read(response: Response) -> Self {
        let status = response.status;
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok());
        let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
        let challenges = response.headers.get_all(header::WWW_AUTHENTICATE).iter();
        let challenges = challenges.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
        let retry_after = text(header::RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
        // An answer that breaks off, or never ends, has still said its status.
        let body = response.body.beginning(BODY_MAX).await;
        let retry_after = retry_after.map(Duration::from_secs);
        Self { status, content_type, errors: errors_in(&body), body, retry_after, challenges }
    }

    pub(crate) fn of(self, reference: Option<&Reference>, url: String) -> Error {
        let Self { status, content_type, body, errors, retry_after, challenges } = self;
        let reference = reference.cloned().map(Box::new);
        let (body, errors) = (body.into(), errors.into());
        Error::Api { reference, url, status, content_type, body, errors, retry_after, challenges }
    }
}

/// A time for a person, to the millisecond.
pub(crate) fn spoken(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ => format!("{} ms", time.as_millis()),
    }
}

/// The registry's own words, where it has some.
fn told(errors: &[ApiError], body: &[u8]) -> String {
    if errors.is_empty() {
        let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
        return if text.trim().is_empty() { String::new() } else { format!(": {}", text.trim()) };
    }
    let told = errors.iter().map(|error| match (error.code.as_str(), error.message.as_str()) {
        (code, "") => code.to_owned(),
        ("", message) => message.to_owned(),
        (code, message) => format!("{code}, {message}"),
    });
    format!(": {}", told.collect::<Vec<_>>().join("; "))
}

/// The errors in an answer, where it is as the specification has it.
fn errors_in(body: &[u8]) -> Vec<ApiError> {
    let error = |json: &[u8], path: &str| {
        let fields = Object::from_json(json, path)?;
        Ok(ApiError { code: fields.string_or_empty("code")?, message: fields.string_or_empty("message")? })
    };
    Object::parse(body).and_then(|answer| answer.array("errors", error)).unwrap_or_default()
}
