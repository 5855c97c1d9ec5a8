//! Asking a running gateway whether it is ready: for images that hold nothing but this program.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use http::{HeaderMap, Method, StatusCode, Uri};

use crate::{
    addresses::{Networks, Resolver},
    config::without_password,
    http_client::{HttpClient, TrustRoots, is_not_http, root_cause},
};

/// The time that the response may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A reason for which a gateway is not ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The URL is none of HTTP.
    #[error("expected a URL such as http://127.0.0.1:8080/readyz, found {found:?}")]
    Url {
        /// The text, without a password.
        found: String,
    },
    /// No response in time.
    #[error("no response in {seconds} seconds")]
    Timeout {
        /// The time that it had.
        seconds: u64,
    },
    /// No response at all.
    #[error("no response: {}", root_cause(&**.0))]
    Connection(Box<dyn std::error::Error + Send + Sync>),
    /// A response that is not HTTP to a request without TLS.
    #[error("expected a response by plain HTTP, found none; write https:// if the port expects TLS")]
    NotHttp,
    /// The response says that it is not ready.
    #[error("the response is {status}")]
    Status {
        /// Its status.
        status: StatusCode,
    },
}

/// Asks the gateway at `url`, such as `http://127.0.0.1:8080/readyz`, whether it is ready: straight, whatever proxy the
/// environment names. Its certificate is not checked.
///
/// # Errors
/// [`ProbeError`] if it is not ready, or does not answer within two seconds.
pub async fn probe(url: &str) -> Result<(), ProbeError> {
    let uri = url.parse().ok().filter(|uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")));
    let uri = uri.ok_or_else(|| ProbeError::Url { found: without_password(url) })?;
    let is_plain = uri.scheme_str() == Some("http");
    let everywhere = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("both are networks"));
    let resolver = Resolver(Arc::new(Networks::new(everywhere)));
    let client = HttpClient::direct(resolver, TrustRoots::Any)
        .map_err(|error| ProbeError::Connection(error.into()))?;
    let headers = HeaderMap::new();
    let sent = client.send(&Method::GET, uri, &headers, Body::empty());
    let answer = tokio::time::timeout(TIMEOUT, sent).await;
    let answer = answer.map_err(|_| ProbeError::Timeout { seconds: TIMEOUT.as_secs() })?;
    let answer = answer.map_err(|error| match is_plain && is_not_http(&*error) {
        true => ProbeError::NotHttp,
        false => ProbeError::Connection(error),
    });
    let status = answer?.status();
    if status.is_success() { Ok(()) } else { Err(ProbeError::Status { status }) }
}
