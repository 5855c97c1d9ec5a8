//! Image configs: what an image runs and how it was built.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::{
    Digest, FieldError, Platform,
    fields::{Fields, digest, text},
    go_json::check,
};

/// Why the bytes of a config could not be read.
#[derive(Debug, Error)]
#[error("expected an image config as JSON, found something else: {source}")]
pub struct ConfigError {
    #[from]
    source: FieldError,
}

/// An image config, Docker's or OCI's: the fields that both have. Everything else stays in the raw bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// What the image runs on.
    pub platform: Platform,
    /// When the image was made, RFC 3339.
    pub created: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// How a container of it is started.
    pub config: RunConfig,
    /// The layers' uncompressed digests, lowest first.
    pub rootfs: RootFs,
    /// The steps that built it, first to last; those that made no layer are marked.
    pub history: Vec<HistoryEntry>,
}

/// How a container of the image is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunConfig {
    /// User name or id, with an optional group behind a colon.
    pub user: String,
    /// `NAME=value` pairs.
    pub env: Vec<String>,
    /// The program that is always run.
    pub entrypoint: Vec<String>,
    /// Its default arguments, or the program where there is no entry point.
    pub cmd: Vec<String>,
    /// The folder that the program starts in.
    pub working_dir: String,
    /// `port/protocol` names.
    pub exposed_ports: BTreeSet<String>,
    /// Folders that hold data.
    pub volumes: BTreeSet<String>,
    /// Free key and value pairs.
    pub labels: BTreeMap<String, String>,
    /// The signal that asks the program to end.
    pub stop_signal: String,
}

/// The layers of the image's file system.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootFs {
    /// Digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<Digest>,
}

/// One step of the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When, RFC 3339.
    pub created: Option<String>,
    /// The command.
    pub created_by: String,
    /// A remark.
    pub comment: String,
    /// The step changed only the config: no layer belongs to it.
    pub empty_layer: bool,
}

impl ImageConfig {
    /// Reads a config from its bytes.
    ///
    /// # Errors
    /// When the bytes are no JSON object, or a known field is of the wrong type.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        Ok(Self::read(bytes)?)
    }

    fn read(bytes: &[u8]) -> Result<Self, FieldError> {
        check(bytes)?;
        let fields = Fields::of(bytes, "")?;
        Ok(Self {
            platform: Platform::of(bytes, "")?,
            created: fields.text("created")?,
            author: fields.text("author")?,
            config: fields.object("config", RunConfig::of)?.unwrap_or_default(),
            rootfs: fields.object("rootfs", RootFs::of)?.unwrap_or_default(),
            history: fields.array("history", HistoryEntry::of)?,
        })
    }

    /// The history step that made each layer, lowest first: as many as there are steps with a layer.
    pub fn layer_steps(&self) -> impl Iterator<Item = &HistoryEntry> {
        self.history.iter().filter(|step| !step.empty_layer)
    }
}

impl RunConfig {
    fn of(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Fields::of(json, path)?;
        Ok(Self {
            user: fields.text_or_empty("User")?,
            env: fields.array("Env", text)?,
            entrypoint: fields.array("Entrypoint", text)?,
            cmd: fields.array("Cmd", text)?,
            working_dir: fields.text_or_empty("WorkingDir")?,
            exposed_ports: fields.names("ExposedPorts")?,
            volumes: fields.names("Volumes")?,
            labels: fields.texts_by_name("Labels")?,
            stop_signal: fields.text_or_empty("StopSignal")?,
        })
    }
}

impl RootFs {
    fn of(json: &[u8], path: &str) -> Result<Self, FieldError> {
        Ok(Self { diff_ids: Fields::of(json, path)?.array("diff_ids", digest)? })
    }
}

impl HistoryEntry {
    fn of(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Fields::of(json, path)?;
        Ok(Self {
            created: fields.text("created")?,
            created_by: fields.text_or_empty("created_by")?,
            comment: fields.text_or_empty("comment")?,
            empty_layer: fields.truth("empty_layer")?,
        })
    }
}
