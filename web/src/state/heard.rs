//! A listener that goes with what needs it.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::EventTarget;

/// Listens until it is dropped.
pub struct Heard {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut()>,
}

impl Heard {
    /// Calls `heard` at each event `name` of `target`; nothing where the browser lets nobody listen.
    pub fn new(target: &EventTarget, name: &'static str, heard: impl FnMut() + 'static) -> Option<Self> {
        let closure = Closure::<dyn FnMut()>::new(heard);
        target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()).ok()?;
        Some(Self { target: target.clone(), name, closure })
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        // What cannot be taken off goes with the page.
        let _ =
            self.target.remove_event_listener_with_callback(self.name, self.closure.as_ref().unchecked_ref());
    }
}
