//! Taking tags out of a repository: what stands there, what will go, how far it came.

use std::{collections::BTreeSet, rc::Rc};

use futures_util::{StreamExt, stream};
use tallyman_commands::{DeletePlan, Removal, cannot_untag, delete};
use tallyman_core::{Digest, Reference, Tag};
use tallyman_registry::{Client, Error};

/// Tags that are asked about at the same time.
const PARALLEL: usize = 12;

/// Where a step of a deletion stands.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    Waiting,
    Running,
    Done,
    Failed {
        why: Rc<str>,
        /// The registry deletes by digest alone.
        by_digest: bool,
    },
}

/// The plan for taking `chosen` out. Deleting by digest takes other tags along, so that all tags are asked about then;
/// `tell` hears how many have been.
pub async fn plan(
    client: &Client,
    repository: &Reference,
    tags: &[Tag],
    chosen: &BTreeSet<Tag>,
    removal: Removal,
    tell: impl Fn(usize, usize),
) -> Result<DeletePlan, Error> {
    let asked: Vec<&Tag> =
        tags.iter().filter(|tag| removal == Removal::Manifests || chosen.contains(*tag)).collect();
    let total = asked.len();
    let questions = asked.into_iter().map(|tag| async move {
        let reference = repository.by_tag(tag.clone());
        let digest = digest_of(client, &reference).await;
        (tag.clone(), digest)
    });
    let mut answers = stream::iter(questions).buffered(PARALLEL);
    let mut known: Vec<(Tag, Digest)> = Vec::with_capacity(total);
    let mut done = 0;
    while let Some((tag, digest)) = answers.next().await {
        done += 1;
        tell(done, total);
        match digest {
            Ok(digest) => known.push((tag, digest)),
            // A tag that is gone needs not be taken out.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(DeletePlan::new(repository, &known, chosen, removal))
}

/// What a tag stands for: as the registry says, or, where the browser hides that, computed from what it holds.
async fn digest_of(client: &Client, reference: &Reference) -> Result<Digest, Error> {
    match client.head_manifest(reference).await?.digest {
        Some(digest) => Ok(digest),
        None => Ok(client.manifest(reference).await?.digest),
    }
}

/// Does what is left of a plan, one step after the other, and tells where each stands. A step that fails holds up no other.
pub async fn run(client: &Client, plan: &DeletePlan, left: &[usize], tell: impl Fn(usize, StepState)) {
    for index in left {
        let Some(step) = plan.steps.get(*index) else { continue };
        tell(*index, StepState::Running);
        tell(
            *index,
            match delete(client, step).await {
                Ok(()) => StepState::Done,
                // Somebody else was quicker.
                Err(error) if error.is_not_found() => StepState::Done,
                Err(error) => StepState::Failed {
                    by_digest: cannot_untag(&step.reference, &error),
                    why: error.to_string().into(),
                },
            },
        );
    }
}
