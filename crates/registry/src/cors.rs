//! Diagnosis of responses that a browser refuses to show. It gives no reasons, so other requests find them out.

mod recipes;

use std::fmt;

use futures_util::{FutureExt, future::LocalBoxFuture};
use http::{HeaderMap, Method, StatusCode, header};

use tallyman_core::Registry;

use crate::{Client, Error, Request, TransportError, TransportErrorKind, shown_url};

pub use recipes::Server;

/// Bytes up to which a browser sends `Accept` without asking the registry's permission first.
const ACCEPT_MAX: usize = 128;

/// A reason for which a response that came may not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The registry sends no CORS headers at all, or none for this page's origin.
    NoHeaders,
    /// Simple requests are answered, but not the browser's preflight (`OPTIONS`) of others.
    Preflight {
        /// `true` if the registry wants everyone to sign in, preflights included, as Distribution does.
        wants_login: bool,
    },
    /// The registry redirects to a storage that sends no CORS headers for the origin `null`.
    Redirect,
    /// The registry sends CORS headers, but none with this response.
    Route,
}

/// The diagnosis of a response that may not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The reason.
    pub cause: Cause,
    /// The requests that found it out, a sentence each.
    pub tried: Vec<String>,
}

impl Cause {
    /// Returns a stable name of the cause.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoHeaders => "no-cors-headers",
            Self::Preflight { .. } => "preflight-refused",
            Self::Redirect => "redirect-without-cors",
            Self::Route => "route-without-cors",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHeaders => "it sends no CORS headers that let this page read the answer",
            Self::Preflight { wants_login: true } => {
                "it wants a login even for the browser's preflight (OPTIONS), which never carries one; answer OPTIONS in \
                 front of it, or use the gateway"
            }
            Self::Preflight { wants_login: false } => {
                "it does not answer the browser's preflight (OPTIONS) with the methods and headers that this needs"
            }
            Self::Redirect => "it redirects to a storage without CORS headers for the origin \"null\"",
            Self::Route => "it sends CORS headers with other answers, but not with this one",
        })
    }
}

/// Returns `true` if a browser sends a preflight before such a request to another origin.
pub(crate) fn is_preflighted(method: &Method, headers: &HeaderMap) -> bool {
    let is_simple = |(name, value): (&header::HeaderName, &header::HeaderValue)| match *name {
        header::ACCEPT => value.len() <= ACCEPT_MAX,
        header::CONTENT_TYPE => {
            let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            matches!(
                essence.trim(),
                "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain"
            )
        }
        _ => false,
    };
    !matches!(*method, Method::GET | Method::HEAD | Method::POST) || !headers.iter().all(is_simple)
}

impl Client {
    /// Returns the error for a request that has no response, as exactly as it can be told.
    pub(crate) fn diagnose<'a>(
        &'a self,
        request: &'a Request,
        source: TransportError,
    ) -> LocalBoxFuture<'a, Error> {
        async move {
            let url = shown_url(&request.url);
            if source.kind == TransportErrorKind::PlainHttp {
                return Error::PlainHttpRefused { url, source };
            }
            if source.kind == TransportErrorKind::NotOpen {
                return Error::OutOfReach { url, source };
            }
            if source.kind == TransportErrorKind::Redirects {
                return Error::TooManyRedirects { url, source };
            }
            if source.kind != TransportErrorKind::Opaque {
                return Error::Unreachable { url, source, no_local_network: false };
            }
            let page = self.transport().page().unwrap_or_default();
            if page.starts_with("https:") && url.starts_with("http:") && !self.is_loopback(&url) {
                return Error::MixedContent { url, page };
            }
            if !self.transport().probe(request.url.clone()).await {
                let denied = self.transport().local_network_is_denied(self.is_loopback(&url)).await;
                let is_local = self.registry_of(&url).is_some_and(|registry| registry.is_on_local_network());
                if denied && is_local {
                    return Error::LocalNetworkDenied { url };
                }
                return Error::Unreachable { url, source, no_local_network: denied };
            }
            let mut tried = vec![format!("{url} answers where the answer may not be read.")];
            let cause = self.cause(request, &mut tried).await;
            Error::Cors { url, diagnosis: Box::new(Diagnosis { cause, tried }) }
        }
        .boxed_local()
    }

    fn origin(&self, url: &str) -> String {
        self.resolve(url, url).map(|url| url.origin().to_owned()).unwrap_or_default()
    }

    fn is_loopback(&self, url: &str) -> bool {
        self.registry_of(url).is_some_and(|registry| registry.is_loopback())
    }

    /// Returns the host and port of a URL.
    fn registry_of(&self, url: &str) -> Option<Registry> {
        self.origin(url).split_once("://")?.1.parse().ok()
    }

    async fn cause(&self, request: &Request, tried: &mut Vec<String>) -> Cause {
        let base = format!("{}/v2/", self.origin(&request.url));
        let Ok(simple) = self.transport().send(Request::new(Method::GET, base.clone())).await else {
            tried.push(format!("GET {base} without any header may not be read either."));
            return Cause::NoHeaders;
        };
        tried.push(format!("GET {base} without any header may be read: it says {}.", simple.status));
        if is_preflighted(&request.method, &request.headers) {
            return Cause::Preflight { wants_login: simple.status == StatusCode::UNAUTHORIZED };
        }
        let mut unfollowed = request.clone();
        unfollowed.follow_redirects = false;
        match self.transport().send(unfollowed).await {
            Ok(answer) if answer.status.is_redirection() => {
                tried.push(format!("{} is redirected.", shown_url(&request.url)));
                Cause::Redirect
            }
            _ => Cause::Route,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::accept;

    #[test]
    fn preflighted_requests_are_recognised() {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        let json = HeaderValue::from_static("application/json");
        let rows = [
            (Method::GET, None, false),
            (Method::HEAD, Some((header::ACCEPT, accept::DOCKER)), false),
            (Method::GET, Some((header::ACCEPT, accept::OCI)), false),
            (Method::GET, Some((header::ACCEPT, accept::ALL)), true),
            (Method::GET, Some((header::AUTHORIZATION, json.clone())), true),
            (Method::POST, None, false),
            (Method::POST, Some((header::CONTENT_TYPE, form)), false),
            (Method::POST, Some((header::CONTENT_TYPE, json)), true),
            (Method::PUT, None, true),
            (Method::DELETE, None, true),
        ];
        for (method, header, expected) in rows {
            let headers: HeaderMap = header.clone().into_iter().collect();
            assert_eq!(is_preflighted(&method, &headers), expected, "{method} {header:?}");
        }
    }
}
