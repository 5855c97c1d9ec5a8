//! What can go wrong, in sentences that a person can act on.

use http::StatusCode;
use serde::Deserialize;
use tallyman_core::{Digest, MediaType, Reference};
use thiserror::Error;

use crate::TransportError;

/// What a registry says about a failure, as the distribution specification's "Error Codes" section has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ApiError {
    /// Such as `MANIFEST_UNKNOWN`.
    #[serde(default)]
    pub code: String,
    /// For a person.
    #[serde(default)]
    pub message: String,
    /// Anything.
    #[serde(default)]
    pub detail: serde_json::Value,
}

/// Why a registry's content could not be had.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry answered with an error.
    #[error("{url} answered {status}{}", told(.errors, .body))]
    Api {
        /// What was asked for.
        reference: Box<Reference>,
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
    #[error("expected at most {limit} bytes for {reference}, the registry sent more")]
    TooLarge {
        /// What was asked for.
        reference: Box<Reference>,
        /// Bytes that are taken.
        limit: u64,
    },
    /// The registry sent another media type than the one that was asked for.
    #[error("expected {expected} for {reference}, the registry sent {found}")]
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
    #[error("{url} answers, but without the CORS headers that let this page read the answer")]
    Cors {
        /// The request's URL.
        url: String,
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
            Self::Unreachable { .. } => "unreachable",
            Self::Cors { .. } => "cors",
            Self::BrokenOff { .. } => "broken-off",
        }
    }

    /// The registry does not have it.
    pub fn is_not_found(&self) -> bool {
        self.code() == "not-found"
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

#[derive(Deserialize)]
struct Answer {
    errors: Vec<ApiError>,
}

/// The errors in an answer, where it is as the specification has it.
pub(crate) fn errors_in(body: &[u8]) -> Vec<ApiError> {
    serde_json::from_slice::<Answer>(body).map(|answer| answer.errors).unwrap_or_default()
}
