//! Authorization: which credentials and tokens a request carries, and when they are asked for anew.

mod credentials;
mod negotiation;
mod token;

use http::{HeaderValue, Method, StatusCode};
use tallyman_auth::{Challenge, CredentialRefusal, Credentials, PublicRegistry, Scopes};
use tallyman_core::Registry;

use crate::{
    Body, Client, Error, Response,
    error::{BODY_MAX, ErrorResponse, words_of},
    request::{ApiRequest, Endpoint},
    semaphore::Permit,
    send::is_throttled,
    session::Session,
};

/// An `Authorization` header; `None` for a request without.
pub(crate) type Authorization = Option<HeaderValue>;

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
            return Err(ErrorResponse::read(response).await.into_error(None, &url, None));
        }
        session.set_pinged();
        let challenge = Challenge::preferred(&response.headers);
        let challenge = challenge.filter(|_| self.is_unauthorized(registry, &response));
        if let Some(challenge) = &challenge {
            session.set_challenge(challenge.clone());
        }
        Ok(challenge)
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
}

/// Returns `true` for the statuses by which credentials are refused, or what they may do.
fn is_refused(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}
