//! Blobs: GET with ranges, HEAD, DELETE.

use std::ops::Range;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::json;

use crate::{
    digest::Digest,
    error::{Answer, ApiError, accepted, plain},
    headers::{none_match, value},
    store::Store,
};

fn parse(digest: &str) -> Result<Digest, ApiError> {
    digest.parse().map_err(|_| ApiError::digest_invalid().detail(json!({})))
}

/// GET and HEAD.
pub(crate) fn get(store: &Store, name: &str, digest: &str, headers: &HeaderMap) -> Answer {
    let digest = parse(digest)?;
    let bytes =
        store.blob(name, &digest).ok_or_else(|| ApiError::blob_unknown().detail(json!(digest.as_str())))?;
    Ok(serve(&bytes, &digest.canonical(&bytes), headers))
}

/// Some bytes as Go's `http.ServeContent` serves them.
pub(crate) fn serve(bytes: &Bytes, digest: &Digest, headers: &HeaderMap) -> Response<Body> {
    let mut response = if none_match(headers, digest) {
        status(StatusCode::NOT_MODIFIED, Bytes::new())
    } else {
        match range(headers, bytes.len()) {
            RequestedRange::All => status(StatusCode::OK, bytes.clone()),
            RequestedRange::Part(part) => {
                let content_range = format!("bytes {}-{}/{}", part.start, part.end - 1, bytes.len());
                let mut response = status(StatusCode::PARTIAL_CONTENT, bytes.slice(part));
                response.headers_mut().insert(header::CONTENT_RANGE, value(&content_range));
                response
            }
            RequestedRange::Nothing => {
                let mut response = plain(StatusCode::RANGE_NOT_SATISFIABLE, "");
                response
                    .headers_mut()
                    .insert(header::CONTENT_RANGE, value(&format!("bytes */{}", bytes.len())));
                response
            }
        }
    };
    let good = response.status().is_success();
    let out = response.headers_mut();
    if good {
        out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=31536000"));
    out.insert("docker-content-digest", value(digest.as_str()));
    out.insert(header::ETAG, value(&format!("\"{digest}\"")));
    response
}

fn status(status: StatusCode, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response
}

/// The part of a blob that `Range` asks for.
enum RequestedRange {
    All,
    Part(Range<usize>),
    Nothing,
}

/// One range of bytes. Several at once get everything, which the protocol allows.
fn range(headers: &HeaderMap, length: usize) -> RequestedRange {
    let spec = headers.get(header::RANGE).and_then(|value| value.to_str().ok()?.strip_prefix("bytes="));
    let Some((first, last)) = spec.filter(|spec| !spec.contains(',')).and_then(|spec| spec.split_once('-'))
    else {
        return RequestedRange::All;
    };
    let part = match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return RequestedRange::Nothing,
    };
    if part.is_empty() { RequestedRange::Nothing } else { RequestedRange::Part(part) }
}

/// DELETE takes the blob from this repository only.
pub(crate) fn delete(store: &mut Store, name: &str, digest: &str) -> Answer {
    let digest = parse(digest)?;
    store
        .repository_mut(name)
        .and_then(|repository| repository.blobs.remove(&digest))
        .ok_or_else(ApiError::blob_unknown)?;
    Ok(accepted())
}
