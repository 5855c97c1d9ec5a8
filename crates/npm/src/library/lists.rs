//! Lists that a program holds.

use std::collections::BTreeMap;

use js_sys::{Array, Uint8Array};
use tallyman_commands::Error;
use tallyman_core::{
    AnnotateError, Descriptor, ListEdit, ListEntry, Manifest, ManifestList, MediaType, PlatformChange,
    PushPlan, Reference,
    json::{FieldError, Object, array, quote, string, string_map},
};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{failure::Failure, plans::Plan, pure::kind};

/// A list.
#[wasm_bindgen]
pub struct List {
    list: ManifestList,
    /// The manifest that the list was read from, until it is changed: its bytes are those of the list.
    original: Option<Manifest>,
}

impl List {
    /// The list `list`.
    pub fn new(list: ManifestList) -> Self {
        Self { list, original: None }
    }

    /// The list itself.
    pub fn list(&self) -> &ManifestList {
        &self.list
    }

    /// The list as a store keeps it: encoded anew when it is pushed.
    pub fn storable(&self) -> Result<ManifestList, Failure> {
        match self.original.as_ref().and_then(|original| lost_by_encoding(original, &self.list)) {
            None => Ok(self.list.clone()),
            Some(lost) => Err(would_lose("kept", lost)),
        }
    }

    /// Lets go of the manifest that the list was read from: the list is about to be changed, and encoded anew.
    fn change(&mut self) -> Result<(), Failure> {
        if let Some(lost) = self.original.as_ref().and_then(|original| lost_by_encoding(original, &self.list))
        {
            return Err(would_lose("changed", lost));
        }
        self.original = None;
        Ok(())
    }
}

fn would_lose(done: &str, lost: &str) -> Failure {
    Failure::argument(&format!(
        "expected a list that can be {done}, found one with {lost}, which a list that is encoded anew would lose"
    ))
}

/// Returns in words what of a list would be lost if it was encoded anew; `None` if nothing would.
fn lost_by_encoding(original: &Manifest, list: &ManifestList) -> Option<&'static str> {
    let index = original.index()?;
    let has = |test: fn(&Descriptor) -> bool| index.manifests.iter().any(test);
    match () {
        () if index.subject.is_some() => Some("a subject"),
        () if index.artifact_type.is_some() => Some("an artifact type"),
        () if has(|entry| entry.artifact_type.is_some()) => Some("the artifact type of an entry"),
        () if has(|entry| entry.data.is_some() || !entry.urls.is_empty()) => {
            Some("embedded data or addresses of an entry")
        }
        () if list.len() != index.manifests.len() => Some("several entries of one digest"),
        () if list.media_type() != *original.media_type() => {
            Some("another media type than its entries ask for")
        }
        () => None,
    }
}

/// An entry whose manifest is in its registry alone.
fn without_manifest(reference: Reference, descriptor: Descriptor) -> ListEntry {
    ListEntry { reference, descriptor, raw: None, manifest_json: b"{}"[..].into() }
}

/// Reads annotations.
fn texts(annotations: &str) -> Result<BTreeMap<String, String>, Failure> {
    Object::parse(annotations.as_bytes())
        .and_then(|annotations| annotations.strings())
        .map_err(|error| Failure::argument(&format!("expected texts as annotations: {error}")))
}

#[wasm_bindgen]
impl List {
    /// A list without entries.
    #[wasm_bindgen(constructor)]
    pub fn empty(reference: &str) -> Result<Self, Failure> {
        Ok(Self::new(ManifestList::new(reference.parse()?)))
    }

    /// The list whose manifest is `bytes`, with the same digest until it is changed.
    #[wasm_bindgen(js_name = ofManifest)]
    pub fn of_manifest(reference: &str, bytes: Vec<u8>, media_type: &str) -> Result<Self, Failure> {
        let reference: Reference = reference.parse()?;
        let original = Manifest::parse(bytes, Some(&MediaType::new(media_type)))
            .map_err(|error| Failure::of_manifest(&error, Some(&reference)))?;
        let Some(index) = original.index() else {
            let found = kind(original.body());
            return Err(Failure::argument(&format!("expected a list, found the manifest of an {found}")));
        };
        let mut list = ManifestList::new(reference);
        let form = list.form_mut();
        form.oci = *original.media_type() == MediaType::OciIndex;
        form.annotations.clone_from(&index.annotations);
        for descriptor in &index.manifests {
            let reference = list.reference().by_digest(descriptor.digest.clone());
            list.insert(without_manifest(reference, descriptor.clone()))
                .map_err(|error| Failure::from(&error))?;
        }
        Ok(Self { list, original: Some(original) })
    }

    /// Its name.
    pub fn reference(&self) -> String {
        self.list.reference().to_string()
    }

    /// Puts an image in: the descriptor as JSON, and the manifest's bytes where they are at hand. Without a name it is
    /// in the list's own repository. A list is taken if `nest` is set.
    pub fn add(
        &mut self,
        reference: Option<String>,
        descriptor: &str,
        manifest: Option<Vec<u8>>,
        nest: bool,
    ) -> Result<(), Failure> {
        let descriptor: Descriptor = Descriptor::parse(descriptor.as_bytes()).map_err(|error| {
            Failure::argument(&format!("expected a descriptor, found something else: {error}"))
        })?;
        let reference = match reference {
            Some(reference) => reference.parse()?,
            None => self.list.reference().by_digest(descriptor.digest.clone()),
        };
        let entry = match manifest {
            Some(manifest) => ListEntry::new(reference, descriptor, manifest)
                .map_err(|error| Failure::argument(&format!("expected a manifest: {error}")))?,
            None => without_manifest(reference, descriptor),
        };
        let is_list = entry.descriptor.media_type.is_list();
        if is_list && !nest {
            return Err(Error::IsList { reference: entry.reference, found: Vec::new() }.into());
        }
        self.change()?;
        let is_annotated = !entry.descriptor.annotations.is_empty();
        if is_annotated && !self.list.form().oci && !is_list {
            let first = if self.list.is_empty() {
                entry.descriptor.media_type.clone()
            } else {
                self.list.media_type()
            };
            if !matches!(first, MediaType::OciManifest | MediaType::OciIndex) {
                return Err(Failure::argument(
                    "expected an OCI index for an entry with annotations, found a Docker manifest list, which keeps none",
                ));
            }
        }
        self.list.insert(entry).map_err(|error| Failure::from(&error))?;
        if is_annotated || is_list {
            self.list.form_mut().oci = true;
        }
        Ok(())
    }

    /// Takes an image out, and says whether it was there.
    pub fn remove(&mut self, image: &str) -> Result<bool, Failure> {
        let image = image.parse()?;
        if self.list.get(&image).is_none() {
            return Ok(false);
        }
        self.change()?;
        Ok(self.list.remove(&image).is_some())
    }

    /// Changes the platform of an image, and adds annotations to its entry. The change is JSON.
    pub fn annotate(&mut self, image: &str, change: &str) -> Result<(), Failure> {
        let read = || {
            let fields = Object::parse(change.as_bytes())?;
            let change = PlatformChange {
                os: fields.string_or_empty("os")?,
                architecture: fields.string_or_empty("architecture")?,
                variant: fields.string_or_empty("variant")?,
                os_version: fields.string_or_empty("osVersion")?,
                os_features: fields.array("osFeatures", string)?,
                ..PlatformChange::default()
            };
            Ok::<_, FieldError>((change, fields.string_map("annotations")?))
        };
        let (change, annotations) =
            read().map_err(|error| Failure::argument(&format!("expected a change: {error}")))?;
        let as_typed = |error| match error {
            AnnotateError::NotInList { list, .. } => {
                Error::NotInList { image: image.to_owned(), list: list.to_string() }
            }
            other => other.into(),
        };
        let edit =
            ListEdit::annotate(&self.list, &image.parse()?, &change, &annotations).map_err(as_typed)?;
        self.change()?;
        edit.apply(&mut self.list).expect("the edit was made for this list");
        Ok(())
    }

    /// Adds annotations to the list itself, which makes it an OCI index.
    #[wasm_bindgen(js_name = annotateIndex)]
    pub fn annotate_index(&mut self, annotations: &str) -> Result<(), Failure> {
        let annotations = texts(annotations)?;
        self.change()?;
        let form = self.list.form_mut();
        form.oci = true;
        form.annotations.extend(annotations);
        Ok(())
    }

    /// The annotations of the list itself, as JSON.
    pub fn annotations(&self) -> String {
        string_map(&self.list.form().annotations)
    }

    /// Its entries in Docker's order: an array of pairs, the name and the descriptor.
    pub fn entries(&self) -> String {
        array(
            self.list.iter().map(|entry| {
                format!("[{},{}]", quote(&entry.reference.to_string()), entry.descriptor.to_json())
            }),
        )
    }

    /// Its media type, its digest and its exact bytes.
    pub fn encoded(&self) -> Array {
        if let Some(original) = &self.original {
            return Array::of3(
                &original.media_type().as_str().into(),
                &original.digest().as_str().into(),
                &Uint8Array::from(original.bytes()),
            );
        }
        let bytes = self.list.to_bytes();
        let digest = tallyman_core::Digest::of(&bytes);
        Array::of3(
            &self.list.media_type().as_str().into(),
            &digest.as_str().into(),
            &Uint8Array::from(&bytes[..]),
        )
    }

    /// Returns the plan of a push; with `copies` images of other registries are copied, with `by_digest` the list gets no
    /// tag.
    pub fn plan(&self, copies: bool, by_digest: bool) -> Result<Plan, Failure> {
        if self.list.is_empty() {
            return Err(Error::EmptyList { list: self.list.reference().clone() }.into());
        }
        let mut plan = match copies {
            _ if let Some(original) = &self.original => {
                let (reference, whole) = (self.list.reference(), std::slice::from_ref(original));
                PushPlan::copying(reference, reference, whole)
            }
            true => PushPlan::with_copies(&self.list)?,
            false => PushPlan::new(&self.list)?,
        };
        if by_digest {
            plan.put_by_digest();
        }
        Ok(Plan::new(plan))
    }
}
