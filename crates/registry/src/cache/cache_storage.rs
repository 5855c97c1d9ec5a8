//! The browser's Cache Storage.

use std::cell::Cell;

use bytes::Bytes;
use futures_util::{FutureExt, future::LocalBoxFuture};
use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use tallyman_core::{Digest, MediaType, Registry};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Cache, Headers, Request, Response, ResponseInit};

use super::{Content, ContentStore};

/// The cache's name; another form of what is in it would have another.
const NAME: &str = "tallyman-content-1";
/// Entries in it, at most; the oldest go first.
const COUNT_MAX: u32 = 4000;
/// The base of the URLs of its entries. No request is ever sent there: `.invalid` names nothing.
const BASE: &str = "https://content.invalid/";

/// A [`ContentStore`] in the browser's Cache Storage, across pages and visits. If the browser has none (pages served over
/// plain HTTP from a host name), or refuses, it is empty and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct CacheStorage;

thread_local! {
    /// The number of times that a registry was forgotten.
    static FORGOTTEN: Cell<u32> = const { Cell::new(0) };
}

impl CacheStorage {
    /// Forgets the content of all registries. It is gone when this ends.
    pub async fn forget_all(self) {
        FORGOTTEN.set(FORGOTTEN.get().wrapping_add(1));
        if let Ok(caches) = caches() {
            // An entry that cannot be removed is verified when it is read, like every entry.
            let _ = JsFuture::from(caches.delete(NAME)).await;
        }
    }
}

impl ContentStore for CacheStorage {
    fn get(&self, place: &str, digest: &Digest) -> LocalBoxFuture<'static, Option<Content>> {
        let address = address(place, digest);
        async move { read(&address).await.ok()? }.boxed_local()
    }

    fn keep(&self, place: &str, digest: &Digest, content: Content) {
        let address = address(place, digest);
        let forgotten = FORGOTTEN.get();
        spawn_local(async move {
            // A full or forbidden store keeps nothing, which costs a request later.
            let _ = write(&address, &content).await;
            // The entry was not there yet when those of its registry were removed.
            if FORGOTTEN.get() != forgotten {
                let _ = remove(&address).await;
            }
        });
    }

    fn remove(&self, place: &str, digest: &Digest) {
        let address = address(place, digest);
        spawn_local(async move {
            // An entry that cannot be removed is verified when it is read, like every entry.
            let _ = remove(&address).await;
        });
    }

    fn forget(&self, registry: &Registry) {
        FORGOTTEN.set(FORGOTTEN.get().wrapping_add(1));
        let prefix = format!("{BASE}{}/", registry.as_str());
        spawn_local(async move {
            // As above.
            let _ = remove_all(&prefix).await;
        });
    }
}

fn address(place: &str, digest: &Digest) -> String {
    format!("{BASE}{place}/{digest}")
}

/// The caches of the browser, or what it has in their place.
fn caches() -> Result<web_sys::CacheStorage, JsValue> {
    Reflect::get(&js_sys::global(), &"caches".into())?.dyn_into()
}

/// Opens the cache. Returns `None` if the browser has none.
async fn cache() -> Result<Option<Cache>, JsValue> {
    match caches() {
        Ok(caches) => Ok(Some(JsFuture::from(caches.open(NAME)).await?.unchecked_into())),
        Err(_) => Ok(None),
    }
}

async fn read(address: &str) -> Result<Option<Content>, JsValue> {
    let Some(cache) = cache().await? else { return Ok(None) };
    let found = JsFuture::from(cache.match_with_str(address)).await?;
    let Ok(response) = found.dyn_into::<Response>() else { return Ok(None) };
    let media_type = response.headers().get("content-type")?.filter(|found| !found.is_empty());
    let buffer: ArrayBuffer = JsFuture::from(response.array_buffer()?).await?.unchecked_into();
    let bytes = Bytes::from(Uint8Array::new(&buffer).to_vec());
    Ok(Some(Content { media_type: media_type.as_deref().map(MediaType::new), bytes }))
}

async fn write(address: &str, content: &Content) -> Result<(), JsValue> {
    let Some(cache) = cache().await? else { return Ok(()) };
    let headers = Headers::new()?;
    headers.set("content-type", content.media_type.as_ref().map_or("", |media_type| media_type.as_str()))?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    let body = Uint8Array::from(&*content.bytes);
    let response = Response::new_with_opt_buffer_source_and_init(Some(&body), &init)?;
    JsFuture::from(cache.put_with_str(address, &response)).await?;
    let keys = keys(&cache).await?;
    for at in 0..keys.length().saturating_sub(COUNT_MAX) {
        JsFuture::from(cache.delete_with_request(&keys.get(at).unchecked_into())).await?;
    }
    Ok(())
}

async fn remove(address: &str) -> Result<(), JsValue> {
    let Some(cache) = cache().await? else { return Ok(()) };
    JsFuture::from(cache.delete_with_str(address)).await.map(drop)
}

async fn remove_all(prefix: &str) -> Result<(), JsValue> {
    let Some(cache) = cache().await? else { return Ok(()) };
    for request in keys(&cache).await?.iter() {
        let request: Request = request.unchecked_into();
        if request.url().starts_with(prefix) {
            JsFuture::from(cache.delete_with_request(&request)).await?;
        }
    }
    Ok(())
}

/// Returns the URLs of the entries, the oldest first.
async fn keys(cache: &Cache) -> Result<Array, JsValue> {
    Ok(JsFuture::from(cache.keys()).await?.unchecked_into())
}
