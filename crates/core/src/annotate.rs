//! Changes of what a list says about one of its images: platform and annotations.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::{ListEdit, ManifestList, NameTaken, Platform, Reference};

/// A field of a list's entry that can be emptied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryField {
    /// The variant of the architecture.
    Variant,
    /// The operating system version.
    OsVersion,
    /// All operating system features.
    OsFeatures,
    /// The annotation of this key.
    Annotation(String),
}

impl EntryField {
    /// Parses the name of a field: `variant`, `os-version`, `os-features` or `annotation:KEY`. Returns `None` if it is none of
    /// these.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "variant" => Some(Self::Variant),
            "os-version" => Some(Self::OsVersion),
            "os-features" => Some(Self::OsFeatures),
            other => {
                let key = other.strip_prefix("annotation:").filter(|key| !key.is_empty())?;
                Some(Self::Annotation(key.to_owned()))
            }
        }
    }
}

/// A change of a platform. Fields that are empty stay as they are.
///
/// ```
/// use tallyman_core::{Platform, PlatformChange};
///
/// let change = PlatformChange { variant: "v7".to_owned(), ..PlatformChange::default() };
/// assert_eq!(change.apply(&Platform::new("linux", "arm"))?.to_string(), "linux/arm/v7");
/// # Ok::<(), tallyman_core::UnsupportedPlatform>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlatformChange {
    /// Operating system.
    pub os: String,
    /// CPU architecture.
    pub architecture: String,
    /// Operating system version.
    pub os_version: String,
    /// Operating system features to add.
    pub os_features: Vec<String>,
    /// Variant of the architecture.
    pub variant: String,
    /// Fields that are emptied before the others are set.
    pub cleared: Vec<EntryField>,
    /// Pairs of operating system and architecture that Docker does not accept are taken as well.
    pub any_pair: bool,
}

/// A pair of operating system and architecture that `docker manifest annotate` does not accept, as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("manifest entry for image has unsupported os/arch combination: {os}/{architecture}")]
pub struct UnsupportedPlatform {
    /// Operating system as it was given; empty if it was to stay.
    pub os: String,
    /// Architecture as it was given; empty if it was to stay.
    pub architecture: String,
}

/// The reason why an image of a list could not be annotated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnnotateError {
    /// The list has no such image.
    #[error("{image} is not in the list {list}")]
    NotInList {
        /// The image.
        image: Box<Reference>,
        /// The list.
        list: Box<Reference>,
    },
    /// Another image of the list has the same file name.
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    /// Docker does not accept the platform.
    #[error(transparent)]
    UnsupportedPlatform(#[from] UnsupportedPlatform),
}

impl PlatformChange {
    /// Applies the change to `platform`.
    ///
    /// # Errors
    /// [`UnsupportedPlatform`] if the resulting operating system and architecture are none of the pairs that Docker
    /// accepts ([`Platform::annotatable`]), unless `any_pair` is set.
    pub fn apply(&self, platform: &Platform) -> Result<Platform, UnsupportedPlatform> {
        let mut changed = platform.clone();
        for field in &self.cleared {
            match field {
                EntryField::Variant => changed.variant.clear(),
                EntryField::OsVersion => changed.os_version.clear(),
                EntryField::OsFeatures => changed.os_features.clear(),
                EntryField::Annotation(_) => {}
            }
        }
        for (new, field) in [
            (&self.os, &mut changed.os),
            (&self.architecture, &mut changed.architecture),
            (&self.os_version, &mut changed.os_version),
            (&self.variant, &mut changed.variant),
        ] {
            if !new.is_empty() {
                field.clone_from(new);
            }
        }
        for feature in &self.os_features {
            if !changed.os_features.contains(feature) {
                changed.os_features.push(feature.clone());
            }
        }
        if self.any_pair || changed.is_annotatable() {
            return Ok(changed);
        }
        Err(UnsupportedPlatform { os: self.os.clone(), architecture: self.architecture.clone() })
    }

    /// Returns `true` if nothing changes.
    pub fn is_empty(&self) -> bool {
        *self == Self { any_pair: self.any_pair, ..Self::default() }
    }

    /// Returns `true` if nothing but annotations changes.
    fn leaves_platform(&self) -> bool {
        let is_annotation = |field: &EntryField| matches!(field, EntryField::Annotation(_));
        let rest = Self { cleared: Vec::new(), ..self.clone() };
        rest.is_empty() && !self.cleared.is_empty() && self.cleared.iter().all(is_annotation)
    }
}

impl ListEdit {
    /// Creates the edit that changes the platform of `image` in `list` and adds annotations to its entry. With annotations
    /// the list becomes an OCI index, because Docker's lists have none; and an empty `change` leaves the platform as it
    /// is, whether Docker accepts it or not.
    ///
    /// # Errors
    /// Any [`AnnotateError`].
    pub fn annotate(
        list: &ManifestList,
        image: &Reference,
        change: &PlatformChange,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Self, AnnotateError> {
        list.check_name(image)?;
        let missing = || AnnotateError::NotInList {
            image: Box::new(image.clone()),
            list: Box::new(list.reference().clone()),
        };
        let mut entry = list.get(image).ok_or_else(missing)?.clone();
        let is_annotated = !annotations.is_empty() || change.leaves_platform();
        if !is_annotated || !(change.is_empty() || change.leaves_platform()) {
            entry.descriptor.platform = Some(change.apply(&entry.platform())?);
        }
        for field in &change.cleared {
            if let EntryField::Annotation(key) = field {
                entry.descriptor.annotations.remove(key);
            }
        }
        entry.descriptor.annotations.extend(annotations.clone());
        let mut edit = Self::put(list, entry);
        if !annotations.is_empty() {
            let mut form = list.form().clone();
            form.oci = true;
            edit = edit.and(Self::form(list, &form));
        }
        Ok(edit)
    }
}
