//! The part of the module with what few programs call: trees, differences, findings, conversions, the lists of a file, tags in an order. It is
//! loaded when one of them is called, after the [client's](super::client_part), of which it has a copy of the handle.

use std::rc::Rc;

use futures_util::FutureExt;
use tallyman_registry::Client;
use wasm_bindgen::JsValue;
use wasm_split_helpers::wasm_split;

use super::{
    client_part::PendingValue, compare::compare, failure::Failure, list_plans, lookup,
    operation::ExtraOperation, tag_order,
};

/// The operations of the part.
pub trait ExtrasPart {
    /// Starts an operation.
    fn run(&self, operation: ExtraOperation) -> PendingValue;
}

/// Makes the part. Its first call loads it.
#[wasm_split(extras, fallible)]
pub fn load_extras_part(client: Client) -> Result<Rc<dyn ExtrasPart>, Failure> {
    Ok(Rc::new(Extras(client)))
}

struct Extras(Client);

impl ExtrasPart for Extras {
    fn run(&self, operation: ExtraOperation) -> PendingValue {
        let client = self.0.clone();
        match operation {
            ExtraOperation::Plan { list, terms } => {
                async move { list_plans::plan(&client, &list, &terms).await }.boxed_local()
            }
            ExtraOperation::Apply { lists, applies, on_progress } => {
                async move { list_plans::apply(&client, &lists, applies, &on_progress).await }.boxed_local()
            }
            ExtraOperation::Tree { reference, platform } => {
                async move { lookup::below(&client, &reference, platform.as_deref()).await }.boxed_local()
            }
            ExtraOperation::Diff { left, right, platform } => {
                async move { compare(&client, [&left, &right], platform.as_deref()).await }.boxed_local()
            }
            ExtraOperation::Findings { reference } => {
                async move { lookup::linted(&client, &reference).await }.boxed_local()
            }
            ExtraOperation::SortTags { tags, order } => {
                async move { Ok::<JsValue, Failure>(tag_order::sorted(tags, order)) }.boxed_local()
            }
        }
    }
}
