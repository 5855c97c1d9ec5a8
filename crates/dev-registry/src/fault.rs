//! Faults: what goes wrong on demand.

pub(crate) mod effects;

use std::{
    str::FromStr,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use axum::http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{endpoint::Endpoint, query::Query, sync::lock};

/// A fault, and which requests it meets.
///
/// In JSON: `{"fault": "server-error", "status": 503, "method": "PUT", "path": "/v2/*/manifests/*", "times": 2}`; on
/// the command line: `server-error,status=503,method=PUT,path=/v2/*/manifests/*,times=2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The kind of fault.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only requests with this method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only paths of this form, `*` being any run of characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The number of requests that it leaves alone first.
    #[serde(default)]
    pub skip: u32,
    /// The number of requests that it meets; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// The kinds of fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FaultKind {
    /// Waits before answering.
    Latency {
        /// Milliseconds.
        #[serde(default = "half_a_second")]
        ms: u64,
    },
    /// 429, with `Retry-After` when given.
    TooManyRequests {
        /// Seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// A 5xx status, and nothing is done.
    ServerError {
        /// The status.
        #[serde(default = "internal_server_error")]
        status: u16,
        /// Seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// The connection is reset before anything is done.
    Reset,
    /// The work is done and the connection is reset before the answer.
    ResetAfterWork,
    /// The connection is reset in the middle of the answer's body.
    ResetMidBody {
        /// Bytes that come through; without it, half.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<usize>,
    },
    /// The answer's body ends short of its `Content-Length`.
    Truncate {
        /// Bytes that come through; without it, half.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<usize>,
    },
    /// The answer's body trickles.
    SlowBody {
        /// Bytes in a second.
        #[serde(default = "trickle")]
        bytes_per_second: usize,
    },
    /// One byte of the answer's body is another one.
    WrongByte {
        /// The number of the byte; without it, the middle one.
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<usize>,
    },
    /// No `Docker-Content-Digest`.
    NoDigest,
    /// Another `Docker-Content-Digest`.
    WrongDigest,
    /// Another `Content-Type`.
    WrongContentType {
        /// The one to send.
        #[serde(default = "html")]
        content_type: String,
    },
    /// Manifests come with `Content-Encoding: gzip`.
    Gzip,
    /// Mounts are answered 202: upload it yourself.
    NoMount,
    /// GET of a blob is answered 307 to another origin.
    RedirectBlobs {
        /// `true` if that origin sends CORS headers.
        #[serde(default = "yes")]
        cors: bool,
    },
    /// No CORS headers with this answer. With `method=OPTIONS`, a preflight that is refused.
    NoCors,
    /// `Location` without scheme and host.
    RelativeLocation,
    /// `Location` of uploads on another origin.
    LocationElsewhere,
    /// `Link` with scheme and host.
    AbsoluteLink,
    /// No `Link`, though there are more pages.
    NoLink,
    /// The connection is reset in the middle of an upload; what came is kept.
    BreakUpload {
        /// Bytes that come through.
        #[serde(default)]
        after: usize,
    },
}

fn half_a_second() -> u64 {
    500
}

fn internal_server_error() -> u16 {
    500
}

fn trickle() -> usize {
    16 << 10
}

fn html() -> String {
    "text/html".to_owned()
}

fn yes() -> bool {
    true
}

/// The text or JSON is no fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FaultError {
    /// Unknown name, or a value of the wrong type.
    #[error("expected a fault such as latency,ms=300 or reset,path=/v2/*/blobs/*,times=1: {0}")]
    Form(String),
    /// A setting that this fault does not have.
    #[error("the fault has no setting {0:?}; every fault takes method, path, skip and times")]
    Setting(String),
}

impl Fault {
    /// Meets every request that this kind of fault can meet.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, method: None, path: None, skip: 0, times: None }
    }

    /// Only requests with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only paths of this form, `*` being any run of characters.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Leaves this many requests alone first.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// Meets this many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Reads the JSON form. A setting that the fault does not have is refused.
    pub fn from_json(json: &Value) -> Result<Self, FaultError> {
        let fault: Self =
            serde_json::from_value(json.clone()).map_err(|error| FaultError::Form(error.to_string()))?;
        let known = serde_json::to_value(&fault).expect("faults have string keys only");
        let settings = json.as_object().into_iter().flatten();
        match settings.filter(|(_, value)| !value.is_null()).find(|(setting, _)| known.get(setting).is_none())
        {
            Some((setting, _)) => Err(FaultError::Setting(setting.clone())),
            None => Ok(fault),
        }
    }

    fn matches(&self, request: &RequestView<'_>) -> bool {
        let method = match &self.method {
            Some(method) => request.method.as_str().eq_ignore_ascii_case(method),
            None => *request.method != Method::OPTIONS || matches!(self.kind, FaultKind::Latency { .. }),
        };
        method
            && self.path.as_ref().is_none_or(|path| glob(path, request.path))
            && self.kind.concerns(request)
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let mut parts = text.split(',');
        let mut json = Map::new();
        json.insert("fault".to_owned(), parts.next().unwrap_or_default().into());
        for part in parts {
            let (key, value) =
                part.split_once('=').ok_or_else(|| FaultError::Form(format!("{part:?} has no =")))?;
            let value = match serde_json::from_str(value) {
                Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
                _ => value.into(),
            };
            json.insert(key.replace('-', "_"), value);
        }
        Self::from_json(&Value::Object(json))
    }
}

/// The parts of a request that select its faults.
pub(crate) struct RequestView<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) endpoint: Option<&'a Endpoint>,
    pub(crate) query: &'a Query,
    pub(crate) storage: bool,
}

impl FaultKind {
    /// Returns `true` if the fault can show on such a request at all. One that cannot does not count as met.
    fn concerns(&self, request: &RequestView<'_>) -> bool {
        let get = *request.method == Method::GET;
        let manifest = matches!(request.endpoint, Some(Endpoint::Manifest { .. }));
        let blob = matches!(request.endpoint, Some(Endpoint::Blob { .. }));
        let upload = matches!(request.endpoint, Some(Endpoint::Uploads { .. } | Endpoint::Upload { .. }));
        let listing = matches!(
            request.endpoint,
            Some(Endpoint::Catalog | Endpoint::Tags { .. } | Endpoint::Referrers { .. })
        );
        match self {
            Self::Latency { .. }
            | Self::TooManyRequests { .. }
            | Self::ServerError { .. }
            | Self::Reset
            | Self::ResetAfterWork
            | Self::NoCors => true,
            Self::ResetMidBody { .. }
            | Self::Truncate { .. }
            | Self::SlowBody { .. }
            | Self::WrongByte { .. } => get && (manifest || blob || listing || request.storage),
            Self::NoDigest | Self::WrongDigest => manifest || blob || upload,
            Self::WrongContentType { .. } => manifest || blob || listing,
            Self::Gzip => get && manifest,
            Self::NoMount => {
                upload && *request.method == Method::POST && request.query.get("mount").is_some()
            }
            Self::RedirectBlobs { .. } => get && blob && !request.storage,
            Self::RelativeLocation => upload || manifest,
            Self::LocationElsewhere => upload,
            Self::AbsoluteLink | Self::NoLink => listing,
            Self::BreakUpload { .. } => upload && [Method::PATCH, Method::PUT].contains(request.method),
        }
    }
}

/// The faults that are set, with how often each was looked at.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(Fault, AtomicU32)>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        lock(&self.0).push((fault, AtomicU32::new(0)));
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        lock(&self.0).iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// The faults that this request meets.
    pub(crate) fn meet(&self, request: &RequestView<'_>) -> Vec<FaultKind> {
        lock(&self.0)
            .iter()
            .filter(|(fault, _)| fault.matches(request))
            .filter(|(fault, count)| {
                let count = count.fetch_add(1, Ordering::Relaxed);
                count >= fault.skip && fault.times.is_none_or(|times| count - fault.skip < times)
            })
            .map(|(fault, _)| fault.kind.clone())
            .collect()
    }
}

/// Returns `true` if `text` has the form of `pattern`, in which `*` is any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_from_text() {
        let rows = [
            ("reset", Ok(Fault::new(FaultKind::Reset))),
            ("latency,ms=30", Ok(Fault::new(FaultKind::Latency { ms: 30 }))),
            (
                "server-error,status=503,retry-after=2,method=PUT,path=/v2/*,times=2,skip=1",
                Ok(Fault::new(FaultKind::ServerError { status: 503, retry_after: Some(2) })
                    .method("PUT")
                    .path("/v2/*")
                    .times(2)
                    .skip(1)),
            ),
            ("redirect-blobs,cors=false", Ok(Fault::new(FaultKind::RedirectBlobs { cors: false }))),
            ("reset,ms=3", Err(FaultError::Setting("ms".to_owned()))),
        ];
        for (text, expected) in rows {
            assert_eq!(text.parse::<Fault>(), expected, "{text}");
        }
        for text in ["", "nonsense", "latency,ms=soon", "latency,ms"] {
            assert!(matches!(text.parse::<Fault>(), Err(FaultError::Form(_))), "{text}");
        }
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        let rows = [
            ("/v2/*/blobs/*", "/v2/a/b/blobs/x", true),
            ("/v2/*/blobs/*", "/v2/a/manifests/x", false),
            ("/v2/", "/v2/", true),
            ("/v2/", "/v2/a", false),
            ("*latest", "/v2/a/manifests/latest", true),
            ("*", "", true),
            ("/v2/*x*/y", "/v2/axb/y", true),
        ];
        for (pattern, text, expected) in rows {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}
