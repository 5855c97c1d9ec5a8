//! Changing an index that is in a registry: fetched, changed, put again if nobody has moved its tag meanwhile, and all of that again
//! if somebody has.

use std::collections::BTreeMap;

use tallyman_core::{
    Descriptor, Digest, EntryField, Index, ListEntry, Manifest, MediaType, PlanError, Platform,
    PlatformChange, Reference, Tag,
};
use tallyman_registry::Client;

use crate::{
    ContentError, Copier, Error, IndexChange, Source, difference,
    fetch::expand::{self, ExpandOptions},
    moved_tag::{SeenTag, again_if_moved, moved},
    resolve::{content, failed, resolve},
    side_by_side,
    tags::{put, put_under},
};

/// An entry of an index, as it is named on a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryName {
    /// The entry of a platform; of no variant, the one without a variant goes before others.
    Platform(Platform),
    /// The entries of a digest.
    Digest(Digest),
    /// The entries of the manifest that a reference stands for.
    Named(Reference),
}

/// The options of adding entries to an index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddOptions {
    /// The platforms whose images are taken from a list; all if there are none.
    pub platforms: Vec<Platform>,
    /// Keep a list as an entry, in place of taking its images.
    pub nest: bool,
    /// Keep entries of the same platform beside those that are added.
    pub keep: bool,
    /// Leave attestations out.
    pub no_attestations: bool,
}

/// An index that was changed in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdatedIndex {
    /// The differences to what was there before.
    pub changes: Vec<IndexChange>,
    /// Its digest.
    pub digest: Digest,
}

/// Changes the index of `reference` by `change` and puts it, also under further tags. Where somebody else moves its tag meanwhile, what
/// that stands for then is fetched, changed and put: of changes that are made at the same time none is lost. `change` is given
/// `true` if its outcome was there already, and was replaced.
///
/// # Errors
/// The errors of `change` and [`IndexUpdate::fetch`]; [`Error::TagMoved`] if the tag is moved time and again.
pub async fn update_index(
    client: &Client,
    reference: &Reference,
    tags: &[Tag],
    change: impl AsyncFn(&mut IndexUpdate, bool) -> Result<(), Error>,
) -> Result<UpdatedIndex, Error> {
    let mut replaced = None;
    again_if_moved(client, async || {
        let mut update = IndexUpdate::fetch(client, reference).await?;
        change(&mut update, replaced.is_some()).await?;
        let changes = update.changes();
        match update.push(client, tags).await {
            Ok(digest) => {
                // The writer that moved the tag may have included this change.
                let changes = if changes.is_empty() { replaced.take().unwrap_or_default() } else { changes };
                Ok(UpdatedIndex { changes, digest })
            }
            Err(error) => {
                if matches!(error, Error::TagMoved { was_put: true, .. }) && !changes.is_empty() {
                    replaced = Some(changes);
                }
                Err(error)
            }
        }
    })
    .await
}

/// An index of a registry, and what it is to be.
#[derive(Clone, Debug)]
pub struct IndexUpdate {
    reference: Reference,
    before: Manifest,
    old: Index,
    index: Index,
    media_type: MediaType,
    /// Manifests of other repositories that are to be brought along.
    sources: Vec<Reference>,
}

impl IndexUpdate {
    /// Fetches the index of `reference`.
    ///
    /// # Errors
    /// [`Error::Registry`] if there is none, [`Error::Content`] if something else is there.
    pub async fn fetch(client: &Client, reference: &Reference) -> Result<Self, Error> {
        client.read_directly(reference);
        let before = resolve(client, reference, None).await?;
        let Some(index) = before.index().cloned() else {
            let reason = ContentError::kind("an image index or a manifest list", reference, &before.kind());
            return Err(Error::content(reference, reason));
        };
        let media_type = before.media_type().clone();
        Ok(Self {
            reference: reference.clone(),
            old: index.clone(),
            before,
            index,
            media_type,
            sources: Vec::new(),
        })
    }

    /// Makes it an OCI index, whatever it was.
    pub fn make_oci(&mut self) {
        self.media_type = MediaType::OciIndex;
    }

    /// Adds the images of sources one after another, in place of entries of the same platform. Descriptors that follow each other
    /// are taken as the entries of one list are.
    ///
    /// # Errors
    /// As [`create`](crate::create), for what cannot be fetched; [`Error::Plan`] for an image without a platform, as a push has it;
    /// [`Error::OciNeeded`] for lists as entries, annotations and artifact types in a Docker list.
    pub async fn add(
        &mut self,
        client: &Client,
        sources: &[Source],
        options: &AddOptions,
    ) -> Result<(), Error> {
        let is_oci = self.media_type == MediaType::OciIndex;
        let expand_options = &ExpandOptions {
            attestations: is_oci && !options.no_attestations,
            platforms: options.platforms.clone(),
            nest: options.nest,
        };
        // Every field of a descriptor is added or refused, none is lost.
        let described_options =
            &ExpandOptions { attestations: !options.no_attestations, ..expand_options.clone() };
        let reference = &self.reference;
        let is_described = |source: &Source| matches!(source, Source::Described(_));
        let groups = sources.chunk_by(|one, next| is_described(one) && is_described(next));
        let fetched = groups.map(|group| async move {
            if let [Source::Named(source)] = group {
                return expand::images(client, std::slice::from_ref(source), expand_options).await;
            }
            let descriptors = group.iter().filter_map(|source| match source {
                Source::Described(descriptor) => Some((**descriptor).clone()),
                Source::Named(_) => None,
            });
            let descriptors: Vec<Descriptor> = descriptors.collect();
            expand::described(client, reference, &descriptors, described_options).await
        });
        let entries: Vec<Vec<ListEntry>> = side_by_side::all(fetched).await?;
        for entry in entries.into_iter().flatten() {
            check_platform(&entry)?;
            let ListEntry { reference, descriptor, .. } = entry;
            if !is_oci && (descriptor.media_type.is_list() || descriptor.is_annotated()) {
                return Err(Error::OciNeeded { reference: Box::new(self.reference.clone()) });
            }
            let source = reference.by_digest(descriptor.digest.clone());
            if !reference.is_same_repository(&self.reference) && !self.sources.contains(&source) {
                self.sources.push(source);
            }
            self.put(&descriptor, options.keep);
        }
        Ok(())
    }

    /// Puts an entry in place of the first of its platform, or at the end. The entries of the same image for other platforms stay.
    fn put(&mut self, entry: &Descriptor, keep: bool) {
        let replaces = |old: &Descriptor| {
            let is_same_image = old.digest == entry.digest;
            let is_again = is_same_image && (old.platform.is_none() || old.platform == entry.platform);
            is_again || (is_same_image || !keep) && old.is_for_platform_of(entry)
        };
        let (mut manifests, mut gone) = (Vec::with_capacity(self.index.manifests.len() + 1), Vec::new());
        for old in self.index.manifests.drain(..) {
            if !replaces(&old) {
                manifests.push(old);
                continue;
            }
            if gone.is_empty() {
                manifests.push(entry.clone());
            }
            gone.push(old.digest);
        }
        if gone.is_empty() {
            manifests.push(entry.clone());
        }
        self.index.manifests = manifests;
        self.remove_attestations(gone);
    }

    /// Removes the attestations of images whose entries were removed, unless others of them are left.
    fn remove_attestations(&mut self, mut gone: Vec<Digest>) {
        gone.retain(|digest| self.index.manifests.iter().all(|entry| entry.digest != *digest));
        self.index.manifests.retain(|entry| !attests_any(entry, &gone));
    }

    /// Removes entries, and the attestations of those.
    ///
    /// # Errors
    /// [`Error::NoSuchEntry`] if there is none of that name, [`Error::SeveralEntries`] if a platform is that of several images.
    pub async fn remove(&mut self, client: &Client, name: &EntryName) -> Result<(), Error> {
        // From the last one on, so that the places of the others stay.
        let places = self.find(client, name).await?.into_iter().rev();
        let gone = places.map(|place| self.index.manifests.remove(place).digest).collect();
        self.remove_attestations(gone);
        Ok(())
    }

    /// Changes what entries say about their images; with no name, the annotations of the index itself.
    ///
    /// # Errors
    /// The errors of [`IndexUpdate::remove`], [`Error::UnsupportedPlatform`] if Docker does not accept the platform,
    /// [`Error::OciNeeded`] for annotations of a Docker list.
    pub async fn annotate(
        &mut self,
        client: &Client,
        name: Option<&EntryName>,
        change: &PlatformChange,
        annotations: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        if !annotations.is_empty() && self.media_type != MediaType::OciIndex {
            return Err(Error::OciNeeded { reference: Box::new(self.reference.clone()) });
        }
        let update = |of: &mut BTreeMap<String, String>| {
            for field in &change.cleared {
                if let EntryField::Annotation(key) = field {
                    of.remove(key);
                }
            }
            of.extend(annotations.clone());
        };
        let Some(name) = name else {
            update(&mut self.index.annotations);
            return Ok(());
        };
        for place in self.find(client, name).await? {
            let entry = &mut self.index.manifests[place];
            if change.changes_platform() {
                let platform = entry.platform.clone().unwrap_or_default();
                let changed = change.apply(&platform).map_err(|error| error.over(&platform))?;
                entry.platform = Some(changed);
            }
            update(&mut entry.annotations);
        }
        Ok(())
    }

    /// Returns the places of the entries of that name, of which there is at least one.
    async fn find(&self, client: &Client, name: &EntryName) -> Result<Vec<usize>, Error> {
        let entries = &self.index.manifests;
        let of_digest = |digest: &Digest| -> Vec<usize> {
            (0..entries.len()).filter(|place| entries[*place].digest == *digest).collect()
        };
        let (places, wanted) = match name {
            EntryName::Platform(platform) => (self.index.places_of(platform), platform.in_full().to_string()),
            EntryName::Digest(digest) => (of_digest(digest), digest.to_string()),
            EntryName::Named(reference) => {
                let digest = client.manifest(reference).await.map_err(failed)?.digest;
                (of_digest(&digest), reference.to_string())
            }
        };
        let reference = || Box::new(self.reference.clone());
        let Some(first) = places.first() else {
            let found = entries.iter().map(difference::name).collect();
            return Err(Error::NoSuchEntry { reference: reference(), wanted, found });
        };
        if places.iter().any(|place| entries[*place].digest != entries[*first].digest) {
            let named = places.iter().map(|place| &entries[*place]);
            let found = named.map(|entry| format!("{} {}", difference::name(entry), entry.digest)).collect();
            return Err(Error::SeveralEntries { reference: reference(), wanted, found });
        }
        Ok(places)
    }

    /// Returns the differences to what is in the registry.
    pub fn changes(&self) -> Vec<IndexChange> {
        let mut changes = IndexChange::between(&self.old, &self.index);
        changes.extend(IndexChange::of_media_type(self.before.media_type(), &self.media_type));
        changes
    }

    /// Returns the index as it is to be: the one that was fetched, byte for byte, if nothing changes.
    ///
    /// # Errors
    /// [`Error::NoEntryLeft`] if it has lost its last entry, [`Error::Content`] if the index that was fetched cannot be read again.
    pub fn manifest(&self) -> Result<Manifest, Error> {
        if self.index.manifests.is_empty() && !self.old.manifests.is_empty() {
            return Err(Error::NoEntryLeft { reference: Box::new(self.reference.clone()) });
        }
        if self.index == self.old && self.media_type == *self.before.media_type() {
            return Ok(self.before.clone());
        }
        let encoded = self.index.encode_over(self.before.bytes(), &self.media_type);
        let bytes = encoded.map_err(|source| {
            let media_type = self.media_type.clone();
            Error::content(&self.reference, ContentError::Field { media_type, source })
        })?;
        Manifest::parse(bytes, Some(&self.media_type)).map_err(|error| content(&self.reference, error))
    }

    /// Brings what was added into the repository, puts the index if its tag still stands for what was fetched, and puts it
    /// under further tags. Returns its digest. What is put is listed among the referrers of its subject, and what was there already
    /// too: an earlier change may have ended before it was.
    ///
    /// # Errors
    /// [`Error::TagMoved`] if somebody has moved the tag meanwhile: nothing is put under it then, or it was moved a moment later.
    pub async fn push(&self, client: &Client, tags: &[Tag]) -> Result<Digest, Error> {
        let manifest = self.manifest()?;
        let pairs = self.sources.iter().map(|source| {
            let digest = source.digest().expect("sources are by digest");
            (source.clone(), self.reference.by_digest(digest.clone()))
        });
        let copier = Copier::new(client);
        copier.side_by_side(pairs, true).await?;
        let tagged = self.reference.tag().map(|tag| self.reference.by_tag(tag.clone()));
        let is_changed = manifest.digest() != self.before.digest();
        match &tagged {
            Some(tagged) if is_changed => self.put_under_tag(client, tagged, &manifest).await?,
            None if is_changed => {
                let target = self.reference.by_digest(manifest.digest().clone());
                put(client, &target, manifest.media_type(), manifest.shared_bytes()).await?;
            }
            _ => {}
        }
        copier.list_as_referrers(&self.reference, std::slice::from_ref(&manifest)).await?;
        put_under(client, &self.reference, tags, manifest.media_type(), &manifest.shared_bytes()).await?;
        Ok(manifest.digest().clone())
    }

    /// Puts the index under its tag, if that has not moved meanwhile.
    async fn put_under_tag(
        &self,
        client: &Client,
        tagged: &Reference,
        manifest: &Manifest,
    ) -> Result<(), Error> {
        let look = async || {
            let found = client.standing(tagged).await.map_err(failed)?;
            Ok(found.map(|found| found.digest))
        };
        let since = client.now();
        let before = look().await?;
        if before.as_ref() != Some(self.before.digest()) {
            return Err(moved(tagged, self.before.digest(), before, false));
        }
        SeenTag { tag: tagged, before, since }.put(client, manifest, look).await
    }
}

/// Checks that the entry of an image says on what it runs.
fn check_platform(entry: &ListEntry) -> Result<(), Error> {
    let descriptor = &entry.descriptor;
    let may_be_image = matches!(descriptor.media_type, MediaType::DockerManifest | MediaType::OciManifest);
    if descriptor.may_be_pushed() || !may_be_image {
        return Ok(());
    }
    Err(PlanError::platform_missing(entry).into())
}

fn attests_any(entry: &Descriptor, images: &[Digest]) -> bool {
    entry.attests().is_some_and(|subject| images.iter().any(|digest| digest.as_str() == subject))
}
