//! References against the recorded answers of Docker's own library, and against its grammar as regular expressions.

use crate::oracle::GRAMMAR;
use proptest::prelude::*;
use serde::Deserialize;
use tallyman_core::{Digest, Reference, ReferenceError, Registry};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vector {
    r#in: String,
    err: String,
    domain: String,
    path: String,
    tag: String,
    digest: String,
    normalized: String,
    familiar: String,
}

fn vectors() -> Vec<Vector> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/references/vectors.json");
    let bytes = std::fs::read(path).expect("the vectors are part of the repository");
    serde_json::from_slice(&bytes).expect("the vectors are JSON")
}

#[test]
fn all_recorded_references_are_read_as_docker_reads_them() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 400);
    for vector in vectors {
        match (vector.r#in.parse::<Reference>(), vector.err.as_str()) {
            (Ok(reference), "") => {
                let text = &vector.r#in;
                assert_eq!(reference.registry().as_str(), vector.domain, "registry of {text}");
                assert_eq!(reference.repository().as_str(), vector.path, "repository of {text}");
                assert_eq!(reference.tag().map_or("", |tag| tag.as_str()), vector.tag, "tag of {text}");
                assert_eq!(
                    reference.digest().map_or("", |digest| digest.as_str()),
                    vector.digest,
                    "digest of {text}"
                );
                assert_eq!(reference.to_string(), vector.normalized, "full form of {text}");
                assert_eq!(reference.familiar(), vector.familiar, "familiar form of {text}");
            }
            (Ok(reference), error) => panic!("{} was read as {reference}, Docker says: {error}", vector.r#in),
            (Err(error), "") => panic!("{} was refused: {error}", vector.r#in),
            (Err(error), docker) if docker.starts_with("invalid reference format: repository name") => {
                assert_eq!(error.to_string(), docker, "{}", vector.r#in);
            }
            (Err(error), docker) if docker.starts_with("invalid reference format") => {
                assert!(matches!(error, ReferenceError::Format { .. }), "{}: {error}", vector.r#in);
            }
            (Err(error), docker) => {
                assert!(
                    matches!(error, ReferenceError::Digest(_)),
                    "{}: {error}, Docker: {docker}",
                    vector.r#in
                );
            }
        }
    }
}

/// Strings made of the pieces that references are made of, so that many of them are nearly right.
fn nearly_a_reference() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b0",
        "app",
        "A",
        "Example.com",
        "localhost",
        "127.0.0.1",
        ":5000",
        "[::1]",
        "[",
        "]",
        "/",
        "/",
        "//",
        ":",
        ":v1",
        ":V-1.2_3",
        "@",
        "@sha256:",
        "sha256:",
        ".",
        "..",
        "_",
        "__",
        "___",
        "-",
        "--",
        "docker.io",
        "index.docker.io",
        "library",
        "é",
        " ",
        "beb0dc6f0b7116427b4ec632976a1cab93709ce68a8f46e6cefa1a07149d2f00",
        "@sha256:beb0dc6f0b7116427b4ec632976a1cab93709ce68a8f46e6cefa1a07149d2f00",
        "@md5:41bf047e106a817bfba6a2e0dfc2d611",
    ]);
    prop::collection::vec(piece, 0..7).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parser_agrees_with_the_published_grammar(text in nearly_a_reference()) {
        match text.parse::<Reference>() {
            Ok(reference) => {
                prop_assert!(GRAMMAR.is_match(&reference.to_string()), "{text} was read as {reference}");
            }
            Err(ReferenceError::Format { .. }) => {
                let first = text.split('/').next().unwrap_or_default();
                let has_registry = text.contains('/') && (first.contains(['.', ':']) || first == "localhost");
                let full = if has_registry { text.clone() } else { format!("docker.io/library/{text}") };
                prop_assert!(!GRAMMAR.is_match(&full), "{text} was refused, the grammar takes it");
            }
            Err(_) => {}
        }
    }

    #[test]
    fn a_full_form_is_read_back_as_itself(text in nearly_a_reference()) {
        if let Ok(reference) = text.parse::<Reference>() {
            // Docker's own exceptions: without a registry the full form is read with one, and a short form that begins
            // with what could be a registry is read as one.
            if !reference.registry().as_str().is_empty() {
                prop_assert_eq!(reference.to_string().parse::<Reference>(), Ok(reference.clone()));
            }
            let short = reference.familiar();
            let first = short.split_once('/').map_or("", |(first, _)| first);
            if first != "localhost" && !first.contains('.') {
                prop_assert_eq!(short.parse::<Reference>(), Ok(reference));
            }
        }
    }
}

#[test]
fn refusals_say_what_was_found() {
    for (text, part) in [
        ("", "found nothing"),
        ("Bad", "repository name (library/Bad) must be lowercase"),
        ("a:", "expected a tag after the colon, found nothing"),
        ("a/b//c", "on each side of every slash"),
        ("a@sha256:12", "found \"sha256:12\""),
        ("-x.io/a", "found \"-x.io\""),
        (&"a".repeat(64), "64-byte hexadecimal"),
        (&format!("x.io/{}", "a/".repeat(150) + "a"), "more than 255 characters, found 301"),
    ] {
        let error = text.parse::<Reference>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn registries_know_their_host() {
    for (text, host, loopback) in [
        ("localhost:5000/a", "localhost", true),
        ("127.3.2.1/a", "127.3.2.1", true),
        ("[::1]:5000/a", "::1", true),
        ("reg.example:5000/a", "reg.example", false),
        ("alpine", "docker.io", false),
    ] {
        let reference: Reference = text.parse().unwrap();
        assert_eq!(reference.registry().host(), host);
        assert_eq!(reference.registry().is_loopback(), loopback, "{text}");
    }
}

#[test]
fn registries_on_the_local_network_are_told_by_their_names() {
    for (text, local) in [
        ("localhost:5000", true),
        ("127.0.0.1", true),
        ("10.0.0.7:5000", true),
        ("172.31.0.1", true),
        ("172.32.0.1", false),
        ("192.168.1.2", true),
        ("169.254.1.1", true),
        ("100.64.0.1", true),
        ("100.128.0.1", false),
        ("8.8.8.8", false),
        ("[::1]:5000", true),
        ("[fd00::1]", true),
        ("[fe80::1]", true),
        ("[2001:db8::1]", false),
        ("nas:5000", true),
        ("nas.local", true),
        ("nas.lan:5000", true),
        ("registry.corp.internal", true),
        ("nas.home.arpa", true),
        ("notlocal.example", false),
        ("my.hotlan", false),
        ("docker.io", false),
        ("reg.example:5000", false),
    ] {
        let registry: Registry = text.parse().unwrap();
        assert_eq!(registry.is_on_local_network(), local, "{text}");
        assert!(Registry::is_valid(text), "{text}");
    }
    for text in ["", " quay.io", "https://ghcr.io/", "ghcr.io/acme", "a_b"] {
        assert_eq!(Registry::is_valid(text), text.parse::<Registry>().is_ok(), "{text}");
    }
}

#[test]
fn a_list_is_put_under_its_tag_else_its_digest_and_a_tag_goes_before_a_digest() {
    let [named, made] = [b"one", b"two"].map(|bytes| Digest::of(bytes));
    for (text, put, asked) in [
        ("h.io/a:1".to_owned(), "h.io/a:1".to_owned(), "h.io/a:1".to_owned()),
        (format!("h.io/a:1@{named}"), "h.io/a:1".to_owned(), "h.io/a:1".to_owned()),
        (format!("h.io/a@{named}"), format!("h.io/a@{made}"), format!("h.io/a@{named}")),
    ] {
        let reference: Reference = text.parse().unwrap();
        assert_eq!(reference.by_tag_or(&made).to_string(), put, "{text}");
        assert_eq!(reference.by_target().to_string(), asked, "{text}");
    }
}

#[test]
fn file_names_are_dockers() {
    let reference: Reference = "127.0.0.1:5000/acme/tool:v2".parse().unwrap();
    assert_eq!(reference.file_name(), "127.0.0.1-5000_acme_tool-v2");
}
