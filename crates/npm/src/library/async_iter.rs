//! Results that come one after another: pages of names, pieces of blobs.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, AbortHandle, LocalBoxStream},
};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{failure::Failure, promise::promise};

/// A stream of values of JavaScript.
pub type ItemStream = LocalBoxStream<'static, Result<JsValue, Failure>>;

/// A stream that JavaScript iterates. Freeing it ends its requests.
#[wasm_bindgen]
pub struct AsyncIter {
    source: Rc<RefCell<Option<ItemStream>>>,
    abort: AbortHandle,
}

impl AsyncIter {
    /// Makes the stream that `opening` gives.
    pub fn new(opening: impl Future<Output = Result<ItemStream, Failure>> + 'static) -> Self {
        let (source, abort) = stream::abortable(stream::once(opening).try_flatten().boxed_local());
        Self { source: Rc::new(RefCell::new(Some(source.boxed_local()))), abort }
    }
}

#[wasm_bindgen]
impl AsyncIter {
    /// Resolves to the next item; to `undefined` at the end, when it is aborted, and while another call is waiting.
    pub fn next(&self) -> Promise {
        let place = Rc::clone(&self.source);
        promise(None, async move {
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

    /// Ends it, and what is under way. Once for the whole: a promise for each item would cost as much as the item.
    pub fn abort(&self) {
        self.abort.abort();
    }
}
