//! The worker of the Files page: a program of its own, to which messages are sent.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use js_sys::{Array, Uint8Array};
use tallyman_files_worker::{JobId, Request, Response};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Blob, MessageEvent, Worker, WorkerOptions, WorkerType};

/// The attribute of the script element in `index.html` that holds the address of the worker.
const SCRIPT: &str = "data-files-worker";
/// The one that holds the address of the page's style sheet.
const STYLE: &str = "data-files-style";

thread_local! {
    /// A worker that was started before anybody needed it.
    static SPARE: RefCell<Option<Spare>> = const { RefCell::new(None) };
}

/// A worker that nobody uses yet.
struct Spare {
    worker: Worker,
    state: Rc<Cell<SpareState>>,
    _listener: Closure<dyn FnMut(JsValue)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SpareState {
    Starting,
    Ready,
    Ended,
}

/// Starts a worker while it is still being found out what is to be read, so that its code is there then.
pub fn prepare() {
    if SPARE.with_borrow(Option::is_some) {
        return;
    }
    let Some(worker) = new_worker() else { return };
    let state = Rc::new(Cell::new(SpareState::Starting));
    let on = |next: SpareState| {
        let state = Rc::clone(&state);
        Closure::<dyn FnMut(JsValue)>::new(move |_| state.set(next))
    };
    // The first that it says is that it is ready.
    let (listener, on_error) = (on(SpareState::Ready), on(SpareState::Ended));
    worker.set_onmessage(Some(listener.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    SPARE.set(Some(Spare { worker, state, _listener: listener, _on_error: on_error }));
}

/// Ends the worker that nobody has used.
pub fn end_spare() {
    if let Some(spare) = SPARE.take() {
        spare.worker.terminate();
    }
}

fn new_worker() -> Option<Worker> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    Worker::new_with_options(&address(SCRIPT)?, &options).ok()
}

/// The worker. It ends with this.
pub struct FilesWorker {
    worker: Worker,
    /// The messages that are sent before the worker listens.
    waiting: Rc<RefCell<Option<Vec<Array>>>>,
    _listener: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(JsValue)>,
}

impl FilesWorker {
    /// Starts the worker. `on_message` gets what it says, `on_end` is told when it ends by itself. Returns `None` if the
    /// browser refuses.
    pub fn start(
        on_message: impl Fn(Response, Option<Blob>) + 'static,
        on_end: impl Fn() + 'static,
    ) -> Option<Self> {
        let spare = SPARE.take().filter(|spare| spare.state.get() != SpareState::Ended);
        let is_ready = spare.as_ref().is_some_and(|spare| spare.state.get() == SpareState::Ready);
        let worker = match &spare {
            Some(spare) => spare.worker.clone(),
            None => new_worker()?,
        };
        let waiting = Rc::new(RefCell::new((!is_ready).then(Vec::new)));
        let listener = {
            let (worker, waiting) = (worker.clone(), Rc::clone(&waiting));
            Closure::new(move |event: MessageEvent| {
                let parts = Array::from(&event.data());
                let response = parts.get(0).as_string().and_then(|json| serde_json::from_str(&json).ok());
                match response {
                    Some(Response::Ready) => {
                        for message in waiting.take().into_iter().flatten() {
                            post(&worker, &message);
                        }
                    }
                    Some(response) => on_message(response, parts.get(1).dyn_into().ok()),
                    None => {}
                }
            })
        };
        let is_over = Cell::new(false);
        let failed = Closure::new(move |_: JsValue| {
            if !is_over.replace(true) {
                on_end();
            }
        });
        worker.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(Self { worker, waiting, _listener: listener, _on_error: failed })
    }

    /// Sends a message.
    pub fn send(&self, request: &Request) {
        if let Ok(json) = serde_json::to_string(request) {
            self.post(&Array::of1(&JsValue::from(json)));
        }
    }

    /// Hands bytes of a layer over.
    pub fn send_piece(&self, job: JobId, bytes: &[u8]) {
        if let Ok(json) = serde_json::to_string(&Request::Piece { job }) {
            self.post(&Array::of2(&JsValue::from(json), &Uint8Array::from(bytes).buffer()));
        }
    }

    fn post(&self, message: &Array) {
        match &mut *self.waiting.borrow_mut() {
            Some(waiting) => waiting.push(message.clone()),
            None => post(&self.worker, message),
        }
    }
}

impl Drop for FilesWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// Sends a message; bytes in it are handed over, not copied.
fn post(worker: &Worker, message: &Array) {
    let handed = message.slice(1, message.length());
    // A worker that has ended takes nothing, and has said so.
    let _ = worker.post_message_with_transfer(message, &handed);
}

/// The address of the style sheet of the page.
pub fn style_sheet() -> Option<String> {
    address(STYLE)
}

fn address(name: &str) -> Option<String> {
    let document = web_sys::window()?.document()?;
    document.query_selector(&format!("script[{name}]")).ok()??.get_attribute(name)
}
