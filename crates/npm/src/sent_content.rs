//! Request bodies that JavaScript keeps as a whole.

use std::{any::Any, ops::Range, rc::Rc};

use js_sys::{Reflect, Uint8Array};
use tallyman_registry::KeptContent;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::Blob;

#[wasm_bindgen]
extern "C" {
    /// An array of bytes whose buffer a program may transfer at any time.
    type SentBytes;

    /// Returns a part of it. Throws if the buffer was transferred.
    #[wasm_bindgen(method, catch)]
    fn subarray(this: &SentBytes, start: f64, end: f64) -> Result<JsValue, JsValue>;
}

/// A `Uint8Array` or a `Blob` that is sent from where it is.
pub struct SentContent {
    value: JsValue,
    /// The number of bytes that it had at first.
    size: u64,
}

impl SentContent {
    /// Takes a `Uint8Array` or a `Blob`.
    #[cfg(feature = "library")]
    pub fn new(value: JsValue) -> Self {
        let size = size(&value) as u64;
        Self { value, size }
    }

    /// Returns the value of JavaScript behind content.
    pub fn value_of(content: &dyn KeptContent) -> &JsValue {
        let own: Option<&Self> = content.as_any().downcast_ref();
        &own.expect("content is kept by JavaScript alone").value
    }
}

/// Returns the number of bytes, which may be 4 GiB and more. Getters of a program's own class may throw, and nothing may pass through
/// the engine.
fn size(value: &JsValue) -> f64 {
    let name = if value.is_instance_of::<Uint8Array>() { "length" } else { "size" };
    Reflect::get(value, &name.into()).ok().and_then(|size| size.as_f64()).unwrap_or_default()
}

impl KeptContent for SentContent {
    fn size(&self) -> u64 {
        self.size
    }

    fn slice(&self, range: Range<u64>) -> Result<Rc<dyn KeptContent>, String> {
        let (start, end) = (range.start as f64, range.end as f64);
        let part = match self.value.is_instance_of::<Uint8Array>() {
            true => self.value.unchecked_ref::<SentBytes>().subarray(start, end),
            false => self.value.unchecked_ref::<Blob>().slice_with_f64_and_f64(start, end).map(JsValue::from),
        };
        let part = part.ok().filter(|part| size(part) == end - start);
        let part = part.ok_or(
            "expected bytes that stay until they are sent, found a buffer that was transferred: pass a copy",
        )?;
        Ok(Rc::new(Self { value: part, size: range.end - range.start }))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
