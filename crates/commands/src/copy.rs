//! Copying an image or a list to another repository or registry, with all that it points to.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tallyman_core::{
    Descriptor, Digest, ListEntry, Manifest, ManifestList, MediaType, NESTED_INDEXES_MAX, Platform, PushPlan,
    Reference, Tag,
};
use tallyman_registry::{Client, Error as RegistryError, fallback_tag};

use crate::{
    ContentError, Error, MAX_PARALLEL_REQUESTS, execute,
    resolve::{Below, content, failed, nested, no_such_platform, referrers_too_deep, resolve, too_deep},
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
    /// The plan; `None` if the target is that already.
    pub plan: Option<PushPlan>,
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
pub async fn plan_copy_of(
    client: &Client,
    source: &Reference,
    target: &Reference,
    platforms: &[Platform],
) -> Result<CopyPlan, Error> {
    client.read_directly(target);
    let root = match platforms {
        [] => resolve(client, source, None).await?,
        [platform] => resolve(client, source, Some(platform)).await?,
        several => reduced(source, &resolve(client, source, None).await?, several)?,
    };
    if let Some(digest) = target.digest().filter(|digest| !digest.matches(root.bytes())) {
        let (expected, found) = (digest.clone(), root.digest().clone());
        return Err(Error::TargetDigest { target: Box::new(target.clone()), expected, found });
    }
    let whole = tree(client, source, root.clone()).await?;
    let manifests = whole.len();
    let digests = whole.iter().map(|manifest| manifest.digest().clone()).collect();
    let target_itself = match target.tag() {
        Some(tag) => target.by_tag(tag.clone()),
        None => target.by_digest(root.digest().clone()),
    };
    let is_near = source.is_same_repository(target);
    let asked = whole.iter().map(|manifest| {
        let (digest, is_root) = (manifest.digest().clone(), manifest.digest() == root.digest());
        let reference = if is_root { target_itself.clone() } else { target.by_digest(digest.clone()) };
        async move {
            match is_near && !is_root {
                true => Ok(true),
                false => is_there(client, &reference, &digest).await,
            }
        }
    });
    let there: Vec<bool> = stream::iter(asked).buffered(MAX_PARALLEL_REQUESTS).try_collect().await?;
    let missing: Vec<Manifest> = whole
        .into_iter()
        .zip(there)
        .filter(|(_, is_there)| !is_there)
        .map(|(manifest, _)| manifest)
        .collect();
    // The list is there for all that it points to: where it is the same already, so is the rest.
    let is_same = missing.last().is_none_or(|last| last.digest() != root.digest());
    let plan = (!is_same).then(|| PushPlan::copying(source, target, &missing));
    Ok(CopyPlan { manifest: root, manifests, digests, plan })
}

/// Cuts a list down to the images of some platforms.
fn reduced(source: &Reference, root: &Manifest, platforms: &[Platform]) -> Result<Manifest, Error> {
    let Some(mut index) = root.index().cloned() else {
        let reason = ContentError::kind("a list of several platforms", source, &root.kind());
        return Err(Error::content(source, reason));
    };
    let has = |entry: &Descriptor, wanted: &Platform| {
        entry.is_runnable() && entry.platform.as_ref().is_some_and(|of| wanted.accepts(of))
    };
    for wanted in platforms {
        if !index.manifests.iter().any(|entry| has(entry, wanted)) {
            let found = index.manifests.iter().filter(|entry| entry.is_runnable());
            let found = found.filter_map(|entry| entry.platform.clone()).collect();
            return Err(no_such_platform(source, wanted, found));
        }
    }
    let is_chosen = |entry: &Descriptor| platforms.iter().any(|wanted| has(entry, wanted));
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

/// Copies the tags of the source's repository that stand for what was copied by its digest, such as `sha256-….sig`: signatures
/// and attestations of programs that do not know referrers. Returns them.
///
/// # Errors
/// [`Error::Registry`] and [`Error::Content`] if one of them cannot be copied.
pub async fn copy_digest_tags(
    client: &Client,
    source: &Reference,
    target: &Reference,
    digests: &[Digest],
) -> Result<Vec<Tag>, Error> {
    Copier::of(client).digest_tags(source, target, digests).await
}

/// Plans what [`copy_digest_tags`] does. Nothing is written.
///
/// # Errors
/// As [`copy_digest_tags`].
pub async fn plan_digest_tags(
    client: &Client,
    source: &Reference,
    target: &Reference,
    digests: &[Digest],
) -> Result<Vec<PushPlan>, Error> {
    let planned = RefCell::default();
    Copier { client, planned: Some(&planned) }.digest_tags(source, target, digests).await?;
    Ok(planned.into_inner())
}

/// Plans what [`copy_referrers`] does, as far as the target's registry shows before the copy whether it lists referrers itself.
/// Nothing is written.
///
/// # Errors
/// As [`copy_referrers`].
pub async fn plan_referrers(
    client: &Client,
    source: &Reference,
    target: &Reference,
    root: &Manifest,
) -> Result<Vec<PushPlan>, Error> {
    let planned = RefCell::default();
    Copier { client, planned: Some(&planned) }.referrers(source, target, root).await?;
    Ok(planned.into_inner())
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

/// Brings lists into the repository of the list that has them as entries, with all that they point to.
///
/// # Errors
/// The errors of [`plan_copy`] and [`execute`].
pub async fn bring_nested(client: &Client, lists: &[NestedList]) -> Result<(), Error> {
    for NestedList { source, target } in lists {
        Copier::of(client).whole(source, target).await?;
    }
    Ok(())
}

/// Returns `true` if the registry has the manifest `digest` under `reference`.
async fn is_there(client: &Client, reference: &Reference, digest: &Digest) -> Result<bool, Error> {
    match client.head_manifest(reference).await {
        Ok(head) => Ok(match head.digest {
            Some(found) => found == *digest,
            // What is asked for by digest has that digest.
            None => reference.digest() == Some(digest),
        }),
        // Registries refuse HEAD by many a status, and a repository that does not exist yet by 401 or 403. Putting the
        // manifest tells what is really wrong.
        Err(RegistryError::Api { .. } | RegistryError::Token { .. }) => Ok(false),
        Err(error) => Err(failed(error)),
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
        let manifests = stream::iter(wanted.iter().map(|entry| nested(client, source, entry)));
        level = manifests.buffered(MAX_PARALLEL_REQUESTS).try_collect().await?;
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

/// Copies the referrers of a manifest that was copied and of the entries of a list, and theirs in turn. In a registry without the
/// referrers API they are listed under the tag that the OCI distribution specification names for that.
///
/// # Errors
/// [`Error::Registry`] and [`Error::Content`] if one of them cannot be copied; [`Error::Content`] if they have no end, before
/// anything is copied.
pub async fn copy_referrers(
    client: &Client,
    source: &Reference,
    target: &Reference,
    root: &Manifest,
) -> Result<(), Error> {
    Copier::of(client).referrers(source, target, root).await
}

/// Returns the referrers of a manifest, of the entries of a list, and theirs in turn, by subject: each behind its own subject.
async fn all_referrers(
    client: &Client,
    source: &Reference,
    root: &Manifest,
) -> Result<Vec<(Digest, Vec<Descriptor>)>, Error> {
    let below = Below::new(source);
    let entries = root.index().into_iter().flat_map(|index| &index.manifests);
    let first = [root.digest()].into_iter().chain(entries.map(|entry| &entry.digest));
    let mut level: Vec<Digest> = first.filter(|digest| below.is_new(digest)).cloned().collect();
    let mut found = Vec::new();
    let mut depth = 0;
    while !level.is_empty() {
        let mut next = Vec::new();
        for subject in level {
            let referrers = client.referrers(source, &subject, None).await.map_err(failed)?;
            // Each has one subject: what is listed for several counts for each of them.
            below.count(&referrers)?;
            let digests = referrers.iter().map(|referrer| &referrer.digest);
            next.extend(digests.filter(|digest| below.is_new(digest)).cloned());
            found.push((subject, referrers));
        }
        depth += 1;
        if depth > NESTED_INDEXES_MAX && !next.is_empty() {
            return Err(referrers_too_deep(source));
        }
        level = next;
    }
    Ok(found)
}

/// Lists referrers of `subject` in its fallback index, unless the registry lists them by itself.
pub(crate) async fn list_referrers(
    client: &Client,
    target: &Reference,
    subject: &Digest,
    referrers: Vec<Descriptor>,
) -> Result<(), Error> {
    Copier::of(client).list_referrers(target, subject, referrers).await
}

/// Removes the referrers that are there from those that are to be listed.
fn leave_out(referrers: &mut Vec<Descriptor>, there: &[Descriptor]) {
    let there: HashSet<&Digest> = there.iter().map(|entry| &entry.digest).collect();
    referrers.retain(|entry| !there.contains(&entry.digest));
}

/// A copy of what belongs to an image: its plans are carried out, or only collected.
#[derive(Clone, Copy)]
struct Copier<'a> {
    client: &'a Client,
    planned: Option<&'a RefCell<Vec<PushPlan>>>,
}

impl<'a> Copier<'a> {
    fn of(client: &'a Client) -> Self {
        Self { client, planned: None }
    }

    /// Copies what stands under `from`, unless `to` is that already.
    async fn whole(self, from: &Reference, to: &Reference) -> Result<(), Error> {
        let Some(plan) = plan_copy(self.client, from, to, None).await?.plan else { return Ok(()) };
        match self.planned {
            Some(planned) => planned.borrow_mut().push(plan),
            None => _ = execute(self.client, &plan, &|_| {}).await?,
        }
        Ok(())
    }

    async fn referrers(self, source: &Reference, target: &Reference, root: &Manifest) -> Result<(), Error> {
        let known = all_referrers(self.client, source, root).await?;
        let mut copied = HashSet::new();
        for (subject, referrers) in known {
            for digest in referrers.iter().map(|referrer| &referrer.digest) {
                if copied.insert(digest.clone()) {
                    let [from, to] = [source, target].map(|of| of.by_digest(digest.clone()));
                    self.whole(&from, &to).await?;
                }
            }
            self.list_referrers(target, &subject, referrers).await?;
        }
        Ok(())
    }

    async fn digest_tags(
        self,
        source: &Reference,
        target: &Reference,
        digests: &[Digest],
    ) -> Result<Vec<Tag>, Error> {
        let client = self.client;
        let prefixes: Vec<(&Digest, Reference)> =
            digests.iter().map(|digest| (digest, fallback_tag(source, digest))).collect();
        client.read_directly(target);
        let behind_digest = |name: &str| {
            let found = prefixes.iter().find_map(|(digest, prefix)| {
                Some((*digest, name.strip_prefix(prefix.tag().map(Tag::as_str)?)?.to_owned()))
            });
            found.filter(|(_, rest)| rest.is_empty() || rest.starts_with('.'))
        };
        let mut copied = Vec::new();
        let mut pages = client.tags(source);
        while let Some(page) = pages.next().await {
            for name in page.map_err(failed)? {
                let Some((digest, rest)) = behind_digest(&name) else { continue };
                let Ok(tag) = name.parse::<Tag>() else { continue };
                let from = source.by_tag(tag.clone());
                match rest.is_empty() {
                    true => self.fallback_index(&from, target, digest).await?,
                    false => self.whole(&from, &target.by_tag(tag.clone())).await?,
                }
                copied.push(tag);
            }
        }
        Ok(copied)
    }

    /// Copies what stands under the fallback tag of `subject`. Entries that the target's index has already stay in it.
    async fn fallback_index(
        self,
        from: &Reference,
        target: &Reference,
        subject: &Digest,
    ) -> Result<(), Error> {
        let tagged = fallback_tag(target, subject);
        let there = self.client.fallback_index(target, subject).await.map_err(failed)?;
        let root = resolve(self.client, from, None).await?;
        let index = root.index().filter(|_| there.is_some_and(|there| there.digest != *root.digest()));
        let Some(index) = index else { return self.whole(from, &tagged).await };
        for entry in &index.manifests {
            let [from, to] = [from, target].map(|of| of.by_digest(entry.digest.clone()));
            self.whole(&from, &to).await?;
        }
        self.add_to_fallback_index(target, subject, index.manifests.clone()).await
    }

    async fn list_referrers(
        self,
        target: &Reference,
        subject: &Digest,
        mut referrers: Vec<Descriptor>,
    ) -> Result<(), Error> {
        if referrers.is_empty() {
            return Ok(());
        }
        self.client.read_directly(target);
        let listed = self.client.referrers(target, subject, None).await;
        // Before the copy the API lists none of them, and some registries answer nothing about what is not there.
        if self.planned.is_some() && (listed.is_err() || self.client.has_referrers_api(target) != Some(false))
        {
            return Ok(());
        }
        leave_out(&mut referrers, &listed.map_err(failed)?);
        self.add_to_fallback_index(target, subject, referrers).await
    }

    /// Adds referrers to the fallback index of `subject`. What others have put into it stays as it stands.
    async fn add_to_fallback_index(
        self,
        target: &Reference,
        subject: &Digest,
        mut referrers: Vec<Descriptor>,
    ) -> Result<(), Error> {
        if referrers.is_empty() {
            return Ok(());
        }
        let reference = fallback_tag(target, subject);
        // The index as it was sent: not every entry is shown as a referrer, and none is with members that a descriptor does not have.
        let before = match self.client.fallback_index(target, subject).await.map_err(failed)? {
            Some(fetched) => fetched.manifest().map_err(|error| content(&reference, error))?,
            None => {
                Manifest::parse(&br#"{"schemaVersion":2,"manifests":[]}"#[..], Some(&MediaType::OciIndex))
                    .expect("an index without entries is one")
            }
        };
        let Some(mut index) = before.index().cloned() else {
            let expected = "an image index of referrers, to which others can be added,";
            let reason = ContentError::kind(expected, &reference, &before.kind());
            return Err(Error::content(&reference, reason));
        };
        leave_out(&mut referrers, &index.manifests);
        if referrers.is_empty() {
            return Ok(());
        }
        index.manifests.extend(referrers);
        let media_type = MediaType::OciIndex;
        let encoded = index.encode_over(before.bytes(), &media_type).map_err(|source| {
            let media_type = media_type.clone();
            Error::content(&reference, ContentError::Field { media_type, source })
        })?;
        if let Some(planned) = self.planned {
            let after = Manifest::parse(encoded, Some(&media_type));
            let after = after.map_err(|error| content(&reference, error))?;
            planned.borrow_mut().push(PushPlan::copying(&reference, &reference, &[after]));
            return Ok(());
        }
        self.client.put_manifest(&reference, &media_type, encoded.into()).await.map_err(failed)?;
        Ok(())
    }
}
