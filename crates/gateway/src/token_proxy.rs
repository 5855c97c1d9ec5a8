//! `/r/NAME/token`: the token service of a registry, asked with the caller's own credentials.

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, Method, header};
use http_body_util::{BodyExt as _, Limited};

use crate::{
    refusal::Refusal,
    upstream::{AuthScheme, Upstream, too_large},
};

const REQUEST_MAX: usize = 64 * 1024;
const ANSWER_MAX: usize = 1024 * 1024;

/// AuthScheme the service that the registry itself names. The caller chooses the query and the form, not the place.
pub(crate) async fn forward(
    upstream: &Upstream,
    authorization: Option<HeaderValue>,
    request: axum::extract::Request,
) -> Result<Response, Refusal> {
    if upstream.credentials.is_some() {
        return Err(Refusal::not_found(format!(
            "{} needs no token: the gateway signs in itself",
            upstream.name
        )));
    }
    let AuthScheme::Bearer { mut realm, .. } = upstream.auth_scheme().await? else {
        return Err(Refusal::not_found(format!("{} has no token service", upstream.name)));
    };
    let (parts, body) = request.into_parts();
    if let Some(query) = parts.uri.query() {
        let joined = realm.query().map_or_else(|| query.to_owned(), |own| format!("{own}&{query}"));
        realm.set_query(Some(&joined));
    }
    let (mut headers, mut form) = (HeaderMap::new(), Body::empty());
    if parts.method == Method::POST {
        let body = Limited::new(body, REQUEST_MAX).collect().await.map_err(|_| too_large())?;
        form = Body::from(body.to_bytes());
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(authorization) = authorization {
        headers.insert(header::AUTHORIZATION, authorization);
    }
    let answer = upstream.send(parts.method, &realm, headers, form, false).await?;
    let status = answer.status();
    if status.is_redirection() {
        return Err(Refusal::bad_gateway(format!(
            "expected {}'s token service to answer, found {status}",
            upstream.name
        )));
    }
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
    let body = body.map_err(|_| {
        Refusal::bad_gateway(format!(
            "expected an answer of {}'s token service, found one that broke off or has more than 1 MiB",
            upstream.name
        ))
    })?;
    let mut response = Response::new(Body::from(body.to_bytes()));
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
