//! Layers that the worker keeps in this browser, forgotten with the registry that they come from.

use js_sys::Array;
use tallyman_files_worker::{KEPT_LAYERS, KEPT_LAYERS_BASE};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Cache, Request};

use crate::browser::caches::caches;

/// Removes all kept layers of a registry.
pub fn forget(host: &str) {
    let prefix = format!("{KEPT_LAYERS_BASE}{host}/");
    spawn_local(async move {
        // A browser that keeps nothing has nothing to remove.
        let _ = remove(&prefix).await;
    });
}

async fn remove(prefix: &str) -> Result<(), JsValue> {
    let Some(caches) = caches() else { return Ok(()) };
    if !JsFuture::from(caches.has(KEPT_LAYERS)).await?.is_truthy() {
        return Ok(());
    }
    let cache: Cache = JsFuture::from(caches.open(KEPT_LAYERS)).await?.unchecked_into();
    let keys: Array = JsFuture::from(cache.keys()).await?.unchecked_into();
    for request in keys.iter().map(JsCast::unchecked_into::<Request>) {
        if request.url().starts_with(prefix) {
            JsFuture::from(cache.delete_with_request(&request)).await?;
        }
    }
    Ok(())
}
