//! The options for scripts beside Docker's commands: parts of images, chosen tags, files with the result of a push.

use std::{fs, rc::Rc};

use crate::support::{Shell, registry::Answer};
use http::Method;
use serde_json::{Value, json};
use tallyman_core::{Algorithm, Digest};
use tallyman_store::{FileStore, NativeFolder};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const HOST: &str = "h.io:5000";

fn name(rest: &str) -> String {
    format!("{HOST}/{rest}")
}

fn config(architecture: &str) -> String {
    format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#)
}

/// Puts an image of this architecture, and gives its manifest.
fn put(shell: &Shell, repository: &str, tag: &str, architecture: &str) -> String {
    put_config(shell, repository, tag, &config(architecture))
}

/// Puts an image with this config, and gives its manifest.
fn put_config(shell: &Shell, repository: &str, tag: &str, config: &str) -> String {
    shell.registry.put_blob(repository, config.as_bytes());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[]}}"#,
        Digest::of(config.as_bytes()),
        config.len(),
    );
    shell.registry.put_manifest(repository, tag, OCI, manifest.as_bytes());
    manifest
}

/// Puts a list of an image for each architecture, and gives their manifests.
fn put_list(shell: &Shell, tag: &str, architectures: &[&str]) -> Vec<String> {
    let manifests: Vec<String> =
        architectures.iter().map(|architecture| put(shell, "a/app", architecture, architecture)).collect();
    let entries: Vec<String> = manifests
        .iter()
        .zip(architectures)
        .map(|(manifest, architecture)| {
            let digest = Digest::of(manifest.as_bytes());
            format!(
                r#"{{"mediaType":"{OCI}","digest":"{digest}","size":{},"platform":{}}}"#,
                manifest.len(),
                config(architecture)
            )
        })
        .collect();
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, entries.join(","));
    shell.registry.put_manifest("a/app", tag, INDEX, index.as_bytes());
    manifests
}

/// Puts an index of entries, and gives its own entry.
fn put_index(shell: &Shell, tag: &str, entries: &[String]) -> String {
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, entries.join(","));
    shell.registry.put_manifest("a/app", tag, INDEX, index.as_bytes());
    format!(r#"{{"mediaType":"{INDEX}","digest":"{}","size":{}}}"#, Digest::of(index.as_bytes()), index.len())
}

/// The entry of an image without its platform.
fn unnamed_entry(manifest: &str) -> String {
    format!(
        r#"{{"mediaType":"{OCI}","digest":"{}","size":{}}}"#,
        Digest::of(manifest.as_bytes()),
        manifest.len()
    )
}

#[tokio::test(flavor = "current_thread")]
async fn every_command_finds_a_platform_in_nested_lists_and_in_configs_as_create_does() {
    let shell = Shell::new();
    let manifests = put_list(&shell, "all", &["amd64", "arm64"]);
    let digest = Digest::of(manifests[1].as_bytes());
    let (_, all) = shell.registry.contents.borrow().manifests[&("a/app".into(), "all".into())].clone();
    let list = format!(r#"{{"mediaType":"{INDEX}","digest":"{}","size":{}}}"#, Digest::of(&all), all.len());
    let named_list = list.replace('}', r#","platform":{"os":"linux","architecture":"arm64"}}"#);
    put_index(&shell, "nested", std::slice::from_ref(&list));
    put_index(&shell, "nested-named", &[named_list]);
    let twice = put_index(&shell, "deep", &[list]);
    put_index(&shell, "deeper", &[twice]);
    let unnamed: Vec<String> = manifests.iter().map(|manifest| unnamed_entry(manifest)).collect();
    put_index(&shell, "unnamed", &unnamed);
    let empty = |entry: &String| entry.replace('}', r#","platform":{"os":"","architecture":""}}"#);
    put_index(&shell, "empty", &unnamed.iter().map(empty).collect::<Vec<_>>());
    for tag in ["nested", "nested-named", "deep", "deeper", "unnamed", "empty"] {
        let image = name(&format!("a/app:{tag}"));
        let [arm64, s390x] =
            ["linux/arm64", "linux/s390x"].map(|platform| ["--insecure", "--platform", platform]);
        let found = shell.done(&[&["digest"], &arm64[..], &[&image]].concat()).await;
        assert_eq!(found.trim(), digest.as_str(), "{tag}");
        let list = name(&format!("a/made:{tag}"));
        shell.done(&[&["create"], &arm64[..], &[&list, &image]].concat()).await;
        assert!(shell.done(&["inspect", &list]).await.contains(digest.as_str()), "{tag}");
        // Both name the platforms that there are.
        for line in [
            [&["digest"], &s390x[..], &[&image]].concat(),
            [&["create"], &s390x[..], &[&name("a/made:other"), &image]].concat(),
        ] {
            let missing = shell.run(&line).await;
            assert_ne!(missing.exit, 0);
            for platform in ["linux/amd64", "linux/arm64"] {
                assert!(missing.stderr.contains(platform), "{line:?}: {}", missing.stderr);
            }
        }
    }
    // A digest from a list takes no further request.
    shell.requests();
    shell.done(&["digest", "--insecure", "--platform", "linux/arm64", &name("a/app:all")]).await;
    assert_eq!(
        shell.requests(),
        ["GET a/app/manifests/all".to_owned(), format!("GET a/app/manifests/{digest}")]
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_schema_1_image_is_one_of_its_architecture_alone_and_other_kinds_of_no_platform() {
    let shell = Shell::new();
    let schema1 = "application/vnd.docker.distribution.manifest.v1+json";
    let old =
        r#"{"schemaVersion":1,"name":"a/app","tag":"old","architecture":"amd64","fsLayers":[],"history":[]}"#;
    shell.registry.put_manifest("a/app", "old", schema1, old.as_bytes());
    shell.registry.put_manifest("a/app", "other", "application/vnd.example+json", b"{}");
    let [old, other] = ["old", "other"].map(|tag| name(&format!("a/app:{tag}")));
    let digest = async |platform: &str, image: &str| {
        shell.run(&["digest", "--insecure", "--platform", platform, image]).await
    };
    assert_eq!(digest("linux/amd64", &old).await.exit, 0);
    let refused = digest("linux/arm64", &old).await;
    assert_eq!(refused.exit, 3);
    assert!(refused.stderr.contains("an image for linux/arm64"), "{}", refused.stderr);
    assert!(refused.stderr.contains("found linux/amd64"), "{}", refused.stderr);
    assert_eq!(digest("linux/amd64", &other).await.exit, 3);
    // It has no list from which an image could be chosen.
    let files = shell.run(&["files", "--insecure", &old]).await;
    assert_ne!(files.exit, 0);
    assert!(files.stderr.contains("found Docker schema 1 image"), "{}", files.stderr);
    assert!(!files.stderr.contains("--platform"), "{}", files.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn inspect_shows_one_image_of_a_list_its_config_and_single_fields() {
    let shell = Shell::new();
    let manifests = put_list(&shell, "all", &["amd64", "arm64"]);
    let image = name("a/app:all");
    let digest = Digest::of(manifests[1].as_bytes());
    let inspect = |flags: &[&'static str]| {
        let line: Vec<String> =
            ["inspect", "--insecure"].iter().chain(flags).map(|word| (*word).to_owned()).collect();
        let (shell, image) = (&shell, image.clone());
        async move {
            let line: Vec<&str> = line.iter().map(String::as_str).chain([image.as_str()]).collect();
            shell.run(&line).await
        }
    };
    let raw = inspect(&["--platform", "linux/arm64", "--raw"]).await;
    assert_eq!((raw.exit, raw.stdout), (0, manifests[1].clone()));
    let shown = inspect(&["--platform", "linux/arm64"]).await.stdout;
    assert_eq!(shown.parse::<Value>().unwrap(), manifests[1].parse::<Value>().unwrap());
    assert!(shown.contains("\n\t\"config\": {"), "{shown}");
    let shown = inspect(&["--platform", "linux/arm64", "--config"]).await.stdout;
    assert_eq!(shown.parse::<Value>().unwrap(), config("arm64").parse::<Value>().unwrap());
    let shown =
        inspect(&["--platform", "linux/arm64", "--format", "{{.Digest}} {{.Config.architecture}}"]).await;
    assert_eq!(shown.stdout, format!("{digest} arm64\n"));
    let shown = inspect(&["--format", "{{.MediaType}}"]).await;
    assert_eq!(shown.stdout, format!("{INDEX}\n"));
    let all = inspect(&["--format=json", "--platform=linux/amd64"]).await.stdout.parse::<Value>().unwrap();
    assert_eq!(all["Digest"], Digest::of(manifests[0].as_bytes()).as_str());
    assert_eq!(all["Config"]["architecture"], "amd64");

    let failed = inspect(&["--config"]).await;
    assert_eq!((failed.exit, failed.stdout.as_str()), (1, ""));
    assert!(failed.stderr.contains("--platform"), "{}", failed.stderr);
    let failed = inspect(&["--platform", "linux/s390x"]).await;
    assert!(
        failed.exit == 1 && failed.stderr.contains("found linux/amd64, linux/arm64"),
        "{}",
        failed.stderr
    );
    // A template that cannot be used is refused before any request.
    shell.requests();
    let failed = inspect(&["--format", "{{range .Manifest}}"]).await;
    assert!(failed.exit == 125 && failed.stderr.contains("range .Manifest"), "{}", failed.stderr);
    let failed = inspect(&["--format", "{{.Digest}} {{.Nope.x}}"]).await;
    let fields = "the fields are .Config, .Digest, .Manifest, .MediaType, .Reference, .Size";
    let expected = format!("the template field .Nope does not exist; {fields}\n");
    assert_eq!((failed.exit, failed.stderr), (1, expected));
    assert_eq!(shell.requests(), [""; 0]);
}

#[tokio::test(flavor = "current_thread")]
async fn local_lists_and_their_images_are_inspected_in_the_same_ways() {
    let shell = Shell::new();
    let manifests = ["amd64", "arm64"].map(|architecture| put(&shell, "a/app", architecture, architecture));
    let [amd64, arm64] = ["amd64", "arm64"].map(|tag| name(&format!("a/app:{tag}")));
    let list = name("a/app:draft");
    shell.done(&["create", "--insecure", "--oci", &list, &amd64, &arm64]).await;
    let inspect = async |words: &[&str]| shell.done(&[&["inspect", "--insecure"], words].concat()).await;
    let raw = inspect(&["--raw", &list]).await;
    let digest = Digest::of(manifests[1].as_bytes());
    assert_eq!(
        inspect(&["--format", "{{.Digest}}", &list]).await.trim(),
        Digest::of(raw.as_bytes()).as_str()
    );
    assert_eq!(inspect(&["--json", &list]).await.parse::<Value>().unwrap()["MediaType"], INDEX);
    let of_platform = ["--platform", "linux/arm64", &list];
    assert_eq!(inspect(&[&["--raw"], &of_platform[..]].concat()).await, manifests[1]);
    let shown = inspect(&[&["--config"], &of_platform[..]].concat()).await;
    assert_eq!(shown.parse::<Value>().unwrap()["architecture"], "arm64");
    let shown = inspect(&[&["--config", "--format", "{{.architecture}}"], &of_platform[..]].concat()).await;
    assert_eq!(shown, "arm64\n");
    assert_eq!(inspect(&["--format={{.Digest}}", &list, &arm64]).await.trim(), digest.as_str());
    let tree = inspect(&["--tree", &list]).await;
    assert!(tree.contains(digest.as_str()) && tree.contains("config"), "{tree}");
    let tree: Value = inspect(&["--tree", "--json", &list]).await.parse().unwrap();
    assert_eq!(tree["children"].as_array().unwrap().len(), 2);
    assert_eq!(inspect(&["--tree", &list, &arm64]).await.lines().count(), 3, "image and config");

    let other = shell.run(&["inspect", "--platform", "linux/s390x", &list]).await;
    assert!(other.stderr.contains("found linux/amd64, linux/arm64"), "{}", other.stderr);
    let other = shell.run(&["inspect", "--platform", "linux/s390x", &list, &arm64]).await;
    assert!(other.stderr.contains("found linux/arm64"), "{}", other.stderr);
    let missing = shell.run(&["inspect", "--json", &list, &name("a/app:none")]).await;
    assert!(missing.stderr.contains("list-unknown"), "{}", missing.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn flags_of_inspect_that_contradict_each_other_are_both_named() {
    let shell = Shell::new();
    for (flags, one, other) in [
        (&["--raw", "--verbose"][..], "--raw", "--verbose"),
        (&["--raw", "--json"], "--raw", "--json"),
        (&["--verbose", "--platform=linux/arm64"], "--verbose", "--platform"),
        (&["--json", "--format={{.Digest}}"], "--json", "--format"),
        (&["--tree", "--config"], "--config", "--tree"),
        (&["--tree", "--raw"], "--raw", "--tree"),
    ] {
        let refused = shell.run(&[&["inspect", "a.io/b"], flags].concat()).await;
        assert_eq!(refused.exit, 1, "{flags:?}");
        let sentence = format!("expected one of {one} and {other}, found both");
        assert!(refused.stderr.contains(&sentence), "{flags:?}: {}", refused.stderr);
    }
    assert_eq!(shell.requests(), [""; 0]);
}

#[tokio::test(flavor = "current_thread")]
async fn changes_of_local_lists_are_printed_as_json_where_that_is_asked_for() {
    let shell = Shell::new();
    put(&shell, "a/app", "arm", "arm");
    let [list, copy, moved, image] = ["v1", "v2", "v3", "arm"].map(|tag| name(&format!("a/app:{tag}")));
    shell.done(&["create", "--insecure", &list, &image]).await;
    let json =
        async |line: &[&str]| shell.done(&[line, &["--json"]].concat()).await.parse::<Value>().unwrap();
    let entry = json(&["annotate", &list, &image, "--variant", "v7", "--annotation", "a=b"]).await;
    assert_eq!(
        (&entry["reference"], &entry["platform"]["variant"], &entry["annotations"]["a"]),
        (&json!(image), &json!("v7"), &json!("b"))
    );
    assert_eq!(json(&["duplicate", &list, &copy]).await, json!({ "reference": copy, "source": list }));
    assert_eq!(json(&["rename", &copy, &moved]).await, json!({ "reference": moved, "source": copy }));
    let failed = shell.run(&["rename", "--json", &copy, &moved]).await;
    let error: Value = failed.stderr.parse().unwrap();
    assert_eq!((failed.exit, &error["error"]["code"]), (3, &json!("list-unknown")));
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_that_is_fetched_anew_keeps_what_was_said_of_images_unless_their_configs_say_another_platform()
{
    let shell = Shell::new();
    let [moved, corrected] = ["moved", "corrected"].map(|tag| {
        put(&shell, "a/app", tag, "amd64");
        name(&format!("a/app:{tag}"))
    });
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", "--oci", &list, &moved, &corrected]).await;
    shell.done(&["annotate", &list, &moved, "--annotation", "k=v"]).await;
    shell.done(&["annotate", &list, &corrected, "--arch", "arm64", "--variant", "v8"]).await;
    put(&shell, "a/app", "moved", "arm64");
    shell.done(&["create", "--insecure", "--refresh", &list]).await;
    let list: Value = shell.done(&["inspect", "--raw", &list]).await.parse().unwrap();
    let entries = &list["manifests"];
    assert_eq!(entries[0]["platform"], json!({ "architecture": "arm64", "os": "linux", "variant": "v8" }));
    assert_eq!(entries[1]["platform"], json!({ "architecture": "arm64", "os": "linux" }));
    assert_eq!(entries[1]["annotations"], json!({ "k": "v" }));
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_that_is_fetched_anew_keeps_the_fields_of_a_platform_that_it_says_otherwise_than_the_config_before()
 {
    let windows = |version: &str, more: &str| {
        format!(r#"{{"architecture":"amd64","os":"windows","os.version":"10.0.20348.{version}"{more}}}"#)
    };
    let linux = |rest: &str| format!(r#"{{"architecture":"{rest}","os":"linux"}}"#);
    let arm = |variant: &str| format!(r#"{{"architecture":"arm","os":"linux","variant":"{variant}"}}"#);
    let features = r#","os.features":["win32k"]"#;
    for (before, annotated, now, expected) in [
        (windows("1000", ""), &[][..], windows("2000", ""), windows("2000", "")),
        (windows("1000", ""), &["--os-features=win32k"], windows("2000", ""), windows("2000", features)),
        (
            windows("1000", features),
            &["--os-version=1"],
            windows("2000", ""),
            windows("", "").replace("10.0.20348.", "1"),
        ),
        (arm("v6"), &[], arm("v7"), arm("v7")),
        (arm("v6"), &["--clear=variant"], arm("v7"), linux("arm")),
        (linux("arm"), &["--variant=v7"], linux("s390x"), linux("s390x")),
        (linux("amd64"), &["--arch=arm", "--variant=v7"], linux("s390x"), arm("v7")),
        (linux("amd64"), &["--arch=arm"], arm("v7"), arm("v7")),
        (linux("arm"), &["--arch=riscv64"], arm("v7"), linux("riscv64")),
        (
            linux("amd64"),
            &["--os=windows"],
            linux("amd64").replace('}', r#","os.version":"6.1"}"#),
            r#"{"architecture":"amd64","os":"windows"}"#.to_owned(),
        ),
        ("{}".to_owned(), &["--os=linux", "--arch=arm"], linux("amd64"), linux("arm")),
        (linux("arm"), &[], "{}".to_owned(), linux("arm")),
    ] {
        let shell = Shell::new();
        let (list, image) = (name("a/app:v1"), name("a/app:image"));
        put_config(&shell, "a/app", "image", &before);
        shell.done(&["create", "--insecure", &list, &image]).await;
        if !annotated.is_empty() {
            shell.done(&[&["annotate", &list, &image], annotated].concat()).await;
        }
        put_config(&shell, "a/app", "image", &now);
        shell.done(&["create", "--insecure", "--refresh", &list]).await;
        let made: Value = shell.done(&["inspect", "--raw", &list]).await.parse().unwrap();
        let expected: Value = expected.parse().unwrap();
        assert_eq!(made["manifests"][0]["platform"], expected, "{before} {annotated:?} {now}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_that_is_fetched_anew_keeps_its_platforms_where_the_configs_before_are_gone_and_says_so() {
    let shell = Shell::new();
    let (list, image) = (name("a/app:v1"), name("a/app:image"));
    put(&shell, "a/app", "image", "amd64");
    shell.done(&["create", "--insecure", &list, &image]).await;
    shell.done(&["annotate", &list, &image, "--arch", "arm64", "--variant", "v8"]).await;
    shell.registry.contents.borrow_mut().blobs.clear();
    put_config(&shell, "a/app", "image", r#"{"os":"linux","architecture":"amd64","x":1}"#);
    let refreshed = shell.run(&["create", "--insecure", "--refresh", &list]).await;
    assert_eq!((refreshed.exit, refreshed.stderr.lines().count()), (0, 1), "{}", refreshed.stderr);
    for part in [&*image, "linux/arm64/v8", "linux/amd64", "annotate"] {
        assert!(refreshed.stderr.contains(part), "{part}: {}", refreshed.stderr);
    }
    let made: Value = shell.done(&["inspect", "--raw", &list]).await.parse().unwrap();
    let platform = &made["manifests"][0]["platform"];
    assert_eq!(*platform, json!({ "architecture": "arm64", "os": "linux", "variant": "v8" }));
    // Where nothing has moved, no config is needed.
    shell.registry.contents.borrow_mut().blobs.retain(|_, blob| blob.ends_with(br#""x":1}"#));
    shell.done(&["create", "--insecure", "--refresh", &list]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn annotate_clears_fields_and_takes_pairs_outside_dockers_table_behind_a_flag() {
    let shell = Shell::new();
    put(&shell, "a/app", "arm", "arm");
    let (list, image) = (name("a/app:v1"), name("a/app:arm"));
    shell.done(&["create", "--insecure", &list, &image]).await;
    let annotate = async |words: &[&str]| shell.run(&[&["annotate", &list, &image], words].concat()).await;
    let entry = async || -> Value {
        let list: Value = shell.done(&["inspect", "--raw", &list]).await.parse().unwrap();
        list["manifests"][0].clone()
    };
    let set = ["--variant=v7", "--os-version=1", "--os-features=a,b", "--annotation=k=v", "--annotation=l=w"];
    assert_eq!(annotate(&set).await.exit, 0);
    // As in Docker, an empty value leaves a field as it is.
    assert_eq!(annotate(&["--variant="]).await.exit, 0);
    let platform = json!({ "architecture": "arm", "os": "linux", "os.version": "1", "os.features": ["a", "b"], "variant": "v7" });
    assert_eq!(entry().await["platform"], platform);
    let clear = ["--clear=variant", "--clear=os-version", "--clear=os-features", "--clear=annotation:k"];
    assert_eq!(annotate(&clear).await.exit, 0);
    assert_eq!(entry().await["platform"], json!({ "architecture": "arm", "os": "linux" }));
    assert_eq!(entry().await["annotations"], json!({ "l": "w" }));
    let wrong = annotate(&["--clear=size"]).await;
    assert!(wrong.exit == 125 && wrong.stderr.contains("expected variant, os-version"), "{}", wrong.stderr);

    let refused = annotate(&["--arch=loong64"]).await;
    assert_eq!(refused.exit, 1);
    assert_eq!(entry().await["platform"]["architecture"], "arm");
    assert_eq!(annotate(&["--arch=loong64", "--any-platform"]).await.exit, 0);
    assert_eq!(entry().await["platform"]["architecture"], "loong64");
}

#[tokio::test(flavor = "current_thread")]
async fn annotations_stay_while_other_entries_change_and_the_form_goes_with_the_last_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let files = Rc::new(FileStore::new(NativeFolder, folder.path().to_str().unwrap()));
    for shell in [Shell::new(), Shell { store: files, ..Shell::new() }] {
        let [amd64, arm64] = ["amd64", "arm64"].map(|architecture| {
            put(&shell, "a/app", architecture, architecture);
            name(&format!("a/app:{architecture}"))
        });
        let (list, reference) = (name("a/app:v1"), name("a/app:v1").parse().unwrap());
        shell.done(&["create", "--insecure", &list, &amd64, &arm64]).await;
        shell.done(&["annotate", "--annotation", "a=1", &list, &amd64]).await;
        shell.done(&["annotate", "--os-version", "1", &list, &arm64]).await;
        let written: Value = shell.done(&["inspect", "--raw", &list]).await.parse().unwrap();
        assert_eq!(written["manifests"][0]["annotations"], json!({ "a": "1" }));
        assert_eq!(written["manifests"][1]["platform"]["os.version"], "1");

        let is_oci = async || shell.store.load(&reference).await.unwrap().unwrap().form().oci;
        shell.done(&["remove", &list, &arm64]).await;
        assert!(is_oci().await);
        shell.done(&["create", "--insecure", "--amend", &list, &arm64]).await;
        shell.done(&["remove", &list, &amd64]).await;
        assert!(!is_oci().await);

        // An OCI index for another reason stays one.
        shell.done(&["rm", &list]).await;
        shell.done(&["create", "--insecure", "--oci", &list, &amd64, &arm64]).await;
        shell.done(&["annotate", "--annotation", "a=1", &list, &amd64]).await;
        shell.done(&["remove", &list, &amd64]).await;
        assert!(is_oci().await);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn tags_are_chosen_and_sorted() {
    let shell = Shell::new();
    let digest_tag = format!("{}.sig", Digest::of(b"x").to_string().replace(':', "-"));
    // The tag of a digest that is longer than a tag may be has its first digits.
    let long_digest_tag = format!("sha512-{:.64}", Digest::with(Algorithm::Sha512, b"x").hex());
    let tags = [
        "1.10",
        "1.9.1",
        "edge",
        "v1.2.0-rc.1",
        "v1.2.0",
        digest_tag.as_str(),
        long_digest_tag.as_str(),
        "sha256-short",
    ];
    let body = json!({ "tags": tags }).to_string().into_bytes();
    let answer = Answer { status: 200, content_type: Some("application/json".to_owned()), body };
    let path = (Method::GET, "a/app/tags/list?n=1000".to_owned());
    shell.registry.contents.borrow_mut().answers.insert(path, answer);
    let cases: [(&[&str], &[&str]); 9] = [
        (&[], &tags),
        (&["--limit", "2"], &["1.10", "1.9.1"]),
        (&["--limit", "0"], &[]),
        (&["--last", "edge", "--limit=1"], &["v1.2.0-rc.1"]),
        (&["--match", "^v?1\\.2"], &["v1.2.0-rc.1", "v1.2.0"]),
        (&["--no-digest-tags", "--match", "sha|edge"], &["edge", "sha256-short"]),
        (
            &["--sort", "semver", "--no-digest-tags"],
            &["edge", "sha256-short", "v1.2.0-rc.1", "v1.2.0", "1.9.1", "1.10"],
        ),
        (&["--sort", "name", "--limit", "2"], &["1.10", "1.9.1"]),
        (&["--sort", "semver", "--match", "^v?[0-9]", "--limit", "1"], &["v1.2.0-rc.1"]),
    ];
    let repository = name("a/app");
    for (flags, expected) in cases {
        let line = [&["tags", "--insecure", &repository], flags].concat();
        let shown = shell.done(&line).await;
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected, "{flags:?}");
        let shown = shell.done(&[&line[..], &["--json"]].concat()).await;
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), expected, "{flags:?}");
    }
    let gone = shell.run(&["tags", "--insecure", "--last", "gone", &repository]).await;
    assert_eq!((gone.exit, gone.stdout.as_str()), (3, ""));
    assert!(gone.stderr.contains("--last") && gone.stderr.contains("gone"), "{}", gone.stderr);
    for (flag, value) in [("--limit", "-1"), ("--limit", "x"), ("--match", "("), ("--sort", "size")] {
        let outcome = shell.run(&["tags", flag, value, &repository]).await;
        assert_eq!(outcome.exit, 125, "{flag} {value}");
        assert!(outcome.stderr.contains(flag), "{}", outcome.stderr);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_digest_costs_no_body_where_the_registry_names_it() {
    let shell = Shell::new();
    let manifest = put(&shell, "a/app", "v1", "arm");
    let digest = format!("{}\n", Digest::of(manifest.as_bytes()));
    assert_eq!(shell.done(&["digest", "--insecure", &name("a/app:v1")]).await, digest);
    let requests = shell.requests();
    assert_eq!(requests[0], "HEAD a/app/manifests/v1", "{requests:?}");

    // By no other algorithm than that by which images are known everywhere.
    let long = Digest::with(Algorithm::Sha512, manifest.as_bytes()).to_string();
    for (named, requested) in [(digest.trim().to_owned(), 1), (long, 2)] {
        shell.registry.digests.borrow_mut().insert("a/app/manifests/v1".to_owned(), named);
        assert_eq!(shell.done(&["digest", "--insecure", &name("a/app:v1")]).await, digest);
        assert_eq!(shell.requests().len(), requested);
    }
    // Its size and its media type stand in the headers too.
    shell.registry.digests.borrow_mut().insert("a/app/manifests/v1".to_owned(), digest.trim().to_owned());
    let told: Value =
        shell.done(&["digest", "--insecure", "--json", &name("a/app:v1")]).await.parse().unwrap();
    assert_eq!((&told["digest"], &told["size"]), (&json!(digest.trim()), &json!(manifest.len())));
    assert_eq!(shell.requests(), ["HEAD a/app/manifests/v1"]);
}

#[tokio::test(flavor = "current_thread")]
async fn local_lists_are_shown_and_lose_single_images() {
    let shell = Shell::new();
    let images = ["amd64", "arm64"].map(|architecture| {
        put(&shell, "a/app", architecture, architecture);
        name(&format!("a/app:{architecture}"))
    });
    let list = name("a/app:v1.0-rc");
    shell.done(&["create", "--insecure", &list, &images[0], &images[1]]).await;
    let row = |images: usize, platforms: &str| {
        let (name, width) = ("NAME", list.len());
        format!(
            "{name:width$}  IMAGES  CHANGED  PUSHED  PLATFORMS\n{list}  {images:>6}  -        no      {platforms}\n"
        )
    };
    assert_eq!(shell.done(&["ls"]).await, row(2, "linux/amd64, linux/arm64"));
    assert_eq!(shell.done(&["ls", "--quiet"]).await, format!("{list}\n"));
    let rows: Value = shell.done(&["ls", "--json"]).await.parse().unwrap();
    assert_eq!(rows[0]["reference"], list);
    assert_eq!(rows[0]["images"], 2);

    // One that is not there leaves the others as they are.
    let failed = shell.run(&["remove", &list, &images[0], &name("a/app:other")]).await;
    assert!(failed.exit == 3 && failed.stderr.contains("a/app:other"), "{}", failed.stderr);
    assert_eq!(shell.done(&["ls"]).await.lines().count(), 2);
    assert!(shell.done(&["ls"]).await.contains("linux/amd64, linux/arm64"));
    shell.done(&["remove", &list, &images[0]]).await;
    assert_eq!(shell.done(&["ls"]).await, row(1, "linux/arm64"));

    // A pushed list differs from one that has changed since.
    let digest = shell.done(&["push", "--insecure", &list]).await.trim().to_owned();
    assert!(shell.done(&["ls"]).await.contains("  yes     linux/arm64"));
    let rows: Value = shell.done(&["ls", "--json"]).await.parse().unwrap();
    assert_eq!(rows[0]["pushed"], json!({ "digest": digest, "time": null, "isCurrent": true }));
    shell.done(&["annotate", &list, &images[1], "--variant=v8"]).await;
    assert!(shell.done(&["ls"]).await.contains("  yes, changed since  linux/arm64/v8"));
    // A push that converts the list is one of it, and --purge removes it.
    shell.done(&["push", "--insecure", "--format=docker", &list]).await;
    let rows: Value = shell.done(&["ls", "--json"]).await.parse().unwrap();
    assert_eq!(rows[0]["pushed"]["isCurrent"], true, "{rows}");
    assert_ne!(rows[0]["pushed"]["digest"], rows[0]["digest"], "{rows}");
    shell.done(&["push", "--insecure", "--format=docker", "--purge", &list]).await;
    assert_eq!(shell.done(&["ls"]).await, "");
}

#[tokio::test(flavor = "current_thread")]
async fn lists_in_files_are_shown_by_names_that_every_command_takes() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("manifests");
    let store = Rc::new(FileStore::new(NativeFolder, root.to_str().unwrap()));
    let shell = Shell { store, ..Shell::new() };
    put(&shell, "my_org/my_app", "1-amd64", "amd64");
    put(&shell, "other", "x", "amd64");
    let mut lists = Vec::new();
    for (list, image) in [
        ("a__b/app:1.0_rc1", "other:x"),
        ("my_org/my_app:1.0_rc-1", "my_org/my_app:1-amd64"),
        ("my_org/tools:1-amd64", "my_org/my_app:1-amd64"),
        ("my_org/tools-x:v2-rc", "my_org/my_app:1-amd64"),
        ("other:latest", "other:x"),
    ] {
        shell.done(&["create", "--insecure", &name(list), &name(image)]).await;
        lists.push(name(list));
    }
    let quiet = shell.done(&["ls", "-q"]).await;
    assert_eq!(quiet.lines().collect::<Vec<_>>(), lists);
    for list in quiet.lines() {
        shell.done(&["inspect", "--insecure", list]).await;
        shell.done(&["push", "--insecure", "--copy", list]).await;
    }
    let target = ("a__b/app".to_owned(), "1.0_rc1".to_owned());
    assert!(shell.registry.contents.borrow().manifests.contains_key(&target));

    // Damaged lists stay in sight, and so does what no list can be; no command takes that.
    fs::write(root.join("h.io-5000_a__b_app-1.0_rc1/file"), "damaged").unwrap();
    fs::create_dir(root.join("Not a list")).unwrap();
    let rows: Value = shell.done(&["ls", "--json"]).await.parse().unwrap();
    for (row, expected) in [(0, None), (1, Some(&lists[0]))] {
        assert_eq!((&rows[row]["reference"], &rows[row]["isDamaged"]), (&json!(expected), &json!(true)));
    }
    assert!(rows[0]["error"].as_str().unwrap().ends_with("found Not a list"), "{rows}");
    let shown = shell.done(&["ls"]).await;
    let rows: Vec<_> = shown.lines().filter(|row| row.contains("remove ")).collect();
    assert!(
        rows[0].starts_with("Not a list  ")
            && rows[0].ends_with("  not a local list; remove the folder from manifests"),
        "{shown}"
    );
    assert!(rows[1].ends_with("  damaged: remove it, and create it again") && rows.len() == 2, "{shown}");
    assert_eq!(shell.done(&["ls", "-q"]).await, quiet);
    // A list that cannot be read now may be readable later.
    let unreadable = root.join("h.io-5000_z-1");
    fs::write(&unreadable, "").unwrap();
    let row =
        shell.done(&["ls", "--json"]).await.parse::<Value>().unwrap().as_array().unwrap().last().cloned();
    let row = row.unwrap();
    assert_eq!((&row["reference"], &row["isDamaged"]), (&json!(name("z:1")), &json!(false)), "{row}");
    assert!(row["error"].as_str().unwrap().ends_with("not a directory"), "{row}");
    assert!(shell.done(&["ls"]).await.ends_with("h.io-5000_z-1: not a directory\n"));
    fs::remove_file(unreadable).unwrap();
    // One of them keeps no other image of its list from going.
    let images = [name("other:x"), name("other:x"), name("other:gone")];
    let line = ["remove", "--json", "--ignore-missing", &lists[0], &images[0], &images[1], &images[2]];
    let removed: Value = shell.done(&line).await.parse().unwrap();
    let deleted = [true, true, false].into_iter().zip(&images);
    let deleted = deleted.map(|(is, image)| json!({ "reference": image, "deleted": is }));
    assert_eq!(removed, deleted.collect::<Value>());
    let none = name("none:1");
    let of_no_list = [&line[..3], &[&*none], &line[4..]].concat();
    assert!(!shell.done(&of_no_list).await.contains("true"));
    shell.done(&[&["rm"], &*lists.iter().map(String::as_str).collect::<Vec<_>>()].concat()).await;
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
}

#[tokio::test(flavor = "current_thread")]
async fn some_platforms_of_a_list_are_created_and_pushed_at_once() {
    let mut shell = Shell::new();
    put_list(&shell, "all", &["amd64", "arm64", "s390x"]);
    let (list, source) = (name("a/app:two"), name("a/app:all"));
    let refused = shell.run(&["create", "--insecure", &list, &source]).await;
    assert_eq!(refused.exit, 1);
    assert_eq!(refused.stderr, format!("{source} is a manifest list\n"), "as Docker says it to programs");
    shell.terminal = Some(80);
    let refused = shell.run(&["create", "--insecure", &list, &source]).await.stderr;
    assert!(refused.contains("--flatten") && refused.contains("--platform"), "{refused}");
    shell.terminal = None;

    let line = ["create", "--insecure", "--push", "--platform", "linux/arm64,linux/amd64", &list, &source];
    let printed = shell.done(&line).await;
    assert!(printed.starts_with(&format!("Created manifest list {list}\n")), "{printed}");
    let (_, pushed) =
        shell.registry.contents.borrow().manifests[&("a/app".to_owned(), "two".to_owned())].clone();
    assert!(printed.ends_with(&format!("{}\n", Digest::of(&pushed))), "{printed}");
    let pushed: Value = serde_json::from_slice(&pushed).unwrap();
    let mut architectures: Vec<_> = pushed["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["platform"]["architecture"].as_str().unwrap())
        .collect();
    architectures.sort_unstable();
    assert_eq!(architectures, ["amd64", "arm64"]);

    // No list of it is left here, and what it was made of may be pushed again, also after a push that failed.
    assert_eq!(shell.done(&["ls", "--quiet"]).await, "");
    shell.done(&line).await;
    let path = (Method::PUT, "a/app/manifests/two".to_owned());
    let denied = Answer { status: 403, content_type: None, body: Vec::new() };
    shell.registry.contents.borrow_mut().answers.insert(path.clone(), denied);
    assert_eq!(shell.run(&line).await.exit, 1);
    shell.registry.contents.borrow_mut().answers.remove(&path);
    shell.done(&line).await;
    // A list that was there before is one to add to, or in the way.
    shell.done(&["create", "--insecure", &list, &name("a/app:arm64")]).await;
    let refused = shell.run(&line).await;
    assert!(refused.stderr.contains("--amend"), "{}", refused.stderr);
    shell.done(&["rm", &list]).await;

    let line = [&["--json", "--amend"], &line[..]].concat();
    let line: Vec<&str> =
        [line[2]].into_iter().chain(line[..2].iter().copied()).chain(line[3..].iter().copied()).collect();
    let printed: Value = shell.done(&line).await.parse().expect("one value");
    assert_eq!(printed["reference"], list);

    let missing = ["create", "--insecure", "--platform", "linux/riscv64", &name("a/app:three"), &source];
    let failed = shell.run(&missing).await;
    assert!(failed.exit == 1 && failed.stderr.contains("linux/riscv64"), "{}", failed.stderr);
    let wrong = shell.run(&["create", "--platform", "linux", &list, &source]).await;
    assert_eq!(wrong.exit, 125, "{}", wrong.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn names_in_files_are_read_as_those_of_the_line() {
    let shell = Shell::new();
    put(&shell, "a/app", "alpine", "arm");
    put(&shell, "library/alpine", "latest", "s390x");
    shell.files.borrow_mut().insert("-".to_owned(), "alpine\n".to_owned());
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", "--from", "-", &list]).await;
    assert_eq!(shell.requests()[0], "GET library/alpine/manifests/latest");
    shell.done(&["create", "--insecure", "--amend", "--relative", "--from", "-", &list]).await;
    assert_eq!(shell.requests()[0], "GET a/app/manifests/alpine");
    let index = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[]}}"#);
    shell.registry.put_manifest("a/app", "v2", INDEX, index.as_bytes());
    shell.done(&["index", "add", "--insecure", "--from", "-", &name("a/app:v2")]).await;
    assert!(shell.requests().contains(&"GET a/app/manifests/alpine".to_owned()));
    // PowerShell writes a byte order mark in front.
    shell.files.borrow_mut().insert("-".to_owned(), "\u{feff}alpine\r\n".to_owned());
    shell.done(&["create", "--insecure", "--from", "-", &name("a/app:v3")]).await;
    assert_eq!(shell.requests()[0], "GET library/alpine/manifests/latest");
    shell.files.borrow_mut().insert("-".to_owned(), "\u{feff}[]".to_owned());
    let refused = shell.run(&["create", "--insecure", "--from", "-", &name("a/app:v4")]).await;
    assert!(refused.stderr.contains("it names none"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_push_takes_further_tags_writes_its_result_and_leaves_foreign_tags_alone() {
    let shell = Shell::new();
    let image = name("a/app:arm");
    put(&shell, "a/app", "arm", "arm");
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", &list, &image]).await;
    let tagged = |tag: &str| {
        let contents = shell.registry.contents.borrow();
        contents
            .manifests
            .get(&("a/app".to_owned(), tag.to_owned()))
            .map(|(_, bytes)| Digest::of(bytes).to_string())
    };
    let line = ["push", "--insecure", "--digest-only", "--digest-file", "out/digest", &list];
    let digest = shell.done(&line).await.trim().to_owned();
    assert_eq!((tagged("v1"), tagged(&digest)), (None, Some(digest.clone())));
    assert_eq!(shell.files.borrow()["out/digest"], digest);
    // A reported digest exists.
    let by_digest = name(&format!("a/app@{digest}"));
    let line = ["push", "--insecure", "--digest-only", "--json", "--metadata-file", "out/metadata", &list];
    let told: Value = shell.done(&line).await.parse().unwrap();
    assert_eq!(told["reference"], by_digest);
    let metadata: Value = shell.files.borrow()["out/metadata"].parse().unwrap();
    assert_eq!(metadata["image.name"], by_digest);

    let line =
        ["push", "--insecure", "--tag", "v1.2", "--tag=latest", "--metadata-file", "out/metadata", &list];
    shell.done(&line).await;
    for tag in ["v1", "v1.2", "latest"] {
        assert_eq!(tagged(tag).as_ref(), Some(&digest), "{tag}");
    }
    let metadata: Value = shell.files.borrow()["out/metadata"].parse().unwrap();
    assert_eq!(metadata["containerimage.digest"], digest);
    assert_eq!(
        metadata["image.name"],
        [&list, &name("a/app:v1.2"), &name("a/app:latest")].map(String::as_str).join(",")
    );
    let size = metadata["containerimage.descriptor"]["size"].as_u64();
    assert!(size.is_some_and(|size| size > 0), "{metadata}");

    // The same list may be pushed again; another one may not.
    shell.done(&["push", "--insecure", "--never-overwrite", &list]).await;
    put(&shell, "a/app", "foreign", "s390x");
    let line = ["push", "--insecure", "--never-overwrite", "--tag", "foreign", &list];
    let failed = shell.run(&line).await;
    assert!(failed.exit == 1 && failed.stderr.contains("--never-overwrite"), "{}", failed.stderr);
    assert_ne!(tagged("foreign"), Some(digest));
    let line = ["push", "--insecure", "--digest-file", "/missing/digest", &list];
    shell.requests();
    let failed = shell.run(&line).await;
    assert!(failed.exit == 1 && failed.stderr.contains("/missing/digest"), "{}", failed.stderr);
    assert_eq!(shell.requests(), [""; 0], "nothing is pushed that cannot be told");
    // One that fails after all is told, and the push is not made undone by that.
    let line = ["push", "--insecure", "--purge", "--digest-file", "/full/digest", &list];
    let failed = shell.run(&line).await;
    assert!(failed.exit == 1 && failed.stderr.contains("/full/digest"), "{}", failed.stderr);
    assert!(failed.stdout.starts_with("sha256:"), "{}", failed.stdout);
    let kept = shell.store.load(&list.parse().unwrap()).await.unwrap();
    assert!(kept.is_none(), "the local list is purged");
}

#[tokio::test(flavor = "current_thread")]
async fn a_dry_run_of_a_push_shows_its_tags_and_refuses_what_the_push_would() {
    let shell = Shell::new();
    let image = name("a/app:arm");
    put(&shell, "a/app", "arm", "arm");
    put(&shell, "a/app", "foreign", "s390x");
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", &list, &image]).await;
    let line = ["push", "--insecure", "--dry-run", "--tag", "latest", "--tag", "v1.2", &list];
    let plan = shell.done(&line).await;
    for tag in ["v1", "latest", "v1.2"] {
        assert!(plan.contains(&format!("put {},", name(&format!("a/app:{tag}")))), "{plan}");
    }
    let line = ["push", "--insecure", "--dry-run", "--never-overwrite", "--tag", "foreign", &list];
    let failed = shell.run(&line).await;
    assert!(failed.exit == 1 && failed.stderr.contains("--never-overwrite"), "{}", failed.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_damaged_list_is_named_with_its_file_and_the_way_out_beside_dockers_line() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("manifests");
    let store = Rc::new(FileStore::new(NativeFolder, root.to_str().unwrap()));
    let shell = Shell { store, ..Shell::new() };
    put(&shell, "a/app", "amd64", "amd64");
    put_list(&shell, "v1", &["arm64"]);
    let (list, image) = (name("a/app:v1"), name("a/app:amd64"));
    shell.done(&["create", "--insecure", &list, &image]).await;
    let file = root.join("h.io-5000_a_app-v1/h.io-5000_a_app-amd64");
    fs::write(&file, "{").unwrap();
    let docker = "unexpected end of JSON input\n";
    let line = format!(
        "the local list {list} is damaged: {} cannot be read (unexpected end of JSON input); use tallyman rm {list} to remove the list\n",
        file.display()
    );
    for command in [
        &["push", "--insecure", &list][..],
        &["annotate", "--os", "linux", &list, &image],
        &["create", "--amend", "--insecure", &list, &image],
        &["inspect", &list, &image],
    ] {
        let failed = shell.run(command).await;
        assert_eq!((failed.exit, failed.stderr), (1, format!("{docker}{line}")), "{command:?}");
    }
    // Docker asks the registry then. What that answers is not taken for the list.
    for flags in [&[][..], &["--raw"], &["--format", "{{.Digest}}"]] {
        let shown = shell.run(&[&["inspect", "--insecure", &list], flags].concat()).await;
        assert_eq!((shown.exit, shown.stderr.as_str()), (0, line.as_str()), "{flags:?}");
    }
    let missing = name("a/app:v2");
    shell.done(&["create", "--insecure", &missing, &image]).await;
    fs::write(root.join("h.io-5000_a_app-v2/h.io-5000_a_app-amd64"), "{").unwrap();
    let failed = shell.run(&["inspect", "--insecure", &missing]).await;
    assert!(
        failed.exit == 1 && failed.stderr.contains(&format!("use tallyman rm {missing} ")),
        "{}",
        failed.stderr
    );
    assert!(failed.stderr.ends_with(&format!("no such manifest: {missing}\n")), "{}", failed.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_tag_that_is_refused_hides_nothing_of_what_was_pushed() {
    let shell = Shell::new();
    put(&shell, "a/app", "arm", "arm");
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", &list, &name("a/app:arm")]).await;
    let refused = Answer { status: 403, content_type: None, body: Vec::new() };
    let path = (Method::PUT, "a/app/manifests/bad".to_owned());
    shell.registry.contents.borrow_mut().answers.insert(path, refused);
    let line =
        ["push", "--insecure", "--json", "--purge", "--digest-file=digest", "--metadata-file=metadata"];
    let ended = shell.run(&[&line[..], &["--tag=bad", "--tag=good", &list]].concat()).await;
    assert_eq!(ended.exit, 1);
    assert!(ended.stderr.contains("a/app:bad"), "{}", ended.stderr);
    let told: Value = ended.stdout.parse().expect("what was pushed is told");
    assert_eq!(told["tags"], json!(["good"]));
    assert_eq!(json!(shell.files.borrow()["digest"]), told["digest"]);
    let metadata: Value = shell.files.borrow()["metadata"].parse().unwrap();
    assert_eq!(metadata["image.name"], format!("{list},{}", name("a/app:good")));
    let kept = shell.store.load(&list.parse().unwrap()).await.unwrap();
    assert!(kept.is_some(), "the tag can be pushed again");
}
