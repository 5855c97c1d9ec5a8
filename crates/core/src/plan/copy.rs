//! The steps that bring manifests from one place to another.

use std::collections::HashMap;

use super::{Action, Cost, PushPlan, Step, build::copy};
use crate::{Digest, Manifest, Reference};

impl PushPlan {
    /// Creates the plan for copying `manifests` out of the repository of `source`: those that the target lacks, each behind
    /// those that it points to, the last one to be put as `target`. Within a repository blobs need no steps.
    ///
    /// # Panics
    /// If there is no manifest.
    pub fn copying(source: &Reference, target: &Reference, manifests: &[Manifest]) -> Self {
        let (last, before) = manifests.split_last().expect("there is something to copy");
        let mut plan =
            Self { target: target.clone(), steps: Vec::new(), copies: Vec::new(), local_list: None };
        let mut of_blob = HashMap::new();
        let is_near = source.is_same_repository(target);
        for manifest in manifests.iter().filter(|_| !is_near) {
            plan.add_blobs(source, manifest, &mut of_blob);
        }
        let mut put_at: HashMap<&Digest, usize> = HashMap::new();
        for manifest in before {
            let reference = source.by_digest(manifest.digest().clone());
            let action = Action::PutManifest {
                reference: reference.clone(),
                media_type: manifest.media_type().clone(),
                digest: manifest.digest().clone(),
                bytes: manifest.shared_bytes(),
            };
            let index = plan.put(action, manifest, &of_blob, &put_at);
            put_at.insert(manifest.digest(), index);
            plan.copies.push((reference, index));
        }
        let digest = last.digest().clone();
        let reference = target.by_tag_or(&digest);
        let (media_type, bytes) = (last.media_type().clone(), last.shared_bytes());
        plan.put(Action::PutList { reference, media_type, digest, bytes }, last, &of_blob, &put_at);
        plan
    }

    fn add_blobs(&mut self, source: &Reference, manifest: &Manifest, of_blob: &mut HashMap<Digest, usize>) {
        let blobs = manifest.blobs().unwrap_or_default();
        for blob in blobs.iter().filter(|blob| !blob.is_elsewhere()) {
            of_blob.entry(blob.digest.clone()).or_insert_with(|| {
                self.steps.push(copy(source, blob));
                self.steps.len() - 1
            });
        }
    }

    /// Adds a step that puts `manifest` when all that it points to is there.
    fn put(
        &mut self,
        action: Action,
        manifest: &Manifest,
        of_blob: &HashMap<Digest, usize>,
        put_at: &HashMap<&Digest, usize>,
    ) -> usize {
        let blobs = manifest.blobs().unwrap_or_default();
        let blobs = blobs.iter().filter_map(|blob| of_blob.get(&blob.digest));
        let entries = manifest.index().into_iter().flat_map(|index| &index.manifests);
        let entries = entries.filter_map(|entry| put_at.get(&entry.digest));
        let mut after: Vec<usize> = blobs.chain(entries).copied().collect();
        after.sort_unstable();
        after.dedup();
        self.steps.push(Step { action, after, cost: Cost { requests: 1, at_most: 1 } });
        self.steps.len() - 1
    }
}
