//! Things that come one after another: pages of names, pieces of blobs.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, LocalBoxStream},
};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{failure::Failure, promise::promise};

/// Things that come, as JavaScript takes them.
pub type Source = LocalBoxStream<'static, Result<JsValue, Failure>>;

/// A stream. Freeing it ends its requests.
#[wasm_bindgen]
pub struct Items(Rc<RefCell<Option<Source>>>);

impl Items {
    /// The stream that `begun` gives.
    pub fn new(begun: impl Future<Output = Result<Source, Failure>> + 'static) -> Self {
        Self(Rc::new(RefCell::new(Some(stream::once(begun).try_flatten().boxed_local()))))
    }
}

#[wasm_bindgen]
impl Items {
    /// The next item; `undefined` at the end, and while another one is waited for.
    pub fn next(&self, aborted: Option<Promise>) -> Promise {
        let place = Rc::clone(&self.0);
        promise(aborted, async move {
            let Some(mut source) = place.take() else { return Ok(JsValue::UNDEFINED) };
            match source.next().await {
                Some(item) => {
                    place.replace(Some(source));
                    item
                }
                None => Ok(JsValue::UNDEFINED),
            }
        })
    }
}
