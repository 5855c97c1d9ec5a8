//! Messages of thrown values.

use js_sys::{JsString, Reflect};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

#[wasm_bindgen]
extern "C" {
    /// JavaScript's own text of any value. Throws where a method of the value does.
    #[wasm_bindgen(catch, js_name = String)]
    fn text_of(value: &JsValue) -> Result<JsString, JsValue>;
}

/// Returns the message of a thrown value, which need not be an error, nor one of this realm.
pub fn message(error: &JsValue) -> String {
    let message = Reflect::get(error, &"message".into()).ok().and_then(|message| message.as_string());
    message.or_else(|| text_of(error).ok().map(String::from)).unwrap_or_else(|| "no text".to_owned())
}
