//! `_catalog` where not all repositories are open: a page names those that are, and nothing else.

use axum::body::Body;
use http::{HeaderMap, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde::Deserialize;
use serde_json::json;
use tallyman_auth::next_link;

use crate::{
    accept::too_many,
    api_query::ApiQuery,
    proxy::{Forwarded, ProxyRequest},
    refusal::Refusal,
    route::Route,
};

/// Bytes that all pages of the registry for one page of ours may have.
const CATALOG_MAX: usize = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Catalog {
    repositories: Option<Vec<String>>,
}
/// Pages of the registry that one page of ours is made of at most.
const PAGES_MAX: usize = 100;
/// Names on each page of the registry after the first.
const PAGE: &str = "1000";

/// Returns a page of the catalog without the repositories that are not open, and with a link to the next page that
/// names an open one. Reads on where a page of the registry has too few of them. However many it reads, they take no longer than
/// one answer may, so that a slow registry keeps nobody waiting.
pub(crate) async fn page(request: &ProxyRequest<'_>) -> Result<Response<Body>, Refusal> {
    let upstream = request.upstream;
    let _permit = upstream.within_answer(upstream.catalogs.acquire()).await.map_err(|_| too_many())?;
    upstream.within_answer(open_names(request)).await?
}

async fn open_names(request: &ProxyRequest<'_>) -> Result<Response<Body>, Refusal> {
    let upstream = request.upstream;
    let wrong =
        || Refusal::bad_gateway(format!("expected a catalog of {}, found something else", upstream.name));
    let mut left = CATALOG_MAX;
    let limit = request.query.get("n").and_then(|n| n.parse().ok()).filter(|n| *n > 0);
    let mut url = upstream.url(request.rest, request.query.encode().as_deref());
    let mut names: Vec<String> = Vec::new();
    let mut next = None;
    for page in 0..PAGES_MAX {
        let Forwarded { url: at, response } =
            request.send_authorized(&Method::GET, &url, &HeaderMap::new(), Body::empty()).await?;
        if !response.status().is_success() {
            return if page == 0 { request.respond(&at, response) } else { Err(wrong()) };
        }
        next = next_link(response.headers()).map_err(|_| wrong())?.and_then(|target| at.join(&target).ok());
        let body = Limited::new(response.into_body(), left).collect().await.map_err(|_| wrong())?.to_bytes();
        left -= body.len();
        let catalog: Catalog = serde_json::from_slice(&body).map_err(|_| wrong())?;
        names.extend(
            catalog.repositories.unwrap_or_default().into_iter().filter(|name| upstream.is_open(name)),
        );
        let is_enough = names.len() >= limit.unwrap_or(1);
        let Some(after) = next.as_ref().filter(|_| !is_enough) else { break };
        let query = ApiQuery::parse(&Route::Catalog, after.query().unwrap_or_default());
        let mut query = query.map_err(|_| wrong())?;
        if query.get("last").is_some() {
            query.set("n", PAGE);
        }
        let after = upstream.url(request.rest, query.encode().as_deref());
        if after == url {
            return Err(wrong());
        }
        url = after;
    }
    let is_cut = limit.is_some_and(|limit| names.len() > limit);
    names.truncate(limit.unwrap_or(usize::MAX));
    if next.is_some() && names.is_empty() {
        return Err(Refusal::bad_gateway(format!(
            "expected an open repository on {PAGES_MAX} pages of {}'s catalog, found none",
            upstream.name
        )));
    }
    let mut response =
        Response::builder().status(StatusCode::OK).header(header::CONTENT_TYPE, "application/json");
    if let Some(last) = names.last().filter(|_| is_cut || next.is_some()) {
        let mut query = ApiQuery::default();
        query.set("last", last);
        if let Some(n) = request.query.get("n") {
            query.set("n", n);
        }
        let query = query.encode().unwrap_or_default();
        response = response.header(header::LINK, format!("<../{}?{query}>; rel=\"next\"", request.rest));
    }
    let body = Body::from(json!({ "repositories": names }).to_string());
    response.body(body).map_err(|_| wrong())
}
