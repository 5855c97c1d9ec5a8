//! Local manifest lists: entries in Docker's order, and the bytes that Docker makes of them.

mod encode;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use thiserror::Error;

use crate::{
    Descriptor, Digest, ImageManifest, Index, Manifest, MediaType, Platform, Reference,
    json::{self, FieldError, Object, SyntaxError},
};

pub use encode::{encode_index, reencode_index};

/// One image in a local list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListEntry {
    /// The image as the user named it.
    pub reference: Reference,
    /// Media type, digest, size and platform of its manifest.
    pub descriptor: Descriptor,
    /// The manifest's exact bytes. Lists written by Docker 20.10 lack them.
    pub raw: Option<Arc<[u8]>>,
    /// The manifest's JSON as Docker stores it: compact, with Go's escapes.
    pub manifest_json: Arc<[u8]>,
}

impl ListEntry {
    /// Creates an entry of the manifest `raw`, which `descriptor` describes.
    ///
    /// # Errors
    /// [`SyntaxError`] if `raw` is no JSON.
    pub fn new(
        reference: Reference,
        descriptor: Descriptor,
        raw: impl Into<Arc<[u8]>>,
    ) -> Result<Self, SyntaxError> {
        let raw = raw.into();
        let manifest_json = json::compact(&raw)?.into();
        Ok(Self { reference, descriptor, raw: Some(raw), manifest_json })
    }

    /// Returns the platform; empty if none is set.
    pub fn platform(&self) -> Platform {
        self.descriptor.platform.clone().unwrap_or_default()
    }

    /// Returns `true` if the manifest itself names Docker's media type, whatever the descriptor says: by that Docker tells its
    /// manifests from OCI's where it stores them.
    pub fn is_docker_manifest(&self) -> bool {
        let fields = Object::parse(&self.manifest_json).ok();
        let named = fields.and_then(|fields| fields.string("mediaType").ok()?);
        named.is_some_and(|named| named == MediaType::DockerManifest.as_str())
    }

    /// Returns the manifest to put into another repository: the exact bytes or, if Docker 20.10 did not keep them, the
    /// indentation that its registry most probably served.
    ///
    /// # Errors
    /// [`SyntaxError`] if the bytes have to be rebuilt from something that is no JSON.
    pub fn manifest_bytes(&self) -> Result<Arc<[u8]>, SyntaxError> {
        match &self.raw {
            Some(raw) => Ok(Arc::clone(raw)),
            None => {
                let step = if self.is_docker_manifest() { "   " } else { "  " };
                Ok(json::indent(&self.manifest_json, step)?.into())
            }
        }
    }

    /// Parses the manifest.
    ///
    /// # Errors
    /// [`FieldError`] if the bytes are no image manifest.
    pub fn image(&self) -> Result<ImageManifest, FieldError> {
        ImageManifest::parse(self.raw.as_ref().unwrap_or(&self.manifest_json))
    }
}

/// A failure: two images have one file name in the store.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{added} and {present} have the same name in the local store ({}): only one of them can be in a list; name one of them by its digest",
    added.file_name()
)]
pub struct NameTaken {
    /// The image that was to be added.
    pub added: Box<Reference>,
    /// The image that has the name already.
    pub present: Box<Reference>,
}

/// A list of manifests for one name, as `docker manifest create` keeps it until it is pushed.
///
/// ```
/// use tallyman_core::{Descriptor, Digest, ListEntry, ManifestList, MediaType, Platform};
///
/// let raw = br#"{"schemaVersion": 2}"#;
/// let descriptor = Descriptor {
///     platform: Some(Platform::new("linux", "arm64")),
///     ..Descriptor::new(MediaType::OciManifest, Digest::of(raw), raw.len() as u64)
/// };
/// let mut list = ManifestList::new("ghcr.io/acme/app:v1".parse()?);
/// list.insert(ListEntry::new("ghcr.io/acme/app:v1-arm64".parse()?, descriptor, *raw)?)?;
/// assert_eq!(list.media_type(), MediaType::OciIndex);
/// assert!(list.to_bytes().starts_with(b"{\n   \"schemaVersion\": 2"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The entries stand in the order of their file names' bytes, whatever order they came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestList {
    reference: Reference,
    entries: BTreeMap<String, ListEntry>,
    form: IndexForm,
}

/// The form of a list beyond what Docker makes of its entries. The default is Docker's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexForm {
    /// An OCI index, whatever the entries are. Only then annotations are written: those below, and those of the
    /// entries' descriptors, with their artifact types. What else the form has is kept meanwhile.
    pub oci: bool,
    /// Set if annotations of entries alone make it one: with the last of them it is Docker's again.
    pub by_annotation: bool,
    /// Annotations of the index itself.
    pub annotations: BTreeMap<String, String>,
    /// The bytes of the manifest that the list was made from. What is not changed stays as it stands there: its subject and
    /// artifact type, members that nobody knows, the order of the entries.
    pub original: Option<Arc<[u8]>>,
}

impl IndexForm {
    /// Returns the form that a list of this one has with these entries, which are all that it has.
    pub(crate) fn with_entries<'a>(&self, entries: impl IntoIterator<Item = &'a ListEntry>) -> Self {
        let mut form = self.clone();
        if self.by_annotation && self.annotations.is_empty() {
            form.oci = entries.into_iter().any(|entry| entry.descriptor.is_annotated());
            form.by_annotation = form.oci;
        }
        form
    }

    /// Returns the form of the manifest `original`, with which a list of its entries has the same bytes until it is changed. Returns
    /// `None` if it is no index.
    pub fn of(original: &Manifest) -> Option<Self> {
        let index = original.index()?;
        Some(Self {
            oci: *original.media_type() == MediaType::OciIndex,
            annotations: index.annotations.clone(),
            original: Some(original.shared_bytes()),
            ..Self::default()
        })
    }
}

impl ManifestList {
    /// Creates a list without entries.
    pub fn new(reference: Reference) -> Self {
        Self { reference, entries: BTreeMap::new(), form: IndexForm::default() }
    }

    /// The name of the list.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Returns the same entries under another name.
    #[must_use]
    pub fn renamed(&self, reference: Reference) -> Self {
        Self { reference, ..self.clone() }
    }

    /// The form, which Docker does not know.
    pub fn form(&self) -> &IndexForm {
        &self.form
    }

    /// The form, to be changed.
    pub fn form_mut(&mut self) -> &mut IndexForm {
        &mut self.form
    }

    /// Returns the manifest that the list is written over: the one that it was made from, but for an OCI index while the form
    /// is Docker's.
    pub fn original(&self) -> Option<&Arc<[u8]>> {
        let is_oci_index = |original: &[u8]| {
            let fields = Object::parse(original).ok();
            let named = fields.and_then(|fields| fields.string("mediaType").ok()?);
            // Docker's lists always name their media type; an OCI index need not.
            named.is_none_or(|named| MediaType::new(&named) == MediaType::OciIndex)
        };
        self.form.original.as_ref().filter(|original| self.form.oci || !is_oci_index(original))
    }

    /// Returns the annotations of the list itself that are written: while the form is Docker's, those of the manifest that the
    /// list is written over, if there is one.
    pub fn annotations(&self) -> Cow<'_, BTreeMap<String, String>> {
        if self.form.oci {
            return Cow::Borrowed(&self.form.annotations);
        }
        Cow::Owned(self.original_index().map(|index| index.annotations).unwrap_or_default())
    }

    /// Returns the subject and the artifact type of the manifest that the list is written over.
    pub fn subject_and_artifact_type(&self) -> (Option<Descriptor>, Option<String>) {
        self.original_index().map(|index| (index.subject, index.artifact_type)).unwrap_or_default()
    }

    /// Returns the manifest that the list is written over, parsed.
    pub(crate) fn original_index(&self) -> Option<Index> {
        self.original().and_then(|original| Index::parse(original).ok())
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns `true` if there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in Docker's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &ListEntry> {
        self.entries.values()
    }

    /// Inserts an entry, and returns the one of the same reference that it replaces.
    ///
    /// # Errors
    /// [`NameTaken`] if another image has the same file name ([`Reference::file_name`]): Docker would take one for the other.
    pub fn insert(&mut self, entry: ListEntry) -> Result<Option<ListEntry>, NameTaken> {
        self.check_name(&entry.reference)?;
        Ok(self.entries.insert(entry.reference.file_name(), entry))
    }

    /// Checks that an entry of this name can be inserted or looked for.
    ///
    /// # Errors
    /// [`NameTaken`] if another image has the same file name.
    pub fn check_name(&self, reference: &Reference) -> Result<(), NameTaken> {
        match self.entries.get(&reference.file_name()) {
            Some(present) if present.reference != *reference => Err(NameTaken {
                added: Box::new(reference.clone()),
                present: Box::new(present.reference.clone()),
            }),
            _ => Ok(()),
        }
    }

    /// Returns the entry of an image; `None` if the list has none.
    pub fn get(&self, reference: &Reference) -> Option<&ListEntry> {
        self.entries.get(&reference.file_name()).filter(|entry| entry.reference == *reference)
    }

    /// Removes the entry of an image, and returns it.
    pub fn remove(&mut self, reference: &Reference) -> Option<ListEntry> {
        self.get(reference)?;
        self.entries.remove(&reference.file_name())
    }

    /// Removes the entry of an image as [`ManifestList::remove`] does. A form that came with annotations of entries
    /// ([`IndexForm::by_annotation`]) goes with the last entry that has some.
    pub fn remove_with_form(&mut self, reference: &Reference) -> Option<ListEntry> {
        let removed = self.remove(reference)?;
        self.form = self.form.with_entries(self.entries.values());
        Some(removed)
    }

    /// Returns the media type of the list: the one that Docker gives it ([`MediaType::of_list`]), or the one that its
    /// [form](IndexForm) asks for.
    pub fn media_type(&self) -> MediaType {
        if self.form.oci {
            return MediaType::OciIndex;
        }
        if self.original().is_some() {
            return MediaType::DockerList;
        }
        MediaType::of_list(self.entries.values().next().map(|first| &first.descriptor.media_type))
    }

    /// Encodes the list: the exact bytes that Docker makes of it, with annotations if its [form](IndexForm) allows them; those
    /// of its original, but for what was changed, if it was made from one.
    pub fn to_bytes(&self) -> Vec<u8> {
        if let Some(bytes) = self.original().and_then(|original| self.encode_over(original)) {
            return bytes;
        }
        if self.form.oci {
            let entries = self.iter().map(|entry| &entry.descriptor);
            return encode::encode_annotated(entries, &self.form.annotations);
        }
        encode_index(&self.media_type(), self.iter().map(|entry| &entry.descriptor))
    }

    /// Encodes the list in place of the index `original`; `None` if that is none.
    fn encode_over(&self, original: &[u8]) -> Option<Vec<u8>> {
        let old = Index::parse(original).ok()?;
        // The entries that are not placed yet: those of the original are named by their digests.
        let named = |by_digest: bool| {
            self.iter().filter(move |entry| entry.reference.digest().is_some() == by_digest)
        };
        let mut left: Vec<&ListEntry> = named(true).chain(named(false)).collect();
        let mut manifests = Vec::with_capacity(self.len());
        for (at, before) in old.manifests.iter().enumerate() {
            if !self.iter().any(|entry| entry.descriptor.digest == before.digest) {
                continue;
            }
            // One digest may stand there for several platforms, of which the list has the last as an entry: the others are not
            // changed by what that one says.
            let is_last = !old.manifests[at + 1..].iter().any(|other| other.digest == before.digest);
            let place = left.iter().position(|entry| entry.descriptor == *before).or_else(|| {
                let is_changed = |entry: &&ListEntry| {
                    entry.descriptor.digest == before.digest && !old.manifests.contains(&entry.descriptor)
                };
                is_last.then(|| left.iter().position(is_changed)).flatten()
            });
            manifests.push(place.map_or(before, |place| &left.remove(place).descriptor).clone());
        }
        // In their own order again.
        let is_left = |entry: &&ListEntry| left.iter().any(|other| std::ptr::eq(*other, *entry));
        let new: Vec<Descriptor> =
            self.iter().filter(is_left).map(|entry| entry.descriptor.clone()).collect();
        manifests.extend(new);
        let annotations = if self.form.oci { &self.form.annotations } else { &old.annotations };
        let index = Index { manifests, annotations: annotations.clone(), ..old.clone() };
        let named = Object::parse(original).ok()?.string("mediaType").ok()?;
        let is_same_type = named.is_none_or(|named| MediaType::new(&named) == self.media_type());
        if index == old && is_same_type {
            return Some(original.to_vec());
        }
        index.encode_over(original, &self.media_type()).ok()
    }

    /// The entries in the order in which the list is encoded: that of its original, if it was made from one.
    pub fn in_written_order(&self) -> Vec<&ListEntry> {
        let written = self.form.original.as_ref().and_then(|_| Index::parse(&self.to_bytes()).ok());
        let mut left: Vec<&ListEntry> = self.iter().collect();
        let mut ordered = Vec::with_capacity(left.len());
        for descriptor in written.into_iter().flat_map(|index| index.manifests) {
            if let Some(at) = left.iter().position(|entry| entry.descriptor == descriptor) {
                ordered.push(left.remove(at));
            }
        }
        ordered.extend(left);
        ordered
    }

    /// The digest of [`ManifestList::to_bytes`].
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }
}
