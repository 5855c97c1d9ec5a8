//! Tags in an order that is not the registry's.

use js_sys::Array;
use tallyman_commands::TagOrder;
use tallyman_core::is_digest_tag;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::failure::Failure;

/// Parses the name of an order.
pub fn order(name: &str) -> Result<TagOrder, Failure> {
    TagOrder::parse(name).map_err(|reason| Failure::argument(&format!("{reason} as sort")))
}

/// Returns `true` for tags that stand for a digest.
#[wasm_bindgen(js_name = isDigestTag)]
pub fn stands_for_digest(tag: &str) -> bool {
    is_digest_tag(tag)
}

/// Puts tags into an order.
pub fn sorted(mut tags: Vec<String>, order: TagOrder) -> JsValue {
    order.sort(&mut tags);
    tags.into_iter().map(JsValue::from).collect::<Array>().into()
}
