//! Results that come one after another: pages of names, pieces of blobs.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, LocalBoxStream},
};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{failure::Failure, promise::promise};

/// A stream of values of JavaScript.
pub type ItemStream = LocalBoxStream<'static, Result<JsValue, Failure>>;

/// A stream that JavaScript iterates. Freeing it ends its requests.
#[wasm_bindgen]
pub struct AsyncIter(Rc<RefCell<Option<ItemStream>>>);

impl AsyncIter {
    /// Makes the stream that `opening` gives.
    pub fn new(opening: impl Future<Output = Result<ItemStream, Failure>> + 'static) -> Self {
        Self(Rc::new(RefCell::new(Some(stream::once(opening).try_flatten().boxed_local()))))
    }
}

#[wasm_bindgen]
impl AsyncIter {
    /// Resolves to the next item; to `undefined` at the end, and while another call is waiting.
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
