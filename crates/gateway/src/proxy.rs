//! Passing a request on to a registry, and its answer back, without keeping more of either than a piece at a time. A manifest that
//! is put as the gateway's own user is kept while there is room for it: it may have to be sent again.

use std::{borrow::Cow, sync::Arc};

use axum::body::{Body, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use tallyman_auth::location_of;
use tallyman_core::{Digest, MANIFEST_SIZE_MAX};
use tokio::sync::SemaphorePermit;
use url::Url;

use crate::{
    api_query::ApiQuery,
    cache::Cache,
    credentials::Credentials,
    refusal::Refusal,
    rewrite,
    route::Route,
    upstream::{Upstream, too_large},
};

const REDIRECTS_MAX: usize = 5;
/// Tells whether an answer that the cache may have came from there: `hit` or `miss`.
pub(crate) const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// Returns `true` for headers of the caller that are passed on to registries.
fn is_forwarded(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "accept"
            | "content-length"
            | "content-range"
            | "if-match"
            | "if-modified-since"
            | "if-none-match"
            | "range"
    )
}

/// A body that can be sent again.
struct Kept<'a> {
    bytes: Bytes,
    /// The room that it takes.
    _permit: Option<SemaphorePermit<'a>>,
}

/// A registry's response, and the URL that gave it after redirects.
pub(crate) struct Forwarded {
    pub(crate) url: Url,
    pub(crate) response: Response<Body>,
}

/// A request for a registry, permitted already.
pub(crate) struct ProxyRequest<'a> {
    pub(crate) upstream: &'a Upstream,
    pub(crate) route: &'a Route,
    /// The path behind `/r/NAME/`.
    pub(crate) rest: &'a str,
    /// The fields of its query.
    pub(crate) query: &'a ApiQuery,
    /// The caller's own `Authorization`.
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) cache: Option<&'a Arc<Cache>>,
}

impl ProxyRequest<'_> {
    /// Sends the request and returns the response as the caller gets it.
    ///
    /// Steps that most requests do not take are in boxes of their own here and below: the room of a request is moved several times
    /// before it is first used.
    pub(crate) async fn forward(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Response<Body>, Refusal> {
        let headers = self.request_headers(method, headers)?;
        let url = self.upstream.url(self.rest, self.query.encode().as_deref());
        let cacheable = self.cacheable(method, &headers);
        if let Some((cache, digest)) = cacheable
            && let Some(response) = Box::pin(self.respond_from_cache(cache, digest, &url, &headers)).await?
        {
            return Ok(response);
        }
        let Forwarded { url: at, response: answer } =
            self.send_authorized(method, &url, &headers, body).await?;
        let status = answer.status();
        let (head, body) = answer.into_parts();
        let headers = self.response_headers(&at, status, head.headers)?;
        let length = content_length(&headers);
        let body = if matches!(self.route, Route::Manifest(..)) && *method == Method::GET {
            manifest_body(body, length)?
        } else {
            body
        };
        let encoded = headers.contains_key(header::CONTENT_ENCODING);
        let body = match (cacheable, length) {
            (Some((cache, digest)), Some(length)) if status == StatusCode::OK && !encoded => {
                Box::pin(cache.keep(digest, length, body)).await
            }
            _ => body,
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if cacheable.is_some() {
            response.headers_mut().insert(X_CACHE, HeaderValue::from_static("miss"));
        }
        Ok(response)
    }

    /// Returns the headers that the registry gets.
    fn request_headers(&self, method: &Method, of_caller: &HeaderMap) -> Result<HeaderMap, Refusal> {
        let mut headers = HeaderMap::new();
        for (name, value) in of_caller.iter().filter(|(name, _)| is_forwarded(name)) {
            headers.append(name, value.clone());
        }
        let content_type = self.route.content_type(method, of_caller)?;
        headers.extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
        Ok(headers)
    }

    /// Returns the cache and the digest of what is asked for, if the cache may have it: whole content, by its digest.
    fn cacheable(&self, method: &Method, headers: &HeaderMap) -> Option<(&Arc<Cache>, &Digest)> {
        const NOT_WHOLE: [HeaderName; 4] =
            [header::RANGE, header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE, header::IF_MATCH];
        let digest = match self.route {
            Route::Manifest(_, digest) => digest.as_ref(),
            Route::Blob(_, digest) => Some(digest),
            _ => None,
        };
        let is_whole = || *method == Method::GET && !NOT_WHOLE.iter().any(|name| headers.contains_key(name));
        self.cache.zip(digest).filter(|_| is_whole())
    }

    /// Returns content of the cache. It is kept for all, but given only to those whom the registry itself would give it. Returns `None`
    /// if the cache does not have it, or the registry answers anything else.
    async fn respond_from_cache(
        &self,
        cache: &Arc<Cache>,
        digest: &Digest,
        url: &Url,
        headers: &HeaderMap,
    ) -> Result<Option<Response<Body>>, Refusal> {
        let Some(found) = cache.get(digest).await else { return Ok(None) };
        let Forwarded { url: at, response: answer } =
            self.send_authorized(&Method::HEAD, url, headers, Body::empty()).await?;
        let Some(length) = content_length(answer.headers()).filter(|_| answer.status() == StatusCode::OK)
        else {
            return Ok(None);
        };
        if length != found.size {
            found.has_other_length();
            return Ok(None);
        }
        let mut response = Response::new(found.into_body());
        let (head, _) = answer.into_parts();
        *response.headers_mut() = self.response_headers(&at, head.status, head.headers)?;
        response.headers_mut().insert(X_CACHE, HeaderValue::from_static("hit"));
        Ok(Some(response))
    }

    /// Returns a response of the registry as the caller gets it.
    pub(crate) fn respond(&self, url: &Url, response: Response<Body>) -> Result<Response<Body>, Refusal> {
        let (head, body) = response.into_parts();
        let mut response = Response::new(body);
        *response.status_mut() = head.status;
        *response.headers_mut() = self.response_headers(url, head.status, head.headers)?;
        Ok(response)
    }

    fn response_headers(
        &self,
        url: &Url,
        status: StatusCode,
        headers: HeaderMap,
    ) -> Result<HeaderMap, Refusal> {
        let request = rewrite::Rewritten { route: self.route, rest: self.rest, query: self.query };
        rewrite::response_headers(self.upstream, &request, url, status, headers)
    }

    /// Asks with credentials, and follows redirects but for those that the browser is to follow. The URL is that of the
    /// answer.
    pub(crate) async fn send_authorized(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Forwarded, Refusal> {
        let (authorization, mut answer) = match &self.upstream.credentials {
            Some(own) => Box::pin(self.send_as_own_user(own, method, url, headers, body)).await?,
            None => {
                let authorization = self.authorization.clone();
                let answer = self.send_once(method, url, headers, authorization.as_ref(), Some(body)).await?;
                (authorization, answer)
            }
        };
        let mut at = url.clone();
        for _ in 0..REDIRECTS_MAX {
            if answer.status() == StatusCode::UNAUTHORIZED && !self.upstream.is_own(&at) {
                // Credentials for the registry would not help.
                *answer.status_mut() = StatusCode::FORBIDDEN;
            }
            if !is_redirect(answer.status()) {
                return Ok(Forwarded { url: at, response: answer });
            }
            if !matches!(*method, Method::GET | Method::HEAD) {
                return Err(Refusal::bad_gateway("expected an answer to an upload, found a redirect"));
            }
            let next = location_of(answer.headers()).and_then(|location| at.join(&location).ok());
            let next = next.ok_or_else(|| {
                let name = &self.upstream.name;
                Refusal::bad_gateway(format!(
                    "expected {name} to redirect to a URL, found none that can be parsed"
                ))
            })?;
            if !self.upstream.is_storage(&next) {
                return Err(self.upstream.unknown_storage(&next));
            }
            if !self.stays_open(&next) {
                return Err(Refusal::denied(format!(
                    "expected {} to stay with repositories that the gateway opens, found a redirect to {}",
                    self.upstream.name,
                    next.path()
                )));
            }
            if self.upstream.lets_browser_follow(&next) {
                return Ok(Forwarded { url: at, response: answer });
            }
            let authorization = authorization.as_ref().filter(|_| self.upstream.is_own(&next));
            answer = self.send_once(method, &next, headers, authorization, None).await?;
            at = next;
        }
        Err(Refusal::bad_gateway(format!("expected at most {REDIRECTS_MAX} redirects, found more")))
    }

    /// Asks as the gateway's own user, once more where its credentials of before did not do: the registry wants a token, one with
    /// other scopes or a newer one, or the password was changed.
    async fn send_as_own_user(
        &self,
        own: &Credentials,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Option<HeaderValue>, Response<Body>), Refusal> {
        let upstream = self.upstream;
        let (body, again) = self.repeatable(method, body).await?;
        let asked = self.route.scopes(method, self.query.get("from"));
        let scheme = match self.route.repository().filter(|_| again.is_none()) {
            // A refusal could not be followed by another try.
            Some(repository) => upstream.auth_scheme_of(repository).await?,
            None => upstream.auth_scheme().await?,
        };
        let sent = upstream.authorize(own, scheme, &asked).await?;
        let answer = self.send_once(method, url, headers, sent.as_ref(), Some(body)).await?;
        // Some registries answer 403 to a password that is no longer valid.
        let is_password = sent.as_ref().is_some_and(|sent| sent.as_bytes().starts_with(b"Basic "));
        let is_renewed = match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if is_password => {
                own.is_renewed(sent.as_ref()).await
            }
            _ => false,
        };
        if answer.status() != StatusCode::UNAUTHORIZED && !is_renewed {
            return Ok((sent, answer));
        }
        let Some(scopes) = upstream.scopes_after_refusal(own, (url, &answer), sent.as_ref(), &asked) else {
            return self.denied(answer).map(|answer| (sent, answer));
        };
        let status = answer.status().as_u16();
        let untaken = || {
            let name = &upstream.name;
            Refusal::bad_gateway(format!(
                "expected {name} to take the gateway's own user, it answered {status}"
            ))
        };
        let body = again.ok_or_else(untaken)?;
        let newer = upstream.authorize(own, upstream.auth_scheme().await?, &scopes).await?;
        if is_password && newer == sent {
            return Err(untaken());
        }
        let second =
            self.send_once(method, url, headers, newer.as_ref(), Some(Body::from(body.bytes))).await?;
        if second.status() != StatusCode::UNAUTHORIZED {
            return Ok((newer, second));
        }
        let may_ask = upstream.scopes_after_refusal(own, (url, &second), newer.as_ref(), &scopes).is_some();
        if may_ask && !upstream.lacks_right((url, &second), newer.as_ref()) {
            return Err(untaken());
        }
        self.denied(second).map(|second| (newer, second))
    }

    /// Returns the denial of what the gateway's own user may not do, in the registry's words if there are some. Callers that saw its
    /// 401 would ask for a password, which would not help.
    fn denied(&self, mut answer: Response<Body>) -> Result<Response<Body>, Refusal> {
        if http_body::Body::is_end_stream(answer.body()) {
            let name = &self.upstream.name;
            return Err(Refusal::denied(format!("the gateway's own user may not do this at {name}")));
        }
        *answer.status_mut() = StatusCode::FORBIDDEN;
        Ok(answer)
    }

    /// Returns a body to send, and its bytes where they can be sent again: of manifests that go as the gateway's own user, and of
    /// requests without a body.
    async fn repeatable(&self, method: &Method, body: Body) -> Result<(Body, Option<Kept<'_>>), Refusal> {
        if !takes_body(method) || http_body::Body::is_end_stream(&body) {
            return Ok((Body::empty(), Some(Kept { bytes: Bytes::new(), _permit: None })));
        }
        if self.upstream.credentials.is_none() || !matches!(self.route, Route::Manifest(..)) {
            return Ok((body, None));
        }
        let length = http_body::Body::size_hint(&body).upper().unwrap_or(MANIFEST_SIZE_MAX);
        if length > MANIFEST_SIZE_MAX {
            return Err(too_large());
        }
        let kib = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
        let Ok(permit) = self.upstream.kept_manifests.try_acquire_many(kib) else {
            // Passed on piece by piece, as blobs are.
            return Ok((body, None));
        };
        let collected = Limited::new(body, size(MANIFEST_SIZE_MAX)).collect().await;
        let bytes = collected.map_err(|error| self.upstream.failure(&*error))?.to_bytes();
        Ok((Body::from(bytes.clone()), Some(Kept { bytes, _permit: Some(permit) })))
    }

    /// Returns `true` if a redirect to `url` does not lead into a repository that is not open.
    fn stays_open(&self, url: &Url) -> bool {
        let path = url.path();
        match Route::parse(path.strip_prefix('/').unwrap_or(path)) {
            _ if !self.upstream.is_own(url) || !self.upstream.is_partial() => true,
            Some(route) => self.upstream.opens(&route),
            // Not of the API, and nothing that the registry may read as if it were.
            None => !path.contains('%') && !path.contains("//") && !path.starts_with("/v2"),
        }
    }

    async fn send_once(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        authorization: Option<&HeaderValue>,
        body: Option<Body>,
    ) -> Result<Response<Body>, Refusal> {
        let mut headers = Cow::Borrowed(headers);
        if let Some(authorization) = authorization {
            headers.to_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        let body = body.filter(|body| !http_body::Body::is_end_stream(body));
        let body = match body {
            Some(body) if takes_body(method) => body,
            _ => {
                if takes_body(method) {
                    headers.to_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
                } else if headers.contains_key(header::CONTENT_LENGTH) {
                    headers.to_mut().remove(header::CONTENT_LENGTH);
                }
                return self.upstream.send(method, url, &headers, Body::empty()).await;
            }
        };
        let max = match self.route {
            Route::Manifest(..) => MANIFEST_SIZE_MAX,
            _ => self.upstream.max_upload,
        };
        if content_length(&headers).is_some_and(|length| length > max) {
            return Err(too_large());
        }
        let body = Limited::new(body, size(max));
        self.upstream.send(method, url, &headers, Body::new(body)).await
    }
}

/// Returns the body of a manifest, which ends with an error where it is larger than manifests are.
fn manifest_body(body: Body, length: Option<u64>) -> Result<Body, Refusal> {
    if length.is_some_and(|length| length > MANIFEST_SIZE_MAX) {
        return Err(Refusal::bad_gateway(format!(
            "expected a manifest of at most {} MiB, the registry sends a larger one",
            MANIFEST_SIZE_MAX >> 20
        )));
    }
    Ok(Body::new(Limited::new(body, size(MANIFEST_SIZE_MAX))))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Returns `true` for methods whose requests have a body.
fn takes_body(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::DELETE)
}

/// Returns `true` for the statuses of redirects that browsers follow.
pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
