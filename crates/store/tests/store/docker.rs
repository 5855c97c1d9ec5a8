//! The Docker CLI's files: what it wrote is read, and written again byte for byte.
#![cfg(not(target_arch = "wasm32"))]

use std::{collections::BTreeMap, fs, path::Path};

use tallyman_core::{Digest, IndexForm, MediaType};
use tallyman_store::docker::{decode_entry, encode_entry};

/// Every entry file that a recorded scenario left behind, by its path.
fn recorded() -> BTreeMap<String, Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/docker-manifest");
    let mut found = BTreeMap::new();
    walk(&fixtures.join("cli-28.2.2"), false, &mut found);
    for file in fs::read_dir(&fixtures).expect("the fixtures are part of the repository") {
        let path = file.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let scenario: serde_json::Value =
                serde_json::from_slice(&fs::read(&path).expect("it can be read")).expect("it is JSON");
            for (name, text) in scenario["store"].as_object().into_iter().flatten() {
                let text = text.as_str().expect("files are kept as text");
                found.insert(format!("{}/{name}", path.display()), text.as_bytes().to_vec());
            }
        }
    }
    found
}

/// Files below a folder called `store`.
fn walk(folder: &Path, in_store: bool, found: &mut BTreeMap<String, Vec<u8>>) {
    for file in fs::read_dir(folder).expect("the folder can be read") {
        let path = file.expect("the folder can be read").path();
        if path.is_dir() {
            walk(&path, in_store || path.ends_with("store"), found);
        } else if in_store {
            found.insert(path.display().to_string(), fs::read(&path).expect("it can be read"));
        }
    }
}

#[test]
fn every_recorded_entry_is_read_and_written_again_byte_for_byte() {
    let recorded = recorded();
    assert!(recorded.len() > 100, "only {} entries found", recorded.len());
    for (path, bytes) in recorded {
        let entry = decode_entry(&bytes, &path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let name = path.rsplit('/').next().expect("a path has a last part");
        assert_eq!(entry.reference.file_name(), name);
        assert!(
            entry.descriptor.digest.matches(entry.raw.as_ref().expect("28.2.2 keeps the bytes")),
            "{path}"
        );
        let written = encode_entry(&entry, &IndexForm::default());
        assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&bytes), "{path}");
    }
}

#[test]
fn the_older_form_is_read_and_its_digest_checked() {
    let manifest = r#"{"schemaVersion":2,"layers":[]}"#;
    let digest = Digest::of(manifest.as_bytes());
    let file = |digest: &str| {
        format!(
            r#"{{"Ref":"docker.io/library/a:1","Digest":"{digest}","SchemaV2Manifest":{manifest},"Platform":{{"architecture":"arm","os":"linux","variant":"v7"}}}}"#
        )
    };
    let entry = decode_entry(file(digest.as_str()).as_bytes(), "f").expect("the older form is read");
    assert_eq!(entry.descriptor.digest, digest);
    assert_eq!(entry.descriptor.media_type, MediaType::DockerManifest);
    assert_eq!(entry.descriptor.size, manifest.len() as u64);
    assert_eq!(entry.platform().to_string(), "linux/arm/v7");
    assert_eq!(entry.raw, None);

    let wrong = Digest::of(b"other");
    let error = decode_entry(file(wrong.as_str()).as_bytes(), "f").expect_err("the digest is another");
    assert_eq!(
        error,
        format!("invalid manifest file f: image manifest digest mismatch ({wrong} != {digest})")
    );
}

#[test]
fn damage_is_told_as_docker_tells_it() {
    for (bytes, message) in [
        ("broken", "invalid character 'b' looking for beginning of value"),
        ("", "unexpected end of JSON input"),
        ("{}", "invalid manifest file f: expected the field SchemaV2Manifest or OCIManifest, found none"),
        (r#"{"SchemaV2Manifest":{}}"#, "invalid manifest file f: expected the field Ref, found none"),
    ] {
        assert_eq!(decode_entry(bytes.as_bytes(), "f").expect_err("it is damaged"), message);
    }
}
