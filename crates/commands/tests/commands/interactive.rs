//! The use-cases of programs that show each step: sources one at a time, whether they are fresh, plans that are looked at
//! before, held, and gone on with.

use std::{cell::RefCell, collections::BTreeSet};

use crate::{
    served::images::Image,
    support::{Shell, plan},
};
use futures_util::{FutureExt, future};
use tallyman_commands::{
    Freshness, PushEvent, SourceImages, Standing, convert, execute, execute_rest, fetch_source, fetch_whole,
    freshness, plan_copy, purge, refreshed, resolve, survey, with_subject,
};
use tallyman_core::{
    Action, Digest, Format, IndexForm, ListEntry, ManifestList, Platform, PushPlan, Reference,
};
use tallyman_store::{ListStore, MemoryStore};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const HOST: &str = "h.io:5000";

/// Puts an image of this architecture, and gives its manifest's bytes.
fn put(shell: &Shell, repository: &str, tag: &str, architecture: &str, content: &str) -> String {
    let config = format!(r#"{{"os":"linux","architecture":"{architecture}","x":"{content}"}}"#);
    let blob = |text: &str| {
        shell.registry.put_blob(repository, text.as_bytes());
        format!(r#"{{"mediaType":"a/b","digest":"{}","size":{}}}"#, Digest::of(text.as_bytes()), text.len())
    };
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{},"layers":[{}]}}"#,
        blob(&config),
        blob(content)
    );
    shell.registry.put_manifest(repository, tag, OCI, manifest.as_bytes());
    manifest
}

fn name(rest: &str) -> Reference {
    format!("{HOST}/{rest}").parse().unwrap()
}

async fn image(shell: &Shell, reference: &Reference) -> ListEntry {
    match fetch_source(&shell.client(), reference).await.unwrap() {
        SourceImages::Image(entry) => *entry,
        SourceImages::List(_) => panic!("{reference} is an image"),
    }
}

/// The plan for pushing a list of an image in `a/one` and one in the repository `second`, and the first one's manifest.
async fn two_images(shell: &Shell, second: &str) -> (String, PushPlan) {
    let one = put(shell, "a/one", "1", "amd64", "1");
    put(shell, second, "1", "arm", "2");
    let list = name("a/app:v1");
    let images = [name("a/one:1"), name(&format!("{second}:1"))].map(|image| image.to_string());
    shell.done(&["create", "--insecure", &list.to_string(), &images[0], &images[1]]).await;
    (one, plan(&*shell.store, &list).await)
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_as_a_source_gives_the_same_images_to_the_app_and_to_the_command_line() {
    let shell = Shell::new();
    let (one, two) = (put(&shell, "a/app", "", "amd64", "1"), put(&shell, "a/app", "", "arm", "2"));
    let entry = |manifest: &str, more: &str| {
        let digest = Digest::of(manifest.as_bytes());
        format!(r#"{{"mediaType":"{OCI}","digest":"{digest}","size":{}{more}}}"#, manifest.len())
    };
    let three = put(&shell, "a/app", "", "s390x", "3");
    // The entry of the nested list does not name its platform: it is that of the config.
    let nested =
        format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, entry(&three, ""));
    shell.registry.put_manifest("a/app", "", INDEX, nested.as_bytes());
    let attestation = r#","platform":{"os":"unknown","architecture":"unknown"},"annotations":{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"x"}"#;
    let entries = [
        entry(&one, r#","platform":{"os":"linux","architecture":"amd64"}"#),
        entry(&two, r#","platform":{"os":"linux","architecture":"arm","variant":"v7"}"#),
        entry(&two, attestation),
        format!(
            r#"{{"mediaType":"{INDEX}","digest":"{}","size":{}}}"#,
            Digest::of(nested.as_bytes()),
            nested.len()
        ),
    ];
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, entries.join(","));
    shell.registry.put_manifest("a/app", "all", INDEX, index.as_bytes());
    let SourceImages::List(found) = fetch_source(&shell.client(), &name("a/app:all")).await.unwrap() else {
        panic!("it is a list");
    };
    let references: Vec<_> = found.iter().map(|entry| entry.reference.to_string()).collect();
    let by_digest = |manifest: &str| name("a/app").by_digest(Digest::of(manifest.as_bytes())).to_string();
    assert_eq!(references, [by_digest(&one), by_digest(&two), by_digest(&three)]);
    assert_eq!(found[1].platform().variant, "v7");
    assert_eq!(found[2].platform().architecture, "s390x");
    let list = name("a/app:flat");
    let all = name("a/app:all").to_string();
    let line = ["create", "--insecure", "--flatten", "--no-attestations", &list.to_string(), &all];
    shell.done(&line).await;
    let made = shell.store.load(&list).await.unwrap().unwrap();
    let described = |entry: &ListEntry| (entry.reference.to_string(), entry.platform());
    let mut found: Vec<_> = found.iter().map(described).collect();
    found.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(made.iter().map(described).collect::<Vec<_>>(), found);
}

#[tokio::test(flavor = "current_thread")]
async fn an_index_as_the_whole_of_a_list_keeps_its_bytes_and_an_image_is_the_only_entry() {
    let shell = Shell::new();
    let (one, two) = (put(&shell, "a/app", "one", "amd64", "1"), put(&shell, "a/app", "", "arm", "2"));
    let attestation = put(&shell, "a/app", "", "unknown", "3");
    let entry = |manifest: &str, more: &str| {
        let digest = Digest::of(manifest.as_bytes());
        format!(r#"{{"mediaType":"{OCI}","digest":"{digest}","size":{}{more}}}"#, manifest.len())
    };
    let attests = format!(
        r#","platform":{{"os":"unknown","architecture":"unknown"}},"annotations":{{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{}"}}"#,
        Digest::of(one.as_bytes())
    );
    let entries = [
        entry(&two, r#","platform":{"os":"linux","architecture":"arm"},"annotations":{"e":"1"}"#),
        entry(&one, r#","platform":{"os":"linux","architecture":"amd64"}"#),
        entry(&attestation, &attests),
    ];
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","artifactType":"a/b","subject":{},"annotations":{{"x":"y"}},"more":1,"manifests":[{}]}}"#,
        entry(&one, ""),
        entries.join(",")
    );
    shell.registry.put_manifest("a/app", "whole", INDEX, index.as_bytes());
    let (entries, form) = fetch_whole(&shell.client(), &name("a/app:whole")).await.unwrap();
    let mut list = ManifestList::new(name("a/app:new"));
    *list.form_mut() = form;
    for entry in entries {
        list.insert(entry).unwrap();
    }
    assert_eq!(String::from_utf8(list.to_bytes()).unwrap(), index);
    let written: Vec<_> = list.in_written_order().iter().map(|entry| entry.platform().architecture).collect();
    assert_eq!(written, ["arm", "amd64", "unknown"]);

    let (entries, form) = fetch_whole(&shell.client(), &name("a/app:one")).await.unwrap();
    assert_eq!((entries, form), (vec![image(&shell, &name("a/app:one")).await], IndexForm::default()));
}

#[tokio::test(flavor = "current_thread")]
async fn the_plan_of_a_copy_says_what_its_target_stands_for_before() {
    let shell = Shell::new();
    let (one, two) = (put(&shell, "a/app", "1", "amd64", "1"), put(&shell, "a/app", "2", "arm", "2"));
    let digest = |manifest: &str| Standing::Manifest(Digest::of(manifest.as_bytes()));
    for (target, standing) in [("1", digest(&one)), ("2", digest(&two)), ("new", Standing::Nothing)] {
        let target = name(&format!("a/app:{target}"));
        let plan = plan_copy(&shell.client(), &name("a/app:1"), &target, None).await.unwrap();
        assert_eq!(plan.plan.is_none(), standing == digest(&one), "{target}");
        assert_eq!(plan.standing, standing, "{target}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_with_one_image_for_two_platforms_is_no_source() {
    let shell = Shell::new();
    let image = put(&shell, "a/app", "", "arm", "1");
    let (digest, size) = (Digest::of(image.as_bytes()), image.len());
    let entries = ["v6", "v7"].map(|variant| {
        format!(
            r#"{{"mediaType":"{OCI}","digest":"{digest}","size":{size},"platform":{{"os":"linux","architecture":"arm","variant":"{variant}"}}}}"#
        )
    });
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, entries.join(","));
    shell.registry.put_manifest("a/app", "dup", INDEX, index.as_bytes());
    let error = fetch_source(&shell.client(), &name("a/app:dup")).await.unwrap_err();
    assert_eq!(error.code(), "several-platforms");
    let told = error.to_string();
    assert!(told.contains("linux/arm/v6 and linux/arm/v7"), "{told}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_entry_is_fresh_until_its_tag_moves_or_goes() {
    let shell = Shell::new();
    put(&shell, "a/app", "edge", "arm", "old");
    let edge = name("a/app:edge");
    let mut entry = image(&shell, &edge).await;
    assert_eq!(freshness(&shell.client(), &entry).await.unwrap(), Freshness::Fresh);
    // Annotated by hand: that stays when it is refreshed.
    let annotated = Platform { variant: "v7".into(), ..entry.platform() };
    entry.descriptor.platform = Some(annotated.clone());
    let now = put(&shell, "a/app", "edge", "arm", "new");
    let moved = Digest::of(now.as_bytes());
    assert_eq!(freshness(&shell.client(), &entry).await.unwrap(), Freshness::Stale(moved.clone()));
    let fresh = refreshed(&shell.client(), &entry).await.unwrap();
    assert_eq!((&fresh.descriptor.digest, fresh.platform()), (&moved, annotated));
    assert_eq!(fresh.reference, edge);
    // Another architecture is another image: what was said of the old one does not hold.
    put(&shell, "a/app", "edge", "s390x", "other");
    assert_eq!(refreshed(&shell.client(), &entry).await.unwrap().platform(), Platform::new("linux", "s390x"));
    shell.registry.contents.borrow_mut().manifests.clear();
    assert_eq!(freshness(&shell.client(), &entry).await.unwrap(), Freshness::Missing);
}

#[tokio::test(flavor = "current_thread")]
async fn existing_content_is_found_and_skipped() {
    let shell = Shell::new();
    let (one, plan) = two_images(&shell, "a/two").await;
    let found = survey(&shell.client(), &plan).await.unwrap();
    assert_eq!((found.present.len(), found.standing), (0, None));

    // One image is there already, with its blobs.
    shell.registry.put_manifest("a/app", "", OCI, one.as_bytes());
    for blob in [r#"{"os":"linux","architecture":"amd64","x":"1"}"#, "1"] {
        shell.registry.put_blob("a/app", blob.as_bytes());
    }
    let found = survey(&shell.client(), &plan).await.unwrap();
    assert_eq!(found.present.len(), 3);
    shell.requests();
    let gate = || future::ready(()).boxed_local();
    let events = RefCell::new(Vec::new());
    let tell = |event| events.borrow_mut().push(event);
    let digest = execute_rest(&shell.client(), &plan, &found.present, &gate, &tell).await.unwrap();
    assert_eq!(&digest, plan.list().1);
    let requests = shell.requests();
    assert_eq!(requests.len(), plan.steps.len() - 3, "{requests:?}");
    let copied = events.borrow().iter().filter(|event| matches!(event, PushEvent::Copied { .. })).count();
    assert_eq!(copied, 2, "what was there is told of as what was put");
    assert_eq!(survey(&shell.client(), &plan).await.unwrap().standing.as_ref(), Some(&digest));

    // Nothing is left to do.
    let all: BTreeSet<usize> = (0..plan.steps.len()).collect();
    shell.requests();
    assert_eq!(execute_rest(&shell.client(), &plan, &all, &gate, &|_| ()).await.unwrap(), digest);
    assert!(shell.requests().is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn a_push_that_failed_goes_on_with_what_is_left() {
    let shell = Shell::new();
    let (_, plan) = two_images(&shell, "b/two").await;
    // A blob of the second image is lost, and comes back.
    let key = ("b/two".to_owned(), Digest::of(b"2").to_string());
    let lost = shell.registry.contents.borrow_mut().blobs.remove(&key).unwrap();
    let done = RefCell::new(BTreeSet::new());
    let failed = RefCell::new(Vec::new());
    let tell = |event| match event {
        PushEvent::Done(index) => drop(done.borrow_mut().insert(index)),
        PushEvent::Failed(index) => failed.borrow_mut().push(index),
        _ => {}
    };
    execute(&shell.client(), &plan, &tell).await.unwrap_err();
    let failed = failed.take();
    assert_eq!(failed.len(), 1);
    assert!(
        matches!(&plan.steps[failed[0]].action, Action::MountBlob { digest, .. } if *digest == Digest::of(b"2"))
    );
    assert!(!done.borrow().is_empty());
    shell.registry.contents.borrow_mut().blobs.insert(key, lost);
    shell.requests();
    let gate = || future::ready(()).boxed_local();
    let before = done.borrow().clone();
    let digest = execute_rest(&shell.client(), &plan, &before, &gate, &|_| ()).await.unwrap();
    assert_eq!(&digest, plan.list().1);
    assert_eq!(shell.requests().len(), plan.steps.len() - before.len());
}

#[tokio::test(flavor = "current_thread")]
async fn a_closed_gate_holds_every_step() {
    let shell = Shell::new();
    put(&shell, "a/one", "1", "amd64", "1");
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", &list.to_string(), &name("a/one:1").to_string()]).await;
    let plan = plan(&*shell.store, &list).await;
    shell.requests();
    let closed = || future::pending::<()>().boxed_local();
    let client = shell.client();
    let nothing = BTreeSet::new();
    let held = execute_rest(&client, &plan, &nothing, &closed, &|event| {
        panic!("{event:?} while the gate is closed")
    });
    assert!(held.now_or_never().is_none());
    assert!(shell.requests().is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn a_platform_chooses_one_image_of_a_list_and_must_be_that_of_a_single_image() {
    let shell = Shell::new();
    let arm = put(&shell, "a/app", "arm", "arm", "1");
    let entry = |manifest: &str, platform: &str| {
        let digest = Digest::of(manifest.as_bytes());
        format!(
            r#"{{"mediaType":"{OCI}","digest":"{digest}","size":{},"platform":{platform}}}"#,
            manifest.len()
        )
    };
    let v7 = put(&shell, "a/app", "v7", "arm", "2");
    let entries = [
        entry(&arm, r#"{"os":"linux","architecture":"arm","variant":"v6"}"#),
        entry(&v7, r#"{"os":"linux","architecture":"arm","variant":"v7"}"#),
    ];
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, entries.join(","));
    shell.registry.put_manifest("a/app", "all", INDEX, index.as_bytes());
    let cases = [
        ("all", "linux/arm/v7", Ok(&v7)),
        ("all", "linux/arm", Ok(&v7)),
        ("all", "armhf", Ok(&v7)),
        ("all", "LINUX/arm/6", Ok(&arm)),
        ("all", "linux/arm/v5", Err("platform-not-found")),
        ("all", "linux/arm64", Err("platform-not-found")),
        ("arm", "linux/arm", Ok(&arm)),
        ("arm", "linux/amd64", Err("platform-not-found")),
        ("arm", "windows/arm", Err("platform-not-found")),
    ];
    for (tag, platform, expected) in cases {
        let image = name(&format!("a/app:{tag}"));
        let found = resolve(&shell.client(), &image, Some(&platform.parse().unwrap())).await;
        let found = found.as_ref().map(|manifest| manifest.digest().clone()).map_err(|error| error.code());
        assert_eq!(found, expected.map(|bytes| Digest::of(bytes.as_bytes())), "{tag} {platform}");
        // The command line says the same.
        for command in ["digest", "copy"] {
            let (image, target) = (image.to_string(), name("a/other:v1").to_string());
            let mut line = vec![command, "--insecure", "--json", "--platform", platform, "--dry-run", &image];
            match command {
                "copy" => line.push(&target),
                _ => line.retain(|word| *word != "--dry-run"),
            }
            let outcome = shell.run(&line).await;
            match expected {
                Ok(_) => assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""), "{line:?}"),
                Err(code) => assert!(outcome.stderr.contains(&format!("\"code\":\"{code}\"")), "{outcome:?}"),
            }
        }
    }
}

/// Puts an OCI image that has a Docker form, under a tag of `a/app`.
fn put_image(shell: &Shell, tag: &str) {
    let image = Image::oci("linux/amd64", tag);
    for blob in &image.blobs {
        shell.registry.put_blob("a/app", blob.as_bytes());
    }
    shell.registry.put_manifest("a/app", tag, OCI, image.manifest.as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_that_was_pushed_in_another_form_is_removed_unless_it_was_changed_meanwhile() {
    let shell = Shell::new();
    put_image(&shell, "amd64");
    let mut list = ManifestList::new(name("a/app:v1"));
    list.insert(image(&shell, &name("a/app:amd64")).await).unwrap();
    list.form_mut().oci = true;
    let mut with_type = PushPlan::new(&list).unwrap();
    with_subject(&mut with_type, None, Some("example/list".parse().unwrap())).unwrap();
    let mut by_digest = PushPlan::new(&list).unwrap();
    by_digest.put_by_digest();
    for plan in [with_type, by_digest, convert(&list, Format::Docker).unwrap().plan] {
        assert_eq!(plan.local_list(), Some(&list.digest()));
        let store = MemoryStore::new();
        store.save(&list).await.unwrap();
        assert!(purge(&store, &plan).await.unwrap());
        assert_eq!(store.load(list.reference()).await.unwrap(), None);
        let mut changed = list.clone();
        changed.form_mut().annotations.insert("a".to_owned(), "b".to_owned());
        store.save(&changed).await.unwrap();
        assert!(!purge(&store, &plan).await.unwrap());
        assert!(store.load(list.reference()).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "current_thread")]
async fn converted_images_are_put_in_the_order_of_the_list() {
    let shell = Shell::new();
    let mut list = ManifestList::new(name("a/app:v1"));
    for tag in (10..30).map(|number| format!("t{number}")) {
        put_image(&shell, &tag);
        list.insert(image(&shell, &name(&format!("a/app:{tag}"))).await).unwrap();
    }
    let plan = convert(&list, Format::Docker).unwrap().plan;
    let references = plan.steps.iter().filter_map(|step| match &step.action {
        Action::PutManifest { reference, .. } => Some(reference),
        _ => None,
    });
    assert!(references.eq(list.iter().map(|entry| &entry.reference)), "{plan}");
}
