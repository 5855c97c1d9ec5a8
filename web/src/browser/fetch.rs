//! Requests to the app's own server.

use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

/// Sends a request to an address beside the page.
///
/// # Errors
/// The browser's words for why nothing came back.
pub async fn fetch(method: &str, address: &str) -> Result<Response, String> {
    let window = web_sys::window().ok_or_else(String::new)?;
    let init = RequestInit::new();
    init.set_method(method);
    awaited(&window.fetch_with_str_and_init(address, &init)).await?.dyn_into().map_err(|error| words(&error))
}

/// Reads the text of a response.
///
/// # Errors
/// The browser's words for why it ended early.
pub async fn text(response: &Response) -> Result<String, String> {
    let text = response.text().map_err(|error| words(&error))?;
    Ok(awaited(&text).await?.as_string().unwrap_or_default())
}

async fn awaited(promise: &JsValue) -> Result<JsValue, String> {
    JsFuture::from(promise.unchecked_ref::<Promise>().clone()).await.map_err(|error| words(&error))
}

/// The browser's words for an error.
pub(super) fn words(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map(|error| error.message().into()).unwrap_or_default()
}
