//! Tokens: those that are still good, and those that a token service gives out.

use std::rc::Rc;

use bytes::Bytes;
use futures_util::{FutureExt, future::LocalBoxFuture};
use http::{Method, StatusCode, header};
use tallyman_auth::{
    Challenge, Credentials, HttpUrl, Scopes, TOKEN_ANSWER_MAX, TokenAnswer, TokenService, is_same_site,
    location_of, may_follow_redirect,
};
use tallyman_core::Registry;

use super::Authorization;
use crate::{
    Access, Client, Error, Request, RequestBody, Response,
    download::collect,
    error::{ErrorResponse, shown_url},
    sign_in::{SignIn, Token},
};

/// Redirects of a token service that are followed, as in Go.
const REDIRECTS_MAX: usize = 10;

/// An authorization, and the service that has given it out just now, if it is a new token.
pub(super) struct Granted {
    pub header: Authorization,
    pub service: Option<TokenService>,
}

impl Granted {
    pub(super) fn known(header: Authorization) -> Self {
        Self { header, service: None }
    }
}

impl Client {
    /// Returns the authorization that meets `challenge`: credentials, a token that is still good, or a new one.
    pub(super) fn authorization<'a>(
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
            let ErrorResponse { status, content_type, body, errors, retry_after, .. } =
                ErrorResponse::read(response).await;
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
