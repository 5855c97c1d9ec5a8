//! What was thrown, in words.

use js_sys::JsString;
use wasm_bindgen::{JsCast, JsValue};

/// The message of something that was thrown.
pub fn message(error: &JsValue) -> String {
    if let Some(error) = error.dyn_ref::<js_sys::Error>() {
        return error.message().into();
    }
    error.dyn_ref::<JsString>().map_or_else(|| format!("{error:?}"), String::from)
}
