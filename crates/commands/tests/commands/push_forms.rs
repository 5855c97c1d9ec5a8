//! Pushes of a list beyond what it says: another form, a subject, an artifact type; and trees of what is there.
#![cfg(not(target_arch = "wasm32"))]

use futures_util::FutureExt;
use serde_json::{Value, json};
use tallyman_core::Digest;
use tallyman_dev_registry::{Registry, RunningRegistry};

use crate::served::{
    Program,
    images::{DOCKER, DOCKER_LIST, INDEX, Image, OCI, attestation, index},
};

fn read(registry: &RunningRegistry, repository: &str, tag: &str) -> Value {
    serde_json::from_slice(&registry.manifest(repository, tag).expect("it is there").1).unwrap()
}

/// A program with a local list of two images, one in the list's repository and one in another.
async fn drafted(make: fn(&str, &str) -> Image) -> (RunningRegistry, Program, String, [Image; 2]) {
    let registry = Registry::builder().start().await.expect("a port is free");
    let images = [make("linux/amd64", "one"), make("linux/arm64", "one")];
    images[0].put(&registry, "a/app", Some("amd64"));
    images[1].put(&registry, "a/other", Some("arm64"));
    let program = Program::anonymous();
    let host = registry.addr.to_string();
    let list = format!("{host}/a/app:1");
    let [one, two] = [format!("{host}/a/app:amd64"), format!("{host}/a/other:arm64")];
    program.succeed(&["create", "--insecure", &list, &one, &two]).await;
    (registry, program, list, images)
}

#[tokio::test(flavor = "current_thread")]
async fn lists_and_images_are_converted_and_all_that_they_need_is_there() {
    for (make, format, list_type, image_type) in [
        (Image::docker as fn(&str, &str) -> Image, "oci", INDEX, OCI),
        (Image::oci, "docker", DOCKER_LIST, DOCKER),
    ] {
        let (registry, program, list, images) = drafted(make).await;
        program.succeed(&["push", "--insecure", "--format", format, &list]).await;
        assert_eq!(registry.manifest("a/app", "1").unwrap().0, list_type);
        let pushed = read(&registry, "a/app", "1");
        for (entry, image) in pushed["manifests"].as_array().unwrap().iter().zip(&images) {
            assert_eq!(entry["mediaType"], json!(image_type));
            let converted = read(&registry, "a/app", entry["digest"].as_str().unwrap());
            assert_eq!(converted["mediaType"], json!(image_type));
            assert_ne!(entry["digest"], json!(image.digest()));
            for blob in &image.blobs {
                let digest = Digest::of(blob.as_bytes());
                assert!(registry.blob("a/app", digest.as_str()).is_some(), "{format}");
                assert!(converted.to_string().contains(digest.as_str()), "{format}");
            }
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn losses_of_a_conversion_are_reported_before_the_push() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    let (attestation, attests) = attestation(&image);
    image.put(&registry, "a/app", None);
    attestation.put(&registry, "a/app", None);
    registry.put_manifest("a/app", Some("all"), INDEX, index(INDEX, &[image.entry(), attests], ""));
    let program = Program::anonymous();
    let [list, source] = ["1", "all"].map(|tag| format!("{}/a/app:{tag}", registry.addr));
    program.succeed(&["create", "--insecure", "--flatten", "--annotation", "a=b", &list, &source]).await;
    registry.clear_requests();
    let told = program.run(&["push", "--insecure", "--format", "docker", "--dry-run", &list]).await;
    assert_eq!(told.exit, 0, "{}", told.stderr);
    assert!(registry.requests().is_empty());
    let lines: Vec<&str> = told.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("annotations of the list"), "{lines:?}");
    assert!(lines[1].contains(&attestation.digest()), "{lines:?}");
    program.run(&["push", "--insecure", "--format", "docker", &list]).await;
    assert_eq!(read(&registry, "a/app", "1")["manifests"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn a_nested_list_that_the_form_does_not_have_is_not_brought_along() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&registry, "a/other", None);
    let nested = index(INDEX, &[image.entry()], "");
    registry.put_manifest("a/other", Some("all"), INDEX, nested.clone());
    let program = Program::anonymous();
    let name = |rest: &str| format!("{}/a/{rest}", registry.addr);
    let (list, one) = (name("app:1"), name(&format!("other@{}", image.digest())));
    program.succeed(&["create", "--insecure", "--nest", &list, &one, &name("other:all")]).await;
    for (format, is_brought) in [("docker", false), ("oci", true)] {
        let line = ["push", "--insecure", "--copy", "--format", format, &list];
        let shown = program.succeed(&[&line[..], &["--dry-run", "--json"]].concat()).await;
        let shown: Value = shown.parse().unwrap();
        assert_eq!(shown.get("nested").is_some(), is_brought, "{shown}");
        program.succeed(&line).await;
        let digest = Digest::of(nested.as_bytes());
        assert_eq!(registry.manifest("a/app", digest.as_str()).is_some(), is_brought, "{format}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_that_is_changed_while_it_is_pushed_is_kept_and_known_as_pushed() {
    let (_registry, program, list, _) = drafted(Image::oci).await;
    let image = program.list(&list).await.iter().next().unwrap().reference.to_string();
    let line = ["push", "--insecure", "--copy", "--purge", &list];
    let mut pushing = Box::pin(program.run(&line));
    assert!(pushing.as_mut().now_or_never().is_none(), "it waits for the registry");
    program.succeed(&["annotate", "--variant", "v2", &list, &image]).await;
    let pushed = pushing.await;
    assert!(pushed.exit == 0 && pushed.stderr.contains("is kept as it is now"), "{}", pushed.stderr);
    let rows: Value = program.succeed(&["ls", "--json"]).await.parse().unwrap();
    assert_eq!(
        rows[0]["pushed"],
        json!({ "digest": pushed.stdout.lines().last(), "time": null, "isCurrent": false })
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_refers_to_a_subject_and_is_found_there() {
    for has_api in [true, false] {
        let registry = Registry::builder().referrers(has_api).start().await.expect("a port is free");
        let image = Image::oci("linux/amd64", "one");
        image.put(&registry, "a/app", Some("amd64"));
        let program = Program::anonymous();
        let [list, source] = ["1", "amd64"].map(|tag| format!("{}/a/app:{tag}", registry.addr));
        program.succeed(&["create", "--insecure", "--oci", &list, &source]).await;
        let line = ["push", "--insecure", "--subject", "amd64", "--artifact-type", "example/index", &list];
        // Where no registry lists referrers, a plan shows the index that does.
        let fallback = format!("{}/a/app:{}", registry.addr, image.digest().replace(':', "-"));
        let shown = program.succeed(&[&line[..], &["--dry-run"]].concat()).await;
        assert_eq!(shown.contains(&format!("put {fallback}")), !has_api, "{shown}");
        let shown = program.succeed(&[&line[..], &["--dry-run", "--json"]].concat()).await;
        let shown: Value = shown.parse().unwrap();
        let listed = shown.get("listed").map(|listed| listed[0]["target"].clone());
        assert_eq!(listed, (!has_api).then(|| json!(fallback)), "{shown}");
        let printed = program.succeed(&line).await;
        let pushed = read(&registry, "a/app", "1");
        assert_eq!(pushed["subject"]["digest"], json!(image.digest()));
        assert_eq!(pushed["artifactType"], json!("example/index"));
        let listed = program.succeed(&["referrers", "--insecure", "--json", &source]).await;
        assert!(listed.contains(printed.trim()) && listed.contains("example/index"), "{has_api}: {listed}");
    }
    // In another repository the list would not be found as a referrer.
    let registry = Registry::builder().start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    for repository in ["a/app", "b/app"] {
        image.put(&registry, repository, Some("amd64"));
    }
    let program = Program::anonymous();
    let [list, source] = ["1", "amd64"].map(|tag| format!("{}/a/app:{tag}", registry.addr));
    program.succeed(&["create", "--insecure", "--oci", &list, &source]).await;
    for repository in [format!("{}/b/app", registry.addr), "other.example/a/app".to_owned()] {
        let subject = format!("{repository}:amd64");
        let refused = program.run(&["push", "--insecure", "--subject", &subject, &list]).await;
        assert_eq!(refused.exit, 1);
        let expected =
            format!("expected a subject in the repository {}/a/app, found {subject}", registry.addr);
        assert!(refused.stderr.contains(&expected), "{}", refused.stderr);
    }
    let refused = program.run(&["push", "--insecure", "--artifact-type", "not a type", &list]).await;
    assert_eq!(refused.exit, 125);
    assert!(refused.stderr.contains("expected a media type"), "{}", refused.stderr);
    assert_eq!(registry.manifest("a/app", "1"), None);
    // Docker's lists refer to nothing.
    let (_registry, program, list, _) = drafted(Image::docker).await;
    let refused = program.run(&["push", "--insecure", "--subject", "amd64", &list]).await;
    assert_eq!(refused.exit, 1);
    assert!(refused.stderr.contains("expected an OCI index"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn trees_show_entries_blobs_and_referrers_and_what_is_missing() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let [amd64, gone] = [Image::oci("linux/amd64", "one"), Image::oci("linux/arm64", "one")];
    amd64.put(&registry, "a/app", None);
    registry.put_manifest("a/app", Some("1"), INDEX, index(INDEX, &[amd64.entry(), gone.entry()], ""));
    let signature = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","artifactType":"example/signature","config":{{"mediaType":"a/b","digest":"{}","size":2}},"layers":[],"subject":{{"mediaType":"{OCI}","digest":"{}","size":{}}}}}"#,
        Digest::of(b"{}"),
        amd64.digest(),
        amd64.manifest.len()
    );
    registry.put_manifest("a/app", None, OCI, signature.clone());
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let printed = program.succeed(&["inspect", "--insecure", "--tree", &name]).await;
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], name);
    assert!(lines[2].starts_with(&format!("├─ linux/amd64  {}", amd64.digest())), "{printed}");
    assert!(lines[3].starts_with("│  ├─ config application/vnd.oci.image.config.v1+json"), "{printed}");
    assert!(lines[4].starts_with("│  ├─ layer "), "{printed}");
    let referrer = Digest::of(signature.as_bytes());
    assert!(lines[5].starts_with(&format!("│  └─ referrer example/signature  {referrer}")), "{printed}");
    let missing = lines.last().unwrap();
    assert!(missing.starts_with("└─ linux/arm64") && missing.ends_with("missing"), "{printed}");

    let json = program.succeed(&["inspect", "--insecure", "--tree", "--format", "json", &name]).await;
    let tree: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(tree["children"][0]["children"][2]["role"], json!("referrer"));
    assert_eq!(tree["children"][1]["missing"], json!(true));
    let one = program
        .succeed(&[
            "inspect",
            "--insecure",
            "--tree",
            "--platform",
            "linux/amd64",
            "--format",
            "{{.digest}}",
            &name,
        ])
        .await;
    assert_eq!(one.trim(), amd64.digest());
}

#[tokio::test(flavor = "current_thread")]
async fn windows_images_go_without_foreign_layers_by_every_way_of_pushing() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr.to_string();
    let image = Image::docker("windows/amd64", "nano");
    let layer = Digest::of(b"in no registry");
    let foreign = format!(
        r#""layers":[{{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"{layer}","size":14,"urls":["https://go.example/1"]}},"#
    );
    let image = Image { manifest: image.manifest.replace(r#""layers":["#, &foreign), ..image };
    image.put(&registry, "w/nano", Some("1"));
    let program = Program::anonymous();
    let [source, list] = ["w/nano:1", "w/app:1"].map(|name| format!("{host}/{name}"));
    let file = json!({ "image": format!("{host}/w/applied:1"), "images": [source] });
    program.file("lists.json", &file.to_string());
    program.succeed(&["create", "--insecure", &list, &source]).await;
    program.succeed(&["push", "--insecure", "--copy", &list]).await;
    let [created, created_of_blobs] =
        ["w/created:1", "w/created-of-blobs:1"].map(|name| format!("{host}/{name}"));
    program.succeed(&["create", "--insecure", "--push", &created, &source]).await;
    program.succeed(&["apply", "--insecure", "lists.json"]).await;
    // A registry that mounts nothing takes what there is.
    registry.add_fault("no-mount".parse().unwrap());
    program.succeed(&["create", "--insecure", "--push", &created_of_blobs, &source]).await;
    for repository in ["w/app", "w/created", "w/applied", "w/created-of-blobs"] {
        assert!(registry.manifest(repository, "1").is_some(), "{repository}");
        for blob in &image.blobs {
            assert!(
                registry.blob(repository, Digest::of(blob.as_bytes()).as_str()).is_some(),
                "{repository}"
            );
        }
        assert!(registry.blob(repository, layer.as_str()).is_none());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn blobs_of_a_manifest_that_docker_alone_would_read_are_uploaded_where_they_are_not_mounted() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr;
    registry.add_fault("no-mount".parse().unwrap());
    let mut image = Image::oci("linux/amd64", "odd");
    // Docker takes the name for that of the other member, and reads no more of it than that it is a number.
    image.manifest.replace_range(image.manifest.len() - 1.., r#","SchemaVersion":-2}"#);
    image.put(&registry, "a/odd", Some("1"));
    let program = Program::anonymous();
    let [source, list] = ["a/odd:1", "a/app:1"].map(|name| format!("{host}/{name}"));
    program.succeed(&["create", "--insecure", &list, &source]).await;
    program.succeed(&["push", "--insecure", "--copy", &list]).await;
    assert!(registry.manifest("a/app", "1").is_some());
    for blob in &image.blobs {
        assert!(registry.blob("a/app", Digest::of(blob.as_bytes()).as_str()).is_some());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn attestations_come_along_with_flatten_unless_they_are_left_out() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let images = [Image::oci("linux/amd64", "one"), Image::oci("linux/arm64", "one")];
    let (attestation, attests) = attestation(&images[0]);
    for image in images.iter().chain([&attestation]) {
        image.put(&registry, "a/app", None);
    }
    let entries = [images[0].entry(), attests, images[1].entry()];
    registry.put_manifest("a/app", Some("all"), INDEX, index(INDEX, &entries, ""));
    let program = Program::anonymous();
    let source = format!("{}/a/app:all", registry.addr);
    for (flags, tag, expected) in [
        (&["--flatten"][..], "1", 3),
        (&["--flatten", "--no-attestations"], "2", 2),
        (&["--platform", "linux/amd64"], "3", 2),
        (&["--platform", "linux/arm64"], "4", 1),
    ] {
        let list = format!("{}/a/app:{tag}", registry.addr);
        let line: Vec<&str> = ["create", "--insecure", "--push"]
            .iter()
            .chain(flags)
            .copied()
            .chain([&*list, &*source])
            .collect();
        program.succeed(&line).await;
        let pushed = read(&registry, "a/app", tag);
        let entries = pushed["manifests"].as_array().unwrap();
        assert_eq!(entries.len(), expected, "{flags:?}: {pushed}");
        let attests = entries
            .iter()
            .filter(|entry| entry["annotations"]["vnd.docker.reference.digest"] == json!(images[0].digest()));
        assert_eq!(attests.count(), usize::from(expected == 3 || tag == "3"), "{flags:?}");
    }
}
