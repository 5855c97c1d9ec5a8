//! The plan of a push, without any network.

use tallyman_core::{
    Action, Descriptor, Digest, ListEntry, Manifest, ManifestList, MediaType, PlanError, Platform, PushPlan,
};

/// An entry whose manifest has a config and these layers.
fn entry(reference: &str, os: &str, layers: &[&str]) -> ListEntry {
    let blob = |name: &str| {
        format!(
            r#"{{"mediaType":"application/octet-stream","size":1,"digest":"{}"}}"#,
            Digest::of(name.as_bytes())
        )
    };
    let layers: Vec<String> = layers.iter().map(|layer| blob(layer)).collect();
    let config = blob(&format!("config of {reference}"));
    let json = format!(
        "{{\n   \"schemaVersion\": 2,\n   \"config\": {config},\n   \"layers\": [{}]\n}}",
        layers.join(",")
    );
    let mut descriptor =
        Descriptor::new(MediaType::DockerManifest, Digest::of(json.as_bytes()), json.len() as u64);
    descriptor.platform = Some(Platform::new(os, "amd64"));
    ListEntry::new(reference.parse().expect("a reference"), descriptor, json.into_bytes()).expect("JSON")
}

fn list(target: &str, entries: Vec<ListEntry>) -> ManifestList {
    let mut list = ManifestList::new(target.parse().expect("a reference"));
    for entry in entries {
        list.insert(entry).expect("a new name");
    }
    list
}

#[test]
fn entries_of_the_targets_repository_need_nothing_but_the_list() {
    let list = list("h.io/a/app:v1", vec![entry("h.io/a/app:amd64", "linux", &["l"])]);
    let plan = PushPlan::new(&list).unwrap();
    assert_eq!((plan.steps.len(), plan.depth(), plan.copies.len()), (1, 1, 0));
    let (media_type, digest, bytes) = plan.list();
    assert_eq!((media_type, digest, &**bytes), (&MediaType::DockerList, &list.digest(), &*list.to_bytes()));
    assert_eq!(
        plan.to_string(),
        format!(
            "1  put h.io/a/app:v1, {} bytes, Docker manifest list, {}  (1 request)\n1 step to h.io/a/app:v1: 1 request, 1 round trip",
            bytes.len(),
            list.digest()
        )
    );
}

#[test]
fn a_target_without_tag_is_put_by_the_lists_own_digest() {
    let named = format!("h.io/a/app@{}", Digest::of(b"another"));
    for (target, tag) in [(named.clone(), None), (named.replace('@', ":v1@"), Some("v1"))] {
        let list = list(&target, vec![entry("h.io/a/app:amd64", "linux", &[])]);
        let plan = PushPlan::new(&list).unwrap();
        let Action::PutList { reference, .. } = &plan.steps[0].action else { panic!("{plan}") };
        assert_eq!(reference.target(), tag.unwrap_or(list.digest().as_str()));
    }
}

#[test]
fn a_blob_is_mounted_once_and_what_needs_it_waits_for_it() {
    let list = list(
        "h.io/a/app:v1",
        vec![
            entry("h.io/b/one:1", "linux", &["base", "one"]),
            entry("h.io/b/two:1", "linux", &["base", "two", "two"]),
            entry("h.io/a/app:own", "linux", &["base"]),
        ],
    );
    let plan = PushPlan::new(&list).unwrap();
    let mounted: Vec<(&Digest, Vec<&str>)> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::MountBlob { digest, sources, .. } => {
                Some((digest, sources.iter().map(|source| source.repository.as_str()).collect()))
            }
            _ => None,
        })
        .collect();
    let blobs = ["config of h.io/b/one:1", "base", "one", "config of h.io/b/two:1", "two"]
        .map(|blob| Digest::of(blob.as_bytes()));
    assert_eq!(
        mounted.iter().map(|(digest, _)| *digest).collect::<Vec<_>>(),
        blobs.iter().collect::<Vec<_>>()
    );
    assert_eq!(mounted[1].1, ["b/one", "b/two"]);
    let after: Vec<&[usize]> = plan.steps.iter().map(|step| &*step.after).collect();
    let none: &[usize] = &[];
    assert_eq!(after, [none, none, none, none, none, &[0, 1, 2], &[1, 3, 4], &[5, 6]]);
    assert_eq!((plan.depth(), plan.cost().requests, plan.cost().at_most), (3, 8, 15));
    let copies: Vec<(String, usize)> =
        plan.copies.iter().map(|(reference, step)| (reference.to_string(), *step)).collect();
    assert_eq!(copies, [("h.io/b/one:1".to_owned(), 5), ("h.io/b/two:1".to_owned(), 6)]);
    let text = plan.to_string();
    assert!(text.contains("from b/one or b/two  (1 request, at most 4)"), "{text}");
    assert!(text.ends_with("8 steps to h.io/a/app:v1: 8 requests, at most 15, 3 round trips"), "{text}");
}

#[test]
fn an_image_of_two_names_is_put_once_and_told_twice() {
    let one = entry("h.io/b/one:1", "linux", &["l"]);
    let two = ListEntry { reference: "h.io/b/one:2".parse().unwrap(), ..one.clone() };
    let plan = PushPlan::new(&list("h.io/a/app:v1", vec![one, two])).unwrap();
    assert_eq!(plan.steps.len(), 4);
    assert_eq!(plan.copies.iter().map(|(_, step)| *step).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn only_windows_may_go_on_without_a_blob() {
    let may_fail = |entries| {
        let plan = PushPlan::new(&list("h.io/a/app:v1", entries)).unwrap();
        plan.steps
            .iter()
            .find_map(|step| match &step.action {
                Action::MountBlob { digest, sources, .. } if *digest == Digest::of(b"l") => {
                    Some(sources.iter().map(|source| source.may_fail).collect::<Vec<_>>())
                }
                _ => None,
            })
            .unwrap()
    };
    assert_eq!(may_fail(vec![entry("h.io/w/nano:1", "windows", &["l"])]), [true]);
    let both = vec![entry("h.io/w/nano:1", "windows", &["l"]), entry("h.io/w/nano:2", "linux", &["l"])];
    assert_eq!(may_fail(both), [false]);
    let apart = vec![entry("h.io/w/nano:1", "windows", &["l"]), entry("h.io/x/tux:2", "linux", &["l"])];
    assert_eq!(may_fail(apart), [true, false]);
}

#[test]
fn early_refusals_use_dockers_words() {
    let nameless = {
        let mut entry = entry("h.io/b/one:1", "linux", &[]);
        entry.descriptor.platform = Some(Platform::new("linux", ""));
        entry
    };
    let unset = {
        let mut entry = entry("h.io/b/one:1", "linux", &[]);
        entry.descriptor.platform = None;
        entry
    };
    let missing = "manifest h.io/b/one:1 must have an OS and Architecture to be pushed to a registry";
    let other = "cannot use source images from a different registry than the target image: h.io:5000 != h.io";
    let changed = {
        let mut entry = entry("h.io/b/one:1", "linux", &["l"]);
        entry.raw = Some(b"{\"config\":{\"digest\":\"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2}}"[..].into());
        entry
    };
    let mismatch = format!(
        "internal digest mismatch for h.io/b/one:1: expected {}, got {}",
        changed.descriptor.digest,
        Digest::of(changed.raw.as_ref().unwrap())
    );
    for (entries, message, code) in [
        (vec![nameless], missing.to_owned(), "platform-missing"),
        (vec![unset], missing.to_owned(), "platform-missing"),
        (vec![entry("h.io:5000/b/one:1", "linux", &[])], other.to_owned(), "other-registry"),
        (vec![changed], mismatch, "digest-mismatch"),
    ] {
        let error: PlanError = PushPlan::new(&list("h.io/a/app:v1", entries)).unwrap_err();
        assert_eq!((error.to_string(), error.code()), (message, code));
    }
}

#[test]
fn images_of_other_registries_are_copied_where_that_is_asked_for() {
    let near = entry("h.io/a/near:1", "linux", &["shared", "near"]);
    let far = entry("far.io/a/app:1", "linux", &["shared", "far"]);
    let list = list("h.io/a/app:v1", vec![near, far]);
    assert!(matches!(PushPlan::new(&list), Err(PlanError::OtherRegistry { .. })));
    let plan = PushPlan::with_copies(&list).unwrap();
    let (mut copied, mut mounted) = (Vec::new(), Vec::new());
    for step in &plan.steps {
        match &step.action {
            Action::CopyBlob { source, digest, .. } => {
                assert_eq!(source.to_string(), "far.io/a/app:1");
                copied.push(digest.clone());
            }
            Action::MountBlob { digest, .. } => mounted.push(digest.clone()),
            _ => {}
        }
    }
    assert_eq!(copied, [Digest::of(b"config of far.io/a/app:1"), Digest::of(b"far")]);
    assert!(mounted.contains(&Digest::of(b"shared")), "what is in the registry is not transferred: {plan}");
    assert_eq!(plan.copies.len(), 2, "the same repository name elsewhere is another repository");
    assert!(plan.to_string().contains("1 bytes, from far.io/a/app, unless it is there"), "{plan}");
}

#[test]
fn a_foreign_layer_is_copied_unless_it_names_where_else_it_is() {
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let distributable = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let at = r#","urls":["https://x.example/1"]"#;
    for (media_type, urls, is_copied) in [
        (foreign, "", true),
        (foreign, r#","urls":[]"#, true),
        (foreign, at, false),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "", true),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", at, false),
        (distributable, at, true),
    ] {
        let json = format!(
            r#"{{"schemaVersion":2,"config":{{"size":1,"digest":"{}"}},"layers":[{{"mediaType":"{media_type}","size":1,"digest":"{}"{urls}}}]}}"#,
            Digest::of(b"config"),
            Digest::of(b"layer"),
        );
        let manifest = Manifest::parse(json.as_bytes(), Some(&MediaType::DockerManifest)).unwrap();
        let descriptor =
            Descriptor { platform: Some(Platform::new("windows", "amd64")), ..manifest.descriptor() };
        let source = "far.io/a/app:1".parse().unwrap();
        let entry = ListEntry::new(source, descriptor, json.into_bytes()).unwrap();
        let target = "h.io/a/app:v1".parse().unwrap();
        let of_list = PushPlan::with_copies(&list("h.io/a/app:v1", vec![entry.clone()])).unwrap();
        for plan in [of_list, PushPlan::copying(&entry.reference, &target, &[manifest])] {
            let copies = |step: &tallyman_core::Step| matches!(&step.action, Action::CopyBlob { digest, .. } if *digest == Digest::of(b"layer"));
            assert_eq!(plan.steps.iter().any(copies), is_copied, "{media_type} {urls}: {plan}");
        }
    }
}

#[test]
fn a_copy_puts_each_manifest_behind_all_that_it_points_to() {
    let manifest = |bytes: &[u8], media_type: &MediaType| Manifest::parse(bytes, Some(media_type)).unwrap();
    let images: Vec<Manifest> = ["one", "two"]
        .map(|name| {
            manifest(
                &entry(&format!("a.io/x:{name}"), "linux", &["shared", name]).manifest_json,
                &MediaType::DockerManifest,
            )
        })
        .into();
    let entries: Vec<String> = images.iter().map(|image| image.descriptor().to_json()).collect();
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","));
    let index = manifest(index.as_bytes(), &MediaType::DockerList);
    let whole = [images[0].clone(), images[1].clone(), index.clone()];
    let (source, target) = ("a.io/x:v1".parse().unwrap(), "b.io/y:v2".parse().unwrap());
    let plan = PushPlan::copying(&source, &target, &whole);
    assert_eq!(plan.steps.len(), 5 + 2 + 1, "{plan}");
    assert!(plan.steps.iter().enumerate().all(|(at, step)| step.after.iter().all(|before| *before < at)));
    assert_eq!(plan.steps[5].after, [0, 1, 2], "config, shared layer, own layer");
    assert_eq!(plan.steps[7].after, [5, 6]);
    assert_eq!(plan.list().1, index.digest());
    assert!(matches!(&plan.steps[7].action, Action::PutList { reference, .. } if *reference == target));

    let again = PushPlan::copying(&source, &"a.io/x:v2".parse().unwrap(), &[index]);
    assert_eq!(again.steps.len(), 1, "within a repository there is nothing to bring along");
}

#[test]
fn a_plan_as_json_names_each_kind_of_step() {
    let mut list = ManifestList::new("a.io/app:v1".parse().unwrap());
    list.insert(entry("a.io/near:v1", "linux", &[])).unwrap();
    list.insert(entry("b.io/far:v1", "linux", &[])).unwrap();
    let plan = PushPlan::with_copies(&list).unwrap();
    let json: serde_json::Value = serde_json::from_str(&plan.to_json()).unwrap();
    let (media_type, digest, bytes) = plan.list();
    assert_eq!(json["target"], "a.io/app:v1");
    assert_eq!(json["mediaType"], media_type.as_str());
    assert_eq!(json["digest"], digest.as_str());
    assert_eq!(json["size"], bytes.len());
    assert_eq!(json["stepCount"], 5);
    assert_eq!(json["requests"], plan.cost().requests);
    assert_eq!(json["requestsAtMost"], plan.cost().at_most);
    assert_eq!(json["roundTrips"], 3);
    let fields =
        |step: &serde_json::Value| step.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    for (step, (kind, names)) in json["steps"].as_array().unwrap().iter().zip([
        ("mount-blob", "after digest from kind mayFail requests requestsAtMost"),
        ("copy-blob", "after digest from kind requests requestsAtMost size"),
        ("put-manifest", "after digest kind mediaType reference requests requestsAtMost size"),
        ("put-manifest", "after digest kind mediaType reference requests requestsAtMost size"),
        ("put-list", "after digest kind mediaType reference requests requestsAtMost size"),
    ]) {
        assert_eq!((step["kind"].as_str(), &*fields(step)), (Some(kind), names));
    }
    assert_eq!(json["steps"][4]["after"], serde_json::json!([2, 3]));
    let summary: serde_json::Value = serde_json::from_str(&plan.to_json_summary()).unwrap();
    assert_eq!((&summary["digest"], &summary["steps"]), (&json["digest"], &serde_json::Value::Null));
}
