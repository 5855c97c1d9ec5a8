//! The steps of a plan whose outcome is in the registry already.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use tallyman_core::{Action, Digest, PushPlan};
use tallyman_registry::{Client, Error as RegistryError};

/// Questions that are asked at the same time, at most; the client has a limit of its own.
const MAX_PARALLEL_HEADS: usize = 16;

/// The state of a registry beside a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The steps whose outcome is there already: blobs and manifests that the target's repository has. Their digests
    /// stand for what they are, so they need not be made. The last step is none of them.
    pub present: BTreeSet<usize>,
    /// The digest that the target's name stands for now; `None` if it stands for nothing.
    pub standing: Option<Digest>,
}

/// Asks the target's registry what it has of `plan`.
///
/// # Errors
/// The first answer that is neither yes nor no.
pub async fn survey(client: &Client, plan: &PushPlan) -> Result<Survey, RegistryError> {
    client.read_directly(&plan.target);
    let questions = plan.steps.iter().enumerate().map(|(index, step)| async move {
        let answer = match &step.action {
            Action::PutList { reference, .. } => {
                return match client.manifest(reference).await {
                    Ok(found) => Ok((None, Some(found.digest))),
                    Err(error) if error.is_not_found() => Ok((None, None)),
                    Err(error) => Err(error),
                };
            }
            Action::PutManifest { digest, .. } => {
                client.head_manifest(&plan.target.by_digest(digest.clone())).await.map(drop)
            }
            Action::MountBlob { digest, .. } | Action::CopyBlob { digest, .. } => {
                client.head_blob(&plan.target, digest).await.map(drop)
            }
        };
        match answer {
            Ok(()) => Ok((Some(index), None)),
            Err(error) if error.is_not_found() => Ok((None, None)),
            Err(error) => Err(error),
        }
    });
    let mut answers = stream::iter(questions).buffer_unordered(MAX_PARALLEL_HEADS);
    let mut survey = Survey::default();
    while let Some(answer) = answers.next().await {
        let (present, standing) = answer?;
        survey.present.extend(present);
        survey.standing = survey.standing.or(standing);
    }
    Ok(survey)
}
