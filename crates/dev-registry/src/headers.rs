//! Headers of requests and answers, read and made.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::digest::Digest;

/// Returns `true` if `If-None-Match` names this digest, with quotes or without.
pub(crate) fn none_match(headers: &HeaderMap, digest: &Digest) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|etag| etag.to_str().is_ok_and(|etag| etag.trim_matches('"') == digest.as_str()))
}

/// Returns `true` if `Accept` names the type itself. Wildcards do not count: Distribution compares the names.
pub(crate) fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.split(';').next().is_some_and(|item| item.trim() == media_type))
}

/// A header value made of characters that are known to fit.
pub(crate) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("unprintable"))
}
