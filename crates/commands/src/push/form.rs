//! Pushes of a list beyond what the list says: another form, a subject, an artifact type.

use std::{collections::HashMap, sync::Arc};

use tallyman_core::{
    Action, ArtifactType, Cost, Descriptor, Digest, Format, Index, ListEntry, Manifest, ManifestList,
    MediaType, PushPlan, Reference, Step, convert_image,
};

use crate::{ContentError, Copier, Error, NestedList, nested_lists, resolve::content};

/// A plan that pushes a list, with what belongs to its push.
#[derive(Clone, Debug)]
pub struct PlannedPush {
    /// The plan.
    pub plan: PushPlan,
    /// Lists of other repositories that have to be there first.
    pub nested: Vec<NestedList>,
    /// The parts of the list that a conversion has lost, a phrase each.
    pub losses: Vec<String>,
}

impl PlannedPush {
    /// Takes a plan that pushes `list` as it is.
    pub fn of_list(plan: PushPlan, list: &ManifestList) -> Self {
        Self { plan, nested: nested_lists(list), losses: Vec::new() }
    }
}

/// Converts a list and its images, and makes the plan that pushes them. Blobs stay as they are; manifests get other digests.
///
/// # Errors
/// [`Error::Plan`] if the list cannot be pushed, [`Error::Content`] if an image has no such form.
pub fn convert(list: &ManifestList, format: Format) -> Result<PlannedPush, Error> {
    let mut plan = PushPlan::with_copies(list)?;
    let mut converted = ManifestList::new(list.reference().clone());
    let annotations = list.annotations();
    converted.form_mut().oci = format == Format::Oci;
    let mut losses = Vec::new();
    match format {
        Format::Oci => converted.form_mut().annotations.clone_from(&annotations),
        Format::Docker if !annotations.is_empty() => losses.push("annotations of the list".to_owned()),
        Format::Docker => {}
    }
    let (subject, artifact_type) = list.subject_and_artifact_type();
    if format == Format::Docker {
        losses.extend(subject.is_some().then(|| "subject of the list".to_owned()));
        losses.extend(artifact_type.is_some().then(|| "artifact type of the list".to_owned()));
    }
    let mut images: HashMap<Digest, ListEntry> = HashMap::new();
    for entry in list.iter() {
        // Docker's lists have a platform for each entry, and no type in place of one.
        let is_image = entry.descriptor.is_runnable() && !entry.descriptor.is_artifact();
        let is_kept = format == Format::Oci || is_image;
        if !is_kept {
            losses.push(format!("{}, which nobody can run", entry.reference));
            continue;
        }
        let after = match entry.descriptor.is_runnable() {
            true => convert_entry(entry, format, &mut losses)?,
            false => entry.clone(),
        };
        images.insert(entry.descriptor.digest.clone(), after.clone());
        converted.insert(after)?;
    }
    // Attestations name the image that they are about by its digest.
    for mut entry in converted.iter().cloned().collect::<Vec<_>>() {
        let subject = entry.descriptor.attests().and_then(|subject| subject.parse::<Digest>().ok());
        if let Some(image) = subject.and_then(|subject| images.get(&subject)) {
            let digest = image.descriptor.digest.to_string();
            entry.descriptor.annotations.insert("vnd.docker.reference.digest".to_owned(), digest);
            converted.insert(entry)?;
        }
    }
    put_images(&mut plan, list, &converted, &images);
    let (bytes, media_type) = (converted.to_bytes(), format.list());
    let bytes = match converted.media_type() == media_type {
        true => bytes,
        // A list without images has Docker's type.
        false => tallyman_core::encode_index(&media_type, converted.iter().map(|entry| &entry.descriptor)),
    };
    replace_list(&mut plan, media_type, bytes.into());
    if format == Format::Oci && (subject.is_some() || artifact_type.is_some()) {
        put_subject(&mut plan, subject, artifact_type)?;
    }
    Ok(PlannedPush { plan, nested: nested_lists(&converted), losses })
}

fn convert_entry(entry: &ListEntry, format: Format, losses: &mut Vec<String>) -> Result<ListEntry, Error> {
    let invalid = |reason: ContentError| Error::content(&entry.reference, reason);
    let bytes = entry.manifest_bytes().map_err(|error| invalid(error.into()))?;
    let image = convert_image(&bytes, &entry.descriptor.media_type, format)
        .map_err(|error| invalid(ContentError::Convert(Box::new(error))))?;
    losses.extend(image.losses.iter().map(|loss| format!("{loss} of {}", entry.reference)));
    let mut descriptor = entry.descriptor.clone();
    descriptor.media_type = image.media_type;
    descriptor.digest = Digest::of(&image.bytes);
    descriptor.size = image.bytes.len() as u64;
    if format == Format::Docker && !descriptor.annotations.is_empty() {
        losses.push(format!("annotations of the entry {}", entry.reference));
        descriptor.annotations.clear();
    }
    ListEntry::new(entry.reference.clone(), descriptor, image.bytes).map_err(|error| invalid(error.into()))
}

/// Puts the converted manifests in the place of those that the plan puts, and those that were in the repository before them.
fn put_images(
    plan: &mut PushPlan,
    list: &ManifestList,
    converted: &ManifestList,
    images: &HashMap<Digest, ListEntry>,
) {
    let before = list.iter().map(|entry| &entry.descriptor.digest);
    let in_order = before.filter_map(|digest| Some((digest, images.get(digest)?)));

    let put_list = plan.steps.pop().expect("the last step of every plan puts the list");
    for step in &mut plan.steps {
        if let Action::PutManifest { media_type, digest, bytes, .. } = &mut step.action
            && let Some(image) = images.get(digest)
        {
            (*media_type, *digest) = (image.descriptor.media_type.clone(), image.descriptor.digest.clone());
            *bytes = image.raw.clone().expect("converted images have their bytes");
        }
    }
    for (before, image) in in_order {
        let is_put = |step: &Step| matches!(&step.action, Action::PutManifest { digest, .. } if *digest == image.descriptor.digest);
        if *before == image.descriptor.digest || plan.steps.iter().any(is_put) {
            continue;
        }
        let action = Action::PutManifest {
            reference: image.reference.clone(),
            media_type: image.descriptor.media_type.clone(),
            digest: image.descriptor.digest.clone(),
            bytes: image.raw.clone().expect("converted images have their bytes"),
        };
        plan.steps.push(Step { action, after: Vec::new(), cost: Cost { requests: 1, at_most: 1 } });
    }
    let kept: Vec<&Digest> = converted.iter().map(|entry| &entry.descriptor.digest).collect();
    let is_put =
        |step: &Step| matches!(&step.action, Action::PutManifest { digest, .. } if kept.contains(&digest));
    let puts = plan.steps.iter().enumerate().filter(|(_, step)| is_put(step));
    let after = puts.map(|(index, _)| index).collect();
    plan.steps.push(Step { after, ..put_list });
}

/// Checks that a list which refers to `subject` is found among its referrers.
///
/// # Errors
/// [`Error::SubjectElsewhere`] if they are in different repositories.
pub fn check_subject(subject: &Reference, list: &Reference) -> Result<(), Error> {
    if subject.is_same_repository(list) {
        return Ok(());
    }
    Err(Error::SubjectElsewhere { subject: Box::new(subject.clone()), list: Box::new(list.clone()) })
}

/// Makes the list that `plan` puts refer to `subject`, and gives it an artifact type.
///
/// # Errors
/// [`Error::OciNeeded`] if it is a Docker list, which has neither.
pub fn with_subject(
    plan: &mut PushPlan,
    subject: Option<Descriptor>,
    artifact_type: Option<ArtifactType>,
) -> Result<(), Error> {
    put_subject(plan, subject, artifact_type.map(|artifact_type| artifact_type.to_string()))
}

fn put_subject(
    plan: &mut PushPlan,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
) -> Result<(), Error> {
    let (media_type, _, bytes) = plan.list();
    let (media_type, bytes) = (media_type.clone(), Arc::clone(bytes));
    let target: Reference = plan.target.clone();
    if media_type != MediaType::OciIndex {
        return Err(Error::OciNeeded { reference: Box::new(target) });
    }
    let field = |source| {
        let media_type = media_type.clone();
        Error::content(&target, ContentError::Field { media_type, source })
    };
    let mut index = Index::parse(&bytes).map_err(field)?;
    index.subject = subject.or(index.subject);
    index.artifact_type = artifact_type.or(index.artifact_type);
    let encoded = index.encode_over(&bytes, &media_type).map_err(field)?;
    replace_list(plan, media_type, encoded.into());
    Ok(())
}

fn replace_list(plan: &mut PushPlan, new_type: MediaType, new_bytes: Arc<[u8]>) {
    if let Some(Action::PutList { reference, media_type, digest, bytes }) =
        plan.steps.last_mut().map(|step| &mut step.action)
    {
        (*media_type, *digest, *bytes) = (new_type, Digest::of(&new_bytes), new_bytes);
        *reference = plan.target.by_tag_or(digest);
    }
}

/// Lists the index that a plan has put among the referrers of its subject, unless the registry does so by itself. Does nothing
/// if it has no subject. Returns the plans, where the copier only plans.
///
/// # Errors
/// [`Error::Content`] if the index cannot be read again, [`Error::Registry`] for the requests.
pub async fn list_as_referrer(copier: &Copier<'_>, plan: &PushPlan) -> Result<Vec<PushPlan>, Error> {
    let (media_type, _, bytes) = plan.list();
    let manifest =
        Manifest::parse(Arc::clone(bytes), Some(media_type)).map_err(|error| content(&plan.target, error))?;
    copier.list_as_referrers(&plan.target, &[manifest]).await
}
