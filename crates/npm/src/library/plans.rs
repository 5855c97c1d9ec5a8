//! Plans for pushing, as a program sees them.

use std::rc::Rc;

use js_sys::Uint8Array;
use tallyman_core::PushPlan;
use wasm_bindgen::prelude::wasm_bindgen;

/// A plan.
#[wasm_bindgen]
pub struct Plan(Rc<PushPlan>);

impl Plan {
    /// The plan `plan`.
    pub fn new(plan: PushPlan) -> Self {
        Self(Rc::new(plan))
    }

    /// The plan itself.
    pub fn plan(&self) -> Rc<PushPlan> {
        Rc::clone(&self.0)
    }
}

#[wasm_bindgen]
impl Plan {
    /// All of it but for bytes and steps, as JSON.
    pub fn json(&self) -> String {
        self.0.to_json_summary()
    }

    /// The steps, as JSON.
    pub fn steps(&self) -> String {
        self.0.steps_to_json()
    }

    /// The list's exact bytes.
    pub fn bytes(&self) -> Uint8Array {
        Uint8Array::from(&self.0.list().2[..])
    }

    /// A line for each step, and a sum.
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}
