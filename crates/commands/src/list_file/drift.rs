//! The difference between the lists of a file and a registry, and the push of what differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tallyman_core::{
    Digest, Format, Index, ListEntry, Manifest, ManifestList, MediaType, Platform, PushPlan, Reference,
};
use tallyman_registry::Client;

use super::{DesiredImage, DesiredList};
use crate::{
    Copier, Error, IndexChange, NestedList, PushEvent,
    create::fit_to_form,
    fetch::{
        self, Fetched,
        expand::{self, ExpandOptions},
    },
    nested_lists,
    push::survey,
    resolve::{content, failed},
    side_by_side,
    tags::put,
};

/// Lists that are compared or pushed at the same time.
const PARALLEL_LISTS: usize = 4;

/// A list of a file beside its registry.
#[derive(Clone, Debug)]
pub struct ListDrift {
    /// The plan that makes the registry have the list.
    pub plan: PushPlan,
    /// The names of the list, its own first, each with the digest that it stands for now.
    pub names: Vec<(Reference, Option<Digest>)>,
    /// The differences of what the list's name stands for now.
    pub changes: Vec<IndexChange>,
    /// The lists of other repositories that it has as entries.
    pub nested: Vec<NestedList>,
}

/// Fetches what lists are to be made of, and what their names stand for now. Nothing is written, and a list that fails keeps no other
/// from being compared.
///
/// # Errors
/// As [`create`](crate::create), for the images; [`Error::Plan`] if a list of them cannot be pushed; [`Error::ImageDiffers`] if one of
/// them is another one of `lists`, which is to be pushed first or has failed.
pub async fn drifts(client: &Client, lists: &[DesiredList]) -> Vec<Result<ListDrift, Error>> {
    let drifts = stream::iter(lists.iter().map(|list| drift(client, list))).buffered(PARALLEL_LISTS);
    let mut drifts: Vec<_> = drifts.collect().await;
    refuse_outdated(lists, &mut drifts);
    drifts
}

/// Refuses each list that is made of another one which differs or has failed: it was made of what that one is to replace.
fn refuse_outdated(lists: &[DesiredList], drifts: &mut [Result<ListDrift, Error>]) {
    // By name, the list and whether it has failed.
    let mut changing: HashMap<Reference, (&DesiredList, bool)> = HashMap::new();
    for (list, drift) in lists.iter().zip(&*drifts) {
        match drift {
            Ok(drift) => changing.extend(drift.differing().map(|(name, _)| (name.clone(), (list, false)))),
            Err(_) => changing.extend(list.names().map(|name| (name, (list, true)))),
        }
    }
    loop {
        let refused = lists.iter().zip(&mut *drifts).find_map(|(list, drift)| {
            if matches!(drift, Err(Error::ImageDiffers { .. })) {
                return None;
            }
            let is_failed = drift.is_err();
            let mut outdated = list.images.iter().filter_map(|image| {
                let (other, has_failed) = changing.get(&image.reference)?;
                // A list that has failed itself may have another reason.
                let stays = std::ptr::eq(*other, list) || is_failed && *has_failed;
                (!stays).then_some((&image.reference, *has_failed))
            });
            let (image, has_failed) = outdated.next()?;
            let names = Box::new([list.reference.clone(), image.clone()]);
            *drift = Err(Error::ImageDiffers { names, has_failed });
            Some((list, has_failed))
        });
        let Some((list, has_failed)) = refused else { return };
        changing.extend(list.names().map(|name| (name, (list, has_failed))));
    }
}

/// Makes registries have lists under all their names: what is there already is not put again, and a list that fails keeps no other
/// from being pushed. `on_event` is told the position of the list with each event.
///
/// # Errors
/// The errors of [`execute`](crate::execute).
pub async fn apply_drifts(
    client: &Client,
    drifts: &[ListDrift],
    on_event: &dyn Fn(usize, PushEvent),
) -> Vec<Result<(), Error>> {
    let copier = &Copier::new(client);
    let applied = drifts.iter().enumerate().map(|(at, drift)| async move {
        let on_event = |event| on_event(at, event);
        drift.apply(copier, &on_event).await
    });
    stream::iter(applied).buffered(PARALLEL_LISTS).collect().await
}

async fn drift(client: &Client, desired: &DesiredList) -> Result<ListDrift, Error> {
    client.read_directly(&desired.reference);
    let list = desired.fetch(client).await?;
    let plan = PushPlan::with_copies(&list)?;
    let names: Vec<Reference> = desired.names().collect();
    let found = side_by_side::all(names.iter().map(|name| standing(client, name))).await?;
    let (media_type, digest, bytes) = plan.list();
    let after =
        Manifest::parse(bytes.clone(), Some(media_type)).map_err(|error| content(&names[0], error))?;
    let changes = match &found[0] {
        Some(before) if before.digest() == digest => Vec::new(),
        before => changes(before.as_ref(), &after),
    };
    let digests = found.iter().map(|found| found.as_ref().map(|found| found.digest().clone()));
    let names = names.iter().cloned().zip(digests).collect();
    Ok(ListDrift { plan, names, changes, nested: nested_lists(&list) })
}

impl ListDrift {
    /// Returns the names that do not stand for the list.
    pub fn differing(&self) -> impl Iterator<Item = &(Reference, Option<Digest>)> {
        let (_, digest, _) = self.plan.list();
        self.names.iter().filter(move |(_, found)| found.as_ref() != Some(digest))
    }

    /// Returns the difference as JSON: the list, its names and its changes.
    pub fn to_json(&self) -> Value {
        let (media_type, digest, bytes) = self.plan.list();
        let names = self.names.iter().map(|(name, found)| {
            json!({ "reference": name.to_string(), "digest": found.as_ref().map(Digest::as_str) })
        });
        json!({
            "reference": self.plan.target.to_string(),
            "mediaType": media_type.as_str(),
            "digest": digest.as_str(),
            "size": bytes.len(),
            "names": names.collect::<Value>(),
            "changes": self.changes.iter().map(IndexChange::to_json).collect::<Value>(),
            "differs": self.differing().next().is_some(),
        })
    }

    async fn apply(&self, copier: &Copier<'_>, on_event: &dyn Fn(PushEvent)) -> Result<(), Error> {
        let client = copier.client();
        let (media_type, digest, bytes) = self.plan.list();
        let mut rest: Vec<&Reference> = self.differing().map(|(name, _)| name).collect();
        let is_there = self.names.iter().any(|(_, found)| found.as_ref() == Some(digest));
        if !rest.is_empty() && !is_there {
            copier.nested(&self.nested).await?;
            // A registry that does not say what it has gets all of it.
            let present =
                survey(client, &self.plan).await.map_or_else(|_| BTreeSet::new(), |found| found.present);
            copier.execute_rest(&self.plan, present, on_event).await?;
            rest.retain(|name| **name != self.names[0].0);
        }
        let puts =
            rest.into_iter().map(|name| async move { put(client, name, media_type, bytes.clone()).await });
        side_by_side::all(puts).await?;
        Ok(())
    }
}

async fn standing(client: &Client, name: &Reference) -> Result<Option<Manifest>, Error> {
    let found = client.standing(name).await.map_err(failed)?;
    found.map(|found| found.manifest().map_err(|error| content(name, error))).transpose()
}

fn changes(before: Option<&Manifest>, after: &Manifest) -> Vec<IndexChange> {
    let empty =
        Index { manifests: Vec::new(), annotations: BTreeMap::new(), subject: None, artifact_type: None };
    let index = |manifest: &Manifest| manifest.index().cloned();
    let old = before.and_then(index).unwrap_or_else(|| empty.clone());
    let mut changes = IndexChange::between(&old, &index(after).unwrap_or(empty));
    changes.extend(
        before.and_then(|before| IndexChange::of_media_type(before.media_type(), after.media_type())),
    );
    changes
}

impl DesiredList {
    /// Fetches the images of the list, and makes it of them, as [`create`](crate::create) does with a local list.
    ///
    /// # Errors
    /// As [`create`](crate::create), for the images; [`Error::DockerNeeded`] if it is to be Docker's list of OCI images.
    pub async fn fetch(&self, client: &Client) -> Result<ManifestList, Error> {
        let needs_oci = |image: &DesiredImage| image.nest || !image.annotations.is_empty();
        let is_oci = self.format == Some(Format::Oci)
            || !self.annotations.is_empty()
            || self.images.iter().any(needs_oci);
        let attestations = self.format != Some(Format::Docker);
        let found =
            side_by_side::all(self.images.iter().map(|image| entries(client, image, attestations))).await?;
        let mut found: Vec<ListEntry> = found.into_iter().flatten().collect();
        let mut list = ManifestList::new(self.reference.clone());
        let named = self.images.iter().map(|image| &image.reference).collect();
        list.form_mut().oci = fit_to_form(&list, is_oci, &named, &mut found)? || is_oci;
        list.form_mut().annotations.clone_from(&self.annotations);
        for entry in found {
            list.insert(entry)?;
        }
        if self.format == Some(Format::Docker)
            && list.media_type() == MediaType::OciIndex
            && let Some(first) = list.iter().next()
        {
            return Err(Error::DockerNeeded { reference: Box::new(first.reference.clone()) });
        }
        Ok(list)
    }
}

async fn entries(client: &Client, image: &DesiredImage, attestations: bool) -> Result<Vec<ListEntry>, Error> {
    let mut options = ExpandOptions { attestations, platforms: image.platforms.clone(), nest: image.nest };
    let mut entries = match fetch::manifest(client, &image.reference, &image.reference).await? {
        Fetched::Image(found) => {
            let platform = fetch::platform(client, &found).await?;
            let platform = overridden(platform, &image.platform);
            options.check_image(&image.reference, &platform)?;
            vec![found.with_platform_or_type(platform)?]
        }
        Fetched::List(list) if image.platform == Platform::default() => {
            expand::list_images(client, &image.reference, &list, &options).await?
        }
        Fetched::List(list) => {
            if !image.nest {
                let is_both = !image.platforms.is_empty();
                if is_both || !image.platform.is_complete() {
                    let reference = Box::new(image.reference.clone());
                    return Err(Error::PlatformOfList { reference, is_both });
                }
                options.platforms.push(image.platform.clone());
            }
            let mut found = expand::list_images(client, &image.reference, &list, &options).await?;
            for entry in found.iter_mut().filter(|entry| entry.descriptor.attests().is_none()) {
                entry.descriptor.platform = Some(overridden(entry.platform(), &image.platform));
            }
            found
        }
    };
    for entry in &mut entries {
        entry.descriptor.annotations.extend(image.annotations.clone());
    }
    Ok(entries)
}

/// The platform of a config, with the fields that the file sets.
fn overridden(mut platform: Platform, wanted: &Platform) -> Platform {
    for (field, value) in [
        (&mut platform.os, &wanted.os),
        (&mut platform.architecture, &wanted.architecture),
        (&mut platform.variant, &wanted.variant),
        (&mut platform.os_version, &wanted.os_version),
    ] {
        if !value.is_empty() {
            field.clone_from(value);
        }
    }
    if !wanted.os_features.is_empty() {
        platform.os_features.clone_from(&wanted.os_features);
    }
    platform
}
