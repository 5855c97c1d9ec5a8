//! The operations of a client, as values: the engine makes them, the part that talks to registries carries them out.

use std::rc::Rc;

use js_sys::Function;
use tallyman_core::{Digest, ManifestList, PushPlan, Reference, Registry};

/// An operation with one result. [`super::engine::Engine`] has a method for each.
pub enum Operation {
    /// Fetches a manifest, of a list the one for `platform`, with an image's config unless `only_manifest`.
    Inspect { reference: String, platform: Option<String>, only_manifest: bool },
    /// Asks for the headers of a manifest.
    Head { reference: String },
    /// Lists what refers to a manifest.
    Referrers { reference: String, artifact_type: Option<String> },
    /// Deletes a tag or a manifest.
    Delete { reference: String },
    /// Makes a list, and keeps it if there is a store.
    Create { list: String, images: Vec<String>, amend: bool },
    /// Carries out a plan; `on_progress` hears of each step.
    Push { plan: Rc<PushPlan>, on_progress: Function },
    /// Names the lists of the store.
    StoredLists,
    /// Loads a list from the store.
    Load { list: String },
    /// Saves a list in the store.
    Save { list: ManifestList },
    /// Removes a list from the store.
    Remove { list: String },
}

/// An operation whose results come one after another.
pub enum StreamOperation {
    /// The tags of a repository, page by page.
    Tags { repository: Reference },
    /// The repositories of a registry, page by page.
    Catalog { registry: Registry },
    /// A blob, piece by piece. Without `size` the registry is asked for it first.
    Blob { repository: Reference, digest: Digest, size: Option<u64> },
}
