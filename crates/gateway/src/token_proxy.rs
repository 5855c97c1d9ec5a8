//! `/r/NAME/token`: the token service of a registry, asked with the caller's own credentials.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use http_body_util::{BodyExt as _, Limited};

use crate::{
    api_query::ApiQuery,
    refusal::Refusal,
    route::Route,
    upstream::{AuthScheme, Upstream},
};

const REQUEST_MAX: usize = 64 * 1024;

/// Asks the service that the registry itself names. The caller chooses the fields of the API, not the URL.
pub(crate) async fn forward(
    upstream: &Upstream,
    authorization: Option<HeaderValue>,
    query: &ApiQuery,
    (parts, body): (&Parts, Body),
) -> Result<Response, Refusal> {
    if upstream.credentials.is_some() {
        return Err(Refusal::not_found(format!(
            "{} needs no token: the gateway signs in itself",
            upstream.name
        )));
    }
    let content_type = Route::Token.content_type(&parts.method, &parts.headers)?;
    check_scopes(upstream, query)?;
    let (mut headers, mut form) = (HeaderMap::new(), ApiQuery::default());
    if parts.method == Method::POST {
        let body = Limited::new(body, REQUEST_MAX).collect().await;
        let body = body.map_err(|error| upstream.failure(&*error))?.to_bytes();
        form = match std::str::from_utf8(&body) {
            Ok(text) if content_type.is_some() || text.is_empty() => ApiQuery::parse(&Route::Token, text)?,
            _ => {
                return Err(Refusal::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "UNSUPPORTED",
                    "expected a form as application/x-www-form-urlencoded, found something else",
                ));
            }
        };
        check_scopes(upstream, &form)?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    }
    let scheme = match repositories(query).chain(repositories(&form)).next() {
        Some(repository) => upstream.auth_scheme_of(repository).await?,
        None => upstream.auth_scheme().await?,
    };
    let AuthScheme::Bearer { mut realm, .. } = scheme else {
        return Err(Refusal::not_found(format!("{} has no token service", upstream.name)));
    };
    if let Some(query) = query.encode() {
        let joined = realm.query().map_or_else(|| query.clone(), |own| format!("{own}&{query}"));
        realm.set_query(Some(&joined));
    }
    if let Some(authorization) = authorization {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    let form = form.encode().map_or_else(Body::empty, Body::from);
    let answer = upstream.send(&parts.method, &realm, &headers, form).await?;
    let status = answer.status();
    if status.is_redirection() {
        return Err(Refusal::bad_gateway(format!(
            "expected {}'s token service to answer, found {status}",
            upstream.name
        )));
    }
    let kept = [header::CONTENT_TYPE, header::RETRY_AFTER]
        .map(|name| answer.headers().get(&name).cloned().map(|value| (name, value)));
    let mut response = Response::new(Body::from(upstream.token_answer(answer.into_body()).await?));
    *response.status_mut() = status;
    response.headers_mut().extend(kept.into_iter().flatten());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Checks that no token is asked for with which a repository could be reached that the gateway does not open.
fn check_scopes(upstream: &Upstream, fields: &ApiQuery) -> Result<(), Refusal> {
    match repositories(fields).find(|name| !upstream.is_open(name)) {
        Some(name) => Err(upstream.hidden(name)),
        None => Ok(()),
    }
}

/// Returns the repositories of the scopes in a query or a form.
fn repositories(fields: &ApiQuery) -> impl Iterator<Item = &str> {
    fields.all("scope").flat_map(str::split_whitespace).filter_map(|scope| {
        let (kind, rest) = scope.split_once(':')?;
        let name = rest.rsplit_once(':').map_or(rest, |(name, _)| name);
        kind.starts_with("repository").then_some(name)
    })
}
