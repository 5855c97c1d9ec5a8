//! The bytes of lists.

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;
use serde::Deserialize;
use tallyman_core::{
    Descriptor, Digest, Index, ListEntry, ManifestList, MediaType, Platform, Reference, encode_index,
    reencode_index,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vector {
    descriptors: Vec<serde_json::Value>,
    media_type: String,
    digest: String,
    bytes: String,
}

/// A descriptor as Go wrote it: a size of 0 is left out.
fn recorded(mut descriptor: serde_json::Value) -> Descriptor {
    let fields = descriptor.as_object_mut().expect("descriptors are objects");
    fields.entry("size").or_insert(0.into());
    Descriptor::parse(descriptor.to_string().as_bytes()).expect("descriptors were recorded whole")
}

fn list_of(descriptors: &[Descriptor]) -> ManifestList {
    let mut list = ManifestList::new("127.0.0.1:5000/acme/app:v1".parse().expect("a reference"));
    for (number, descriptor) in descriptors.iter().enumerate() {
        let reference = format!("127.0.0.1:5000/acme/app:part-{number:03}").parse().expect("a reference");
        list.insert(ListEntry::new(reference, descriptor.clone(), *b"{}").expect("JSON"))
            .expect("a new name");
    }
    list
}

#[test]
fn every_recorded_list_has_dockers_bytes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/list-bytes/vectors.json");
    let vectors: Vec<Vector> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(vectors.len(), 60);
    for vector in vectors {
        let list = list_of(&vector.descriptors.into_iter().map(recorded).collect::<Vec<_>>());
        let expected = String::from_utf8(STANDARD.decode(vector.bytes).unwrap()).unwrap();
        assert_eq!(String::from_utf8(list.to_bytes()).unwrap(), expected);
        assert_eq!(list.media_type().as_str(), vector.media_type);
        assert_eq!(list.digest().as_str(), vector.digest);
    }
}

#[test]
fn entries_have_no_media_type_and_no_size_where_none_is_known() {
    let digest = Digest::of(b"{}");
    let encoded = |media_type: &str, size| {
        let descriptor = Descriptor::new(MediaType::new(media_type), digest.clone(), size);
        let bytes = String::from_utf8(list_of(&[descriptor]).to_bytes()).unwrap();
        bytes.lines().skip(4).take_while(|line| !line.contains("platform")).collect::<Vec<_>>().join("\n")
    };
    let digest_line = format!("         \"digest\": \"{digest}\",");
    let (type_line, size_line) = ("         \"mediaType\": \"a/b\",", "         \"size\": 2,");
    for (media_type, size, lines) in [
        ("a/b", 2, vec![type_line, size_line, &digest_line]),
        ("a/b", 0, vec![type_line, &digest_line]),
        ("", 2, vec![size_line, &digest_line]),
        ("", 0, vec![&*digest_line]),
    ] {
        assert_eq!(encoded(media_type, size), format!("      {{\n{}", lines.join("\n")));
    }
}

#[test]
fn an_empty_list_is_a_docker_list() {
    let list = ManifestList::new("acme/app".parse().unwrap());
    let expected = "{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"application/vnd.docker.distribution.manifest.list.v2+json\",\n   \"manifests\": []\n}";
    assert_eq!(String::from_utf8(list.to_bytes()).unwrap(), expected);
    assert_eq!(list.media_type(), MediaType::DockerList);
}

fn entry(reference: &str) -> ListEntry {
    let descriptor = Descriptor::new(MediaType::DockerManifest, Digest::of(reference.as_bytes()), 2);
    ListEntry::new(reference.parse().expect("a reference"), descriptor, *b"{}").expect("JSON")
}

#[test]
fn entries_stand_in_the_order_of_their_file_names() {
    let digested = format!("h.io/a/b@{}", Digest::of(b""));
    let names = [
        "h.io/a/b:1",
        "h.io/a/b:z",
        &digested,
        "h.io/a/b-c:1",
        "h.io/a/b/c:1",
        "h.io/a/b.c:1",
        "h.io/a/bb:1",
    ];
    let mut list = ManifestList::new("h.io/a/list".parse().unwrap());
    for name in names {
        assert_eq!(list.insert(entry(name)).unwrap(), None);
    }
    let order: Vec<String> = list.iter().map(|entry| entry.reference.to_string()).collect();
    let expected = [
        "h.io/a/b:1",
        "h.io/a/b-c:1",
        "h.io/a/b:z",
        "h.io/a/b.c:1",
        &digested,
        "h.io/a/b/c:1",
        "h.io/a/bb:1",
    ];
    assert_eq!(order, expected);
}

#[test]
fn two_names_that_share_a_file_are_refused_with_both_named() {
    let mut list = ManifestList::new("h.io/a/list".parse().unwrap());
    list.insert(entry("h.io/a/tool:1-arm")).unwrap();
    let other: Reference = "h.io/a/tool-1:arm".parse().unwrap();
    let message = list.insert(entry("h.io/a/tool-1:arm")).unwrap_err().to_string();
    assert!(message.contains("h.io/a/tool:1-arm") && message.contains("h.io/a/tool-1:arm"), "{message}");
    assert_eq!(list.remove(&other), None);
    assert_eq!((list.len(), list.get(&other)), (1, None));
    let same = list.insert(entry("h.io/a/tool:1-arm")).unwrap();
    assert_eq!(same, Some(entry("h.io/a/tool:1-arm")));
    assert!(list.remove(&"h.io/a/tool:1-arm".parse().unwrap()).is_some() && list.is_empty());
}

#[test]
fn manifests_that_docker_kept_without_their_bytes_are_rebuilt_by_indenting() {
    let mut kept = entry("h.io/a/b:1");
    kept.raw = None;
    let docker = r#"{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","a":[1]}"#;
    // Docker goes by the manifest, not by its descriptor.
    for media_type in [MediaType::DockerManifest, MediaType::OciManifest] {
        kept.descriptor.media_type = media_type;
        for (json, step) in [(docker, "   "), (r#"{"a":[1]}"#, "  "), (r#"{"mediaType":"","a":[1]}"#, "  ")] {
            kept.manifest_json = json.as_bytes().into();
            let indented = String::from_utf8(kept.manifest_bytes().unwrap().to_vec()).unwrap();
            assert!(
                indented.ends_with(&format!("\n{step}\"a\": [\n{step}{step}1\n{step}]\n}}")),
                "{indented}"
            );
        }
    }
}

fn platform() -> impl Strategy<Value = Platform> {
    let any = || any::<String>();
    (any(), any(), any(), prop::collection::vec(any(), 0..4), any()).prop_map(
        |(architecture, os, os_version, os_features, variant)| Platform {
            architecture,
            os,
            os_version,
            os_features,
            variant,
        },
    )
}

proptest! {
    #[test]
    fn a_list_says_what_was_put_into_it(
        parts in prop::collection::vec((platform(), any::<bool>(), 1..i64::MAX.unsigned_abs()), 0..6),
    ) {
        let descriptors: Vec<Descriptor> = parts
            .into_iter()
            .enumerate()
            .map(|(number, (platform, oci, size))| {
                let media_type = if oci { MediaType::OciManifest } else { MediaType::DockerManifest };
                let mut descriptor = Descriptor::new(media_type, Digest::of(&number.to_le_bytes()), size);
                descriptor.platform = Some(platform);
                descriptor
            })
            .collect();
        let list = list_of(&descriptors);
        let value: serde_json::Value = serde_json::from_slice(&list.to_bytes()).unwrap();
        prop_assert_eq!(&value["schemaVersion"], 2);
        let media_type = list.media_type();
        prop_assert_eq!(value["mediaType"].as_str(), Some(media_type.as_str()));
        let back = Descriptor::parse_all(value["manifests"].to_string().as_bytes()).unwrap();
        let first_is_oci = descriptors.first().is_some_and(|first| first.media_type == MediaType::OciManifest);
        prop_assert_eq!(list.media_type() == MediaType::OciIndex, first_is_oci);
        prop_assert_eq!(back, descriptors);
    }

    #[test]
    fn the_order_of_coming_does_not_matter(mut numbers in prop::collection::vec(0_u32..50, 1..12)) {
        let list_in = |numbers: &[u32]| {
            let mut list = ManifestList::new("h.io/a/list".parse().unwrap());
            for number in numbers {
                list.insert(entry(&format!("h.io/a/b:{number}"))).unwrap();
            }
            list.to_bytes()
        };
        let before = list_in(&numbers);
        numbers.reverse();
        prop_assert_eq!(list_in(&numbers), before);
    }
}

#[test]
fn a_form_makes_an_oci_index_of_any_images_with_annotations() {
    let mut list = ManifestList::new("acme/app".parse().unwrap());
    let mut annotated = entry("acme/app:a");
    annotated.descriptor.annotations.insert("k".to_owned(), "<v>".to_owned());
    list.insert(annotated).unwrap();
    assert!(!String::from_utf8(list.to_bytes()).unwrap().contains("annotations"), "Docker's lists have none");
    list.form_mut().oci = true;
    list.form_mut().annotations.insert("title".to_owned(), "app".to_owned());
    assert_eq!(list.media_type(), MediaType::OciIndex);
    let value: serde_json::Value = serde_json::from_slice(&list.to_bytes()).unwrap();
    assert_eq!(value["mediaType"], MediaType::OciIndex.as_str());
    assert_eq!(value["annotations"], serde_json::json!({"title": "app"}));
    assert_eq!(value["manifests"][0]["annotations"], serde_json::json!({"k": "<v>"}));
    let text = String::from_utf8(list.to_bytes()).unwrap();
    assert!(text.contains(r"\u003cv\u003e") && text.ends_with("\n   }\n}"), "{text}");
}

#[test]
fn a_list_is_written_anew_as_if_it_had_been_read_entry_by_entry() {
    let digest = Digest::of(b"").to_string();
    let entry = |media_type: &str, more: &str| {
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":7{more}}}"#)
    };
    let list = |media_type: &str, entries: &[String]| {
        format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}","manifests":[{}]}}"#, entries.join(","))
    };
    let (docker, oci) = (MediaType::DockerList, MediaType::OciIndex);
    let platform = r#","platform":{"os":"windows","architecture":"a<b>&c","os.version":"10","os.features":["x","y"],"variant":"v"}"#;
    let annotated = r#","annotations":{"b":"1","a":"2"},"artifactType":"t","platform":{"os":"linux"}"#;
    for (bytes, named, expected) in [
        (list(docker.as_str(), &[]), None, docker.clone()),
        (list(docker.as_str(), &[entry(MediaType::OciManifest.as_str(), platform)]), None, oci.clone()),
        (list(oci.as_str(), &[entry("Application/X; charset=utf-8", annotated)]), None, docker.clone()),
        (list(oci.as_str(), &[entry(" ", "")]), Some(oci.clone()), oci),
    ] {
        let (media_type, written) = reencode_index(bytes.as_bytes(), named.as_ref()).unwrap().expect(&bytes);
        let general = Index::parse(bytes.as_bytes()).unwrap();
        let encoded = encode_index(&expected, general.manifests.iter());
        assert_eq!(
            (media_type, String::from_utf8(written)),
            (expected, String::from_utf8(encoded)),
            "{bytes}"
        );
    }
    assert!(reencode_index(list(docker.as_str(), &[]).as_bytes(), Some(&MediaType::OciIndex)).is_err());
    for other in ["{", r#"{"schemaVersion":2,"config":{}}"#, r#"{"manifests":[{"mediaType":"\u0061"}]}"#] {
        assert!(reencode_index(other.as_bytes(), None).unwrap().is_none(), "{other}");
    }
}

#[test]
fn a_list_made_from_an_index_keeps_what_is_not_changed() {
    let digest = |byte: &str| format!("sha256:{}", byte.repeat(64));
    let entry = |byte: &str, variant: &str| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":7,"platform":{{"architecture":"arm","os":"linux","variant":"{variant}"}},"artifactType":"application/x-mine"}}"#,
            digest(byte)
        )
    };
    // The same image for two platforms, a subject, a type, a member that nobody knows, and a layout of its own.
    let original = format!(
        r#"{{"schemaVersion":2, "x-build":7,"mediaType":"application/vnd.oci.image.index.v1+json","artifactType":"application/x-list","manifests":[{},{},{}],"subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{}","size":9}},"annotations":{{"team":"web"}}}}"#,
        entry("b", "v6"),
        entry("a", "v7"),
        entry("b", "v5"),
        digest("c"),
    );
    let before = Index::parse(original.as_bytes()).unwrap();
    let mut list = ManifestList::new("127.0.0.1:5000/acme/app:v1".parse().unwrap());
    list.form_mut().oci = true;
    list.form_mut().annotations.clone_from(&before.annotations);
    list.form_mut().original = Some(original.as_bytes().into());
    for descriptor in &before.manifests {
        let reference = list.reference().by_digest(descriptor.digest.clone());
        list.insert(ListEntry::new(reference, descriptor.clone(), *b"{}").unwrap()).unwrap();
    }
    assert_eq!(String::from_utf8(list.to_bytes()).unwrap(), original);

    list.form_mut().annotations.insert("title".to_owned(), "app".to_owned());
    let bytes = list.to_bytes();
    let after = Index::parse(&bytes).unwrap();
    assert_eq!((&after.manifests, &after.subject), (&before.manifests, &before.subject));
    assert_eq!(after.artifact_type.as_deref(), Some("application/x-list"));
    assert_eq!(after.annotations.len(), 2);
    assert!(String::from_utf8(bytes).unwrap().contains(r#""x-build": 7"#));

    // One of two entries of a digest is changed, and the same image comes under a name of its own for another platform.
    let mut changed = list.clone();
    let twice = changed.reference().by_digest(digest("b").parse().unwrap());
    let mut entry = changed.get(&twice).unwrap().clone();
    entry.descriptor.platform = Some(Platform { variant: "v8".to_owned(), ..Platform::new("linux", "arm") });
    changed.insert(entry.clone()).unwrap();
    entry.reference = "127.0.0.1:5000/acme/app:v9".parse().unwrap();
    entry.descriptor.platform = Some(Platform { variant: "v9".to_owned(), ..Platform::new("linux", "arm") });
    changed.insert(entry).unwrap();
    let after = Index::parse(&changed.to_bytes()).unwrap();
    let variants = after.manifests.iter().map(|entry| entry.platform.as_ref().unwrap().variant.clone());
    assert_eq!(variants.collect::<Vec<_>>(), ["v6", "v7", "v8", "v9"]);

    // An entry goes, and another one comes behind those that stay.
    let gone = list.reference().by_digest(digest("b").parse().unwrap());
    list.remove(&gone).unwrap();
    let new = Descriptor { digest: digest("0").parse().unwrap(), ..before.manifests[1].clone() };
    let reference = "127.0.0.1:5000/acme/app:new".parse().unwrap();
    list.insert(ListEntry::new(reference, new.clone(), *b"{}").unwrap()).unwrap();
    let after = Index::parse(&list.to_bytes()).unwrap();
    assert_eq!(after.manifests, [before.manifests[1].clone(), new]);
    assert_eq!(after.subject, before.subject);
}

#[test]
fn annotations_are_kept_but_not_written_while_the_form_is_dockers() {
    let written = |list: &ManifestList| String::from_utf8(list.to_bytes()).unwrap();
    let entry = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:DIGEST","size":7,"platform":{"architecture":"arm","os":"linux"}}"#
        .replace("DIGEST", &"a".repeat(64));
    let named = |media_type| format!(r#""mediaType":"{media_type}","#);
    for (media_type, member) in [
        (MediaType::OciIndex, named(MediaType::OciIndex)),
        (MediaType::DockerList, named(MediaType::DockerList)),
        // The specification lets an OCI index leave it out.
        (MediaType::OciIndex, String::new()),
    ] {
        let original =
            format!(r#"{{"schemaVersion":2,{member}"manifests":[{entry}],"annotations":{{"team":"web"}}}}"#);
        let index = Index::parse(original.as_bytes()).unwrap();
        let mut list = ManifestList::new("127.0.0.1:5000/acme/app:v1".parse().unwrap());
        list.form_mut().oci = true;
        list.form_mut().annotations.clone_from(&index.annotations);
        list.form_mut().annotations.insert("title".to_owned(), "app".to_owned());
        list.form_mut().original = Some(original.as_bytes().into());
        for descriptor in index.manifests {
            let reference = list.reference().by_digest(descriptor.digest.clone());
            list.insert(ListEntry::new(reference, descriptor, *b"{}").unwrap()).unwrap();
        }
        let with_annotations = list.clone();
        assert!(written(&list).contains("title"));
        assert_eq!(list.annotations().len(), 2);

        list.form_mut().oci = false;
        if media_type == MediaType::DockerList {
            assert_eq!(written(&list), original);
            assert_eq!(list.annotations().len(), 1);
        } else {
            let descriptors = list.iter().map(|entry| &entry.descriptor);
            assert_eq!(list.to_bytes(), encode_index(&list.media_type(), descriptors));
            assert!(list.annotations().is_empty());
        }
        list.form_mut().oci = true;
        assert_eq!(list, with_annotations);
    }
}
