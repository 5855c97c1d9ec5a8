//! Copying an image or a list to another repository or registry, with all that it points to.

mod copier;
mod totals;
mod writes;

use std::collections::{HashMap, HashSet};

use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_core::{
    Descriptor, Digest, ListEntry, Manifest, ManifestList, MediaType, NESTED_INDEXES_MAX, Platform, PushPlan,
    Reference, taken_platforms,
};
use tallyman_registry::{Client, Error as RegistryError};

pub use copier::Copier;
pub use totals::CopyTotals;

use crate::{
    ContentError, Error,
    fetch::expand::{self, ExpandOptions},
    resolve::{Below, content, failed, nested, resolve, too_deep},
    side_by_side,
};

/// A copy before it is made.
#[derive(Clone, Debug)]
pub struct CopyPlan {
    /// The image or the list that is copied.
    pub manifest: Manifest,
    /// Manifests that it consists of, itself among them.
    pub manifests: usize,
    /// Their digests.
    pub digests: Vec<Digest>,
    /// Manifests that have a subject, whether the target has them already or not.
    pub(crate) referrers: Vec<Manifest>,
    /// The target's manifest before the copy.
    pub standing: Standing,
    /// The plan; `None` if the target is that already.
    pub plan: Option<PushPlan>,
}

/// The manifest that a reference stands for, as far as its registry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No manifest.
    Nothing,
    /// The manifest of this digest.
    Manifest(Digest),
    /// The registry does not say.
    Unknown,
}

impl Standing {
    /// Returns `true` if it is the manifest `digest`.
    fn is(&self, digest: &Digest) -> bool {
        matches!(self, Self::Manifest(found) if found == digest)
    }
}

/// Reads what stands under `source`, and what of it `target` lacks. Where a platform is named, the image of that platform
/// in the list. Nothing is written.
///
/// # Errors
/// When the source cannot be read as a whole, has no such platform, or is not what the target's digest says.
pub async fn plan_copy(
    client: &Client,
    source: &Reference,
    target: &Reference,
    platform: Option<&Platform>,
) -> Result<CopyPlan, Error> {
    plan_copy_of(client, source, target, platform.map_or(&[], std::slice::from_ref)).await
}

/// Plans a copy as [`plan_copy`] does, of several platforms: the list is cut down to their images and the attestations of these,
/// which gives it another digest.
///
/// # Errors
/// As [`plan_copy`].
pub fn plan_copy_of<'a>(
    client: &'a Client,
    source: &'a Reference,
    target: &'a Reference,
    platforms: &'a [Platform],
) -> LocalBoxFuture<'a, Result<CopyPlan, Error>> {
    plan_whole(client, source, target, platforms).boxed_local()
}

async fn plan_whole(
    client: &Client,
    source: &Reference,
    target: &Reference,
    platforms: &[Platform],
) -> Result<CopyPlan, Error> {
    client.read_directly(target);
    let root = match platforms {
        [] => resolve(client, source, None).await?,
        [platform] => resolve(client, source, Some(platform)).await?,
        several => reduced(client, source, &resolve(client, source, None).await?, several).await?,
    };
    if let Some(digest) = target.digest().filter(|digest| !digest.matches(root.bytes())) {
        let (expected, found) = (digest.clone(), root.digest().clone());
        return Err(Error::TargetDigest { target: Box::new(target.clone()), expected, found });
    }
    let whole = tree(client, source, root.clone()).await?;
    let manifests = whole.len();
    let digests = whole.iter().map(|manifest| manifest.digest().clone()).collect();
    let referrers = whole.iter().filter(|manifest| manifest.as_referrer().is_some()).cloned().collect();
    let target_itself = target.by_tag_or(root.digest());
    let is_near = source.is_same_repository(target);
    let asked = whole.iter().map(|manifest| {
        let (digest, size) = (manifest.digest().clone(), manifest.size());
        let is_root = manifest.digest() == root.digest();
        let reference = if is_root { target_itself.clone() } else { target.by_digest(digest.clone()) };
        async move {
            match is_near && !is_root {
                true => Ok(Standing::Manifest(digest)),
                false => standing(client, &reference, &digest, size).await.map_err(failed),
            }
        }
    });
    let there: Vec<Standing> = side_by_side::all(asked).await?;
    // The root is the last one.
    let standing = there.last().cloned().unwrap_or(Standing::Unknown);
    let missing: Vec<Manifest> = whole
        .into_iter()
        .zip(there)
        .filter(|(manifest, there)| !there.is(manifest.digest()))
        .map(|(manifest, _)| manifest)
        .collect();
    // The list is there for all that it points to: where it is the same already, so is the rest.
    let is_same = missing.last().is_none_or(|last| last.digest() != root.digest());
    let plan = (!is_same).then(|| PushPlan::copying(source, target, &missing));
    Ok(CopyPlan { manifest: root, manifests, digests, referrers, standing, plan })
}

/// Cuts a list down to the images of some platforms. Those that it does not name come from nested lists, whose place they take, and
/// from entries without a platform.
async fn reduced(
    client: &Client,
    source: &Reference,
    root: &Manifest,
    platforms: &[Platform],
) -> Result<Manifest, Error> {
    let Some(mut index) = root.index().cloned() else {
        let reason = ContentError::kind("a list of several platforms", source, &root.kind());
        return Err(Error::content(source, reason));
    };
    let mut lacking = platforms.to_vec();
    lacking.retain(|wanted| index.entry_for(wanted).is_none());
    let mut found = Vec::new();
    if !lacking.is_empty() {
        let attestations = *root.media_type() == MediaType::OciIndex;
        let options = ExpandOptions { attestations, platforms: lacking, nest: false };
        found = expand::entries(client, source, &index, &options).await?;
    }
    let is_found = |entry: &Descriptor| found.iter().any(|image| image.descriptor.digest == entry.digest);
    for image in &found {
        let is_of_root =
            |entry: &Descriptor| entry.named_platform().is_none() && entry.digest == image.descriptor.digest;
        if !index.manifests.iter().any(is_of_root) {
            index.manifests.push(image.descriptor.clone());
        }
    }
    let runnable = index.manifests.iter().filter(|entry| entry.is_runnable());
    let named: Vec<&Platform> = runnable.filter_map(Descriptor::named_platform).collect();
    let is_nearest = taken_platforms(platforms, &named);
    let is_chosen = |entry: &Descriptor| {
        entry.is_runnable()
            && match entry.named_platform() {
                Some(of) => is_nearest(of),
                None => is_found(entry),
            }
    };
    let kept: Vec<String> = index
        .manifests
        .iter()
        .filter(|entry| is_chosen(entry))
        .map(|entry| entry.digest.to_string())
        .collect();
    index.manifests.retain(|entry| {
        is_chosen(entry) || entry.attests().is_some_and(|image| kept.iter().any(|digest| digest == image))
    });
    let media_type = root.media_type();
    let bytes = index.encode_over(root.bytes(), media_type).map_err(|fault| {
        let media_type = media_type.clone();
        Error::content(source, ContentError::Field { media_type, source: fault })
    })?;
    Manifest::parse(bytes, Some(media_type)).map_err(|error| content(source, error))
}

/// A list in another repository than the list that has it as an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NestedList {
    /// The list, by its digest.
    pub source: Reference,
    /// The reference that it has to be under, for the other list to be pushed.
    pub target: Reference,
}

/// Returns the lists of other repositories that a list has as entries: a [`plan`](crate::plan) puts none of them.
pub fn nested_lists(list: &ManifestList) -> Vec<NestedList> {
    let of = |entry: &ListEntry| {
        let (name, digest) = (&entry.reference, &entry.descriptor.digest);
        let is_foreign = entry.descriptor.media_type.is_list() && !name.is_same_repository(list.reference());
        let [source, target] = [name, list.reference()].map(|of| of.by_digest(digest.clone()));
        is_foreign.then_some(NestedList { source, target })
    };
    list.iter().filter_map(of).collect()
}

/// Returns `true` if the registry has the manifest `digest`, of `size` bytes, under `reference`.
pub(crate) async fn is_there(
    client: &Client,
    reference: &Reference,
    digest: &Digest,
    size: u64,
) -> Result<bool, RegistryError> {
    Ok(standing(client, reference, digest, size).await?.is(digest))
}

/// Returns what `reference` stands for: by HEAD if the registry tells the digest, and the browser does not hide it, else by the
/// manifest of a tag. What is asked for as `digest`, of `size` bytes, has that digest.
async fn standing(
    client: &Client,
    reference: &Reference,
    digest: &Digest,
    size: u64,
) -> Result<Standing, RegistryError> {
    match client.head_manifest(reference).await {
        Ok(head) => Ok(match &head.digest {
            Some(found) => Standing::Manifest(found.clone()),
            None if reference.digest() == Some(digest) && head.can_be_of(Some(size)) => {
                Standing::Manifest(digest.clone())
            }
            None if reference.digest().is_some() => Standing::Unknown,
            None => {
                let found = client.manifest(reference).await;
                found.map_or(Standing::Unknown, |found| Standing::Manifest(found.digest))
            }
        }),
        Err(error) if error.is_not_found() => Ok(Standing::Nothing),
        // Registries refuse HEAD by many a status, and a repository that does not exist yet by 401 or 403. Putting the
        // manifest tells what is really wrong.
        Err(error) if client.can_do_without(reference.registry(), &error) => Ok(Standing::Unknown),
        Err(error) => Err(error),
    }
}

/// All manifests that `root` consists of, each behind those that it points to.
async fn tree(client: &Client, source: &Reference, root: Manifest) -> Result<Vec<Manifest>, Error> {
    let mut known: HashMap<Digest, Manifest> = HashMap::new();
    let mut level = vec![root.clone()];
    let below = Below::new(source);
    below.is_new(root.digest());
    let mut depth = 0;
    while !level.is_empty() {
        if depth > NESTED_INDEXES_MAX {
            return Err(too_deep(source));
        }
        depth += 1;
        for manifest in &level {
            if manifest.blobs().is_none() {
                let expected = "an image, a list or an artifact whose blobs are known";
                let reason = ContentError::kind(expected, source, &manifest.kind());
                return Err(Error::content(source, reason));
            }
            known.insert(manifest.digest().clone(), manifest.clone());
        }
        let entries = level.iter().filter_map(Manifest::index).flat_map(|index| &index.manifests);
        let wanted: Vec<Descriptor> = entries.filter(|entry| below.is_new(&entry.digest)).cloned().collect();
        below.count(&wanted)?;
        level = side_by_side::all(wanted.iter().map(|entry| nested(client, source, entry))).await?;
    }
    let (mut ordered, mut placed) = (Vec::new(), HashSet::new());
    place(&root, &known, &mut placed, &mut ordered);
    Ok(ordered)
}

fn place(
    manifest: &Manifest,
    known: &HashMap<Digest, Manifest>,
    placed: &mut HashSet<Digest>,
    ordered: &mut Vec<Manifest>,
) {
    if !placed.insert(manifest.digest().clone()) {
        return;
    }
    for entry in manifest.index().into_iter().flat_map(|index| &index.manifests) {
        if let Some(child) = known.get(&entry.digest) {
            place(child, known, placed, ordered);
        }
    }
    ordered.push(manifest.clone());
}
