//! Requests on the wire: a permit each, a limit of silence, and an error for every response that is no success.

use std::{cell::Cell, rc::Rc, time::Duration};

use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture},
    stream,
};
use http::StatusCode;
use tallyman_auth::location_of;
use tallyman_core::Registry;

use crate::{
    BodyStream, Client, Error, Event, Request, RequestBody, Response, Transport, TransportError,
    TransportErrorKind,
    error::{ErrorResponse, retry_after, seconds, shown_url},
    manifests::is_page,
    request::ApiRequest,
    retry::Retried,
    semaphore::Permit,
    session::Session,
};

/// Bytes a second at which a body that the client does not see leaving is taken to leave: slow uplinks have three times
/// that. Kernels keep up to [`BUFFER`] bytes of those that it does see.
const SLOW_UPLINK: f64 = 16.0 * 1024.0;
const BUFFER: u64 = 4 * 1024 * 1024;
/// The number of times that a request is sent again because a registry does not take so many at a time.
const THROTTLES_MAX: u32 = 8;
/// The number of times that it is sent again though it was the only one: if there were more before, or the registry says
/// when to come again.
const LONE_THROTTLES_MAX: u32 = 3;
const FIRST_THROTTLE: Duration = Duration::from_millis(100);
const LONGEST_THROTTLE: Duration = Duration::from_secs(5);
/// The longest time for which a timer of a body runs on while nobody reads it, and keeps a program of Node from its end.
const SILENCE_TICK: Duration = Duration::from_millis(250);
/// The longest wait for a mirror's answer: the registry is there behind it.
const MIRROR_MAX: Duration = Duration::from_secs(15);

// Futures that many callers await are boxed: each caller would otherwise have a copy of their code, and in wasm that is
// what weighs.
impl Client {
    /// Sends a request once, with the credentials that it needs. A response that is no success is an error.
    pub(crate) fn send<'a>(&'a self, request: &'a ApiRequest) -> LocalBoxFuture<'a, Result<Response, Error>> {
        async move {
            if let Some(response) = self.send_to_mirror(request).await {
                return Ok(response);
            }
            let (url, response) = self.send_authorized(request).await?;
            if response.status.is_success() {
                return Ok(response);
            }
            if let Some(found) = unfollowed(request, &response) {
                return Err(Error::Protocol { url: shown_url(&url), expected: "no redirect", found });
            }
            let storage = self.storage(&url, &response);
            Err(ErrorResponse::read(response).await.into_error(request.reference.as_ref(), &url, storage))
        }
        .boxed_local()
    }

    /// Returns the origin of the server that sent the response to a request for `url`, if that is another one. A server is the same by
    /// whatever scheme.
    fn storage(&self, url: &str, response: &Response) -> Option<Box<str>> {
        let (asked, found) = (self.resolve(url, url).ok()?, self.resolve(&response.url, &response.url).ok()?);
        let is_same = if asked.scheme() == found.scheme() {
            asked.origin() == found.origin()
        } else {
            asked.host() == found.host()
        };
        (!is_same).then(|| found.origin().into())
    }

    /// Sends a request for content to the mirror of its registry, without credentials. Returns `None` if the registry has no mirror,
    /// or it does not have the content, or does not answer: then it is left alone for a while. Its answer tells nothing about the registry, such as the scheme that it speaks.
    async fn send_to_mirror(&self, request: &ApiRequest) -> Option<Response> {
        let origin = self.mirror(&request.registry)?;
        let path = request.content_path()?;
        if request.reference.as_ref().is_some_and(|reference| self.reads_directly(reference)) {
            return None;
        }
        let sent = request.to_url(format!("{origin}{path}"), self.access(&request.registry), None);
        let session = self.session(&request.registry);
        if session.mirror_is_silent(self.now()) {
            return None;
        }
        let permits = self.permits(&session).await;
        let sent = Request { certificates_of: None, ..sent };
        let limit = self.transport().sleep(MIRROR_MAX);
        let sending = self.send_within_timeout(&sent).boxed_local();
        let future::Either::Left((Ok(response), _)) = future::select(sending, limit).await else {
            session.set_mirror_failed(self.now());
            return None;
        };
        let response = Response { body: response.body.holding(permits).of_mirror(), ..response };
        // Neither a manifest nor a blob is a page for people.
        (response.status.is_success() && !is_page(&response.headers)).then_some(response)
    }

    /// Sends a request for content as [`Client::send_with_retry`] does, and reads the response by `read`. If that fails for what a
    /// mirror has sent, the mirror is left alone for a while, and the registry itself asked.
    pub(crate) async fn send_and_read<T>(
        &self,
        request: &ApiRequest,
        read: impl AsyncFn(Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.with_retry(&request.registry, async || {
            loop {
                let response = self.send(request).await?;
                let is_of_mirror = response.body.is_of_mirror();
                match read(response).await {
                    Err(_) if is_of_mirror => self.session(&request.registry).set_mirror_failed(self.now()),
                    read => return read,
                }
            }
        })
        .await
    }

    /// Sends a request as [`Client::send`] does, again if its failure is transient.
    pub(crate) async fn send_with_retry(&self, request: &ApiRequest) -> Result<Response, Error> {
        self.with_retry(&request.registry, async || self.send(request).await).await
    }

    /// Sends a request when there is a permit for it. A registry that refuses it because of others under way (429, 503) is
    /// sent fewer at a time from then on, and this one again: one after another, as Docker sends them, it would have
    /// taken them. So is one whose connection was reset beside others. `Retry-After` is waited for; where requests are retried
    /// anyway ([`Retry`](crate::Retry)), that is told, and left to the retry if the request was the only one.
    pub(crate) fn send_once<'a>(
        &'a self,
        registry: &'a Registry,
        session: &'a Session,
        request: &'a Request,
    ) -> LocalBoxFuture<'a, Result<Response, TransportError>> {
        async move {
            let (mut throttles, mut retried) = (0, None);
            loop {
                if let RequestBody::Stream(_) = request.body {
                    // It lasts as long as its source, which needs permits of its own.
                    return self.send_within_timeout(request).await;
                }
                let permits = self.permits(session).await;
                let response = match self.send_within_timeout(request).await {
                    Ok(response) => response,
                    // Some registries accept few connections and close the others.
                    Err(TransportError { kind: TransportErrorKind::Reset, .. })
                        if permits[0].was_shared()
                            && session.scheme().is_some()
                            && throttles < THROTTLES_MAX =>
                    {
                        session.requests.lower();
                        drop(permits);
                        self.sleep(FIRST_THROTTLE.mul_f64(1.0 - self.jitter() / 2.0)).await;
                        throttles += 1;
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                if !is_throttled(&response) {
                    session.requests.used();
                    return Ok(Response { body: response.body.holding(permits), ..response });
                }
                let was_shared = permits[0].was_shared();
                let says_when = self.wait_asked_for(&response).is_some();
                let most = match (was_shared, session.requests.is_lowered() || says_when) {
                    (true, _) => THROTTLES_MAX,
                    (false, true) => LONE_THROTTLES_MAX,
                    (false, false) => 0,
                };
                if was_shared {
                    session.requests.lower();
                }
                let wanted = retry_after(&response.headers).unwrap_or_default();
                if throttles >= most || wanted > self.retry().max_retry_after {
                    return Ok(Response { body: response.body.holding(permits), ..response });
                }
                let doubled = FIRST_THROTTLE.saturating_mul(1 << throttles).min(LONGEST_THROTTLE);
                let wait = wanted.max(doubled.mul_f64(1.0 - self.jitter() / 2.0));
                let error = ErrorResponse::read(response).await.into_error(None, &request.url, None);
                drop(permits);
                throttles += 1;
                if self.retry().attempts > 1 && !wanted.is_zero() {
                    retried.get_or_insert_with(|| Retried::new(self, registry));
                    let registry = registry.clone();
                    self.notify(&Event::Retry { registry, error, wait, attempt: throttles });
                }
                self.wait(session, wait).await;
            }
        }
        .boxed_local()
    }

    /// Returns the wait that a registry asks for which does not take a request now; `None` if it asks for none or for too
    /// long a one, or if [`Retry`](crate::Retry) sees to it.
    pub(crate) fn wait_asked_for(&self, response: &Response) -> Option<Duration> {
        let retry = self.retry();
        retry_after(&response.headers)
            .filter(|wait| is_throttled(response) && retry.attempts == 1 && *wait <= retry.max_retry_after)
    }

    /// Waits for the permits of a request: the registry's, and the client's.
    pub(crate) async fn permits(&self, session: &Session) -> Vec<Permit> {
        vec![session.requests.acquire().await, self.permit().await]
    }

    /// Sends a request. Fails if nothing moves for as long as the client's timeout: neither the request's body, nor the
    /// response's head or body. Duration alone is no failure.
    pub(crate) async fn send_within_timeout(&self, request: &Request) -> Result<Response, TransportError> {
        let timeout = self.timeout();
        let moved = Rc::new(Cell::new(self.now()));
        let (request, unseen) = self.observed(request, &moved);
        let allowed = timeout + Duration::from_secs_f64(unseen as f64 / SLOW_UPLINK);
        let mut sent = self.transport().send(request);
        let (mut wait, mut began) = (allowed, moved.get());
        let response = loop {
            match future::select(sent, self.transport().sleep(wait)).await {
                future::Either::Left((response, _)) => break response?,
                future::Either::Right(((), still)) => sent = still,
            }
            let silence = Duration::from_secs_f64((self.now() - moved.get()).max(0.0) / 1000.0);
            // Only a body that was seen moving after the wait began makes it longer.
            wait = match allowed.checked_sub(silence) {
                Some(left) if moved.get() > began => left.max(Duration::from_millis(1)),
                _ => return Err(timed_out(timeout)),
            };
            began = self.now();
        };
        let silence = SilenceLimit { transport: Rc::clone(self.transport()), timeout, timer: None };
        let body = response.body.map(|pieces| {
            stream::unfold(Some((pieces, silence)), async |state| {
                let (mut pieces, mut silence) = state?;
                match silence.wait_for(pieces.next()).await {
                    Ok(piece) => Some((piece?, Some((pieces, silence)))),
                    Err(error) => Some((Err(error), None)),
                }
            })
            .boxed_local()
        });
        Ok(Response { body, ..response })
    }

    /// Returns the request with a body that tells `moved` when a piece of it leaves, and the bytes that leave unseen.
    fn observed(&self, request: &Request, moved: &Rc<Cell<f64>>) -> (Request, u64) {
        let RequestBody::Stream(body) = &request.body else { return (request.clone(), request.body.len()) };
        let (length, moved, transport) = (body.length, Rc::clone(moved), Rc::clone(self.transport()));
        let pieces = body.clone().into_pieces().inspect(move |_| moved.set(transport.now()));
        let body = RequestBody::Stream(BodyStream::new(length, pieces));
        (Request { body, ..request.clone() }, length.min(BUFFER))
    }
}

/// The limit of how long a body may be silent. One timer serves many pieces: platforms make and clear them slowly. It is a short one,
/// which is made anew only while a piece is waited for: a body that nobody reads any more soon has none.
struct SilenceLimit {
    transport: Rc<dyn Transport>,
    timeout: Duration,
    timer: Option<LocalBoxFuture<'static, ()>>,
}

impl SilenceLimit {
    /// Waits for something.
    ///
    /// # Errors
    /// The timeout, if it has passed before.
    async fn wait_for<T>(&mut self, work: impl Future<Output = T> + Unpin) -> Result<T, TransportError> {
        let began = self.transport.now();
        let (mut work, mut waited) = (work, Duration::ZERO);
        loop {
            let tick = SILENCE_TICK.min(self.timeout.saturating_sub(waited));
            // A timer that an earlier piece has begun says nothing about this one.
            let (timer, length) = self.timer.take().map_or_else(
                || {
                    let transport = Rc::clone(&self.transport);
                    (async move { transport.sleep(tick).await }.boxed_local(), tick)
                },
                |timer| (timer, Duration::ZERO),
            );
            match future::select(work, timer).await {
                future::Either::Left((done, timer)) => {
                    self.timer = Some(timer);
                    return Ok(done);
                }
                future::Either::Right(((), still)) => work = still,
            }
            // Timers come late where a page is not seen.
            let silence = Duration::from_secs_f64((self.transport.now() - began).max(0.0) / 1000.0);
            waited = silence.max(waited + length);
            if waited >= self.timeout {
                return Err(timed_out(self.timeout));
            }
        }
    }
}

/// Returns words for a redirect that was not followed because the request changes something; `None` for any other response.
fn unfollowed(request: &ApiRequest, response: &Response) -> Option<String> {
    let is_redirect = response.status.is_redirection() && !request.is_safe();
    let location = location_of(&response.headers).filter(|_| is_redirect)?;
    Some(format!("{} to {}; name the registry that it leads to", response.status, shown_url(&location)))
}

/// Returns `true` if a registry does not take a request now, because there are too many.
pub(crate) fn is_throttled(response: &Response) -> bool {
    matches!(response.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
}

fn timed_out(timeout: Duration) -> TransportError {
    let message = format!("nothing came for {}", seconds(timeout));
    TransportError { kind: TransportErrorKind::Timeout, message }
}
