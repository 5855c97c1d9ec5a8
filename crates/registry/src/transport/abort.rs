//! Requests of JavaScript that end when nobody waits for them.

use wasm_bindgen::JsValue;
use web_sys::{AbortController, AbortSignal};

/// An `AbortController` that aborts when it is dropped.
#[derive(Debug)]
pub struct AbortOnDrop(AbortController);

impl AbortOnDrop {
    /// Makes a controller that has not aborted yet.
    ///
    /// # Errors
    /// The value that was thrown where the platform has no `AbortController`.
    pub fn new() -> Result<Self, JsValue> {
        AbortController::new().map(Self)
    }

    /// Returns the signal to give to the request.
    pub fn signal(&self) -> AbortSignal {
        self.0.signal()
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
