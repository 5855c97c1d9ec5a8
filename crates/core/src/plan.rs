//! Plans of pushes, as values: made without any network, shown to the user, then executed.

mod build;
mod copy;
mod json;
mod show;

pub use build::check_registry;

use std::sync::Arc;

use thiserror::Error;

use crate::{Digest, ListEntry, MediaType, Reference, Repository, Tag, json::SyntaxError};

/// The plan of a push: its steps, their order and their cost.
///
/// ```
/// use tallyman_core::{ManifestList, PushPlan};
///
/// let list = ManifestList::new("ghcr.io/acme/app:v1".parse().unwrap());
/// let plan = PushPlan::new(&list)?;
/// assert_eq!(plan.cost().requests, 1);
/// assert_eq!(plan.list().1, &list.digest());
/// # Ok::<(), tallyman_core::PlanError>(())
/// ```
///
/// The steps stand in the order in which Docker makes them: all mounts, then the manifests, then the list. Those
/// that do not depend on each other may run side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushPlan {
    /// The list's name.
    pub target: Reference,
    /// The steps.
    pub steps: Vec<Step>,
    /// The manifests that are put before the list, in Docker's order: one for each entry of another repository, with
    /// the index of the step that puts it. Entries of one digest share a step.
    pub copies: Vec<(Reference, usize)>,
    /// The digest of the local list that is pushed.
    local_list: Option<Digest>,
}

/// One step of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The action.
    pub action: Action,
    /// Indices of the steps that must have succeeded before this one begins; all are smaller than its own.
    pub after: Vec<usize>,
    /// The requests that it makes.
    pub cost: Cost,
}

/// The number of requests that a step makes, without those that get a token or find out how to speak to the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The number if no request has to be repeated or replaced.
    pub requests: usize,
    /// The largest number.
    pub at_most: usize,
}

/// The action of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Makes a blob of another repository known in the target's, without transferring it.
    MountBlob {
        /// The blob.
        digest: Digest,
        /// Its size in bytes, for a registry that does not mount it.
        size: u64,
        /// The repositories that it can be mounted from, in the order to try.
        sources: Vec<MountSource>,
    },
    /// Brings a blob into the target's repository where it is not there: mounted within a registry, else transferred.
    CopyBlob {
        /// A repository that has it.
        source: Reference,
        /// The blob.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
    },
    /// Puts the manifest of an image into the target's repository, by digest.
    PutManifest {
        /// The first of the entries that it belongs to.
        reference: Reference,
        /// Its media type.
        media_type: MediaType,
        /// Its digest.
        digest: Digest,
        /// Its exact bytes.
        bytes: Arc<[u8]>,
    },
    /// Puts the list, or whatever else the target is to be: by tag, or by its own digest where the target has no tag.
    PutList {
        /// The name that it is put under: the target with a tag, or with its digest.
        reference: Reference,
        /// Its media type.
        media_type: MediaType,
        /// Its digest.
        digest: Digest,
        /// Its exact bytes.
        bytes: Arc<[u8]>,
    },
}

/// A repository that a blob can be mounted from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountSource {
    /// The repository, in the target's registry.
    pub repository: Repository,
    /// `true` if the push goes on when the registry does not mount the blob: Docker does so for Windows images, whose
    /// foreign layers are in no registry.
    pub may_fail: bool,
}

/// The reason why a list cannot be pushed. The first three in Docker's words.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// An entry without operating system or architecture.
    #[error("manifest {image} must have an OS and Architecture to be pushed to a registry")]
    PlatformMissing {
        /// The entry.
        image: Box<Reference>,
        /// Set for an artifact, which runs on nothing and has a type.
        is_artifact: bool,
    },
    /// An entry of another registry.
    #[error(
        "cannot use source images from a different registry than the target image: {source_registry} != {target_registry}"
    )]
    OtherRegistry {
        /// The entry.
        image: Box<Reference>,
        /// Its registry.
        source_registry: String,
        /// The target's registry.
        target_registry: String,
    },
    /// The bytes of an entry are not those that its digest stands for.
    #[error("internal digest mismatch for {image}: expected {expected}, got {found}")]
    DigestMismatch {
        /// The entry.
        image: Box<Reference>,
        /// The digest in its descriptor.
        expected: Digest,
        /// The digest of the bytes.
        found: Digest,
    },
    /// The manifest of an entry cannot be read.
    #[error("expected an image manifest in the local list for {image}, found something else: {reason}")]
    Manifest {
        /// The entry.
        image: Box<Reference>,
        /// The sentence about what was found.
        reason: String,
    },
    /// The stored manifest of an entry is no JSON.
    #[error("{reason}")]
    Syntax {
        /// The entry.
        image: Box<Reference>,
        /// The syntax error.
        reason: SyntaxError,
    },
}

impl PlanError {
    /// Creates the error about an entry that does not say on what it runs.
    pub fn platform_missing(entry: &ListEntry) -> Self {
        let is_artifact = entry.image().is_ok_and(|image| image.may_be_artifact());
        Self::PlatformMissing { image: Box::new(entry.reference.clone()), is_artifact }
    }

    /// Returns a stable name of the kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::PlatformMissing { .. } => "platform-missing",
            Self::OtherRegistry { .. } => "other-registry",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::Manifest { .. } | Self::Syntax { .. } => "manifest-invalid",
        }
    }
}

impl PushPlan {
    /// Returns the cost of all steps together.
    pub fn cost(&self) -> Cost {
        let sum = |of: fn(&Cost) -> usize| self.steps.iter().map(|step| of(&step.cost)).sum();
        Cost { requests: sum(|cost| cost.requests), at_most: sum(|cost| cost.at_most) }
    }

    /// Returns the number of round trips that follow each other when all steps that can run side by side do.
    pub fn depth(&self) -> usize {
        let mut depths: Vec<usize> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let before = step.after.iter().map(|index| depths[*index]).max().unwrap_or_default();
            depths.push(before + 1);
        }
        depths.into_iter().max().unwrap_or_default()
    }

    /// Returns the digest of the local list as it was planned ([`ManifestList::digest`](crate::ManifestList::digest)), by which a
    /// store tells after the push whether somebody has changed the list meanwhile. It is not that of the list that is put if a
    /// conversion or a subject makes another one. `None` for a copy.
    pub fn local_list(&self) -> Option<&Digest> {
        self.local_list.as_ref()
    }

    /// Changes the plan so that the list is put by its digest alone, without a tag.
    pub fn put_by_digest(&mut self) {
        if let Some(Action::PutList { reference, digest, .. }) =
            self.steps.last_mut().map(|step| &mut step.action)
        {
            *reference = reference.by_digest(digest.clone());
        }
    }

    /// Adds steps that put the list under further tags when it is there.
    pub fn put_under(&mut self, tags: &[Tag]) {
        let (media_type, digest, bytes) = self.list();
        let (media_type, digest, bytes) = (media_type.clone(), digest.clone(), bytes.clone());
        let list = self.steps.len() - 1;
        for tag in tags {
            let (media_type, digest, bytes) = (media_type.clone(), digest.clone(), bytes.clone());
            let reference = self.target.by_tag(tag.clone());
            let action = Action::PutList { reference, media_type, digest, bytes };
            self.steps.push(Step { action, after: vec![list], cost: Cost { requests: 1, at_most: 1 } });
        }
    }

    /// Returns the name that the list is put under: the target with its tag, or with the list's digest.
    pub fn reference(&self) -> &Reference {
        self.put_list().0
    }

    /// Returns media type, digest and bytes of the list.
    pub fn list(&self) -> (&MediaType, &Digest, &Arc<[u8]>) {
        self.put_list().1
    }

    fn put_list(&self) -> (&Reference, (&MediaType, &Digest, &Arc<[u8]>)) {
        match self.steps.last().map(|step| &step.action) {
            Some(Action::PutList { reference, media_type, digest, bytes }) => {
                (reference, (media_type, digest, bytes))
            }
            _ => unreachable!("the last step of every plan puts the list"),
        }
    }
}
