//! The steps of a plan whose outcome is in the registry already.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use tallyman_core::{Action, Digest, PushPlan};
use tallyman_registry::{Client, Error as RegistryError};

use crate::copy::is_there;

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
/// The errors of [`Client::standing`] for the target's name, and those of requests that are not answered.
pub async fn survey(client: &Client, plan: &PushPlan) -> Result<Survey, RegistryError> {
    client.read_directly(&plan.target);
    let questions = plan.steps.iter().enumerate().map(|(index, step)| async move {
        let is_present = match &step.action {
            Action::PutList { reference, .. } => {
                return Ok((None, client.standing(reference).await?.map(|found| found.digest)));
            }
            Action::PutManifest { digest, bytes, .. } => {
                let reference = plan.target.by_digest(digest.clone());
                is_there(client, &reference, digest, bytes.len() as u64).await?
            }
            Action::CopyBlob { digest, size, .. } => {
                client.has_blob(&plan.target, digest, Some(*size)).await?
            }
            Action::MountBlob { digest, .. } => client.has_blob(&plan.target, digest, None).await?,
        };
        Ok((is_present.then_some(index), None))
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
