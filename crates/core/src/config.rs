//! Image configs: what an image runs and the steps that built it.

mod docker_platform;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::{
    Digest, Platform,
    json::{
        FieldError, Kind, Object, array, as_it_is, check, digest, kind, split_elements, string, with_names,
    },
};

pub use docker_platform::PlatformError;

/// The reason why the bytes of a config could not be read.
#[derive(Debug, Error)]
#[error("expected an image config as JSON, found something else: {source}")]
pub struct ConfigError {
    /// The field, and what was found there.
    #[from]
    source: FieldError,
}

/// The members of a config that are known, of its run parameters, its file system and its steps.
const NAMES: [&str; 10] = [
    "created",
    "author",
    "architecture",
    "variant",
    "os",
    "os.version",
    "os.features",
    "config",
    "rootfs",
    "history",
];
const RUN_NAMES: [&str; 9] =
    ["User", "Env", "Entrypoint", "Cmd", "WorkingDir", "ExposedPorts", "Volumes", "Labels", "StopSignal"];
const ROOT_FS_NAMES: [&str; 2] = ["type", "diff_ids"];
const STEP_NAMES: [&str; 5] = ["created", "created_by", "author", "comment", "empty_layer"];

/// An image config, Docker's or OCI's: the fields that both have. Everything else stays in the raw bytes.
/// ```
/// use tallyman_core::ImageConfig;
///
/// let json = br#"{"architecture": "arm", "variant": "v7", "os": "linux", "config": {"User": "app"}}"#;
/// let config = ImageConfig::parse(json)?;
/// assert_eq!(config.platform.to_string(), "linux/arm/v7");
/// assert_eq!(config.config.user, "app");
/// # Ok::<(), tallyman_core::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// The platform that the image runs on.
    pub platform: Platform,
    /// The time of the build, RFC 3339.
    pub created: Option<String>,
    /// The person or program that built it.
    pub author: Option<String>,
    /// The parameters with which a container of it starts.
    pub config: RunConfig,
    /// The layers' uncompressed digests, lowest first.
    pub rootfs: RootFs,
    /// The steps that built it, first to last; those that made no layer are marked.
    pub history: Vec<HistoryEntry>,
}

/// The parameters with which a container of the image starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunConfig {
    /// User name or id, with an optional group behind a colon.
    pub user: String,
    /// `NAME=value` pairs; [`RunConfig::variables`] has them by their names.
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
    /// The time of the step, RFC 3339.
    pub created: Option<String>,
    /// The command.
    pub created_by: String,
    /// A comment.
    pub comment: String,
    /// The step changed only the config: no layer belongs to it.
    pub empty_layer: bool,
}

impl RunConfig {
    /// Returns the values of the environment's variables by their names: of several of one name the last, and `None` for a name
    /// without `=`, which has no value, not an empty one.
    pub fn variables(&self) -> BTreeMap<&str, Option<&str>> {
        let pairs = self.env.iter().map(|line| match line.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (line.as_str(), None),
        });
        pairs.collect()
    }
}

impl ImageConfig {
    /// Returns the steps that made the layers of an image that has `count` of them, the lowest first; all `None` if the
    /// config names more or fewer.
    pub fn layer_steps(&self, count: usize) -> Vec<Option<&HistoryEntry>> {
        let steps: Vec<_> = self.history.iter().filter(|step| !step.empty_layer).map(Some).collect();
        if steps.len() == count { steps } else { vec![None; count] }
    }

    /// Returns a config as JSON in which known members have their own names, which Go's programs read in any case: for programs that
    /// read JSON by other rules. `None` if the bytes are no JSON object. Values may be of any type, and what else is in it stays.
    /// ```
    /// use tallyman_core::ImageConfig;
    ///
    /// let config = br#"{"OS": "linux", "config": {"user": "app", "Labels": {"User": "1"}}, "Other": 1, "os": "windows"}"#;
    /// let own = r#"{"config":{"User":"app","Labels":{"User": "1"}},"Other":1,"os":"windows"}"#;
    /// assert_eq!(ImageConfig::with_own_names(config).as_deref(), Some(own));
    /// ```
    pub fn with_own_names(bytes: &[u8]) -> Option<String> {
        check(bytes).ok()?;
        (kind(bytes) == Kind::Object).then(|| with_names(bytes, &NAMES, member_with_own_names))
    }

    /// Parses what a config says of the image's file system: the platform, the layers and the steps that made them, which stand in
    /// no place that some builder wrote oddly. The parameters of containers, time and author are left out, and so are steps that cannot be read.
    ///
    /// ```
    /// use tallyman_core::ImageConfig;
    ///
    /// let odd = br#"{"os": "linux", "architecture": "amd64", "config": {"Volumes": []}}"#;
    /// assert_eq!(ImageConfig::parse_layers(odd)?.platform.to_string(), "linux/amd64");
    /// assert!(ImageConfig::parse(odd).is_err());
    /// # Ok::<(), tallyman_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConfigError`] if the bytes are no JSON object, or a field of the platform or the layers is of the wrong type.
    pub fn parse_layers(bytes: &[u8]) -> Result<Self, ConfigError> {
        let fields = Object::parse(bytes)?;
        Ok(Self {
            platform: Platform::from_json(bytes, "")?,
            rootfs: fields.field("rootfs", RootFs::from_json)?.unwrap_or_default(),
            history: fields.array("history", HistoryEntry::from_json).unwrap_or_default(),
            ..Self::default()
        })
    }

    /// Parses a config from its bytes.
    ///
    /// # Errors
    /// [`ConfigError`] if the bytes are no JSON object, or a known field is of the wrong type.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        let fields = Object::parse(bytes)?;
        Ok(Self {
            platform: Platform::from_json(bytes, "")?,
            created: fields.string("created")?,
            author: fields.string("author")?,
            config: fields.field("config", RunConfig::from_json)?.unwrap_or_default(),
            rootfs: fields.field("rootfs", RootFs::from_json)?.unwrap_or_default(),
            history: fields.array("history", HistoryEntry::from_json)?,
        })
    }
}

/// Writes a member of a config in which known members have their own names.
fn member_with_own_names(name: &str, value: &[u8]) -> String {
    let known = |value: &[u8], names: &[&str]| with_names(value, names, |_, value| as_it_is(value));
    match name {
        "config" => known(value, &RUN_NAMES),
        "rootfs" => known(value, &ROOT_FS_NAMES),
        "history" if kind(value) == Kind::Array => {
            array(split_elements(value).into_iter().map(|step| known(step, &STEP_NAMES)))
        }
        _ => as_it_is(value),
    }
}

impl RunConfig {
    fn from_json(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        Ok(Self {
            user: fields.string_or_empty("User")?,
            env: fields.array("Env", string)?,
            entrypoint: command(&fields, "Entrypoint")?,
            cmd: command(&fields, "Cmd")?,
            working_dir: fields.string_or_empty("WorkingDir")?,
            exposed_ports: fields.keys("ExposedPorts")?,
            volumes: fields.keys("Volumes")?,
            labels: fields.string_map("Labels")?,
            stop_signal: fields.string_or_empty("StopSignal")?,
        })
    }
}

/// Reads a command as Docker does, for which a text is the only element.
fn command(fields: &Object<'_>, name: &str) -> Result<Vec<String>, FieldError> {
    match fields.get(name).map(|value| string(value, name)) {
        Some(Ok(text)) => Ok(vec![text]),
        _ => fields.array(name, string),
    }
}

impl RootFs {
    fn from_json(json: &[u8], path: &str) -> Result<Self, FieldError> {
        Ok(Self { diff_ids: Object::from_json(json, path)?.array("diff_ids", digest)? })
    }
}

impl HistoryEntry {
    /// The command that made it, in one line.
    pub fn command(&self) -> String {
        self.created_by.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn from_json(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        Ok(Self {
            created: fields.string("created")?,
            created_by: fields.string_or_empty("created_by")?,
            comment: fields.string_or_empty("comment")?,
            empty_layer: fields.bool("empty_layer")?,
        })
    }
}
