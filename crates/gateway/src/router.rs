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
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header, request::Parts};
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
    proxy::{ProxyRequest, X_CACHE, is_redirect},
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
        X_CACHE,
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
    let (parts, body) = request.into_parts();
    let named = NamedRequest::new(snapshot, peer, &parts);
    let response = match named.check(&parts) {
        Err(refusal) => refusal.into_response(),
        // A preflight has no credentials, and its response says only which origins are allowed.
        Ok(()) if is_preflight => check_page(snapshot, &parts)
            .map_or_else(Refusal::into_response, |page| readable_by(&page, Ok(preflight()))),
        Ok(()) => match identify(snapshot, peer, &parts).await {
            Ok(identity) => {
                let response = registry(gateway, snapshot, named.caller, &identity, &parts, body).await;
                identity.remember_in(response)
            }
            Err(response) => response,
        },
    };
    named.finish(response)
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
    let (parts, body) = request.into_parts();
    let named = NamedRequest::new(&snapshot, peer, &parts);
    let response = match named.check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    };
    named.finish(response)
}

/// A request whose name for the gateway is checked first, and whose response gets last what browsers may do with it.
struct NamedRequest<'a> {
    snapshot: &'a Snapshot,
    caller: IpAddr,
    method: Method,
    uri: Uri,
}

impl<'a> NamedRequest<'a> {
    fn new(snapshot: &'a Snapshot, peer: SocketAddr, parts: &Parts) -> Self {
        // Shared with the request, where a text of its own would be made for each.
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        Self { snapshot, caller: snapshot.guard.caller(peer, &parts.headers), method, uri }
    }

    /// Checks the name by which the gateway is called.
    fn check(&self, parts: &Parts) -> Result<(), Refusal> {
        // Checks of load balancers name nobody, and get one word.
        let is_nameless = self.uri.host().is_none() && !parts.headers.contains_key(header::HOST);
        if is_nameless && is_health(self.uri.path()) {
            return Ok(());
        }
        self.snapshot.guard.check_host(&self.uri, &parts.headers)
    }

    /// Logs a refusal that nobody has logged, and says what browsers may do with the response.
    fn finish(&self, mut response: Response<Body>) -> Response<Body> {
        if let Some(Reason(reason)) = response.extensions_mut().remove() {
            let Self { caller, method, .. } = self;
            let status = response.status().as_u16();
            warn!(%caller, %method, path = self.uri.path(), status, reason, "refused");
        }
        app::harden(response.headers_mut(), self.snapshot.config.tls.is_some());
        response
    }
}

async fn sign_in(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let snapshot = gateway.snapshot.load_full();
    let (parts, body) = request.into_parts();
    match identify(&snapshot, peer, &parts).await {
        Ok(identity) => identity.remember_in(next.run(Request::from_parts(parts, body)).await),
        Err(response) => response,
    }
}

/// Asks callers who they are where the gateway has people sign in. Returns the response for those who do not say so.
async fn identify(snapshot: &Snapshot, peer: SocketAddr, parts: &Parts) -> Result<Identity, Response<Body>> {
    let Some(sign_in) = &snapshot.sign_in else { return Ok(Identity::default()) };
    let secure = snapshot.is_secure(peer, &parts.headers);
    let checked = Box::pin(sign_in.check(&snapshot.guard, peer, &parts.headers, secure)).await;
    checked.map_err(|refusal| match check_page(snapshot, parts) {
        Ok(page) => readable_by(&page, Err(refusal)),
        Err(_) => refusal.into_response(),
    })
}

/// Ends the session of whoever asks, signed in or not.
async fn sign_out(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    parts: Parts,
) -> Response<Body> {
    let snapshot = gateway.snapshot.load_full();
    let page = match check_page(&snapshot, &parts) {
        Ok(page) => page,
        Err(refusal) => return refusal.into_response(),
    };
    let secure = snapshot.is_secure(peer, &parts.headers);
    let cookie = snapshot.sign_in.as_ref().and_then(|sign_in| sign_in.sign_out(&parts.headers, secure));
    let signed_out = cookie.map(|cookie| {
        let headers = [
            (header::SET_COOKIE, cookie),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // Answers that the browser has kept to ask whether they are current. What is in the app's own stores is the app's to
            // remove: there are local lists among it.
            (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\"")),
        ];
        (StatusCode::NO_CONTENT, headers).into_response()
    });
    readable_by(
        &page,
        signed_out.ok_or_else(|| Refusal::not_found("this gateway has no sessions of its own")),
    )
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
    parts: Parts,
) -> Result<Response<Body>, Refusal> {
    if gateway.snapshot.load().config.metrics_listen.is_some() {
        return Err(Refusal::not_found("the metrics are at metrics_listen"));
    }
    metrics(State(gateway), parts).await
}

async fn metrics(State(gateway): State<Arc<Gateway>>, parts: Parts) -> Result<Response<Body>, Refusal> {
    check_page(&gateway.snapshot.load(), &parts)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], gateway.metrics.text()).into_response())
}

async fn app_settings(State(gateway): State<Arc<Gateway>>, parts: Parts) -> Response<Body> {
    let snapshot = gateway.snapshot.load_full();
    check_page(&snapshot, &parts).map_or_else(Refusal::into_response, |page| {
        let settings = app::settings(&snapshot.config, snapshot.registries.iter().map(Arc::as_ref));
        readable_by(&page, Ok(settings))
    })
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

/// Returns the page that asks, if it is one of the gateway's own or of an allowed origin.
fn check_page(snapshot: &Snapshot, parts: &Parts) -> Result<Page, Refusal> {
    snapshot.guard.check_page(&parts.uri, &parts.method, &parts.headers)
}

/// Returns an answer, or its refusal, as a page may read it.
fn readable_by(page: &Page, answered: Result<Response<Body>, Refusal>) -> Response<Body> {
    let mut response = answered.unwrap_or_else(Refusal::into_response);
    allow_origin(page, response.headers_mut());
    response
}

/// Lets a page of an allowed origin read the answer. No other page is ever told that it may.
fn allow_origin(page: &Page, headers: &mut HeaderMap) {
    headers.append(header::VARY, const { HeaderValue::from_static("Origin") });
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
    identity: &Identity,
    parts: &Parts,
    body: Body,
) -> Response<Body> {
    let began = Instant::now();
    let Parts { method, headers, .. } = parts;
    let has_own_header = headers.contains_key(TO_REGISTRY);
    let mut context = LogContext::default();
    let permit = gateway.connections.begin_request(caller);
    let mut response = match check_page(snapshot, parts) {
        Ok(page) => {
            let answered = match &permit {
                Some(_) => proxy_request(snapshot, caller, identity, (parts, body), &mut context).await,
                None => Err(too_many()),
            };
            let answered = if has_own_header { answered.map(without_redirect) } else { answered };
            readable_by(&page, answered)
        }
        Err(refusal) => refusal.into_response(),
    };
    if !has_own_header {
        rewrite::make_absolute(response.headers_mut(), || snapshot.absolute_url(parts));
    }
    let reason = response.extensions_mut().remove().map(|Reason(reason)| reason);
    let headers = response.headers_mut();
    if has_own_header {
        rename_challenges(headers);
    }
    headers.append(
        header::VARY,
        const { HeaderValue::from_static("Accept, Authorization, Tallyman-Authorization") },
    );
    headers.entry(header::CACHE_CONTROL).or_insert(const { HeaderValue::from_static("private, no-cache") });
    let refused = headers.contains_key(BY_GATEWAY);
    let status = response.status();
    let took = began.elapsed();
    let sent = context.count(&gateway.metrics, method, &response, took);
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
    count_sent(&gateway.metrics, sent, permit, response)
}

async fn proxy_request<'a>(
    snapshot: &'a Snapshot,
    caller: IpAddr,
    identity: &Identity,
    (parts, body): (&Parts, Body),
    context: &mut LogContext<'a>,
) -> Result<Response<Body>, Refusal> {
    let Parts { method, uri, headers, .. } = parts;
    let path = uri.path().strip_prefix(REGISTRIES).unwrap_or_default();
    let (name, rest) = path.split_once('/').ok_or_else(|| unknown(uri))?;
    let upstream =
        snapshot.registry(name).ok_or_else(|| Refusal::not_found(format!("unknown registry {name:?}")))?;
    context.upstream = Some(upstream);
    let rest = decode_colons(rest);
    let route = Route::parse(&rest).ok_or_else(|| unknown(uri))?;
    context.kind = route.kind();
    context.repository = route.repository().unwrap_or_default().to_owned();
    if let Some(limit) = &upstream.limit {
        limit.check(caller)?;
    }
    let mut query = ApiQuery::parse(&route, uri.query().unwrap_or_default())?;
    if upstream.is_partial() {
        // Names the registry that a mirror is to ask: another one than that whose repositories are known here.
        query.remove("ns");
        if query.get("from").is_none() {
            // Some registries look for the blob in all repositories where a mount names none.
            query.remove("mount");
        }
    }
    upstream.permit(&route, method, query.get("from"))?;
    let authorization = match headers.get(TO_REGISTRY) {
        Some(said) => Some(said).filter(|said| *said != "none").cloned(),
        None => headers.get(header::AUTHORIZATION).filter(|_| !identity.used_authorization).cloned(),
    };
    if route == Route::Token {
        return Box::pin(token_proxy::forward(upstream, authorization, &query, (parts, body))).await;
    }
    let proxied = ProxyRequest {
        upstream,
        route: &route,
        rest: &rest,
        query: &query,
        authorization,
        cache: snapshot.cache.as_ref(),
    };
    if route == Route::Catalog && upstream.is_partial() {
        return Box::pin(catalog::page(&proxied)).await;
    }
    proxied.forward(method, headers, body).await
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

#[cfg(test)]
mod tests {
    use std::{mem::size_of_val, sync::Arc};

    use arc_swap::ArcSwap;
    use axum::extract::Request;

    use super::{Gateway, answer, router};
    use crate::{Config, RegistryConfig, connections::Connections, metrics::Metrics, snapshot::Snapshot};

    /// Moving it to where it is polled costs every request each of its bytes.
    #[tokio::test]
    async fn the_room_of_a_request_is_small() {
        let registries = vec![RegistryConfig::from_flag("lab=https://r.example").unwrap()];
        let config = Config { registries, ..Config::default() };
        let connections = Connections::start(config.connection_limits());
        let gateway = Arc::new(Gateway {
            metrics: Arc::new(Metrics::new(&connections)),
            snapshot: ArcSwap::from_pointee(Snapshot::new(config, None).unwrap()),
            source: None,
            connections,
            ending: false.into(),
        });
        let routes = router(&gateway);
        let answered = answer(&gateway, &routes, ([127, 0, 0, 1], 1).into(), Request::default());
        assert!(size_of_val(&answered) <= 3500, "{} bytes", size_of_val(&answered));
    }
}
