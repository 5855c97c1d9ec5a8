//! Taking tags out of a repository: what stands there, what will go, how far it came.

mod deletions;

use std::{collections::BTreeSet, rc::Rc};

use futures_util::{StreamExt, stream};
use js_sys::Date;
use tallyman_commands::{DeletePlan, DeleteStep, Removal, cannot_untag, delete, digest_of};
use tallyman_core::{Digest, Reference, Tag};
use tallyman_registry::{Client, Error};

use super::failure::{Failure, is_sign_in_wanted};
pub use deletions::{Deletion, Deletions, Phase, use_deletions_of_app};

/// Tags that are asked about at the same time.
const PARALLEL: usize = 12;

/// Time for which it is known what tags stand for, in milliseconds: steps follow each other, and each would ask about all tags.
const SURVEY_LASTS: f64 = 5_000.0;

/// State of a step of a deletion.
#[derive(Clone, Debug, PartialEq)]
pub enum StepState {
    Waiting,
    Running,
    Done,
    /// A step that was not made: these tags have moved since the plan.
    Moved(Rc<[Tag]>),
    Failed {
        failure: Failure,
        refusal: Option<Refusal>,
    },
}

/// A reason for which a registry refuses every deletion of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A registry that deletes by digest alone.
    ByDigestOnly,
    /// A registry that deletes nothing: deletion is switched off.
    SwitchedOff,
    /// A registry that requires sign-in.
    SignIn,
}

/// The tags and manifests that are to be taken out of a repository.
pub struct Chosen<'a> {
    /// Tags.
    pub tags: &'a BTreeSet<Tag>,
    /// Manifests, which are deleted by digest.
    pub digests: &'a [Digest],
}

/// The plan for taking `chosen` out; `tags` are in the order of the page. Deleting by digest takes other tags along, so that all
/// tags are listed anew and asked about then; `tell` hears how many have been.
pub async fn plan(
    client: &Client,
    repository: &Reference,
    tags: &[Tag],
    chosen: &Chosen<'_>,
    removal: Removal,
    tell: impl Fn(usize, usize),
) -> Result<DeletePlan, Error> {
    let asked = match removal {
        Removal::Untag => tags.iter().filter(|tag| chosen.tags.contains(*tag)).cloned().collect::<Vec<_>>(),
        Removal::Manifests => {
            let of_page: BTreeSet<&Tag> = tags.iter().collect();
            let others =
                list_tags(client, repository).await?.into_iter().filter(|tag| !of_page.contains(tag));
            tags.iter().cloned().chain(others).collect()
        }
    };
    let known = resolved(client, repository, &asked, tell).await?;
    Ok(DeletePlan::new(repository, &known, chosen.tags, chosen.digests, removal))
}

/// Lists the tags of a repository. Registries say that there is no repository where it has manifests without a tag alone.
async fn list_tags(client: &Client, repository: &Reference) -> Result<Vec<Tag>, Error> {
    let mut pages = client.tags(repository);
    let mut tags = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => tags.extend(page.iter().filter_map(|tag| tag.parse::<Tag>().ok())),
            Err(error) if error.is_not_found() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(tags)
}

/// Returns the digests that tags stand for, without those that are gone; `tell` hears how many have been asked about.
async fn resolved(
    client: &Client,
    repository: &Reference,
    tags: &[Tag],
    tell: impl Fn(usize, usize),
) -> Result<Vec<(Tag, Digest)>, Error> {
    let questions = tags.iter().map(|tag| async move {
        let reference = repository.by_tag(tag.clone());
        let digest = digest_of(client, &reference).await;
        (tag.clone(), digest)
    });
    let mut answers = stream::iter(questions).buffered(PARALLEL);
    let mut known: Vec<(Tag, Digest)> = Vec::with_capacity(tags.len());
    let mut done = 0;
    while let Some((tag, digest)) = answers.next().await {
        done += 1;
        tell(done, tags.len());
        match digest {
            Ok(digest) => known.push((tag, digest)),
            // A tag that is gone needs not be taken out.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(known)
}

/// The digests that the tags of a repository stand for, as they were looked up before steps that delete by digest.
#[derive(Default)]
struct Survey(Option<(f64, Vec<(Tag, Digest)>)>);

impl Survey {
    /// Returns the tags of `step` that have moved since it was planned. Before a digest is deleted all tags are looked up, but for
    /// what was looked up just before.
    async fn moved(&mut self, client: &Client, step: &DeleteStep) -> Result<Vec<Tag>, Error> {
        if step.reference.digest().is_none() {
            return Ok(step.moved(&resolved(client, &step.reference, &step.tags, |_, _| ()).await?));
        }
        let now = Date::now();
        let known = match self.0.take().filter(|(then, _)| now - then < SURVEY_LASTS) {
            Some(known) => known,
            None => {
                let tags = list_tags(client, &step.reference).await?;
                let known = resolved(client, &step.reference, &tags, |_, _| ()).await?;
                // Of many tags the look-up itself takes longer than it lasts.
                (Date::now(), known)
            }
        };
        let moved = step.moved(&known.1);
        self.0 = Some(known);
        Ok(moved)
    }
}

/// Does what is left of a plan, one step after the other until it is stopped, and tells where each stands. A step that fails holds
/// up no other. One whose tags have moved since the plan is not made: it would take out something else than was confirmed.
async fn run(
    client: &Client,
    plan: &DeletePlan,
    left: &[usize],
    is_stopped: impl Fn() -> bool,
    tell: impl Fn(usize, StepState),
) {
    let mut survey = Survey::default();
    for index in left.iter().take_while(|_| !is_stopped()) {
        let Some(step) = plan.steps.get(*index) else { continue };
        tell(*index, StepState::Running);
        let outcome = match survey.moved(client, step).await {
            Ok(moved) if moved.is_empty() => delete(client, step).await,
            Ok(moved) => {
                tell(*index, StepState::Moved(moved.into()));
                continue;
            }
            Err(error) => Err(error),
        };
        let state = match outcome {
            Ok(()) => StepState::Done,
            // Another client has deleted it.
            Err(error) if error.is_not_found() => StepState::Done,
            Err(error) if was_deleted_despite_error(client, &step.reference, &error).await => StepState::Done,
            Err(error) => StepState::Failed {
                refusal: refusal(client, &step.reference, &error).await,
                failure: Failure::of_request(&error, step.reference.registry()),
            },
        };
        tell(*index, state);
    }
}

/// Returns `true` if the manifest is gone. Looks only after an answer that says nothing about the outcome: a gateway's 502 or 504, or
/// none at all.
async fn was_deleted_despite_error(client: &Client, reference: &Reference, error: &Error) -> bool {
    error.leaves_outcome_open()
        && client.head_manifest(reference).await.is_err_and(|error| error.is_not_found())
}

/// The tag that is asked for to learn what a registry lets be deleted. No repository has it.
const NO_SUCH_TAG: &str = "tallyman-asks-whether-tags-can-be-removed-and-removes-none";

/// Returns what the registry refuses in `repository`: removing a tag alone, or every deletion. It is asked to remove what is
/// not there, which changes nothing. Returns `None` if it refuses neither, or does not say.
pub async fn refused(client: &Client, repository: &Reference) -> Option<Refusal> {
    let nothing = repository.by_tag(NO_SUCH_TAG.parse().ok()?);
    let error = client.delete_manifest(&nothing).await.err()?;
    // A sign-in is asked for when something is to be deleted.
    refusal(client, &nothing, &error).await.filter(|refusal| *refusal != Refusal::SignIn)
}

/// Returns the reason for which the registry refuses. `405` for a tag says either that it deletes by digest alone or that it
/// deletes nothing: deleting a digest that nothing has tells the two apart, and changes nothing.
async fn refusal(client: &Client, reference: &Reference, error: &Error) -> Option<Refusal> {
    if is_sign_in_wanted(error) {
        return Some(Refusal::SignIn);
    }
    if reference.digest().is_some() {
        return is_unsupported(error).then_some(Refusal::SwitchedOff);
    }
    if !cannot_untag(reference, error) {
        return None;
    }
    let nothing: Digest = format!("sha256:{}", "0".repeat(64)).parse().ok()?;
    let probed = client.delete_manifest(&reference.by_digest(nothing)).await;
    let is_off = probed.is_err_and(|error| is_unsupported(&error));
    Some(if is_off { Refusal::SwitchedOff } else { Refusal::ByDigestOnly })
}

fn is_unsupported(error: &Error) -> bool {
    matches!(error, Error::Api { status, errors, .. }
        if status.as_u16() == 405 || errors.iter().any(|error| error.code == "UNSUPPORTED"))
}
