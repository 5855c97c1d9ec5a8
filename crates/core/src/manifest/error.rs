//! The reason why bytes are no manifest.

use thiserror::Error;

use crate::{MediaType, json::FieldError};

/// Levels of objects and arrays that a manifest may have. Real ones have six; Go's decoder stops at 10,000.
pub(super) const DEPTH_MAX: usize = 128;

/// The reason why bytes are no manifest.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes are no JSON object.
    #[error("expected a manifest as JSON, found something else: {source}")]
    Json {
        /// The reason, with the place.
        source: FieldError,
    },
    /// JSON that is nested deeper than any manifest.
    #[error("expected a manifest as JSON of at most {DEPTH_MAX} levels, found more")]
    TooDeep,
    /// The header and the body name different media types.
    #[error(
        "expected one media type, found two: the registry sent {header}, the manifest itself says {body}; ask the registry's owner to push the manifest again"
    )]
    MediaTypeMismatch {
        /// The media type of the response's `Content-Type`, or of the descriptor.
        header: MediaType,
        /// The manifest's `mediaType`.
        body: MediaType,
    },
    /// The JSON is not what its media type promises.
    #[error("expected {media_type}, found JSON that does not have its fields: {source}")]
    Fields {
        /// The media type that was promised.
        media_type: MediaType,
        /// The field, and its place.
        source: FieldError,
    },
    /// An image manifest with the entries of an index, or the reverse.
    #[error("expected {expected}, found the fields of {found} under the media type {media_type}")]
    Confused {
        /// The media type that was promised.
        media_type: MediaType,
        /// The kind of manifest that it promises.
        expected: &'static str,
        /// The kind of manifest that was found.
        found: &'static str,
    },
}
