//! The question before a page is left.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BeforeUnloadEvent, Window};
use yew::prelude::*;

/// Makes the browser ask before it leaves the page, for as long as it is kept.
pub struct UnloadPrompt {
    window: Window,
    closure: Closure<dyn FnMut(BeforeUnloadEvent)>,
}

impl UnloadPrompt {
    /// Makes the browser ask from now on. Returns `None` if there is no window.
    pub fn hold() -> Option<Self> {
        let window = web_sys::window()?;
        let closure = Closure::new(|event: BeforeUnloadEvent| {
            event.prevent_default();
            // Browsers before 2023 look at this in place of that.
            event.set_return_value("unfinished");
        });
        let listener: &Closure<_> = &closure;
        window.add_event_listener_with_callback("beforeunload", listener.as_ref().unchecked_ref()).ok()?;
        Some(Self { window, closure })
    }
}

/// Makes the browser ask before it leaves the page, for as long as `is_busy`.
#[hook]
pub fn use_unload_prompt(is_busy: bool) {
    use_effect_with(is_busy, |is_busy| {
        let prompt = is_busy.then(UnloadPrompt::hold).flatten();
        move || drop(prompt)
    });
}

impl Drop for UnloadPrompt {
    fn drop(&mut self) {
        // A page that is about to go asks once more at worst.
        let _ = self
            .window
            .remove_event_listener_with_callback("beforeunload", self.closure.as_ref().unchecked_ref());
    }
}
