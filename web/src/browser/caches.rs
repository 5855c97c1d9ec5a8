//! The caches of the browser, which outlast a page.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use web_sys::CacheStorage;

/// Returns the caches; `None` where the browser has none, as for pages without HTTPS.
pub fn caches() -> Option<CacheStorage> {
    Reflect::get(&js_sys::global(), &"caches".into()).ok()?.dyn_into().ok()
}
