//! Container image references, digests, manifests and manifest lists.
//!
//! Pure: no I/O, no async, no clock. A manifest is kept as the bytes that came ([`Manifest::bytes`]) with their
//! [`Digest`]; the typed views are read from those bytes and never written back.
//!
//! Every name is at the top, but for the functions of [`json`], which are read with the name of their module.

mod annotate;
mod artifact_type;
mod calendar;
mod config;
mod convert;
mod descriptor;
mod diff;
mod digest;
mod digest_tag;
mod edit;
mod format_bytes;
pub mod json;
mod lint;
mod list;
mod manifest;
mod media_type;
mod plan;
mod platform;
mod reference;
mod seconds;
pub mod terminal;

pub use annotate::{AnnotateError, EntryField, PlatformChange, UnsupportedPlatform};
pub use artifact_type::{ArtifactType, ArtifactTypeError};
pub use calendar::{date_of_days, days_of_date};
pub use config::{ConfigError, HistoryEntry, ImageConfig, PlatformError, RootFs, RunConfig};
pub use convert::{ConvertError, ConvertedImage, Format, convert_image};
pub use descriptor::Descriptor;
pub use diff::{Diff, diff_entries, diff_layers, diff_pairs, diff_sequence};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use digest_tag::{behind_algorithm, fallback_tag, is_digest_tag, is_fallback_tag, is_tag_of_digest};
pub use edit::{EditConflict, EntryChange, FormChange, ListEdit};
pub use format_bytes::{RoundedBytes, format_bytes};
pub use lint::{Finding, Fix, LintRule, ResolvedEntry, lint_image, lint_index};
pub use list::{IndexForm, ListEntry, ManifestList, NameTaken, encode_index, reencode_index};
pub use manifest::{
    ImageManifest, Index, MANIFEST_SIZE_MAX, Manifest, ManifestBody, ManifestError, ManifestKind,
    NESTED_INDEXES_MAX, Schema1, Schema1Layer, taken_platforms,
};
pub use media_type::MediaType;
pub use plan::{Action, Cost, MountSource, PlanError, PushPlan, Step, check_registry};
pub use platform::{Platform, PlatformTextError};
pub use reference::{Reference, ReferenceError, Registry, Repository, Tag};
pub use seconds::seconds;
