//! Requests to a registry, before it is known by which scheme and with which credentials they go.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tallyman_auth::{HttpUrl, Scopes};
use tallyman_core::{Reference, Registry};

use crate::{Access, Request, RequestBody};

/// A request of the Distribution API.
#[derive(Clone)]
pub(crate) struct ApiRequest {
    pub(crate) registry: Registry,
    pub(crate) method: Method,
    pub(crate) endpoint: Endpoint,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
    /// The scopes that a token must have.
    pub(crate) scopes: Scopes,
    /// The image that it is about, for errors.
    pub(crate) reference: Option<Reference>,
    /// `true` for lists, of which a registry may show a part to those without credentials.
    pub(crate) may_be_shortened: bool,
    /// `true` for the mount of a blob, which may be made twice.
    pub(crate) is_mount: bool,
}

/// The place that a request goes to.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    /// A path of the registry, from `/v2/` on, with its query.
    Path(String),
    /// A URL that the registry gave. Credentials go there only if it is of the registry's own origin.
    Url(HttpUrl),
}

impl Endpoint {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Path(path) => path,
            Self::Url(url) => url.as_str(),
        }
    }
}

impl ApiRequest {
    /// A request about `reference`, for `path` below its repository.
    pub(crate) fn new(method: Method, reference: &Reference, path: &str, scopes: Scopes) -> Self {
        let endpoint = Endpoint::Path(format!("/v2/{}/{path}", reference.repository().as_str()));
        Self::at(method, reference, endpoint, scopes)
    }

    /// A request about `reference`, for a place that the registry may have named.
    pub(crate) fn at(method: Method, reference: &Reference, endpoint: Endpoint, scopes: Scopes) -> Self {
        let request = Self::of_registry(method, reference.registry(), endpoint, scopes);
        Self { reference: Some(reference.clone()), ..request }
    }

    /// A request that is about no image.
    pub(crate) fn of_registry(
        method: Method,
        registry: &Registry,
        endpoint: Endpoint,
        scopes: Scopes,
    ) -> Self {
        let (registry, headers) = (registry.clone(), HeaderMap::new());
        let body = RequestBody::from(Bytes::new());
        Self {
            registry,
            method,
            endpoint,
            headers,
            body,
            scopes,
            reference: None,
            may_be_shortened: false,
            is_mount: false,
        }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        if let Some(value) = value {
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn body(self, body: impl Into<RequestBody>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Returns `true` for requests that change nothing.
    pub(crate) fn is_safe(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// Returns `true` for requests that change nothing, or the same if they are made twice: the mount of a blob.
    pub(crate) fn can_be_doubled(&self) -> bool {
        self.is_safe() || self.is_mount
    }

    /// Returns the path of a request that reads a manifest or a blob, which a mirror may have as well.
    pub(crate) fn content_path(&self) -> Option<&str> {
        let (Endpoint::Path(path), Some(reference), true) = (&self.endpoint, &self.reference, self.is_safe())
        else {
            return None;
        };
        let rest = path.strip_prefix("/v2/")?.strip_prefix(reference.repository().as_str())?;
        (rest.starts_with("/manifests/") || rest.starts_with("/blobs/")).then_some(path)
    }

    /// The request for the transport.
    pub(crate) fn to_url(&self, url: String, access: Access, authorization: Option<&HeaderValue>) -> Request {
        let mut request = Request::new(self.method.clone(), url);
        request.headers = self.headers.clone();
        request.body = self.body.clone();
        request.unverified_tls = access != Access::Tls;
        request.certificates_of = Some(self.registry.api_host().to_owned());
        if let Some(authorization) = authorization {
            request.headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        request
    }
}
