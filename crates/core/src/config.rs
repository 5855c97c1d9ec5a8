//! Image configs: what an image runs and how it was built.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use crate::{Digest, Platform, descriptor::null_as_default};

/// Why the bytes of a config could not be read.
#[derive(Debug, Error)]
#[error("expected an image config as JSON, found something else: {source}")]
pub struct ConfigError {
    #[from]
    source: serde_json::Error,
}

/// An image config, Docker's or OCI's: the fields that both have. Everything else stays in the raw bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// What the image runs on.
    #[serde(flatten)]
    pub platform: Platform,
    /// When the image was made, RFC 3339.
    pub created: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// How a container of it is started.
    #[serde(deserialize_with = "null_as_default")]
    pub config: RunConfig,
    /// The layers' uncompressed digests, lowest first.
    #[serde(deserialize_with = "null_as_default")]
    pub rootfs: RootFs,
    /// The steps that built it, first to last; those that made no layer are marked.
    #[serde(deserialize_with = "null_as_default")]
    pub history: Vec<HistoryEntry>,
}

/// How a container of the image is started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    /// User name or id, with an optional group behind a colon.
    #[serde(deserialize_with = "null_as_default")]
    pub user: String,
    /// `NAME=value` pairs.
    #[serde(deserialize_with = "null_as_default")]
    pub env: Vec<String>,
    /// The program that is always run.
    #[serde(deserialize_with = "null_as_default")]
    pub entrypoint: Vec<String>,
    /// Its default arguments, or the program where there is no entry point.
    #[serde(deserialize_with = "null_as_default")]
    pub cmd: Vec<String>,
    /// The folder that the program starts in.
    #[serde(deserialize_with = "null_as_default")]
    pub working_dir: String,
    /// `port/protocol` names.
    #[serde(deserialize_with = "null_as_default")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
    /// Folders that hold data.
    #[serde(deserialize_with = "null_as_default")]
    pub volumes: BTreeMap<String, serde_json::Value>,
    /// Free key and value pairs.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// The signal that asks the program to end.
    #[serde(deserialize_with = "null_as_default")]
    pub stop_signal: String,
}

/// The layers of the image's file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// Digests of the uncompressed layers, lowest first.
    #[serde(deserialize_with = "null_as_default")]
    pub diff_ids: Vec<Digest>,
}

/// One step of the build.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// When, RFC 3339.
    pub created: Option<String>,
    /// The command.
    #[serde(deserialize_with = "null_as_default")]
    pub created_by: String,
    /// A remark.
    #[serde(deserialize_with = "null_as_default")]
    pub comment: String,
    /// The step changed only the config: no layer belongs to it.
    #[serde(deserialize_with = "null_as_default")]
    pub empty_layer: bool,
}

impl ImageConfig {
    /// Reads a config from its bytes.
    ///
    /// # Errors
    /// When the bytes are no JSON object, or a known field is of the wrong type.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        Ok(serde_json::from_slice(bytes)?)
    }

    /// The history step that made each layer, lowest first: as many as there are steps with a layer.
    pub fn layer_steps(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.history.iter().filter(|step| !step.empty_layer)
    }
}
