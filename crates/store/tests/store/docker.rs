//! The Docker CLI's files: what it wrote is read, and written again byte for byte.
#![cfg(not(target_arch = "wasm32"))]

use std::{collections::BTreeMap, fs, path::Path};

use tallyman_core::{Digest, IndexForm, MediaType, Reference};
use tallyman_store::docker::{decode_entry, decode_list, encode_entry};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

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
    let manifest = format!(r#"{{"schemaVersion":2,"mediaType":"{DOCKER}","layers":[]}}"#);
    let digest = Digest::of(manifest.as_bytes());
    let file = |digest: &str| {
        format!(
            r#"{{"Ref":"docker.io/library/a:1","Descriptor":{{"mediaType":"a/b"}},"Digest":"{digest}","SchemaV2Manifest":{manifest},"Platform":{{"architecture":"arm","os":"linux","variant":"v7"}}}}"#
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

/// An entry's file with an OCI manifest, its descriptor with further members such as `"data":"e30="`, and members behind it.
fn file(of_descriptor: &str, members: &str) -> String {
    let digest = Digest::of(b"{}");
    format!(
        r#"{{"Ref":"r.io/a:1","Descriptor":{{"mediaType":"{OCI}","digest":"{digest}","size":2,"platform":{{"architecture":"amd64","os":"linux"}}{of_descriptor}}},"OCIManifest":{{}}{members}}}"#
    )
}

#[test]
fn members_are_read_as_go_reads_them() {
    let platform = |of_descriptor: &str, members: &str| {
        let entry = decode_entry(file(of_descriptor, members).as_bytes(), "f").expect("Docker reads it");
        assert_eq!(entry.descriptor.digest, Digest::of(b"{}"));
        entry.descriptor.platform.map(|platform| platform.to_string())
    };
    let named = |platform: &str| Some(platform.to_owned());
    assert_eq!(platform("", r#","descriptor":{"platform":{"os":"windows"}}"#), named("windows/amd64"));
    assert_eq!(platform("", r#","Descriptor":null"#), named("linux/amd64"));
    assert_eq!(platform(r#","platform":{"variant":"v2"}"#, ""), named("linux/amd64/v2"));
    assert_eq!(platform(r#","platform":null"#, ""), None);
    assert_eq!(platform("", r#","Digest":"""#), named("linux/amd64"));
}

#[test]
fn bytes_are_read_as_go_reads_them() {
    let read = |of_descriptor: &str, members: &str| {
        decode_entry(file(of_descriptor, members).as_bytes(), "f")
            .map(|entry| (entry.raw.map(|raw| raw.to_vec()), entry.descriptor.data))
    };
    for (raw, expected) in [
        (r#""e30=""#, Some("{}")),
        (r#""e3\n0\r\n=\n""#, Some("{}")),
        // The last bits make no byte.
        (r#""e31=""#, Some("{}")),
        ("[123,125]", Some("{}")),
        ("[123,null,125]", Some("{\0}")),
        (r#""""#, None),
        ("[]", None),
        ("null", None),
    ] {
        let found = read("", &format!(r#","Raw":{raw}"#)).expect(raw).0;
        assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{raw}");
    }
    for (data, expected) in [(r#""aG\nk=""#, Some("aGk=")), (r#""""#, None)] {
        assert_eq!(read(&format!(r#","data":{data}"#), "").expect(data).1.as_deref(), expected, "{data}");
    }
    let other = "invalid manifest file f: expected bytes as base64 as Raw, found something else";
    for (of_descriptor, members, message) in [
        (r#","data":"***""#, "", "illegal base64 data at input byte 0"),
        ("", r#","Raw":"e30=e30=""#, "illegal base64 data at input byte 3"),
        ("", r#","Raw":"e30""#, "illegal base64 data at input byte 0"),
        ("", r#","Raw":[256]"#, other),
        ("", r#","Raw":["1"]"#, other),
        ("", r#","Raw":{}"#, other),
    ] {
        assert_eq!(read(of_descriptor, members).expect_err(members), message, "{of_descriptor}{members}");
    }
}

#[test]
fn the_member_of_a_manifest_is_that_of_its_own_media_type() {
    let manifest = |media_type: &str| format!(r#"{{"mediaType":"{media_type}"}}"#);
    let file = |media_type: &str, members: &str| {
        let digest = Digest::of(b"{}");
        format!(
            r#"{{"Ref":"r.io/a:1","Descriptor":{{"mediaType":"{media_type}","digest":"{digest}","size":2}},{members}}}"#
        )
    };
    let oci_member = format!(r#""OCIManifest":{}"#, manifest(OCI));
    let docker_member = format!(r#""SchemaV2Manifest":{}"#, manifest(DOCKER));
    let unnamed_member = r#""OCIManifest":{}"#.to_owned();
    for media_type in [OCI, DOCKER, INDEX, "application/x", ""] {
        for member in [&oci_member, &docker_member, &unnamed_member] {
            let bytes = file(media_type, member);
            let entry = decode_entry(bytes.as_bytes(), "f").expect("Docker reads it");
            let written = encode_entry(&entry, &IndexForm::default());
            assert_eq!(String::from_utf8_lossy(&written), bytes);
        }
    }
    let not_docker = |found: &str| format!("mediaType in manifest should be '{DOCKER}' not '{found}'");
    for (members, message) in [
        (format!(r#""SchemaV2Manifest":{}"#, manifest(OCI)), not_docker(OCI)),
        (r#""SchemaV2Manifest":{}"#.to_owned(), not_docker("")),
        (format!(r#"{oci_member},"SchemaV2Manifest":{}"#, manifest(OCI)), not_docker(OCI)),
        (
            format!(r#""OCIManifest":{}"#, manifest(DOCKER)),
            format!("if present, mediaType in manifest should be '{OCI}' not '{DOCKER}'"),
        ),
    ] {
        for media_type in [OCI, DOCKER, ""] {
            let bytes = file(media_type, &members);
            assert_eq!(decode_entry(bytes.as_bytes(), "f").expect_err(&bytes), message);
        }
    }
    // Docker's lists have no lists: what stands there is no manifest of an image.
    let nested = file(INDEX, &format!(r#""SchemaV2Manifest":{}"#, manifest(INDEX)));
    assert!(decode_entry(nested.as_bytes(), "f").is_ok());
}

#[test]
fn an_entry_of_another_images_file_is_damaged() {
    let list: Reference = "r.io/list:1".parse().expect("a reference");
    let bytes = file("", "");
    let decoded = |path: &str| decode_list(&list, [(path, bytes.as_bytes())]);
    // File systems may tell upper case from lower case or not.
    for path in ["r.io_a-1", "manifests/r.io_list-1/r.io_a-1", r"manifests\r.io_list-1\R.io_A-1"] {
        assert_eq!(decoded(path).expect(path).len(), 1);
    }
    let error = decoded("m/r.io_a-2").expect_err("it is another image's");
    let message =
        "invalid manifest file m/r.io_a-2: expected the name r.io_a-1 for a file of r.io/a:1, found r.io_a-2";
    assert_eq!(error.to_string(), message);
    let short = bytes.replace("r.io/a:1", "alpine");
    assert_eq!(
        decode_entry(short.as_bytes(), "f").expect_err("Docker refuses it"),
        "repository name must be canonical"
    );
}

#[test]
fn damage_is_told_as_docker_tells_it() {
    for (bytes, message) in [
        ("broken", "invalid character 'b' looking for beginning of value"),
        ("", "unexpected end of JSON input"),
        ("{}", "invalid manifest file f: expected the field SchemaV2Manifest or OCIManifest, found none"),
        (r#"{"OCIManifest":{}}"#, "invalid manifest file f: expected the field Descriptor, found none"),
        (&file("", r#","Ref":null"#), "invalid manifest file f: expected the field Ref, found none"),
    ] {
        assert_eq!(decode_entry(bytes.as_bytes(), "f").expect_err("it is damaged"), message);
    }
}
