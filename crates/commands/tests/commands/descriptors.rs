//! Descriptors as Docker reads them, and manifests of kinds that Docker does not know.

use crate::support::{Shell, registry::Answer};
use tallyman_commands::plan_copy;
use tallyman_core::{Action, Digest};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const HOST: &str = "h.io:5000";

/// Puts an image into `a/app`, its config with this size, and its layers as they are given.
fn put(shell: &Shell, tag: &str, size_off_by: i64, layers: &str) -> String {
    let config = r#"{"os":"linux","architecture":"arm"}"#;
    shell.registry.put_blob("a/app", config.as_bytes());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{}","size":{}}},"layers":{layers}}}"#,
        Digest::of(config.as_bytes()),
        config.len() as i64 + size_off_by,
    );
    shell.registry.put_manifest("a/app", tag, OCI, manifest.as_bytes());
    manifest
}

#[tokio::test(flavor = "current_thread")]
async fn inspect_and_create_read_descriptors_as_docker_does() {
    let layer =
        |digest: &str, size: &str| format!(r#"[{{"mediaType":"a/b","digest":"{digest}","size":{size}}}]"#);
    let digest = Digest::of(b"layer").to_string();
    let cases = [
        ("config larger", 1, layer(&digest, "5"), true),
        ("config smaller", -3, layer(&digest, "5"), true),
        ("config of no size", -1_000_000, layer(&digest, "5"), true),
        ("blake3", 0, layer("blake3:0123", "5"), true),
        ("md5", 0, layer("md5:00", "5"), true),
        ("short", 0, layer("sha256:00", "5"), true),
        ("no digest", 0, layer("", "5"), true),
        ("no algorithm", 0, layer("0123", "5"), true),
        ("negative", 0, layer(&digest, "-1"), true),
        ("huge", 0, layer(&digest, "9223372036854775807"), true),
        ("null", 0, "null".to_owned(), true),
        ("empty layer", 0, "[{}]".to_owned(), true),
        ("null as layer", 0, "[null]".to_owned(), true),
        // Go's decoder refuses these.
        ("fraction", 0, layer(&digest, "1.5"), false),
        ("too large", 0, layer(&digest, "9223372036854775808"), false),
        ("text as size", 0, layer(&digest, "\"5\""), false),
        ("object as layers", 0, "{}".to_owned(), false),
        ("text as layer", 0, "[\"x\"]".to_owned(), false),
    ];
    for (name, size_off_by, layers, is_read) in cases {
        let shell = Shell::new();
        let manifest = put(&shell, "v1", size_off_by, &layers);
        let (image, list) = (format!("{HOST}/a/app:v1"), format!("{HOST}/a/app:list"));
        let inspected = shell.run(&["inspect", "--insecure", "--raw", &image]).await;
        assert_eq!(inspected.stdout, manifest, "{name}");
        for line in [&["inspect", "--insecure", &image][..], &["create", "--insecure", &list, &image]] {
            let outcome = shell.run(line).await;
            assert_eq!(outcome.exit == 0, is_read, "{name}: {line:?}: {}", outcome.stderr);
        }
        if is_read {
            let shown = shell.done(&["inspect", &list, &image]).await;
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&shown).unwrap(),
                serde_json::from_str::<serde_json::Value>(&manifest).unwrap(),
                "{name}"
            );
            let pushed = shell.done(&["push", "--insecure", &list]).await;
            assert!(pushed.starts_with("sha256:"), "{name}: {pushed}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_copy_takes_artifact_manifests_with_their_blobs_and_refuses_kinds_that_it_does_not_know() {
    let (one, two) = (Digest::of(b"one"), Digest::of(b"two"));
    let descriptor = |digest: &Digest| format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":3}}"#);
    let blobs = format!(r#"{{"blobs":[{},{}],"subject":null}}"#, descriptor(&one), descriptor(&two));
    let artifact = "application/vnd.oci.artifact.manifest.v1+json";
    let oras = "application/vnd.cncf.oras.artifact.manifest.v1+json";
    let cases = [
        (artifact, blobs.as_str(), Some(vec![one.clone(), two.clone()])),
        (oras, blobs.as_str(), Some(vec![one.clone(), two.clone()])),
        (artifact, r#"{"artifactType":"x"}"#, Some(Vec::new())),
        (artifact, r#"{"blobs":[{"digest":"x"}]}"#, None),
        (artifact, r#"{"blobs":{}}"#, None),
        ("application/vnd.example.unknown+json", blobs.as_str(), None),
        ("application/vnd.docker.distribution.manifest.v1+json", r#"{"schemaVersion":1,"name":"a"}"#, None),
    ];
    for (media_type, manifest, expected) in cases {
        let shell = Shell::new();
        shell.registry.put_manifest("a/app", "v1", media_type, manifest.as_bytes());
        let reference = |name: &str| format!("{name}:v1").parse().unwrap();
        let (source, target) = (reference("h.io:5000/a/app"), reference("other.io:5000/a/app"));
        shell.registry.contents.borrow_mut().answers.insert(
            (http::Method::HEAD, "a/app/manifests/v1".to_owned()),
            Answer { status: 404, content_type: None, body: Vec::new() },
        );
        let copied = plan_copy(&shell.client(), &source, &target, None).await;
        match expected {
            None => {
                let error = copied.expect_err("nobody knows what to copy");
                assert_eq!(error.code(), "manifest-invalid", "{manifest}: {error}");
                assert!(error.to_string().contains("expected "), "{error}");
            }
            Some(expected) => {
                let plan = copied.expect("its blobs are known").plan.expect("it is not there yet");
                let blobs = plan.steps.iter().filter_map(|step| match &step.action {
                    Action::CopyBlob { digest, .. } => Some(digest.clone()),
                    _ => None,
                });
                assert_eq!(blobs.collect::<Vec<_>>(), expected, "{manifest}");
                let last = plan.steps.last().expect("the manifest comes last");
                assert_eq!(last.after, (0..expected.len()).collect::<Vec<_>>());
            }
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn lists_whose_entries_have_no_size_are_read_as_docker_reads_them() {
    let index_type = "application/vnd.oci.image.index.v1+json";
    for size in ["", r#","size":-1"#, r#","size":null"#] {
        let shell = Shell::new();
        let manifest = put(&shell, "arm", 0, "[]");
        let digest = Digest::of(manifest.as_bytes());
        let index = format!(
            r#"{{"schemaVersion":2,"mediaType":"{index_type}","manifests":[{{"mediaType":"{OCI}","digest":"{digest}"{size},"platform":{{"architecture":"arm","os":"linux","os.features":[null]}}}}]}}"#
        );
        shell.registry.put_manifest("a/app", "v1", index_type, index.as_bytes());
        let (image, list) = (format!("{HOST}/a/app:v1"), format!("{HOST}/a/app:list"));
        for line in [
            &["inspect", "--insecure", &image][..],
            &["inspect", "--insecure", "--verbose", &image],
            &["create", "--insecure", "--flatten", &list, &image],
        ] {
            shell.done(line).await;
        }
        let found = shell.done(&["digest", "--insecure", "--platform", "linux/arm", &image]).await;
        assert_eq!(found, format!("{digest}\n"), "{size}");
        // An entry made of the descriptor has the manifest's size, and a copy has the list's bytes.
        let made = shell.done(&["inspect", "--raw", &list]).await;
        assert!(made.contains(&format!(r#""size": {}"#, manifest.len())), "{made}");
        shell.done(&["copy", "--insecure", &image, &format!("{HOST}/b/copy:v1")]).await;
        let copied = shell.done(&["inspect", "--insecure", "--raw", &format!("{HOST}/b/copy:v1")]).await;
        assert_eq!(copied, index);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn bytes_that_are_no_utf_8_are_printed_as_docker_prints_them() {
    let shell = Shell::new();
    let manifest = put(&shell, "v1", 0, "[]");
    let mut bytes = manifest.replace(r#""layers""#, r#""annotations":{"a":"X"},"layers""#).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'X').unwrap();
    bytes[at] = 0xff;
    shell.registry.put_manifest("a/app", "v1", OCI, &bytes);
    let reference = format!("{HOST}/a/app:v1").parse().unwrap();
    let image =
        tallyman_commands::inspect(&*shell.store, &shell.client(), &reference, &|_| ()).await.unwrap();
    for shown in [image.brief().unwrap(), image.verbose().unwrap()] {
        assert!(shown.contains(&0xff), "{}", String::from_utf8_lossy(&shown));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_artifact_manifest_is_listed_as_a_referrer_where_there_is_no_api() {
    let shell = Shell::new();
    let image = put(&shell, "v1", 0, "[]");
    let subject = Digest::of(image.as_bytes());
    let artifact = "application/vnd.oci.artifact.manifest.v1+json";
    let signature = format!(
        r#"{{"mediaType":"{artifact}","artifactType":"a/signature","blobs":[],"subject":{{"mediaType":"{OCI}","digest":"{subject}","size":{}}}}}"#,
        image.len()
    );
    shell.registry.put_manifest("a/app", "signature", artifact, signature.as_bytes());
    for tag in ["v1", "signature"] {
        let [from, to] = ["a/app", "b/copy"].map(|repository| format!("{HOST}/{repository}:{tag}"));
        shell.done(&["copy", "--insecure", &from, &to]).await;
    }
    let listed = shell.done(&["referrers", "--insecure", "--json", &format!("{HOST}/b/copy:v1")]).await;
    let expected = Digest::of(signature.as_bytes());
    assert!(listed.contains(expected.as_str()) && listed.contains("a/signature"), "{listed}");
}
