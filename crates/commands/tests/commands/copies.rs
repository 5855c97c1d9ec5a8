//! Copies of whole repositories and of what refers to an image, from registry to registry.
#![cfg(not(target_arch = "wasm32"))]

use serde_json::json;
use tallyman_core::{Algorithm, Digest, ImageManifest};
use tallyman_dev_registry::{Registry, RequestRecord, RunningRegistry};

use crate::served::{
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
    // Of all tags the others are copied all the same.
    let half = Registry::builder().blob("b/copy", "other").start().await.expect("a port is free");
    let (_, other) = image("other", None);
    half.put_manifest("b/copy", Some("1"), OCI, other.clone());
    let to = format!("{}/b/copy", half.addr);
    let copied = program.run(&["copy", "--insecure", "--all-tags", "--never-overwrite", &from, &to]).await;
    assert_eq!((copied.exit, copied.stdout.trim()), (1, &*digests[1]), "{}", copied.stderr);
    assert_eq!(half.manifest("b/copy", "1").expect("it is there").1, other.as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn referrers_come_along_into_registries_with_and_without_their_api() {
    let (source, [one, _, signature, countersignature]) = source().await;
    for has_api in [true, false] {
        let target = Registry::builder().referrers(has_api).start().await.expect("a port is free");
        let program = Program::anonymous();
        let (from, to) = (format!("{}/a/app:1", source.addr), format!("{}/b/copy:1", target.addr));
        let copied = program.succeed(&["copy", "--insecure", "--referrers", "--json", &from, &to]).await;
        let told: serde_json::Value = serde_json::from_str(&copied).unwrap();
        // The totals are those of the image and of what came along with it.
        let sizes = [&one, &signature, &countersignature]
            .map(|manifest| ImageManifest::parse(manifest.as_bytes()).unwrap().content_size());
        assert_eq!(told["manifests"], json!({ "total": 3, "put": 3 }), "API: {has_api}");
        let bytes = sizes.iter().sum::<u64>();
        assert_eq!(told["blobs"], json!({ "checked": 3, "bytesTransferred": bytes }), "API: {has_api}");
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
async fn a_list_is_cut_down_to_platforms_that_nested_lists_and_configs_name() {
    let (source, images, _) = index_source().await;
    let target = Registry::builder().start().await.expect("a port is free");
    let unnamed = [Image::oci("linux/riscv64", "two"), Image::oci("linux/386", "two")].map(|image| {
        image.put(&source, "a/app", None);
        let (digest, size) = (image.digest(), image.manifest.len());
        format!(r#"{{"mediaType":"{OCI}","digest":"{digest}","size":{size},"x":1}}"#)
    });
    let arm64 = Image::oci("linux/arm64", "two");
    arm64.put(&source, "a/app", None);
    let (_, nested) = source.manifest("a/app", "1").expect("it is there");
    let nested =
        format!(r#"{{"mediaType":"{INDEX}","digest":"{}","size":{}}}"#, Digest::of(&nested), nested.len());
    let entries = [arm64.entry(), unnamed[0].clone(), nested, unnamed[1].clone()];
    source.put_manifest("a/app", Some("2"), INDEX, index(INDEX, &entries, ""));
    let [from, to] =
        [(&source, "a/app"), (&target, "b/copy")].map(|(of, name)| format!("{}/{name}:2", of.addr));
    let platforms = "linux/arm64,linux/amd64,linux/riscv64";
    Program::anonymous().succeed(&["copy", "--insecure", "--platform", platforms, &from, &to]).await;
    let (_, bytes) = target.manifest("b/copy", "2").expect("it is copied");
    let list: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let (_, attests) = attestation(&images[0]);
    let expected = [&arm64.entry(), &unnamed[0], &images[0].entry(), &attests];
    let expected = expected.map(|entry| serde_json::from_str::<serde_json::Value>(entry).unwrap());
    assert_eq!(list["manifests"], serde_json::json!(expected));
    for entry in &expected {
        assert!(target.manifest("b/copy", entry["digest"].as_str().unwrap()).is_some());
    }
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

    // Signatures that the target has of its own under that tag stay where that is asked for.
    let own = Image::oci("unknown/unknown", "the signature of somebody else");
    own.put(&target, "b/copy", Some(&tag));
    let line = ["copy", "--insecure", "--never-overwrite", "--digest-tags", &from, &to];
    for dry in [true, false] {
        let more: &[&str] = if dry { &["--dry-run"] } else { &[] };
        let refused = Program::anonymous().run(&[&line[..], more].concat()).await;
        assert_eq!(refused.exit, 1, "{}", refused.stdout);
        assert!(refused.stderr.contains(&tag), "{}", refused.stderr);
    }
    assert_eq!(target.manifest("b/copy", &tag).expect("it is there").1, own.manifest.as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn referrers_of_nested_lists_come_along() {
    let (source, [one, _, signature, _]) = source().await;
    let entry = |media_type: &str, manifest: &str| {
        let digest = Digest::of(manifest.as_bytes());
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{}}}"#, manifest.len())
    };
    let inner = index(INDEX, &[entry(OCI, &one)], "");
    source.put_manifest("a/app", None, INDEX, inner.clone());
    source.put_manifest("a/app", Some("nested"), INDEX, index(INDEX, &[entry(INDEX, &inner)], ""));
    let target = Registry::builder().start().await.expect("a port is free");
    let (from, to) = (format!("{}/a/app:nested", source.addr), format!("{}/b/copy:1", target.addr));
    Program::anonymous().succeed(&["copy", "--insecure", "--referrers", &from, &to]).await;
    let digest = Digest::of(signature.as_bytes());
    assert!(target.manifest("b/copy", digest.as_str()).is_some(), "the signature of the image came along");
}

#[tokio::test(flavor = "current_thread")]
async fn copied_referrers_are_listed_at_the_target() {
    let (source, [one, _, signature, _]) = source().await;
    let digest = Digest::of(signature.as_bytes());
    source.put_manifest("a/app", Some("sig"), OCI, signature.clone());
    for has_api in [true, false] {
        let target = Registry::builder().referrers(has_api).start().await.expect("a port is free");
        let program = Program::anonymous();
        let from = format!("{}/a/app@{digest}", source.addr);
        program.succeed(&["copy", "--insecure", &from, &format!("{}/b/copy@{digest}", target.addr)]).await;
        let subject = format!("{}/b/copy@{}", target.addr, Digest::of(one.as_bytes()));
        let listed = program.succeed(&["referrers", "--insecure", "--json", &subject]).await;
        assert!(listed.contains(digest.as_str()), "API: {has_api}: {listed}");
        assert!(listed.contains("example/signature"), "API: {has_api}: {listed}");
        // Two tags of it at the same time are one entry.
        source.put_manifest("a/app", Some("sig-too"), OCI, signature.clone());
        let (all, to) = (format!("{}/a/app", source.addr), format!("{}/c/copy", target.addr));
        program.succeed(&["copy", "--insecure", "--all-tags", &all, &to]).await;
        let subject = format!("{to}@{}", Digest::of(one.as_bytes()));
        let listed = program.succeed(&["referrers", "--insecure", "--json", &subject]).await;
        assert_eq!(listed.matches(digest.as_str()).count(), 1, "API: {has_api}: {listed}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_target_or_a_tag_that_fails_keeps_no_other_from_being_copied() {
    let (source, [one, ..]) = source().await;
    let target = Registry::builder().start().await.expect("a port is free");
    target.add_fault("server-error,status=500,path=/v2/b/first/*".parse().unwrap());
    let program = Program::anonymous();
    let from = format!("{}/a/app", source.addr);
    let [first, second] = ["first", "second"].map(|name| format!("{}/b/{name}:1", target.addr));
    let copied = program.run(&["copy", "--insecure", &format!("{from}:1"), &first, &second]).await;
    assert_eq!(copied.exit, 1);
    assert_eq!(copied.stdout.trim(), Digest::of(one.as_bytes()).to_string());
    assert!(target.manifest("b/second", "1").is_some());

    // A source that is missing is told once.
    let copied = program.run(&["copy", "--insecure", &format!("{from}:none"), &second, &second]).await;
    assert_eq!((copied.exit, copied.stderr.matches("none").count()), (3, 1), "{}", copied.stderr);

    source.put_manifest("a/app", Some("-bad"), OCI, one.clone());
    let to = format!("{}/b/all", target.addr);
    let copied = program.run(&["copy", "--insecure", "--all-tags", &from, &to]).await;
    assert_eq!(copied.exit, 1);
    assert!(copied.stderr.contains("-bad"), "{}", copied.stderr);
    for tag in ["1", "2"] {
        assert!(target.manifest("b/all", tag).is_some(), "{tag}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_dry_run_shows_the_referrers_and_the_tags_that_come_along() {
    let (source, [one, _, signature, countersignature]) = source().await;
    let subject = Digest::of(one.as_bytes()).to_string().replacen(':', "-", 1);
    source.put_manifest("a/app", Some(&format!("{subject}.sig")), OCI, signature.clone());
    for has_api in [true, false] {
        let target = Registry::builder().referrers(has_api).start().await.expect("a port is free");
        let program = Program::anonymous();
        let (from, to) = (format!("{}/a/app:1", source.addr), format!("{}/b/copy:1", target.addr));
        program.succeed(&["copy", "--insecure", &from, &to]).await;
        let line = ["copy", "--insecure", "--referrers", "--digest-tags", &from, &to];
        let dry = |more: &[&'static str]| [&line[..], &["--dry-run"], more].concat();
        let before = target.requests().len();
        let shown = program.succeed(&dry(&[])).await;
        for manifest in [&signature, &countersignature] {
            let put = format!("put {}/b/copy@{}", target.addr, Digest::of(manifest.as_bytes()));
            assert!(shown.contains(&put), "API: {has_api}: {shown}");
        }
        assert!(shown.contains(&format!("put {}/b/copy:{subject}.sig", target.addr)), "{shown}");
        let lists = shown.contains(&format!("put {}/b/copy:{subject},", target.addr));
        assert_eq!(lists, !has_api, "{shown}");
        let json: serde_json::Value = program.succeed(&dry(&["--json"])).await.parse().unwrap();
        assert_eq!(json["steps"], serde_json::json!([]));
        assert_eq!(json["digestTags"].as_array().unwrap().len(), 1, "{json}");
        let is_read = |request: &RequestRecord| matches!(&*request.method, "GET" | "HEAD");
        assert!(target.requests()[before..].iter().all(is_read), "nothing is written");

        program.succeed(&line).await;
        let shown = program.succeed(&dry(&[])).await;
        assert_eq!(shown, format!("{to} is already up to date\n"), "API: {has_api}");
    }
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

#[tokio::test(flavor = "current_thread")]
async fn tags_are_copied_side_by_side_and_what_one_has_brought_is_not_brought_again() {
    let (source, layer, _) = source_of_a_large_layer().await;
    let (_, manifest) = source.manifest("a/app", "1").unwrap();
    let manifest = String::from_utf8(manifest.to_vec()).unwrap();
    // Two tags more of the same image, and one of an image that has the layer as well.
    for tag in ["2", "3"] {
        source.put_manifest("a/app", Some(tag), OCI, manifest.clone());
    }
    source.put_manifest("a/app", Some("4"), OCI, manifest.replace(r#""a/c""#, r#""a/d""#));
    source.add_fault("latency,ms=400,method=GET,path=/v2/a/app/manifests/1".parse().unwrap());
    let target = Registry::builder().start().await.expect("a port is free");
    let (from, to) = (format!("{}/a/app", source.addr), format!("{}/b/copy", target.addr));
    let printed = Program::anonymous().succeed(&["copy", "--insecure", "--all-tags", &from, &to]).await;
    let digests: Vec<String> = ["1", "2", "3", "4"]
        .map(|tag| Digest::of(&target.manifest("b/copy", tag).expect(tag).1).to_string())
        .to_vec();
    assert_eq!(printed.lines().collect::<Vec<_>>(), digests, "in the order of the tags");
    let requests = target.requests();
    let asked = |method: &str, path: &str| {
        requests.iter().filter(|asked| asked.method == method && asked.path == path).count()
    };
    assert_eq!(asked("HEAD", &format!("/v2/b/copy/blobs/{layer}")), 1, "it is known to be there then");
    let put = |tag: &str| {
        let path = format!("/v2/b/copy/manifests/{tag}");
        requests.iter().position(|asked| asked.method == "PUT" && asked.path == path).expect(tag)
    };
    assert!(put("4") < put("1"), "the first is waited for, and keeps no other from being copied");
}

#[tokio::test(flavor = "current_thread")]
async fn all_tags_bring_the_digest_tags_along_without_another_look() {
    let (source, images, signature) = index_source().await;
    let target = Registry::builder().start().await.expect("a port is free");
    let (from, to) = (format!("{}/a/app", source.addr), format!("{}/b/copy", target.addr));
    let line = ["copy", "--insecure", "--all-tags", "--digest-tags", &from, &to];
    Program::anonymous().succeed(&line).await;
    let tag = format!("{}.sig", images[0].digest().replacen(':', "-", 1));
    assert_eq!(target.manifest("b/copy", &tag).expect("it came along").1, signature.manifest.as_bytes());
    let is_listing = |asked: &&RequestRecord| asked.path.ends_with("/tags/list");
    assert_eq!(source.requests().iter().filter(is_listing).count(), 1);

    // A choice of platforms changes nothing of that.
    let target = Registry::builder().start().await.expect("a port is free");
    let to = format!("{}/b/copy", target.addr);
    let line = ["copy", "--insecure", "--all-tags", "--platform", "linux/amd64", &from, &to];
    Program::anonymous().succeed(&line).await;
    assert_eq!(target.manifest("b/copy", &tag).expect("it came along").1, signature.manifest.as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_is_brought_by_two_copies_at_the_same_time() {
    let (source, images, _) = index_source().await;
    for (image, tag) in images.iter().zip(["1-a", "1-b", "1-c"]) {
        image.put(&source, "a/app", Some(tag));
    }
    let target = Registry::builder().start().await.expect("a port is free");
    // All of them ask before the first has brought anything.
    target.add_fault("latency,ms=100".parse().unwrap());
    let (from, to) = (format!("{}/a/app", source.addr), format!("{}/b/copy", target.addr));
    Program::anonymous().succeed(&["copy", "--insecure", "--all-tags", &from, &to]).await;
    let requests = target.requests();
    let mut uploads: Vec<&str> = requests
        .iter()
        .filter(|asked| asked.method == "PUT" && asked.path.contains("/blobs/"))
        .filter_map(|asked| asked.query.split('&').find(|part| part.starts_with("digest=")))
        .collect();
    let count = uploads.len();
    uploads.sort_unstable();
    uploads.dedup();
    assert!(count > images.len() && uploads.len() == count, "{count} uploads of {} blobs", uploads.len());
}

/// The config of the image with a large layer.
const CONFIG: &str = r#"{"os":"linux","architecture":"amd64"}"#;

/// A registry with an image of one layer of three MiB, and the digest of that layer.
async fn source_of_a_large_layer() -> (RunningRegistry, String, usize) {
    let layer: Vec<u8> = (0..3_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (digest, size) = (Digest::of(&layer).to_string(), layer.len());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{}","size":{}}},"layers":[{{"mediaType":"a/c","digest":"{digest}","size":{size}}}]}}"#,
        Digest::of(CONFIG.as_bytes()),
        CONFIG.len(),
    );
    let builder = Registry::builder().blob("a/app", CONFIG).blob("a/app", layer);
    let registry = builder.manifest("a/app", Some("1"), OCI, manifest).start().await;
    (registry.expect("a port is free"), digest, size)
}

#[tokio::test(flavor = "current_thread")]
async fn a_blob_that_breaks_off_on_its_way_goes_on_from_there() {
    let (source, digest, size) = source_of_a_large_layer().await;
    let target = Registry::builder().start().await.expect("a port is free");
    let path = format!("/v2/a/app/blobs/{digest}");
    source.add_fault(format!("reset-mid-body,after=2000000,times=1,method=GET,path={path}").parse().unwrap());
    let (from, to) = (format!("{}/a/app:1", source.addr), format!("{}/b/copy:1", target.addr));
    let printed = Program::anonymous().succeed(&["copy", "--insecure", "--json", &from, &to]).await;
    assert!(printed.contains("bytesTransferred"), "{printed}");
    let asked: Vec<u16> =
        source.requests().iter().filter(|asked| asked.path == path).map(|asked| asked.status).collect();
    assert_eq!(asked, [200, 206], "the rest is asked for as a range");
    let sent = |target: &RunningRegistry| -> Vec<u64> {
        let requests = target.requests().into_iter().filter(|asked| asked.path.contains("/blobs/uploads/"));
        requests.map(|asked| asked.body_bytes).filter(|bytes| *bytes > 1000).collect()
    };
    assert_eq!(sent(&target), [size as u64], "the upload is one");

    // An upload that breaks goes on where the target says that it stands, in registries that keep what came.
    let target = Registry::builder()
        .resumable_uploads(true)
        .blob("b/copy", CONFIG)
        .start()
        .await
        .expect("a port is free");
    target.add_fault(
        "server-error,status=405,method=PUT,path=/v2/b/copy/blobs/uploads/*,times=1".parse().unwrap(),
    );
    target.add_fault("break-upload,after=1000000,method=PATCH,times=1".parse().unwrap());
    let to = format!("{}/b/copy:1", target.addr);
    Program::anonymous().succeed(&["copy", "--insecure", &from, &to]).await;
    let is_upload = |asked: &RequestRecord| asked.path.contains("/blobs/uploads/");
    let requests: Vec<RequestRecord> = target.requests().into_iter().filter(is_upload).collect();
    let status = requests.iter().position(|asked| asked.method == "GET").expect("the target is asked");
    assert_eq!((requests[status - 1].method.as_str(), requests[status - 1].status), ("PATCH", 0));
    assert_eq!((requests[status].status, requests[status + 1].method.as_str()), (204, "PATCH"));
    assert_eq!(requests[status + 1].body_bytes, size as u64 - 1_000_000, "the rest alone");
}

/// A registry without the referrers API, with the image `a/app:1`, and the bytes of the fallback index of that image: an index
/// without a type, an image of a platform, members that no descriptor has, and annotations.
async fn listed_by_others() -> (RunningRegistry, Image, String) {
    let registry = Registry::builder().referrers(false).start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&registry, "a/app", Some("1"));
    let listed = put_index_of_others(&registry, "a/app", &image.digest());
    (registry, image, listed)
}

/// Puts such an index under the fallback tag of a subject.
fn put_index_of_others(registry: &RunningRegistry, repository: &str, subject: &str) -> String {
    let nested = index(INDEX, &[], "");
    registry.put_manifest(repository, None, INDEX, nested.clone());
    let of_platform = Image::oci("linux/arm64", "other");
    of_platform.put(registry, repository, None);
    let entries = [
        format!(
            r#"{{"mediaType":"{INDEX}","digest":"{}","size":{},"x-signer":"someone"}}"#,
            Digest::of(nested.as_bytes()),
            nested.len()
        ),
        of_platform.entry(),
    ];
    let listed = index(INDEX, &entries, r#","annotations":{"made-by":"others"},"x-kept":true"#);
    registry.put_manifest(repository, Some(&subject.replacen(':', "-", 1)), INDEX, listed.clone());
    listed
}

/// Asserts that an index is `before` with further entries.
fn assert_kept(after: &[u8], before: &str, further: usize) {
    let mut after: serde_json::Value = serde_json::from_slice(after).unwrap();
    let before: serde_json::Value = serde_json::from_str(before).unwrap();
    let entries = after["manifests"].as_array_mut().unwrap();
    let kept = before["manifests"].as_array().unwrap().len();
    assert_eq!(entries.len(), kept + further);
    entries.truncate(kept);
    assert_eq!(after, before);
}

#[tokio::test(flavor = "current_thread")]
async fn a_referrer_that_is_listed_leaves_what_others_have_listed() {
    let program = Program::anonymous();
    // A list without a type of its own, which is shown.
    let (registry, image, listed) = listed_by_others().await;
    let tag = image.digest().replacen(':', "-", 1);
    let [list, app] = ["list", "1"].map(|tag| format!("{}/a/app:{tag}", registry.addr));
    let shown = program.succeed(&["referrers", "--insecure", "--json", &app]).await;
    assert!(shown.contains(INDEX), "an index without a type is a referrer: {shown}");
    program.succeed(&["create", "--insecure", "--oci", &list, &app]).await;
    let pushed = program.succeed(&["push", "--insecure", "--subject", "1", &list]).await;
    assert_kept(&registry.manifest("a/app", &tag).unwrap().1, &listed, 1);
    let shown = program.succeed(&["referrers", "--insecure", "--json", &app]).await;
    assert!(shown.contains(pushed.trim()), "{shown}");

    // Attached by the library.
    let (registry, _, listed) = listed_by_others().await;
    let client = program.client(&tallyman_commands::ClientOptions::default());
    let attachment = tallyman_commands::Attachment {
        artifact_type: "example/signature".parse().unwrap(),
        blobs: Vec::new(),
        annotations: std::collections::BTreeMap::new(),
    };
    let app = format!("{}/a/app:1", registry.addr).parse().unwrap();
    tallyman_commands::attach(&client, &app, &attachment).await.unwrap();
    assert_kept(&registry.manifest("a/app", &tag).unwrap().1, &listed, 1);

    // Copied: with the referrers that the source lists, with its digest tags, and with all tags.
    let (source, [one, _, signature, _]) = source().await;
    for flag in ["--referrers", "--digest-tags", "--all-tags"] {
        let target = Registry::builder().referrers(false).start().await.expect("a port is free");
        let subject = Digest::of(one.as_bytes()).to_string();
        let tag = subject.replacen(':', "-", 1);
        let listed = put_index_of_others(&target, "b/copy", &subject);
        let entry = format!(
            r#"{{"mediaType":"{OCI}","digest":"{}","size":{},"artifactType":"example/signature"}}"#,
            Digest::of(signature.as_bytes()),
            signature.len()
        );
        source.put_manifest("a/app", Some(&tag), INDEX, index(INDEX, &[entry], ""));
        let of = if flag == "--all-tags" { "" } else { ":1" };
        let (from, to) = (format!("{}/a/app{of}", source.addr), format!("{}/b/copy{of}", target.addr));
        program.succeed(&["copy", "--insecure", flag, &from, &to]).await;
        let (_, after) = target.manifest("b/copy", &tag).unwrap();
        assert_kept(&after, &listed, 1);
        assert!(target.manifest("b/copy", Digest::of(signature.as_bytes()).as_str()).is_some(), "{flag}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn all_tags_leave_what_others_have_listed_for_a_long_digest() {
    let (source, [one, _, signature, _]) = source().await;
    let tag = format!("sha512-{:.64}", Digest::with(Algorithm::Sha512, one.as_bytes()).hex());
    let entry = format!(
        r#"{{"mediaType":"{OCI}","digest":"{}","size":{},"artifactType":"example/signature"}}"#,
        Digest::of(signature.as_bytes()),
        signature.len()
    );
    source.put_manifest("a/app", Some(&tag), INDEX, index(INDEX, &[entry], ""));
    let from = format!("{}/a/app", source.addr);
    for platforms in [&[][..], &["--platform", "linux/amd64"]] {
        let target = Registry::builder().referrers(false).start().await.expect("a port is free");
        let listed = put_index_of_others(&target, "b/copy", &tag);
        let to = format!("{}/b/copy", target.addr);
        let line = ["copy", "--insecure", "--all-tags", &from, &to];
        // Of the images those of other platforms fail.
        Program::anonymous().run(&[&line[..], platforms].concat()).await;
        assert_kept(&target.manifest("b/copy", &tag).unwrap().1, &listed, 1);
        assert!(target.manifest("b/copy", Digest::of(signature.as_bytes()).as_str()).is_some());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_image_under_the_fallback_tag_is_not_written_over() {
    let registry = Registry::builder().referrers(false).start().await.expect("a port is free");
    let [image, other] = [Image::oci("linux/amd64", "one"), Image::oci("linux/arm64", "one")];
    image.put(&registry, "a/app", Some("1"));
    let tag = image.digest().replacen(':', "-", 1);
    other.put(&registry, "a/app", Some(&tag));
    let [list, app] = ["list", "1"].map(|tag| format!("{}/a/app:{tag}", registry.addr));
    let program = Program::anonymous();
    program.succeed(&["create", "--insecure", "--oci", &list, &app]).await;
    let refused = program.run(&["push", "--insecure", "--subject", "1", &list]).await;
    assert!(refused.stderr.contains("expected an image index of referrers"), "{}", refused.stderr);
    assert_eq!(registry.manifest("a/app", &tag).unwrap().1, other.manifest.as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn an_interrupted_copy_of_a_referrer_is_listed_when_it_is_made_again() {
    let (source, [_, _, signature, _]) = source().await;
    let target = Registry::builder().referrers(false).start().await.expect("a port is free");
    let refused = "server-error,status=403,method=PUT,path=/v2/*/manifests/sha256-*,times=1";
    target.add_fault(refused.parse().unwrap());
    let program = Program::anonymous();
    let digest = Digest::of(signature.as_bytes());
    let at = |registry: &RunningRegistry, rest: &str| format!("{}/{rest}", registry.addr);
    program.succeed(&["copy", "--insecure", &at(&source, "a/app:1"), &at(&target, "b/app:1")]).await;
    let [from, to] = [(&source, "a/app"), (&target, "b/app")]
        .map(|(registry, repository)| at(registry, &format!("{repository}@{digest}")));
    let line = ["copy", "--insecure", &from, &to];
    let interrupted = program.run(&line).await;
    assert_eq!(interrupted.exit, 1, "{}", interrupted.stdout);
    let referrers = ["referrers", "--insecure", "--json", &at(&target, "b/app:1")];
    assert_eq!(program.succeed(&referrers).await.trim(), "[]");

    let planned = program.succeed(&[&line[..], &["--dry-run"]].concat()).await;
    assert!(planned.contains("/b/app:sha256-"), "{planned}");
    program.succeed(&line).await;
    assert!(program.succeed(&referrers).await.contains(digest.as_str()));
    // And once is enough.
    let planned = program.succeed(&[&line[..], &["--dry-run"]].concat()).await;
    assert!(planned.contains("is already up to date"), "{planned}");
}

/// The digests that are listed under the fallback tag of a subject.
fn listed_at(registry: &RunningRegistry, repository: &str, subject: &str) -> Vec<String> {
    let (_, bytes) =
        registry.manifest(repository, &subject.replacen(':', "-", 1)).expect("there is an index");
    let index: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    entries.map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
}

/// The number of requests of a method to paths that contain `part`.
fn count(registry: &RunningRegistry, method: &str, part: &str) -> usize {
    registry.requests().iter().filter(|asked| asked.method == method && asked.path.contains(part)).count()
}

#[tokio::test(flavor = "current_thread")]
async fn attachments_of_one_client_at_the_same_time_are_all_listed() {
    let registry = Registry::builder().referrers(false).start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&registry, "a/app", Some("1"));
    // Those who look at the index now and then have what was there before the last was put.
    registry.add_fault("latency,ms=60,method=GET,path=/v2/a/app/manifests/sha256-*".parse().unwrap());
    registry.add_fault("latency,ms=30,method=PUT".parse().unwrap());
    let client = Program::anonymous().client(&tallyman_commands::ClientOptions::default());
    let app = format!("{}/a/app:1", registry.addr).parse().unwrap();
    let (client, app) = (&client, &app);
    let attachments = (0..6).map(|at| async move {
        let artifact_type = format!("example/signature{at}").parse().unwrap();
        let attachment = tallyman_commands::Attachment {
            artifact_type,
            blobs: Vec::new(),
            annotations: std::collections::BTreeMap::new(),
        };
        let made = tallyman_commands::attach(client, app, &attachment).await.expect("it is taken");
        made.digest.to_string()
    });
    let mut attached = futures_util::future::join_all(attachments).await;
    let mut listed = listed_at(&registry, "a/app", &image.digest());
    attached.sort();
    listed.sort();
    assert_eq!(listed, attached);
    assert_eq!(count(&registry, "PUT", "/blobs/"), 1, "the empty content is uploaded once");
}

#[tokio::test(flavor = "current_thread")]
async fn referrers_that_several_programs_push_at_the_same_time_are_all_listed() {
    let registry = Registry::builder().referrers(false).start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&registry, "a/app", Some("1"));
    registry.add_fault("latency,ms=200,method=PUT,path=/v2/a/app/manifests/sha256-*".parse().unwrap());
    let program = &Program::anonymous();
    let app = &format!("{}/a/app:1", registry.addr);
    let pushes = ["one", "two", "three"].map(|tag| {
        let list = format!("{}/a/app:{tag}", registry.addr);
        async move {
            let artifact_type = format!("example/{tag}");
            program.succeed(&["create", "--insecure", "--oci", &list, app]).await;
            let line = ["push", "--insecure", "--subject", "1", "--artifact-type", &artifact_type, &list];
            program.succeed(&line).await.trim().to_owned()
        }
    });
    let mut pushed = futures_util::future::join_all(pushes).await;
    let mut listed = listed_at(&registry, "a/app", &image.digest());
    pushed.sort();
    listed.sort();
    assert_eq!(listed, pushed);
}

#[tokio::test(flavor = "current_thread")]
async fn a_referrer_is_put_once_for_all_tags_of_its_subject() {
    let (source, [one, _, signature, _]) = source().await;
    for tag in ["3", "4"] {
        source.put_manifest("a/app", Some(tag), OCI, one.clone());
    }
    let target = Registry::builder().referrers(false).start().await.expect("a port is free");
    target.add_fault("latency,ms=50".parse().unwrap());
    let (from, to) = (format!("{}/a/app", source.addr), format!("{}/b/copy", target.addr));
    let line = ["copy", "--insecure", "--all-tags", "--referrers", &from, &to];
    Program::anonymous().succeed(&line).await;
    let digest = Digest::of(signature.as_bytes());
    assert_eq!(count(&target, "PUT", digest.as_str()), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn copies_of_one_client_bring_nothing_twice_and_one_that_fails_fails_no_other() {
    let (source, images, _) = index_source().await;
    images[0].put(&source, "a/app", Some("1"));
    for refused in [0, 1] {
        let target = Registry::builder().start().await.expect("a port is free");
        target.add_fault("latency,ms=50".parse().unwrap());
        let fault = format!("server-error,status=403,method=PUT,path=/v2/b/copy/blobs/*,times={refused}");
        target.add_fault(fault.parse().unwrap());
        let client = &Program::anonymous().client(&tallyman_commands::ClientOptions::default());
        let from = &format!("{}/a/app:1", source.addr).parse().unwrap();
        let copies = ["1", "2", "3"].map(|tag| {
            let to = format!("{}/b/copy:{tag}", target.addr).parse().unwrap();
            async move {
                let copier = tallyman_commands::Copier::new(client);
                let plan = tallyman_commands::plan_copy(client, from, &to, None).await.unwrap();
                copier.carry_out(&to, &plan, &|_| {}).await
            }
        });
        let copied = futures_util::future::join_all(copies).await;
        let failed = copied.iter().filter(|copied| copied.is_err()).count();
        assert_eq!(failed, refused, "{copied:?}");
        let uploads = count(&target, "PUT", "/blobs/");
        let blobs = 2;
        assert!((blobs..=blobs + refused).contains(&uploads), "{uploads} uploads of {blobs} blobs");
        // A deleted manifest is copied again.
        let (to, digest) = (format!("{}/b/copy:again", target.addr).parse().unwrap(), images[0].digest());
        let manifest = format!("{}/b/copy@{digest}", target.addr).parse().unwrap();
        client.delete_manifest(&manifest).await.expect("it is there");
        let copier = tallyman_commands::Copier::new(client);
        let plan = tallyman_commands::plan_copy(client, from, &to, None).await.unwrap();
        copier.carry_out(&to, &plan, &|_| {}).await.expect("it is copied again");
        assert!(target.manifest("b/copy", "again").is_some());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn all_tags_that_move_no_tag_add_to_what_a_subject_has_there() {
    let (source, [one, _, signature, _]) = source().await;
    let subject = Digest::of(one.as_bytes()).to_string();
    let tag = subject.replacen(':', "-", 1);
    let entry = format!(
        r#"{{"mediaType":"{OCI}","digest":"{}","size":{},"artifactType":"example/signature"}}"#,
        Digest::of(signature.as_bytes()),
        signature.len()
    );
    source.put_manifest("a/app", Some(&tag), INDEX, index(INDEX, &[entry], ""));
    let target = Registry::builder().referrers(false).start().await.expect("a port is free");
    let before = put_index_of_others(&target, "b/copy", &subject);
    let (from, to) = (format!("{}/a/app", source.addr), format!("{}/b/copy", target.addr));
    let line = ["copy", "--insecure", "--never-overwrite", "--all-tags", &from, &to];
    let planned = Program::anonymous().succeed(&[&line[..], &["--dry-run"]].concat()).await;
    assert!(planned.contains(&tag), "{planned}");
    Program::anonymous().succeed(&line).await;
    assert_kept(&target.manifest("b/copy", &tag).unwrap().1, &before, 1);
}
