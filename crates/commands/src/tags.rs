//! Tags of a repository: put on a manifest, and taken away alone.

use tallyman_core::{Action, Digest, Manifest, PushPlan, Reference, Tag};
use tallyman_registry::Client;

use crate::{
    Error,
    delete::cannot_untag,
    resolve::{failed, resolve},
};

/// Puts the manifest of `reference` under further tags of its repository, and returns it. Nothing else is transferred.
///
/// # Errors
/// The errors of [`resolve`], and [`Error::Registry`] for a tag that is not taken.
pub async fn tag(client: &Client, reference: &Reference, tags: &[Tag]) -> Result<Manifest, Error> {
    client.read_directly(reference);
    let manifest = resolve(client, reference, None).await?;
    for tag in tags {
        let named = reference.by_tag(tag.clone());
        client.put_manifest(&named, manifest.media_type(), manifest.shared_bytes()).await.map_err(failed)?;
    }
    Ok(manifest)
}

/// Puts the list of a plan that was carried out under further tags.
///
/// # Errors
/// [`Error::Registry`] for the first tag that is not taken.
pub async fn put_tags(client: &Client, plan: &PushPlan, tags: &[Tag]) -> Result<(), Error> {
    let (media_type, _, bytes) = plan.list();
    for tag in tags {
        let reference = plan.target.by_tag(tag.clone());
        client.put_manifest(&reference, media_type, bytes.clone()).await.map_err(failed)?;
    }
    Ok(())
}

/// Checks that a tag stands for nothing, or for the manifest `expected`.
///
/// # Errors
/// [`Error::WouldOverwrite`] if it stands for another manifest, and [`Error::Registry`] for the request.
pub async fn check_tag(client: &Client, reference: &Reference, expected: &Digest) -> Result<(), Error> {
    client.read_directly(reference);
    match client.manifest(reference).await {
        Ok(found) if found.digest == *expected => Ok(()),
        Ok(found) => {
            let (reference, expected) = (Box::new(reference.clone()), expected.clone());
            Err(Error::WouldOverwrite { reference, expected, found: found.digest })
        }
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Checks the tag of a plan, unless its list is put by digest alone, and further tags as [`check_tag`] does.
///
/// # Errors
/// As [`check_tag`].
pub async fn check_tags(client: &Client, plan: &PushPlan, tags: &[Tag]) -> Result<(), Error> {
    let (_, digest, _) = plan.list();
    let own = match plan.steps.last().map(|step| &step.action) {
        Some(Action::PutList { reference, .. }) if reference.digest().is_none() => Some(plan.target.clone()),
        _ => None,
    };
    for reference in own.into_iter().chain(tags.iter().map(|tag| plan.target.by_tag(tag.clone()))) {
        check_tag(client, &reference, digest).await?;
    }
    Ok(())
}

/// Deletes a tag alone; `typed` is the text that `reference` was parsed from. What the tag stands for stays.
///
/// # Errors
/// [`Error::TagNeeded`] if `typed` names no tag or a digest, [`Error::UntagUnsupported`] if the registry deletes manifests
/// alone, and [`Error::Registry`] for the request.
pub async fn untag(client: &Client, reference: &Reference, typed: &str) -> Result<(), Error> {
    // Nobody means the tag that stands for none.
    let names_its_tag = reference.tag().is_some_and(|tag| typed.ends_with(&format!(":{tag}")));
    if reference.digest().is_some() || !names_its_tag {
        return Err(Error::TagNeeded { reference: Box::new(reference.clone()) });
    }
    client.delete_manifest(reference).await.map_err(|error| match error {
        error if cannot_untag(reference, &error) => {
            Error::UntagUnsupported { reference: Box::new(reference.clone()), source: Box::new(error) }
        }
        error => failed(error),
    })
}
