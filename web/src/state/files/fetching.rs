//! Fetching layers for the worker: piece by piece, no more of them than it has read.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use futures_util::{
    StreamExt,
    future::{AbortHandle, Abortable},
};
use tallyman_core::Digest;
use tallyman_files_worker::{ImageId, JobId, Request};
use tallyman_registry::{ContentHasher, Piece};
use wasm_bindgen_futures::spawn_local;

use super::{Files, Update};
use crate::state::problem::Problem;

/// Bytes that the worker has not read yet, at most.
const AHEAD_MAX: u32 = 1 << 20;

/// The layers that are being fetched.
#[derive(Default)]
pub(super) struct Fetching(RefCell<HashMap<JobId, Rc<Fetch>>>);

struct Fetch {
    abort: AbortHandle,
    /// Bytes that were handed over and not read yet.
    ahead: Cell<u32>,
    waiting: RefCell<Option<Waker>>,
}

/// A digest that the worker computes: the page only counts.
struct ComputedByWorker(Digest);

impl ContentHasher for ComputedByWorker {
    fn update(&mut self, _: &Piece) {}

    fn digest(&self) -> Digest {
        self.0.clone()
    }
}

impl Fetching {
    /// The worker has read bytes of a layer.
    pub(super) fn taken(&self, job: JobId, bytes: u32) {
        if let Some(fetch) = self.0.borrow().get(&job) {
            fetch.ahead.set(fetch.ahead.get().saturating_sub(bytes));
            if let Some(waker) = fetch.waiting.take() {
                waker.wake();
            }
        }
    }

    /// Fetches no more of a layer.
    pub(super) fn stop(&self, job: JobId) {
        if let Some(fetch) = self.0.borrow_mut().remove(&job) {
            fetch.abort.abort();
        }
    }

    /// Fetches nothing more.
    pub(super) fn stop_all(&self) {
        self.0.borrow_mut().drain().for_each(|(_, fetch)| fetch.abort.abort());
    }
}

impl Fetch {
    /// Waits until the worker has read enough.
    async fn room(&self) {
        poll_fn(|context| {
            if self.ahead.get() < AHEAD_MAX {
                return Poll::Ready(());
            }
            *self.waiting.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Files {
    /// Fetches a layer, or the bytes of `range` alone, and hands it over.
    pub(super) fn fetch(&self, job: JobId, image: ImageId, layer: u32, range: Option<(u64, u64)>) {
        let (abort, registration) = AbortHandle::new_pair();
        let fetch = Rc::new(Fetch { abort, ahead: Cell::default(), waiting: RefCell::default() });
        self.0.fetching.0.borrow_mut().insert(job, Rc::clone(&fetch));
        let files = self.clone();
        spawn_local(async move {
            let work = files.hand_over(job, image, layer, range, &fetch);
            // Whoever ended it knows.
            if Abortable::new(work, registration).await.is_ok() {
                files.0.fetching.0.borrow_mut().remove(&job);
            }
        });
    }

    async fn hand_over(
        &self,
        job: JobId,
        image: ImageId,
        layer: u32,
        range: Option<(u64, u64)>,
        fetch: &Fetch,
    ) {
        let Some(source) = self.0.images.get(image as usize) else { return };
        let Some(descriptor) = source.layers.get(layer as usize).map(|layer| &layer.descriptor) else {
            return;
        };
        let client = self.0.registries.client();
        let mut pieces = match range {
            None => {
                let hasher = Box::new(ComputedByWorker(descriptor.digest.clone()));
                client.blob_pieces(&source.reference, descriptor, hasher)
            }
            Some((start, end)) => {
                match client.blob_range(&source.reference, &descriptor.digest, start..end).await {
                    Ok(Some(pieces)) => pieces,
                    // The whole layer tells why, if that does not come either.
                    Ok(None) | Err(_) => return self.send(&Request::NoRanges { job }),
                }
            }
        };
        loop {
            fetch.room().await;
            match pieces.next().await {
                Some(Ok(piece)) => {
                    let bytes = piece.bytes();
                    fetch.ahead.set(fetch.ahead.get() + bytes.len() as u32);
                    if let Some(worker) = &*self.0.worker.borrow() {
                        worker.send_piece(job, &bytes);
                    }
                }
                Some(Err(error)) => {
                    let of_layer = source.reference.by_digest(descriptor.digest.clone());
                    let problem = Problem::of_registry(&of_layer, &error);
                    let reason = problem.reason.clone();
                    self.0.update.dispatch(Update::Problem(image, layer, Rc::new(problem)));
                    return self.send(&Request::Failed { job, reason });
                }
                None => return self.send(&Request::End { job }),
            }
        }
    }
}
