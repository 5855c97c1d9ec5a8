//! Each finding appears where it should and nowhere else.

use tallyman_core::{
    Descriptor, Digest, Finding, ImageConfig, Index, LintRule, Manifest, MediaType, Platform, ResolvedEntry,
    lint_image, lint_index,
};

fn entry(media_type: MediaType, name: &str, platform: Option<Platform>) -> Descriptor {
    Descriptor { platform, ..Descriptor::new(media_type, Digest::of(name.as_bytes()), 10) }
}

fn index(manifests: Vec<Descriptor>) -> Index {
    let empty = Manifest::parse(&br#"{"schemaVersion":2,"manifests":[]}"#[..], None).expect("an empty index");
    Index { manifests, ..empty.index().expect("it is an index").clone() }
}

fn arm_v7() -> Platform {
    Platform { variant: "v7".into(), ..Platform::new("linux", "arm") }
}

fn codes(findings: &[Finding]) -> Vec<(Option<usize>, &'static str)> {
    findings.iter().map(|finding| (finding.entry, finding.rule.code())).collect()
}

#[test]
fn a_sound_list_gives_no_finding() {
    let amd64 = entry(MediaType::OciManifest, "a", Some(Platform::new("linux", "amd64")));
    let mut attestation = entry(MediaType::OciManifest, "b", Some(Platform::new("unknown", "unknown")));
    attestation.annotations.insert("vnd.docker.reference.type".into(), "attestation-manifest".into());
    attestation.annotations.insert("vnd.docker.reference.digest".into(), amd64.digest.to_string());
    let nested = entry(MediaType::OciIndex, "c", None);
    let windows = Platform { os_version: "10.0.20348.1".into(), ..Platform::new("windows", "amd64") };
    let list = index(vec![amd64, attestation, nested, entry(MediaType::OciManifest, "d", Some(windows))]);
    assert_eq!(lint_index(&list, &[]), []);
}

#[test]
fn each_rule_names_its_entry() {
    let docker = |name, platform| entry(MediaType::DockerManifest, name, platform);
    let mut orphan = entry(MediaType::OciManifest, "o", Some(Platform::new("unknown", "unknown")));
    orphan.annotations.insert("vnd.docker.reference.type".into(), "attestation-manifest".into());
    orphan.annotations.insert("vnd.docker.reference.digest".into(), "sha256:gone".into());
    for (entries, expected) in [
        (vec![docker("a", Some(Platform::new("linux", "arm")))], vec![(Some(0), "arm-without-variant")]),
        (
            vec![docker("a", Some(Platform::new("windows", "amd64")))],
            vec![(Some(0), "windows-without-version")],
        ),
        (
            vec![docker("a", Some(arm_v7())), docker("b", Some(arm_v7()))],
            vec![(Some(1), "repeated-platform")],
        ),
        (
            vec![docker("a", "linux/arm64".parse().ok()), docker("b", "linux/arm64/v8".parse().ok())],
            vec![(Some(1), "repeated-platform")],
        ),
        (
            vec![
                docker("a", Some(arm_v7())),
                entry(MediaType::OciManifest, "b", Some(Platform::new("linux", "amd64"))),
            ],
            vec![(None, "mixed-media-types")],
        ),
        (vec![orphan], vec![(Some(0), "orphaned-attestation")]),
        (vec![docker("a", Some(Platform::new("linux", "x86_64")))], vec![(Some(0), "unknown-architecture")]),
        (vec![docker("a", None)], vec![(Some(0), "no-platform")]),
        (vec![docker("a", Some(Platform::new("", "amd64")))], vec![(Some(0), "no-platform")]),
        (
            vec![entry(MediaType::DockerSchema1Signed, "a", Some(Platform::new("linux", "amd64")))],
            vec![(Some(0), "schema1")],
        ),
    ] {
        assert_eq!(codes(&lint_index(&index(entries), &[])), expected);
    }
}

#[test]
fn a_config_that_says_otherwise_is_named_and_one_that_says_less_is_not() {
    let list = index(vec![entry(MediaType::DockerManifest, "a", Some(arm_v7()))]);
    for (platform, expected) in [
        (Platform::new("linux", "arm"), vec![]),
        (arm_v7(), vec![]),
        (Platform::new("linux", "amd64"), vec![(Some(0), "platform-differs")]),
        (Platform { variant: "7".into(), ..Platform::new("linux", "ARM") }, vec![]),
        (Platform { variant: "v6".into(), ..arm_v7() }, vec![(Some(0), "platform-differs")]),
        (Platform { os: "windows".into(), ..arm_v7() }, vec![(Some(0), "platform-differs")]),
    ] {
        let config = ImageConfig { platform, ..ImageConfig::default() };
        let behind = [ResolvedEntry { manifest: None, config: Some(&config) }];
        assert_eq!(codes(&lint_index(&list, &behind)), expected, "{}", config.platform);
    }
    let arm64 = index(vec![entry(MediaType::DockerManifest, "a", Some(Platform::new("linux", "arm64")))]);
    let v8 = Platform { variant: "v8".into(), ..Platform::new("linux", "arm64") };
    let config = ImageConfig { platform: v8, ..ImageConfig::default() };
    assert_eq!(lint_index(&arm64, &[ResolvedEntry { manifest: None, config: Some(&config) }]), []);
}

#[test]
fn foreign_layers_are_counted_on_images_and_behind_entries() {
    let bytes = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"{0}"}},
        "layers":[{{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","size":3,"digest":"{0}","urls":["https://x.example/1"]}},
                  {{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","size":3,"digest":"{0}","urls":["https://x.example/2"]}},
                  {{"mediaType":"application/vnd.oci.image.layer.nondistributable.v1.tar","size":3,"digest":"{0}"}},
                  {{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":3,"digest":"{0}"}}]}}"#,
        Digest::of(b"x")
    );
    let manifest = Manifest::parse(bytes.as_bytes(), Some(&MediaType::DockerManifest)).expect("an image");
    let found = lint_image(&manifest, None);
    assert_eq!(found, [Finding { entry: None, rule: LintRule::ForeignLayers { count: 2 } }]);
    assert!(found[0].rule.to_string().starts_with("2 foreign layers"));
    let list = index(vec![entry(MediaType::DockerManifest, "a", Some(Platform::new("linux", "amd64")))]);
    let behind = [ResolvedEntry { manifest: Some(&manifest), config: None }];
    assert_eq!(codes(&lint_index(&list, &behind)), [(Some(0), "foreign-layers")]);
}
