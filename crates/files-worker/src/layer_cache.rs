//! Layers that were read before, kept in the browser's Cache Storage: by repository and digest, the least recently used
//! removed first.

use js_sys::{Array, Date, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Cache, CacheStorage, Headers, ReadableStreamDefaultReader, Request, Response, ResponseInit,
    TransformStream, WritableStreamDefaultWriter,
};

use crate::messages::{KEPT_LAYERS, KEPT_LAYERS_BASE, KEPT_LAYERS_MAX, LayerSource};

/// Stands behind the address of a layer for the time at which it was last used.
const USED: &str = "?used";
/// The header that holds the number of bytes.
const SIZE: &str = "content-length";

/// The bytes of a layer that was kept.
pub struct KeptLayer(ReadableStreamDefaultReader);

/// A layer that is being kept.
pub struct Keeper {
    writer: WritableStreamDefaultWriter,
    put: Promise,
    address: String,
    cache: Cache,
}

fn address(source: &LayerSource) -> String {
    format!("{KEPT_LAYERS_BASE}{}/{}", source.place, source.digest)
}

/// Opens the cache. Returns `None` if the browser has none, or refuses it.
async fn cache() -> Option<Cache> {
    let caches: CacheStorage = Reflect::get(&js_sys::global(), &"caches".into()).ok()?.dyn_into().ok()?;
    JsFuture::from(caches.open(KEPT_LAYERS)).await.ok()?.dyn_into().ok()
}

/// Opens a layer that was kept.
pub async fn open(source: &LayerSource) -> Option<KeptLayer> {
    let (cache, address) = (cache().await?, address(source));
    let found = JsFuture::from(cache.match_with_str(&address)).await.ok()?;
    let body = found.dyn_into::<Response>().ok()?.body()?;
    mark_used(&cache, &address).await;
    Some(KeptLayer(body.get_reader().dyn_into().ok()?))
}

/// Removes a layer.
pub async fn remove(source: &LayerSource) {
    if let Some(cache) = cache().await {
        // A cached layer that cannot be removed is verified by its digest at each read.
        let _ = JsFuture::from(cache.delete_with_str(&address(source))).await;
    }
}

impl KeptLayer {
    /// Returns the next bytes; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        let part = JsFuture::from(self.0.read().unchecked_into::<Promise>()).await?;
        Ok(Reflect::get(&part, &"value".into())?.dyn_into::<Uint8Array>().ok())
    }

    /// Ends the reading.
    pub fn cancel(self) {
        // Nothing more is read of it, whatever becomes of it.
        let _ = self.0.cancel();
    }
}

impl Keeper {
    /// Begins to keep a layer. Returns `None` if it is too large, or the browser keeps nothing.
    pub async fn new(source: &LayerSource) -> Option<Self> {
        if source.size > KEPT_LAYERS_MAX {
            return None;
        }
        let (cache, address) = (cache().await?, address(source));
        let stream = TransformStream::new().ok()?;
        let headers = Headers::new().ok()?;
        headers.set(SIZE, &source.size.to_string()).ok()?;
        let init = ResponseInit::new();
        init.set_headers(&headers);
        let response =
            Response::new_with_opt_readable_stream_and_init(Some(&stream.readable()), &init).ok()?;
        let put = cache.put_with_str(&address, &response);
        Some(Self { writer: stream.writable().get_writer().ok()?, put: put.unchecked_into(), address, cache })
    }

    /// Keeps the next bytes. The promise ends when more are taken.
    pub fn write(&self, bytes: &Uint8Array) -> Promise {
        self.writer.write_with_chunk(bytes).unchecked_into()
    }

    /// Keeps the layer if it is whole and right, else nothing of it.
    pub fn finish(self, is_whole: bool) {
        let end: Promise = if is_whole {
            self.writer.close().unchecked_into()
        } else {
            self.writer.abort().unchecked_into()
        };
        spawn_local(async move {
            // A store that is full or forbidden keeps nothing, which costs a request later.
            let _ = JsFuture::from(end).await;
            if JsFuture::from(self.put).await.is_ok() && is_whole {
                mark_used(&self.cache, &self.address).await;
                // Removal is tried again with the next layer.
                let _ = make_room(&self.cache).await;
            }
        });
    }
}

async fn mark_used(cache: &Cache, address: &str) {
    if let Ok(response) = Response::new_with_opt_str(Some(&Date::now().to_string())) {
        // A layer without a time is taken for one that was never used.
        let _ = JsFuture::from(cache.put_with_str(&format!("{address}{USED}"), &response)).await;
    }
}

/// Removes the layers that were not used for longest, until the rest are few enough.
async fn make_room(cache: &Cache) -> Result<(), JsValue> {
    let mut layers = Vec::new();
    let keys: Array = JsFuture::from(cache.keys()).await?.unchecked_into();
    for request in keys.iter() {
        let address = request.unchecked_into::<Request>().url();
        if address.ends_with(USED) {
            continue;
        }
        let found = JsFuture::from(cache.match_with_str(&address)).await?;
        let Ok(response) = found.dyn_into::<Response>() else { continue };
        let size: u64 = response.headers().get(SIZE)?.and_then(|size| size.parse().ok()).unwrap_or_default();
        let used = JsFuture::from(cache.match_with_str(&format!("{address}{USED}"))).await?;
        let used = match used.dyn_into::<Response>() {
            Ok(used) => {
                JsFuture::from(used.text()?).await?.as_string().and_then(|time| time.parse::<f64>().ok())
            }
            Err(_) => None,
        };
        layers.push((used.unwrap_or_default(), size, address));
    }
    layers.sort_by(|(a, ..), (b, ..)| b.total_cmp(a));
    let mut room = KEPT_LAYERS_MAX;
    for (_, size, address) in layers {
        match room.checked_sub(size) {
            Some(rest) => room = rest,
            None => {
                JsFuture::from(cache.delete_with_str(&address)).await?;
                JsFuture::from(cache.delete_with_str(&format!("{address}{USED}"))).await?;
            }
        }
    }
    Ok(())
}
