//! The whole workflow against models of the registries that people use.
#![cfg(not(target_arch = "wasm32"))]

use tallyman_commands::{ClientOptions, survey};
use tallyman_core::{Digest, PushPlan};
use tallyman_dev_registry::{PASSWORD, Profile, Registry, RunningRegistry, USER};

use crate::served::Program;

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const MIB: usize = 1 << 20;

/// An image whose layers have these sizes, in bytes: its blobs and its manifest.
fn image(architecture: &str, layers: &[usize]) -> (Vec<Vec<u8>>, String) {
    let config = format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#).into_bytes();
    let descriptor = |bytes: &[u8]| {
        format!(r#"{{"mediaType":"a/b","digest":"{}","size":{}}}"#, Digest::of(bytes), bytes.len())
    };
    let layers: Vec<Vec<u8>> = layers
        .iter()
        .map(|size| format!("{architecture} {size} ").bytes().cycle().take(*size).collect())
        .collect();
    let described: Vec<String> = layers.iter().map(|layer| descriptor(layer)).collect();
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{},"layers":[{}]}}"#,
        descriptor(&config),
        described.join(",")
    );
    (layers.into_iter().chain([config]).collect(), manifest)
}

/// A registry without quirks, with an image whose layers are smaller and larger than the limits of all profiles.
async fn source() -> RunningRegistry {
    let (blobs, manifest) = image("amd64", &[MIB, 6 * MIB, 20 * MIB]);
    let mut builder = Registry::builder();
    for blob in blobs {
        builder = builder.blob("big/app", blob);
    }
    builder.manifest("big/app", Some("v1"), OCI_MANIFEST, manifest).start().await.expect("a port is free")
}

/// A registry with two images to make a list of, and the repositories that ECR wants to be made before a push.
async fn target(profile: Profile) -> RunningRegistry {
    let mut builder = Registry::builder().profile(profile);
    for architecture in ["amd64", "arm64"] {
        let repository = format!("team/{architecture}");
        let (blobs, manifest) = image(architecture, &[100]);
        for blob in blobs {
            builder = builder.blob(&repository, blob);
        }
        for tag in ["1", "2", "3", "4", "5"] {
            builder = builder.manifest(&repository, Some(tag), OCI_MANIFEST, manifest.clone());
        }
    }
    if profile == Profile::Ecr {
        for repository in ["team/app", "team/copy", "team/other"] {
            builder = builder.blob(repository, "made");
        }
    }
    builder.start().await.expect("a port is free")
}

async fn workflow(profile: Profile) {
    let (source, target) = (source().await, target(profile).await);
    let at = target.addr;
    let name = |rest: &str| format!("{at}/team/{rest}");
    let program = Program::signed_in(USER, PASSWORD);

    program.succeed(&["create", "--insecure", &name("app:v1"), &name("amd64:1"), &name("arm64:1")]).await;
    program
        .succeed(&["annotate", &name("app:v1"), &name("arm64:1"), "--arch", "arm64", "--variant", "v8"])
        .await;
    let pushed =
        program.succeed(&["push", "--insecure", "--copy", "--never-overwrite", &name("app:v1")]).await;
    let (_, list) = target.manifest("team/app", "v1").expect("the list was pushed");
    assert!(pushed.contains(Digest::of(&list).as_str()), "{pushed}");
    for architecture in ["amd64", "arm64"] {
        let (blobs, manifest) = image(architecture, &[100]);
        let digest = Digest::of(manifest.as_bytes());
        assert!(target.manifest("team/app", digest.as_str()).is_some(), "{architecture}");
        for blob in blobs {
            assert!(target.blob("team/app", Digest::of(&blob).as_str()).is_some(), "{architecture}");
        }
    }
    let shown = program.succeed(&["inspect", "--insecure", &name("app:v1")]).await;
    assert!(shown.contains("\"variant\": \"v8\""), "{shown}");

    let big = format!("{}/big/app:v1", source.addr);
    program.succeed(&["copy", "--insecure", "--never-overwrite", &big, &name("copy:v1")]).await;
    program.succeed(&["copy", "--insecure", &name("copy:v1"), &name("other:v1")]).await;
    let (blobs, manifest) = image("amd64", &[MIB, 6 * MIB, 20 * MIB]);
    for repository in ["team/copy", "team/other"] {
        let (_, copied) = target.manifest(repository, "v1").expect("the image was copied");
        assert_eq!(copied, manifest.as_bytes(), "{repository}");
        for blob in &blobs {
            let kept = target.blob(repository, Digest::of(blob).as_str());
            assert!(kept.is_some_and(|kept| kept == blob), "{repository}: {} bytes", blob.len());
        }
    }

    let tags = program.succeed(&["tags", "--insecure", &name("amd64")]).await;
    assert_eq!(tags.split_whitespace().collect::<Vec<_>>(), ["1", "2", "3", "4", "5"]);
    let digest = program.succeed(&["digest", "--insecure", &name("app:v1")]).await;
    assert_eq!(digest.trim(), Digest::of(&list).as_str());
    // Nothing refers to the list, whatever the fallback tag gives.
    let referrers = program.run(&["referrers", "--insecure", &name("app:v1")]).await;
    assert_eq!((referrers.exit, referrers.stdout.as_str()), (0, ""), "{}", referrers.stderr);

    let catalog = program.run(&["catalog", "--insecure", &at.to_string()]).await;
    match profile {
        Profile::Ghcr | Profile::Gitlab | Profile::Harbor | Profile::Gar | Profile::Dockerhub => {
            assert_eq!((catalog.exit, catalog.stdout.as_str()), (1, ""), "{}", catalog.stderr);
            assert!(!catalog.stderr.trim().is_empty());
        }
        _ => {
            assert_eq!(catalog.exit, 0, "{}", catalog.stderr);
            assert!(catalog.stdout.contains("team/other"), "{}", catalog.stdout);
        }
    }

    let untagged = program.run(&["untag", "--insecure", &name("other:v1")]).await;
    let is_tagged = target.manifest("team/other", "v1").is_some();
    match profile {
        Profile::Ghcr | Profile::Ecr | Profile::Dockerhub | Profile::Harbor | Profile::Nexus => {
            assert_eq!((untagged.exit, is_tagged), (1, true), "{}", untagged.stderr);
            assert!(!untagged.stderr.trim().is_empty());
        }
        _ => assert_eq!((untagged.exit, is_tagged), (0, false), "{}", untagged.stderr),
    }
    let by_digest = format!("{}@{}", name("copy"), Digest::of(manifest.as_bytes()));
    let deleted = program.run(&["delete", "--insecure", &by_digest]).await;
    let is_there = target.manifest("team/copy", Digest::of(manifest.as_bytes()).as_str()).is_some();
    match profile {
        Profile::Ghcr | Profile::Ecr | Profile::Dockerhub | Profile::Gar => {
            assert_eq!((deleted.exit, is_there), (1, true), "{}", deleted.stderr);
            assert!(!deleted.stderr.trim().is_empty());
        }
        _ => assert_eq!((deleted.exit, is_there), (0, false), "{}", deleted.stderr),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_stands_under_a_name_whose_repository_does_not_exist_yet() {
    for profile in [Profile::Quay, Profile::Gitlab, Profile::Nexus, Profile::Harbor, Profile::Acr] {
        let target = target(profile).await;
        let name = |rest: &str| format!("{}/team/{rest}", target.addr);
        let program = Program::signed_in(USER, PASSWORD);
        program.file("lists.yaml", &format!("image: {}\nimages:\n  - {}\n", name("app:v1"), name("amd64:1")));
        let planned = program.run(&["plan", "--insecure", "lists.yaml"]).await;
        assert_eq!(planned.exit, 2, "{profile:?}: {}", planned.stderr);
        assert!(planned.stdout.contains("missing -> sha256:"), "{profile:?}: {}", planned.stdout);

        program.succeed(&["create", "--insecure", &name("app:v1"), &name("amd64:1"), &name("arm64:1")]).await;
        let plan = PushPlan::with_copies(&program.list(&name("app:v1")).await).unwrap();
        let client = program.client(&ClientOptions::default());
        let found = survey(&client, &plan).await.unwrap();
        assert_eq!((found.present.len(), found.standing), (0, None), "{profile:?}");
        program.succeed(&["push", "--insecure", "--copy", &name("app:v1")]).await;
    }
}

macro_rules! workflows {
    ($($(#[$attribute:meta])* $test:ident: $profile:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "current_thread")]
            $(#[$attribute])*
            async fn $test() {
                workflow(Profile::$profile).await;
            }
        )*
    };
}

workflows! {
    the_workflow_at_ecr: Ecr,
    the_workflow_at_ghcr: Ghcr,
    the_workflow_at_quay: Quay,
    the_workflow_at_gitlab: Gitlab,
    the_workflow_at_harbor: Harbor,
    the_workflow_at_nexus: Nexus,
    the_workflow_at_artifactory: Artifactory,
    the_workflow_at_gar: Gar,
    the_workflow_at_acr: Acr,
    the_workflow_at_dockerhub: Dockerhub,
}
