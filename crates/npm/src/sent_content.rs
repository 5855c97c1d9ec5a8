//! Request bodies that JavaScript keeps as a whole.

use std::{any::Any, ops::Range, rc::Rc};

use js_sys::Uint8Array;
use tallyman_registry::KeptContent;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Blob;

/// A `Uint8Array` or a `Blob` that is sent from where it is.
pub struct SentContent(pub JsValue);

impl SentContent {
    /// Returns the value of JavaScript behind content.
    pub fn value_of(content: &dyn KeptContent) -> &JsValue {
        let own: Option<&Self> = content.as_any().downcast_ref();
        &own.expect("content is kept by JavaScript alone").0
    }
}

impl KeptContent for SentContent {
    fn size(&self) -> u64 {
        match self.0.dyn_ref::<Uint8Array>() {
            Some(bytes) => bytes.length().into(),
            None => self.0.unchecked_ref::<Blob>().size() as u64,
        }
    }

    fn slice(&self, range: Range<u64>) -> Rc<dyn KeptContent> {
        let (start, end) = (range.start as f64, range.end as f64);
        let part = match self.0.dyn_ref::<Uint8Array>() {
            // An array has less than 4 GiB.
            Some(bytes) => bytes.subarray(start as u32, end as u32).into(),
            None => {
                let blob: &Blob = self.0.unchecked_ref();
                blob.slice_with_f64_and_f64(start, end).expect("any range of a blob can be taken").into()
            }
        };
        Rc::new(Self(part))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
