//! HTTPS or plain HTTP: the scheme that a registry speaks, and how it is found out.

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use http::{HeaderValue, StatusCode};
use tallyman_core::Registry;

use crate::{
    Access, Body, Client, Error, Request, Response, TransportError, TransportErrorKind,
    request::{ApiRequest, Endpoint},
    semaphore::Permit,
    send::is_throttled,
    session::Session,
};

/// Bytes of an answer in which a server can say that it speaks TLS.
const TLS_HINT_MAX: usize = 64 * 1024;

impl Client {
    /// Returns `true` if the first request should go ahead alone, because it finds out which scheme the registry speaks.
    /// Outside of browsers, where several requests are made at once, plain HTTP that is expected is not waited for.
    pub(crate) fn is_unsure_of_scheme(&self, registry: &Registry) -> bool {
        match self.access(registry) {
            Access::Tls => false,
            Access::Insecure => true,
            Access::PlainFirst => self.obeys_cors(),
        }
    }

    /// Sends a request by the scheme that is known, or by those that are possible, the likelier one first. Returns the
    /// URL that was asked for beside the response. Drops `first_request` as soon as the scheme is known.
    pub(crate) fn send_by_scheme<'a>(
        &'a self,
        session: &'a Session,
        request: &'a ApiRequest,
        authorization: Option<&'a HeaderValue>,
        first_request: &'a mut Option<Permit>,
    ) -> LocalBoxFuture<'a, Result<(String, Response), Error>> {
        async move {
            let registry = &request.registry;
            let access = self.access(registry);
            let path = match &request.endpoint {
                Endpoint::Path(path) => path,
                Endpoint::Url(url) => {
                    return self.send_to(session, request, url.as_str(), authorization).await;
                }
            };
            let schemes = schemes(session.scheme(), access);
            if first_request.is_some() && self.may_go_by_both_schemes(request) {
                return self.send_by_both_schemes(session, request, path).await;
            }
            let mut failure: Option<(Request, TransportError)> = None;
            let mut has_found_tls = false;
            for scheme in &schemes {
                let url = format!("{scheme}://{}{path}", registry.api_host());
                let request = request.to_url(url.clone(), access, authorization);
                match self.send_once(registry, session, &request).await {
                    Ok(response) => {
                        let is_first = *scheme == "http" && session.scheme().is_none();
                        match if is_first { refuse_tls_hint(response).await } else { Ok(response) } {
                            Ok(response) => {
                                session.set_scheme(scheme);
                                return Ok((url, response));
                            }
                            Err(error) => (failure, has_found_tls) = (Some((request, error)), true),
                        }
                    }
                    Err(error) => {
                        let may_speak_otherwise = match access {
                            Access::Tls => false,
                            Access::Insecure => error.kind == TransportErrorKind::PlainHttp,
                            Access::PlainFirst => true,
                        };
                        match &mut failure {
                            // The first scheme pointed to the second one, so the failure of that one is the cause.
                            Some(failure) if access == Access::Insecure || has_found_tls => {
                                *failure = (request, error);
                            }
                            // The first scheme is the likelier one, so its failure is the one worth telling.
                            Some(_) => {}
                            None => failure = Some((request, error)),
                        }
                        if !may_speak_otherwise {
                            break;
                        }
                        if access == Access::Insecure {
                            session.assume_scheme("http");
                            drop(first_request.take());
                        }
                    }
                }
            }
            // Credentials would go by plain HTTP from now on because TLS failed once.
            session.drop_assumed_scheme();
            let (request, error) = failure.expect("at least one scheme was tried");
            Err(self.diagnose(&request, error).await)
        }
        .boxed_local()
    }

    /// Sends a request to a URL that a registry has named, with the registry's credentials if it is its own.
    async fn send_to(
        &self,
        session: &Session,
        request: &ApiRequest,
        url: &str,
        authorization: Option<&HeaderValue>,
    ) -> Result<(String, Response), Error> {
        let registry = &request.registry;
        let authorization = authorization.filter(|_| self.is_own(registry, url));
        let request = request.to_url(url.to_owned(), self.access(registry), authorization);
        match self.send_once(registry, session, &request).await {
            Ok(response) => Ok((request.url, response)),
            Err(error) => Err(self.diagnose(&request, error).await),
        }
    }

    /// Returns `true` if a request without credentials may be sent by TLS and by plain HTTP at the same time. On loopback alone,
    /// so that nobody on the way sees in plain what TLS would have hidden.
    fn may_go_by_both_schemes(&self, request: &ApiRequest) -> bool {
        let registry = &request.registry;
        registry.is_loopback() && self.access(registry) == Access::Insecure && request.can_be_doubled()
    }

    /// Waits for the permit of the first request to a registry whose scheme is not known. Beside another first request, which
    /// tries TLS, this one goes by plain HTTP at once: if that is what the registry speaks, its response is returned, which
    /// saves a round trip. Once the scheme is known there is no permit.
    pub(crate) async fn first_permit(
        &self,
        session: &Session,
        request: &ApiRequest,
    ) -> (Option<Permit>, Option<(String, Response)>) {
        let waiting =
            async { Some(session.first_request.acquire().await).filter(|_| session.scheme().is_none()) };
        let path = match &request.endpoint {
            Endpoint::Path(path)
                if session.first_request.is_used()
                    && !self.obeys_cors()
                    && self.may_go_by_both_schemes(request) =>
            {
                path
            }
            _ => return (waiting.await, None),
        };
        let url = format!("http://{}{path}", request.registry.api_host());
        let plain = request.to_url(url, Access::Insecure, None);
        let sending = async {
            // Not held until the first one has come to its end, which may need one.
            let _permits = self.permits(session).await;
            self.send_within_timeout(&plain).await.ok()
        };
        let (permit, response) = match future::select(waiting.boxed_local(), sending.boxed_local()).await {
            future::Either::Left((permit, sending)) => match session.scheme() {
                Some("http") => (permit, sending.await),
                _ => (permit, None),
            },
            future::Either::Right((response, waiting)) => (waiting.await, response),
        };
        // One that is to be sent again is sent as others are.
        let response =
            response.filter(|response| session.scheme() == Some("http") && !is_throttled(response));
        (permit, response.map(|response| (plain.url, response)))
    }

    /// Sends a request by TLS and by plain HTTP at the same time, and takes the response by TLS if there is one.
    /// Forwarded ports make registries on loopback far away, and trying one after the other takes a round trip more.
    async fn send_by_both_schemes(
        &self,
        session: &Session,
        request: &ApiRequest,
        path: &str,
    ) -> Result<(String, Response), Error> {
        let registry = &request.registry;
        let by = |scheme| {
            let url = format!("{scheme}://{}{path}", registry.api_host());
            request.to_url(url, Access::Insecure, None)
        };
        let requests = [("https", by("https")), ("http", by("http"))];
        let [(_, secure), (_, plain)] = &requests;
        // One permit for the two: the one that the registry does not speak is no request to it.
        let permits = self.permits(session).await;
        let (by_tls, by_http) =
            future::join(self.send_within_timeout(secure), self.send_within_timeout(plain)).await;
        let is_plain = by_tls.as_ref().is_err_and(|error| error.kind == TransportErrorKind::PlainHttp);
        let answer = if is_plain { by_http } else { by_tls };
        let [secure, plain] = requests;
        let (scheme, request) = if is_plain { plain } else { secure };
        match answer {
            Ok(response) => {
                session.set_scheme(scheme);
                let Some(wait) = self.wait_asked_for(&response) else {
                    return Ok((request.url, Response { body: response.body.holding(permits), ..response }));
                };
                drop((response, permits));
                self.wait(session, wait).await;
                match self.send_once(registry, session, &request).await {
                    Ok(response) => Ok((request.url, response)),
                    Err(error) => Err(self.diagnose(&request, error).await),
                }
            }
            Err(error) => Err(self.diagnose(&request, error).await),
        }
    }

    /// Returns `true` if a URL is of the registry's own origin, so that its credentials may go there.
    pub(crate) fn is_own(&self, registry: &Registry, url: &str) -> bool {
        let base = self.base_url_beside(registry, url);
        let (own, url) = (self.resolve(&base, &base), self.resolve(url, url));
        own.is_ok_and(|own| url.is_ok_and(|url| own.origin() == url.origin()))
    }

    /// Returns the URL of the registry's API.
    pub(crate) fn base_url(&self, registry: &Registry) -> String {
        self.base_url_beside(registry, "")
    }

    /// Returns the URL of the registry's API. If its scheme is not known, because the registry was forgotten in the middle of an
    /// upload, it is that of `url`, by which the registry was spoken to, unless it may be spoken to by TLS alone.
    pub(crate) fn base_url_beside(&self, registry: &Registry, url: &str) -> String {
        let is_plain = url.starts_with("http://") && self.access(registry) != Access::Tls;
        let likely = if is_plain { "http" } else { "https" };
        let scheme = self.session(registry).scheme().unwrap_or(likely);
        format!("{scheme}://{}/v2/", registry.api_host())
    }
}

/// Returns the schemes by which a registry may be spoken to, the likelier one first: the one that is known, if one is.
fn schemes(known: Option<&'static str>, access: Access) -> Vec<&'static str> {
    match (known, access) {
        (Some(scheme), _) => vec![scheme],
        (None, Access::Tls) => vec!["https"],
        (None, Access::Insecure) => vec!["https", "http"],
        (None, Access::PlainFirst) => vec!["http", "https"],
    }
}

/// Returns the response, or an error if a server that speaks TLS says that it was spoken to without: there is no status
/// for that, only the texts of Go, nginx and Apache.
async fn refuse_tls_hint(response: Response) -> Result<Response, TransportError> {
    if response.status != StatusCode::BAD_REQUEST {
        return Ok(response);
    }
    let bytes = response.body.prefix(TLS_HINT_MAX).await;
    let text = String::from_utf8_lossy(&bytes);
    let hints = [
        "an HTTP request to an HTTPS server",
        "plain HTTP request was sent to HTTPS port",
        "speaking plain HTTP to an SSL",
    ];
    if hints.iter().any(|hint| text.contains(hint)) {
        let message = "the server speaks TLS".to_owned();
        return Err(TransportError { kind: TransportErrorKind::Other, message });
    }
    Ok(Response { body: Body::full(bytes), ..response })
}
