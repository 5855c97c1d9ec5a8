//! Messages of thrown values.

use js_sys::JsString;
use wasm_bindgen::{JsCast, JsValue};

/// Returns the message of a thrown value.
pub fn message(error: &JsValue) -> String {
    if let Some(error) = error.dyn_ref::<js_sys::Error>() {
        return error.message().into();
    }
    error.dyn_ref::<JsString>().map_or_else(|| format!("{error:?}"), String::from)
}
