//! The worker in the browser: messages of the page, and what the session wants done.

use std::{
    cell::{OnceCell, RefCell},
    collections::HashMap,
};

use bytes::Bytes;
use js_sys::{Array, ArrayBuffer, Date, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

use crate::{
    job::FilePart,
    layer_cache::{self, Keeper, KeptLayer},
    messages::{ImageId, JobId, LayerSource, QueryId, Request, Response},
    session::{Effect, Session},
};

/// Milliseconds after which trees are made of what came last.
const TICK: i32 = 150;
/// Milliseconds of reading kept bytes after which messages have their turn.
const TURN: f64 = 12.0;
/// The zeros that the holes of all files that are saved share.
const ZEROS: u32 = 16 << 20;

#[derive(Default)]
struct Worker {
    session: RefCell<Session>,
    /// Layers whose bytes are being kept.
    keepers: RefCell<HashMap<JobId, Keeper>>,
    /// Files that are being saved; `None` for one that the browser has no room for.
    saved: RefCell<HashMap<QueryId, Option<Array>>>,
    zeros: OnceCell<Option<Blob>>,
    is_timed: RefCell<bool>,
    scope: OnceCell<DedicatedWorkerGlobalScope>,
}

thread_local! {
    static WORKER: Worker = Worker::default();
}

impl Worker {
    /// Adds a part to those of a file. A hole is made of one blob again and again, which is no more bytes for the browser.
    fn with_part(&self, parts: Array, part: FilePart) -> Option<Array> {
        match part {
            FilePart::Bytes(bytes) => drop(parts.push(&Uint8Array::from(&bytes[..]))),
            FilePart::Zeros(count) => {
                let zeros = || Array::of1(&Uint8Array::new_with_length(ZEROS));
                let zeros = self.zeros.get_or_init(|| Blob::new_with_u8_array_sequence(&zeros()).ok());
                let zeros = zeros.as_ref()?;
                for _ in 0..count / u64::from(ZEROS) {
                    parts.push(zeros);
                }
                let rest = (count % u64::from(ZEROS)) as f64;
                parts.push(zeros.slice_with_f64_and_f64(0.0, rest).ok()?.as_ref());
            }
        }
        Some(parts)
    }
}

/// Begins to listen to the page.
#[wasm_bindgen(start)]
pub fn start() {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else { return };
    let onmessage = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| message(&event.data()));
    scope.set_onmessage(Some(onmessage.as_ref().unchecked_ref()));
    // It listens as long as the worker lives.
    onmessage.forget();
    // There is one start.
    let _ = WORKER.with(|worker| worker.scope.set(scope));
    post(&Response::Ready, None);
}

/// Takes a message: JSON, and bytes if there are any.
fn message(data: &JsValue) {
    let parts = Array::from(data);
    let Some(Ok(request)) = parts.get(0).as_string().map(|json| serde_json::from_str::<Request>(&json))
    else {
        return;
    };
    if let Request::Open { image, layers, holds: true, .. } = &request {
        spawn_local(read_kept(*image, layers.clone()));
    }
    let bytes = parts.get(1).dyn_into::<ArrayBuffer>().ok().map(|buffer| Uint8Array::new(&buffer));
    let is_written = match (&request, &bytes) {
        (Request::Piece { job }, Some(bytes)) => {
            WORKER.with(|worker| worker.keepers.borrow().get(job).map(|keeper| keeper.write(bytes)))
        }
        _ => None,
    };
    take(request, bytes.as_ref(), is_written.as_ref());
}

/// Has the session read the layers of an image that are kept in this browser.
async fn read_kept(image: ImageId, layers: Vec<LayerSource>) {
    for (number, source) in layers.iter().enumerate() {
        if let Some(bytes) = layer_cache::open(source).await {
            bytes.cancel();
            take(Request::Read { image, layers: vec![number as u32] }, None, None);
        }
    }
}

/// Has the session take a message. `is_written` is what the next bytes of the layer have to wait for.
fn take(request: Request, bytes: Option<&Uint8Array>, is_written: Option<&Promise>) {
    let bytes = bytes.map(|bytes| Bytes::from(bytes.to_vec()));
    let begun = Date::now();
    let effects = WORKER.with(|worker| {
        let mut session = worker.session.borrow_mut();
        let effects = session.take(request, bytes, begun);
        session.took(Date::now() - begun);
        effects
    });
    for effect in effects {
        match (effect, is_written) {
            (Effect::Post(taken @ Response::Taken { .. }), Some(is_written)) => {
                let is_written = JsFuture::from(is_written.clone());
                spawn_local(async move {
                    // A file that cannot be kept can still be read.
                    let _ = is_written.await;
                    post(&taken, None);
                });
            }
            (effect, _) => run(effect),
        }
    }
    tick_later();
}

fn run(effect: Effect) {
    match effect {
        Effect::Post(response) => post(&response, None),
        Effect::Read { job, source, image, layer, range: Some(range) } => spawn_local(async move {
            match layer_cache::open(&source).await {
                Some(bytes) => {
                    bytes.cancel();
                    take(Request::NoRanges { job }, None, None);
                }
                // It may have been ended meanwhile.
                None if WORKER.with(|worker| worker.session.borrow().wants(job)) => {
                    post(&Response::Fetch { job, image, layer, range: Some(range) }, None);
                }
                None => {}
            }
        }),
        Effect::Read { job, source, image, layer, range: None } => spawn_local(async move {
            match layer_cache::open(&source).await {
                Some(bytes) => pump(job, bytes, source).await,
                None => {
                    let keeper = Keeper::new(&source).await;
                    if !WORKER.with(|worker| worker.session.borrow().wants(job)) {
                        return keeper.into_iter().for_each(|keeper| keeper.finish(false));
                    }
                    if let Some(keeper) = keeper {
                        WORKER.with(|worker| worker.keepers.borrow_mut().insert(job, keeper));
                    }
                    post(&Response::Fetch { job, image, layer, range: None }, None);
                }
            }
        }),
        Effect::Ended { job, is_whole } => {
            if let Some(keeper) = WORKER.with(|worker| worker.keepers.borrow_mut().remove(&job)) {
                keeper.finish(is_whole);
            }
        }
        Effect::Part { query, part } => WORKER.with(|worker| {
            let mut saved = worker.saved.borrow_mut();
            let parts = saved.entry(query).or_insert_with(|| Some(Array::new()));
            *parts = parts.take().and_then(|parts| worker.with_part(parts, part));
        }),
        Effect::NotSaved { query } => {
            WORKER.with(|worker| worker.saved.borrow_mut().remove(&query));
        }
        Effect::Saved { query } => {
            let parts = WORKER.with(|worker| worker.saved.borrow_mut().remove(&query));
            let parts = parts.unwrap_or_else(|| Some(Array::new()));
            let blob = parts.and_then(|parts| Blob::new_with_u8_array_sequence(&parts).ok());
            post(&Response::Saved { query }, blob.as_ref().map(AsRef::as_ref));
        }
    }
}

/// Has the session read a layer that was kept.
async fn pump(job: JobId, mut bytes: KeptLayer, source: LayerSource) {
    let is_wanted = || WORKER.with(|worker| worker.session.borrow().wants(job));
    WORKER.with(|worker| worker.session.borrow_mut().is_kept(job));
    let mut begun = Date::now();
    while is_wanted() {
        match bytes.next().await {
            Ok(Some(piece)) => take(Request::Piece { job }, Some(&piece), None),
            Ok(None) => {
                take(Request::End { job }, None, None);
                return;
            }
            Err(_) => {
                layer_cache::remove(&source).await;
                let reason = "the copy that this browser kept cannot be read; try again".to_owned();
                return take(Request::Failed { job, reason }, None, None);
            }
        }
        if Date::now() - begun > TURN {
            turn().await;
            begun = Date::now();
        }
    }
    bytes.cancel();
}

/// Gives messages that have come their turn.
async fn turn() {
    let turn = Promise::new(&mut |resolve, _| {
        if let Some(scope) = WORKER.with(|worker| worker.scope.get().cloned()) {
            // Without a timer the next piece has its turn at once.
            if scope.set_timeout_with_callback(&resolve).is_err() {
                let _ = resolve.call0(&JsValue::NULL);
            }
        }
    });
    // It cannot fail: nothing rejects it.
    let _ = JsFuture::from(turn).await;
}

/// Looks again later whether trees are to be made anew.
fn tick_later() {
    if WORKER.with(|worker| worker.is_timed.replace(true)) {
        return;
    }
    let tick = Closure::once_into_js(|| {
        let (effects, is_stale) = WORKER.with(|worker| {
            worker.is_timed.replace(false);
            let begun = Date::now();
            let mut session = worker.session.borrow_mut();
            let ticked = session.tick(begun);
            session.took(Date::now() - begun);
            ticked
        });
        effects.into_iter().for_each(run);
        if is_stale {
            tick_later();
        }
    });
    if let Some(scope) = WORKER.with(|worker| worker.scope.get().cloned()) {
        // Without timers, trees are made as messages come.
        let _ = scope.set_timeout_with_callback_and_timeout_and_arguments_0(tick.unchecked_ref(), TICK);
    }
}

/// Sends a message to the page.
fn post(response: &Response, beside: Option<&JsValue>) {
    let Some(scope) = WORKER.with(|worker| worker.scope.get().cloned()) else { return };
    let Ok(json) = serde_json::to_string(response) else { return };
    let parts = Array::of1(&JsValue::from(json));
    if let Some(beside) = beside {
        parts.push(beside);
    }
    // A page that has gone listens to nothing.
    let _ = scope.post_message(&parts);
}
