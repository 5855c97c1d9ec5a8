//! Distribution's error answers, with its exact codes and messages.

use std::borrow::Cow;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use crate::digest::Digest;

/// One entry of an `errors` array.
#[derive(Clone, Debug, Serialize)]
struct ErrorEntry {
    code: &'static str,
    message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    errors: &'a [ErrorEntry],
}

/// JSON that keeps the order of its fields.
fn raw(detail: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(detail).expect("details have string keys only")
}

/// A refusal in Distribution's words.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    entries: Vec<ErrorEntry>,
}

pub(crate) type Answer = Result<Response, ApiError>;

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, entries: vec![ErrorEntry { code, message: message.into(), detail: None }] }
    }

    pub(crate) fn detail(mut self, detail: impl Serialize) -> Self {
        if let Some(entry) = self.entries.last_mut() {
            entry.detail = Some(raw(&detail));
        }
        self
    }

    pub(crate) fn manifest_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown")
    }

    pub(crate) fn manifest_unknown_as(message: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", message)
    }

    pub(crate) fn manifest_invalid() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", "manifest invalid").detail(json!({}))
    }

    /// One entry for each blob or child manifest that is not there.
    pub(crate) fn manifest_blobs_unknown(missing: &[Digest]) -> Self {
        let entries = missing
            .iter()
            .map(|digest| ErrorEntry {
                code: "MANIFEST_BLOB_UNKNOWN",
                message: "blob unknown to registry".into(),
                detail: Some(raw(&digest.as_str())),
            })
            .collect();
        Self { status: StatusCode::BAD_REQUEST, entries }
    }

    pub(crate) fn blob_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry")
    }

    pub(crate) fn digest_invalid() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "provided digest did not match uploaded content")
    }

    pub(crate) fn name_unknown(name: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "repository name not known to registry")
            .detail(json!({ "name": name }))
    }

    pub(crate) fn name_invalid(name: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "NAME_INVALID", "invalid repository name")
            .detail(json!({ "Name": name }))
    }

    pub(crate) fn upload_unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
    }

    pub(crate) fn upload_invalid() -> Self {
        Self::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_INVALID", "blob upload invalid")
    }

    pub(crate) fn range_invalid() -> Self {
        Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_INVALID", "invalid content range")
    }

    pub(crate) fn size_invalid() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "SIZE_INVALID", "provided length did not match content length")
    }

    pub(crate) fn page_size_invalid(n: i64) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", "invalid number of results requested")
            .detail(json!({ "n": n }))
    }

    pub(crate) fn too_many_requests() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", "too many requests")
    }

    pub(crate) fn server(status: StatusCode) -> Self {
        if status == StatusCode::SERVICE_UNAVAILABLE {
            Self::new(status, "UNAVAILABLE", "service unavailable")
        } else {
            Self::new(status, "UNKNOWN", "unknown error")
        }
    }

    pub(crate) fn unauthorized(detail: impl Serialize) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required").detail(detail)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        json_response(self.status, &ErrorBody { errors: &self.entries })
    }
}

/// A JSON answer with Distribution's content type and final newline.
pub(crate) fn json_response(status: StatusCode, value: &impl Serialize) -> Response {
    let mut body = serde_json::to_vec(value).expect("answers have string keys only");
    body.push(b'\n');
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// The answer of Go's file server and router to a page that is not there.
pub(crate) fn page_not_found() -> Response {
    plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// A plain-text answer as Go's `http.Error` gives it.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An empty 202.
pub(crate) fn accepted() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}
