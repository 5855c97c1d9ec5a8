//! A plain HTTP client that keeps every header and hides no failure.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        self.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
    }
}

/// Sends a request on a connection of its own. An error is the connection's or the body's.
pub async fn try_send(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Answer, String> {
    let client = Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http::<Body>();
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.into())).unwrap();
    let response = client.request(request).await.map_err(|error| format!("no answer: {error:?}"))?;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|error| format!("broken body: {error:?}"))?.to_bytes();
    Ok(Answer { status: parts.status, headers: parts.headers, bytes })
}

pub async fn send(method: &str, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    try_send(method, url, headers, body).await.unwrap_or_else(|error| panic!("{method} {url}: {error}"))
}

pub async fn get(url: &str) -> Answer {
    send("GET", url, &[], "").await
}
