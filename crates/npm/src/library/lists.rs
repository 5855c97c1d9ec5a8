//! Lists that a program holds.

use std::{collections::BTreeMap, sync::Arc};

use js_sys::{Array, Uint8Array};
use tallyman_commands::{Error, PlannedPush, lacks_manifest};
use tallyman_core::{
    AnnotateError, Descriptor, EntryField, IndexForm, ListEdit, ListEntry, Manifest, ManifestList, MediaType,
    PlatformChange, PushPlan, Reference,
    json::{FieldError, Object, array, quote, string, string_map},
};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{
    failure::Failure,
    plans::{Plan, PlanTerms},
    pure::kind,
};

/// A list.
#[wasm_bindgen]
pub struct List(ManifestList);

impl List {
    /// The list `list`.
    pub fn new(list: ManifestList) -> Self {
        Self(list)
    }

    /// The list itself.
    pub fn into_list(self) -> ManifestList {
        self.0
    }

    /// Returns the manifest that the list was made from, as long as nothing is changed and all that it points to is in its
    /// repository.
    fn unchanged(&self) -> Option<Manifest> {
        let original = self.0.form().original.as_ref()?;
        let is_own = self.0.iter().all(|entry| entry.reference.is_same_repository(self.0.reference()));
        let is_same = is_own && self.0.to_bytes()[..] == original[..];
        is_same.then(|| Manifest::parse(Arc::clone(original), Some(&self.0.media_type())).ok())?
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
        .map_err(|error| Failure::argument(&format!("expected strings as annotations: {error}")))
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
        let Some((index, form)) = original.index().zip(IndexForm::of(&original)) else {
            let found = kind(original.body());
            return Err(Failure::argument(&format!("expected a list, found the manifest of an {found}")));
        };
        let mut list = ManifestList::new(reference);
        *list.form_mut() = form;
        for descriptor in &index.manifests {
            let reference = list.reference().by_digest(descriptor.digest.clone());
            list.insert(without_manifest(reference, descriptor.clone()))
                .map_err(|error| Failure::from(&error))?;
        }
        Ok(Self(list))
    }

    /// A list of its own that is the same.
    pub fn copy(&self) -> Self {
        Self(self.0.clone())
    }

    /// Its name.
    pub fn reference(&self) -> String {
        self.0.reference().to_string()
    }

    /// Puts an image in: the descriptor as JSON, and the manifest's bytes where they are at hand, which tell the type of an artifact.
    /// Without a name it is in the list's own repository. A list is taken if `nest` is set.
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
            None => self.0.reference().by_digest(descriptor.digest.clone()),
        };
        let entry = match manifest {
            Some(manifest) => {
                let mut entry = ListEntry::new(reference, descriptor, manifest)
                    .map_err(|error| Failure::argument(&format!("expected a manifest: {error}")))?;
                if let Ok(image) = entry.image() {
                    let platform = entry.descriptor.platform.take().unwrap_or_default();
                    entry.descriptor.set_platform_or_type(&image, platform);
                }
                entry
            }
            None => without_manifest(reference, descriptor),
        };
        let is_list = entry.descriptor.media_type.is_list();
        if is_list && !nest {
            return Err(Error::IsList { reference: entry.reference, found: Vec::new() }.into());
        }
        let is_annotated = entry.descriptor.is_annotated();
        if is_annotated && !self.0.form().oci && !is_list {
            let first =
                if self.0.is_empty() { entry.descriptor.media_type.clone() } else { self.0.media_type() };
            if !matches!(first, MediaType::OciManifest | MediaType::OciIndex) {
                return Err(Failure::argument(
                    "expected an OCI index for an entry with annotations or an artifact type, found a Docker manifest list, which keeps none",
                ));
            }
        }
        self.0.insert(entry).map_err(|error| Failure::from(&error))?;
        if is_annotated || is_list {
            let form = self.0.form_mut();
            form.oci = true;
            form.by_annotation = false;
        }
        Ok(())
    }

    /// Takes an image out, and says whether it was there.
    pub fn remove(&mut self, image: &str) -> Result<bool, Failure> {
        Ok(self.0.remove_with_form(&image.parse()?).is_some())
    }

    /// Returns `true` if a push has to fetch manifests of images first: they are in other repositories, and not at hand.
    #[wasm_bindgen(js_name = lacksManifests)]
    pub fn lacks_manifests(&self) -> bool {
        self.0.iter().any(|entry| lacks_manifest(entry, &self.0))
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
                any_pair: fields.get("anyPlatform") == Some(b"true"),
                cleared: Vec::new(),
            };
            Ok::<_, FieldError>((change, fields.string_map("annotations")?, fields.array("clear", string)?))
        };
        let (mut change, annotations, cleared) =
            read().map_err(|error| Failure::argument(&format!("expected a change: {error}")))?;
        for name in cleared {
            let field = EntryField::parse(&name).ok_or_else(|| {
                Failure::argument(&format!(
                    "expected variant, os-version, os-features or annotation:KEY as a field to clear, found {name:?}"
                ))
            })?;
            change.cleared.push(field);
        }
        let as_typed = |error| match error {
            AnnotateError::NotInList { list, .. } => {
                Error::NotInList { image: image.to_owned(), list: list.to_string() }
            }
            other => other.into(),
        };
        let edit = ListEdit::annotate(&self.0, &image.parse()?, &change, &annotations).map_err(as_typed)?;
        edit.apply(&mut self.0).expect("the edit was made for this list");
        Ok(())
    }

    /// Adds annotations to the list itself, which makes it an OCI index.
    #[wasm_bindgen(js_name = annotateIndex)]
    pub fn annotate_index(&mut self, annotations: &str) -> Result<(), Failure> {
        let annotations = texts(annotations)?;
        let form = self.0.form_mut();
        form.oci = true;
        form.by_annotation = false;
        form.annotations.extend(annotations);
        Ok(())
    }

    /// The annotations of the list itself, as JSON.
    pub fn annotations(&self) -> String {
        string_map(&self.0.annotations())
    }

    /// Its entries in Docker's order: an array of pairs, the name and the descriptor.
    pub fn entries(&self) -> String {
        array(
            self.0.iter().map(|entry| {
                format!("[{},{}]", quote(&entry.reference.to_string()), entry.descriptor.to_json())
            }),
        )
    }

    /// Its media type, its digest and its exact bytes.
    pub fn encoded(&self) -> Array {
        let bytes = self.0.to_bytes();
        let digest = tallyman_core::Digest::of(&bytes);
        Array::of3(
            &self.0.media_type().as_str().into(),
            &digest.as_str().into(),
            &Uint8Array::from(&bytes[..]),
        )
    }

    /// Returns the plan of a push. The terms are JSON.
    pub fn plan(&self, terms: &str) -> Result<Plan, Failure> {
        let terms = PlanTerms::parse(terms)?;
        if self.0.is_empty() {
            return Err(Error::EmptyList { list: self.0.reference().clone() }.into());
        }
        let mut plan = match (self.unchanged(), terms.copies) {
            (Some(original), _) => {
                let (reference, whole) = (self.0.reference(), std::slice::from_ref(&original));
                PushPlan::copying(reference, reference, whole)
            }
            (None, true) => PushPlan::with_copies(&self.0)?,
            (None, false) => PushPlan::new(&self.0)?,
        };
        terms.finish(&mut plan)?;
        Ok(Plan::new(PlannedPush::of_list(plan, &self.0)))
    }
}
