//! The commands beyond the recordings: order, economy, and leaving things as they were.

use crate::support::{Shell, password, plan, registry::Answer};
use http::Method;
use tallyman_commands::PushEvent;
use tallyman_core::{Digest, json};
use tallyman_registry::Credentials;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const HOST: &str = "h.io:5000";

/// Puts an OCI image with this config and these layers, and gives its manifest.
fn put_image(shell: &Shell, repository: &str, tag: &str, config: &str, layers: &[&str]) -> String {
    shell.registry.put_blob(repository, config.as_bytes());
    let descriptor = |blob: &str| {
        format!(r#"{{"mediaType":"a/b","digest":"{}","size":{}}}"#, Digest::of(blob.as_bytes()), blob.len())
    };
    for layer in layers {
        shell.registry.put_blob(repository, layer.as_bytes());
    }
    let layers: Vec<String> = layers.iter().map(|layer| descriptor(layer)).collect();
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{},"layers":[{}]}}"#,
        descriptor(config),
        layers.join(",")
    );
    shell.registry.put_manifest(repository, tag, OCI, manifest.as_bytes());
    manifest
}

fn config(os: &str, more: &str) -> String {
    format!(r#"{{"os":"{os}","architecture":"amd64","x":"{more}"}}"#)
}

fn name(rest: &str) -> String {
    format!("{HOST}/{rest}")
}

fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

#[tokio::test(flavor = "current_thread")]
async fn no_request_is_made_twice() {
    let shell = Shell::new();
    let shared = config("linux", "");
    put_image(&shell, "a/one", "1", &shared, &["base", "one"]);
    put_image(&shell, "a/two", "1", &shared, &["base", "two"]);
    let (list, one, two) = (name("a/app:v1"), name("a/one:1"), name("a/two:1"));
    shell.done(&["create", "--insecure", &list, &one, &two, &one]).await;
    let config_blob = digest(&shared);
    let expected = [
        "GET a/one/manifests/1".to_owned(),
        format!("GET a/one/blobs/{config_blob}"),
        "GET a/two/manifests/1".to_owned(),
    ];
    assert_eq!(shell.requests(), expected);

    shell.done(&["create", "--insecure", "--amend", &list, &one]).await;
    assert_eq!(shell.requests(), [""; 0], "what the list has is not asked for again");

    let plan = shell.done(&["push", "--dry-run", &list]).await;
    assert!(
        plan.ends_with("7 steps to h.io:5000/a/app:v1: 7 requests, at most 15, 3 round trips\n"),
        "{plan}"
    );
    assert_eq!(shell.requests(), [""; 0], "a dry run asks nobody");

    shell.done(&["push", "--insecure", &list]).await;
    let mut requests = shell.requests();
    assert_eq!(requests.len(), 7);
    assert_eq!(requests.pop().unwrap(), "PUT a/app/manifests/v1");
    assert_eq!(requests.iter().filter(|request| request.starts_with("POST")).count(), 4);
    assert!(requests[4..].iter().all(|request| request.starts_with("PUT a/app/manifests/sha256:")));
}

#[tokio::test(flavor = "current_thread")]
async fn the_failure_that_comes_first_in_the_order_given_is_told() {
    let shell = Shell::new();
    put_image(&shell, "a/app", "good", &config("linux", ""), &[]);
    put_image(&shell, "a/app", "bad", "no json", &[]);
    let (list, good, bad, gone) =
        (name("a/app:v1"), name("a/app:good"), name("a/app:bad"), name("a/app:gone"));
    let bad_config = "invalid character 'o' in literal null (expecting 'u')\n";
    for (images, message) in [
        (&[&good, &bad, &gone][..], bad_config.to_owned()),
        (&[&good, &gone, &bad], format!("no such manifest: {gone}\n")),
        (
            &[&good, &"UPPER".to_owned(), &gone],
            "invalid reference format: repository name (library/UPPER) must be lowercase\n".to_owned(),
        ),
        (&[&gone, &"UPPER".to_owned()], format!("no such manifest: {gone}\n")),
    ] {
        let mut line = vec!["create", "--insecure", list.as_str()];
        line.extend(images.iter().map(|image| image.as_str()));
        let failed = shell.run(&line).await;
        assert_eq!((failed.exit, failed.stderr), (1, message));
        assert!(shell.store.load(&list.parse().unwrap()).await.unwrap().is_none());
    }
    shell.requests();
    shell.run(&["create", "--insecure", &list, &gone, &good, &good, &bad]).await;
    assert_eq!(
        shell.requests(),
        ["GET a/app/manifests/gone"],
        "where the first is missing, nobody asks for the others"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn an_image_that_nobody_can_run_is_taken_if_it_is_named() {
    let shell = Shell::new();
    put_image(&shell, "a/app", "one", &config("linux", ""), &[]);
    put_image(&shell, "a/app", "none", r#"{"os":"unknown","architecture":"unknown"}"#, &[]);
    for (list, flags) in [("plain", &[][..]), ("flat", &["--flatten"])] {
        let (list, one, none) = (name(&format!("a/app:{list}")), name("a/app:one"), name("a/app:none"));
        shell.done(&[&["create", "--insecure"], flags, &[&list, &one, &none]].concat()).await;
        let shown = shell.done(&["inspect", &list]).await;
        assert_eq!(shown.matches("\"digest\"").count(), 2, "{flags:?}: {shown}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn two_images_with_one_file_name_are_refused_before_any_request() {
    let shell = Shell::new();
    let (list, one, two) = (name("a/app:v1"), name("a/tool:1-arm"), name("a/tool-1:arm"));
    let refused = shell.run(&["create", "--insecure", &list, &one, &two]).await;
    assert_eq!(refused.exit, 1);
    assert!(refused.stderr.contains(&one) && refused.stderr.contains(&two), "{}", refused.stderr);
    assert_eq!(shell.requests(), [""; 0]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_blob_that_is_not_mounted_stops_the_push_before_anything_is_put() {
    let shell = Shell::new();
    put_image(&shell, "a/one", "1", &config("linux", ""), &["base"]);
    let (list, one) = (name("a/app:v1"), name("a/one:1"));
    shell.done(&["create", "--insecure", &list, &one]).await;
    shell.requests();
    shell.registry.contents.borrow_mut().blobs.clear();
    let failed = shell.run(&["push", "--insecure", "--purge", &list]).await;
    let blob = digest(&config("linux", ""));
    assert_eq!(failed.stderr, format!("error mounting a/one@{blob} to {list}\n"));
    let requests = shell.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert_eq!(requests[1], "DELETE a/app/blobs/uploads/one");
    assert!(
        shell.store.load(&list.parse().unwrap()).await.unwrap().is_some(),
        "a failed push purges nothing"
    );
}

#[tokio::test(flavor = "current_thread")]
async fn a_windows_image_is_pushed_without_the_blobs_that_are_not_mounted() {
    let shell = Shell::new();
    put_image(&shell, "a/nano", "1", &config("windows", ""), &["foreign"]);
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", &list, &name("a/nano:1")]).await;
    shell.registry.contents.borrow_mut().blobs.remove(&("a/nano".to_owned(), digest("foreign")));
    let printed = shell.done(&["push", "--insecure", "-p", &list]).await;
    assert_eq!(printed.lines().count(), 2, "{printed}");
    assert!(shell.store.load(&list.parse().unwrap()).await.unwrap().is_none());
    let again = shell.run(&["push", "--insecure", &list]).await;
    assert_eq!((again.exit, again.stderr), (1, format!("No such manifest: {list}\n")));
}

#[tokio::test(flavor = "current_thread")]
async fn a_refused_manifest_is_told_after_what_was_put_before_it() {
    let shell = Shell::new();
    put_image(&shell, "a/one", "1", &config("linux", "1"), &[]);
    let refused = put_image(&shell, "a/two", "1", &config("linux", "2"), &[]);
    put_image(&shell, "b/three", "1", &config("linux", "3"), &[]);
    let list = name("a/app:v1");
    shell
        .done(&["create", "--insecure", &list, &name("b/three:1"), &name("a/two:1"), &name("a/one:1")])
        .await;
    let path = (Method::PUT, format!("a/app/manifests/{}", digest(&refused)));
    let body =
        br#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":{}}]}"#;
    let answer =
        Answer { status: 404, content_type: Some("application/json".to_owned()), body: body.to_vec() };
    shell.registry.contents.borrow_mut().answers.insert(path, answer);
    let failed = shell.run(&["push", "--insecure", &list]).await;
    assert_eq!(failed.exit, 1);
    assert_eq!(failed.stdout.lines().count(), 1, "{}", failed.stdout);
    let expected = format!(
        "failed to put manifest {HOST}/a/app@{}: manifest blob unknown: blob unknown to registry\n",
        digest(&refused)
    );
    assert_eq!(failed.stderr, expected);
    assert!(!shell.requests().contains(&"PUT a/app/manifests/v1".to_owned()));
}

#[tokio::test(flavor = "current_thread")]
async fn a_push_tells_its_progress_step_by_step() {
    let shell = Shell::new();
    put_image(&shell, "a/one", "1", &config("linux", ""), &["layer"]);
    let list = name("a/app:v1");
    shell.done(&["create", "--insecure", &list, &name("a/one:1")]).await;
    let plan = plan(&*shell.store, &list.parse().unwrap()).await;
    let events = std::cell::RefCell::new(Vec::new());
    let tell = |event| events.borrow_mut().push(event);
    let digest = tallyman_commands::execute(&shell.client(), &plan, &tell).await.unwrap();
    assert_eq!(&digest, plan.list().1);
    let events = events.take();
    let began = |event: &PushEvent| matches!(event, PushEvent::Began(_));
    assert_eq!(events.iter().filter(|event| began(event)).count(), plan.steps.len());
    assert_eq!(events[0], PushEvent::Began(0));
    assert_eq!(events[1], PushEvent::Done(0), "the first step is done alone");
    assert_eq!(events.last(), Some(&PushEvent::Done(plan.steps.len() - 1)));
}

#[tokio::test(flavor = "current_thread")]
async fn lists_in_a_registry_are_shown_as_docker_would_make_them_or_as_they_are() {
    let shell = Shell::new();
    let image = put_image(&shell, "a/app", "", &config("linux", ""), &[]);
    let entry = format!(r#"{{"mediaType":"{OCI}","digest":"{}","size":{}"#, digest(&image), image.len());
    let index = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"annotations\":{{\"a\":\"<b>\"}},\"manifests\":[{entry},\"annotations\":{{\"x\":\"y\"}}}},{entry},\"platform\":{{\"os\":\"linux\",\"architecture\":\"arm\"}}}}]}}\n"
    );
    shell.registry.put_manifest("a/app", "ix", INDEX, index.as_bytes());
    let tagged = name("a/app:ix");
    let brief = shell.done(&["inspect", "--insecure", &tagged]).await;
    let value: serde_json::Value = serde_json::from_str(&brief).unwrap();
    assert_eq!(value["mediaType"], INDEX);
    assert_eq!(value["manifests"][0]["platform"], serde_json::json!({"architecture": "", "os": ""}));
    assert_eq!(value["manifests"][1]["platform"]["architecture"], "arm");
    assert!(!brief.contains("annotations"), "{brief}");
    assert_eq!(shell.requests().len(), 3, "one entry twice is fetched once");
    let verbose: serde_json::Value =
        serde_json::from_str(&shell.done(&["inspect", "-v", "--insecure", &tagged]).await).unwrap();
    assert_eq!(verbose[1]["Ref"], format!("{tagged}@{}", digest(&image)));
    assert_eq!(shell.done(&["inspect", "--insecure", "--raw", &tagged]).await, index);

    let wrong = format!("{tagged}@{}", digest("else"));
    let failed = shell.run(&["inspect", "--insecure", &wrong]).await;
    assert_eq!(failed.stderr, format!("manifest verification failed for digest {}\n", digest("else")));
    let failed = shell.run(&["create", "--insecure", &name("a/app:v"), &wrong]).await;
    assert_eq!(failed.stderr, format!("{wrong} is a manifest list\n"));
}

#[tokio::test(flavor = "current_thread")]
async fn lists_that_docker_cannot_show_are_refused_in_its_words() {
    let shell = Shell::new();
    let inner = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[]}}"#);
    shell.registry.put_manifest("a/app", "empty", INDEX, inner.as_bytes());
    let outer = |digest: &str| {
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{INDEX}","digest":"{digest}","size":1}}]}}"#
        )
    };
    shell.registry.put_manifest("a/app", "nested", INDEX, outer(&digest(&inner)).as_bytes());
    shell.registry.put_manifest("a/app", "lost", INDEX, outer(&digest("lost")).as_bytes());
    for (tag, message) in [
        ("nested", "unsupported manifest type: *manifestlist.DeserializedManifestList\n".to_owned()),
        ("empty", format!("no such manifest: {}\n", name("a/app:empty"))),
        ("lost", format!("no such manifest: {}\n", name("a/app:lost"))),
    ] {
        let failed = shell.run(&["inspect", "--insecure", &name(&format!("a/app:{tag}"))]).await;
        assert_eq!((failed.exit, failed.stderr), (1, message));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_is_copied_and_renamed_whole_and_never_over_another() {
    let shell = Shell::new();
    put_image(&shell, "a/app", "one", &config("linux", ""), &[]);
    let (list, copy, renamed) = (name("a/app:v1"), name("a/app:v2"), name("b/other:v1"));
    shell.done(&["create", "--insecure", "--annotation=k=v", &list, &name("a/app:one")]).await;
    let whole = shell.done(&["inspect", "--raw", &list]).await;
    shell.requests();
    assert_eq!(shell.done(&["duplicate", &list, &copy]).await, "");
    assert_eq!(shell.done(&["rename", &list, &renamed]).await, "");
    for there in [&copy, &renamed] {
        assert_eq!(shell.done(&["inspect", "--raw", there]).await, whole);
    }
    for command in ["duplicate", "rename"] {
        let taken = shell.run(&[command, &renamed, &copy]).await;
        let said = format!(
            "expected a name that no local list has, found that of {copy}: choose another, or remove that list first\n"
        );
        assert_eq!((taken.exit, taken.stderr), (1, said));
        assert_eq!(shell.run(&[command, &renamed, &renamed]).await.exit, 1, "nor over itself");
        let gone = shell.run(&[command, &list, &name("c/new:v1")]).await;
        assert_eq!((gone.exit, gone.stderr), (3, format!("No such manifest: {list}\n")));
    }
    assert_eq!(shell.done(&["inspect", "--raw", &renamed]).await, whole);
    assert_eq!(shell.requests(), [""; 0], "no registry is asked");
}

#[tokio::test(flavor = "current_thread")]
async fn local_commands_need_no_registry() {
    let shell = Shell::new();
    let manifest = put_image(&shell, "a/app", "one", &config("linux", ""), &[]);
    let (list, one) = (name("a/app:v1"), name("a/app:one"));
    shell.done(&["create", "--insecure", &list, &one]).await;
    shell.requests();
    shell
        .done(&[
            "annotate",
            &list,
            &one,
            "--arch",
            "arm",
            "--variant=v7",
            "--os-features",
            "a,b",
            "--os-features=a",
        ])
        .await;
    let brief = shell.done(&["inspect", &list]).await;
    let raw = shell.done(&["inspect", "--raw", &list]).await;
    assert_eq!(brief, format!("{raw}\n"));
    let platform =
        serde_json::json!({"architecture": "arm", "os": "linux", "os.features": ["a", "b"], "variant": "v7"});
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&brief).unwrap()["manifests"][0]["platform"],
        platform
    );
    let indented = String::from_utf8(json::indent(manifest.as_bytes(), "\t").unwrap()).unwrap();
    assert_eq!(shell.done(&["inspect", &list, &one]).await, format!("{indented}\n"));
    assert_eq!(shell.done(&["inspect", "--raw", &list, &one]).await, manifest);
    let gone = name("a/app:gone");
    let failed = shell.run(&["inspect", &list, &gone]).await;
    assert_eq!((failed.exit, failed.stderr), (1, format!("No such manifest: {gone}\n")));
    let both = shell.run(&["inspect", "--raw", "-v", &list]).await;
    assert_eq!(both.exit, 1);
    let removed = shell.run(&["rm", "UPPER", &list, &gone]).await;
    assert_eq!(removed.exit, 1);
    let lines: Vec<&str> = removed.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[1], format!("No such manifest: {gone}"));
    assert!(shell.store.load(&list.parse().unwrap()).await.unwrap().is_none());
    assert_eq!(shell.requests(), [""; 0]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_refused_password_is_told_below_dockers_line() {
    let image = name("a/app:one");
    for (credentials, told) in
        [(password(), "password"), (Some(Credentials::RegistryToken("opaque".to_owned())), "registry token")]
    {
        let shell = Shell { credentials, ..Shell::new() };
        shell.registry.locked.set(true);
        let failed = shell.run(&["inspect", "--insecure", &image]).await;
        let lines: Vec<&str> = failed.stderr.lines().collect();
        assert_eq!((failed.exit, lines[0]), (1, format!("no such manifest: {image}").as_str()));
        assert!(lines.len() == 2 && lines[1].contains(told), "{lines:?}");
    }

    // An identity token is no password: there is none to refuse.
    for credentials in [None, Some(Credentials::IdentityToken("opaque".to_owned()))] {
        let shell = Shell { credentials, ..Shell::new() };
        shell.registry.locked.set(true);
        let failed = shell.run(&["inspect", "--insecure", &image]).await;
        let asked = r#"Get "http://h.io:5000/v2/a/app/manifests/one": no basic auth credentials"#;
        assert_eq!((failed.exit, failed.stderr), (1, format!("{asked}\n")));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_create_that_fails_never_costs_more_requests_than_dockers() {
    for images in 1..=5 {
        for failing in 0..images {
            for lacks_config in [false, true] {
                let shell = Shell::new();
                let mut line = vec!["create".to_owned(), "--insecure".to_owned(), name("a/app:list")];
                for index in 0..images {
                    let tag = index.to_string();
                    let config = config("linux", &tag);
                    if index != failing || lacks_config {
                        put_image(&shell, "a/app", &tag, &config, &[]);
                    }
                    if index == failing {
                        let blob = ("a/app".to_owned(), digest(&config));
                        shell.registry.contents.borrow_mut().blobs.remove(&blob);
                    }
                    line.push(name(&format!("a/app:{tag}")));
                }
                let failed = shell.run(&line.iter().map(String::as_str).collect::<Vec<_>>()).await;
                let expected = match lacks_config {
                    true => "unknown blob\n".to_owned(),
                    false => format!("no such manifest: {}\n", name(&format!("a/app:{failing}"))),
                };
                assert_eq!((failed.exit, failed.stderr), (1, expected));
                // Docker: a ping, the manifest and the config of each. A challenge would cost us one more.
                let dockers = 3 * failing + if lacks_config { 3 } else { 2 };
                let ours = shell.requests().len() + 1;
                assert!(ours <= dockers, "{ours} > {dockers}: image {failing} of {images}");
            }
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn many_images_are_asked_for_side_by_side() {
    let shell = Shell::new();
    let mut line = vec!["create".to_owned(), "--insecure".to_owned(), name("a/app:list")];
    for index in 0..8 {
        put_image(&shell, &format!("a/{index}"), "1", &config("linux", &index.to_string()), &[]);
        line.push(name(&format!("a/{index}:1")));
    }
    shell.done(&line.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let requests = shell.requests();
    let is_manifest = |request: &String| request.contains("/manifests/");
    assert!(requests.len() == 16 && requests[..8].iter().all(is_manifest), "{requests:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_push_that_fails_never_costs_more_requests_than_dockers() {
    let layers: Vec<String> = (0..9).map(|index| index.to_string()).collect();
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    for mounted in 0..layers.len() {
        let shell = Shell::new();
        put_image(&shell, "a/one", "1", &config("linux", ""), &layers);
        let list = name("a/app:v1");
        shell.done(&["create", "--insecure", &list, &name("a/one:1")]).await;
        shell.requests();
        // All layers from this one on are gone.
        for layer in &layers[mounted..] {
            shell.registry.contents.borrow_mut().blobs.remove(&("a/one".to_owned(), digest(layer)));
        }
        let failed = shell.run(&["push", "--insecure", &list]).await;
        assert_eq!(failed.stderr, format!("error mounting a/one@{} to {list}\n", digest(layers[mounted])));
        // Docker: a ping, the mount, and a look at the blob or the end of the upload. A challenge costs us one more.
        let (ours, dockers) = (shell.requests().len() + 1, 3 * (mounted + 2));
        assert!(ours <= dockers, "{ours} > {dockers}: the config and {mounted} layers are mounted");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn options_that_would_be_ignored_are_refused() {
    let shell = Shell::new();
    for (line, other) in [
        (&["create", "--nest", "--flatten"][..], "--flatten"),
        (&["create", "--nest", "--platform", "linux/arm64"], "--platform"),
        (&["index", "add", "--nest", "--platform", "linux/arm64"], "--platform"),
    ] {
        let refused = shell.run(&[line, &["h.io/a/list:1", "h.io/a/list:2"]].concat()).await;
        let expected = format!("expected one of --nest and {other}, found both\n");
        assert_eq!((refused.exit, refused.stderr), (1, expected), "{line:?}");
    }
    for (line, one, other) in [
        (&["ls", "--quiet", "--json"][..], "--quiet", "--json"),
        (&["copy", "--all-tags", "h.io/a/app:latest", "h.io/b/app"], "--all-tags", "a tag or a digest"),
        (
            &["copy", "--all-tags", "h.io/a/app", "h.io/b/app", "h.io/b/app:1"],
            "--all-tags",
            "a tag or a digest",
        ),
    ] {
        let refused = shell.run(line).await;
        let expected = format!("expected one of {one} and {other}, found both");
        assert!(refused.exit == 1 && refused.stderr.contains(&expected), "{line:?}: {}", refused.stderr);
    }
    for of in [&["./a"][..], &["-"], &[], &["--file", "a"]] {
        let digest = shell.run(&[&["digest", "--platform", "linux/arm64"], of].concat()).await;
        let expected = "expected one of --platform and a file, found both\n";
        assert_eq!((digest.exit, &*digest.stderr), (1, expected), "a file has no platforms");
    }
}
