//! Making sample images: archives, configs, manifests and lists, the same bytes every time.

use bytes::Bytes;
use serde_json::{Value, json};

use super::gzip::{STORED, USUAL, gzip};
use crate::{
    digest::Digest,
    media_type::{
        DOCKER_CONFIG, DOCKER_LAYER, DOCKER_LIST, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER,
        OCI_MANIFEST,
    },
};

/// The bytes of which programs consist, again and again: longer than what deflate looks back.
const BLOCK: usize = 1 << 16;
/// The archives, by size in bytes, that are stored as they are, so that registries with samples start at once.
const STORED_FROM: usize = 1 << 18;

/// The family of an image's media types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Docker,
    Oci,
}

/// The platform of an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Platform {
    pub(super) os: &'static str,
    pub(super) architecture: &'static str,
    pub(super) variant: Option<&'static str>,
    pub(super) os_version: Option<&'static str>,
}

impl Platform {
    pub(super) const fn new(os: &'static str, architecture: &'static str) -> Self {
        Self { os, architecture, variant: None, os_version: None }
    }

    fn describe(self, into: &mut Value) {
        into["architecture"] = self.architecture.into();
        into["os"] = self.os.into();
        for (key, value) in [("variant", self.variant), ("os.version", self.os_version)] {
            if let Some(value) = value {
                into[key] = value.into();
            }
        }
    }

    fn platform(self) -> Value {
        let mut platform = json!({});
        self.describe(&mut platform);
        platform
    }
}

/// A step of an image's history, with the files of its layer; without files the step is empty.
pub(super) struct Step {
    pub(super) created_by: String,
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// The layer in place of `files`.
    pub(super) packed: Option<PackedLayer>,
}

/// A layer as it is stored.
#[derive(Clone)]
pub(super) struct PackedLayer {
    pub(super) media_type: &'static str,
    pub(super) bytes: Bytes,
    /// The digest of what it decompresses to.
    pub(super) diff_id: String,
}

pub(super) fn step(created_by: &str, files: &[(&str, &str)]) -> Step {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    Step { created_by: created_by.to_owned(), files, packed: None }
}

/// A step that adds one program of this size in bytes, the same for the same version.
pub(super) fn program(created_by: &str, path: &str, size: usize, version: &str) -> Step {
    let mut bytes = [b"\x7fELF\x02\x01\x01\0", path.as_bytes(), b"\0", version.as_bytes(), b"\0"].concat();
    let block = noise(BLOCK);
    while bytes.len() < size {
        bytes.extend_from_slice(&block[..BLOCK.min(size - bytes.len())]);
    }
    Step { created_by: created_by.to_owned(), files: vec![(path.to_owned(), bytes)], packed: None }
}

/// The recipe of an image.
pub(super) struct Recipe {
    pub(super) family: Family,
    pub(super) platform: Platform,
    pub(super) created: &'static str,
    pub(super) steps: Vec<Step>,
    /// The `config` of the config: environment, entry point, labels.
    pub(super) run: Value,
    pub(super) annotations: Option<Value>,
}

/// Bytes with the media type they go by.
#[derive(Clone, Debug)]
pub(super) struct Artifact {
    pub(super) media_type: &'static str,
    pub(super) bytes: Bytes,
    pub(super) platform: Option<Platform>,
    pub(super) blobs: Vec<Bytes>,
}

impl Artifact {
    pub(super) fn json(media_type: &'static str, json: &Value, blobs: Vec<Bytes>) -> Self {
        let bytes = serde_json::to_vec_pretty(json).expect("samples have string keys only");
        Self { media_type, bytes: bytes.into(), platform: None, blobs }
    }

    pub(super) fn digest(&self) -> String {
        Digest::sha256(&self.bytes).to_string()
    }

    /// The entry that stands for this in a list.
    pub(super) fn entry(&self) -> Value {
        let mut entry = descriptor(self.media_type, &self.bytes);
        if let Some(platform) = self.platform {
            entry["platform"] = platform.platform();
        }
        entry
    }
}

pub(super) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "size": bytes.len(), "digest": Digest::sha256(bytes).as_str() })
}

/// An archive of some files, gzipped, and the digest it has unpacked.
pub(super) fn layer(files: &[(String, Vec<u8>)]) -> (Bytes, String) {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if path.contains("bin/") { 0o755 } else { 0o644 });
        header.set_mtime(1_750_000_000);
        archive.append_data(&mut header, path, bytes.as_slice()).expect("writing to memory cannot fail");
    }
    let archive = archive.into_inner().expect("writing to memory cannot fail");
    let diff_id = Digest::sha256(&archive).to_string();
    let level = if archive.len() < STORED_FROM { USUAL } else { STORED };
    (gzip(&archive, level).into(), diff_id)
}

pub(super) fn image(recipe: &Recipe) -> Artifact {
    let (manifest_type, config_type, layer_type) = match recipe.family {
        Family::Docker => (DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER),
        Family::Oci => (OCI_MANIFEST, OCI_CONFIG, OCI_LAYER),
    };
    let mut blobs = Vec::new();
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    let mut history = Vec::new();
    for step in &recipe.steps {
        let mut entry = json!({ "created": recipe.created, "created_by": step.created_by });
        let packed = step.packed.clone().or_else(|| {
            let (bytes, diff_id) = (!step.files.is_empty()).then(|| layer(&step.files))?;
            Some(PackedLayer { media_type: layer_type, bytes, diff_id })
        });
        match packed {
            None => entry["empty_layer"] = true.into(),
            Some(PackedLayer { media_type, bytes, diff_id }) => {
                layers.push(descriptor(media_type, &bytes));
                diff_ids.push(diff_id);
                blobs.push(bytes);
            }
        }
        history.push(entry);
    }
    let mut config = json!({
        "created": recipe.created,
        "author": "Tallyman samples",
        "config": recipe.run,
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": history,
    });
    recipe.platform.describe(&mut config);
    let config = Bytes::from(serde_json::to_vec(&config).expect("samples have string keys only"));
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": manifest_type,
        "config": descriptor(config_type, &config),
        "layers": layers,
    });
    if let Some(annotations) = &recipe.annotations {
        manifest["annotations"] = annotations.clone();
    }
    blobs.push(config);
    Artifact { platform: Some(recipe.platform), ..Artifact::json(manifest_type, &manifest, blobs) }
}

pub(super) fn list(family: Family, entries: &[Value], annotations: Option<&Value>) -> Artifact {
    let media_type = if family == Family::Docker { DOCKER_LIST } else { OCI_INDEX };
    let mut list = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": entries });
    if let Some(annotations) = annotations {
        list["annotations"] = annotations.clone();
    }
    Artifact::json(media_type, &list, Vec::new())
}

/// Bytes that look random, hardly pack, and are the same every time.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
