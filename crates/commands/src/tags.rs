//! Tags of a repository: put on a manifest, and taken away alone.

use std::sync::Arc;

use tallyman_core::{Digest, Manifest, MediaType, PushPlan, Reference, Tag};
use tallyman_registry::Client;

use crate::{
    Error, RequestPurpose,
    delete::cannot_untag,
    resolve::{failed, resolve},
    side_by_side,
};

/// Puts the manifest of `reference` under further tags of its repository, and returns it. Nothing else is transferred.
///
/// # Errors
/// The errors of [`resolve`], and [`Error::Registry`] for a tag that is not taken.
pub async fn tag(client: &Client, reference: &Reference, tags: &[Tag]) -> Result<Manifest, Error> {
    client.read_directly(reference);
    let manifest = resolve(client, reference, None).await?;
    put_under(client, reference, tags, manifest.media_type(), &manifest.shared_bytes()).await?;
    Ok(manifest)
}

/// Puts the list of a plan that was carried out under further tags. Returns those that were taken, and [`Error::Registry`] for each
/// that was not: one that is refused keeps no other from being put.
pub async fn put_tags(client: &Client, plan: &PushPlan, tags: &[Tag]) -> (Vec<Tag>, Vec<Error>) {
    let (media_type, _, bytes) = plan.list();
    let puts = tags.iter().map(|tag| async move {
        let tagged = plan.target.by_tag(tag.clone());
        Ok((tag.clone(), put(client, &tagged, media_type, Arc::clone(bytes)).await))
    });
    let (mut taken, mut failures) = (Vec::new(), Vec::new());
    let puts: Result<Vec<_>, Error> = side_by_side::all(puts).await;
    for (tag, put) in puts.into_iter().flatten() {
        match put {
            Ok(()) => taken.push(tag),
            Err(error) => failures.push(error),
        }
    }
    (taken, failures)
}

/// Puts a manifest under tags of the repository of `reference`.
///
/// # Errors
/// [`Error::Registry`] for the first tag that is not taken.
pub(crate) async fn put_under(
    client: &Client,
    reference: &Reference,
    tags: &[Tag],
    media_type: &MediaType,
    bytes: &Arc<[u8]>,
) -> Result<(), Error> {
    let puts = tags.iter().map(|tag| async move {
        let tagged = reference.by_tag(tag.clone());
        put(client, &tagged, media_type, Arc::clone(bytes)).await
    });
    side_by_side::all(puts).await.map(drop)
}

/// Puts a manifest under a name.
///
/// # Errors
/// [`Error::Registry`] if it is not taken.
pub(crate) async fn put(
    client: &Client,
    name: &Reference,
    media_type: &MediaType,
    bytes: Arc<[u8]>,
) -> Result<(), Error> {
    client.put_manifest(name, media_type, bytes).await.map(drop).map_err(|error| {
        let named = Box::new(name.clone());
        Error::of_request(client, name, RequestPurpose::PutManifest { named }, error)
    })
}

/// Checks that a tag stands for nothing, or for the manifest `expected`.
///
/// # Errors
/// [`Error::WouldOverwrite`] if it stands for another manifest, and [`Error::Registry`] for the request.
async fn check_tag(client: &Client, reference: &Reference, expected: &Digest) -> Result<(), Error> {
    match client.standing(reference).await.map_err(failed)? {
        Some(found) if found.digest != *expected => {
            let (reference, expected) = (Box::new(reference.clone()), expected.clone());
            Err(Error::WouldOverwrite { reference, expected, found: found.digest })
        }
        _ => Ok(()),
    }
}

/// Checks that the tag of a plan, unless its list is put by digest alone, and further tags stand for nothing or for its list.
///
/// # Errors
/// [`Error::WouldOverwrite`] if one stands for another manifest, and [`Error::Registry`] for the requests.
pub async fn check_tags(client: &Client, plan: &PushPlan, tags: &[Tag]) -> Result<(), Error> {
    let (_, digest, _) = plan.list();
    let own = Some(plan.reference()).filter(|reference| reference.digest().is_none()).cloned();
    let all = own.into_iter().chain(tags.iter().map(|tag| plan.target.by_tag(tag.clone())));
    let checked = all.map(|reference| async move { check_tag(client, &reference, digest).await });
    side_by_side::all(checked).await.map(drop)
}

/// Returns `true` if `typed`, the text that `reference` was parsed from, names a tag or a digest. Nobody means the tag that stands
/// for none.
pub(crate) fn names_manifest(reference: &Reference, typed: &str) -> bool {
    let names_its_tag = reference.tag().is_some_and(|tag| typed.ends_with(&format!(":{tag}")));
    names_its_tag || reference.digest().is_some()
}

/// Checks that `typed`, the text that `reference` was parsed from, names a repository alone.
///
/// # Errors
/// [`Error::RepositoryNeeded`] if it names a tag or a digest.
pub fn check_repository(reference: &Reference, typed: &str) -> Result<(), Error> {
    match names_manifest(reference, typed) {
        true => Err(Error::RepositoryNeeded { typed: typed.to_owned() }),
        false => Ok(()),
    }
}

/// Deletes a tag alone; `typed` is the text that `reference` was parsed from. What the tag stands for stays.
///
/// # Errors
/// [`Error::TagNeeded`] if `typed` names no tag or a digest, [`Error::UntagUnsupported`] if the registry deletes manifests
/// alone, and [`Error::Registry`] for the request.
pub async fn untag(client: &Client, reference: &Reference, typed: &str) -> Result<(), Error> {
    if reference.digest().is_some() || !names_manifest(reference, typed) {
        let reference = Box::new(reference.clone());
        return Err(Error::TagNeeded { reference, typed: typed.to_owned() });
    }
    client.delete_manifest(reference).await.map_err(|error| match error {
        error if cannot_untag(reference, &error) => {
            Error::UntagUnsupported { reference: Box::new(reference.clone()), source: Box::new(error) }
        }
        error => failed(error),
    })
}
