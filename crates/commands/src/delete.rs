//! Taking tags and manifests out of a registry: first what it will do, as a value, then doing it.

use std::collections::BTreeSet;

use tallyman_core::{Digest, Reference, Tag};
use tallyman_registry::{Client, Error as RegistryError};

use crate::Error;

/// The way in which tags are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Each tag alone; what it stands for stays. Distribution 3 can do it, Distribution 2 refuses.
    Untag,
    /// The manifest that a tag stands for, by digest: every other tag of the same digest goes with it.
    Manifests,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteStep {
    /// The tag or the digest that is deleted.
    pub reference: Reference,
    /// The digest that the tags stood for when the step was planned.
    pub digest: Digest,
    /// The tags that the step removes, in the registry's order; the ones that were chosen and the ones that go with them.
    pub tags: Vec<Tag>,
}

impl DeleteStep {
    /// Returns the tags that have moved since the step was planned, by the digests that tags stand for `now`: those of the step that
    /// stand for another digest, and, if the step deletes a digest, those that stand for it and would go without having been named.
    /// A tag that is gone has not moved.
    pub fn moved(&self, now: &[(Tag, Digest)]) -> Vec<Tag> {
        let is_by_digest = self.reference.digest().is_some();
        let has_moved = |(tag, digest): &&(Tag, Digest)| match self.tags.contains(tag) {
            true => *digest != self.digest,
            false => is_by_digest && *digest == self.digest,
        };
        now.iter().filter(has_moved).map(|(tag, _)| tag.clone()).collect()
    }
}

/// A deletion before it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletePlan {
    /// The steps, none of which depends on another.
    pub steps: Vec<DeleteStep>,
    /// Tags that go although they were not chosen, because they stand for the same manifest.
    pub unchosen: Vec<Tag>,
}

impl DeletePlan {
    /// The plan for taking `chosen` out of `repository`, and, by digest, the manifests `digests`. `tags` are all tags there, each with
    /// what it stands for.
    pub fn new(
        repository: &Reference,
        tags: &[(Tag, Digest)],
        chosen: &BTreeSet<Tag>,
        digests: &[Digest],
        removal: Removal,
    ) -> Self {
        let is_chosen = |tag: &Tag| chosen.contains(tag);
        if removal == Removal::Untag {
            let steps = tags.iter().filter(|(tag, _)| is_chosen(tag)).map(|(tag, digest)| DeleteStep {
                reference: repository.by_tag(tag.clone()),
                digest: digest.clone(),
                tags: vec![tag.clone()],
            });
            return Self { steps: steps.collect(), unchosen: Vec::new() };
        }
        let of_tags = tags.iter().filter(|(tag, _)| is_chosen(tag)).map(|(_, digest)| digest);
        let mut wanted: Vec<&Digest> = Vec::new();
        for digest in digests.iter().chain(of_tags) {
            if !wanted.contains(&digest) {
                wanted.push(digest);
            }
        }
        let of = |digest: &Digest| {
            let of = tags.iter().filter(|(_, other)| other == digest);
            of.map(|(tag, _)| tag.clone()).collect::<Vec<_>>()
        };
        let steps: Vec<_> = wanted
            .into_iter()
            .map(|digest| DeleteStep {
                reference: repository.by_digest(digest.clone()),
                digest: digest.clone(),
                tags: of(digest),
            })
            .collect();
        let gone = steps.iter().flat_map(|step| &step.tags);
        let unchosen = gone.filter(|tag| !is_chosen(tag)).cloned().collect();
        Self { steps, unchosen }
    }

    /// The way in which it deletes.
    pub fn removal(&self) -> Removal {
        match self.steps.iter().all(|step| step.reference.digest().is_none()) {
            true => Removal::Untag,
            false => Removal::Manifests,
        }
    }
}

/// Does one step of a deletion.
///
/// # Errors
/// Whatever the registry says; [`cannot_untag`] tells whether it is that it knows no tags apart from what they stand for.
pub async fn delete(client: &Client, step: &DeleteStep) -> Result<(), RegistryError> {
    client.delete_manifest(&step.reference).await
}

/// Returns the digest of the manifest that is deleted as `reference`, with every tag on it.
///
/// # Errors
/// [`Error::DigestNeeded`] if `reference` names no digest, or a tag beside it.
pub fn digest_to_delete(reference: &Reference) -> Result<&Digest, Error> {
    let digest = reference.digest().filter(|_| reference.tag().is_none());
    digest.ok_or_else(|| Error::DigestNeeded { reference: Box::new(reference.clone()) })
}

/// Returns `true` if the registry has refused to delete the tag that `reference` names because it deletes by digest
/// alone.
pub fn cannot_untag(reference: &Reference, error: &RegistryError) -> bool {
    let RegistryError::Api { status, errors, .. } = error else { return false };
    let says = |code: &str| errors.iter().any(|error| error.code == code);
    // A registry that says in the body why it refuses, such as for a tag that must not change, has another reason.
    let is_by_status = errors.is_empty() && matches!(status.as_u16(), 400 | 405);
    reference.digest().is_none() && (says("DIGEST_INVALID") || says("UNSUPPORTED") || is_by_status)
}
