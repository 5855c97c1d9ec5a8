//! Things that come one after another: pages of names, pieces of blobs.

use std::{cell::RefCell, rc::Rc};

use futures_util::{Stream, StreamExt, stream::LocalBoxStream};
use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{failure::Failure, promise::promise};

type Source = LocalBoxStream<'static, Result<JsValue, Failure>>;

/// A stream. Freeing it ends its requests.
#[wasm_bindgen]
pub struct Items(Rc<RefCell<Option<Source>>>);

impl Items {
    /// The stream `items`.
    pub fn new<T>(items: impl Stream<Item = Result<T, Failure>> + 'static) -> Self
    where
        JsValue: From<T>,
    {
        Self(Rc::new(RefCell::new(Some(items.map(|item| item.map(JsValue::from)).boxed_local()))))
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
