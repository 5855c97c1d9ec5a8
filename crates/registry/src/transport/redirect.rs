//! Redirects, for transports whose platform does not follow them by itself.

use http::{Method, StatusCode, header};
use tallyman_auth::{HttpUrl, location_of};

use super::{Request, Response, Transport, TransportError, TransportErrorKind, check_url};
use crate::shown_url;

/// Requests in one chain of redirects: as many as Go's client sends before it gives up.
const REQUESTS_MAX: usize = 10;

/// Sends `request` by `exchange`, and follows redirects if the request asks for it, with credentials for its own origin alone.
/// One that would make a GET of a request that changes something is the response: that GET would change nothing, and succeed.
///
/// # Errors
/// The errors of `exchange`, and [`TransportError`] of the kind [`TransportErrorKind::Other`] for a place that is no URL of
/// HTTP, [`TransportErrorKind::Redirects`] after ten requests.
pub async fn send_following<T: Transport>(
    transport: &T,
    mut request: Request,
    exchange: impl AsyncFn(&Request) -> Result<Response, TransportError>,
) -> Result<Response, TransportError> {
    check_url(&request.url)?;
    let mut location = String::new();
    for _ in 0..REQUESTS_MAX {
        let response = exchange(&request).await?;
        match redirected(transport, &request, &response)? {
            Some(next) => (request, location) = next,
            None => return Ok(response),
        }
    }
    let location = shown_url(&location);
    let message = format!(r#"Get "{location}": stopped after {REQUESTS_MAX} redirects"#);
    Err(TransportError { kind: TransportErrorKind::Redirects, message })
}

/// Returns the request that a redirect leads to, with its `Location` as the server wrote it; `None` if `response` is no
/// redirect to follow.
fn redirected(
    transport: &impl Transport,
    request: &Request,
    response: &Response,
) -> Result<Option<(Request, String)>, TransportError> {
    if !request.follow_redirects || !is_redirect(response.status) {
        return Ok(None);
    }
    let Some(location) = location_of(&response.headers) else { return Ok(None) };
    let keeps_method = matches!(request.method, Method::GET | Method::HEAD)
        || matches!(response.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    // The pieces of a body that cannot be sent again are gone.
    if !keeps_method || !request.body.is_repeatable() {
        return Ok(None);
    }
    let mut next = request.clone();
    next.url = transport.join(&request.url, &location)?;
    check_url(&next.url)?;
    if !is_same_origin(transport, &request.url, &next.url)? {
        next.headers.remove(header::AUTHORIZATION);
    }
    Ok(Some((next, location)))
}

/// Returns `true` if two URLs have one scheme, host and port, as the platform's parser reads them.
///
/// # Errors
/// The errors of [`Transport::join`].
pub fn is_same_origin(transport: &impl Transport, one: &str, other: &str) -> Result<bool, TransportError> {
    let normalized = |url| transport.join(url, url);
    Ok(origin_of(&normalized(one)?) == origin_of(&normalized(other)?))
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Returns scheme, host and port of a URL; `None` if `url` is none that may be asked.
fn origin_of(url: &str) -> Option<String> {
    HttpUrl::from_normalized(url).ok().map(|url| url.origin().to_owned())
}
