//! `_catalog`, where not all repositories are open: only those that are get named.

use axum::body::Body;
use bytes::Bytes;
use http::{Response, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;

use crate::{refusal::Refusal, upstream::Upstream};

const CATALOG_MAX: usize = 16 * 1024 * 1024;

/// Takes out the repositories that are not open. The pages stay the registry's: some come out short, and the reference to
/// the next one may hold the name of a repository that is not open.
pub(crate) async fn filter(upstream: &Upstream, response: Response<Body>) -> Result<Response<Body>, Refusal> {
    if !upstream.is_partial() || !response.status().is_success() {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let wrong =
        || Refusal::bad_gateway(format!("expected a catalog of {}, found something else", upstream.name));
    let body: Bytes = Limited::new(body, CATALOG_MAX).collect().await.map_err(|_| wrong())?.to_bytes();
    let mut catalog: Value = serde_json::from_slice(&body).map_err(|_| wrong())?;
    let names = catalog.get_mut("repositories").and_then(Value::as_array_mut).ok_or_else(wrong)?;
    names.retain(|name| name.as_str().is_some_and(|name| upstream.is_open(name)));
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::ETAG);
    Ok(Response::from_parts(parts, Body::from(catalog.to_string())))
}
