//! The operations of a client, as values: the engine makes them, the part that talks to registries carries them out.

use std::{ops::Range, rc::Rc};

use js_sys::Function;
use tallyman_commands::{PlannedPush, TagOrder};
use tallyman_core::{Digest, ManifestList, Reference, Registry};
use tallyman_registry::TagPages;

use crate::sent_content::SentContent;

/// An operation with one result. [`super::engine::Engine`] has a method for each.
pub enum Operation {
    /// Fetches a manifest, of a list the one for `platform`, with an image's config unless `only_manifest`.
    Inspect { reference: String, platform: Option<String>, only_manifest: bool },
    /// Asks for the headers of a manifest.
    Head { reference: String },
    /// Resolves a reference to a descriptor, of a list to that of the image for `platform`.
    Resolve { reference: String, platform: Option<String> },
    /// Finds the attestations of an image.
    Attestations { reference: String, platform: Option<String> },
    /// Finds an image, of a list the one for `platform`, with its layers, among which one of the number `layer` must be.
    Layers { reference: String, platform: Option<String>, layer: Option<u32> },
    /// Checks that the registry has the layer of a number, the lowest being 0, if it is a foreign one. The descriptor is JSON.
    CheckForeignLayer { reference: String, number: u32, descriptor: String },
    /// Lists what refers to a manifest.
    Referrers { reference: String, artifact_type: Option<String> },
    /// Deletes a manifest by its digest.
    Delete { reference: String },
    /// Deletes a tag alone.
    Untag { reference: String },
    /// Makes a list, and keeps it if there is a store. The options are JSON.
    Create { list: String, images: Vec<String>, options: String },
    /// Carries out a plan and puts the list under further tags; `on_progress` hears of each step. If `purge`, the list is
    /// removed from the store then; if `keeps_tags`, no tag is moved.
    Push { plan: Rc<PlannedPush>, tags: Vec<String>, purge: bool, keeps_tags: bool, on_progress: Function },
    /// Plans a copy.
    PlanCopy { source: String, target: String, platforms: Vec<String> },
    /// Copies an image or a list; `on_progress` hears of each step. The options are JSON.
    Copy { source: String, target: String, options: String, on_progress: Function },
    /// Asks for the rate limit of a registry.
    RateLimit { reference: String },
    /// Puts a manifest under further tags.
    Tag { reference: String, tags: Vec<String> },
    /// Uploads what JavaScript keeps as the blob of a digest.
    PutBlob { repository: String, digest: String, content: SentContent },
    /// Puts a manifest, whose bytes may name their media type.
    PutManifest { reference: String, bytes: Vec<u8>, media_type: String },
    /// Attaches blobs to a manifest. The attachment is JSON.
    Attach { subject: String, attachment: String },
    /// Names the lists of the store.
    StoredLists,
    /// Loads a list from the store.
    Load { list: String },
    /// Saves a list in the store.
    Save { list: ManifestList },
    /// Keeps a copy of a list in the store under another name, or gives it that name if `moves`.
    Rename { list: String, to: String, moves: bool },
    /// Removes a list from the store.
    Remove { list: String },
    /// Does what few programs call, for which a further part of the module is loaded.
    Extra(ExtraOperation),
}

/// An operation that few programs call.
pub enum ExtraOperation {
    /// Plans the push of a list whose images are fetched or converted first. The terms are JSON.
    Plan { list: ManifestList, terms: String },
    /// Compares lists, given as JSON, with their registries, and pushes what differs if `applies`.
    Apply { lists: String, applies: bool, on_progress: Function },
    /// Finds all that is below a manifest, of a list below the image for `platform`.
    Tree { reference: String, platform: Option<String> },
    /// Compares two manifests.
    Diff { left: String, right: String, platform: Option<String> },
    /// Looks for what will surprise somebody in an image or a list.
    Findings { reference: String },
    /// Puts tags into an order.
    SortTags { tags: Vec<String>, order: TagOrder },
}

/// An operation whose results come one after another.
pub enum StreamOperation {
    /// The tags of a repository, page by page.
    Tags { repository: Reference, pages: TagPages },
    /// The repositories of a registry, page by page.
    Catalog { registry: Registry },
    /// A blob, piece by piece. Without `size` the registry is asked for it first.
    Blob { repository: Reference, digest: Digest, size: Option<u64> },
    /// A part of a blob, piece by piece and unverified; nothing if the registry sends no parts.
    BlobRange { repository: Reference, digest: Digest, range: Range<u64> },
}
