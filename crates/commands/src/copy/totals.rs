//! The totals of a copy, with those of what belongs to the image.

use tallyman_core::{Action, PushPlan};

use super::CopyPlan;
use crate::PushEvent;

/// The totals of a copy, with those of the referrers and the digests' tags that come along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyTotals {
    /// Manifests that it consists of.
    pub manifests: u64,
    /// Manifests that are put.
    pub put: u64,
    /// Blobs that are looked for in the target, and copied if they are not there.
    pub blobs: u64,
    /// Steps of all plans.
    pub steps: usize,
    /// Bytes of the blobs that may have to be transferred.
    pub bytes: u64,
    /// Bytes of blobs that have been transferred.
    pub transferred: u64,
}

impl CopyTotals {
    /// Begins with the manifests that a copy consists of, before anything is done.
    pub fn of(copy: &CopyPlan) -> Self {
        Self { manifests: copy.manifests as u64, ..Self::default() }
    }

    /// Adds a plan of the copy itself, which is about to be carried out.
    #[must_use]
    pub fn with_plan(mut self, plan: &PushPlan) -> Self {
        self.steps += plan.steps.len();
        for step in &plan.steps {
            match step.action {
                Action::PutManifest { .. } | Action::PutList { .. } => self.put += 1,
                Action::CopyBlob { size, .. } => {
                    self.blobs += 1;
                    self.bytes = self.bytes.saturating_add(size);
                }
                Action::MountBlob { .. } => {}
            }
        }
        self
    }

    /// Adds a plan of what comes along, whose manifests are not among those that the copy consists of.
    #[must_use]
    pub fn with_plan_along(self, plan: &PushPlan) -> Self {
        let with = self.with_plan(plan);
        Self { manifests: with.manifests + (with.put - self.put), ..with }
    }

    /// Adds an event of a plan that is carried out.
    #[must_use]
    pub fn with_event(self, event: &PushEvent) -> Self {
        match event {
            PushEvent::Transferred { bytes, .. } => Self { transferred: self.transferred + bytes, ..self },
            _ => self,
        }
    }
}
