//! Tests that a manifest is taken for the right kind, and that its bytes stay as they came.

use std::time::{Duration, Instant};

use tallyman_core::{
    Digest, ImageConfig, Index, Manifest, ManifestError, ManifestKind, MediaType, Platform, Schema1,
    json::compact,
};

const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

const IMAGE: &str = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[]}"#;
const INDEX: &str = r#"{"schemaVersion":2,"manifests":[]}"#;
const OLD: &str = r#"{"schemaVersion":1,"name":"a","tag":"b","architecture":"amd64","fsLayers":[]}"#;

#[test]
fn the_sort_of_manifest_follows_header_body_and_shape() {
    let with_type =
        |json: &str, media_type: &str| json.replacen('{', &format!("{{\"mediaType\":\"{media_type}\","), 1);
    for (bytes, header, kind) in [
        (with_type(IMAGE, DOCKER_IMAGE), Some(DOCKER_IMAGE), ManifestKind::DockerImage),
        (IMAGE.to_owned(), Some(OCI_IMAGE), ManifestKind::OciImage),
        (IMAGE.to_owned(), None, ManifestKind::OciImage),
        (with_type(IMAGE, DOCKER_IMAGE), Some("application/json; charset=utf-8"), ManifestKind::DockerImage),
        (with_type(INDEX, DOCKER_LIST), Some(DOCKER_LIST), ManifestKind::DockerList),
        (INDEX.to_owned(), Some(OCI_INDEX), ManifestKind::OciIndex),
        (INDEX.to_owned(), Some("text/plain"), ManifestKind::OciIndex),
        (OLD.to_owned(), Some(SCHEMA1), ManifestKind::Schema1),
        (OLD.to_owned(), None, ManifestKind::Schema1),
        (r#"{"hello":1}"#.to_owned(), Some("application/vnd.acme.thing+json"), ManifestKind::Artifact),
        (r#"{"hello":1}"#.to_owned(), None, ManifestKind::Artifact),
    ] {
        let manifest = Manifest::parse(bytes.as_bytes(), header.map(MediaType::new).as_ref()).unwrap();
        assert_eq!(manifest.kind(), kind, "{bytes} as {header:?}");
        assert_eq!(manifest.bytes(), bytes.as_bytes());
        assert_eq!(manifest.digest(), &Digest::of(bytes.as_bytes()));
        assert_eq!(manifest.size(), bytes.len() as u64);
    }
}

#[test]
fn signed_manifests_in_schema_1_alone_have_a_payload() {
    let content = "{\n   \"schemaVersion\": 1,\n   \"name\": \"a\"\n}";
    // `{"formatLength":39,"formatTail":"Cn0"}`
    let signature = r#"{"protected":"eyJmb3JtYXRMZW5ndGgiOjM5LCJmb3JtYXRUYWlsIjoiQ24wIn0"}"#;
    let signed = content.replace("\n}", &format!(",\n   \"signatures\": [{signature}]\n}}"));
    assert_eq!(Schema1::payload(signed.as_bytes()).as_deref(), Some(content.as_bytes()));
    for other in [
        content.to_owned(),
        signed.replace(": 1", ": 2"),
        signed.replace(r#""schemaVersion": 1"#, r#""other--Version": 1"#),
        OLD.to_owned(),
        String::new(),
    ] {
        assert_eq!(Schema1::payload(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn contradictions_are_refused_with_both_sides_named() {
    let body = IMAGE.replacen('{', &format!("{{\"mediaType\":\"{DOCKER_IMAGE}\","), 1);
    let error = Manifest::parse(body.as_bytes(), Some(&MediaType::OciManifest)).unwrap_err();
    assert!(matches!(error, ManifestError::MediaTypeMismatch { .. }));
    assert!(error.to_string().contains(DOCKER_IMAGE) && error.to_string().contains(OCI_IMAGE), "{error}");

    for (bytes, media_type) in [(INDEX, MediaType::OciManifest), (IMAGE, MediaType::OciIndex)] {
        let error = Manifest::parse(bytes.as_bytes(), Some(&media_type)).unwrap_err();
        assert!(matches!(error, ManifestError::Confused { .. }), "{error}");
    }
}

#[test]
fn bytes_that_are_no_manifest_are_refused() {
    for bytes in ["", "[]", "{", "404 page not found", "\u{feff}{}"] {
        let error = Manifest::parse(bytes.as_bytes(), None).unwrap_err();
        assert!(matches!(error, ManifestError::Json { .. }), "{bytes}: {error}");
    }
    let deep = format!("{}{}", "{\"a\":".repeat(200), "1") + &"}".repeat(200);
    assert!(matches!(Manifest::parse(deep.as_bytes(), None), Err(ManifestError::TooDeep)));
    let no_digest = r#"{"schemaVersion":2,"manifests":[{"size":1,"digest":"sha256:12"}]}"#;
    let error = Manifest::parse(no_digest.as_bytes(), Some(&MediaType::OciIndex)).unwrap_err();
    assert!(error.to_string().contains("expected 64 hexadecimal digits"), "{error}");
}

#[test]
fn entries_of_an_index_keep_platform_and_annotations() {
    let bytes = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","annotations":{{"a":"b"}},"manifests":[
            {{"mediaType":"{OCI_IMAGE}","size":5,"digest":"{0}","platform":{{"architecture":"arm","os":"linux","variant":"v7","os.features":null}}}},
            {{"mediaType":"{OCI_IMAGE}","size":6,"digest":"{0}","platform":{{"architecture":"unknown","os":"unknown"}},
              "annotations":{{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{0}"}}}}]}}"#,
        Digest::of(b"x")
    );
    let manifest = Manifest::parse(bytes.as_bytes(), Some(&MediaType::OciIndex)).unwrap();
    let index = manifest.index().unwrap();
    assert_eq!(index.annotations["a"], "b");
    let [arm, attestation] = &index.manifests[..] else { panic!("two entries expected") };
    assert_eq!(arm.platform.as_ref().unwrap().to_string(), "linux/arm/v7");
    assert_eq!(arm.attests(), None);
    assert!(attestation.platform.as_ref().unwrap().is_unknown());
    assert_eq!(attestation.attests(), Some(Digest::of(b"x").as_str()));
}

#[test]
fn a_config_is_read_with_nulls_where_go_writes_them() {
    let config = ImageConfig::parse(
        br#"{"architecture":"amd64","os":"windows","os.version":"10.0.1","config":{"Env":["A=b"],"Cmd":null,"Labels":null,
            "ExposedPorts":{"80/tcp":{}}},"rootfs":{"type":"layers","diff_ids":null},
            "history":[{"created_by":"RUN a"},{"created_by":"ENV A=b","empty_layer":true}]}"#,
    )
    .unwrap();
    assert_eq!(
        config.platform,
        Platform { os_version: "10.0.1".into(), ..Platform::new("windows", "amd64") }
    );
    assert_eq!(config.config.env, ["A=b"]);
    assert_eq!(config.config.exposed_ports.iter().collect::<Vec<_>>(), ["80/tcp"]);
    let steps: Vec<_> = config.history.iter().map(|step| (&*step.created_by, step.empty_layer)).collect();
    assert_eq!(steps, [("RUN a", false), ("ENV A=b", true)]);
    assert!(ImageConfig::parse(b"no").is_err());
}

#[test]
fn commands_may_be_texts_and_odd_fields_leave_the_layers_known() {
    let config = ImageConfig::parse(br#"{"config":{"Cmd":"sh -c x","Entrypoint":["/run"]}}"#).unwrap();
    assert_eq!((config.config.cmd, config.config.entrypoint), (vec!["sh -c x".into()], vec!["/run".into()]));
    let diff_id = Digest::of(b"layer");
    for odd in
        [r#""config":{"Labels":{"a":5}}"#, r#""config":{"Volumes":[]}"#, r#""history":[{"created":5}]"#]
    {
        let json = format!(r#"{{"os":"linux","rootfs":{{"diff_ids":["{diff_id}"]}},{odd}}}"#);
        assert!(ImageConfig::parse(json.as_bytes()).is_err(), "{odd}");
        let config = ImageConfig::parse_layers(json.as_bytes()).unwrap();
        assert_eq!((&*config.platform.os, &config.rootfs.diff_ids[..]), ("linux", &[diff_id.clone()][..]));
    }
    assert!(ImageConfig::parse_layers(br#"{"rootfs":{"diff_ids":[5]}}"#).is_err());
}

#[test]
fn annotatable_platforms_are_dockers_28_pairs() {
    assert_eq!(Platform::annotatable().count(), 28);
    assert!(Platform::new("linux", "riscv64").is_annotatable());
    assert!(!Platform::new("windows", "arm64").is_annotatable());
}

/// The same list with a field that no tool writes, so that it is read by the general reader.
fn unusual(list: &str) -> String {
    list.replacen('{', r#"{"unusual":{"a":[1,null]},"#, 1)
}

#[test]
fn usual_lists_are_read_as_all_others() {
    let digest = Digest::of(b"").to_string();
    let entry = |more: &str| format!(r#"{{"mediaType":"{OCI_IMAGE}","size":7,"digest":"{digest}"{more}}}"#);
    let list = |entries: &str| format!(r#"{{"schemaVersion":2,"manifests":[{entries}]}}"#);
    let platform = |fields: &str| list(&entry(&format!(r#","platform":{{{fields}}}"#)));
    for text in [
        list(""),
        list(&entry("")),
        list(&[entry(""), entry(r#","annotations":{}"#)].join(" ,\n\t")),
        list(&entry(r#","annotations":{"vnd.docker.reference.type":"attestation-manifest","a":"","a":"b"}"#)),
        list(&entry(r#","artifactType":"a/b""#)),
        list(&entry(r#","annotations":null,"platform":null,"urls":["https://a"],"data":"e30=""#)),
        list(&entry("").replace("\"size\":7,", "")),
        list(&entry("").replace(":7", ":07")),
        list(&entry("").replace(":7", ":18446744073709551615")),
        list(&entry("").replace(":7", ":18446744073709551616")),
        list(&entry("").replace(":7", ":9999999999999999999")),
        list(&entry("").replace(":7", ":9223372036854775807")),
        list(&entry("").replace(":7", ":9223372036854775808")),
        list(&entry("").replace(":7", ":7e0")),
        list(&entry("").replace(":7", ":7.0")),
        list(&entry("").replace(":7", ":-7")),
        list(&entry("").replace("\"size\":7", "\"size\":7,\"size\":8")),
        list(&entry("").replace(OCI_IMAGE, "Application/Vnd.OCI.image.manifest.v1+json; q=1")),
        list(&entry("").replace(OCI_IMAGE, "")),
        list(&entry("").replace(OCI_IMAGE, "caf\\u00e9 \\\" é")),
        list(&entry("").replace("sha256:", "sha256:0")),
        list(&entry("").replace("sha256:", "SHA256:")),
        platform(""),
        platform(r#""os":"linux","architecture":"arm","variant":"v7""#),
        platform(r#""os":"windows","architecture":"amd64","os.version":"10.0","os.features":["a","b"]"#),
        platform(r#""os":"linux","os.features":[],"features":["sse4"]"#),
        platform(r#""os":"linux","os":"linux""#),
        platform(r#""os":null"#),
        list("").replace(":2", ":\"2\""),
        list("").replace("[]", "null"),
        list("").replace("[]", "{}"),
        list("") + "\n",
        list("") + "x",
        list("").replace('}', ",}"),
        format!("\u{feff}{}", list("")),
        list("").replacen('{', r#"{"annotations":{"k":"v"},"artifactType":"a/b","#, 1),
        list("").replacen('{', r#"{"subject":null,"#, 1),
        list("").replacen('{', &format!("{{\"mediaType\":\"{DOCKER_LIST}\","), 1),
        list("").replacen('{', &format!("{{\"mediaType\":\"{DOCKER_IMAGE}\","), 1),
        list("").replacen('{', r#"{"mediaType":"","#, 1),
    ] {
        for header in
            [None, Some(OCI_INDEX), Some(DOCKER_LIST), Some(OCI_IMAGE), Some("text/plain"), Some("a/b")]
        {
            let read = |text: &str| {
                let read = Manifest::parse(text.as_bytes(), header.map(MediaType::new).as_ref());
                // Where an error stands in the text differs by the field that was added.
                let sort = |error: &ManifestError| std::mem::discriminant(error);
                read.map(|read| (read.media_type().clone(), read.body().clone()))
                    .map_err(|error| sort(&error))
            };
            assert_eq!(read(&text), read(&unusual(&text)), "{text} as {header:?}");
        }
    }
}

#[test]
fn entries_that_differ_in_unknown_members_alone_stay_as_they_stand() {
    let entry = |more: &str| {
        format!(r#"{{"mediaType":"{OCI_IMAGE}","digest":"{}","size":1{more}}}"#, Digest::of(b"x"))
    };
    let entries = [entry(r#","x-signer":"one""#), entry(r#","x-signer":"two""#)];
    let before = format!(r#"{{"schemaVersion":2,"manifests":[{}],"x-kept":1e3}}"#, entries.join(","));
    let mut index = Index::parse(before.as_bytes()).unwrap();
    index.annotations.insert("a".to_owned(), "b".to_owned());
    let after = index.encode_over(before.as_bytes(), &MediaType::new(OCI_INDEX)).unwrap();
    let after = String::from_utf8(after).unwrap();
    let kept: Vec<&str> = after.lines().filter(|line| line.contains("x-")).map(str::trim).collect();
    assert_eq!(kept, [r#""x-signer": "one""#, r#""x-signer": "two""#, r#""x-kept": 1e3,"#], "{after}");
}

#[test]
fn members_that_nobody_knows_cost_a_change_of_an_index_no_more_than_their_bytes() {
    let unknown: Vec<String> = (0..20_000).map(|at| format!(r#""x-{at}":1"#)).collect();
    let texts: Vec<String> = (0..20_000).map(|at| format!(r#""x-{at}":"1""#)).collect();
    let (unknown, texts) = (unknown.join(","), texts.join(","));
    let before = format!(
        r#"{{{unknown},"schemaVersion":2,"manifests":[{{"mediaType":"{OCI_IMAGE}","digest":"{}","size":1,{unknown},"annotations":{{{texts}}}}}]}}"#,
        Digest::of(b"x")
    );
    let mut index = Index::parse(before.as_bytes()).unwrap();
    index.manifests[0].annotations.insert("a".to_owned(), "b".to_owned());
    let began = Instant::now();
    let after = index.encode_over(before.as_bytes(), &MediaType::new(OCI_INDEX)).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(Index::parse(&after).unwrap(), index);
    assert_eq!(String::from_utf8(after).unwrap().matches(r#""x-19999": 1"#).count(), 2);
}

#[test]
fn an_object_that_stands_there_often_costs_no_more_than_its_bytes() {
    // Both the index and its entry have an object forty thousand times.
    let many: Vec<String> =
        (0..40_000).map(|at| format!(r#""annotations":{{"{}":"{at}"}}"#, at % 7)).collect();
    let many = many.join(",");
    let before = format!(
        r#"{{"schemaVersion":2,{many},"manifests":[{{"mediaType":"{OCI_IMAGE}","digest":"{}","size":1,{many}}}]}}"#,
        Digest::of(b"x")
    );
    let began = Instant::now();
    let mut index = Index::parse(before.as_bytes()).unwrap();
    assert_eq!(index.annotations["0"], "39998");
    assert_eq!(index.manifests[0].annotations, index.annotations);
    let title = ("title".to_owned(), "app".to_owned());
    index.manifests[0].annotations.extend([title.clone()]);
    let entry_changed = index.encode_over(before.as_bytes(), &MediaType::OciIndex).unwrap();
    assert_eq!(Index::parse(&entry_changed).unwrap(), index);
    index.annotations.extend([title]);
    let both_changed = index.encode_over(before.as_bytes(), &MediaType::OciIndex).unwrap();
    assert_eq!(Index::parse(&both_changed).unwrap(), index);
    // Copying what was there for each object takes many minutes.
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
}

#[test]
fn of_members_with_one_name_the_last_value_stays_and_annotations_in_another_case_are_others() {
    let before = format!(
        r#"{{"x-a":1,"x-a":2,"schemaVersion":2,"manifests":[{{"mediaType":"{OCI_IMAGE}","digest":"{}","size":1,
"annotations":{{"Title":"1","title":"2","b":"3","b":"4"}}}}]}}"#,
        Digest::of(b"x")
    );
    let mut index = Index::parse(before.as_bytes()).unwrap();
    index.manifests[0].annotations.insert("title".to_owned(), "new".to_owned());
    let after = index.encode_over(before.as_bytes(), &MediaType::new(OCI_INDEX)).unwrap();
    assert_eq!(Index::parse(&after).unwrap(), index);
    let after = String::from_utf8(compact(&after).unwrap()).unwrap();
    assert!(after.starts_with(r#"{"x-a":2,"#), "{after}");
    assert!(after.contains(r#"{"Title":"1","title":"new","b":"4"}"#), "{after}");
}

#[test]
fn members_of_an_index_count_in_any_case_and_stay_as_they_are_written() {
    let entry = |name: &str| {
        let digest = Digest::of(name.as_bytes());
        format!(r#"{{"MediaType":"{OCI_IMAGE}","digest":"{digest}","size":1,"Size":2}}"#)
    };
    let before = format!(
        r#"{{"schemaVersion":2,"manifests":[{}],"Manifests":[{}],"x-a":1,"X-A":2}}"#,
        entry("one"),
        entry("two")
    );
    let manifest = Manifest::parse(before.as_bytes(), Some(&MediaType::OciIndex)).unwrap();
    let mut index = manifest.index().unwrap().clone();
    assert_eq!(index.manifests.len(), 1);
    assert_eq!(index.manifests[0].digest, Digest::of(b"two"));
    assert_eq!((&index.manifests[0].media_type, index.manifests[0].size), (&MediaType::OciManifest, 2));
    index.annotations.insert("a".to_owned(), "b".to_owned());
    let after = index.encode_over(before.as_bytes(), &MediaType::OciIndex).unwrap();
    assert_eq!(Index::parse(&after).unwrap(), index);
    let after = String::from_utf8(compact(&after).unwrap()).unwrap();
    let expected = format!(
        r#"{{"schemaVersion":2,"Manifests":[{}],"x-a":1,"X-A":2,"mediaType":"{OCI_INDEX}","annotations":{{"a":"b"}}}}"#,
        entry("two")
    );
    assert_eq!(after, expected);
}

#[test]
fn an_entry_that_is_changed_keeps_what_a_descriptor_does_not_have() {
    let before = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{OCI_IMAGE}","x-signer":{{"b":2,"a":1}},"digest":"{}","size":1,
"platform":{{"os":"linux","features":["sse4"],"architecture":"arm","variant":"v6"}},"annotations":{{"old":"1","kept":"2"}}}}]}}"#,
        Digest::of(b"x")
    );
    let mut index = Index::parse(before.as_bytes()).unwrap();
    let entry = &mut index.manifests[0];
    let platform = entry.platform.as_mut().unwrap();
    (platform.variant, platform.os_version) = (String::new(), "1".to_owned());
    entry.annotations.remove("old");
    entry.annotations.insert("new".to_owned(), "3".to_owned());
    entry.artifact_type = Some("a/b".to_owned());
    let after = index.encode_over(before.as_bytes(), &MediaType::new(OCI_INDEX)).unwrap();
    let after = String::from_utf8(compact(&after).unwrap()).unwrap();
    let expected = format!(
        r#"{{"mediaType":"{OCI_IMAGE}","x-signer":{{"b":2,"a":1}},"digest":"{}","size":1,"platform":{{"os":"linux","features":["sse4"],"architecture":"arm","os.version":"1"}},"annotations":{{"kept":"2","new":"3"}},"artifactType":"a/b"}}"#,
        Digest::of(b"x")
    );
    assert!(after.contains(&expected), "expected {expected}, found {after}");
    assert_eq!(Index::parse(after.as_bytes()).unwrap(), index);
}

#[test]
fn artifact_manifests_are_referrers_as_images_are() {
    let digest = Digest::of(b"subject");
    let subject = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":7}}"#);
    let artifact = MediaType::new("application/vnd.oci.artifact.manifest.v1+json");
    for (media_type, json, expected) in [
        (
            &artifact,
            format!(r#"{{"artifactType":"a/sig","blobs":[],"subject":{subject},"annotations":{{"a":"b"}}}}"#),
            Some((Some("a/sig"), Some("b"))),
        ),
        (&artifact, r#"{"artifactType":"a/sig","blobs":[]}"#.to_owned(), None),
        (&MediaType::new("application/x-other"), format!(r#"{{"subject":{subject}}}"#), None),
    ] {
        let manifest = Manifest::parse(json.as_bytes(), Some(media_type)).unwrap();
        let referrer = manifest.as_referrer();
        let found = referrer.as_ref().map(|(of, referrer)| {
            assert_eq!((of, &referrer.digest), (&digest, manifest.digest()));
            (referrer.artifact_type.as_deref(), referrer.annotations.get("a").map(String::as_str))
        });
        assert_eq!(found, expected, "{json}");
    }
}
