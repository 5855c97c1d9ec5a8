//! Lists as a file: what a registry lacks of them, and pushing that alone.
#![cfg(not(target_arch = "wasm32"))]

use serde_json::{Value, json};
use tallyman_commands::{ClientOptions, ListFile};
use tallyman_dev_registry::{Registry, RunningRegistry};

use crate::served::{
    Program,
    images::{INDEX, Image, OCI, attestation, index},
};

fn puts(registry: &RunningRegistry) -> Vec<String> {
    let requests = registry.requests().into_iter();
    requests
        .filter(|request| matches!(&*request.method, "PUT" | "POST" | "PATCH"))
        .map(|request| request.path)
        .collect()
}

#[tokio::test(flavor = "current_thread")]
async fn plan_shows_the_difference_and_apply_pushes_it_alone() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let [amd64, arm] = [Image::docker("linux/amd64", "one"), Image::docker("linux/arm", "one")];
    amd64.put(&registry, "a/app", Some("1-amd64"));
    arm.put(&registry, "a/other", Some("arm"));
    let host = registry.addr.to_string();
    let program = Program::anonymous();
    program.file(
        "lists.yaml",
        &format!(
            "image: {host}/a/app:1.10\ntags: [latest, 1]\nimages:\n  - :1-amd64\n  - image: {host}/a/other:arm\n    platform: linux/arm/v7\n"
        ),
    );

    let planned = program.run(&["plan", "--insecure", "lists.yaml"]).await;
    assert_eq!(planned.exit, 2, "{}", planned.stderr);
    assert!(planned.stdout.contains(&format!("{host}/a/app:1.10  missing -> sha256:")), "{}", planned.stdout);
    assert!(planned.stdout.contains(&format!("+ linux/arm/v7  {}", arm.digest())), "{}", planned.stdout);
    assert_eq!(puts(&registry), Vec::<String>::new());

    program.succeed(&["apply", "--insecure", "lists.yaml"]).await;
    let (_, pushed) = registry.manifest("a/app", "1.10").expect("it is pushed");
    for tag in ["latest", "1"] {
        assert_eq!(registry.manifest("a/app", tag).expect(tag).1, pushed);
    }
    let list: Value = serde_json::from_slice(&pushed).unwrap();
    assert_eq!(
        list["manifests"][1]["platform"],
        json!({ "os": "linux", "architecture": "arm", "variant": "v7" })
    );

    let planned = program.run(&["plan", "--insecure", "lists.yaml"]).await;
    assert_eq!((planned.exit, planned.stderr.as_str()), (0, ""), "{}", planned.stdout);
    registry.clear_requests();
    program.succeed(&["apply", "--insecure", "lists.yaml"]).await;
    assert_eq!(puts(&registry), Vec::<String>::new());

    // One tag was moved: it alone is put again.
    registry.put_manifest("a/app", Some("latest"), INDEX, index(INDEX, &[], ""));
    registry.clear_requests();
    let planned = program.run(&["plan", "--insecure", "--json", "lists.yaml"]).await;
    assert_eq!(planned.exit, 2);
    let printed: Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!((&printed["differs"], &printed["lists"][0]["changes"]), (&json!(true), &json!([])));
    program.succeed(&["apply", "--insecure", "lists.yaml"]).await;
    assert_eq!(puts(&registry), ["/v2/a/app/manifests/latest"]);

    // One image was rebuilt: nothing that is there is put again.
    let rebuilt = Image::docker("linux/amd64", "two");
    rebuilt.put(&registry, "a/app", Some("1-amd64"));
    registry.clear_requests();
    let planned = program.run(&["plan", "--insecure", "lists.yaml"]).await;
    let change = format!("~ linux/amd64  {} -> {}", amd64.digest(), rebuilt.digest());
    assert!(planned.stdout.contains(&change), "{}", planned.stdout);
    program.succeed(&["apply", "--insecure", "lists.yaml"]).await;
    let mut put = puts(&registry);
    put.sort();
    assert_eq!(put, ["1", "1.10", "latest"].map(|tag| format!("/v2/a/app/manifests/{tag}")));
}

#[tokio::test(flavor = "current_thread")]
async fn the_form_of_manifest_tool_is_read_with_its_templates() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr.to_string();
    for (platform, tag) in
        [("linux/amd64", "linux-amd64"), ("linux/arm/v7", "linux-arm-v7"), ("linux/s390x", "s390x")]
    {
        Image::docker(platform, "one").put(&registry, "a/app", Some(tag));
    }
    let program = Program::anonymous();
    program.file(
        "-",
        &format!(
            "image: {host}/a/app:1\ntags: ['1.0', 'latest']\nmanifests:\n  - image: {host}/a/app:s390x\n    platform:\n      architecture: s390x\n      os: linux\n      variant: z14\n      osversion: '1'\ntemplate: {host}/a/app:OS-ARCH-VARIANT\nplatforms: linux/amd64,linux/arm/v7\n"
        ),
    );
    program.succeed(&["apply", "--insecure", "-"]).await;
    let (_, pushed) = registry.manifest("a/app", "1.0").expect("it is pushed");
    let list: Value = serde_json::from_slice(&pushed).unwrap();
    let platforms: Vec<&Value> =
        list["manifests"].as_array().unwrap().iter().map(|entry| &entry["platform"]).collect();
    assert_eq!(
        platforms,
        [
            &json!({ "os": "linux", "architecture": "amd64" }),
            &json!({ "os": "linux", "architecture": "arm", "variant": "v7" }),
            &json!({ "os": "linux", "architecture": "s390x", "variant": "z14", "os.version": "1" }),
        ]
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_that_fails_hides_none_of_the_others() {
    let registry = Registry::builder().start().await.expect("a port is free");
    Image::docker("linux/amd64", "one").put(&registry, "a/app", Some("amd64"));
    registry.add_fault("server-error,status=500,method=PUT,path=/v2/a/app/manifests/2".parse().unwrap());
    let host = registry.addr.to_string();
    let program = Program::anonymous();
    let list = |tag: &str, image: &str| json!({ "image": format!("{host}/a/app:{tag}"), "images": [image] });
    let lists = [list("1", ":amd64"), list("2", ":amd64"), list("3", ":none"), list("4", ":amd64")];
    program.file("lists.json", &json!({ "lists": lists }).to_string());

    let applied = program.run(&["apply", "--insecure", "--json", "lists.json"]).await;
    assert_eq!(applied.exit, 1);
    assert_eq!(applied.stderr.lines().count(), 2, "{}", applied.stderr);
    let printed: Value = applied.stdout.parse().expect("JSON is printed");
    let told = printed["lists"].as_array().unwrap().iter();
    let told: Vec<_> = told
        .map(|list| json!([list["reference"], list["differs"], list["applied"], list["error"]["code"]]))
        .collect();
    let name = |tag: &str| format!("{host}/a/app:{tag}");
    let expected = [
        json!([name("1"), true, true, null]),
        json!([name("2"), true, false, "registry-error"]),
        json!([name("3"), null, false, "not-found"]),
        json!([name("4"), true, true, null]),
    ];
    assert_eq!(told, expected);
    // Each error says of which list it is.
    for (line, tag) in applied.stderr.lines().zip(["3", "2"]) {
        let error: Value = line.parse().unwrap();
        assert!(
            error["error"]["message"].as_str().unwrap().starts_with(&format!("{}: ", name(tag))),
            "{line}"
        );
    }
    assert_eq!(printed["applied"], json!(false));
    assert!(registry.manifest("a/app", "4").is_some());

    let planned = program.run(&["plan", "--insecure", "lists.json"]).await;
    assert_eq!(planned.exit, 3, "{}", planned.stderr);
    assert!(planned.stdout.contains(":2  missing"), "{}", planned.stdout);
    assert!(planned.stderr.starts_with(&format!("{}: ", name("3"))), "{}", planned.stderr);
    // Where nothing could be compared it is not known whether anything differs.
    program.file("lists.json", &json!({ "lists": [list("3", ":none")] }).to_string());
    let planned = program.run(&["plan", "--insecure", "--json", "lists.json"]).await;
    let printed: Value = planned.stdout.parse().unwrap();
    assert_eq!((planned.exit, &printed["differs"]), (3, &Value::Null), "{printed}");
}

#[tokio::test(flavor = "current_thread")]
async fn lists_of_lists_and_annotations_make_indexes() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr.to_string();
    let images = [Image::oci("linux/amd64", "one"), Image::oci("linux/arm64", "one")];
    for image in &images {
        image.put(&registry, "a/base", None);
    }
    registry.put_manifest(
        "a/base",
        Some("1"),
        INDEX,
        index(INDEX, &images.clone().map(|image| image.entry()), ""),
    );
    let program = Program::anonymous();
    let file = json!({ "lists": [
        { "image": format!("{host}/a/app:1"), "annotations": { "title": "app" }, "images": [
            { "image": format!("{host}/a/base:1"), "platforms": ["linux/arm64"], "annotations": { "k": 1 } },
        ] },
        { "image": format!("{host}/a/app:2"), "images": [format!("{host}/a/base:1")] },
    ] });
    program.file("lists.json", &file.to_string());
    program.succeed(&["apply", "--insecure", "lists.json"]).await;
    let list = |tag: &str| -> Value {
        serde_json::from_slice(&registry.manifest("a/app", tag).expect(tag).1).unwrap()
    };
    let one = list("1");
    assert_eq!(one["annotations"], json!({ "title": "app" }));
    assert_eq!(one["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(one["manifests"][0]["annotations"], json!({ "k": "1" }));
    assert_eq!(list("2")["manifests"].as_array().unwrap().len(), 2);

    // A list that is to be Docker's cannot be made of OCI images.
    program.file(
        "docker.yaml",
        &format!("{{image: '{host}/a/app:3', format: docker, images: ['{host}/a/base:1']}}"),
    );
    let refused = program.run(&["plan", "--insecure", "docker.yaml"]).await;
    assert_eq!(refused.exit, 1);
    assert!(refused.stderr.contains("expected Docker images"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn attestations_come_along_as_create_takes_them() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr.to_string();
    let images = ["linux/amd64", "linux/arm64"].map(|platform| Image::oci(platform, "one"));
    let (attestation, attests) = attestation(&images[0]);
    let docker = Image::docker("linux/s390x", "one");
    for image in images.iter().chain([&attestation, &docker]) {
        image.put(&registry, "a/app", None);
    }
    let entries = [images[0].entry(), attests, images[1].entry()];
    registry.put_manifest("a/app", Some("all"), INDEX, index(INDEX, &entries, ""));
    let program = Program::anonymous();
    let source = format!("{host}/a/app:all");
    let amd64 = json!({ "image": ":all", "platforms": ["linux/amd64"] });
    let by_digest = format!("{host}/a/app@{}", docker.digest());
    for (flags, more, list, expected) in [
        (&["--flatten"][..], &[][..], json!({ "images": [":all"] }), 3),
        (&["--platform", "linux/amd64"], &[], json!({ "images": [amd64] }), 2),
        (&["--platform", "linux/amd64", "--oci"], &[], json!({ "images": [amd64], "format": "oci" }), 2),
        (
            &["--platform", "linux/arm64"],
            &[],
            json!({ "images": [{ "image": ":all", "platform": "linux/arm64" }] }),
            1,
        ),
        // A list with Docker's images has none.
        (&["--flatten"], &[&*by_digest], json!({ "images": [":all", by_digest] }), 3),
    ] {
        let mut list = list;
        list["image"] = json!(format!("{host}/a/app:applied"));
        program.file("list.json", &list.to_string());
        program.succeed(&["apply", "--insecure", "list.json"]).await;
        let created = format!("{host}/a/app:created");
        let line = [&["create", "--insecure", "--push"], flags, &[&created, &source], more].concat();
        program.succeed(&line).await;
        let [applied, created] =
            ["applied", "created"].map(|tag| registry.manifest("a/app", tag).expect(tag));
        assert_eq!(applied, created, "{flags:?}");
        let pushed: Value = serde_json::from_slice(&applied.1).unwrap();
        assert_eq!(pushed["manifests"].as_array().unwrap().len(), expected, "{flags:?}: {pushed}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_image_for_two_platforms_is_refused_with_both() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr.to_string();
    let image = Image::oci("linux/arm/v7", "one");
    image.put(&registry, "a/app", Some("arm"));
    let entries = [image.entry().replace("v7", "v6"), image.entry()];
    registry.put_manifest("a/app", Some("dup"), INDEX, index(INDEX, &entries, ""));
    let program = Program::anonymous();
    let [list, source] = ["new", "dup"].map(|tag| format!("{host}/a/app:{tag}"));
    let arm = |platform: &str| json!({ "image": ":arm", "platform": platform });
    program.file("dup.json", &json!({ "image": list, "images": [":dup"] }).to_string());
    program.file(
        "named.json",
        &json!({ "image": list, "images": [arm("linux/arm/v6"), arm("linux/arm/v7")] }).to_string(),
    );
    for line in [
        &["create", "--insecure", "--flatten", "--push", &list, &source][..],
        &["apply", "--insecure", "dup.json"],
        &["apply", "--insecure", "named.json"],
    ] {
        let refused = program.run(line).await;
        assert_eq!(refused.exit, 1, "{line:?}: {}", refused.stderr);
        for part in ["linux/arm/v6", "linux/arm/v7", "index add"] {
            assert!(refused.stderr.contains(part), "{line:?}: {}", refused.stderr);
        }
    }
    assert!(registry.manifest("a/app", "new").is_none());
    // One of them alone is no question.
    program.succeed(&["create", "--insecure", "--platform=linux/arm/v6", "--push", &list, &source]).await;
}

#[tokio::test(flavor = "current_thread")]
async fn platforms_choose_single_images_too_and_a_platform_chooses_the_image_of_a_list_that_it_is_said_of() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr.to_string();
    let images = ["linux/arm64", "linux/s390x"].map(|platform| Image::oci(platform, "one"));
    let (attestation, attests) = attestation(&images[0]);
    images[0].put(&registry, "a/app", Some("arm64"));
    images[1].put(&registry, "a/app", None);
    attestation.put(&registry, "a/app", None);
    let entries = [images[0].entry(), attests, images[1].entry()];
    registry.put_manifest("a/app", Some("all"), INDEX, index(INDEX, &entries, ""));
    let program = Program::anonymous();
    let (list, image) = (format!("{host}/a/app:1"), format!("{host}/a/app:arm64"));
    let write =
        |image: Value| program.file("list.json", &json!({ "image": list, "images": [image] }).to_string());

    write(json!({ "image": ":arm64", "platforms": ["linux/amd64"] }));
    let refused = program.run(&["plan", "--insecure", "list.json"]).await;
    let created = program.run(&["create", "--insecure", "--platform=linux/amd64", &list, &image]).await;
    let fault = created.stderr.lines().next().unwrap();
    assert!(
        refused.exit == 3 && refused.stderr.starts_with(&format!("{list}: {fault}\n")),
        "{}",
        refused.stderr
    );
    for (said, platform) in [
        // One that the file says goes before the config's.
        (json!({ "image": ":arm64", "platform": "linux/amd64", "platforms": "linux/amd64" }), "amd64"),
        (json!({ "image": ":arm64", "platforms": ["linux/amd64", "linux/arm64"] }), "arm64"),
    ] {
        write(said);
        program.succeed(&["apply", "--insecure", "list.json"]).await;
        let (_, pushed) = registry.manifest("a/app", "1").expect("it is pushed");
        let pushed: Value = serde_json::from_slice(&pushed).unwrap();
        assert_eq!(pushed["manifests"][0]["platform"], json!({ "architecture": platform, "os": "linux" }));
    }

    write(
        json!({ "image": ":all", "platform": { "os": "linux", "architecture": "arm64", "variant": "v8", "os.features": ["a"] } }),
    );
    let refused = program.run(&["plan", "--insecure", "list.json"]).await;
    assert!(refused.stderr.contains("linux/arm64/v8 (a)"), "{}", refused.stderr);
    write(
        json!({ "image": ":all", "platform": { "os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1" } }),
    );
    program.succeed(&["apply", "--insecure", "list.json"]).await;
    let (_, pushed) = registry.manifest("a/app", "1").expect("it is pushed");
    let pushed: Value = serde_json::from_slice(&pushed).unwrap();
    let platforms: Vec<&Value> =
        pushed["manifests"].as_array().unwrap().iter().map(|entry| &entry["platform"]).collect();
    let said = json!({ "architecture": "arm64", "os": "linux", "os.version": "1", "variant": "v8" });
    let unknown = json!({ "architecture": "unknown", "os": "unknown" });
    assert!(platforms.len() == 2 && [&said, &unknown].iter().all(|one| platforms.contains(one)), "{pushed}");

    for said in [
        json!({ "image": ":all", "platform": { "variant": "v8" } }),
        json!({ "image": ":all", "platform": "linux/arm64", "platforms": ["linux/arm64", "linux/s390x"] }),
    ] {
        write(said);
        let refused = program.run(&["plan", "--insecure", "list.json"]).await;
        assert_eq!(refused.exit, 1, "{}", refused.stdout);
        assert!(
            refused.stderr.contains("platforms") && refused.stderr.contains(":all"),
            "{}",
            refused.stderr
        );
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_artifact_is_pushed_with_its_type_by_every_command_that_takes_it() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let host = registry.addr.to_string();
    Image::oci("linux/arm64", "one").put(&registry, "a/app", Some("arm64"));
    for repository in ["a/app", "b/other"] {
        let config = registry.put_blob(repository, "{}").to_string();
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI}","artifactType":"example/typed","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":[]}}"#
        );
        registry.put_manifest(repository, Some("typed"), OCI, manifest);
    }
    let program = Program::anonymous();
    let name = |rest: &str| format!("{host}/{rest}");
    let images = [name("a/app:arm64"), name("b/other:typed")];
    let file = json!({ "image": name("a/app:applied"), "images": images });
    program.file("list.json", &file.to_string());
    program.succeed(&["apply", "--insecure", "list.json"]).await;
    let created = name("a/app:created");
    program.succeed(&["create", "--insecure", "--flatten", "--push", &created, &images[0], &images[1]]).await;
    let (local, near) = (name("a/app:local"), name("a/app:typed"));
    program.succeed(&["create", "--insecure", "--flatten", &local, &images[0], &near]).await;
    let shown: Value = program.succeed(&["inspect", "--raw", &local]).await.parse().unwrap();
    program.succeed(&["push", "--insecure", &local]).await;
    let mut lists = vec![shown];
    for tag in ["applied", "created", "local"] {
        lists.push(serde_json::from_slice(&registry.manifest("a/app", tag).expect(tag).1).unwrap());
    }
    for list in lists {
        let typed = &list["manifests"][1];
        assert_eq!(
            (&typed["artifactType"], typed.get("platform")),
            (&json!("example/typed"), None),
            "{list}"
        );
    }

    let in_docker = program.run(&["push", "--insecure", "--format", "docker", &local]).await;
    assert_eq!(in_docker.exit, 0, "{}", in_docker.stderr);
    assert!(in_docker.stderr.contains("which nobody can run"), "{}", in_docker.stderr);
    let list: Value = serde_json::from_slice(&registry.manifest("a/app", "local").unwrap().1).unwrap();
    assert_eq!(list["manifests"].as_array().unwrap().len(), 1, "{list}");

    // Docker's own way has a platform, and a Docker list no artifact types.
    Image::docker("linux/arm64", "one").put(&registry, "a/app", Some("docker"));
    let docker = name("a/app:docker");
    for (flags, image) in [(&[][..], &images[0]), (&["--flatten"], &docker)] {
        let draft = name("a/app:draft");
        program.succeed(&["rm", "--ignore-missing", &draft]).await;
        program.succeed(&[&["create", "--insecure"], flags, &[&draft, image, &near]].concat()).await;
        let refused = program.run(&["push", "--json", "--insecure", &draft]).await;
        assert!(refused.stderr.contains("must have an OS and Architecture"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("annotate"), "{}", refused.stderr);
        assert!(refused.stderr.contains("--flatten --oci"), "{}", refused.stderr);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_is_kept_as_an_entry_and_brought_along() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let [amd64, arm] = ["linux/amd64", "linux/arm/v7"].map(|platform| Image::oci(platform, "one"));
    amd64.put(&registry, "b/tool", None);
    let inner = registry.put_manifest("b/tool", Some("3"), INDEX, index(INDEX, &[amd64.entry()], ""));
    arm.put(&registry, "a/app", Some("arm"));
    let host = registry.addr.to_string();
    let program = Program::anonymous();
    let text =
        format!("image: {host}/a/app:1\nimages:\n  - :arm\n  - image: {host}/b/tool:3\n    nest: true\n");
    program.file("lists.yaml", &text);
    program.succeed(&["apply", "--insecure", "lists.yaml"]).await;

    let (_, pushed) = registry.manifest("a/app", "1").expect("it is pushed");
    let list: Value = serde_json::from_slice(&pushed).unwrap();
    assert_eq!(list["mediaType"], INDEX);
    let entry = &list["manifests"][1];
    assert_eq!((&entry["mediaType"], &entry["digest"]), (&json!(INDEX), &json!(inner.to_string())));
    assert!(registry.manifest("a/app", &inner.to_string()).is_some(), "the list is in the repository, too");
    assert!(registry.manifest("a/app", &amd64.digest()).is_some(), "and so are its images");
    let planned = program.run(&["plan", "--insecure", "lists.yaml"]).await;
    assert_eq!(planned.exit, 0, "{}{}", planned.stdout, planned.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_of_a_list_that_differs_waits_for_it() {
    let registry = Registry::builder().start().await.expect("a port is free");
    for (platform, tag) in [("linux/amd64", "amd64"), ("linux/arm64", "arm64")] {
        Image::oci(platform, "one").put(&registry, "a/app", Some(tag));
    }
    let host = registry.addr.to_string();
    let program = Program::anonymous();
    let write = |base: &[&str]| {
        let file = json!({ "lists": [
            { "image": format!("{host}/a/app:top"), "images": [{ "image": ":all", "nest": true }] },
            { "image": format!("{host}/a/app:all"), "images": [{ "image": ":latest", "nest": true }] },
            { "image": format!("{host}/a/app:base"), "tags": ["latest"], "images": base },
        ] });
        program.file("lists.json", &file.to_string());
    };
    // None of them is there first, and all are older than the file later.
    for base in [&[":amd64"][..], &[":amd64", ":arm64"]] {
        write(base);
        for (exit, refused) in [(1, ["all", "top"].as_slice()), (1, &["top"]), (0, &[])] {
            let planned = program.run(&["plan", "--insecure", "lists.json"]).await;
            let applied = program.run(&["apply", "--insecure", "lists.json"]).await;
            assert_eq!(applied.exit, exit, "{base:?}: {}", applied.stderr);
            for ended in [planned, applied] {
                for list in refused {
                    let told = format!("before {host}/a/app:{list} is made from it");
                    assert!(ended.stderr.contains(&told), "{base:?}: {}", ended.stderr);
                }
            }
        }
        let planned = program.run(&["plan", "--insecure", "lists.json"]).await;
        assert_eq!(planned.exit, 0, "{base:?}: {}{}", planned.stdout, planned.stderr);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_of_a_list_that_could_not_be_compared_is_left_as_it_is() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let images = ["amd64", "arm64"].map(|architecture| {
        let image = Image::oci(&format!("linux/{architecture}"), "one");
        image.put(&registry, "a/app", Some(architecture));
        image
    });
    let host = registry.addr.to_string();
    let program = Program::anonymous();
    let write = |base: &[&str], all: &[&str]| {
        let file = json!({ "lists": [
            { "image": format!("{host}/a/app:top"), "images": [":all"] },
            { "image": format!("{host}/a/app:all"), "images": all },
            { "image": format!("{host}/a/app:base"), "images": base },
        ] });
        program.file("lists.json", &file.to_string());
    };
    registry.put_manifest("a/app", Some("base"), INDEX, index(INDEX, &[images[0].entry()], ""));
    write(&[":amd64", ":gone"], &[":base", ":arm64"]);
    for command in ["plan", "apply"] {
        let ended = program.run(&[command, "--insecure", "lists.json"]).await;
        for told in [
            "a/app:base to match the file before".to_owned(),
            format!("before {host}/a/app:all is made from it, found that it could not be compared"),
            "no such manifest".to_owned(),
        ] {
            assert!(ended.stderr.contains(&told), "{command}: {}", ended.stderr);
        }
        assert_eq!(ended.stderr.matches("gone").count(), 1, "{command}: {}", ended.stderr);
    }
    assert!(["all", "top"].iter().all(|tag| registry.manifest("a/app", tag).is_none()));
    // A fault of its own stays the one that is told.
    write(&[":amd64", ":gone"], &[":base", ":missing"]);
    let ended = program.run(&["plan", "--insecure", "lists.json"]).await;
    assert!(ended.stderr.contains(":missing"), "{}", ended.stderr);
}

#[test]
fn faults_of_a_file_name_the_field() {
    for (text, named) in [
        ("", "a mapping in the file"),
        ("image: a.io/b", "images"),
        ("images: [a.io/b]", "image"),
        (
            "image: a.io/b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nimages: [x]",
            "without a digest",
        ),
        ("image: a.io/b\nimages: [{image: x, os: linux}]", "images[0], found os"),
        ("image: a.io/b\nimages: [{image: x, platform: linux}]", "images[0].platform"),
        ("image: a.io/b\nimages: [{image: x, platform: {os: [a]}}]", "images[0].platform.os"),
        (
            "image: a.io/b\nimages: [{image: x, platform: {os.version: '10', osversion: '11'}}]",
            "expected os.version or osversion in images[0].platform, found both",
        ),
        (
            "image: a.io/b\nimages: [{image: x, platform: {arch: arm, architecture: arm}}]",
            "expected arch or architecture in images[0].platform, found both",
        ),
        ("image: a.io/b\nimages: ['UPPER']", "images[0]"),
        ("image: a.io/b\ntags: ['a b']\nimages: [x]", "tags"),
        ("image: a.io/b\nformat: oci2\nimages: [x]", "docker or oci"),
        ("lists: [{image: a.io/b, format: OCI, images: [x]}]", "lists[0].format: expected docker or oci"),
        ("image: a.io/b\nformat: docker\nannotations: {a: b}\nimages: [x]", "no annotations"),
        ("image: a.io/b\ntemplate: x-ARCH", "platforms"),
        ("lists: [{image: a.io/b, images: [x]}, {image: a.io/b, images: [y]}]", "twice"),
        (
            "lists: [{image: a.io/b:1, tags: [latest], images: [x]}, {image: a.io/b:2, tags: [latest], images: [x]}]",
            "a.io/b:latest for one list, found it for a.io/b:1 and a.io/b:2",
        ),
        (
            "lists: [{image: a.io/b:1, tags: [2], images: [x]}, {image: a.io/b:2, images: [x]}]",
            "found it for a.io/b:1 and a.io/b:2",
        ),
        ("image: a.io/b\nformat: docker\nimages: [{image: x, nest: true}]", "no lists as entries"),
        ("image: a.io/b\nimages: [{image: x, nest: yes please}]", "true or false in images[0].nest"),
        ("image: a.io/b\nimages: [{image: x, nest: true, platforms: linux/arm64}]", "found both"),
        (
            "image: a.io/b\nimages: [{image: x, platforms: ','}]",
            r#"at least one name in images[0].platforms, found ",""#,
        ),
        ("image: a.io/b\nimages: [{image: x, platforms: []}]", "platform in images[0].platforms, found none"),
        ("image: a.io/b\nimages: [{image: x, platforms: }]", "platform in images[0].platforms, found none"),
        ("image: a.io/b\nplatforms: []\nimages: [x]", "at least one platform in platforms, found none"),
        ("image: a.io/b\ntags: ''\nimages: [x]", r#"at least one name in tags, found """#),
        ("lists: 1", "a sequence in lists"),
        ("image: [", "line 2"),
        ("kind: Other\nimage: a.io/b\nimages: [x]", "found kind"),
        (
            r#"{"image": "a.io/b", "tags": [1.10], "images": ["x"]}"#,
            "in tags, found a number that is not an integer",
        ),
        (
            r#"{"image": "a.io/b", "images": [{"image": "x", "nest": 1e0}]}"#,
            "in images[0].nest, found a number",
        ),
        (r#"{"image": "a.io/b", "images": ["x"], "images": ["y"]}"#, "found images twice"),
        (r#"{"lists": [{"image": "a.io/b", "\u0069mage": "a.io/c", "images": ["x"]}]}"#, "found image twice"),
    ] {
        let error = ListFile::parse("lists.yaml", text).expect_err(text).to_string();
        assert!(error.starts_with("lists.yaml: ") && error.contains(named), "{text}: {error}");
    }
    assert!(ListFile::parse("lists.json", r#"{"image": "a.io/b", "tags": [3], "images": ["x"]}"#).is_ok());
}

#[tokio::test(flavor = "current_thread")]
async fn a_file_that_is_no_utf_8_is_refused() {
    let program = Program::anonymous();
    let bytes = b"image: a.io/b\nannotations: {a: caf\xe9}\nimages: [x]".to_vec();
    program.files.borrow_mut().insert("lists.yaml".to_owned(), bytes);
    let refused = program.run(&["plan", "lists.yaml"]).await;
    assert_eq!(refused.exit, 1);
    assert!(refused.stderr.starts_with("lists.yaml: expected UTF-8"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_local_list_as_a_file_describes_the_same_list() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let images = ["linux/amd64", "linux/arm/v7"].map(|platform| Image::oci(platform, "one"));
    let (attestation, attests) = attestation(&images[0]);
    attestation.put(&registry, "a/app", None);
    for (image, tag) in images.iter().zip(["1-amd64", "1-arm"]) {
        image.put(&registry, "a/app", Some(tag));
    }
    let entries = [images[0].entry(), attests];
    registry.put_manifest("a/app", Some("attested"), INDEX, index(INDEX, &entries, ""));
    let name = |tag: &str| format!("{}/a/app:{tag}", registry.addr);
    let program = Program::anonymous();
    let client = program.client(&ClientOptions { insecure: true, ..ClientOptions::default() });
    for (flags, sources) in [
        (&[][..], &["1-amd64", "1-arm"][..]),
        (&["--oci", "--annotation=a=b"], &["1-amd64", "1-arm"]),
        (&["--oci", "--flatten"], &["attested", "1-arm"]),
        (&["--nest"], &["attested", "1-arm"]),
    ] {
        let (list, sources) = (name("draft"), sources.iter().map(|tag| name(tag)).collect::<Vec<_>>());
        let sources = sources.iter().map(String::as_str);
        program.succeed(&["rm", "--ignore-missing", &list]).await;
        let line: Vec<&str> = ["create", "--insecure"]
            .into_iter()
            .chain(flags.iter().copied())
            .chain([&*list])
            .chain(sources)
            .collect();
        program.succeed(&line).await;
        program.succeed(&["annotate", &list, &name("1-arm"), "--variant=v6"]).await;
        let local = program.list(&list).await;
        let file = ListFile::of([&local]);
        assert_eq!(ListFile::parse("lists.json", &file.to_json()).expect("it is read again"), file);
        let fetched = file.lists[0].fetch(&client).await.expect("its images are there");
        assert_eq!(fetched.to_bytes(), local.to_bytes(), "{flags:?}: {}", file.to_json());
    }
}

#[test]
fn tags_and_annotations_of_a_file_stay_as_they_stand() {
    let file = ListFile::parse(
        "lists.yaml",
        "image: r.example/a:1\ntags: [True, 1.10]\nannotations: {a: TRUE, b: true}\nimages: [{image: ':x', nest: True}]",
    )
    .unwrap();
    let list = &file.lists[0];
    assert_eq!(list.tags.iter().map(|tag| tag.as_str()).collect::<Vec<_>>(), ["True", "1.10"]);
    assert_eq!(json!(list.annotations), json!({ "a": "TRUE", "b": "true" }));
    assert!(list.images[0].nest);
}
