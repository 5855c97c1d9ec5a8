//! Lists that are changed in a registry: fetched, changed, pushed if nobody has moved their tag meanwhile.
#![cfg(not(target_arch = "wasm32"))]

use std::collections::BTreeMap;

use futures_util::FutureExt;
use serde_json::{Value, json};
use tallyman_commands::{
    ClientOptions, Create, CreateExtensions, EntryName, Error, IndexUpdate, annotate, create,
};
use tallyman_core::{Digest, PlatformChange, Reference};
use tallyman_dev_registry::{Registry, RunningRegistry};
use tallyman_store::{ListStore, MemoryStore};

use crate::served::{
    Program,
    images::{DOCKER_LIST, INDEX, Image, OCI, attestation, index},
};

/// A registry with an OCI index of two images, one of which has an attestation, and with members that nobody knows.
async fn registry() -> (RunningRegistry, [Image; 2]) {
    let registry = Registry::builder().start().await.expect("a port is free");
    let images = [Image::oci("linux/amd64", "one"), Image::oci("linux/arm64", "one")];
    let (attestation, attests) = attestation(&images[0]);
    for image in &images {
        image.put(&registry, "a/app", None);
    }
    attestation.put(&registry, "a/app", None);
    let entry = images[1].entry();
    let odd = format!("{},\"x-odd\": 1}}", &entry[..entry.len() - 1]);
    let bytes =
        index(INDEX, &[images[0].entry(), attests, odd], r#","annotations":{"title":"app"},"x-list":true"#);
    registry.put_manifest("a/app", Some("1"), INDEX, bytes);
    (registry, images)
}

fn read(registry: &RunningRegistry, tag: &str) -> Value {
    let (_, bytes) = registry.manifest("a/app", tag).expect("the tag is there");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test(flavor = "current_thread")]
async fn images_are_added_in_place_of_those_of_their_platform_and_all_else_stays() {
    let (registry, [amd64, arm64]) = registry().await;
    let other = Registry::builder().start().await.expect("a port is free");
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);

    // From another registry, with its blobs; and in short, by a tag of the same repository.
    let riscv = Image::oci("linux/riscv64", "one");
    riscv.put(&other, "b/other", Some("riscv"));
    let newer = Image::oci("linux/amd64", "two");
    newer.put(&registry, "a/app", Some("1-amd64"));
    let source = format!("{}/b/other:riscv", other.addr);
    let printed = program.succeed(&["index", "add", "--insecure", &name, "1-amd64", &source]).await;

    let now = read(&registry, "1");
    let digests: Vec<&str> =
        now["manifests"].as_array().unwrap().iter().map(|entry| entry["digest"].as_str().unwrap()).collect();
    // The attestation of the image that went is gone too.
    assert_eq!(digests, [newer.digest(), arm64.digest(), riscv.digest()]);
    assert_eq!(now["manifests"][1]["x-odd"], json!(1));
    assert_eq!((&now["x-list"], &now["annotations"]), (&json!(true), &json!({ "title": "app" })));
    for blob in &riscv.blobs {
        assert!(registry.blob("a/app", Digest::of(blob.as_bytes()).as_str()).is_some());
    }
    let (_, bytes) = registry.manifest("a/app", "1").unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines,
        [
            format!("~ linux/amd64  {} -> {}", amd64.digest(), newer.digest()),
            format!("- attestation of {}  {}", amd64.digest(), attestation(&amd64).0.digest()),
            format!("+ linux/riscv64  {}", riscv.digest()),
            Digest::of(&bytes).to_string(),
        ]
    );

    // Beside it, where that is asked for; and nothing happens to a list that has it all.
    amd64.put(&registry, "a/app", Some("old"));
    program.succeed(&["index", "add", "--insecure", "--keep", &name, "old"]).await;
    assert_eq!(read(&registry, "1")["manifests"].as_array().unwrap().len(), 4);
    registry.clear_requests();
    program.succeed(&["index", "add", "--insecure", "--keep", &name, "old"]).await;
    assert!(registry.requests().iter().all(|request| request.method != "PUT"));
}

#[tokio::test(flavor = "current_thread")]
async fn entries_are_removed_by_platform_digest_and_tag() {
    let (registry, [amd64, arm64]) = registry().await;
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);

    // Shown alone first.
    let before = read(&registry, "1");
    let shown = program.succeed(&["index", "remove", "--insecure", "--dry-run", &name, "linux/amd64"]).await;
    assert!(shown.starts_with(&format!("- linux/amd64  {}\n", amd64.digest())), "{shown}");
    assert_eq!(read(&registry, "1"), before);

    let line = ["index", "remove", "--insecure", "--json", "--tag", "2", &name, "linux/amd64"];
    let printed: Value = serde_json::from_str(&program.succeed(&line).await).unwrap();
    assert_eq!(printed["changes"].as_array().unwrap().len(), 2, "{printed}");
    let now = read(&registry, "1");
    assert_eq!(now["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(read(&registry, "2"), now);

    let missing = program.run(&["index", "remove", "--insecure", &name, "linux/s390x"]).await;
    assert_eq!(missing.exit, 3);
    assert!(
        missing.stderr.contains("linux/s390x") && missing.stderr.contains("linux/arm64"),
        "{}",
        missing.stderr
    );

    amd64.put(&registry, "a/app", Some("amd"));
    program.succeed(&["index", "add", "--insecure", &name, &amd64.digest()]).await;
    program.succeed(&["index", "remove", "--insecure", &name, "amd"]).await;
    // An index without entries cannot be pulled.
    let before = read(&registry, "1");
    for flags in [&[][..], &["--dry-run"]] {
        let last =
            program.run(&[&["index", "remove", "--insecure", &name, &arm64.digest()], flags].concat()).await;
        assert_eq!(last.exit, 1, "{}", last.stdout);
        assert!(
            last.stderr.contains("tallyman untag") && last.stderr.contains("tallyman delete"),
            "{}",
            last.stderr
        );
        assert_eq!(read(&registry, "1"), before);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn entries_and_the_list_are_annotated_where_they_are() {
    let (registry, _) = registry().await;
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let annotate =
        ["index", "annotate", "--insecure", "--annotation", "title=other", "--annotation", "a=b", &name];
    let printed = program.succeed(&annotate).await;
    assert!(
        printed.contains("~ annotation title  app -> other\n+ annotation a  b\n")
            || printed.contains("+ annotation a  b\n~ annotation title  app -> other\n"),
        "{printed}"
    );
    assert_eq!(read(&registry, "1")["annotations"], json!({ "title": "other", "a": "b" }));

    program
        .succeed(&[
            "index",
            "annotate",
            "--insecure",
            "--variant",
            "v8",
            "--annotation",
            "k=v",
            &name,
            "linux/arm64",
        ])
        .await;
    let entry = &read(&registry, "1")["manifests"][2];
    assert_eq!(entry["platform"]["variant"], json!("v8"));
    assert_eq!(entry["annotations"], json!({ "k": "v" }));

    let clear = ["--clear", "variant", "--clear", "annotation:k"];
    let line: Vec<&str> =
        ["index", "annotate", "--insecure"].into_iter().chain(clear).chain([&*name, "linux/arm64"]).collect();
    program.succeed(&line).await;
    let entry = &read(&registry, "1")["manifests"][2];
    assert_eq!((entry["platform"].get("variant"), entry.get("annotations")), (None, None));

    let features = ["index", "annotate", "--insecure", "--os-features", "a", &name, "linux/arm64"];
    let printed = program.succeed(&features).await;
    assert!(printed.contains("  linux/arm64 -> linux/arm64 (a)\n"), "{printed}");
}

#[tokio::test(flavor = "current_thread")]
async fn docker_lists_are_made_oci_indexes_where_that_is_asked_for() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let image = Image::docker("linux/amd64", "one");
    image.put(&registry, "a/app", None);
    registry.put_manifest("a/app", Some("1"), DOCKER_LIST, index(DOCKER_LIST, &[image.entry()], ""));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let refused = program.run(&["index", "annotate", "--insecure", "--annotation", "a=b", &name]).await;
    assert_eq!(refused.exit, 1);
    assert!(refused.stderr.contains("--oci"), "{}", refused.stderr);
    program.succeed(&["index", "annotate", "--insecure", "--oci", "--annotation", "a=b", &name]).await;
    let (media_type, _) = registry.manifest("a/app", "1").unwrap();
    assert_eq!(media_type, INDEX);
    let image = format!("{}/a/app@{}", registry.addr, image.digest());
    let refused = program.run(&["index", "remove", "--insecure", &image, "linux/amd64"]).await;
    assert!(refused.stderr.contains("expected an image index or a manifest list"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn docker_lists_get_no_oci_fields() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let image = Image::docker("linux/amd64", "one");
    image.put(&registry, "a/app", None);
    let other = Image::docker("linux/arm64", "one");
    other.put(&registry, "a/app", None);
    registry.put_manifest("a/app", Some("nested"), INDEX, index(INDEX, &[image.entry()], ""));
    registry.put_manifest("a/app", Some("1"), DOCKER_LIST, index(DOCKER_LIST, &[image.entry()], ""));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let entry = other.entry();
    let with = |member: &str| format!("{},{member}}}", &entry[..entry.len() - 1]);
    program.file("annotated.json", &with(r#""annotations":{"a":"b"}"#));
    program.file("typed.json", &with(r#""artifactType":"a/b""#));
    let before = read(&registry, "1");
    for source in
        [&["--nest", &name, "nested"][..], &["--from=annotated.json", &name], &["--from=typed.json", &name]]
    {
        let refused = program.run(&[&["index", "add", "--insecure"], source].concat()).await;
        assert_eq!(refused.exit, 1, "{source:?}");
        assert!(refused.stderr.contains("--oci"), "{source:?}: {}", refused.stderr);
        assert_eq!(read(&registry, "1"), before, "{source:?}");
    }
    let refused = program.run(&["index", "annotate", "--insecure", &name, "linux/amd64", "--arch=foo"]).await;
    assert!(refused.stderr.contains("os/arch combination: linux/foo"), "{}", refused.stderr);
    program.succeed(&["index", "add", "--insecure", "--oci", "--from=typed.json", &name]).await;
    assert_eq!(read(&registry, "1")["manifests"][1]["artifactType"], json!("a/b"));
}

#[tokio::test(flavor = "current_thread")]
async fn descriptors_with_annotations_make_an_oci_index() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let [image, other] = [Image::docker("linux/amd64", "one"), Image::docker("linux/arm64", "one")];
    image.put(&registry, "a/app", Some("amd64"));
    other.put(&registry, "a/app", None);
    let program = Program::anonymous();
    let name = |tag: &str| format!("{}/a/app:{tag}", registry.addr);
    let entry = other.entry();
    let with = |member: &str| format!("{},{member}}}", &entry[..entry.len() - 1]);
    program.file("plain.json", &entry);
    program.file("annotated.json", &with(r#""annotations":{"a":"b"}"#));
    program.file("typed.json", &with(r#""artifactType":"a/b""#));
    for (file, media_type, field, expected) in [
        ("plain", DOCKER_LIST, "annotations", Value::Null),
        ("annotated", INDEX, "annotations", json!({ "a": "b" })),
        ("typed", INDEX, "artifactType", json!("a/b")),
    ] {
        let from = format!("--from={file}.json");
        let line = ["create", "--insecure", "--push", &from, &name(file), &name("amd64")];
        program.succeed(&line).await;
        let made = read(&registry, file);
        assert_eq!((&made["mediaType"], &made["manifests"][1][field]), (&json!(media_type), &expected));
    }
}

/// The platforms of a list's entries, in its order.
fn platforms(list: &Value) -> Vec<String> {
    let entries = list["manifests"].as_array().expect("a list").iter();
    let platform = |entry: &Value| {
        let part =
            |name: &str| entry["platform"][name].as_str().map(|part| format!("/{part}")).unwrap_or_default();
        format!("{}{}{}", part("os"), part("architecture"), part("variant"))
    };
    entries.map(|entry| platform(entry).trim_start_matches('/').to_owned()).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn one_image_stands_for_several_platforms() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let [image, amd64] = [Image::oci("linux/arm/v7", "one"), Image::oci("linux/amd64", "one")];
    let (attestation, attests) = attestation(&image);
    image.put(&registry, "a/app", Some("arm"));
    attestation.put(&registry, "a/app", None);
    let entries = [image.entry().replace("v7", "v6"), image.entry(), attests];
    registry.put_manifest("a/app", Some("dup"), INDEX, index(INDEX, &entries, ""));
    registry.put_manifest("a/app", Some("1"), INDEX, index(INDEX, &[], ""));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let add = ["index", "add", "--insecure"];
    program.succeed(&[&add[..], &[&name, "dup"]].concat()).await;
    let both = ["linux/arm/v6", "linux/arm/v7", "unknown/unknown"];
    assert_eq!(platforms(&read(&registry, "1")), both);

    // Kept beside others, for a further platform, and again.
    program.file("386.json", &image.entry().replace(r#""arm","variant":"v7""#, r#""386""#));
    for flags in [&["--keep"][..], &[]] {
        program.succeed(&[&add[..], flags, &["--from", "386.json", &name]].concat()).await;
        let now = platforms(&read(&registry, "1"));
        assert_eq!(now, [&both[..], &["linux/386"]].concat(), "{flags:?}");
    }
    // An image removed for one platform stays for its others, with its attestation.
    for platform in ["linux/386", "linux/arm/v6"] {
        program.succeed(&["index", "remove", "--insecure", &name, platform]).await;
    }
    assert_eq!(platforms(&read(&registry, "1")), both[1..]);
    amd64.put(&registry, "a/app", Some("amd64"));
    program.succeed(&[&add[..], &[&name, "amd64"]].concat()).await;
    program.succeed(&["index", "remove", "--insecure", &name, "linux/arm/v7"]).await;
    assert_eq!(platforms(&read(&registry, "1")), ["linux/amd64"]);
}

#[tokio::test(flavor = "current_thread")]
async fn artifacts_and_entries_that_are_missing_hide_no_image_of_a_platform() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let [arm64, s390x, lost] =
        ["linux/arm64", "linux/s390x", "linux/riscv64"].map(|platform| Image::oci(platform, "one"));
    let nested = index(INDEX, &[arm64.entry()], "");
    arm64.put(&registry, "a/app", None);
    s390x.put(&registry, "a/app", None);
    registry.put_manifest("a/app", None, INDEX, nested.clone());
    let list = format!(
        r#"{{"mediaType":"{INDEX}","digest":"{}","size":{}}}"#,
        Digest::of(nested.as_bytes()),
        nested.len()
    );
    let unnamed = |image: &Image| image.entry().replace(&format!(r#","platform":{}"#, image.platform), "");
    let artifact = |number: usize| unnamed(&Image::oci("linux/amd64", &format!("artifact {number}")));
    let artifacts = (0..20).map(|number| artifact(number).replace('}', r#","artifactType":"a/b"}"#));
    let entries: Vec<String> = artifacts.chain([unnamed(&lost), list, unnamed(&s390x)]).collect();
    registry.put_manifest("a/app", Some("1"), INDEX, index(INDEX, &entries, ""));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    for (platform, image) in [("linux/arm64", &arm64), ("linux/s390x", &s390x)] {
        registry.clear_requests();
        let digest = program.succeed(&["digest", "--insecure", "--platform", platform, &name]).await;
        assert_eq!(digest.trim(), image.digest());
        let requests = registry.requests();
        assert!(requests.len() < 10, "{requests:?}");
    }
    // The one that is missing may be that which is asked for.
    let missing = program.run(&["digest", "--insecure", "--platform", "linux/riscv64", &name]).await;
    assert_eq!(missing.exit, 3);
    assert!(missing.stderr.contains(&lost.digest()), "{}", missing.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn v8_of_arm64_takes_the_place_of_arm64() {
    let (registry, _) = registry().await;
    let newer = Image::oci("linux/arm64/v8", "two");
    newer.put(&registry, "a/app", Some("newer"));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let printed = program.succeed(&["index", "add", "--insecure", &name, "newer"]).await;
    assert!(printed.starts_with("~ linux/arm64"), "{printed}");
    let digest = program.succeed(&["digest", "--insecure", "--platform", "linux/arm64", &name]).await;
    assert_eq!(digest.trim(), newer.digest());
    assert_eq!(read(&registry, "1")["manifests"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "current_thread")]
async fn sources_of_files_obey_the_flags() {
    let (registry, [amd64, arm64]) = registry().await;
    let program = Program::anonymous();
    let name = |tag: &str| format!("{}/a/app:{tag}", registry.addr);
    let (attestation, attests) = attestation(&amd64);
    program.file("index.json", &index(INDEX, &[amd64.entry(), attests, arm64.entry()], ""));
    let (both, image) = ([amd64.digest(), attestation.digest()], [amd64.digest()]);
    for (number, (flags, expected)) in [
        (&["--platform", "linux/amd64"][..], &both[..]),
        (&["--platform", "linux/amd64", "--no-attestations"], &image),
        (&["--no-attestations"], &[amd64.digest(), arm64.digest()]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut expected = expected.to_vec();
        expected.sort();
        let tag = format!("made-{number}");
        registry.put_manifest("a/app", Some("into"), INDEX, index(INDEX, &[], ""));
        let created = [&["create", "--insecure", "--push"], flags, &["--from", "index.json", &name(&tag)]];
        let added = [&["index", "add", "--insecure"], flags, &["--from", "index.json", &name("into")]];
        for (line, tag) in [(created.concat(), &*tag), (added.concat(), "into")] {
            program.succeed(&line).await;
            let now = read(&registry, tag);
            let digests = now["manifests"].as_array().unwrap().iter().map(|entry| &entry["digest"]);
            let mut digests: Vec<String> =
                digests.map(|digest| digest.as_str().unwrap().to_owned()).collect();
            digests.sort();
            assert_eq!(digests, expected, "{line:?}");
        }
    }
    let missing = ["--platform", "linux/s390x", "--from", "index.json"];
    for (line, exit) in [
        ([&["create", "--insecure"], &missing[..], &[&name("none")]].concat(), 1),
        ([&["index", "add", "--insecure"], &missing[..], &[&name("1")]].concat(), 3),
    ] {
        let refused = program.run(&line).await;
        assert_eq!(refused.exit, exit, "{}", refused.stderr);
        assert!(refused.stderr.contains("linux/s390x"), "{}", refused.stderr);
    }
    // Lists among descriptors are taken apart as those that are named.
    let (_, bytes) = registry.manifest("a/app", "1").unwrap();
    let nested =
        format!(r#"{{"mediaType":"{INDEX}","digest":"{}","size":{}}}"#, Digest::of(&bytes), bytes.len());
    program.file("nested.json", &nested);
    registry.put_manifest("a/app", Some("into"), INDEX, index(INDEX, &[], ""));
    program.succeed(&["index", "add", "--insecure", "--from", "nested.json", &name("into")]).await;
    assert_eq!(read(&registry, "into")["manifests"].as_array().unwrap().len(), 3);
    registry.put_manifest("a/app", Some("into"), INDEX, index(INDEX, &[], ""));
    program.succeed(&["index", "add", "--insecure", "--nest", "--from", "nested.json", &name("into")]).await;
    assert_eq!(read(&registry, "into")["manifests"][0]["mediaType"], json!(INDEX));
}

#[tokio::test(flavor = "current_thread")]
async fn of_a_list_that_is_refreshed_from_descriptors_only_their_images_are_fetched() {
    let (registry, [amd64, arm64]) = registry().await;
    amd64.put(&registry, "a/app", Some("amd64"));
    let program = Program::anonymous();
    let name = |tag: &str| format!("{}/a/app:{tag}", registry.addr);
    program.file("arm64.json", &arm64.entry());
    program.succeed(&["create", "--insecure", &name("draft"), &name("amd64")]).await;
    registry.clear_requests();
    // Where there is no list yet, one is made of them.
    for (list, images) in [("draft", 2), ("new", 1)] {
        program.succeed(&["create", "--insecure", "--refresh", "--from", "arm64.json", &name(list)]).await;
        assert_eq!(program.list(&name(list)).await.len(), images, "{list}");
    }
    let paths = registry.requests().into_iter().map(|request| request.path);
    assert_eq!(paths.filter(|path| path.ends_with("/manifests/amd64")).count(), 0);
}

#[tokio::test(flavor = "current_thread")]
async fn artifact_types_of_descriptors_are_kept() {
    let (registry, [amd64, _]) = registry().await;
    let program = Program::anonymous();
    let entry = amd64.entry();
    program.file("typed.json", &format!(r#"{},"artifactType":"a/b"}}"#, &entry[..entry.len() - 1]));
    let name = |tag: &str| format!("{}/a/app:{tag}", registry.addr);
    program.succeed(&["create", "--insecure", "--from", "typed.json", &name("2")]).await;
    program.succeed(&["push", "--insecure", &name("2")]).await;
    assert_eq!(read(&registry, "2")["manifests"][0]["artifactType"], json!("a/b"));
    program.succeed(&["create", "--insecure", "--flatten", "--push", &name("3"), &name("2")]).await;
    assert_eq!(registry.manifest("a/app", "3"), registry.manifest("a/app", "2"));

    // An artifact type by itself is a change of an index as well.
    let line = ["index", "add", "--insecure", "--from", "typed.json", &name("1")];
    let printed = program.succeed(&line).await;
    assert!(printed.starts_with("+ artifact type of linux/amd64  a/b\n"), "{printed}");
    assert_eq!(read(&registry, "1")["manifests"][0]["artifactType"], json!("a/b"));
    let unchanged = program.succeed(&line).await;
    assert_eq!(unchanged.lines().collect::<Vec<_>>(), printed.lines().skip(1).collect::<Vec<_>>());
}

#[tokio::test(flavor = "current_thread")]
async fn artifacts_are_added_with_their_types_and_images_without_a_platform_are_refused() {
    let (registry, _) = registry().await;
    let program = Program::anonymous();
    let name = |tag: &str| format!("{}/a/app:{tag}", registry.addr);
    let put = |tag: &str, config: &str, more: &str| {
        registry.put_blob("a/app", "{}");
        let config = format!(r#"{{"mediaType":"{config}","digest":"{}","size":2}}"#, Digest::of(b"{}"));
        let manifest =
            format!(r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{config},"layers":[]{more}}}"#);
        registry.put_manifest("a/app", Some(tag), OCI, manifest.clone());
        format!(
            r#"{{"mediaType":"{OCI}","digest":"{}","size":{}}}"#,
            Digest::of(manifest.as_bytes()),
            manifest.len()
        )
    };
    let typed = put("typed", "application/vnd.oci.empty.v1+json", r#","artifactType":"example/typed""#);
    let chart = put("chart", "example/chart", "");
    let image = put("image", "application/vnd.oci.image.config.v1+json", "");
    for (tag, entry, artifact_type) in [("typed", typed, "example/typed"), ("chart", chart, "example/chart")]
    {
        program.file("entry.json", &entry);
        registry.put_manifest("a/app", Some("list"), INDEX, index(INDEX, std::slice::from_ref(&entry), ""));
        let mut expected: Value = serde_json::from_str(&entry).unwrap();
        expected["artifactType"] = json!(artifact_type);
        for source in [&["--from", "entry.json"][..], &[tag], &["list"]] {
            registry.put_manifest("a/app", Some("into"), INDEX, index(INDEX, &[], ""));
            let into = name("into");
            let line = [&["index", "add", "--insecure", &into], source].concat();
            program.succeed(&line).await;
            assert_eq!(read(&registry, "into")["manifests"], json!([expected]), "{source:?}");
        }
        registry.put_manifest("a/app", Some("into"), DOCKER_LIST, index(DOCKER_LIST, &[], ""));
        let refused = program.run(&["index", "add", "--insecure", &name("into"), tag]).await;
        assert!(refused.stderr.contains("expected an OCI index"), "{}", refused.stderr);
    }
    program.file("entry.json", &image);
    let into = name("1");
    for source in [&["image"][..], &["--from", "entry.json"]] {
        let before = read(&registry, "1");
        let refused = program.run(&[&["index", "add", "--insecure", &into], source].concat()).await;
        assert_eq!(refused.exit, 1, "{source:?}");
        assert!(refused.stderr.contains("must have an OS and Architecture"), "{}", refused.stderr);
        assert_eq!(read(&registry, "1"), before);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn images_that_a_list_has_keep_what_it_says_of_them() {
    let (registry, [_, arm64]) = registry().await;
    arm64.put(&registry, "a/app", Some("arm64"));
    let program = Program::anonymous();
    let name = |rest: &str| format!("{}/a/app{rest}", registry.addr);
    let by_digest = name(&format!("@{}", arm64.digest()));
    let amend = ["create", "--insecure", "--amend", "--flatten", &name(":draft"), &name(":1")];
    program.succeed(&amend).await;
    program.succeed(&["annotate", &name(":draft"), &by_digest, "--variant", "v9"]).await;
    program.succeed(&amend).await;
    let draft = program.list(&name(":draft")).await;
    assert_eq!(draft.get(&by_digest.parse().unwrap()).unwrap().platform().variant, "v9");

    // Another program adds and annotates the image while this one fetches it for the same list.
    let store = MemoryStore::new();
    let [list, image]: [Reference; 2] = [":race", ":arm64"].map(|tag| name(tag).parse().unwrap());
    let (images, extensions) = (vec![image.clone()], CreateExtensions::default());
    let wanted = Create { list: list.clone(), images, amend: true, extensions };
    let [slow, fast] = [(); 2].map(|()| program.client(&ClientOptions::default()));
    let mut begun = Box::pin(create(&store, &slow, &wanted));
    assert!(begun.as_mut().now_or_never().is_none(), "it waits for the registry");
    create(&store, &fast, &wanted).await.unwrap();
    let change = PlatformChange { variant: "v9".to_owned(), ..PlatformChange::default() };
    annotate(&store, &list, &image, &change, &BTreeMap::new()).await.unwrap();
    for made in [begun.await.unwrap().list, store.load(&list).await.unwrap().unwrap()] {
        assert_eq!(made.get(&image).unwrap().platform().variant, "v9");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_is_put_under_a_tag_that_has_moved_meanwhile() {
    let (registry, _) = registry().await;
    let program = Program::anonymous();
    let client = program.client(&ClientOptions::default());
    let name: Reference = format!("{}/a/app:1", registry.addr).parse().unwrap();
    let mut update = IndexUpdate::fetch(&client, &name).await.unwrap();
    update.remove(&client, &EntryName::Platform("linux/arm64".parse().unwrap())).await.unwrap();

    let theirs = index(INDEX, &[], "");
    registry.put_manifest("a/app", Some("1"), INDEX, theirs.clone());
    let error = update.push(&client, &[]).await.expect_err("the tag has moved");
    assert!(matches!(error, Error::TagMoved { found: Some(_), .. }), "{error}");
    assert!(error.hint().is_some());
    assert_eq!(registry.manifest("a/app", "1").unwrap().1, theirs.as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn lists_are_kept_as_entries_and_sources_come_out_of_files() {
    let (registry, [amd64, arm64]) = registry().await;
    let other = Registry::builder().start().await.expect("a port is free");
    let program = Program::anonymous();
    let (source, target) = (format!("{}/a/app:1", registry.addr), format!("{}/b/all:1", other.addr));
    program.succeed(&["create", "--insecure", "--nest", &target, &source]).await;
    let dry = ["push", "--insecure", "--copy", "--dry-run"];
    let nested = Digest::of(&registry.manifest("a/app", "1").unwrap().1);
    let shown = program.succeed(&[&dry[..], &[&target]].concat()).await;
    let [brought, put] = [format!("put {}/b/all@{nested}", other.addr), format!("put {target}")];
    let at = |line: &str| shown.find(line).unwrap_or_else(|| panic!("expected {line}, found {shown}"));
    assert!(at(&brought) < at(&put), "{shown}");
    let json: Value = program.succeed(&[&dry[..], &["--json", &target]].concat()).await.parse().unwrap();
    assert_eq!(json["nested"][0]["target"], json!(format!("{}/b/all@{nested}", other.addr)), "{json}");
    assert!(other.manifest("b/all", nested.as_str()).is_none(), "nothing is written");
    program.succeed(&["push", "--insecure", "--copy", &target]).await;
    let (media_type, bytes) = other.manifest("b/all", "1").unwrap();
    let list: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((media_type.as_str(), &list["manifests"][0]["mediaType"]), (INDEX, &json!(INDEX)));
    assert_eq!(list["manifests"][0].get("platform"), None);
    for image in [&amd64, &arm64] {
        assert!(other.manifest("b/all", &image.digest()).is_some());
    }

    // Descriptors and names, in a file and on the standard input.
    let descriptor = format!(
        r#"{{"mediaType":"{}","digest":"{}","size":{}}}"#,
        amd64.media_type,
        amd64.digest(),
        amd64.manifest.len()
    );
    program.file("one.json", &descriptor);
    program.file("-", &format!("# names\n{}\n", arm64.digest()));
    let list = format!("{}/a/app:2", registry.addr);
    let line = ["create", "--insecure", "--relative", "--from", "one.json", "--from", "-", "--push", &list];
    program.succeed(&line).await;
    let now = read(&registry, "2");
    let mut platforms: Vec<&str> = now["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["platform"]["architecture"].as_str().unwrap())
        .collect();
    platforms.sort_unstable();
    assert_eq!(platforms, ["amd64", "arm64"]);

    // Bare tags and digests.
    amd64.put(&registry, "a/app", Some("3-amd64"));
    let list = format!("{}/a/app:3", registry.addr);
    program
        .succeed(&["create", "--insecure", "--relative", "--push", &list, "3-amd64", &arm64.digest()])
        .await;
    assert_eq!(read(&registry, "3")["manifests"].as_array().unwrap().len(), 2);

    program.file("bad.json", "{\"digest\":1}");
    let refused = program.run(&["create", "--insecure", "--from", "bad.json", &list]).await;
    assert!(refused.stderr.contains("bad.json"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_platform_names_one_entry_of_an_index_and_several_are_told_with_their_digests() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let names = ["linux/amd64", "linux/amd64/v3", "linux/arm/v5", "linux/arm/v6", "linux/arm"];
    let images = names.map(|platform| Image::oci(platform, "one"));
    for image in &images {
        image.put(&registry, "a/app", None);
    }
    let entries = |range: std::ops::Range<usize>| images[range].iter().map(Image::entry).collect::<Vec<_>>();
    registry.put_manifest("a/app", Some("1"), INDEX, index(INDEX, &entries(0..4), ""));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let platforms = || platforms(&read(&registry, "1"));

    let several = program.run(&["index", "remove", "--insecure", &name, "linux/arm"]).await;
    assert_eq!(several.exit, 1);
    for named in [names[2], names[3], &images[2].digest(), &images[3].digest(), "use the digest"] {
        assert!(several.stderr.contains(named), "{named}: {}", several.stderr);
    }
    let annotate = ["index", "annotate", "--insecure", "--annotation", "a=b", &name];
    assert_eq!(program.run(&[&annotate[..], &["linux/arm"]].concat()).await.exit, 1);
    program.succeed(&[&annotate[..], &["linux/amd64"]].concat()).await;
    let annotated = read(&registry, "1");
    assert_eq!(annotated["manifests"][0]["annotations"]["a"], "b");
    assert_eq!(annotated["manifests"][1]["annotations"], Value::Null);
    program.succeed(&["index", "remove", "--insecure", &name, "linux/amd64"]).await;
    assert_eq!(platforms(), names[1..4]);
    // Of one entry alone, the variant need not be named.
    program.succeed(&["index", "remove", "--insecure", &name, "linux/amd64", "linux/arm/v5"]).await;
    assert_eq!(platforms(), names[3..4]);
    assert_eq!(program.run(&["index", "remove", "--insecure", &name, "linux/arm/v7"]).await.exit, 3);

    // The entry of a platform is replaced however it is spelled; and of several variants one is taken, as by an engine.
    registry.put_manifest("a/app", Some("1"), INDEX, index(INDEX, &entries(4..5), ""));
    let v7 = Image::oci("linux/arm/v7", "two");
    v7.put(&registry, "a/app", Some("v7"));
    program.succeed(&["index", "add", "--insecure", &name, "v7"]).await;
    assert_eq!(platforms(), ["linux/arm/v7"]);
    registry.put_manifest("a/app", Some("all"), INDEX, index(INDEX, &entries(0..4), ""));
    let (all, copy) = (format!("{}/a/app:all", registry.addr), format!("{}/a/app:copy", registry.addr));
    let chosen = ["--insecure", "--platform", "linux/amd64,linux/arm"];
    program.succeed(&[&["copy"][..], &chosen, &[&all, &copy]].concat()).await;
    assert_eq!(self::platforms(&read(&registry, "copy")), [names[0], names[3]]);
    program.succeed(&[&["create", "--push", "--oci"][..], &chosen, &[&name, &all]].concat()).await;
    let mut created = platforms();
    created.sort();
    assert_eq!(created, [names[0], names[3]]);
}

#[tokio::test(flavor = "current_thread")]
async fn of_the_variants_in_several_nested_lists_and_configs_the_nearest_is_taken() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let images = ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"].map(|platform| Image::oci(platform, "one"));
    let attestations = images.each_ref().map(attestation);
    let amd64 = Image::oci("linux/amd64", "one");
    for image in images.iter().chain(attestations.iter().map(|(image, _)| image)).chain([&amd64]) {
        image.put(&registry, "a/app", None);
    }
    let size_of = |digest: &str| registry.manifest("a/app", digest).expect("it is there").1.len();
    let unnamed = |media_type: &str, digest: &str| {
        let size = size_of(digest);
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
    };
    let nested = |at: usize| {
        let list = index(INDEX, &[images[at].entry(), attestations[at].1.clone()], "");
        registry.put_manifest("a/app", None, INDEX, list.clone());
        unnamed(INDEX, Digest::of(list.as_bytes()).as_str())
    };
    let program = Program::anonymous();
    let of_configs = |at: usize| unnamed(OCI, &images[at].digest());
    for (entries, newest) in [
        ([nested(1), nested(2), nested(0)], 2),
        ([of_configs(2), of_configs(1), of_configs(0)], 2),
        ([nested(0), of_configs(1), nested(0)], 1),
        ([of_configs(0), nested(1), of_configs(0)], 1),
    ] {
        let entries = [&entries[..], &[amd64.entry()]].concat();
        registry.put_manifest("a/app", Some("from"), INDEX, index(INDEX, &entries, ""));
        let [from, copy, made] = ["from", "copy", "made"].map(|tag| format!("{}/a/app:{tag}", registry.addr));
        let line = ["--insecure", "--platform", "linux/amd64,linux/arm"];
        program.succeed(&[&["copy"][..], &line, &[&from, &copy]].concat()).await;
        program.succeed(&[&["create", "--oci", "--push"][..], &line, &[&made, &from]].concat()).await;
        // The attestations of other variants stay behind with these.
        let taken = [amd64.digest(), images[newest].digest(), attestations[newest].0.digest()];
        for tag in ["copy", "made"] {
            let list = read(&registry, tag);
            let entries = list["manifests"].as_array().unwrap().iter();
            let digests: Vec<&str> = entries.map(|entry| entry["digest"].as_str().unwrap()).collect();
            assert!(taken[..2].iter().all(|digest| digests.contains(&&**digest)), "{tag}: {list}");
            assert!(digests.iter().all(|digest| taken.iter().any(|taken| taken == digest)), "{tag}: {list}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn of_changes_that_are_made_at_the_same_time_none_is_lost() {
    let (registry, _) = registry().await;
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let added = ["linux/riscv64", "linux/s390x", "linux/ppc64le"];
    for platform in added {
        let tag = platform.replace('/', "-");
        Image::oci(platform, "one").put(&registry, "a/app", Some(&tag));
    }
    registry.add_fault("latency,ms=200,method=PUT,path=/v2/a/app/manifests/1".parse().unwrap());
    let lines = added.map(|platform| platform.replace('/', "-"));
    let add = |tag: &String| {
        let line = ["index", "add", "--insecure", &name, tag].map(str::to_owned);
        let program = &program;
        async move { program.run(&line.each_ref().map(String::as_str)).await }
    };
    let remove = ["index", "remove", "--insecure", &name, "linux/arm64"];
    let adds = futures_util::future::join_all(lines.iter().map(add));
    let (added_all, removed) = futures_util::future::join(adds, program.run(&remove)).await;
    for ended in added_all.iter().chain([&removed]) {
        assert_eq!(ended.exit, 0, "{}", ended.stderr);
    }
    // Each tells what it has changed.
    assert!(removed.stdout.starts_with("- linux/arm64  "), "{}", removed.stdout);
    for (platform, ended) in added.iter().zip(&added_all) {
        assert!(ended.stdout.starts_with(&format!("+ {platform}  ")), "{}", ended.stdout);
    }
    let mut now = platforms(&read(&registry, "1"));
    now.sort();
    assert_eq!(now, ["linux/amd64", "linux/ppc64le", "linux/riscv64", "linux/s390x", "unknown/unknown"]);
}

#[tokio::test(flavor = "current_thread")]
async fn an_index_that_could_not_be_listed_is_when_it_is_changed_again() {
    let registry = Registry::builder().referrers(false).start().await.expect("a port is free");
    let [image, subject] = [Image::oci("linux/amd64", "one"), Image::oci("linux/amd64", "subject")];
    image.put(&registry, "a/app", None);
    subject.put(&registry, "a/app", Some("subject"));
    let refers = format!(r#","subject":{}"#, subject.entry());
    registry.put_manifest("a/app", Some("1"), INDEX, index(INDEX, &[image.entry()], &refers));
    let refused = "server-error,status=403,method=PUT,path=/v2/*/manifests/sha256-*,times=1";
    registry.add_fault(refused.parse().unwrap());
    let program = Program::anonymous();
    let name = |tag: &str| format!("{}/a/app:{tag}", registry.addr);
    let annotate = ["index", "annotate", "--insecure", "--annotation", "a=b", &name("1")];
    assert_eq!(program.run(&annotate).await.exit, 1);
    let digest = program.succeed(&annotate).await;
    let listed = program.succeed(&["referrers", "--insecure", "--json", &name("subject")]).await;
    assert!(listed.contains(digest.trim()), "{listed}");
}
