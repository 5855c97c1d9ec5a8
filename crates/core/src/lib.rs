//! Container image references, digests, manifests and manifest lists.
//!
//! Pure: no I/O, no async, no clock. A manifest is kept as the bytes that came ([`Manifest::bytes`]) with their
//! [`Digest`]; the typed views are read from those bytes and never written back.

pub mod compare;
pub mod config;
pub mod config_platform;
pub mod descriptor;
pub mod digest;
pub mod edit;
pub mod fields;
pub mod findings;
pub mod go_json;
pub mod list;
pub mod manifest;
pub mod media_type;
pub mod mend;
pub mod plan;
pub mod platform;
pub mod reference;

pub use config::{ConfigError, HistoryEntry, ImageConfig, RunConfig};
pub use config_platform::PlatformError;
pub use descriptor::Descriptor;
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use edit::{EditConflict, EntryChange, FormChange, ListEdit};
pub use fields::FieldError;
pub use list::{IndexForm, ListEntry, ManifestList, NameTaken};
pub use manifest::{ImageManifest, Index, Manifest, ManifestBody, ManifestError, ManifestKind, Schema1};
pub use media_type::MediaType;
pub use plan::{Action, Cost, MountSource, PlanError, PushPlan, Step};
pub use platform::{Platform, PlatformTextError};
pub use reference::{Reference, ReferenceError, Registry, Repository, Tag};
