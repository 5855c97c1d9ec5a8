//! Authorization of the gateway at a registry: by what it asks for, with the gateway's own user.

use std::{
    fmt::Display,
    sync::{MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use tallyman_auth::{Challenge, HttpUrl, Scopes, TOKEN_ANSWER_MAX, TokenAnswer, TokenService};
use tallyman_core::Repository;
use url::Url;

use super::Upstream;
use crate::{
    credentials::{Credentials, OwnLogin},
    refusal::Refusal,
};

/// The time for which the scheme that a registry asked for is taken for granted.
const AUTH_SCHEME_TTL: Duration = Duration::from_secs(600);

/// The credentials that a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AuthScheme {
    None,
    Basic,
    Bearer { realm: Url, service: TokenService },
}

impl Upstream {
    /// Returns the `Authorization` header of the gateway's own user for these scopes. `scheme` is what the registry asks for.
    pub(crate) async fn authorize(
        &self,
        own: &Credentials,
        scheme: AuthScheme,
        scopes: &Scopes,
    ) -> Result<Option<HeaderValue>, Refusal> {
        match scheme {
            // Some registries serve anonymous requests with less content, or until a write.
            AuthScheme::None | AuthScheme::Basic => Ok(own.basic()),
            AuthScheme::Bearer { realm, service } => {
                let key = scopes.to_string();
                if let Some(token) = own.token(&key) {
                    return Ok(Some(token));
                }
                let fetched = own.fetches.join(&key, async {
                    // Another request may have fetched it since the look above.
                    if let Some(token) = own.token(&key) {
                        return Ok(token);
                    }
                    let answer = self.fetch_token(own, &realm, &service, scopes).await?;
                    own.remember(&key, &answer);
                    Ok(answer.authorization)
                });
                let fetched = fetched.await;
                let is_gone = |refusal: &Refusal| {
                    !matches!(
                        refusal.status,
                        StatusCode::FORBIDDEN
                            | StatusCode::TOO_MANY_REQUESTS
                            | StatusCode::SERVICE_UNAVAILABLE
                    )
                };
                if fetched.as_ref().is_err_and(is_gone) {
                    // The registry says what has come in the service's place.
                    *self.learnt() = None;
                }
                fetched.map(Some)
            }
        }
    }

    /// Returns the credentials that the registry asks for: as learnt before, or by a request.
    pub(crate) async fn auth_scheme(&self) -> Result<AuthScheme, Refusal> {
        let known = self.learnt().clone();
        if let Some((scheme, since)) = &known
            && since.elapsed() < AUTH_SCHEME_TTL
        {
            return Ok(scheme.clone());
        }
        self.auth_scheme_fetch.join("", self.fetch_auth_scheme(known)).await
    }

    /// Asks the registry for what it wants. `known` is what it wanted before.
    async fn fetch_auth_scheme(&self, known: Option<(AuthScheme, Instant)>) -> Result<AuthScheme, Refusal> {
        let url = self.url("v2/", None);
        let response = self.send(&Method::GET, &url, &HeaderMap::new(), Body::empty()).await?;
        match response.status() {
            status @ StatusCode::UNAUTHORIZED => {
                let challenges = self.challenges_of(&url, status, response.headers());
                let realm = challenges.iter().find_map(|challenge| match challenge {
                    Challenge::Bearer { service, .. } => Some(&service.realm),
                    Challenge::Basic { .. } => None,
                });
                self.remember_challenges(&challenges).ok_or_else(|| match realm {
                    Some(realm) => self.unknown_token_service(realm),
                    None => Refusal::bad_gateway(format!(
                        "expected {} to send a Basic or Bearer challenge with 401, found neither",
                        self.name
                    )),
                })
            }
            // A registry that has asked for something leaves this open and repositories not.
            status if status.is_success() => {
                Ok(self.remember(known.map_or(AuthScheme::None, |(scheme, _)| scheme)))
            }
            status => Err(refused_by(
                &response,
                format!("expected {} to answer at /v2/, found {status}", self.name),
            )),
        }
    }

    /// Returns the credentials that the registry asks for where a repository is read: some leave `/v2/` open to all.
    pub(crate) async fn auth_scheme_of(&self, repository: &str) -> Result<AuthScheme, Refusal> {
        let scheme = self.auth_scheme().await?;
        if scheme != AuthScheme::None || repository.parse::<Repository>().is_err() {
            return Ok(scheme);
        }
        let url = self.url(&format!("v2/{repository}/tags/list"), Some("n=1"));
        let response = self.send(&Method::GET, &url, &HeaderMap::new(), Body::empty()).await?;
        let status = response.status();
        let challenges = self.challenges_of(&url, status, response.headers());
        Ok(self.remember_challenges(&challenges).unwrap_or_else(|| match self.credentials {
            // The scheme is kept, so that the next request sends the password at once.
            Some(_) if status.is_success() || status == StatusCode::NOT_FOUND => {
                self.remember(AuthScheme::Basic)
            }
            _ => scheme,
        }))
    }

    /// Returns the challenges of an answer that was given at `url`: those by which the registry itself refuses a request. A storage
    /// that it redirects to says nothing of the credentials that it wants.
    pub(crate) fn challenges_of(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> Vec<Challenge> {
        let is_refused = status == StatusCode::UNAUTHORIZED && self.is_own(url);
        if is_refused { Challenge::parse_all(headers) } else { Vec::new() }
    }

    /// Takes in the refusal at `url` of a request that went for the scopes `asked` with `authorization` of the gateway's own user.
    /// Returns the scopes to go with again: registries differ in what they want for the same request, and say so. Returns `None` for
    /// what the user may not do, as a token with other scopes would be refused like this one.
    pub(crate) fn scopes_after_refusal(
        &self,
        own: &Credentials,
        (url, refusal): (&Url, &Response<Body>),
        authorization: Option<&HeaderValue>,
        asked: &Scopes,
    ) -> Option<Scopes> {
        if let Some(sent) = authorization {
            own.forget(sent);
        }
        let challenges = self.challenges_of(url, refusal.status(), refusal.headers());
        self.remember_challenges(&challenges);
        let mut required = asked.clone();
        for challenge in &challenges {
            if let Challenge::Bearer { scopes, .. } = challenge {
                required = required.and(scopes);
            }
        }
        // Another request may have fetched a newer one meanwhile, so what is kept says nothing of the one that was sent.
        let lacks_right = is_token(authorization) && has_error(&challenges, "insufficient_scope");
        (!lacks_right || required != *asked).then_some(required)
    }

    /// Returns `true` if the refusal at `url` of a request that went with a fresh `authorization` is about what the user may do, and not
    /// about who it is: a token has a service's word for that, unless the registry cannot read it.
    pub(crate) fn lacks_right(
        &self,
        (url, refusal): (&Url, &Response<Body>),
        authorization: Option<&HeaderValue>,
    ) -> bool {
        let challenges = self.challenges_of(url, refusal.status(), refusal.headers());
        is_token(authorization) && !has_error(&challenges, "invalid_token")
    }

    /// Takes in the challenges of an answer.
    pub(crate) fn remember_challenges(&self, challenges: &[Challenge]) -> Option<AuthScheme> {
        let bearer = challenges.iter().find_map(|challenge| match challenge {
            Challenge::Bearer { service, .. } => {
                let realm = Url::parse(&service.realm).ok().filter(|realm| self.is_token_service(realm))?;
                Some(AuthScheme::Bearer { realm, service: service.clone() })
            }
            Challenge::Basic { .. } => None,
        });
        let basic = || {
            challenges.iter().any(|one| matches!(one, Challenge::Basic { .. })).then_some(AuthScheme::Basic)
        };
        bearer.or_else(basic).map(|scheme| self.remember(scheme))
    }

    /// Takes over what the registry asked for, as far as the configuration of today has it.
    pub(super) fn learn_from(&self, before: &Self) {
        let known = before.learnt().clone().filter(|(scheme, _)| match scheme {
            AuthScheme::Bearer { realm, .. } => self.is_token_service(realm),
            AuthScheme::None | AuthScheme::Basic => true,
        });
        *self.learnt() = known;
    }

    fn remember(&self, scheme: AuthScheme) -> AuthScheme {
        *self.learnt() = Some((scheme.clone(), Instant::now()));
        scheme
    }

    /// Returns the credentials that the registry asked for last, and when that was learnt, for as long as nobody else looks.
    fn learnt(&self) -> MutexGuard<'_, Option<(AuthScheme, Instant)>> {
        self.auth_scheme.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch_token(
        &self,
        own: &Credentials,
        realm: &Url,
        service: &TokenService,
        scopes: &Scopes,
    ) -> Result<TokenAnswer, Refusal> {
        let refused = |reason: &str| {
            format!(
                "expected a token of {}'s token service for the gateway's own user, found {reason}",
                self.name
            )
        };
        let wrong = |error: &dyn Display| Refusal::bad_gateway(refused(&error.to_string()));
        let realm = HttpUrl::from_normalized(realm.as_str()).map_err(|error| wrong(&error))?;
        let ask = async |login: &OwnLogin| {
            let request = service.request(&realm, scopes, Some(&login.login));
            let url = Url::parse(&request.url).map_err(|error| wrong(&error))?;
            self.send(&request.method, &url, &request.headers, Body::from(request.body)).await
        };
        let login = own.login();
        let mut response = ask(&login).await?;
        let is_refused = matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if is_refused && own.is_renewed(login.basic.as_ref()).await {
            response = ask(&own.login()).await?;
        }
        match response.status() {
            status if status.is_success() => {}
            // The service knows the user, or says no more than that.
            status @ StatusCode::FORBIDDEN => return Err(Refusal::denied(refused(status.as_str()))),
            status => return Err(refused_by(&response, refused(status.as_str()))),
        }
        let answer = self.token_answer(response.into_body()).await?;
        TokenAnswer::parse(&answer).map_err(|error| wrong(&error))
    }

    /// Returns the whole answer of the registry's token service.
    pub(crate) async fn token_answer(&self, body: Body) -> Result<Bytes, Refusal> {
        let body = Limited::new(body, TOKEN_ANSWER_MAX).collect().await.map_err(|_| {
            Refusal::bad_gateway(format!(
                "expected an answer of {}'s token service, found one that broke off or has more than 1 MiB",
                self.name
            ))
        })?;
        Ok(body.to_bytes())
    }
}

/// Returns `true` for an `Authorization` header that carries a token.
fn is_token(authorization: Option<&HeaderValue>) -> bool {
    authorization.is_some_and(|sent| sent.as_bytes().starts_with(b"Bearer "))
}

/// Returns `true` if a challenge names this error of a token (RFC 6750).
fn has_error(challenges: &[Challenge], wanted: &str) -> bool {
    challenges.iter().any(|challenge| match challenge {
        Challenge::Bearer { parameters, .. } => {
            parameters.iter().any(|(name, value)| name == "error" && value == wanted)
        }
        Challenge::Basic { .. } => false,
    })
}

/// Returns the refusal of a request for which the registry or its token service was to say something first, and answered otherwise. One
/// who is to come again later is told so, and when.
fn refused_by(answer: &Response<Body>, message: String) -> Refusal {
    let refusal = match answer.status() {
        status @ StatusCode::TOO_MANY_REQUESTS => Refusal::new(status, "TOOMANYREQUESTS", message),
        status @ StatusCode::SERVICE_UNAVAILABLE => Refusal::new(status, "UNAVAILABLE", message),
        _ => return Refusal::bad_gateway(message),
    };
    match answer.headers().get(header::RETRY_AFTER) {
        Some(when) => refusal.header(header::RETRY_AFTER, when.clone()),
        None => refusal,
    }
}
