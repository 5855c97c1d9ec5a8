//! Bodies that end with an error when whoever sends them is too slow.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::rate_floor::{Pace, RateFloor};

/// A body whose sender kept the gateway waiting for too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the rest of a body, but it came too slowly")]
pub(crate) struct Stalled;

/// A body that the caller did not send to its end.
#[derive(Debug, thiserror::Error)]
#[error("expected the rest of the request's body, but the caller ended it")]
pub(crate) struct UploadEnded(#[source] pub(crate) hyper::Error);

/// A body with a floor under the rate at which it comes, without trailers.
pub(crate) struct PacedBody<B> {
    body: B,
    floor: RateFloor,
    timer: Option<Pin<Box<Sleep>>>,
    progress: Option<Progress>,
}

impl<B> PacedBody<B>
where
    B: http_body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Send + Unpin + 'static,
{
    /// Returns the body with a floor under its rate, or an empty one if it has nothing in it.
    pub(crate) fn wrap(body: B, pace: Pace) -> Body {
        if body.is_end_stream() { Body::empty() } else { Body::new(Self::new(body, pace)) }
    }

    pub(crate) fn new(body: B, pace: Pace) -> Self {
        Self { body, floor: RateFloor::new(pace), timer: None, progress: None }
    }

    /// Tells `progress` how far the body is.
    pub(crate) fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }
}

impl<B> Drop for PacedBody<B> {
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            progress.moved(false);
        }
    }
}

impl<B> http_body::Body for PacedBody<B>
where
    B: http_body::Body<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if let Some(progress) = &this.progress {
            progress.moved(polled.is_pending());
        }
        match polled {
            // They are headers, and none that is passed on comes there.
            Poll::Ready(Some(Ok(frame))) if frame.is_trailers() => Poll::Ready(None),
            Poll::Ready(frame) => {
                let bytes = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                this.floor.resume(bytes.map_or(0, Bytes::len));
                this.timer = None;
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                this.floor.wait(0);
                let deadline = this.floor.deadline().unwrap_or_else(Instant::now);
                let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
                ready!(timer.as_mut().poll(context));
                Poll::Ready(Some(Err(Stalled.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The progress of a request's body, for whoever waits for the response.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// The last time at which a piece passed, or the body ended.
    moved: Instant,
    is_waiting_for_sender: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { moved: Instant::now(), is_waiting_for_sender: false })))
    }

    fn moved(&self, is_waiting_for_sender: bool) {
        let mut state = self.state();
        state.is_waiting_for_sender = is_waiting_for_sender;
        state.moved = Instant::now();
    }

    /// Returns the time until which the receiver may take to go on. While the sender is waited for, it has all its time.
    pub(crate) fn deadline(&self, limit: Duration) -> Instant {
        let state = self.state();
        let from = if state.is_waiting_for_sender { Instant::now() } else { state.moved };
        from + limit
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
