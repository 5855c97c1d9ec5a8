//! Faults of manifests and configs.

use tallyman_core::{
    ConfigError, ConvertError, ManifestError, ManifestKind, MediaType, NESTED_INDEXES_MAX, PlatformError,
    Reference,
    json::{FieldError, SyntaxError},
};
use thiserror::Error;

use crate::resolve::{MANIFEST_BYTES_MAX, MANIFESTS_MAX};

/// A fault of a manifest or a config. The texts of what Docker refuses too are Docker's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContentError {
    /// A media type that is neither an image nor a list.
    #[error("unsupported manifest media type and no default available: {}", .0.as_str().to_ascii_lowercase())]
    MediaType(MediaType),
    /// An index that is served as an image.
    #[error("ocimanifest: expected manifest but found index")]
    IndexAsImage,
    /// An image that is served as an index.
    #[error("index: expected index but found manifest")]
    ImageAsIndex,
    /// A manifest that names another media type than the answer did.
    #[error("{}mediaType in {} should be '{answered}' not '{named}'", condition(.answered), noun(.answered))]
    MediaTypeNamed {
        /// The media type of the answer.
        answered: MediaType,
        /// The one that the manifest names.
        named: String,
    },
    /// A manifest whose `schemaVersion` is no whole number.
    #[error("json: cannot unmarshal {found} into Go struct field {}.Versioned.schemaVersion of type int", if *.is_list { "ManifestList" } else { "Manifest" })]
    SchemaVersion {
        /// The media type of the answer is that of a list.
        is_list: bool,
        /// The kind of value that was found, and a number itself.
        found: String,
    },
    /// Bytes that are no JSON.
    #[error(transparent)]
    Json(#[from] SyntaxError),
    /// JSON that has no value which could be shown.
    #[error(
        "expected JSON that can be shown field by field, found something else: {0}; --raw prints it as it is"
    )]
    Value(String),
    /// A field that is missing or of the wrong type.
    #[error("expected {media_type}, found something else: {source}")]
    Field {
        /// The media type of the answer.
        media_type: MediaType,
        /// The field.
        source: FieldError,
    },
    /// A config without a platform.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A config that cannot be parsed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A list within a list, which Docker does not read.
    #[error("unsupported manifest type: *manifestlist.DeserializedManifestList")]
    NestedList,
    /// A manifest that cannot be parsed.
    #[error("{reference}: {source}")]
    Manifest {
        /// The manifest.
        reference: Box<Reference>,
        /// The fault.
        source: ManifestError,
    },
    /// An image that has no other form.
    #[error(transparent)]
    Convert(Box<ConvertError>),
    /// Lists within lists beyond the limit.
    #[error("expected lists in lists no more than {NESTED_INDEXES_MAX} deep, found more in {0}")]
    TooDeep(Box<Reference>),
    /// Referrers of referrers beyond the limit.
    #[error(
        "expected referrers of referrers no more than {NESTED_INDEXES_MAX} deep, found more at {0}: leave referrers out, and name those that are needed by their digests"
    )]
    ReferrersTooDeep(Box<Reference>),
    /// Manifests below one, referrers among them, beyond the limits.
    #[error(
        "expected no more than {MANIFESTS_MAX} manifests of {} MiB below {reference}, found {manifests} of {} MiB, and perhaps more: choose the platforms that are needed, or leave referrers out", MANIFEST_BYTES_MAX >> 20, .bytes >> 20
    )]
    TooMany {
        /// The manifest.
        reference: Box<Reference>,
        /// The number of manifests that was found until then.
        manifests: usize,
        /// The bytes that they have together.
        bytes: u64,
    },
    /// A manifest that cannot be copied or put into a list.
    #[error("expected {expected} in {reference}, found {kind}")]
    Kind {
        /// The manifests that are possible, and why no other ones.
        expected: &'static str,
        /// The manifest's name, or the list that names it.
        reference: Box<Reference>,
        /// The manifest's kind or media type.
        kind: String,
    },
}

impl ContentError {
    pub(crate) fn manifest(reference: &Reference, source: ManifestError) -> Self {
        Self::Manifest { reference: Box::new(reference.clone()), source }
    }

    pub(crate) fn kind(expected: &'static str, reference: &Reference, kind: &ManifestKind) -> Self {
        Self::Kind { expected, reference: Box::new(reference.clone()), kind: kind.to_string() }
    }
}

fn is_oci(media_type: &MediaType) -> bool {
    matches!(media_type, MediaType::OciManifest | MediaType::OciIndex)
}

fn condition(media_type: &MediaType) -> &'static str {
    if is_oci(media_type) { "if present, " } else { "" }
}

fn noun(media_type: &MediaType) -> &'static str {
    match media_type {
        MediaType::DockerList => "manifest list",
        MediaType::OciIndex => "image index",
        _ => "manifest",
    }
}
