//! The steps that push a list.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Action, Cost, MountSource, PlanError, PushPlan, Step};
use crate::{Descriptor, Digest, ListEntry, ManifestList, Reference};

/// Bytes of a blob that are sent at once when it is copied.
const COPY_PART: u64 = 8 * 1024 * 1024;

impl PushPlan {
    /// Creates the plan for pushing `list`.
    ///
    /// Makes the checks that Docker makes before its first request, in Docker's order. A list without entries has
    /// no plan that Docker would make; it is refused by the caller.
    ///
    /// # Errors
    /// Any [`PlanError`].
    pub fn new(list: &ManifestList) -> Result<Self, PlanError> {
        let kept = kept_digests(list);
        for entry in list.iter() {
            check_platform(entry, list, &kept)?;
            check_registry(entry, list.reference())?;
        }
        Self::of_checked(list)
    }

    /// Creates the plan for pushing `list` with images of other registries, which Docker refuses: they are copied.
    ///
    /// # Errors
    /// As [`PushPlan::new`], but for the registries.
    pub fn with_copies(list: &ManifestList) -> Result<Self, PlanError> {
        let kept = kept_digests(list);
        list.iter().try_for_each(|entry| check_platform(entry, list, &kept))?;
        Self::of_checked(list)
    }

    fn of_checked(list: &ManifestList) -> Result<Self, PlanError> {
        let target = list.reference();
        // Nested lists have to be there already: what they point to is not in the list.
        let is_image = |entry: &&ListEntry| !entry.descriptor.media_type.is_list();
        let foreign: Vec<&ListEntry> = list
            .iter()
            .filter(is_image)
            .filter(|entry| !entry.reference.is_same_repository(target))
            .collect();
        let mut mounts = Mounts::default();
        let mut blobs = Vec::with_capacity(foreign.len());
        let mut manifests = Vec::with_capacity(foreign.len());
        for entry in &foreign {
            blobs.push(mounts.add(entry, target)?);
            manifests.push(checked_bytes(entry)?);
        }
        let mut steps = mounts.steps;
        let mut copies = Vec::with_capacity(foreign.len());
        let mut put_at: HashMap<&Digest, usize> = HashMap::new();
        for ((entry, after), bytes) in foreign.iter().zip(blobs).zip(manifests) {
            let index = *put_at.entry(&entry.descriptor.digest).or_insert(steps.len());
            if index == steps.len() {
                steps.push(put_manifest(entry, bytes, after));
            } else {
                steps[index].after.extend(after);
                steps[index].after.sort_unstable();
                steps[index].after.dedup();
            }
            copies.push((entry.reference.clone(), index));
        }
        let mut after: Vec<usize> = put_at.into_values().collect();
        after.sort_unstable();
        steps.push(put_list(list, after));
        let mut plan = Self { target: target.clone(), steps, copies, local_list: None };
        plan.local_list = Some(plan.list().1.clone());
        Ok(plan)
    }
}

/// The digests of the index that a list was made from: its entries may have no platform, as those of artifacts.
fn kept_digests(list: &ManifestList) -> HashSet<Digest> {
    let original = list.original_index();
    original.into_iter().flat_map(|index| index.manifests).map(|entry| entry.digest).collect()
}

fn check_platform(entry: &ListEntry, list: &ManifestList, kept: &HashSet<Digest>) -> Result<(), PlanError> {
    let descriptor = &entry.descriptor;
    // Docker's lists have no artifact types.
    let is_said = list.form().oci || descriptor.platform.is_some() || descriptor.artifact_type.is_none();
    if kept.contains(&descriptor.digest) || is_said && descriptor.may_be_pushed() {
        return Ok(());
    }
    Err(PlanError::platform_missing(entry))
}

/// Checks that an entry can be in a list of `target`'s registry: its own must be the same, letter for letter.
///
/// # Errors
/// [`PlanError::OtherRegistry`] if it is another one.
pub fn check_registry(entry: &ListEntry, target: &Reference) -> Result<(), PlanError> {
    if entry.reference.registry() == target.registry() {
        return Ok(());
    }
    Err(PlanError::OtherRegistry {
        image: Box::new(entry.reference.clone()),
        source_registry: entry.reference.registry().as_str().to_owned(),
        target_registry: target.registry().as_str().to_owned(),
    })
}

fn checked_bytes(entry: &ListEntry) -> Result<Arc<[u8]>, PlanError> {
    let image = || Box::new(entry.reference.clone());
    let bytes = entry.manifest_bytes().map_err(|reason| PlanError::Syntax { image: image(), reason })?;
    let expected = &entry.descriptor.digest;
    let found = Digest::with(expected.algorithm(), &bytes);
    if found == *expected {
        return Ok(bytes);
    }
    Err(PlanError::DigestMismatch { image: image(), expected: expected.clone(), found })
}

/// One step for each blob, however many entries share it.
#[derive(Default)]
struct Mounts {
    steps: Vec<Step>,
    of_blob: HashMap<Digest, usize>,
}

impl Mounts {
    /// Takes in an entry's blobs: config, then layers. Gives the steps that they need.
    fn add(&mut self, entry: &ListEntry, target: &Reference) -> Result<Vec<usize>, PlanError> {
        let image = entry.image().map_err(|error| PlanError::Manifest {
            image: Box::new(entry.reference.clone()),
            reason: error.to_string(),
        })?;
        let is_near = entry.reference.registry() == target.registry();
        let may_fail = entry.platform().os == "windows";
        let mut needed = Vec::with_capacity(image.layers.len() + 1);
        for blob in std::iter::once(&image.config).chain(&image.layers) {
            // Foreign layers are in no registry, so they cannot be copied from one.
            if !is_near && blob.is_elsewhere() {
                continue;
            }
            let index = *self.of_blob.entry(blob.digest.clone()).or_insert_with(|| {
                self.steps.push(if is_near {
                    mount(blob.digest.clone(), blob.size)
                } else {
                    copy(&entry.reference, blob)
                });
                self.steps.len() - 1
            });
            if is_near {
                add_source(&mut self.steps[index], entry, may_fail);
            }
            needed.push(index);
        }
        needed.sort_unstable();
        needed.dedup();
        Ok(needed)
    }
}

fn mount(digest: Digest, size: u64) -> Step {
    Step {
        action: Action::MountBlob { digest, size, sources: Vec::new() },
        after: Vec::new(),
        cost: Cost { requests: 1, at_most: 0 },
    }
}

/// A step that copies a blob of the repository of `source`.
pub(super) fn copy(source: &Reference, blob: &Descriptor) -> Step {
    let (digest, size) = (blob.digest.clone(), blob.size);
    // Looking whether it is there, fetching, beginning and ending the upload; long ones go in parts.
    let parts = usize::try_from(size / COPY_PART).unwrap_or(usize::MAX);
    let cost = Cost { requests: 4, at_most: 5_usize.saturating_add(parts) };
    Step { action: Action::CopyBlob { source: source.clone(), digest, size }, after: Vec::new(), cost }
}

fn add_source(step: &mut Step, entry: &ListEntry, may_fail: bool) {
    if let Action::CopyBlob { digest, size, .. } = &step.action {
        // An image of this registry has it too: then nothing needs to be transferred.
        *step = mount(digest.clone(), *size);
    }
    let Action::MountBlob { sources, .. } = &mut step.action else {
        unreachable!("blobs are kept in steps that mount or copy them");
    };
    let repository = entry.reference.repository();
    match sources.iter_mut().find(|source| source.repository == *repository) {
        Some(source) => source.may_fail &= may_fail,
        None => {
            sources.push(MountSource { repository: repository.clone(), may_fail });
            // Asking for the mount, and giving up the upload that was begun in its place.
            step.cost.at_most += 2;
        }
    }
}

fn put_manifest(entry: &ListEntry, bytes: Arc<[u8]>, after: Vec<usize>) -> Step {
    let action = Action::PutManifest {
        reference: entry.reference.clone(),
        media_type: entry.descriptor.media_type.clone(),
        digest: entry.descriptor.digest.clone(),
        bytes,
    };
    Step { action, after, cost: Cost { requests: 1, at_most: 1 } }
}

fn put_list(list: &ManifestList, after: Vec<usize>) -> Step {
    let bytes: Arc<[u8]> = list.to_bytes().into();
    let digest = Digest::of(&bytes);
    let reference = list.reference().by_tag_or(&digest);
    let action = Action::PutList { reference, media_type: list.media_type(), digest, bytes };
    Step { action, after, cost: Cost { requests: 1, at_most: 1 } }
}
