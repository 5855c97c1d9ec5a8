//! The samples: a registry that lives in the app itself, so that there is something to look at without any other.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use crate::browser::fetch;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use tallyman_core::json::{self, FieldError, Object};
use tallyman_registry::{Body, Request, Response, TransportError, TransportErrorKind};

/// The name of the registry: one that no real one can have.
pub const HOST: &str = "samples.example";

/// The samples that the start page offers; their descriptions stand in the texts, in this order.
pub const OFFERED: [&str; 4] = ["nginx:1.29", "golang:1.25", "team/app:2.0.0-rc.1", "charts/podinfo:6.9.1"];

/// The file of the samples, beside the app's other files.
const FILE: &str = "samples.json";

/// The digest of the content, in answers.
const DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// The content of the registry.
struct Samples {
    /// Digests by tag, by repository.
    tags: BTreeMap<String, BTreeMap<String, String>>,
    /// Manifests and blobs by digest.
    content: BTreeMap<String, Content>,
}

/// A manifest or a blob.
#[derive(Clone)]
pub(super) struct Content {
    /// Its media type.
    pub(super) media_type: String,
    /// Its bytes, which are text.
    pub(super) text: String,
}

thread_local! {
    static SAMPLES: RefCell<Option<Rc<Samples>>> = const { RefCell::new(None) };
}

/// Answers a request to the registry of the samples.
pub async fn answer(request: &Request, path: &str) -> Result<Response, TransportError> {
    let samples = samples().await?;
    let reads = request.method == Method::GET || request.method == Method::HEAD;
    let found =
        if reads { samples.find(path) } else { Err((405, "UNSUPPORTED", "the samples cannot be changed")) };
    Ok(response(request, found))
}

/// The answer of a registry in this tab: content with its digest, or why there is none.
pub(super) fn response(request: &Request, found: Result<(Content, Option<String>), SampleError>) -> Response {
    let (status, media_type, text, digest) = match found {
        Ok((Content { media_type, text }, digest)) => (200, media_type, text, digest),
        Err((status, code, message)) => {
            let text = format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#);
            (status, "application/json".to_owned(), text, None)
        }
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_LENGTH, text.len().into());
    let mut set = |name: HeaderName, value: Option<&str>| {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, Some(&media_type));
    set(DIGEST, digest.as_deref());
    let bytes = if request.method == Method::HEAD { Vec::new() } else { text.into_bytes() };
    let status = StatusCode::from_u16(status).unwrap_or_default();
    Response { status, headers, url: request.url.clone(), body: Body::full(bytes) }
}

/// A status, an error code, and what it says.
pub(super) type SampleError = (u16, &'static str, &'static str);

impl Samples {
    fn read(file: &[u8]) -> Result<Self, FieldError> {
        let file = Object::parse(file)?;
        let members = |name| json::members(file.get(name).unwrap_or(b"{}")).map_err(FieldError::from);
        let mut samples = Self { tags: BTreeMap::new(), content: BTreeMap::new() };
        for (repository, tags) in members("tags")? {
            samples.tags.insert(repository, Object::from_json(tags, "tags")?.strings()?);
        }
        for (digest, content) in members("content")? {
            let content = Object::from_json(content, "content")?;
            let media_type = content.string_or_empty("mediaType")?;
            samples.content.insert(digest, Content { media_type, text: content.string_or_empty("text")? });
        }
        Ok(samples)
    }

    /// Returns what stands at a path of the API, with its digest.
    fn find(&self, path: &str) -> Result<(Content, Option<String>), SampleError> {
        let json = |text: String| Ok((Content { media_type: "application/json".to_owned(), text }, None));
        let path = path.strip_prefix("/v2/").ok_or((404, "NOT_FOUND", "there is no such address"))?;
        if path.is_empty() {
            return json("{}".to_owned());
        }
        if path == "_catalog" {
            return json(format!(r#"{{"repositories":{}}}"#, list(self.tags.keys())));
        }
        let unknown = (404, "NAME_UNKNOWN", "the samples have no such repository");
        if let Some(repository) = path.strip_suffix("/tags/list") {
            let tags = self.tags.get(repository).ok_or(unknown)?;
            return json(format!(r#"{{"name":"{repository}","tags":{}}}"#, list(tags.keys())));
        }
        let (repository, name) = ["/manifests/", "/blobs/"]
            .into_iter()
            .find_map(|part| path.split_once(part))
            .ok_or((404, "NOT_FOUND", "the samples have no such content"))?;
        let tags = self.tags.get(repository).ok_or(unknown)?;
        let digest = tags.get(name).map_or(name, String::as_str);
        let content = self.content.get(digest).cloned();
        let content = content.ok_or((404, "MANIFEST_UNKNOWN", "the samples have no such content"))?;
        Ok((content, Some(digest.to_owned())))
    }
}

/// Names as a list in JSON. Names of repositories and tags have no letters that JSON escapes.
fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    format!("[{}]", names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(","))
}

async fn samples() -> Result<Rc<Samples>, TransportError> {
    if let Some(samples) = SAMPLES.with_borrow(Clone::clone) {
        return Ok(samples);
    }
    let failed = |message: String| TransportError { kind: TransportErrorKind::Other, message };
    let response = fetch::fetch("GET", FILE).await.map_err(failed)?;
    let text = fetch::text(&response).await.map_err(failed)?;
    let samples = Samples::read(text.as_bytes());
    let samples = samples.map_err(|error| failed(format!("expected samples in {FILE}: {error}")))?;
    let samples = Rc::new(samples);
    SAMPLES.set(Some(Rc::clone(&samples)));
    Ok(samples)
}
