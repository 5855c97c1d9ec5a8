//! Scenarios recorded from Docker, run again over a registry in memory.

use crate::support::Shell;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::PathBuf};

#[derive(Deserialize)]
struct Held {
    blobs: BTreeMap<String, BTreeMap<String, String>>,
    manifests: Vec<HeldManifest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeldManifest {
    repo: String,
    tag: String,
    media_type: String,
    bytes: String,
}

#[derive(Deserialize)]
struct Scenario {
    steps: Vec<Step>,
    #[serde(default)]
    pushed: Vec<Pushed>,
}

#[derive(Deserialize)]
struct Step {
    argv: Vec<String>,
    exit: u8,
    stdout: String,
    stderr: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pushed {
    repo: String,
    tag: String,
    media_type: Option<String>,
    bytes: Option<String>,
}

fn recordings() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/docker-manifest")
}

fn shell() -> Shell {
    let shell = Shell::new();
    let held = fs::read(recordings().join("registry.json")).expect("the recordings are there");
    let held: Held = serde_json::from_slice(&held).expect("recordings are as their README has it");
    let decoded = |text: &str| STANDARD.decode(text).expect("recorded bytes are base64");
    for (repository, blobs) in &held.blobs {
        for blob in blobs.values() {
            shell.registry.put_blob(repository, &decoded(blob));
        }
    }
    for HeldManifest { repo, tag, media_type, bytes } in &held.manifests {
        shell.registry.put_manifest(repo, tag, media_type, &decoded(bytes));
    }
    shell
}

#[tokio::test(flavor = "current_thread")]
async fn every_recorded_step_prints_what_docker_printed() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for file in fs::read_dir(recordings()).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Help, the reasons for wrong references and the failed `create` are ours; other tests hold them.
        let ours = [
            "registry.json",
            "arguments.json",
            "bad-references.json",
            "create-missing.json",
            "plain-http-refused.json",
        ];
        if !name.ends_with(".json") || ours.contains(&name.as_str()) {
            continue;
        }
        count += 1;
        let scenario: Scenario = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let shell = shell();
        for step in scenario.steps {
            let argv = step.argv.clone();
            let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
            let outcome = shell.run(&argv).await;
            // Our name stands in the place of Docker's.
            let step = Step {
                stderr: step.stderr.replace("docker manifest", "tallyman").replace("docker:", "tallyman:"),
                ..step
            };
            if (outcome.exit, &outcome.stdout, &outcome.stderr) != (step.exit, &step.stdout, &step.stderr) {
                wrong.push(format!(
                    "{name}: {argv:?}\nexpected {:?}\n{}\nfound {outcome:?}",
                    step.stdout, step.stderr
                ));
            }
        }
        for pushed in scenario.pushed {
            let Some(bytes) = pushed.bytes else { continue };
            let contents = shell.registry.contents.borrow();
            let (media_type, served) = &contents.manifests[&(pushed.repo, pushed.tag)];
            assert_eq!(Some(media_type), pushed.media_type.as_ref(), "{name}");
            assert_eq!(served, &STANDARD.decode(bytes).unwrap(), "{name}");
        }
    }
    assert_eq!(count, 15, "recorded scenarios");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_failed_create_leaves_nothing_behind() {
    let shell = shell();
    let tool = |tag: &str| format!("127.0.0.1:5000/acme/tool:{tag}");
    let (list, good, missing) = (tool("v8"), tool("amd64"), tool("missing"));
    let failed = shell.run(&["create", "--insecure", &list, &good, &missing, &good]).await;
    assert_eq!((failed.exit, failed.stderr), (1, format!("no such manifest: {missing}\n")));
    assert!(shell.store.load(&list.parse().unwrap()).await.unwrap().is_none());
    shell.done(&["create", "--insecure", &list, &good]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn plain_http_is_refused_without_the_flag_which_is_named() {
    let shell = shell();
    let image = "127.0.0.1:5000/acme/tool:amd64";
    for line in [&["create", "127.0.0.1:5000/acme/tool:v18", image][..], &["inspect", image]] {
        let refused = shell.run(line).await;
        let hint = "127.0.0.1:5000 speaks plain HTTP: use --insecure to allow it for this call";
        let expected = format!("no such manifest: {image}\n{hint}\n");
        assert_eq!((refused.exit, refused.stdout, refused.stderr), (1, String::new(), expected));
    }
    shell.done(&["create", "--insecure", "127.0.0.1:5000/acme/tool:v18", image]).await;
    let refused = shell.run(&["push", "127.0.0.1:5000/acme/tool:v18"]).await;
    let ping = r#"failed to configure transport: error pinging v2 registry: Get "https://127.0.0.1:5000/v2/": http: server gave HTTP response to HTTPS client"#;
    assert_eq!(refused.exit, 1);
    assert!(
        refused.stderr.starts_with(&format!("{ping}\n")) && refused.stderr.contains("--insecure"),
        "{}",
        refused.stderr
    );
}
