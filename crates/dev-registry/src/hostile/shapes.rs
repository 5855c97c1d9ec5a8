//! Manifests and headers whose shape is expensive to read.

use bytes::Bytes;
use serde_json::json;

use super::Hostile;
use crate::{
    digest::Digest,
    media_type::{OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST},
    store::{Manifest, Store},
};

/// The most bytes that Distribution takes as a manifest.
const MANIFEST_LIMIT: usize = 4 << 20;

/// Keeps a manifest under `latest`.
pub(super) fn manifest(store: &mut Store, name: &str, media_type: &str, text: &str) {
    let bytes = Bytes::from(text.to_owned());
    let digest = Digest::sha256(&bytes);
    store.put_manifest(name, Some("latest"), digest, Manifest { media_type: media_type.to_owned(), bytes });
}

/// An index in an index, 2,000 deep.
pub(super) fn deep_index(store: &mut Store) {
    let mut text = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [] }).to_string();
    for _ in 0..2_000 {
        let digest = Digest::sha256(text.as_bytes());
        let size = text.len();
        manifest(store, "evil/list", OCI_INDEX, &text);
        text = json!({
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [{
                "mediaType": OCI_INDEX,
                "size": size,
                "digest": digest.as_str(),
                "platform": { "os": "linux", "architecture": "amd64" },
            }],
        })
        .to_string();
    }
    manifest(store, "evil/list", OCI_INDEX, &text);
}

/// An index with as many entries as a manifest holds.
pub(super) fn wide_index(store: &mut Store) {
    let mut text = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":["#);
    for number in 0_u32.. {
        let digest = Digest::sha256(&number.to_le_bytes());
        let entry = format!(
            r#"{}{{"mediaType":"{OCI_MANIFEST}","size":2,"digest":"{digest}"}}"#,
            if number == 0 { "" } else { "," }
        );
        if text.len() + entry.len() + 2 > MANIFEST_LIMIT {
            break;
        }
        text += &entry;
    }
    manifest(store, "evil/list", OCI_INDEX, &(text + "]}"));
}

/// A manifest with so many brackets in a field that nobody knows.
pub(super) fn deep_json(depth: usize) -> String {
    let empty = Digest::sha256(b"{}");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"{OCI_CONFIG}","size":2,"digest":"{empty}"}},"layers":[],"x":{}{}}}"#,
        "[".repeat(depth),
        "]".repeat(depth)
    )
}

/// A manifest in which one key occurs a hundred thousand times.
pub(super) fn duplicate_keys() -> String {
    let empty = Digest::sha256(b"{}");
    let keys: String = (0..100_000).map(|number| format!(r#","k":"{number}""#)).collect();
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"{OCI_CONFIG}","size":2,"digest":"{empty}"}},"layers":[],"annotations":{{"a":"b"{keys}}}}}"#
    )
}

/// A challenge of 60 kB: a thousand schemes, quotes within quotes, and a string that does not end.
pub(super) fn challenge() -> String {
    let schemes: String = (0..1_000).map(|number| format!("Scheme{number} a=\"\\\"\\\\\",b=c, ")).collect();
    format!("{schemes}Bearer realm=\"{}", "\\\"".repeat(15_000))
}

/// The image under `evil/app:latest` and the index under `evil/list:latest`, where the mode has not put its own.
pub(super) fn image_and_index(store: &mut Store, mode: Hostile) {
    let text = match mode {
        Hostile::ControlCharacters | Hostile::Markup => mode.text(),
        _ => "plain",
    };
    let config = json!({
        "os": "linux",
        "architecture": "amd64",
        "author": text,
        "config": { "Env": [text], "Labels": { text: text } },
        "history": [{ "created_by": text, "comment": text }],
    })
    .to_string();
    let layer = "layer";
    let lie = usize::from(mode == Hostile::LyingSizes);
    let descriptor = |media_type: &str, bytes: &str| {
        let digest = Digest::sha256(bytes.as_bytes());
        json!({ "mediaType": media_type, "size": bytes.len() + lie * 1_000_000_007, "digest": digest.as_str() })
    };
    let image = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, &config),
        "layers": [descriptor(OCI_LAYER, layer)],
        "annotations": { text: text },
    })
    .to_string();
    let mut entry = descriptor(OCI_MANIFEST, &image);
    entry["platform"] = json!({ "os": "linux", "architecture": "amd64", "variant": text });
    entry["annotations"] = json!({ text: text });
    let index = json!({
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [entry],
        "annotations": { text: text },
    })
    .to_string();
    for repository in ["evil/app", "evil/list"] {
        // Content that was exchanged: it is kept under the digest of other bytes.
        let exchanged = |bytes: &str| match mode {
            Hostile::LyingDigests => Bytes::from(bytes.replace("amd64", "arm64").replace("layer", "other")),
            _ => Bytes::from(bytes.to_owned()),
        };
        for blob in [config.as_str(), layer] {
            store.put_blob(repository, Digest::sha256(blob.as_bytes()), exchanged(blob));
        }
        // The config of the manifests whose shape is the harm.
        store.put_blob(repository, Digest::sha256(b"{}"), Bytes::from_static(b"{}"));
        let manifest = Manifest { media_type: OCI_MANIFEST.to_owned(), bytes: exchanged(&image) };
        store.put_manifest(repository, None, Digest::sha256(image.as_bytes()), manifest);
    }
    let has_own = |store: &Store, name: &str| {
        store.repository(name).is_some_and(|repository| repository.tags.contains_key("latest"))
    };
    if !has_own(store, "evil/app") {
        manifest(store, "evil/app", OCI_MANIFEST, &image);
    }
    if !has_own(store, "evil/list") {
        manifest(store, "evil/list", OCI_INDEX, &index);
    }
}
