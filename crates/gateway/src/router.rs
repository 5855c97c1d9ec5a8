//! A request's way: by which name, from which page, by whom, to which registry.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use arc_swap::ArcSwap;
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::{Next, from_fn_with_state},
    response::IntoResponse as _,
    routing::{any, get, post},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use tower::ServiceExt as _;
use tracing::{info, warn};

use crate::{
    accept::too_many,
    api_query::ApiQuery,
    app, catalog,
    config::ConfigFile,
    connections::Connections,
    guard::Page,
    metrics::Metrics,
    proxy::{ProxyRequest, is_redirect},
    refusal::{BY_GATEWAY, Reason, Refusal},
    request_log::{LogContext, count_sent},
    rewrite::{self, FORWARDED},
    route::Route,
    sign_in::Identity,
    snapshot::Snapshot,
    token_proxy,
};

/// Headers that pages of allowed origins may read: those that registries send, and those that the gateway adds.
static EXPOSED: LazyLock<HeaderValue> = LazyLock::new(|| {
    let added = [
        header::LINK,
        header::LOCATION,
        header::WWW_AUTHENTICATE,
        FROM_REGISTRY,
        TO_STORAGE,
        BY_GATEWAY,
        HeaderName::from_static("x-cache"),
    ];
    let names: Vec<&str> = FORWARDED.iter().copied().chain(added.iter().map(HeaderName::as_str)).collect();
    HeaderValue::from_str(&names.join(", ")).expect("names of headers are header values")
});
/// The caller's `Authorization` for a registry, where that header is for the gateway itself or for a proxy in front, as
/// the browser sends it by itself; `none` where it has nothing to say.
const TO_REGISTRY: HeaderName = HeaderName::from_static("tallyman-authorization");
/// The registry's challenge for callers that send [`TO_REGISTRY`]. Browsers would ask for a password themselves if they
/// saw it by its own name.
const FROM_REGISTRY: HeaderName = HeaderName::from_static("tallyman-authenticate");
/// The URL that the registry redirects to, for callers that send [`TO_REGISTRY`]. Browsers that followed a redirect would send that
/// header along: they leave out `Authorization` alone.
const TO_STORAGE: HeaderName = HeaderName::from_static("tallyman-location");

/// The state that all requests share.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) snapshot: ArcSwap<Snapshot>,
    pub(crate) source: Option<ConfigFile>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) ending: AtomicBool,
}

/// Returns `true` for the paths by which a gateway is asked whether it is well.
pub(crate) fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// The path before the name of a registry.
const REGISTRIES: &str = "/r/";
const SETTINGS: &str = "/config.json";
const SIGN_OUT: &str = "/sign-out";

/// Returns `true` for the paths that pages of allowed origins may use.
fn is_for_other_origins(path: &str) -> bool {
    path.starts_with(REGISTRIES) || matches!(path, SETTINGS | SIGN_OUT)
}

/// The routes of everything but registries, which [`answer`] sees to.
pub(crate) fn router(gateway: &Arc<Gateway>) -> Router {
    let files = Router::new()
        .route(SETTINGS, get(app_settings))
        .route("/v2", any(no_registry))
        .route("/v2/{*rest}", any(no_registry))
        .route("/v2/", any(no_registry))
        .fallback(app_file);
    let guarded = Router::new()
        .route("/metrics", get(metrics_for_callers))
        .fallback_service(files.with_state(Arc::clone(gateway)))
        .layer(from_fn_with_state(Arc::clone(gateway), sign_in));
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route(SIGN_OUT, post(sign_out))
        .fallback_service(guarded.with_state(Arc::clone(gateway)))
        .layer(from_fn_with_state(Arc::clone(gateway), check_name))
        .with_state(Arc::clone(gateway))
}

/// Answers a caller. Requests for registries, which are most, go straight to their end: the routes would cost as much as all the
/// rest of the gateway's own work.
pub(crate) async fn answer(
    gateway: &Arc<Gateway>,
    routes: &Router,
    peer: SocketAddr,
    request: Request,
) -> Response<Body> {
    let path = request.uri().path();
    let is_preflight = *request.method() == Method::OPTIONS && is_for_other_origins(path);
    if !is_preflight && path.strip_prefix(REGISTRIES).is_none_or(str::is_empty) {
        return by_routes(routes, peer, request).await;
    }
    let snapshot = &gateway.snapshot.load_full();
    let caller = snapshot.guard.caller(peer, request.headers());
    if is_preflight {
        // It has no credentials, and says nothing but which origins are allowed.
        let answered = async |request| for_page(snapshot, request, async |_| Ok(preflight())).await;
        return with_name(snapshot, caller, request, answered).await;
    }
    let to_registry = async |request| {
        let signed_in =
            async |identity, request| registry(gateway, snapshot, caller, identity, request).await;
        with_identity(snapshot, peer, request, signed_in).await
    };
    with_name(snapshot, caller, request, to_registry).await
}

/// Answers a caller by routes alone.
pub(crate) async fn by_routes(routes: &Router, peer: SocketAddr, mut request: Request) -> Response<Body> {
    request.extensions_mut().insert(ConnectInfo(peer));
    routes.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Returns the routes for those who run the gateway, and nobody else.
pub(crate) fn operations(gateway: &Arc<Gateway>) -> Router {
    Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .layer(from_fn_with_state(Arc::clone(gateway), check_name))
        .with_state(Arc::clone(gateway))
}

async fn check_name(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let snapshot = gateway.snapshot.load_full();
    let caller = snapshot.guard.caller(peer, request.headers());
    with_name(&snapshot, caller, request, async |request| next.run(request).await).await
}

/// The name by which the gateway is called, first; what browsers may do with the answer, last.
async fn with_name(
    snapshot: &Snapshot,
    caller: IpAddr,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response<Body>,
) -> Response<Body> {
    // Shared with the request, where a text of its own would be made for each.
    let (method, uri) = (request.method().clone(), request.uri().clone());
    // Checks of load balancers name nobody, and get one word.
    let is_nameless = request.uri().host().is_none() && !request.headers().contains_key(header::HOST);
    let named = if is_nameless && is_health(uri.path()) {
        Ok(())
    } else {
        snapshot.guard.check_host(request.uri(), request.headers())
    };
    let mut response = match named {
        Ok(()) => next(request).await,
        Err(refusal) => refusal.into_response(),
    };
    if let Some(Reason(reason)) = response.extensions_mut().remove() {
        let status = response.status().as_u16();
        warn!(%caller, %method, path = uri.path(), status, reason, "refused");
    }
    app::harden(response.headers_mut(), snapshot.config.tls.is_some());
    response
}

async fn sign_in(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let snapshot = gateway.snapshot.load_full();
    with_identity(&snapshot, peer, request, async |_, request| next.run(request).await).await
}

/// Asks callers who they are where the gateway has people sign in, and keeps their session going.
async fn with_identity(
    snapshot: &Snapshot,
    peer: SocketAddr,
    request: Request,
    next: impl AsyncFnOnce(Identity, Request) -> Response<Body>,
) -> Response<Body> {
    let identity = match &snapshot.sign_in {
        None => Ok(Identity::default()),
        Some(sign_in) => {
            let secure = snapshot.is_secure(peer, request.headers());
            sign_in.check(&snapshot.guard, peer, request.headers(), secure).await
        }
    };
    let mut identity = match identity {
        Ok(identity) => identity,
        Err(refusal) => {
            let page = snapshot.guard.check_page(request.uri(), request.method(), request.headers());
            let mut response = refusal.into_response();
            if let Ok(page) = page {
                allow_origin(&page, response.headers_mut());
            }
            return response;
        }
    };
    let cookie = identity.cookie.take();
    let mut response = next(identity, request).await;
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Ends the session of whoever asks, signed in or not.
async fn sign_out(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response<Body> {
    let snapshot = &gateway.snapshot.load_full();
    let end_session = async |request: Request| {
        let secure = snapshot.is_secure(peer, request.headers());
        let sign_in = snapshot.sign_in.as_ref();
        let cookie = sign_in.and_then(|sign_in| sign_in.sign_out(request.headers(), secure));
        let cookie = cookie.ok_or_else(|| Refusal::not_found("this gateway has no sessions of its own"))?;
        let headers = [
            (header::SET_COOKIE, cookie),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // Answers that the browser has kept to ask whether they are current. What is in the app's own stores is the app's to
            // remove: there are local lists among it.
            (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\"")),
        ];
        Ok((StatusCode::NO_CONTENT, headers).into_response())
    };
    for_page(snapshot, request, end_session).await
}

async fn ready(State(gateway): State<Arc<Gateway>>) -> (StatusCode, &'static str) {
    if gateway.ending.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "ending\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

/// The metrics, where they have no listener of their own.
async fn metrics_for_callers(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
) -> Result<Response<Body>, Refusal> {
    if gateway.snapshot.load().config.metrics_listen.is_some() {
        return Err(Refusal::not_found("the metrics are at metrics_listen"));
    }
    metrics(State(gateway), request).await
}

async fn metrics(State(gateway): State<Arc<Gateway>>, request: Request) -> Result<Response<Body>, Refusal> {
    gateway.snapshot.load().guard.check_page(request.uri(), request.method(), request.headers())?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], gateway.metrics.text()).into_response())
}

async fn app_settings(State(gateway): State<Arc<Gateway>>, request: Request) -> Response<Body> {
    let snapshot = &gateway.snapshot.load_full();
    let settings = async |_| Ok(app::settings(&snapshot.config, snapshot.registries.iter().map(Arc::as_ref)));
    for_page(snapshot, request, settings).await
}

async fn app_file(State(gateway): State<Arc<Gateway>>, request: Request) -> Result<Response<Body>, Refusal> {
    let snapshot = gateway.snapshot.load_full();
    let storages = snapshot.registries.iter().flat_map(|registry| registry.browser_storages());
    let sources: Vec<&str> = snapshot.config.connect.iter().chain(storages).map(String::as_str).collect();
    app::file(&sources, request.method(), request.uri().path(), request.headers()).await
}

/// Answers programs that take the gateway for a registry, as Docker does with any host name.
async fn no_registry(State(gateway): State<Arc<Gateway>>, request: Request) -> Refusal {
    let snapshot = gateway.snapshot.load();
    let (path, base) = (request.uri().path(), &snapshot.config.base_path);
    Refusal::not_found(format!(
        "expected a path below {base}{REGISTRIES}NAME/v2/, where this gateway has its registries, found {path}; Docker needs a \
         proxy that maps /v2/ of a host name to one of them"
    ))
}

/// Answers requests of the gateway's own pages and of allowed origins, whose pages may read the answer and its refusals.
async fn for_page(
    snapshot: &Snapshot,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Result<Response<Body>, Refusal>,
) -> Response<Body> {
    match snapshot.guard.check_page(request.uri(), request.method(), request.headers()) {
        Ok(page) => {
            let mut response = next(request).await.unwrap_or_else(Refusal::into_response);
            allow_origin(&page, response.headers_mut());
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Lets a page of an allowed origin read the answer. No other page is ever told that it may.
fn allow_origin(page: &Page, headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Page::Allowed(origin) = page
        && let Ok(origin) = HeaderValue::from_str(origin)
    {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED.clone());
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    }
}

fn preflight() -> Response<Body> {
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Accept, Authorization, Content-Range, Content-Type, If-None-Match, Range, Tallyman-Authorization",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "7200"),
    ];
    (StatusCode::NO_CONTENT, allowed).into_response()
}

/// A request for a registry, counted and logged.
async fn registry(
    gateway: &Gateway,
    snapshot: &Snapshot,
    caller: IpAddr,
    identity: Identity,
    request: Request,
) -> Response<Body> {
    let began = Instant::now();
    let method = request.method().clone();
    let has_own_header = request.headers().contains_key(TO_REGISTRY);
    let mut context = LogContext::default();
    let permit = gateway.connections.begin_request(caller);
    let url = if has_own_header { None } else { snapshot.absolute_url(&request) };
    let answered = async |request| {
        let answered = match &permit {
            Some(_) => proxy_request(snapshot, caller, &identity, request, &mut context).await,
            None => Err(too_many()),
        };
        if has_own_header { answered.map(without_redirect) } else { answered }
    };
    let mut response = for_page(snapshot, request, answered).await;
    if let Some(url) = url {
        rewrite::make_absolute(response.headers_mut(), &url);
    }
    let reason = response.extensions_mut().remove().map(|Reason(reason)| reason);
    let headers = response.headers_mut();
    if has_own_header {
        rename_challenges(headers);
    }
    headers.append(header::VARY, HeaderValue::from_static("Accept, Authorization, Tallyman-Authorization"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    let refused = headers.contains_key(BY_GATEWAY);
    let status = response.status();
    let took = began.elapsed();
    let of_registry = context.count(&gateway.metrics, &method, &response, took);
    info!(
        %caller,
        user = identity.name.as_deref().unwrap_or_default(),
        %method,
        registry = context.registry(),
        kind = context.kind,
        repository = context.repository,
        status = status.as_u16(),
        refused,
        reason = reason.unwrap_or_default(),
        milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        "request"
    );
    count_sent(&gateway.metrics, of_registry.sent, permit, response)
}

async fn proxy_request<'a>(
    snapshot: &'a Snapshot,
    caller: IpAddr,
    identity: &Identity,
    request: Request,
    context: &mut LogContext<'a>,
) -> Result<Response<Body>, Refusal> {
    let uri = request.uri().clone();
    let path = uri.path().strip_prefix(REGISTRIES).unwrap_or_default();
    let (name, rest) = path.split_once('/').ok_or_else(|| unknown(request.uri()))?;
    let upstream =
        snapshot.registry(name).ok_or_else(|| Refusal::not_found(format!("unknown registry {name:?}")))?;
    context.upstream = Some(upstream);
    let rest = decode_colons(rest);
    let route = Route::parse(&rest).ok_or_else(|| unknown(request.uri()))?;
    context.kind = route.kind();
    context.repository = route.repository().unwrap_or_default().to_owned();
    if let Some(limit) = &upstream.limit {
        limit.check(caller)?;
    }
    let mut query = ApiQuery::parse(&route, request.uri().query().unwrap_or_default())?;
    if upstream.is_partial() {
        // Names the registry that a mirror is to ask: another one than that whose repositories are known here.
        query.remove("ns");
        if query.get("from").is_none() {
            // Some registries look for the blob in all repositories where a mount names none.
            query.remove("mount");
        }
    }
    upstream.permit(&route, request.method(), query.get("from"))?;
    let authorization = match request.headers().get(TO_REGISTRY) {
        Some(said) => Some(said).filter(|said| *said != "none").cloned(),
        None => {
            request.headers().get(header::AUTHORIZATION).filter(|_| !identity.used_authorization).cloned()
        }
    };
    if route == Route::Token {
        return token_proxy::forward(upstream, authorization, &query, request).await;
    }
    let (parts, body) = request.into_parts();
    let proxied = ProxyRequest {
        upstream,
        route: &route,
        rest: &rest,
        query: &query,
        authorization,
        cache: snapshot.cache.as_ref(),
    };
    if route == Route::Catalog && upstream.is_partial() {
        return catalog::page(&proxied).await;
    }
    proxied.forward(&parts, body).await
}

/// Writes the colons of digests as such.
fn decode_colons(path: &str) -> Cow<'_, str> {
    if path.contains('%') { path.replace("%3A", ":").replace("%3a", ":").into() } else { path.into() }
}

/// Makes an answer of a redirect that the caller is to follow by itself.
fn without_redirect(mut response: Response<Body>) -> Response<Body> {
    if is_redirect(response.status())
        && let Some(location) = response.headers_mut().remove(header::LOCATION)
    {
        let no_store = HeaderValue::from_static("no-store");
        let headers = [(TO_STORAGE, location), (header::CACHE_CONTROL, no_store)];
        return (StatusCode::NO_CONTENT, headers).into_response();
    }
    response
}

/// Gives the registry's challenges another name.
fn rename_challenges(headers: &mut HeaderMap) {
    let challenges: Vec<HeaderValue> =
        headers.get_all(header::WWW_AUTHENTICATE).into_iter().cloned().collect();
    headers.remove(header::WWW_AUTHENTICATE);
    for challenge in challenges {
        headers.append(FROM_REGISTRY, challenge);
    }
}

fn unknown(uri: &Uri) -> Refusal {
    Refusal::not_found(format!("expected a path of the distribution API, found {}", uri.path()))
}
