//! Copies of whole repositories and of what refers to an image, from registry to registry.
#![cfg(not(target_arch = "wasm32"))]

mod served;

use tallyman_core::Digest;
use tallyman_dev_registry::{Registry, RunningRegistry};

use served::{
    Program,
    images::{INDEX, Image, OCI, attestation, index},
};

/// An image of an architecture, or an artifact with a subject: its config and its manifest.
fn image(config: &str, subject: Option<&str>) -> (String, String) {
    let subject = subject.map_or_else(String::new, |manifest| {
        format!(
            r#","artifactType":"example/signature","subject":{{"mediaType":"{OCI}","digest":"{}","size":{}}}"#,
            Digest::of(manifest.as_bytes()),
            manifest.len()
        )
    });
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{}","size":{}}},"layers":[]{subject}}}"#,
        Digest::of(config.as_bytes()),
        config.len(),
    );
    (config.to_owned(), manifest)
}

/// A registry with two tags, a signature of the first, and a signature of that signature.
async fn source() -> (RunningRegistry, [String; 4]) {
    let (amd64, one) = image(r#"{"os":"linux","architecture":"amd64"}"#, None);
    let (arm64, two) = image(r#"{"os":"linux","architecture":"arm64"}"#, None);
    let (first, signature) = image(r#"{"signature":1}"#, Some(&one));
    let (second, countersignature) = image(r#"{"signature":2}"#, Some(&signature));
    let mut builder = Registry::builder();
    for blob in [amd64, arm64, first, second] {
        builder = builder.blob("a/app", blob);
    }
    for (tag, manifest) in
        [(Some("1"), &one), (Some("2"), &two), (None, &signature), (None, &countersignature)]
    {
        builder = builder.manifest("a/app", tag, OCI, manifest.clone());
    }
    (builder.start().await.expect("a port is free"), [one, two, signature, countersignature])
}

#[tokio::test(flavor = "current_thread")]
async fn all_tags_are_copied_and_foreign_ones_are_left_alone_when_asked() {
    let (source, [one, two, ..]) = source().await;
    let target = Registry::builder().start().await.expect("a port is free");
    let program = Program::anonymous();
    let (from, to) = (format!("{}/a/app", source.addr), format!("{}/b/copy", target.addr));
    let printed = program.succeed(&["copy", "--insecure", "--all-tags", &from, &to]).await;
    let digests = [&one, &two].map(|manifest| Digest::of(manifest.as_bytes()).to_string());
    assert_eq!(printed.lines().collect::<Vec<_>>(), digests);
    for (tag, manifest) in [("1", &one), ("2", &two)] {
        assert_eq!(target.manifest("b/copy", tag).expect(tag).1, manifest.as_bytes());
    }
    // Again is no change; another image in the place of one is refused.
    let again = ["copy", "--insecure", "--never-overwrite", &format!("{from}:1"), &format!("{to}:1")];
    program.succeed(&again).await;
    let other = ["copy", "--insecure", "--never-overwrite", &format!("{from}:2"), &format!("{to}:1")];
    let refused = program.run(&other).await;
    assert_eq!(refused.exit, 1);
    assert!(refused.stderr.contains("--never-overwrite"), "{}", refused.stderr);
    assert_eq!(target.manifest("b/copy", "1").expect("it is there").1, one.as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn referrers_come_along_into_registries_with_and_without_their_api() {
    let (source, [one, _, signature, countersignature]) = source().await;
    for has_api in [true, false] {
        let target = Registry::builder().referrers(has_api).start().await.expect("a port is free");
        let program = Program::anonymous();
        let (from, to) = (format!("{}/a/app:1", source.addr), format!("{}/b/copy:1", target.addr));
        program.succeed(&["copy", "--insecure", "--referrers", &from, &to]).await;
        for (subject, referrer) in [(&one, &signature), (&signature, &countersignature)] {
            let digest = Digest::of(referrer.as_bytes());
            assert!(target.manifest("b/copy", digest.as_str()).is_some(), "API: {has_api}");
            let subject = format!("{}/b/copy@{}", target.addr, Digest::of(subject.as_bytes()));
            let listed = program.succeed(&["referrers", "--insecure", "--json", &subject]).await;
            assert!(listed.contains(digest.as_str()), "API: {has_api}: {listed}");
            assert!(listed.contains("example/signature"), "API: {has_api}: {listed}");
        }
    }
}

/// A registry with an OCI index of three platforms, the first of which has an attestation, and a signature under a digest tag.
async fn index_source() -> (RunningRegistry, [Image; 3], Image) {
    let registry = Registry::builder().start().await.expect("a port is free");
    let images = ["linux/amd64", "linux/arm64", "linux/s390x"].map(|platform| Image::oci(platform, "one"));
    let (attestation, attests) = attestation(&images[0]);
    for image in &images {
        image.put(&registry, "a/app", None);
    }
    attestation.put(&registry, "a/app", None);
    let mut entries: Vec<String> = images.iter().map(Image::entry).collect();
    entries.insert(1, attests);
    registry.put_manifest("a/app", Some("1"), INDEX, index(INDEX, &entries, ""));
    let signature = Image::oci("unknown/unknown", "signature");
    signature.put(&registry, "a/app", Some(&format!("{}.sig", images[0].digest().replacen(':', "-", 1))));
    Image::oci("linux/amd64", "other").put(&registry, "a/app", Some("sha256-other.sig"));
    (registry, images, signature)
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_is_cut_down_to_some_platforms_with_their_attestations() {
    let (source, images, _) = index_source().await;
    let targets = [Registry::builder().start().await.unwrap(), Registry::builder().start().await.unwrap()];
    let program = Program::anonymous();
    let from = format!("{}/a/app:1", source.addr);
    let to = targets.each_ref().map(|target| format!("{}/b/copy:1", target.addr));
    let line = ["copy", "--insecure", "--platform", "linux/amd64,linux/s390x", &from, &to[0], &to[1]];
    let printed = program.succeed(&line).await;
    assert_eq!(printed.lines().count(), 2);
    for target in &targets {
        let (media_type, bytes) = target.manifest("b/copy", "1").expect("it is copied");
        assert_eq!(media_type, INDEX);
        let list: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let digests: Vec<&str> = list["manifests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["digest"].as_str().unwrap())
            .collect();
        let (attestation, _) = attestation(&images[0]);
        assert_eq!(digests, [images[0].digest(), attestation.digest(), images[2].digest()]);
        assert!(target.manifest("b/copy", &images[1].digest()).is_none());
        for digest in digests {
            assert!(target.manifest("b/copy", digest).is_some());
        }
    }
    let missing =
        program.run(&["copy", "--insecure", "--platform", "linux/amd64,linux/386", &from, &to[0]]).await;
    assert_eq!(missing.exit, 3);
    assert!(missing.stderr.contains("linux/386"), "{}", missing.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn tags_that_stand_for_what_is_copied_come_along() {
    let (source, images, signature) = index_source().await;
    let target = Registry::builder().start().await.expect("a port is free");
    let (from, to) = (format!("{}/a/app:1", source.addr), format!("{}/b/copy:1", target.addr));
    Program::anonymous().succeed(&["copy", "--insecure", "--digest-tags", &from, &to]).await;
    let tag = format!("{}.sig", images[0].digest().replacen(':', "-", 1));
    assert_eq!(target.manifest("b/copy", &tag).expect("it came along").1, signature.manifest.as_bytes());
    assert!(target.manifest("b/copy", "sha256-other.sig").is_none());
}

#[tokio::test(flavor = "current_thread")]
async fn a_copy_that_was_interrupted_goes_on_where_it_ended() {
    let (source, images, _) = index_source().await;
    let target = Registry::builder().start().await.expect("a port is free");
    let program = Program::anonymous();
    let (from, to) = (format!("{}/a/app:1", source.addr), format!("{}/b/copy:1", target.addr));
    target.add_fault("server-error,status=501,method=PUT,path=/v2/b/copy/manifests/1".parse().unwrap());
    assert_eq!(program.run(&["copy", "--insecure", &from, &to]).await.exit, 1);
    assert!(target.manifest("b/copy", &images[0].digest()).is_some(), "images are there");
    target.clear_faults();
    target.clear_requests();
    program.succeed(&["copy", "--insecure", &from, &to]).await;
    let writes: Vec<String> = target
        .requests()
        .into_iter()
        .filter(|request| matches!(&*request.method, "PUT" | "PATCH" | "POST"))
        .map(|request| request.path)
        .collect();
    assert_eq!(writes, ["/v2/b/copy/manifests/1"]);
}
