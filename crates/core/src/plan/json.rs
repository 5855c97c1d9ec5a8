//! A plan as JSON: one vocabulary for the command line and the package.

use super::{Action, Cost, PushPlan, Step};
use crate::json::{ObjectWriter, array, string_array};

impl PushPlan {
    /// Returns the whole plan as JSON: what [`PushPlan::to_json_summary`] has, and the steps.
    pub fn to_json(&self) -> String {
        self.summary().json("steps", &self.steps_to_json()).end()
    }

    /// Returns the plan without its steps as JSON: `target`, `mediaType`, `digest` and `size` of the list, `stepCount`,
    /// `roundTrips`, `requests` and `requestsAtMost`.
    pub fn to_json_summary(&self) -> String {
        self.summary().end()
    }

    /// Returns the steps as a JSON array. Each has a `kind` (`mount-blob`, `copy-blob`, `put-manifest`, `put-list`), the
    /// steps that it waits for (`after`, counted from 0) and its `requests` and `requestsAtMost`.
    pub fn steps_to_json(&self) -> String {
        array(self.steps.iter().map(step))
    }

    fn summary(&self) -> ObjectWriter {
        let (media_type, digest, bytes) = self.list();
        let json = ObjectWriter::new()
            .string("target", &self.target.to_string())
            .string("mediaType", media_type.as_str())
            .string("digest", digest.as_str())
            .number("size", bytes.len() as u64)
            .number("stepCount", self.steps.len() as u64)
            .number("roundTrips", self.depth() as u64);
        cost(json, self.cost())
    }
}

fn step(Step { action, after, cost: costs }: &Step) -> String {
    let json = ObjectWriter::new();
    let json = match action {
        Action::MountBlob { digest, sources, .. } => json
            .string("kind", "mount-blob")
            .string("digest", digest.as_str())
            .json("from", &string_array(sources.iter().map(|source| source.repository.as_str())))
            .bool("mayFail", sources.iter().all(|source| source.may_fail)),
        Action::CopyBlob { source, digest, size } => json
            .string("kind", "copy-blob")
            .string("digest", digest.as_str())
            .string("from", &source.name())
            .number("size", *size),
        Action::PutManifest { reference, media_type, digest, bytes } => json
            .string("kind", "put-manifest")
            .string("digest", digest.as_str())
            .string("mediaType", media_type.as_str())
            .string("reference", &reference.to_string())
            .number("size", bytes.len() as u64),
        Action::PutList { reference, media_type, digest, bytes } => json
            .string("kind", "put-list")
            .string("digest", digest.as_str())
            .string("mediaType", media_type.as_str())
            .string("reference", &reference.to_string())
            .number("size", bytes.len() as u64),
    };
    cost(json.json("after", &array(after.iter().map(usize::to_string))), *costs).end()
}

fn cost(json: ObjectWriter, Cost { requests, at_most }: Cost) -> ObjectWriter {
    json.number("requests", requests as u64).number("requestsAtMost", at_most as u64)
}
