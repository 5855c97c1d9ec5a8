//! Cross-origin headers, as Distribution sends them when it is configured for the app.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::{headers::value, options::Cors};

/// The methods that pages may use.
const METHODS: &str = "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS";
/// The request headers that pages may set.
const REQUEST_HEADERS: &str = "Authorization, Accept, Content-Type, Content-Range, Range";
/// The answer's headers that pages may read.
const EXPOSED: &str = "Docker-Content-Digest, WWW-Authenticate, Link, Location, Range, Content-Range, OCI-Subject, \
                       OCI-Filters-Applied, OCI-Chunk-Min-Length, Retry-After";

/// Adds what `cors` says to an answer.
pub(crate) fn decorate(headers: &mut HeaderMap, cors: &Cors) {
    let Cors::On { origin, expose_headers } = cors else { return };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value(origin));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(REQUEST_HEADERS));
    if *expose_headers {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}
