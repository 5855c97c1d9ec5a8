//! The effects of faults on an answer and on its connection.

use std::io::{self, Write as _};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;

use super::{Fault, FaultError, FaultKind};
use crate::{
    connection::{ResetSwitch, Unanswered, broken_body, slow_body},
    endpoint::Endpoint,
    headers::value,
};

/// The connection and the addresses that faults act on.
pub(crate) struct EffectContext {
    pub(crate) reset: ResetSwitch,
    /// `http://host` as the client sees it.
    pub(crate) base: String,
    /// `http://host` of the second origin.
    pub(crate) storage: String,
}

/// One fault, or an array of them, as JSON.
pub(crate) fn read(json: &[u8]) -> Result<Vec<Fault>, FaultError> {
    let json: serde_json::Value =
        serde_json::from_slice(json).map_err(|error| FaultError::Form(error.to_string()))?;
    match json.as_array() {
        Some(faults) => faults.iter().map(Fault::from_json).collect(),
        None => Ok(vec![Fault::from_json(&json)?]),
    }
}

/// The digest to ask the second origin for.
pub(crate) fn redirected<'a>(faults: &[FaultKind], endpoint: &'a Endpoint) -> Option<&'a str> {
    match endpoint {
        Endpoint::Blob { digest, .. }
            if faults.iter().any(|fault| matches!(fault, FaultKind::RedirectBlobs { .. })) =>
        {
            Some(digest)
        }
        _ => None,
    }
}

/// An answer that is never sent: the connection is reset instead.
pub(crate) fn unanswered(reset: &ResetSwitch) -> Response {
    reset.set();
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Unanswered);
    response
}

/// Ends an upload's body early, when that fault is met.
pub(crate) fn break_upload(faults: &[FaultKind], body: Body) -> Body {
    let Some(after) = faults.iter().find_map(|fault| match fault {
        FaultKind::BreakUpload { after } => Some(*after),
        _ => None,
    }) else {
        return body;
    };
    let chunks = body.into_data_stream();
    Body::from_stream(stream::unfold((chunks, after), |(mut chunks, left)| async move {
        if left == 0 {
            return None;
        }
        let chunk = chunks.next().await?.ok()?;
        let kept = chunk.slice(..left.min(chunk.len()));
        let left = left - kept.len();
        Some((Ok::<_, io::Error>(kept), (chunks, left)))
    }))
}

/// The faults that strike when the answer is there.
pub(crate) async fn after(faults: &[FaultKind], context: &EffectContext, mut response: Response) -> Response {
    for fault in faults {
        response = match fault {
            FaultKind::ResetAfterWork | FaultKind::BreakUpload { .. } => return unanswered(&context.reset),
            _ if !response.status().is_success() => response,
            FaultKind::ResetMidBody { after } => cut(response, *after, Some(context.reset.clone())).await,
            FaultKind::Truncate { after } => cut(response, *after, None).await,
            FaultKind::SlowBody { bytes_per_second } => {
                let (mut parts, bytes) = take(response).await;
                parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                Response::from_parts(parts, slow_body(bytes, *bytes_per_second))
            }
            FaultKind::WrongByte { at } => {
                let (parts, bytes) = take(response).await;
                let mut bytes = Vec::from(bytes);
                let at = at.unwrap_or(bytes.len() / 2);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1;
                }
                Response::from_parts(parts, Body::from(bytes))
            }
            FaultKind::Gzip => gzip(response).await,
            _ => {
                headers(fault, context, response.headers_mut());
                response
            }
        };
    }
    response
}

/// The faults that only touch headers.
fn headers(fault: &FaultKind, context: &EffectContext, headers: &mut HeaderMap) {
    let text = |headers: &HeaderMap, name| Some(headers.get(name)?.to_str().ok()?.to_owned());
    match fault {
        FaultKind::NoDigest => {
            headers.remove("docker-content-digest");
        }
        FaultKind::WrongDigest => {
            headers.insert("docker-content-digest", value(&format!("sha256:{}", "0".repeat(64))));
        }
        FaultKind::WrongContentType { content_type } => {
            headers.insert(header::CONTENT_TYPE, value(content_type));
        }
        FaultKind::RelativeLocation | FaultKind::LocationElsewhere => {
            if let Some(location) = text(headers, header::LOCATION)
                && let Some(path) = location.strip_prefix(&context.base)
            {
                let host = if *fault == FaultKind::LocationElsewhere { context.storage.as_str() } else { "" };
                headers.insert(header::LOCATION, value(&format!("{host}{path}")));
            }
        }
        FaultKind::AbsoluteLink => {
            if let Some(link) = text(headers, header::LINK) {
                headers.insert(header::LINK, value(&link.replacen('<', &format!("<{}", context.base), 1)));
            }
        }
        FaultKind::NoLink => {
            headers.remove(header::LINK);
        }
        _ => {}
    }
}

async fn take(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    (parts, bytes)
}

async fn cut(response: Response, after: Option<usize>, reset: Option<ResetSwitch>) -> Response {
    let (mut parts, bytes) = take(response).await;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let after = after.unwrap_or(bytes.len() / 2).min(bytes.len());
    Response::from_parts(parts, broken_body(bytes.slice(..after), reset))
}

async fn gzip(response: Response) -> Response {
    let (mut parts, bytes) = take(response).await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed =
        encoder.write_all(&bytes).and_then(|()| encoder.finish()).expect("writing to memory cannot fail");
    parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(parts, Body::from(packed))
}
