//! A registry in memory, reached without a network: it knows what the commands ask for, counts it, and answers as
//! Distribution does.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ops::Range,
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, future, future::LocalBoxFuture};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tallyman_core::Digest;
use tallyman_registry::{
    Body, Request, RequestBody, Response, Transport, TransportError, TransportErrorKind,
};

/// An answer that stands for a path whatever is there.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
}

/// The content of a registry, by repository.
#[derive(Default)]
pub struct Contents {
    /// Media types and bytes, by repository and by tag or digest.
    pub manifests: HashMap<(String, String), (String, Vec<u8>)>,
    /// Contents by repository and digest.
    pub blobs: HashMap<(String, String), Vec<u8>>,
    /// Answers by method and path below the repository.
    pub answers: HashMap<(Method, String), Answer>,
}

/// The registry: plain HTTP alone, at any host.
#[derive(Default)]
pub struct MemoryRegistry {
    pub contents: RefCell<Contents>,
    /// `METHOD path` of each request that was made over plain HTTP, in the order of coming.
    pub requests: RefCell<Vec<String>>,
    /// Nobody's password is right.
    pub locked: Cell<bool>,
    /// Whoever signs in may do nothing.
    pub denies: Cell<bool>,
    /// `Authorization` of each request that had one and was denied.
    pub shown: RefCell<Vec<String>>,
    /// Blobs are sent whole, whatever `Range` says.
    pub ignores_ranges: Cell<bool>,
    /// The digests that answers name, and with them their sizes, by path.
    pub digests: RefCell<HashMap<String, String>>,
    /// Each manifest has this many referrers, none of which was there before.
    pub endless_referrers: Cell<usize>,
}

impl MemoryRegistry {
    /// Puts a manifest under its digest, and under a tag where it has one.
    pub fn put_manifest(&self, repository: &str, tag: &str, media_type: &str, bytes: &[u8]) {
        let digest = Digest::of(bytes).to_string();
        let manifests = &mut self.contents.borrow_mut().manifests;
        for target in [tag, &digest].into_iter().filter(|target| !target.is_empty()) {
            manifests
                .insert((repository.to_owned(), target.to_owned()), (media_type.to_owned(), bytes.to_vec()));
        }
    }

    /// Puts a blob.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) {
        let key = (repository.to_owned(), Digest::of(bytes).to_string());
        self.contents.borrow_mut().blobs.insert(key, bytes.to_vec());
    }

    /// Makes referrers of a manifest, and lists them.
    fn referrers_of(&self, repository: &str, subject: &str) -> Answer {
        const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
        self.put_blob(repository, b"{}");
        let entries = (0..self.endless_referrers.get()).map(|number| {
            let manifest = format!(
                r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","artifactType":"a/b","config":{{"mediaType":"a/b","digest":"{}","size":2}},"layers":[],"annotations":{{"of":"{subject} {number}"}}}}"#,
                Digest::of(b"{}")
            );
            self.put_manifest(repository, "", MANIFEST, manifest.as_bytes());
            let (digest, size) = (Digest::of(manifest.as_bytes()), manifest.len());
            format!(r#"{{"mediaType":"{MANIFEST}","digest":"{digest}","size":{size},"artifactType":"a/b"}}"#)
        });
        let entries: Vec<String> = entries.collect();
        let index = "application/vnd.oci.image.index.v1+json";
        let body =
            format!(r#"{{"schemaVersion":2,"mediaType":"{index}","manifests":[{}]}}"#, entries.join(","));
        Answer { status: 200, content_type: Some(index.to_owned()), body: body.into_bytes() }
    }

    fn answer(&self, request: &Request) -> Answer {
        let (_, path) = request.url.split_once("/v2/").expect("requests go below /v2/");
        let range = request.headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        let line = [request.method.as_str(), path].into_iter().chain(range).collect::<Vec<_>>().join(" ");
        self.requests.borrow_mut().push(line);
        let shown = request.headers.get(header::AUTHORIZATION);
        if self.locked.get() || self.denies.get() && shown.is_none() {
            return Answer { status: 401, ..error("UNAUTHORIZED", "authentication required", "everything") };
        }
        if let Some(shown) = shown.filter(|_| self.denies.get()) {
            self.shown.borrow_mut().push(shown.to_str().expect("it is text").to_owned());
            return Answer { status: 403, ..error("DENIED", "access denied", "everything") };
        }
        let mut contents = self.contents.borrow_mut();
        if let Some(answer) = contents.answers.get(&(request.method.clone(), path.to_owned())) {
            return answer.clone();
        }
        if let Some((repository, subject)) = path.split_once("/referrers/")
            && self.endless_referrers.get() > 0
        {
            drop(contents);
            return self.referrers_of(repository, subject);
        }
        if let Some((repository, target)) = path.split_once("/manifests/") {
            let key = (repository.to_owned(), target.to_owned());
            if request.method == Method::PUT {
                let media_type =
                    request.headers[header::CONTENT_TYPE].to_str().expect("a media type").to_owned();
                drop(contents);
                let RequestBody::Full(body) = &request.body else { panic!("manifests are in memory") };
                let body = body.to_vec();
                self.put_manifest(repository, target, &media_type, &body);
                return Answer { status: 201, content_type: None, body };
            }
            return match contents.manifests.get(&key) {
                Some((media_type, bytes)) => {
                    Answer { status: 200, content_type: Some(media_type.clone()), body: bytes.clone() }
                }
                None => error("MANIFEST_UNKNOWN", "manifest unknown", target),
            };
        }
        if let Some((repository, query)) = path.split_once("/blobs/uploads/?") {
            let query = query.replace("%2F", "/").replace("%3A", ":");
            let value =
                |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)).unwrap_or_default();
            let (from, digest) = (value("from=").to_owned(), value("mount=").to_owned());
            return match contents.blobs.get(&(from, digest.clone())).cloned() {
                Some(blob) => {
                    contents.blobs.insert((repository.to_owned(), digest), blob);
                    Answer { status: 201, content_type: None, body: Vec::new() }
                }
                None => Answer { status: 202, content_type: None, body: Vec::new() },
            };
        }
        match path
            .split_once("/blobs/")
            .map(|(repository, digest)| (repository.to_owned(), digest.to_owned()))
        {
            Some((_, upload)) if upload.starts_with("uploads/") => {
                Answer { status: 204, content_type: None, body: Vec::new() }
            }
            Some(key) => match contents.blobs.get(&key) {
                Some(blob) => {
                    let range =
                        range.filter(|_| !self.ignores_ranges.get()).map(|range| part(range, blob.len()));
                    Answer {
                        status: if range.is_some() { 206 } else { 200 },
                        content_type: Some("application/octet-stream".to_owned()),
                        body: blob[range.unwrap_or(0..blob.len())].to_vec(),
                    }
                }
                None => error("BLOB_UNKNOWN", "blob unknown to registry", &key.1),
            },
            None => error("UNSUPPORTED", "no such path", path),
        }
    }
}

/// The part of a blob that `bytes=FIRST-LAST` asks for.
fn part(range: &str, size: usize) -> Range<usize> {
    let bounds = range.strip_prefix("bytes=").and_then(|bounds| bounds.split_once('-'));
    let (first, last) = bounds.expect("a range of bytes");
    let number = |text: &str| text.parse::<usize>().expect("a number");
    number(first)..if last.is_empty() { size } else { number(last) + 1 }
}

fn error(code: &str, message: &str, detail: &str) -> Answer {
    let body =
        format!(r#"{{"errors":[{{"code":"{code}","message":"{message}","detail":{{"of":"{detail}"}}}}]}}"#);
    let content_type = Some("application/json; charset=utf-8".to_owned());
    Answer { status: 404, content_type, body: body.into_bytes() }
}

impl Transport for MemoryRegistry {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        if request.url.starts_with("https:") {
            let message = "the server speaks plain HTTP".to_owned();
            return future::ready(Err(TransportError { kind: TransportErrorKind::PlainHttp, message }))
                .boxed_local();
        }
        let answer = self.answer(&request);
        let mut headers = HeaderMap::new();
        let value = |text: &str| HeaderValue::from_str(text).expect("a header's value");
        if let Some(content_type) = &answer.content_type {
            headers.insert(header::CONTENT_TYPE, value(content_type));
        }
        if answer.status == 401 && (self.locked.get() || self.denies.get()) {
            headers.insert(header::WWW_AUTHENTICATE, value("Basic realm=\"r\""));
        }
        if request.method == Method::PUT {
            headers.insert("docker-content-digest", value(Digest::of(&answer.body).as_str()));
        }
        if let Some((_, path)) = request.url.split_once("/v2/")
            && let Some(digest) = self.digests.borrow().get(path)
        {
            headers.insert("docker-content-digest", value(digest));
            headers.insert(header::CONTENT_LENGTH, answer.body.len().into());
        }
        if answer.status == 202 {
            let (repository, _) = request.url.split_once("/blobs/").expect("uploads are for blobs");
            headers.insert(header::LOCATION, value(&format!("{repository}/blobs/uploads/one")));
        }
        let status = StatusCode::from_u16(answer.status).expect("a status");
        let response =
            Response { status, headers, url: request.url, body: Body::full(Bytes::from(answer.body)) };
        future::ready(Ok(response)).boxed_local()
    }

    fn probe(&self, _: String) -> LocalBoxFuture<'_, bool> {
        future::ready(true).boxed_local()
    }

    fn sleep(&self, _: Duration) -> LocalBoxFuture<'_, ()> {
        future::pending().boxed_local()
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn join(&self, _: &str, location: &str) -> Result<String, TransportError> {
        Ok(location.to_owned())
    }

    fn obeys_cors(&self) -> bool {
        false
    }
}
