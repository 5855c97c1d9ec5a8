//! Lists that a program holds.

use std::collections::BTreeMap;

use js_sys::{Array, Uint8Array};
use tallyman_commands::Error;
use tallyman_core::{
    AnnotateError, Descriptor, ListEdit, ListEntry, ManifestList, MediaType, PlatformChange,
    json::{array, quote},
};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{failure::Failure, plans::Plan};

/// A list.
#[wasm_bindgen]
pub struct List(ManifestList);

impl List {
    /// The list `list`.
    pub fn new(list: ManifestList) -> Self {
        Self(list)
    }

    /// The list itself.
    pub fn list(&self) -> &ManifestList {
        &self.0
    }
}

#[wasm_bindgen]
impl List {
    /// A list without entries.
    #[wasm_bindgen(constructor)]
    pub fn empty(reference: &str) -> Result<Self, Failure> {
        Ok(Self(ManifestList::new(reference.parse()?)))
    }

    /// Its name.
    pub fn reference(&self) -> String {
        self.0.reference().to_string()
    }

    /// Puts an image in: the descriptor as JSON, and the manifest's bytes where they are at hand. Without a name it is
    /// in the list's own repository.
    pub fn add(
        &mut self,
        reference: Option<String>,
        descriptor: &str,
        manifest: Option<Vec<u8>>,
    ) -> Result<(), Failure> {
        let descriptor: Descriptor = Descriptor::parse(descriptor.as_bytes()).map_err(|error| {
            Failure::argument(&format!("expected a descriptor, found something else: {error}"))
        })?;
        let reference = match reference {
            Some(reference) => reference.parse()?,
            None => self.0.reference().by_digest(descriptor.digest.clone()),
        };
        let entry = match manifest {
            Some(manifest) => ListEntry::new(reference, descriptor, manifest)
                .map_err(|error| Failure::argument(&format!("expected a manifest: {error}")))?,
            None => ListEntry { reference, descriptor, raw: None, manifest_json: b"{}"[..].into() },
        };
        let is_annotated = !entry.descriptor.annotations.is_empty();
        if is_annotated {
            let first =
                if self.0.is_empty() { entry.descriptor.media_type.clone() } else { self.0.media_type() };
            if !matches!(first, MediaType::OciManifest | MediaType::OciIndex) {
                return Err(Failure::argument(
                    "expected an OCI index for an entry with annotations, found a Docker manifest list, which keeps none",
                ));
            }
        }
        self.0.insert(entry).map_err(|error| Failure::from(&error))?;
        if is_annotated {
            self.0.form_mut().oci = true;
        }
        Ok(())
    }

    /// Takes an image out, and says whether it was there.
    pub fn remove(&mut self, image: &str) -> Result<bool, Failure> {
        Ok(self.0.remove(&image.parse()?).is_some())
    }

    /// Says more about the platform of an image.
    pub fn annotate(
        &mut self,
        image: &str,
        os: String,
        architecture: String,
        variant: String,
        os_version: String,
        os_features: Vec<String>,
    ) -> Result<(), Failure> {
        let change = PlatformChange {
            os,
            architecture,
            variant,
            os_version,
            os_features,
            ..PlatformChange::default()
        };
        let as_typed = |error| match error {
            AnnotateError::NotInList { list, .. } => {
                Error::NotInList { image: image.to_owned(), list: list.to_string() }
            }
            other => other.into(),
        };
        ListEdit::annotate(&self.0, &image.parse()?, &change, &BTreeMap::new())
            .map_err(as_typed)?
            .apply(&mut self.0)
            .expect("the edit was made for this list");
        Ok(())
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

    /// Returns the plan of a push.
    pub fn plan(&self) -> Result<Plan, Failure> {
        if self.0.is_empty() {
            return Err(Error::EmptyList { list: self.0.reference().clone() }.into());
        }
        Ok(Plan::new(tallyman_core::PushPlan::new(&self.0)?))
    }
}
