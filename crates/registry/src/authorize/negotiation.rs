//! The exchange with a registry until a request has what the registry asks for: challenges, and what meets them.

use std::rc::Rc;

use futures_util::{FutureExt, future::LocalBoxFuture};
use http::StatusCode;
use tallyman_auth::{Challenge, PublicRegistry, Scopes, TokenService};

use super::token::Granted;
use crate::{
    Body, Client, Error, Response,
    error::BODY_MAX,
    manifests::is_page,
    request::{ApiRequest, Endpoint},
    semaphore::Permit,
    session::Session,
    sign_in::SignIn,
};

/// Challenges of a registry itself that are met: one that was not known or is another one now, and one because a token has expired
/// or does not have the scopes.
const CHALLENGES_MAX: u32 = 2;

/// A request on its way through the challenges of a registry.
struct Negotiation<'a> {
    client: &'a Client,
    request: &'a ApiRequest,
    session: &'a Session,
    sign_in: &'a Rc<SignIn>,
    /// The scopes of the request, and those that challenges ask for.
    scopes: Scopes,
    granted: Granted,
    /// The refusal of a token service that may be that of another repository: the registry names the right one.
    refusal: Option<(TokenService, Error)>,
    /// The permit of the request that goes ahead alone until it is known what the registry asks for.
    first_request: Option<Permit>,
    /// The same permit, if the others need not wait for more than the scheme.
    until_scheme: Option<Permit>,
    challenges: u32,
    may_be_hidden: bool,
}

impl Client {
    /// Sends a request with what the registry is known to ask for, and once or twice more if its answer asks for something
    /// else.
    pub(super) fn send_with_credentials<'a>(
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
        // Requests to a registry that nothing is known of wait for the first one, which learns for all of them.
        let asks_for_more = sign_in.credentials().is_some() || PublicRegistry::by_name(registry).is_some();
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
        if request.may_be_shortened && sign_in.credentials().is_some() {
            self.learn_challenge(session, registry, first_request.take()).await?;
        }
        let mut negotiation = Negotiation::begin(self, request, session, sign_in).await?;
        // If nothing but the scheme is to be learnt, the others need not wait for the answer.
        match asks_for_more {
            true => negotiation.first_request = first_request,
            false => negotiation.until_scheme = first_request,
        }
        let sent = match sent_ahead {
            Some(sent) => sent,
            None => negotiation.send().await?,
        };
        negotiation.carry_on(sent).await
    }
}

impl<'a> Negotiation<'a> {
    /// Begins with the authorization for the challenge that is known of the registry.
    async fn begin(
        client: &'a Client,
        request: &'a ApiRequest,
        session: &'a Session,
        sign_in: &'a Rc<SignIn>,
    ) -> Result<Self, Error> {
        let scopes = request.scopes.clone();
        let known = session.challenge();
        let granted = client.authorization(&request.registry, sign_in, known.clone(), &scopes).await;
        // A registry may have a token service for each repository.
        let (granted, refusal) = match (granted, known) {
            (Err(error @ Error::Token { status, .. }), Some(Challenge::Bearer { service, .. }))
                if status.is_client_error()
                    && status != StatusCode::TOO_MANY_REQUESTS
                    && request.body.is_repeatable() =>
            {
                (Granted::known(None), Some((service, error)))
            }
            (granted, _) => (granted?, None),
        };
        let may_be_hidden = sign_in.credentials().is_some();
        Ok(Self {
            client,
            request,
            session,
            sign_in,
            scopes,
            granted,
            refusal,
            first_request: None,
            until_scheme: None,
            challenges: 0,
            may_be_hidden,
        })
    }

    /// Sends the request with what was granted.
    async fn send(&mut self) -> Result<(String, Response), Error> {
        let Self { client, request, session, granted, until_scheme, .. } = self;
        client.send_by_scheme(session, request, granted.header.as_ref(), until_scheme).await
    }

    /// Sends the request again as long as its response asks for something else. A body that was sent as it came cannot be sent
    /// again.
    async fn carry_on(mut self, sent: (String, Response)) -> Result<(String, Response), Error> {
        let (mut url, mut response) = sent;
        while self.request.body.is_repeatable() {
            let challenge;
            (response, challenge) = self.challenge_in(response).await;
            let Some(challenge) = challenge else { break };
            response = without_permits(response).await;
            if !self.meet(challenge).await? {
                break;
            }
            (url, response) = self.send().await?;
        }
        match self.refusal {
            // An anonymous answer may be incomplete.
            Some((_, error)) if self.request.may_be_shortened || !response.status.is_success() => Err(error),
            _ => Ok((url, response)),
        }
    }

    /// Returns the challenge that is to be met next, if there is one, beside the response that it comes with.
    async fn challenge_in(&mut self, response: Response) -> (Response, Option<Challenge>) {
        let (client, registry) = (self.client, &self.request.registry);
        let credentials = self.sign_in.credentials();
        let is_unauthorized = client.is_unauthorized(registry, &response);
        // A browser hides challenges, so that none is no sign of anything.
        let says_why = client.obeys_cors() || Challenge::preferred(&response.headers).is_some();
        let is_hidden = self.may_be_hidden
            && self.granted.header.is_none()
            && may_hide_content(self.request, &response)
            && !(is_unauthorized && says_why);
        if is_hidden {
            self.may_be_hidden = false;
            let permit = self.first_request.take().or(self.until_scheme.take());
            let response = without_permits(response).await;
            let challenge = match client.learn_challenge(self.session, registry, permit).await {
                Ok(None) | Err(Error::Api { .. }) if is_unauthorized => {
                    client.challenge_of(registry, &response, credentials)
                }
                // The first answer is more useful than a failure here.
                learnt => learnt.unwrap_or_default(),
            };
            return (response, challenge);
        }
        if !is_unauthorized || self.challenges == CHALLENGES_MAX {
            return (response, None);
        }
        self.challenges += 1;
        let challenge = client.challenge_of(registry, &response, credentials);
        (response, challenge)
    }

    /// Gets what meets `challenge`. Returns `false` if that is nothing new.
    async fn meet(&mut self, challenge: Challenge) -> Result<bool, Error> {
        let (required, named) = match &challenge {
            Challenge::Bearer { service, scopes: asked, .. } => {
                (self.scopes.clone().and(asked), Some(service))
            }
            Challenge::Basic { .. } => (self.scopes.clone(), None),
        };
        match self.refusal.take() {
            Some((service, error)) if named == Some(&service) => return Err(error),
            _ => {}
        }
        if let Some(service) = &self.granted.service
            && required == self.scopes
            && named.is_none_or(|named| named == service)
        {
            // Another token like this one would be refused like it. Some registries have a service for each repository.
            return Ok(false);
        }
        if let Some(refused) = &self.granted.header {
            self.scopes = required;
            self.sign_in.drop_token(refused);
        }
        self.session.set_challenge(challenge.clone());
        drop((self.first_request.take(), self.until_scheme.take()));
        let registry = &self.request.registry;
        let next = self.client.authorization(registry, self.sign_in, Some(challenge), &self.scopes).await?;
        if next.header.is_none() || next.header == self.granted.header {
            return Ok(false);
        }
        self.granted = next;
        Ok(true)
    }
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
