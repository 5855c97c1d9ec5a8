//! Changes of what a list says about one of its images: platform and annotations.

use std::{collections::BTreeMap, fmt};

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

impl fmt::Display for EntryField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variant => f.write_str("variant"),
            Self::OsVersion => f.write_str("os-version"),
            Self::OsFeatures => f.write_str("os-features"),
            Self::Annotation(key) => write!(f, "annotation:{key}"),
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

impl UnsupportedPlatform {
    /// The pair that the entry of a platform would have had: what was to stay is that platform's.
    #[must_use]
    pub fn over(mut self, platform: &Platform) -> Self {
        for (given, own) in [(&mut self.os, &platform.os), (&mut self.architecture, &platform.architecture)] {
            if given.is_empty() {
                given.clone_from(own);
            }
        }
        self
    }
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
    /// Creates the change that makes `wanted` of `own`. Operating system and architecture can be replaced, but not emptied.
    ///
    /// ```
    /// use tallyman_core::{EntryField, PlatformChange};
    ///
    /// let change = PlatformChange::between(&"linux/arm64/v8".parse()?, &"linux/arm64".parse()?);
    /// assert_eq!(change.cleared, [EntryField::Variant]);
    /// # Ok::<(), tallyman_core::PlatformTextError>(())
    /// ```
    pub fn between(own: &Platform, wanted: &Platform) -> Self {
        let new = |own: &str, wanted: &str| if own == wanted { String::new() } else { wanted.to_owned() };
        let is_emptied = |own: &str, wanted: &str| wanted.is_empty() && !own.is_empty();
        // Features are added at the end: for any other change all are set anew.
        let added = wanted.os_features.strip_prefix(&own.os_features[..]);
        let cleared = [
            (EntryField::Variant, is_emptied(&own.variant, &wanted.variant)),
            (EntryField::OsVersion, is_emptied(&own.os_version, &wanted.os_version)),
            (EntryField::OsFeatures, added.is_none()),
        ];
        let mut change = Self {
            os: new(&own.os, &wanted.os),
            architecture: new(&own.architecture, &wanted.architecture),
            os_version: new(&own.os_version, &wanted.os_version),
            os_features: added.unwrap_or(&wanted.os_features).to_vec(),
            variant: new(&own.variant, &wanted.variant),
            cleared: cleared
                .into_iter()
                .filter_map(|(field, is_cleared)| is_cleared.then_some(field))
                .collect(),
            any_pair: false,
        };
        change.any_pair = !change.is_empty() && !wanted.is_annotatable();
        change
    }

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

    /// Returns `true` if more than annotations changes.
    pub fn changes_platform(&self) -> bool {
        let is_annotation = |field: &EntryField| matches!(field, EntryField::Annotation(_));
        let rest = Self { cleared: Vec::new(), ..self.clone() };
        !rest.is_empty() || !self.cleared.iter().all(is_annotation)
    }
}

impl ListEdit {
    /// Creates the edit that changes the platform of `image` in `list` and adds annotations to its entry. With annotations
    /// the list becomes an OCI index, because Docker's lists have none, until the last of them is cleared; and an empty `change` leaves the platform as it
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
        let is_annotated = !annotations.is_empty() || !change.cleared.is_empty();
        if !is_annotated || change.changes_platform() {
            entry.descriptor.platform = Some(change.apply(&entry.platform())?);
        }
        for field in &change.cleared {
            if let EntryField::Annotation(key) = field {
                entry.descriptor.annotations.remove(key);
            }
        }
        entry.descriptor.annotations.extend(annotations.clone());
        let mut form = list.form().clone();
        if !annotations.is_empty() && !form.oci {
            form.oci = true;
            form.by_annotation = true;
        }
        let others = list.iter().filter(|other| other.reference != *image);
        let form = form.with_entries(others.chain([&entry]));
        Ok(Self::put(list, entry).and(Self::form(list, &form)))
    }
}
