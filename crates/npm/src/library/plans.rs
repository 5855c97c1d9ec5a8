//! Plans for pushing, as a program sees them.

use std::rc::Rc;

use js_sys::Uint8Array;
use tallyman_commands::{PlannedPush, with_subject};
use tallyman_core::{
    ArtifactType, Descriptor, Format, PushPlan, Reference,
    json::{FieldError, Object, string_array},
};
use wasm_bindgen::prelude::wasm_bindgen;

use super::failure::Failure;

/// A plan.
#[wasm_bindgen]
pub struct Plan(Rc<PlannedPush>);

impl Plan {
    /// The plan `planned`.
    pub fn new(planned: PlannedPush) -> Self {
        Self(Rc::new(planned))
    }

    /// The plan itself.
    pub fn into_planned(self) -> Rc<PlannedPush> {
        self.0
    }
}

#[wasm_bindgen]
impl Plan {
    /// The same plan, which outlives this one.
    pub fn copy(&self) -> Self {
        Self(Rc::clone(&self.0))
    }

    /// All of it but for bytes and steps, as JSON.
    pub fn json(&self) -> String {
        self.0.plan.to_json_summary()
    }

    /// The steps, as JSON.
    pub fn steps(&self) -> String {
        self.0.plan.steps_to_json()
    }

    /// The parts of the list that a conversion has lost, as JSON.
    pub fn losses(&self) -> String {
        string_array(self.0.losses.iter().map(String::as_str))
    }

    /// The list's exact bytes.
    pub fn bytes(&self) -> Uint8Array {
        Uint8Array::from(&self.0.plan.list().2[..])
    }

    /// A line for each step, and a sum.
    pub fn text(&self) -> String {
        self.0.plan.to_string()
    }
}

/// Checks that a list which refers to `subject` is found among its referrers. The error says why it is not.
#[wasm_bindgen(js_name = checkSubject)]
pub fn check_subject(subject: &str, list: &str) -> Result<(), Failure> {
    let (subject, list): (Reference, Reference) = (subject.parse()?, list.parse()?);
    Ok(tallyman_commands::check_subject(&subject, &list)?)
}

/// The terms of a push.
#[derive(Default)]
pub struct PlanTerms {
    /// Copy images of other registries.
    pub copies: bool,
    /// The form that the list and its images are converted to.
    pub format: Option<Format>,
    by_digest: bool,
    subject: Option<Descriptor>,
    artifact_type: Option<ArtifactType>,
}

impl PlanTerms {
    /// Reads terms from JSON.
    pub fn parse(terms: &str) -> Result<Self, Failure> {
        let read = || {
            let fields = Object::parse(terms.as_bytes())?;
            let subject = fields.get("subject").map(|json| Descriptor::from_json(json, "subject"));
            Ok::<_, FieldError>((
                Self {
                    copies: fields.get("copy") == Some(b"true"),
                    format: None,
                    by_digest: fields.get("digestOnly") == Some(b"true"),
                    subject: subject.transpose()?,
                    artifact_type: None,
                },
                fields.string("artifactType")?,
                fields.string("format")?,
            ))
        };
        let (terms, artifact_type, format) =
            read().map_err(|error| Failure::argument(&format!("expected the terms of a push: {error}")))?;
        let format = format.map(|name| Format::parse(&name)).transpose();
        let artifact_type = artifact_type.map(|text| text.parse()).transpose()?;
        Ok(Self { format: format.map_err(|reason| Failure::argument(&reason))?, artifact_type, ..terms })
    }

    /// Changes a plan by the terms that need no other one.
    pub fn finish(self, plan: &mut PushPlan) -> Result<(), Failure> {
        if self.subject.is_some() || self.artifact_type.is_some() {
            with_subject(plan, self.subject, self.artifact_type)?;
        }
        if self.by_digest {
            plan.put_by_digest();
        }
        Ok(())
    }
}
