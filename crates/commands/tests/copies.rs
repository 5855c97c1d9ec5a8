//! Copies of whole repositories and of what refers to an image, from registry to registry.
#![cfg(not(target_arch = "wasm32"))]

mod served;

use tallyman_core::Digest;
use tallyman_dev_registry::{Registry, RunningRegistry};

use served::Program;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

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
