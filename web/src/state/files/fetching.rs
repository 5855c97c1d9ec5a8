//! Fetching layers for the worker: piece by piece, no more of them than it has read.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::poll_fn,
    pin::pin,
    rc::Rc,
    task::{Poll, Waker},
};

use futures_util::{
    StreamExt,
    future::{AbortHandle, Abortable},
};
use js_sys::Date;
use tallyman_core::{Descriptor, Digest, Reference};
use tallyman_files_worker::{ImageId, JobId, Request};
use tallyman_registry::{BlobPieces, ContentHasher, Error, Piece};
use wasm_bindgen_futures::spawn_local;

use super::{Files, Update};

/// Bytes that the worker has not read yet, at most.
const AHEAD_MAX: u32 = 1 << 20;
/// Milliseconds after which bytes that do not come are asked for again, if somebody wants that.
const STALLED: f64 = 1000.0;

/// The layers that are being fetched.
#[derive(Default)]
pub(super) struct Fetching(RefCell<HashMap<JobId, Rc<Fetch>>>);

struct Fetch {
    abort: AbortHandle,
    /// Bytes that were handed over and not read yet.
    ahead: Cell<u32>,
    /// The moment since which a registry is waited for, in milliseconds since 1970.
    waits_since: Cell<f64>,
    /// Asks again for the bytes that are waited for.
    is_again: Cell<bool>,
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

    /// Asks again for what a registry has let wait: a request of before may be sent only later.
    pub(super) fn ask_again(&self) {
        for fetch in self.0.borrow().values() {
            if Date::now() - fetch.waits_since.get() >= STALLED {
                fetch.is_again.set(true);
                if let Some(waker) = fetch.waiting.take() {
                    waker.wake();
                }
            }
        }
    }

    /// Fetches nothing more.
    pub(super) fn stop_all(&self) {
        self.0.borrow_mut().drain().for_each(|(_, fetch)| fetch.abort.abort());
    }
}

impl Fetch {
    /// Waits for what a registry sends. Returns `None` if it is to be asked again.
    async fn unless_again<T>(&self, coming: impl Future<Output = T>) -> Option<T> {
        let mut coming = pin!(coming);
        self.waits_since.set(Date::now());
        let came = poll_fn(|context| {
            if self.is_again.take() {
                return Poll::Ready(None);
            }
            *self.waiting.borrow_mut() = Some(context.waker().clone());
            coming.as_mut().poll(context).map(Some)
        })
        .await;
        self.waits_since.set(f64::INFINITY);
        came
    }

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
        let fetch = Rc::new(Fetch {
            abort,
            ahead: Cell::default(),
            waits_since: Cell::new(f64::INFINITY),
            is_again: Cell::default(),
            waiting: RefCell::default(),
        });
        self.0.fetching.0.borrow_mut().insert(job, Rc::clone(&fetch));
        let files = self.clone();
        spawn_local(async move {
            let work = files.hand_over(job, image, layer, range, &fetch);
            // The caller that ended it knows.
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
        // The bytes that were handed over.
        let mut given = 0;
        let mut pieces = None;
        loop {
            let Some(coming) = &mut pieces else {
                match fetch.unless_again(self.pieces(&source.reference, descriptor, range, given)).await {
                    Some(Ok(Some(begun))) => pieces = Some(begun),
                    // The whole layer tells why, if that does not come either.
                    Some(Ok(None) | Err(_)) => return self.send(&Request::NoRanges { job }),
                    None => {}
                }
                continue;
            };
            fetch.room().await;
            match fetch.unless_again(coming.next()).await {
                None => pieces = None,
                Some(Some(Ok(piece))) => {
                    let bytes = piece.bytes();
                    given += bytes.len() as u64;
                    fetch.ahead.set(fetch.ahead.get() + bytes.len() as u32);
                    if let Some(worker) = &*self.0.worker.borrow() {
                        worker.send_piece(job, &bytes);
                    }
                }
                Some(Some(Err(error))) if error.is_not_found() && descriptor.is_elsewhere() => {
                    return self.send(&Request::Elsewhere { job, urls: descriptor.urls.clone() });
                }
                Some(Some(Err(error))) => {
                    let reason = error.to_string();
                    let of_layer = source.reference.by_digest(descriptor.digest.clone());
                    self.0.update.dispatch(Update::Failed(of_layer, Rc::new(error)));
                    return self.send(&Request::Failed { job, reason });
                }
                Some(None) => return self.send(&Request::End { job }),
            }
        }
    }

    /// Begins to fetch the bytes of a layer, or of `range` alone, after the first `given`. Returns `None` if the registry does
    /// not send parts.
    async fn pieces(
        &self,
        reference: &Reference,
        layer: &Descriptor,
        range: Option<(u64, u64)>,
        given: u64,
    ) -> Result<Option<BlobPieces>, Error> {
        let client = self.0.registries.client();
        match range {
            Some((start, end)) => client.blob_range(reference, &layer.digest, start + given..end).await,
            None if given > 0 => Ok(Some(client.raw_blob(reference, layer, given))),
            None => {
                let hasher = Box::new(ComputedByWorker(layer.digest.clone()));
                Ok(Some(client.blob_pieces(reference, layer, hasher)))
            }
        }
    }
}
