//! Plans for pushing, as a program sees them.

use std::rc::Rc;

use js_sys::Uint8Array;
use tallyman_core::{Action, Cost, PushPlan, Step};
use wasm_bindgen::prelude::wasm_bindgen;

use super::json::{Json, array, texts};

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
        let (media_type, digest, _) = self.0.list();
        let json = Json::new()
            .text("target", &self.0.target.to_string())
            .text("mediaType", media_type.as_str())
            .text("digest", digest.as_str())
            .number("stepCount", self.0.steps.len() as u64)
            .number("roundTrips", self.0.depth() as u64);
        cost(json, self.0.cost()).end()
    }

    /// The steps, as JSON.
    pub fn steps(&self) -> String {
        array(self.0.steps.iter().map(step))
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

fn cost(json: Json, Cost { requests, at_most }: Cost) -> Json {
    json.number("requests", requests as u64).number("requestsAtMost", at_most as u64)
}

fn step(Step { action, after, cost: costs }: &Step) -> String {
    let json = match action {
        Action::MountBlob { digest, sources } => Json::new()
            .text("kind", "mount")
            .text("digest", digest.as_str())
            .json("from", &texts(sources.iter().map(|source| source.repository.as_str())))
            .json("mayFail", if sources.iter().all(|source| source.may_fail) { "true" } else { "false" }),
        Action::CopyBlob { source, digest, size } => Json::new()
            .text("kind", "transfer")
            .text("digest", digest.as_str())
            .text("from", &source.name())
            .number("size", *size),
        Action::PutManifest { reference, media_type, digest, bytes } => Json::new()
            .text("kind", "copy")
            .text("digest", digest.as_str())
            .text("mediaType", media_type.as_str())
            .text("reference", &reference.to_string())
            .number("size", bytes.len() as u64),
        Action::PutList { reference, media_type, digest, bytes } => Json::new()
            .text("kind", "put")
            .text("digest", digest.as_str())
            .text("mediaType", media_type.as_str())
            .text("reference", &reference.to_string())
            .number("size", bytes.len() as u64),
    };
    let after = array(after.iter().map(usize::to_string));
    cost(json.json("after", &after), *costs).end()
}
