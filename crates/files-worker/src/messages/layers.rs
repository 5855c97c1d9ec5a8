//! Layers and images in messages: what is read, and how far it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Fault;

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerSource {
    /// The repository, with its registry, in which the layer is kept.
    pub place: String,
    /// The digest of the compressed layer.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// The digest of the decompressed layer, if the image's config names it.
    pub diff_id: Option<String>,
    /// The media type of its descriptor.
    pub media_type: String,
    /// The annotations of its descriptor, which may tell of a table of contents.
    pub annotations: BTreeMap<String, String>,
}

/// The state of a layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum LayerState {
    /// Waiting for its turn.
    #[default]
    Waiting,
    /// Held back until somebody asks for it.
    Held,
    /// Being read.
    Reading,
    /// Read, and equal to what its descriptor and its image's config say.
    Done,
    /// Cancelled.
    Cancelled,
    /// The page could not fetch it.
    NotFetched,
    /// Refused: it cannot be read.
    Refused(Fault),
}

/// The state of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Grows with each change of the tree.
    pub generation: u32,
    /// The layers, the lowest first.
    pub layers: Vec<LayerSummary>,
    /// The number of files and directories.
    pub files: u64,
    /// The bytes of all files that the image shows.
    pub size: u64,
    /// The bytes that layers wrote and later ones replaced or removed.
    pub wasted: u64,
    /// The efficiency, from 0 to 1, as dive defines it.
    pub efficiency: f64,
    /// The paths at which most is wasted: path, bytes, number of times.
    pub wasted_paths: Vec<(String, u64, u32)>,
    /// The owners of files, the most frequent first.
    pub owners: Vec<Owner>,
    /// All layers have been read.
    pub is_whole: bool,
}

/// The state of a layer and its figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerSummary {
    /// Its state.
    pub state: LayerState,
    /// The number of compressed bytes that were read.
    pub taken: u64,
    /// Its bytes were kept in this browser.
    pub is_kept: bool,
    /// Its table of contents was read alone.
    pub by_contents: bool,
    /// Files and directories.
    pub files: u64,
    /// The bytes of its files.
    pub size: u64,
    /// The number of paths that it adds.
    pub added: u32,
    /// The number of paths that it changes.
    pub changed: u32,
    /// The number of paths that it removes.
    pub removed: u32,
    /// The bytes of it that later layers replace or remove.
    pub wasted: u64,
}

/// An owner of files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The numbers of user and group: `0:0`.
    pub key: String,
    /// Their names, if there are any: `root:root`.
    pub name: String,
    /// The number of files and directories.
    pub count: u32,
}
