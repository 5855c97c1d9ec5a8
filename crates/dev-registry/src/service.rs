//! One request from its arrival to its answer: the log, the faults, authentication, the Distribution API.

use std::{
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;

use crate::{
    auth::Tokens,
    blobs,
    connection::{ResetSwitch, Unanswered},
    cors,
    digest::Digest,
    endpoint::Endpoint,
    error::{Answer, ApiError, json_response, page_not_found, plain},
    fault::{
        FaultKind, Faults, RequestView,
        effects::{self, EffectContext},
    },
    headers::value,
    hostile::HostileRequest,
    listings,
    log::{Log, Pending, RequestRecord},
    manifests,
    options::{Cors, Options},
    query::Query,
    quirks::{BUSY, Mounts, NewRepositories, QuirkContext},
    store::Store,
    sync::lock,
    uploads::UploadRequest,
};

/// Everything that the requests of one registry share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Mutex<Store>,
    pub(crate) options: Options,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
    pub(crate) tokens: Tokens,
    /// The number of requests that are being answered.
    pub(crate) under_way: AtomicUsize,
    /// The address of the second origin.
    pub(crate) storage: SocketAddr,
}

/// The origin, of two, on which a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Registry,
    Storage,
}

/// A request with what is known of it.
struct RequestContext<'a> {
    shared: &'a Shared,
    origin: Origin,
    parts: &'a Parts,
    endpoint: Option<&'a Endpoint>,
    query: &'a Query,
    /// The registry's own URL, as the client sees it.
    base: &'a str,
    faults: &'a [FaultKind],
}

/// Answers one request of the Distribution API, the token service or the storage.
pub(crate) async fn answer(shared: &Shared, origin: Origin, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let endpoint = match shared.options.quirks.upload_at(parts.uri.path()) {
        Some(id) => {
            let upload = lock(&shared.store).uploads.get(id).map(|upload| upload.name.clone());
            upload.map(|name| Endpoint::Upload { name, id: id.to_owned() })
        }
        None => Endpoint::parse(parts.uri.path()),
    };
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let query = shared.options.quirks.query(endpoint.as_ref(), query);
    let pending = shared.log.begin(record(&parts, origin));
    let body = counted(body, &pending);
    let faults = shared.faults.meet(&RequestView {
        method: &parts.method,
        path: parts.uri.path(),
        endpoint: endpoint.as_ref(),
        query: &query,
        storage: origin == Origin::Storage,
    });
    let reset = parts.extensions.get::<ResetSwitch>().cloned().unwrap_or_default();
    let base = base(&parts);
    let refused = match before(&faults, &reset).await {
        Some(response) => Some(response),
        None => refused_as_busy(shared, origin).await,
    };
    let mut response = match refused {
        Some(response) => response,
        None => {
            let body = effects::break_upload(&faults, body);
            let request = RequestContext {
                shared,
                origin,
                parts: &parts,
                endpoint: endpoint.as_ref(),
                query: &query,
                base: &base,
                faults: &faults,
            };
            serve_hostile(&request, body).await
        }
    };
    let context = EffectContext { reset, base, storage: format!("http://{}", shared.storage) };
    response = effects::after(&faults, &context, response).await;
    if response.extensions().get::<Unanswered>().is_some() {
        return response;
    }
    let cross_origin = match origin {
        _ if faults.contains(&FaultKind::NoCors) => Cors::Off,
        Origin::Registry => shared.options.cors.clone(),
        Origin::Storage if query.get("cors") == Some("false") => Cors::Off,
        Origin::Storage => Cors::default(),
    };
    cors::decorate(response.headers_mut(), &cross_origin);
    if endpoint.is_some() || parts.uri.path().starts_with("/v2/") {
        let version = HeaderValue::from_static("registry/2.0");
        response.headers_mut().insert(HeaderName::from_static("docker-distribution-api-version"), version);
    }
    pending.answered(response.status().as_u16());
    if parts.method == Method::HEAD { headless(response) } else { response }
}

fn record(parts: &Parts, origin: Origin) -> RequestRecord {
    let text = |name: HeaderName| {
        let values: Vec<&str> =
            parts.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    RequestRecord {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        accept: text(header::ACCEPT),
        content_type: text(header::CONTENT_TYPE),
        authorization: text(header::AUTHORIZATION)
            .map(|value| value.split(' ').next().unwrap_or_default().to_owned()),
        origin: text(header::ORIGIN),
        user_agent: text(header::USER_AGENT),
        body_bytes: 0,
        status: 0,
        storage: origin == Origin::Storage,
    }
}

/// Counts the body for the log as it is read.
fn counted(body: Body, pending: &Pending) -> Body {
    if body.is_end_stream() {
        return body;
    }
    let counter = pending.counter();
    Body::from_stream(body.into_data_stream().map(move |chunk| {
        let bytes = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        counter.fetch_add(bytes, Ordering::Relaxed);
        chunk
    }))
}

/// `http://host` as the client sees it, also behind a front that speaks TLS.
fn base(parts: &Parts) -> String {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").unwrap_or("http");
    let host = text("x-forwarded-host").or_else(|| text("host")).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

/// Refuses a request beyond the number that a registry takes at once.
async fn refused_as_busy(shared: &Shared, origin: Origin) -> Option<Response> {
    let most = shared.options.quirks.at_once.filter(|_| origin == Origin::Registry)?;
    let others = shared.under_way.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(BUSY).await;
    shared.under_way.fetch_sub(1, Ordering::SeqCst);
    (others >= most).then(|| ApiError::too_many_requests().into_response())
}

/// The faults that strike before anything is done.
async fn before(faults: &[FaultKind], reset: &ResetSwitch) -> Option<Response> {
    let mut refused = None;
    for fault in faults {
        let (error, retry_after) = match fault {
            FaultKind::Latency { ms } => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                continue;
            }
            FaultKind::Reset => {
                refused.get_or_insert_with(|| effects::unanswered(reset));
                continue;
            }
            FaultKind::TooManyRequests { retry_after } => (ApiError::too_many_requests(), retry_after),
            FaultKind::ServerError { status, retry_after } => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                (ApiError::server(status), retry_after)
            }
            _ => continue,
        };
        let mut response = error.into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, value(&seconds.to_string()));
        }
        refused.get_or_insert(response);
    }
    refused
}

/// Answers a request, in the way of the hostile mode where there is one.
async fn serve_hostile(request: &RequestContext<'_>, body: Body) -> Response {
    let RequestContext { shared, origin, parts, endpoint, query, base, .. } = *request;
    let honest = serve(request, body);
    let Some(mode) = shared.options.hostile.filter(|_| origin == Origin::Registry) else {
        return honest.await;
    };
    // Another site by its name, too: one host with two ports is one site to those who send credentials.
    let elsewhere = format!("http://localhost:{}", shared.storage.port());
    let request = HostileRequest {
        method: &parts.method,
        endpoint,
        query,
        path: parts.uri.path(),
        base,
        elsewhere: &elsewhere,
        has_credentials: parts.headers.contains_key(header::AUTHORIZATION),
    };
    match mode.answer(&request).await {
        Some(response) => response,
        None => mode.finish(&request, honest.await),
    }
}

/// Answers a request as the registry or the storage does.
async fn serve(request: &RequestContext<'_>, body: Body) -> Response {
    let RequestContext { shared, origin, parts, endpoint, query, base, faults } = *request;
    if origin == Origin::Storage && parts.uri.path().starts_with("/storage/") {
        return storage(shared, parts);
    }
    let Some(endpoint) = endpoint else { return elsewhere(parts.uri.path()) };
    let options = &shared.options;
    let preflight = parts.method == Method::OPTIONS;
    let quirks = &options.quirks;
    let request = QuirkContext {
        store: &shared.store,
        method: &parts.method,
        endpoint,
        query,
        headers: &parts.headers,
        base,
    };
    if let Some(response) = quirks.hide(&request) {
        return response;
    }
    if origin == Origin::Registry
        && !(preflight && options.open_preflight)
        && let Err(refusal) =
            options.auth.check(&shared.tokens, base, endpoint, &parts.method, query, &parts.headers)
    {
        return *refusal;
    }
    if !preflight && let Some(response) = quirks.refuse(&request) {
        return quirks.finish(&request, response).await;
    }
    let redirected = effects::redirected(faults, endpoint);
    let redirected = redirected.or_else(|| match endpoint {
        Endpoint::Blob { name, digest } if quirks.redirects_blobs && parts.method == Method::GET => {
            let digest_is_there =
                digest.parse().is_ok_and(|digest| lock(&shared.store).blob(name, &digest).is_some());
            digest_is_there.then_some(digest.as_str())
        }
        _ => None,
    });
    if let Some(digest) = redirected {
        let cors = quirks.redirects_blobs || faults.contains(&FaultKind::RedirectBlobs { cors: true });
        let location =
            format!("http://{}/storage/{digest}?cors={cors}&signature=by-the-registry", shared.storage);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(header::LOCATION, value(&location));
        return response;
    }
    let can_mount = quirks.mounts == Mounts::Work && !faults.contains(&FaultKind::NoMount);
    let upload = endpoint.repository().map(|name| UploadRequest {
        store: &shared.store,
        options,
        base,
        name,
        query,
        headers: &parts.headers,
        can_mount,
    });
    let answer = match (endpoint, upload) {
        (Endpoint::Uploads { .. }, Some(upload)) if parts.method == Method::POST => upload.begin(body).await,
        (Endpoint::Upload { id, .. }, Some(upload)) if !preflight => {
            upload.resume(&parts.method, id, body).await
        }
        (Endpoint::Manifest { name, reference }, _) if parts.method == Method::PUT => {
            match body.collect().await {
                Ok(body) => manifests::put(
                    &mut lock(&shared.store),
                    options,
                    base,
                    name,
                    reference,
                    &parts.headers,
                    body.to_bytes(),
                ),
                Err(_) => Err(ApiError::manifest_invalid()),
            }
        }
        _ => dispatch(shared, endpoint, &parts.method, query, &parts.headers),
    };
    quirks.finish(&request, answer.unwrap_or_else(ApiError::into_response)).await
}

/// Answers requests that need no body.
fn dispatch(
    shared: &Shared,
    endpoint: &Endpoint,
    method: &Method,
    query: &Query,
    headers: &HeaderMap,
) -> Answer {
    let Shared { store, options, .. } = shared;
    if endpoint.repository().is_some_and(|name| name.len() > 255) {
        return Err(ApiError::name_invalid(endpoint.repository().unwrap_or_default()));
    }
    let read = *method == Method::GET || *method == Method::HEAD;
    let get = *method == Method::GET;
    let delete = *method == Method::DELETE;
    match endpoint {
        Endpoint::Base => {
            let mut response = Response::new(Body::from("{}"));
            let json = HeaderValue::from_static("application/json; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            Ok(response)
        }
        Endpoint::Catalog if get => listings::catalog(&lock(store), query),
        Endpoint::Tags { name } if get => listings::tags(&lock(store), options.dialect, name, query),
        Endpoint::Referrers { .. } if !options.referrers => Ok(page_not_found()),
        Endpoint::Referrers { name, digest } if get => listings::referrers(&lock(store), name, digest, query),
        Endpoint::Manifest { name, reference } if read => {
            let store = lock(store);
            let meant = options.quirks.reference(&store, name, reference);
            manifests::get(&store, options, name, meant.as_deref().unwrap_or(reference), headers)
        }
        Endpoint::Manifest { name, reference } if delete => {
            manifests::delete(&mut lock(store), options, name, reference)
        }
        Endpoint::Blob { name, digest } if read => blobs::get(&lock(store), name, digest, headers),
        Endpoint::Blob { name, digest } if delete => blobs::delete(&mut lock(store), name, digest),
        Endpoint::Uploads { .. } if read || *method == Method::PUT => Err(ApiError::upload_unknown()),
        _ => {
            let mut response = if *method == Method::OPTIONS {
                Response::new(Body::empty())
            } else {
                plain(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed\n")
            };
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(endpoint.allow()));
            Ok(response)
        }
    }
}

/// Outside the API.
fn elsewhere(path: &str) -> Response {
    match path {
        "/" => {
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        "/v2" => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/v2/"));
            response
        }
        _ => page_not_found(),
    }
}

/// The second origin: blobs by digest for those with a signed address. Like a cloud's storage it refuses requests that
/// carry credentials as well, so that a client which leaks them fails.
fn storage(shared: &Shared, parts: &Parts) -> Response {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return plain(StatusCode::BAD_REQUEST, "Only one way of authentication is allowed\n");
    }
    let digest = parts.uri.path().rsplit('/').next().and_then(|digest| digest.parse::<Digest>().ok());
    match digest.and_then(|digest| Some((lock(&shared.store).blob_anywhere(&digest)?, digest))) {
        Some((bytes, digest)) => blobs::serve(&bytes, &digest, &parts.headers),
        None => page_not_found(),
    }
}

/// The answer to HEAD: the size that GET would send, and no body.
fn headless(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(size) = body.size_hint().exact() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(size));
    }
    Response::from_parts(parts, Body::from_stream(stream::empty::<Result<bytes::Bytes, std::io::Error>>()))
}

/// The token service.
pub(crate) async fn token(shared: &Shared, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let pending = shared.log.begin(record(&parts, Origin::Registry));
    let body =
        counted(body, &pending).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let crate::auth::Auth::Token(service) = &shared.options.auth else {
        pending.answered(404);
        return page_not_found();
    };
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let hides = |name: &str| {
        shared.options.quirks.new_repositories == NewRepositories::Hidden
            && lock(&shared.store).repository(name).is_none()
    };
    let mut response = match parts.method {
        Method::GET => service.by_get(&shared.tokens, &parts.headers, &query, hides),
        Method::POST if service.takes_posts => {
            let form = Query::parse(std::str::from_utf8(&body).unwrap_or_default());
            service.by_post(&shared.tokens, &form, hides)
        }
        Method::OPTIONS => Response::new(Body::empty()),
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed\n"),
    };
    cors::decorate(response.headers_mut(), &shared.options.cors);
    pending.answered(response.status().as_u16());
    response
}

/// `/_requests`: the log as JSON; DELETE clears it.
pub(crate) fn requests(shared: &Shared, method: &Method) -> Response {
    if *method == Method::DELETE {
        shared.log.clear();
    }
    private(json_response(StatusCode::OK, &shared.log.records()))
}

/// `/_faults`: GET lists them, POST adds one or several, PUT sets these and no others, DELETE takes all away.
pub(crate) async fn faults(shared: &Shared, method: &Method, body: Body) -> Response {
    if *method == Method::POST || *method == Method::PUT {
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        match effects::read(&body) {
            Ok(faults) => {
                if *method == Method::PUT {
                    shared.faults.clear();
                }
                faults.into_iter().for_each(|fault| shared.faults.add(fault));
            }
            Err(error) => {
                let error = ApiError::new(StatusCode::BAD_REQUEST, "FAULT_INVALID", error.to_string());
                return private(error.into_response());
            }
        }
    } else if *method == Method::DELETE {
        shared.faults.clear();
    }
    private(json_response(StatusCode::OK, &shared.faults.list()))
}

/// The private paths are open to pages of any origin, whatever the registry itself is told to send.
fn private(mut response: Response) -> Response {
    cors::decorate(response.headers_mut(), &Cors::default());
    response
}
