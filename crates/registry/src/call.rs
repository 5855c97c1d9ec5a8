//! How a question becomes an answer: by which scheme, with which credentials, and in turn.

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture},
    stream,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tallyman_auth::{
    Challenge, Credentials, HttpUrl, PublicRegistry, Scopes, TokenAnswer, TokenService, is_same_site,
};
use tallyman_core::{Reference, Registry};

use crate::{
    Access, Body, Client, Error, Request, Response, TransportError, TransportErrorKind,
    error::{Refusal, spoken},
    session::{Session, Token},
    turns::Turn,
};

/// A question to a registry.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) place: Place,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What a token must allow.
    pub(crate) scopes: Scopes,
    /// What it is about, for errors.
    pub(crate) about: Option<Reference>,
}

/// Where a question goes.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A path of the registry, from `/v2/` on.
    Path(String),
    /// An absolute URL that the registry gave. Credentials go there only where it is the registry's own.
    Url(String),
}

/// Bytes of an answer in which a server can say that it speaks TLS.
const SAID_MAX: usize = 64 * 1024;

/// What is sent as `Authorization`, if anything.
pub(crate) type Authorized = Option<HeaderValue>;

impl Call {
    /// A question about `reference`, for `path` below its repository.
    pub(crate) fn new(method: Method, reference: &Reference, path: &str, scopes: Scopes) -> Self {
        let place = Place::Path(format!("/v2/{}/{path}", reference.repository().as_str()));
        Self::at(method, place, scopes, Some(reference.clone()))
    }

    pub(crate) fn at(method: Method, place: Place, scopes: Scopes, about: Option<Reference>) -> Self {
        Self { method, place, headers: HeaderMap::new(), body: Bytes::new(), scopes, about }
    }

    pub(crate) fn header(mut self, name: HeaderName, value: Option<HeaderValue>) -> Self {
        if let Some(value) = value {
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn body(self, body: Bytes) -> Self {
        Self { body, ..self }
    }

    /// Whether it may be asked by two schemes at once: what changes nothing, of a registry on loopback, so that nobody
    /// on the way sees in plain what TLS would have hidden.
    fn may_go_twice(&self, registry: &Registry) -> bool {
        registry.is_loopback() && matches!(self.method, Method::GET | Method::HEAD)
    }

    fn request(&self, url: String, access: Access, authorization: Option<&HeaderValue>) -> Request {
        let mut request = Request::new(self.method.clone(), url);
        request.headers = self.headers.clone();
        request.body = self.body.clone();
        request.unverified_tls = access != Access::Tls;
        if let Some(authorization) = authorization {
            request.headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        request
    }
}

impl Client {
    /// Asks once. An answer that is no success is an error.
    pub(crate) fn ask<'a>(
        &'a self,
        registry: &'a Registry,
        call: &'a Call,
    ) -> LocalBoxFuture<'a, Result<Response, Error>> {
        async move {
            let (url, response) = self.answer(registry, call).await?;
            if response.status.is_success() {
                return Ok(response);
            }
            Err(Refusal::read(response).await.of(call.about.as_ref(), url))
        }
        .boxed_local()
    }

    /// The answer, whatever its status, and the URL that was asked for.
    pub(crate) async fn answer(&self, registry: &Registry, call: &Call) -> Result<(String, Response), Error> {
        let session = self.session(registry);
        let credentials = self.credentials_for(registry, &session).await?;
        let is_cautious = session.scheme().is_none()
            && (self.is_unsure_of_scheme(registry)
                || credentials.is_some()
                || PublicRegistry::by_name(registry).is_some());
        let mut door = None;
        if is_cautious {
            let turn = session.door.take().await;
            // Whoever went before may have learnt all there is to learn.
            door = session.scheme().is_none().then_some(turn);
        }
        let credentials = credentials.as_deref();
        let mut scopes = call.scopes.clone();
        let known = session.challenge();
        let authorization = self.authorization(registry, &session, known.as_ref(), &scopes, credentials);
        let (mut sent, mut is_new) = authorization.await?;
        // Where nothing but the scheme is to be learnt, the others need not wait for the answer.
        let learns_more = credentials.is_some() || PublicRegistry::by_name(registry).is_some();
        let mut scheme_door = if learns_more { None } else { door.take() };
        let first = self.by_scheme(registry, &session, call, sent.as_ref(), &mut scheme_door);
        let (mut url, mut response) = first.await?;
        // Once for a challenge that was not known or is another one now, once for a token that ran out or does not do.
        for _ in 0..2 {
            if response.status != StatusCode::UNAUTHORIZED || !self.is_own(registry, &response.url) {
                break;
            }
            let Some(asked) = self.challenge_of(registry, &response, credentials) else { break };
            let needed = match &asked {
                Challenge::Bearer { scopes: asked, .. } => scopes.clone().and(asked),
                Challenge::Basic { .. } => scopes.clone(),
            };
            if is_new && needed == scopes {
                // Another token like this one would be refused like it.
                break;
            }
            if sent.is_some() {
                scopes = needed;
            }
            if let Some(refused) = &sent {
                session.drop_token(refused);
            }
            session.challenged(asked.clone());
            drop((door.take(), scheme_door.take()));
            let again = self.authorization(registry, &session, Some(&asked), &scopes, credentials).await?;
            if again.0.is_none() || again.0 == sent {
                break;
            }
            (sent, is_new) = again;
            let next = self.by_scheme(registry, &session, call, sent.as_ref(), &mut scheme_door);
            (url, response) = next.await?;
        }
        Ok((url, response))
    }

    /// The credentials for a registry, asked for once.
    async fn credentials_for(
        &self,
        registry: &Registry,
        session: &Session,
    ) -> Result<Option<Rc<Credentials>>, Error> {
        let Some(source) = self.credential_source() else { return Ok(None) };
        if let Some(credentials) = session.credentials() {
            return Ok(credentials);
        }
        let _turn = session.door.take().await;
        if let Some(credentials) = session.credentials() {
            return Ok(credentials);
        }
        let credentials = source
            .credentials(registry)
            .await
            .map_err(|source| Error::Credentials { registry: registry.clone(), source })?
            .map(Rc::new);
        session.keep_credentials(credentials.clone());
        Ok(credentials)
    }

    /// What the registry asks for, by its answer, or by what is known of it where the browser hides that.
    fn challenge_of(
        &self,
        registry: &Registry,
        response: &Response,
        credentials: Option<&Credentials>,
    ) -> Option<Challenge> {
        let hidden = || {
            let public = || PublicRegistry::by_name(registry).map(PublicRegistry::token_service);
            match self.configured_token_service(registry).or_else(public) {
                Some(service) => {
                    Some(Challenge::Bearer { service, scopes: Scopes::default(), parameters: Vec::new() })
                }
                None => credentials
                    .and_then(Credentials::basic)
                    .map(|_| Challenge::Basic { realm: String::new() }),
            }
        };
        Challenge::preferred(&response.headers).or_else(hidden)
    }

    /// Whether the first request should go ahead alone, because it finds out which scheme the registry speaks. Outside
    /// of browsers, where several requests are made at once, plain HTTP that is expected is not waited for.
    fn is_unsure_of_scheme(&self, registry: &Registry) -> bool {
        match self.access(registry) {
            Access::Tls => false,
            Access::Insecure => true,
            Access::PlainFirst => self.obeys_cors(),
        }
    }

    /// Asks by the scheme that is known, or by those that may be, the likelier one first. Opens `door` as soon as it is
    /// known.
    fn by_scheme<'a>(
        &'a self,
        registry: &'a Registry,
        session: &'a Session,
        call: &'a Call,
        authorization: Option<&'a HeaderValue>,
        door: &'a mut Option<Turn>,
    ) -> LocalBoxFuture<'a, Result<(String, Response), Error>> {
        async move {
            let access = self.access(registry);
            let path = match &call.place {
                Place::Path(path) => path,
                Place::Url(url) => {
                    let authorization = authorization.filter(|_| self.is_own(registry, url));
                    let request = call.request(url.clone(), access, authorization);
                    return match self.transmit(&request).await {
                        Ok(response) => Ok((url.clone(), response)),
                        Err(error) => Err(self.explain(&request, error).await),
                    };
                }
            };
            let schemes: &[&'static str] = match (session.scheme(), access) {
                (Some(scheme), _) => &[scheme],
                (None, Access::Tls) => &["https"],
                (None, Access::Insecure) => &["https", "http"],
                (None, Access::PlainFirst) => &["http", "https"],
            };
            if access == Access::Insecure && door.is_some() && call.may_go_twice(registry) {
                return self.by_both_schemes(registry, session, call, path).await;
            }
            let mut failure: Option<(Request, TransportError)> = None;
            let mut speaks_tls = false;
            for scheme in schemes {
                let url = format!("{scheme}://{}{path}", registry.api_host());
                let request = call.request(url.clone(), access, authorization);
                match self.transmit(&request).await {
                    Ok(response) => {
                        let is_first = *scheme == "http" && session.scheme().is_none();
                        match if is_first { wants_tls(response).await } else { Ok(response) } {
                            Ok(response) => {
                                session.answered_by(scheme);
                                return Ok((url, response));
                            }
                            Err(error) => (failure, speaks_tls) = (Some((request, error)), true),
                        }
                    }
                    Err(error) => {
                        let may_speak_otherwise = match access {
                            Access::Tls => false,
                            Access::Insecure => error.kind == TransportErrorKind::PlainHttp,
                            Access::PlainFirst => true,
                        };
                        match &mut failure {
                            // Where one scheme found the other, what goes wrong there is what is wrong.
                            Some(failure) if access == Access::Insecure || speaks_tls => {
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
                            session.answered_by("http");
                            drop(door.take());
                        }
                    }
                }
            }
            let (request, error) = failure.expect("at least one scheme was tried");
            Err(self.explain(&request, error).await)
        }
        .boxed_local()
    }

    /// Asks by TLS and by plain HTTP at the same time, and takes the answer by TLS where there is one. Forwarded ports
    /// make registries on loopback far away, and trying one after the other takes a round trip more.
    async fn by_both_schemes(
        &self,
        registry: &Registry,
        session: &Session,
        call: &Call,
        path: &str,
    ) -> Result<(String, Response), Error> {
        let request = |scheme| {
            call.request(format!("{scheme}://{}{path}", registry.api_host()), Access::Insecure, None)
        };
        let requests = [("https", request("https")), ("http", request("http"))];
        let [(_, secure), (_, plain)] = &requests;
        let (by_tls, by_http) = future::join(self.transmit(secure), self.transmit(plain)).await;
        let is_plain = by_tls.as_ref().is_err_and(|error| error.kind == TransportErrorKind::PlainHttp);
        let answer = if is_plain { by_http } else { by_tls };
        let [secure, plain] = requests;
        let (scheme, request) = if is_plain { plain } else { secure };
        match answer {
            Ok(response) => {
                session.answered_by(scheme);
                Ok((request.url, response))
            }
            Err(error) => Err(self.explain(&request, error).await),
        }
    }

    /// Sends a request in turn, and waits no longer for its answer than patience lasts.
    fn transmit<'a>(&'a self, request: &'a Request) -> LocalBoxFuture<'a, Result<Response, TransportError>> {
        async move {
            let patience = self.patience();
            let turn = self.turn().await;
            let response = {
                let sent =
                    future::select(self.transport().send(request.clone()), self.transport().sleep(patience))
                        .await;
                match sent {
                    future::Either::Left((response, _)) => response?,
                    future::Either::Right(_) => return Err(late(patience)),
                }
            };
            let transport = Rc::clone(self.transport());
            let body = response.body.map(|pieces| {
                stream::unfold(Some((pieces, transport)), move |state| async move {
                    let (mut pieces, transport) = state?;
                    let piece = match future::select(pieces.next(), transport.sleep(patience)).await {
                        future::Either::Left((piece, _)) => Ok(piece?),
                        future::Either::Right(_) => Err(late(patience)),
                    };
                    match piece {
                        Ok(piece) => Some((piece, Some((pieces, transport)))),
                        Err(late) => Some((Err(late), None)),
                    }
                })
                .boxed_local()
            });
            Ok(Response { body: body.holding(turn), ..response })
        }
        .boxed_local()
    }

    /// What is sent as `Authorization`, given what the registry is known to ask for, and whether it is a token that was
    /// given out just now.
    fn authorization<'a>(
        &'a self,
        registry: &'a Registry,
        session: &'a Rc<Session>,
        challenge: Option<&'a Challenge>,
        scopes: &'a Scopes,
        credentials: Option<&'a Credentials>,
    ) -> LocalBoxFuture<'a, Result<(Authorized, bool), Error>> {
        async move {
            let service = match challenge {
                None => return Ok((None, false)),
                Some(Challenge::Basic { .. }) => {
                    return Ok((credentials.and_then(Credentials::basic), false));
                }
                Some(Challenge::Bearer { service, .. }) => service,
            };
            if let Some(token) = credentials.and_then(Credentials::bearer) {
                return Ok((Some(token), false));
            }
            if let Some(token) = session.token(scopes, self.now()) {
                return Ok((Some(token), false));
            }
            let key = (registry.clone(), scopes.to_string());
            let asked = self.flights().authorizations.join(key, || {
                let (client, session, registry) = (self.clone(), Rc::clone(session), registry.clone());
                let (service, scopes, credentials) = (service.clone(), scopes.clone(), credentials.cloned());
                async move {
                    let token = client.token(&registry, &service, &scopes, credentials.as_ref()).await?;
                    let header = token.authorization.clone();
                    session.keep_token(token);
                    Ok(Some(header))
                }
                .boxed_local()
            });
            Ok((asked.await?, true))
        }
        .boxed_local()
    }

    /// Asks a token service.
    async fn token(
        &self,
        registry: &Registry,
        service: &TokenService,
        scopes: &Scopes,
        credentials: Option<&Credentials>,
    ) -> Result<Token, Error> {
        let access = self.access(registry);
        let realm = self.realm(registry, service)?;
        if realm.scheme() != "https" && access == Access::Tls {
            return Err(Error::PlainRealm { registry: registry.clone(), realm: realm.to_string() });
        }
        if credentials.is_some() && !is_same_site(registry, &realm) && !self.is_configured(registry, service)
        {
            let allowed = match self.credential_source() {
                Some(source) => source.may_go_to(registry, realm.as_str()).await,
                None => false,
            };
            if !allowed {
                return Err(Error::ForeignRealm { registry: registry.clone(), realm: realm.to_string() });
            }
        }
        let asked = service.request(&realm, scopes, credentials);
        let request = Request {
            method: asked.method,
            url: asked.url,
            headers: asked.headers,
            body: asked.body,
            unverified_tls: access != Access::Tls,
            // A redirect could carry the credentials anywhere.
            follow_redirects: credentials.is_none(),
        };
        let url = request.url.clone();
        let response = match self.transmit(&request).await {
            Ok(response) => response,
            Err(error) => return Err(self.explain(&request, error).await),
        };
        let now = self.now();
        let refusal = Refusal::read(response).await;
        if refusal.status.is_success() {
            let answer = TokenAnswer::parse(&refusal.body).map_err(|error| Error::Protocol {
                url,
                expected: "a JSON object with a token",
                found: error.to_string(),
            })?;
            let end = now + answer.lifetime.as_secs_f64() * 1000.0;
            return Ok(Token { scopes: scopes.clone(), authorization: answer.authorization, end });
        }
        let Refusal { status, content_type, body, errors, retry_after, .. } = refusal;
        let registry = Box::new(registry.clone());
        Err(Error::Token { registry, url, status, content_type, body, errors, retry_after })
    }

    /// The URL of a token service, which the registry may have written relative to its own.
    fn realm(&self, registry: &Registry, service: &TokenService) -> Result<HttpUrl, Error> {
        let base = self.base(registry);
        self.resolve(&base, &service.realm).map_err(|found| Error::Protocol {
            url: base,
            expected: "the URL of a token service",
            found,
        })
    }

    /// Whether somebody set this very token service for the registry.
    fn is_configured(&self, registry: &Registry, service: &TokenService) -> bool {
        self.configured_token_service(registry).is_some_and(|configured| configured.realm == service.realm)
    }

    /// Whether a URL is the registry's own, so that its credentials may go there.
    fn is_own(&self, registry: &Registry, to: &str) -> bool {
        let base = self.base(registry);
        let (own, to) = (self.resolve(&base, &base), self.resolve(to, to));
        own.is_ok_and(|own| to.is_ok_and(|to| own.origin() == to.origin()))
    }

    fn base(&self, registry: &Registry) -> String {
        let scheme = self.session(registry).scheme().unwrap_or("https");
        format!("{scheme}://{}/v2/", registry.api_host())
    }
}

/// A response as it came, or an error where a server that speaks TLS says that it was spoken to without: there is no
/// status of its own for that, only the words of Go, nginx and Apache.
async fn wants_tls(response: Response) -> Result<Response, TransportError> {
    if response.status != StatusCode::BAD_REQUEST {
        return Ok(response);
    }
    let bytes = response.body.beginning(SAID_MAX).await;
    let said = String::from_utf8_lossy(&bytes);
    let words = [
        "an HTTP request to an HTTPS server",
        "plain HTTP request was sent to HTTPS port",
        "speaking plain HTTP to an SSL",
    ];
    if words.iter().any(|words| said.contains(words)) {
        let message = "the server speaks TLS".to_owned();
        return Err(TransportError { kind: TransportErrorKind::Other, message });
    }
    Ok(Response { body: Body::full(bytes), ..response })
}

fn late(patience: Duration) -> TransportError {
    let message = format!("nothing came for {}", spoken(patience));
    TransportError { kind: TransportErrorKind::Timeout, message }
}
