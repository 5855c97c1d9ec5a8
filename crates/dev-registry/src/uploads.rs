//! Blob uploads: POST begins or mounts, PATCH adds, PUT finishes, GET tells how far it is, DELETE cancels.

use std::sync::Mutex;

use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::json;

use crate::{
    digest::Digest,
    error::{Answer, ApiError},
    headers::value,
    ids::random_id,
    options::{Dialect, Options},
    query::Query,
    store::{Store, Upload},
    sync::lock,
};

/// A request that belongs to an upload.
pub(crate) struct UploadRequest<'a> {
    pub(crate) store: &'a Mutex<Store>,
    pub(crate) options: &'a Options,
    /// `http://host` as the client sees it.
    pub(crate) base: &'a str,
    pub(crate) name: &'a str,
    pub(crate) query: &'a Query,
    pub(crate) headers: &'a HeaderMap,
    /// `true` if a mount may answer 201.
    pub(crate) can_mount: bool,
}

impl UploadRequest<'_> {
    /// `POST /v2/<name>/blobs/uploads/`.
    pub(crate) async fn begin(&self, body: Body) -> Answer {
        if let Some(digest) = self.mount() {
            return Ok(self.created(&digest));
        }
        if let Some(digest) = self.query.get("digest").filter(|_| self.options.monolithic_post) {
            let mut bytes = Vec::new();
            receive(body, |chunk| bytes.extend_from_slice(&chunk)).await?;
            return self.keep(digest, bytes);
        }
        let id = random_id();
        lock(self.store).uploads.insert(id.clone(), Upload { name: self.name.to_owned(), bytes: Vec::new() });
        Ok(self.progress(&id, 0, StatusCode::ACCEPTED))
    }

    /// Takes a blob from another repository: the digest when that worked.
    fn mount(&self) -> Option<Digest> {
        let digest: Digest = self.query.get("mount")?.parse().ok()?;
        let from = self.query.get("from")?;
        let mut store = lock(self.store);
        let bytes = store.blob(from, &digest).filter(|_| self.can_mount)?;
        store.put_blob(self.name, digest.clone(), bytes);
        Some(digest)
    }

    /// Everything under `/v2/<name>/blobs/uploads/<id>`.
    pub(crate) async fn resume(&self, method: &Method, id: &str, body: Body) -> Answer {
        self.check_state(id)?;
        match *method {
            Method::PATCH => self.add(id, body).await,
            Method::PUT => self.finish(id, body).await,
            Method::DELETE => {
                lock(self.store).uploads.remove(id);
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NO_CONTENT;
                response.headers_mut().insert("docker-upload-uuid", value(id));
                Ok(response)
            }
            _ => {
                let size = self.size(id)?;
                Ok(self.progress(id, size, StatusCode::NO_CONTENT))
            }
        }
    }

    /// `_state` says how many bytes there were when the location was given out.
    fn check_state(&self, id: &str) -> Result<(), ApiError> {
        let state = self
            .query
            .get("_state")
            .and_then(|state| String::from_utf8(URL_SAFE_NO_PAD.decode(state).ok()?).ok())
            .and_then(|state| state.strip_prefix(id)?.strip_prefix('@')?.parse::<usize>().ok())
            .ok_or_else(|| ApiError::upload_invalid().detail(json!({})))?;
        let size = self.size(id)?;
        if size == state || self.options.resumable_uploads {
            return Ok(());
        }
        if self.options.dialect == Dialect::V2_8 {
            lock(self.store).uploads.remove(id);
            return Err(ApiError::upload_invalid());
        }
        Err(ApiError::range_invalid())
    }

    fn size(&self, id: &str) -> Result<usize, ApiError> {
        let store = lock(self.store);
        let upload = store.uploads.get(id).filter(|upload| upload.name == self.name);
        upload.map(|upload| upload.bytes.len()).ok_or_else(|| ApiError::upload_unknown().detail(json!({})))
    }

    async fn add(&self, id: &str, body: Body) -> Answer {
        self.check_range(id)?;
        self.receive_into(id, body).await?;
        let size = self.size(id)?;
        Ok(self.progress(id, size, StatusCode::ACCEPTED))
    }

    /// `Content-Range: <first>-<last>` must begin where the upload stands; Distribution 2.8 does not look.
    fn check_range(&self, id: &str) -> Result<(), ApiError> {
        let Some(range) = self.headers.get(header::CONTENT_RANGE).and_then(|range| range.to_str().ok())
        else {
            return Ok(());
        };
        if self.options.dialect == Dialect::V2_8 {
            return Ok(());
        }
        let bounds =
            range.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        let (first, last): (usize, usize) = bounds.ok_or_else(ApiError::range_invalid)?;
        if first > last || first != self.size(id)? {
            return Err(ApiError::range_invalid());
        }
        let length =
            self.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if length.is_some_and(|length: usize| length != last - first + 1) {
            return Err(ApiError::size_invalid());
        }
        Ok(())
    }

    async fn finish(&self, id: &str, body: Body) -> Answer {
        let Some(digest) = self.query.get("digest") else {
            return Err(ApiError::digest_invalid().detail(json!("digest missing")));
        };
        self.receive_into(id, body).await?;
        let upload = lock(self.store).uploads.remove(id);
        let upload = upload.ok_or_else(|| ApiError::upload_unknown().detail(json!({})))?;
        self.keep(digest, upload.bytes)
    }

    fn keep(&self, digest: &str, bytes: Vec<u8>) -> Answer {
        let digest: Digest =
            digest.parse().map_err(|_| ApiError::digest_invalid().detail(json!("digest parsing failed")))?;
        if !digest.matches(&bytes) {
            return Err(ApiError::digest_invalid().detail(json!({ "Digest": digest.as_str(), "Reason": {} })));
        }
        let bytes = Bytes::from(bytes);
        let canonical = digest.canonical(&bytes);
        let mut store = lock(self.store);
        store.put_blob(self.name, digest, bytes.clone());
        store.put_blob(self.name, canonical.clone(), bytes);
        Ok(self.created(&canonical))
    }

    /// Each frame is kept as it comes, so that what a broken connection brought stays.
    async fn receive_into(&self, id: &str, body: Body) -> Result<(), ApiError> {
        receive(body, |chunk| {
            if let Some(upload) = lock(self.store).uploads.get_mut(id) {
                upload.bytes.extend_from_slice(&chunk);
            }
        })
        .await
    }

    fn created(&self, digest: &Digest) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::CREATED;
        let headers = response.headers_mut();
        headers.insert("docker-content-digest", value(digest.as_str()));
        headers.insert(header::LOCATION, value(&format!("{}/v2/{}/blobs/{digest}", self.base, self.name)));
        response
    }

    fn progress(&self, id: &str, size: usize, status: StatusCode) -> Response<Body> {
        let state = URL_SAFE_NO_PAD.encode(format!("{id}@{size}"));
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert("docker-upload-uuid", value(id));
        let location = format!("{}/v2/{}/blobs/uploads/{id}?_state={state}", self.base, self.name);
        headers.insert(header::LOCATION, value(&location));
        headers.insert(header::RANGE, value(&format!("0-{}", size.saturating_sub(1))));
        response
    }
}

async fn receive(mut body: Body, mut keep: impl FnMut(Bytes)) -> Result<(), ApiError> {
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| ApiError::server(StatusCode::INTERNAL_SERVER_ERROR).detail(json!({})))?;
        if let Ok(chunk) = frame.into_data() {
            keep(chunk);
        }
    }
    Ok(())
}
