//! Authorization: which credentials and tokens a request carries, and when they are asked for anew.

use std::rc::Rc;

use bytes::Bytes;
use futures_util::{FutureExt, future::LocalBoxFuture};
use http::{HeaderValue, Method, StatusCode, header};
use tallyman_auth::{
    Challenge, CredentialRefusal, Credentials, HttpUrl, PublicRegistry, Scopes, TOKEN_ANSWER_MAX,
    TokenAnswer, TokenService, is_same_site, location_of, may_follow_redirect,
};
use tallyman_core::{Reference, Registry};

use crate::{
    Access, Body, Client, Error, Request, RequestBody, Response,
    download::collect,
    error::{BODY_MAX, Refusal, shown_url, words_of},
    manifests::is_page,
    request::{ApiRequest, Endpoint},
    semaphore::Permit,
    send::is_throttled,
    session::Session,
    sign_in::{SignIn, Token},
};

/// Redirects of a token service that are followed, as in Go.
const REDIRECTS_MAX: usize = 10;

/// An `Authorization` header; `None` for a request without.
pub(crate) type Authorization = Option<HeaderValue>;

/// An authorization, and the service that has given it out just now, if it is a new token.
struct Granted {
    header: Authorization,
    service: Option<TokenService>,
}

impl Granted {
    fn known(header: Authorization) -> Self {
        Self { header, service: None }
    }
}

impl Client {
    /// Sends a request with the credentials that the registry is known to ask for, and once more with others if it refuses
    /// them and the source has others. Returns the URL that was asked for, and the response whatever its status.
    pub(crate) async fn send_authorized(&self, request: &ApiRequest) -> Result<(String, Response), Error> {
        let registry = &request.registry;
        let session = self.session(registry);
        let namespace = self.namespace(request.reference.as_ref());
        let used = self.sign_in(registry, &namespace, &session).await?;
        let renewals = session.renewals(&namespace);
        let sent = self.send_with_credentials(request, &session, &used).await;
        // A body that was sent as it came cannot be sent again.
        if used.credentials().is_none() || !request.body.is_repeatable() {
            return sent;
        }
        let (refusal, sent) = match sent {
            Ok((url, response)) if is_refused(response.status) && self.is_own(registry, &response.url) => {
                let body = response.body.prefix(BODY_MAX).await;
                let (status, message) = (response.status.as_u16(), words_of(&body));
                let response = Response { body: Body::full(body), ..response };
                (CredentialRefusal { status, message }, Ok((url, response)))
            }
            Err(error) => match &error {
                Error::Token { status, body, .. }
                    if is_refused(*status) || *status == StatusCode::BAD_REQUEST =>
                {
                    let message = words_of(body);
                    (CredentialRefusal { status: status.as_u16(), message }, Err(error))
                }
                _ => return Err(error),
            },
            other => return other,
        };
        match self.renewed_credentials(registry, &namespace, &session, &used, renewals, &refusal).await? {
            Some(renewed) => self.send_with_credentials(request, &session, &renewed).await,
            None => sent,
        }
    }

    /// Sends a request with what the registry is known to ask for, and once or twice more if its answer asks for something
    /// else.
    fn send_with_credentials<'a>(
        &'a self,
        request: &'a ApiRequest,
        session: &'a Session,
        sign_in: &'a Rc<SignIn>,
    ) -> LocalBoxFuture<'a, Result<(String, Response), Error>> {
        self.negotiate(request, session, sign_in).boxed_local()
    }

    async fn negotiate(
        &self,
        request: &ApiRequest,
        session: &Session,
        sign_in: &Rc<SignIn>,
    ) -> Result<(String, Response), Error> {
        let registry = &request.registry;
        let credentials = sign_in.credentials();
        // Requests to a registry that nothing is known of wait for the first one, which learns for all of them.
        let asks_for_more = credentials.is_some() || PublicRegistry::by_name(registry).is_some();
        let (mut first_request, mut sent_ahead) = (None, None);
        if session.scheme().is_none() && (asks_for_more || self.is_unsure_of_scheme(registry)) {
            (first_request, sent_ahead) = match asks_for_more {
                true => {
                    let permit = session.first_request.acquire().await;
                    (session.scheme().is_none().then_some(permit), None)
                }
                false => self.first_permit(session, request).await,
            };
        }
        if request.may_be_shortened && credentials.is_some() {
            self.learn_challenge(session, registry, first_request.take()).await?;
        }
        let mut scopes = request.scopes.clone();
        let known = session.challenge();
        let granted = self.authorization(registry, sign_in, known.clone(), &scopes).await;
        // A registry may have a token service for each repository. One that refuses may be that of another repository: the
        // registry names the right one.
        let (mut granted, mut refusal) = match (granted, known) {
            (Err(error @ Error::Token { status, .. }), Some(Challenge::Bearer { service, .. }))
                if status.is_client_error()
                    && status != StatusCode::TOO_MANY_REQUESTS
                    && request.body.is_repeatable() =>
            {
                (Granted::known(None), Some((service, error)))
            }
            (granted, _) => (granted?, None),
        };
        // If nothing but the scheme is to be learnt, the others need not wait for the answer.
        let mut until_scheme = if asks_for_more { None } else { first_request.take() };
        let (mut url, mut response) = match sent_ahead {
            Some(sent) => sent,
            None => {
                let authorization = granted.header.as_ref();
                self.send_by_scheme(session, request, authorization, &mut until_scheme).await?
            }
        };
        // Once for a challenge that was not known or is another one now, once for a token that has expired or does not
        // have the scopes. A body that was sent as it came cannot be sent again.
        let (mut challenges, mut may_be_hidden) = (0, credentials.is_some());
        while request.body.is_repeatable() {
            let is_unauthorized = self.is_unauthorized(registry, &response);
            // A browser hides challenges, so that none is no sign of anything.
            let says_why = self.obeys_cors() || Challenge::preferred(&response.headers).is_some();
            let is_hidden = may_be_hidden
                && granted.header.is_none()
                && may_hide_content(request, &response)
                && !(is_unauthorized && says_why);
            let challenge = if is_hidden {
                may_be_hidden = false;
                let permit = first_request.take().or(until_scheme.take());
                response = without_permits(response).await;
                match self.learn_challenge(session, registry, permit).await {
                    Ok(None) | Err(Error::Api { .. }) if is_unauthorized => {
                        self.challenge_of(registry, &response, credentials)
                    }
                    // What came first says more than a failure here.
                    learnt => learnt.unwrap_or_default(),
                }
            } else if is_unauthorized && challenges < 2 {
                challenges += 1;
                self.challenge_of(registry, &response, credentials)
            } else {
                None
            };
            let Some(challenge) = challenge else { break };
            response = without_permits(response).await;
            let (required, named) = match &challenge {
                Challenge::Bearer { service, scopes: asked, .. } => {
                    (scopes.clone().and(asked), Some(service))
                }
                Challenge::Basic { .. } => (scopes.clone(), None),
            };
            match refusal.take() {
                Some((service, error)) if named == Some(&service) => return Err(error),
                _ => {}
            }
            if let Some(service) = &granted.service
                && required == scopes
                && named.is_none_or(|named| named == service)
            {
                // Another token like this one would be refused like it. Some registries have a service for each repository.
                break;
            }
            if let Some(refused) = &granted.header {
                scopes = required;
                sign_in.drop_token(refused);
            }
            session.set_challenge(challenge.clone());
            drop((first_request.take(), until_scheme.take()));
            let next = self.authorization(registry, sign_in, Some(challenge), &scopes).await?;
            if next.header.is_none() || next.header == granted.header {
                break;
            }
            granted = next;
            let sent = self.send_by_scheme(session, request, granted.header.as_ref(), &mut until_scheme);
            (url, response) = sent.await?;
        }
        match refusal {
            // What is shown without a token may be less than there is.
            Some((_, error)) if request.may_be_shortened || !response.status.is_success() => Err(error),
            _ => Ok((url, response)),
        }
    }

    /// Learns from `/v2/` which credentials a registry asks for. Some answer requests without any as if there were
    /// nothing, or with less than there is, instead of asking. Returns the challenge, if there is one. `first_request` is
    /// the permit of the request that goes ahead alone, if the caller has it.
    ///
    /// # Errors
    /// The errors of every request; [`Error::Api`] if the server cannot answer now, which says nothing of what it asks for.
    async fn learn_challenge(
        &self,
        session: &Session,
        registry: &Registry,
        first_request: Option<Permit>,
    ) -> Result<Option<Challenge>, Error> {
        let _permit = match first_request {
            Some(permit) => permit,
            None => session.first_request.acquire().await,
        };
        if session.has_been_pinged() || session.challenge().is_some() {
            return Ok(session.challenge());
        }
        let endpoint = Endpoint::Path("/v2/".to_owned());
        let ping = ApiRequest::of_registry(Method::GET, registry, endpoint, Scopes::default());
        let (url, response) = self.send_by_scheme(session, &ping, None, &mut None).await?;
        let is_failure = response.status.is_server_error() && response.status != StatusCode::NOT_IMPLEMENTED;
        if is_failure || is_throttled(&response) {
            return Err(Refusal::read(response).await.into_error(None, &url, None));
        }
        session.set_pinged();
        let challenge = Challenge::preferred(&response.headers);
        let challenge = challenge.filter(|_| self.is_unauthorized(registry, &response));
        if let Some(challenge) = &challenge {
            session.set_challenge(challenge.clone());
        }
        Ok(challenge)
    }

    /// Returns the namespace whose credentials requests about `reference` go with; the empty one is the registry as a whole.
    pub(crate) fn namespace(&self, reference: Option<&Reference>) -> String {
        let of_reference = self
            .credential_source()
            .zip(reference)
            .and_then(|(source, reference)| source.namespace(reference.registry(), reference.repository()));
        of_reference.unwrap_or_default()
    }

    /// Returns the credentials for a namespace. The source is asked once, and again when they are no longer current.
    async fn sign_in(
        &self,
        registry: &Registry,
        namespace: &str,
        session: &Session,
    ) -> Result<Rc<SignIn>, Error> {
        let Some(source) = self.credential_source() else {
            return Ok(session.sign_in(namespace).unwrap_or_else(|| {
                let anonymous = SignIn::new(None);
                session.set_sign_in(namespace, Rc::clone(&anonymous));
                anonymous
            }));
        };
        let current = || session.sign_in(namespace).filter(|_| source.are_current(registry));
        if let Some(sign_in) = current() {
            return Ok(sign_in);
        }
        let _permit = session.first_request.acquire().await;
        if let Some(sign_in) = current() {
            return Ok(sign_in);
        }
        let asked = match namespace {
            "" => source.credentials(registry),
            namespace => source.credentials_of_namespace(registry, namespace),
        };
        let credentials =
            asked.await.map_err(|source| Error::Credentials { registry: registry.clone(), source })?;
        // Those that are the same as before keep their tokens.
        let same = session.sign_in(namespace).filter(|known| known.credentials() == credentials.as_ref());
        let sign_in = same.unwrap_or_else(|| SignIn::new(credentials));
        session.set_sign_in(namespace, Rc::clone(&sign_in));
        Ok(sign_in)
    }

    /// Returns other credentials than those `used`, which were refused when their namespace had `renewals` behind it; `None` if
    /// the source has no others. Of requests that are refused at the same time one asks the source, for all of them.
    async fn renewed_credentials(
        &self,
        registry: &Registry,
        namespace: &str,
        session: &Session,
        used: &Rc<SignIn>,
        renewals: u32,
        refusal: &CredentialRefusal,
    ) -> Result<Option<Rc<SignIn>>, Error> {
        let Some(source) = self.credential_source() else { return Ok(None) };
        let _permit = session.first_request.acquire().await;
        if session.renewals(namespace) != renewals {
            let is_other = |now: &Rc<SignIn>| now.credentials().is_some() && !Rc::ptr_eq(now, used);
            return Ok(session.sign_in(namespace).filter(is_other));
        }
        let renewed = source
            .renewed(registry, (!namespace.is_empty()).then_some(namespace), refusal)
            .await
            .map_err(|source| Error::Credentials { registry: registry.clone(), source })?;
        let renewed = renewed.filter(|renewed| Some(renewed) != used.credentials());
        let renewed = renewed.map(|renewed| SignIn::new(Some(renewed)));
        session.set_renewed(namespace, renewed.clone());
        Ok(renewed)
    }

    /// Drops the tokens that are good for `scopes` of the repository of `reference`: the registry takes them no more.
    pub(crate) fn drop_tokens(&self, reference: &Reference, scopes: &Scopes) {
        let sign_in = self.session(reference.registry()).sign_in(&self.namespace(Some(reference)));
        let Some(sign_in) = sign_in else { return };
        while let Some(token) = sign_in.token(scopes, self.now()) {
            sign_in.drop_token(&token);
        }
    }

    /// Returns `true` if the registry itself asks for credentials, and not a server that it redirects to.
    fn is_unauthorized(&self, registry: &Registry, response: &Response) -> bool {
        response.status == StatusCode::UNAUTHORIZED && self.is_own(registry, &response.url)
    }

    /// Returns the challenge of a response. If the browser hides it, the one that is known of the registry.
    fn challenge_of(
        &self,
        registry: &Registry,
        response: &Response,
        credentials: Option<&Credentials>,
    ) -> Option<Challenge> {
        let hidden = || {
            if let Some(known) = PublicRegistry::by_name(registry) {
                let (service, scopes, parameters) = (known.token_service(), Scopes::default(), Vec::new());
                return Some(Challenge::Bearer { service, scopes, parameters });
            }
            credentials.and_then(Credentials::basic).map(|_| Challenge::Basic { realm: String::new() })
        };
        Challenge::preferred(&response.headers).or_else(hidden)
    }

    /// Returns the authorization that meets `challenge`: credentials, a token that is still good, or a new one.
    fn authorization<'a>(
        &'a self,
        registry: &'a Registry,
        sign_in: &'a Rc<SignIn>,
        challenge: Option<Challenge>,
        scopes: &'a Scopes,
    ) -> LocalBoxFuture<'a, Result<Granted, Error>> {
        async move {
            let credentials = sign_in.credentials();
            let service = match challenge {
                None => return Ok(Granted::known(None)),
                Some(Challenge::Basic { .. }) => {
                    return Ok(Granted::known(credentials.and_then(Credentials::basic)));
                }
                Some(Challenge::Bearer { service, .. }) => service,
            };
            if let Some(token) = credentials.and_then(Credentials::bearer) {
                return Ok(Granted::known(Some(token)));
            }
            if let Some(token) = sign_in.token(scopes, self.now()) {
                return Ok(Granted::known(Some(token)));
            }
            let fetched = sign_in.fetched_token(scopes, || {
                let (client, sign_in) = (self.clone(), Rc::clone(sign_in));
                let (registry, service, scopes) = (registry.clone(), service.clone(), scopes.clone());
                async move {
                    let credentials = sign_in.credentials();
                    let token = client.fetch_token(&registry, &service, &scopes, credentials).await?;
                    let header = token.authorization.clone();
                    sign_in.keep_token(token);
                    Ok(Some(header))
                }
                .boxed_local()
            });
            Ok(Granted { header: fetched.await?, service: Some(service) })
        }
        .boxed_local()
    }

    /// Asks a token service.
    async fn fetch_token(
        &self,
        registry: &Registry,
        service: &TokenService,
        scopes: &Scopes,
        credentials: Option<&Credentials>,
    ) -> Result<Token, Error> {
        let realm = self.realm(registry, service)?;
        if credentials.is_some() && !self.may_go_to(registry, &realm).await {
            return Err(Error::ForeignRealm { registry: registry.clone(), realm: realm.to_string() });
        }
        let request = service.request(&realm, scopes, credentials);
        let request = Request {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body.into(),
            unverified_tls: self.access(registry) != Access::Tls,
            certificates_of: Some(registry.api_host().to_owned()),
            // By hand, so that credentials go no further than they may.
            follow_redirects: credentials.is_none(),
        };
        let url = shown_url(&request.url);
        let response = self.send_to_token_service(registry, &realm, request).await?;
        let now = self.now();
        if !response.status.is_success() {
            let Refusal { status, content_type, body, errors, retry_after, .. } =
                Refusal::read(response).await;
            let registry = Box::new(registry.clone());
            return Err(Error::Token { registry, url, status, content_type, body, errors, retry_after });
        }
        let body = collect(response, TOKEN_ANSWER_MAX as u64).await?;
        let answer = TokenAnswer::parse(&body).map_err(|error| Error::Protocol {
            url,
            expected: "a JSON object with a token",
            found: error.to_string(),
        })?;
        let end = now + answer.lifetime.as_secs_f64() * 1000.0;
        Ok(Token { scopes: scopes.clone(), authorization: answer.authorization, end })
    }

    /// Sends a request to the token service at `realm`, and follows its redirects: with credentials on the same site, else
    /// without. Whoever trusts a token service does not trust all that it points to.
    async fn send_to_token_service(
        &self,
        registry: &Registry,
        realm: &HttpUrl,
        request: Request,
    ) -> Result<Response, Error> {
        let session = self.session(registry);
        let mut request = request;
        for _ in 0..=REDIRECTS_MAX {
            let response = match self.send_once(registry, &session, &request).await {
                Ok(response) => response,
                Err(error) => return Err(self.diagnose(&request, error).await),
            };
            let location = location_of(&response.headers).filter(|_| response.status.is_redirection());
            let Some(location) = location else { return Ok(response) };
            let next = self.checked_realm(registry, &request.url, &location)?;
            let keeps_method =
                matches!(response.status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
            if !may_follow_redirect(realm, &next) && !is_same_site(registry, &next) {
                if keeps_method && request.method == Method::POST {
                    let (registry, realm) = (registry.clone(), next.to_string());
                    return Err(Error::ForeignRealm { registry, realm });
                }
                request.headers.remove(header::AUTHORIZATION);
            }
            if !keeps_method {
                request.method = Method::GET;
                request.body = RequestBody::from(Bytes::new());
                request.headers.remove(header::CONTENT_TYPE);
            }
            request.url = next.to_string();
        }
        let found = format!("more than {REDIRECTS_MAX}");
        Err(Error::Protocol { url: shown_url(&request.url), expected: "an end of the redirects", found })
    }

    /// Returns `true` if the credentials for a registry may go to the token service at `realm`.
    async fn may_go_to(&self, registry: &Registry, realm: &HttpUrl) -> bool {
        if is_same_site(registry, realm) {
            return true;
        }
        match self.credential_source() {
            Some(source) => source.may_go_to(registry, realm.as_str()).await,
            None => false,
        }
    }

    /// Returns the URL of a token service, which the registry may have written relative to its own.
    fn realm(&self, registry: &Registry, service: &TokenService) -> Result<HttpUrl, Error> {
        self.checked_realm(registry, &self.base_url(registry), &service.realm)
    }

    /// Resolves the URL of a token service. Refuses plain HTTP for a registry that is used by checked TLS.
    fn checked_realm(&self, registry: &Registry, base: &str, realm: &str) -> Result<HttpUrl, Error> {
        let realm = self.resolve(base, realm).map_err(|found| Error::Protocol {
            url: shown_url(base),
            expected: "the URL of a token service",
            found,
        })?;
        if realm.scheme() != "https" && self.access(registry) == Access::Tls {
            return Err(Error::PlainRealm { registry: registry.clone(), realm: realm.to_string() });
        }
        Ok(realm)
    }
}

/// Returns `true` for the statuses by which credentials are refused, or what they may do.
fn is_refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Returns `true` if a response can be that of a registry that hides what it has from those who show no credentials: any
/// refusal, a redirect to a page for people, or such a page.
fn may_hide_content(request: &ApiRequest, response: &Response) -> bool {
    match response.status {
        StatusCode::TOO_MANY_REQUESTS => false,
        status if status.is_success() => is_page_for_manifest(request, response),
        status => status.is_client_error() || status.is_redirection(),
    }
}

/// Returns `true` if a manifest was asked for, and a page for people has come.
fn is_page_for_manifest(request: &ApiRequest, response: &Response) -> bool {
    let is_manifest = matches!(&request.endpoint, Endpoint::Path(path) if path.contains("/manifests/"));
    is_manifest && is_page(&response.headers)
}

/// Reads the body of a refusal, so that its permits are free for the requests that follow from it.
async fn without_permits(response: Response) -> Response {
    let body = Body::full(response.body.prefix(BODY_MAX).await);
    Response { body, ..response }
}
