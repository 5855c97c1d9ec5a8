//! Long work in pieces, between which the page does what else it has to do.

pub mod later;

use std::time::Duration;

use gloo_timers::future::sleep;
use js_sys::{Date, Promise};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

/// Milliseconds after which a frame is waited for no longer: the page may have been hidden meanwhile.
const PATIENCE: i32 = 100;

/// Milliseconds of work in one piece: half of what a frame has.
const PIECE: f64 = 8.0;

#[wasm_bindgen]
extern "C" {
    /// Lets the page do what waits, and comes back before other work is begun. Not every browser has it.
    #[wasm_bindgen(js_namespace = scheduler, js_name = "yield", catch)]
    fn give_way() -> Result<Promise, JsValue>;
}

/// Work that is done in pieces.
pub struct Pieces {
    begun: f64,
}

impl Pieces {
    /// The first piece begins.
    pub fn begin() -> Self {
        Self { begun: Date::now() }
    }

    /// Ends the piece where it has lasted long enough, and begins the next. Called after each bit of work.
    pub async fn pause(&mut self) {
        if Date::now() - self.begun < PIECE {
            return;
        }
        next_task().await;
        self.begun = Date::now();
    }
}

/// Ends the task that is under way, and goes on in another.
pub async fn next_task() {
    match give_way() {
        // It cannot fail: nothing ends it before its time.
        Ok(given) => drop(JsFuture::from(given).await),
        Err(_) => sleep(Duration::ZERO).await,
    }
}

/// Waits until what there is has been drawn, where the page is shown at all, and goes on in a task of its own.
pub async fn next_frame() {
    let window = web_sys::window().expect("a page has a window");
    if window.document().is_some_and(|document| !document.hidden()) {
        let drawn = Promise::new(&mut |resolve, _| {
            // Whichever comes first; nothing comes of the other.
            let asked = window.request_animation_frame(&resolve);
            let timed = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, PATIENCE);
            asked.and(timed).expect("a window takes both");
        });
        // It cannot fail: nothing rejects it.
        drop(JsFuture::from(drawn).await);
    }
    // A frame is drawn after what was asked to be called before it.
    next_task().await;
}
