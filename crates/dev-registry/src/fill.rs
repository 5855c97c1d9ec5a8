//! Pushing the samples into another registry, through the Distribution API.

use axum::{
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use thiserror::Error;

use crate::{digest::Digest, samples};

/// The reasons for which a registry could not be filled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FillError {
    /// No answer.
    #[error("expected an answer to {method} {url}: {reason}")]
    Unreachable {
        /// The method.
        method: Method,
        /// The URL of the request.
        url: String,
        /// The failure, in the words of the HTTP client.
        reason: String,
    },
    /// An answer that is not the one a push needs.
    #[error("expected {method} {url} to be answered {expected}, the registry answered {status}: {body}")]
    Refused {
        /// The method.
        method: Method,
        /// The URL of the request.
        url: String,
        /// The status that was needed.
        expected: StatusCode,
        /// The status that came.
        status: StatusCode,
        /// The body that came.
        body: String,
    },
}

/// Pushes all samples to a registry at `http://…` without authentication and counts their manifests. What a real
/// Distribution does not take is left out when `skip_unsupported`, and else tried.
///
/// # Errors
/// At the first request that does not succeed.
pub async fn fill(registry: &str, skip_unsupported: bool) -> Result<usize, FillError> {
    let registry = registry.trim_end_matches('/');
    let client = Pusher(Client::builder(TokioExecutor::new()).build_http());
    let mut manifests = 0;
    for sample in samples::all() {
        let repository = format!("{registry}/v2/{}", sample.repository);
        for blob in sample.blobs {
            client.blob(registry, &repository, blob).await?;
        }
        for manifest in sample.manifests.iter().filter(|manifest| manifest.pushable || !skip_unsupported) {
            let mut references = manifest.tags.clone();
            if references.is_empty() {
                references.push(Digest::sha256(&manifest.bytes).to_string());
            }
            for reference in references {
                let url = format!("{repository}/manifests/{reference}");
                let bytes = manifest.bytes.clone();
                client.send(Method::PUT, &url, &manifest.media_type, bytes, StatusCode::CREATED).await?;
            }
            manifests += 1;
        }
    }
    Ok(manifests)
}

struct Pusher(Client<HttpConnector, Body>);

impl Pusher {
    async fn blob(&self, registry: &str, repository: &str, bytes: Bytes) -> Result<(), FillError> {
        let begin = format!("{repository}/blobs/uploads/");
        let begun = self
            .send(Method::POST, &begin, "application/octet-stream", Bytes::new(), StatusCode::ACCEPTED)
            .await?;
        let location = begun.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
        let location = location.unwrap_or_default();
        let host = if location.starts_with('/') { registry } else { "" };
        let join = if location.contains('?') { '&' } else { '?' };
        let url = format!("{host}{location}{join}digest={}", Digest::sha256(&bytes));
        self.send(Method::PUT, &url, "application/octet-stream", bytes, StatusCode::CREATED).await?;
        Ok(())
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        media_type: &str,
        bytes: Bytes,
        expected: StatusCode,
    ) -> Result<Response<Incoming>, FillError> {
        let unreachable =
            |reason: String| FillError::Unreachable { method: method.clone(), url: url.to_owned(), reason };
        let request = Request::builder()
            .method(&method)
            .uri(url)
            .header(header::CONTENT_TYPE, media_type)
            .body(Body::from(bytes))
            .map_err(|error| unreachable(error.to_string()))?;
        let response = self.0.request(request).await.map_err(|error| unreachable(error.to_string()))?;
        if response.status() == expected {
            return Ok(response);
        }
        let status = response.status();
        let body =
            response.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        Err(FillError::Refused { method, url: url.to_owned(), expected, status, body })
    }
}
