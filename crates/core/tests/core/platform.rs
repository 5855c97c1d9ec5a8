//! Platforms as text, and the entry of an index that runs on one.

use tallyman_core::{Descriptor, Digest, Index, Manifest, MediaType, Platform};

#[test]
fn a_platform_is_written_and_read() {
    for text in ["linux/amd64", "linux/arm/v7", "windows/amd64", "plan9/386"] {
        assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
    }
    for text in ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "Linux/amd64", "linux/amd 64", "?/?"] {
        let error = text.parse::<Platform>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("expected a platform such as linux/arm64 or linux/arm/v7, found {text:?}")
        );
    }
}

/// An index whose entries have these platforms; the size of each is its number.
fn index(platforms: &[&str]) -> Index {
    let entries = platforms.iter().zip(1..).map(|(platform, number)| {
        let digest = Digest::of(platform.as_bytes());
        let descriptor = Descriptor::new(MediaType::OciManifest, digest, number);
        Descriptor { platform: platform.parse().ok(), ..descriptor }
    });
    Index { manifests: entries.collect(), ..empty() }
}

fn empty() -> Index {
    let manifest = Manifest::parse(&br#"{"schemaVersion":2,"manifests":[]}"#[..], None).unwrap();
    manifest.index().unwrap().clone()
}

#[test]
fn the_entry_for_a_platform_is_found() {
    let index = index(&[
        "unknown/unknown",
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/arm64/v8",
        "linux/amd64",
        "linux/amd64/v3",
        "windows/amd64",
        "linux/riscv64/rva23",
    ]);
    for (wanted, expected) in [
        ("linux/amd64", Some(5)),
        ("linux/amd64/v3", Some(6)),
        ("linux/amd64/v2", None),
        ("linux/arm/v7", Some(3)),
        ("linux/arm", Some(2)),
        ("linux/arm64", Some(4)),
        ("linux/arm64/v8", Some(4)),
        ("linux/arm64/v9", None),
        ("linux/riscv64", Some(8)),
        ("windows/amd64", Some(7)),
        ("windows/arm64", None),
        // What attests is not to be run.
        ("unknown/unknown", None),
    ] {
        let found = index.entry_for(&wanted.parse().unwrap()).map(|entry| entry.size);
        assert_eq!(found, expected, "{wanted}");
    }
}

#[test]
fn the_platforms_of_an_index_are_those_of_its_images() {
    let index = index(&["linux/arm64", "unknown/unknown", "windows/amd64"]);
    let found: Vec<_> = index.platforms().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["linux/arm64", "windows/amd64"]);
}

#[test]
fn platforms_are_the_same_by_every_field_and_the_normalized_variant() {
    let version = |platform: &str, version: &str| Platform {
        os_version: version.to_owned(),
        ..platform.parse().unwrap()
    };
    for (one, other, expected) in [
        (version("linux/arm64", ""), version("linux/arm64/v8", ""), true),
        (version("linux/arm64/v8", ""), version("linux/arm64/v9", ""), false),
        (version("linux/arm", ""), version("linux/arm/v8", ""), false),
        (version("windows/amd64", "10.0.1"), version("windows/amd64", "10.0.1"), true),
        (version("windows/amd64", "10.0.1"), version("windows/amd64", "10.0.2"), false),
    ] {
        assert_eq!((one.is_same(&other), other.is_same(&one)), (expected, expected), "{one:?} {other:?}");
    }
}

#[test]
fn versions_and_features_of_an_operating_system_are_those_that_are_asked_for() {
    let windows = |os_version: &str, os_features: &[&str]| Platform {
        os_version: os_version.to_owned(),
        os_features: os_features.iter().map(|feature| (*feature).to_owned()).collect(),
        ..Platform::new("windows", "amd64")
    };
    for (wanted, found, is_accepted) in [
        (windows("", &[]), windows("10.0.17763.1", &["win32k"]), true),
        (windows("10.0.17763.1", &[]), windows("", &[]), true),
        (windows("10.0.17763.1", &[]), windows("10.0.17763.9", &[]), true),
        (windows("10.0.17763", &[]), windows("10.0.17763.9", &[]), true),
        (windows("10.0.17763.1", &[]), windows("10.0.20348.1", &[]), false),
        (windows("10.0.17763.1", &[]), windows("10.0.1776.1", &[]), false),
        (windows("10.0", &[]), windows("10.0.17763.1", &[]), false),
        (windows("", &["win32k"]), windows("", &["other", "win32k"]), true),
        (windows("", &["win32k"]), windows("", &[]), false),
    ] {
        assert_eq!(wanted.accepts(&found), is_accepted, "{wanted:?} and {found:?}");
    }
    assert_eq!(windows("10.0.1", &["a", "b"]).in_full().to_string(), "windows/amd64 10.0.1 (a, b)");
}

#[test]
fn of_images_of_one_build_the_very_version_that_is_asked_for_comes_first() {
    let mut index = index(&["windows/amd64", "windows/amd64", "windows/amd64", "linux/amd64"]);
    for (entry, version) in index.manifests.iter_mut().zip(["10.0.17763.1", "10.0.20348.1", "10.0.20348.2"]) {
        entry.platform.as_mut().unwrap().os_version = version.to_owned();
    }
    for (version, expected) in [
        ("", Some(1)),
        ("10.0.17763.7", Some(1)),
        ("10.0.20348.1", Some(2)),
        ("10.0.20348.2", Some(3)),
        ("10.0.20348.3", Some(2)),
        ("10.0.1.1", None),
    ] {
        let wanted = Platform { os_version: version.to_owned(), ..Platform::new("windows", "amd64") };
        assert_eq!(index.entry_for(&wanted).map(|entry| entry.size), expected, "{version}");
    }
}

#[test]
fn v8_of_arm64_counts_as_no_variant() {
    for (platform, variant) in [
        ("linux/arm64/v8", ""),
        ("linux/arm64", ""),
        ("windows/arm64/v8", ""),
        ("linux/arm64/v9", "v9"),
        ("linux/arm/v8", "v8"),
        ("linux/arm/v7", "v7"),
    ] {
        assert_eq!(platform.parse::<Platform>().unwrap().normalized_variant(), variant, "{platform}");
    }
}
