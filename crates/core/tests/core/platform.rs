//! Platforms as text, and the entry of an index that runs on one.

use tallyman_core::{Descriptor, Digest, Index, Manifest, MediaType, Platform, taken_platforms};

#[test]
fn a_platform_is_written_and_read() {
    // Each part stays as it is written: a list that names it so keeps it.
    for text in
        ["linux/amd64", "linux/arm/v7", "windows/amd64", "plan9/386", "LINUX/x86_64/V1", "linux/arm64/8"]
    {
        assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
    }
    for (text, expected) in [
        ("arm64", "linux/arm64"),
        ("x86_64", "linux/x86_64"),
        ("windows(10.0.17763)/amd64", "windows/amd64 10.0.17763"),
        ("windows(10.0.17763.1+win32k+b)/amd64", "windows/amd64 10.0.17763.1 (win32k, b)"),
        ("linux(+sse4)/amd64/v2", "linux/amd64/v2 (sse4)"),
    ] {
        assert_eq!(text.parse::<Platform>().unwrap().in_full().to_string(), expected, "{text}");
    }
    for text in [
        "",
        "linux",
        "debian",
        "linux/",
        "/amd64",
        "linux/arm/v7/x",
        "linux/arm/",
        "linux/amd 64",
        "li.nux/amd64",
        "windows(10.0/amd64",
        "windows(10.0+)/amd64",
        "windows(10.0)x/amd64",
        "linux/*",
        "?/?",
    ] {
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
        ("linux/amd64/v1", Some(5)),
        ("linux/amd64/v2", Some(5)),
        ("linux/amd64/v4", Some(6)),
        ("LINUX/x86_64", Some(5)),
        ("linux/arm/v7", Some(3)),
        ("linux/arm/v8", Some(3)),
        ("linux/arm", Some(3)),
        ("linux/armhf", Some(3)),
        ("linux/armel", Some(2)),
        ("linux/arm/6", Some(2)),
        ("linux/arm/v5", None),
        ("linux/arm64", Some(4)),
        ("linux/arm64/v8", Some(4)),
        ("linux/arm64/8", Some(4)),
        ("linux/aarch64", Some(4)),
        ("linux/arm64/v9", Some(4)),
        // An engine without the variant does not run it.
        ("linux/riscv64", None),
        ("linux/riscv64/rva23", Some(8)),
        ("linux/386", None),
        ("windows/amd64", Some(7)),
        ("windows/arm64", None),
        // Attestations are not images to run.
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
        (version("linux/arm", ""), version("linux/arm/v7", ""), true),
        (version("linux/armhf", ""), version("linux/arm/7", ""), true),
        (version("linux/amd64", ""), version("Linux/x86-64/v1", ""), true),
        (version("linux/i386", ""), version("linux/386", ""), true),
        (version("macos/arm64", ""), version("darwin/aarch64", ""), true),
        (version("linux/arm64/9", ""), version("linux/arm64/v9.0", ""), true),
        (version("linux/arm64/v8.1", ""), version("linux/arm64", ""), false),
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
fn variants_are_compared_in_one_spelling() {
    let parse = |text: &str| text.parse::<Platform>().unwrap();
    for (left, right, expected) in [
        ("linux/arm", "linux/arm/v7", true),
        ("linux/arm", "linux/arm/v6", false),
        ("linux/arm/5", "linux/arm/v5", true),
        ("linux/amd64/v1", "linux/amd64", true),
        ("linux/amd64/V3", "linux/amd64/v3", true),
        ("linux/amd64/v3", "linux/amd64", false),
        ("linux/arm64/v8", "linux/arm64", true),
        ("windows/arm64/v8", "windows/arm64", true),
        ("linux/arm64/v9", "linux/arm64", false),
        ("linux/arm/v8", "linux/arm", false),
    ] {
        assert_eq!(parse(left).is_same(&parse(right)), expected, "{left} {right}");
        assert_eq!(parse(right).is_same(&parse(left)), expected, "{right} {left}");
    }
}

#[test]
fn an_engine_takes_the_newest_variant_that_it_runs() {
    for (wanted, platforms, expected) in [
        ("linux/arm", &["linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm/v8"][..], Some(3)),
        ("linux/arm", &["linux/arm/v5", "linux/arm/v6"], Some(2)),
        ("linux/arm/v6", &["linux/arm", "linux/arm/v5"], Some(2)),
        ("linux/arm/v7", &["linux/arm"], Some(1)),
        ("linux/arm", &["linux/arm/v4"], None),
        ("linux/amd64", &["linux/amd64/v3", "linux/amd64/v1"], Some(2)),
        ("linux/amd64", &["linux/amd64/v3"], None),
        ("linux/amd64/v3", &["linux/amd64", "linux/amd64/v2"], Some(2)),
        ("linux/amd64/v3", &["linux/amd64/x", "linux/amd64/v4"], None),
        ("linux/arm64", &["linux/arm64/v9", "linux/arm64/v8"], Some(2)),
        ("linux/arm64/v9.1", &["linux/arm64/v8.7", "linux/arm64/v8.6", "linux/arm64/v8"], Some(2)),
        ("linux/arm64/v9.1", &["linux/arm64/v8.6", "linux/arm64/v9"], Some(2)),
        ("linux/arm64/v8.2", &["linux/arm64", "linux/arm64/v8.1", "linux/arm64/v9"], Some(2)),
        ("linux/arm64/v8.200", &["linux/arm64"], Some(1)),
        ("linux/arm64/v9.300", &["linux/arm64/v9"], None),
        // Other architectures are never taken in their place.
        ("linux/arm64", &["linux/arm/v7", "linux/386"], None),
        ("linux/amd64", &["linux/386"], None),
    ] {
        let found = index(platforms).entry_for(&wanted.parse().unwrap()).map(|entry| entry.size);
        assert_eq!(found, expected, "{wanted} of {platforms:?}");
    }
}

#[test]
fn of_a_list_the_variant_that_an_engine_takes_is_taken_for_each_platform() {
    let platform = |text: &&str| text.parse::<Platform>().unwrap();
    let found: Vec<Platform> =
        ["linux/arm/v5", "linux/arm/v7", "linux/amd64", "linux/amd64/v3", "linux/arm64"]
            .iter()
            .map(platform)
            .collect();
    for (wanted, expected) in [
        (&["linux/arm"][..], &["linux/arm/v7"][..]),
        (&["linux/arm/v6"], &["linux/arm/v5"]),
        (&["linux/arm/v6", "linux/arm"], &["linux/arm/v5", "linux/arm/v7"]),
        (&["linux/amd64"], &["linux/amd64"]),
        (&["linux/amd64/v4"], &["linux/amd64/v3"]),
        (&["linux/s390x"], &[]),
    ] {
        let wanted: Vec<Platform> = wanted.iter().map(platform).collect();
        let is_taken = taken_platforms(&wanted, &found.iter().collect::<Vec<_>>());
        let taken: Vec<String> = found.iter().filter(|of| is_taken(of)).map(ToString::to_string).collect();
        assert_eq!(taken, expected, "{wanted:?}");
    }
}

#[test]
fn a_name_means_the_very_platform_before_it_means_others() {
    let mut index = index(&[
        "linux/amd64/v3",
        "linux/amd64",
        "linux/arm/v5",
        "linux/arm/v6",
        "windows/amd64",
        "windows/amd64",
        "linux/arm64/v9",
    ]);
    for (entry, version) in index.manifests[4..].iter_mut().zip(["10.0.17763.1", "10.0.20348.1"]) {
        entry.platform.as_mut().unwrap().os_version = version.to_owned();
    }
    for (name, expected) in [
        ("linux/amd64", &[1][..]),
        ("linux/amd64/v1", &[1]),
        ("linux/amd64/v3", &[0]),
        // Removing and annotating match the named variant exactly.
        ("linux/amd64/v4", &[]),
        ("linux/arm/v7", &[]),
        ("linux/arm", &[2, 3]),
        ("linux/arm64", &[6]),
        ("linux/arm64/v8", &[]),
        ("windows/amd64", &[4, 5]),
        ("windows(10.0.20348.1)/amd64", &[5]),
        ("windows(10.0.17763)/amd64", &[4]),
    ] {
        assert_eq!(index.places_of(&name.parse().unwrap()), expected, "{name}");
    }
}
