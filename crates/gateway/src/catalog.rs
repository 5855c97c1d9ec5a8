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
/// one answer may, so that a slow registry keeps nobody waiting. Where the registry does not lead on from a
/// name, a page ends with one of the registry's, and its link is the registry's.
pub(crate) async fn page(request: &ProxyRequest<'_>) -> Result<Response<Body>, Refusal> {
    let upstream = request.upstream;
    let _permit = upstream.within_answer(upstream.catalogs.acquire()).await.map_err(|_| too_many())?;
    upstream.within_answer(open_names(request)).await?
}

async fn open_names(request: &ProxyRequest<'_>) -> Result<Response<Body>, Refusal> {
    let upstream = request.upstream;
    let wrong = || no_catalog(request);
    let mut left = CATALOG_MAX;
    let limit = request.query.get("n").and_then(|n| n.parse().ok()).filter(|n| *n > 0);
    let mut url = upstream.url(request.rest, request.query.encode().as_deref());
    let mut names: Vec<String> = Vec::new();
    let mut is_by_name = false;
    let mut next: Option<ApiQuery> = None;
    // The next page in the registry's own size, while it is asked for in ours.
    let mut own_size = None;
    let mut raises_size = true;
    for page in 0..PAGES_MAX {
        let Forwarded { url: at, response } =
            request.send_authorized(&Method::GET, &url, &HeaderMap::new(), Body::empty()).await?;
        if !response.status().is_success() {
            if page == 0 {
                return request.respond(&at, response);
            }
            // Distribution's limit may be lower.
            url =
                own_size.take().filter(|_| response.status() == StatusCode::BAD_REQUEST).ok_or_else(wrong)?;
            raises_size = false;
            continue;
        }
        let link = next_link(response.headers()).map_err(|_| wrong())?;
        let link = link.and_then(|target| at.join(&target).ok());
        let after = link.map(|link| ApiQuery::of_link(&Route::Catalog, &link));
        // A link that cannot be read is a fault only where it would be followed.
        let is_unreadable = matches!(after, Some(Err(_)));
        let after = after.map(Result::unwrap_or_default);
        let body = Limited::new(response.into_body(), left).collect().await.map_err(|_| wrong())?.to_bytes();
        left -= body.len();
        let catalog: Catalog = serde_json::from_slice(&body).map_err(|_| wrong())?;
        let mut open = catalog.repositories.unwrap_or_default();
        open.retain(|name| upstream.is_open(name));
        is_by_name |= after.as_ref().is_some_and(|after| after.begins_by_name(&Route::Catalog));
        let is_too_much = limit.is_some_and(|limit| names.len() + open.len() > limit);
        if is_too_much && !is_by_name && !names.is_empty() {
            // Nothing leads into the middle of this page, so it is the next one as a whole.
            break;
        }
        names.extend(open);
        next = after;
        let is_enough = names.len() >= limit.unwrap_or(1);
        let Some(query) = next.as_mut().filter(|_| !is_enough) else { break };
        if is_unreadable {
            return Err(wrong());
        }
        let mut after = upstream.url(request.rest, query.encode().as_deref());
        own_size = None;
        if raises_size && query.get("last").is_some() {
            query.set("n", PAGE);
            own_size = Some(after);
            after = upstream.url(request.rest, query.encode().as_deref());
        }
        if after == url {
            return Err(wrong());
        }
        url = after;
    }
    if next.is_some() && names.is_empty() {
        return Err(Refusal::bad_gateway(format!(
            "expected an open repository on {PAGES_MAX} pages of {}'s catalog, found none",
            upstream.name
        )));
    }
    respond(request, limit, OpenNames { names, is_by_name, next })
}

/// The open repositories of some pages of a registry.
struct OpenNames {
    names: Vec<String>,
    /// The registry leads on from a name, so a page may end anywhere.
    is_by_name: bool,
    /// The query of the registry's next page.
    next: Option<ApiQuery>,
}

/// Returns the page of at most `limit` repositories, where it may end at any of them, and a link to the next one.
fn respond(
    request: &ProxyRequest<'_>,
    limit: Option<usize>,
    OpenNames { mut names, is_by_name, mut next }: OpenNames,
) -> Result<Response<Body>, Refusal> {
    let is_cut = is_by_name && limit.is_some_and(|limit| names.len() > limit);
    if is_cut {
        names.truncate(limit.unwrap_or(usize::MAX));
    }
    let mut response =
        Response::builder().status(StatusCode::OK).header(header::CONTENT_TYPE, "application/json");
    if let Some(last) = names.last().filter(|_| is_by_name && (is_cut || next.is_some())) {
        // The registry's own link may name a repository that is not open.
        let query = next.insert(ApiQuery::default());
        query.set("last", last);
        if let Some(n) = request.query.get("n") {
            query.set("n", n);
        }
    }
    if let Some(query) = next {
        let query = query.encode_for_caller(&Route::Catalog).ok_or_else(|| no_catalog(request))?;
        response = response.header(header::LINK, format!("<../{}?{query}>; rel=\"next\"", request.rest));
    }
    let body = Body::from(json!({ "repositories": names }).to_string());
    response.body(body).map_err(|_| no_catalog(request))
}

fn no_catalog(request: &ProxyRequest<'_>) -> Refusal {
    Refusal::bad_gateway(format!("expected a catalog of {}, found something else", request.upstream.name))
}
