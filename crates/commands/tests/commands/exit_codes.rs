//! Exit codes, and the flags that errors name: what is not there can be told from what failed.

use crate::support::{Shell, password, registry::Answer};
use http::Method;
use serde_json::Value;
use tallyman_core::Digest;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry with the image `a/app:arm`, the list `a/app:all` of it, and the local list `a/app:draft`.
async fn shell() -> Shell {
    let shell = Shell::new();
    let config = r#"{"os":"linux","architecture":"arm"}"#;
    shell.registry.put_blob("a/app", config.as_bytes());
    let (digest, size) = (Digest::of(config.as_bytes()), config.len());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{digest}","size":{size}}},"layers":[]}}"#
    );
    shell.registry.put_manifest("a/app", "arm", OCI, manifest.as_bytes());
    let (digest, size) = (Digest::of(manifest.as_bytes()), manifest.len());
    let list = format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{OCI}","digest":"{digest}","size":{size},"platform":{config}}}]}}"#
    );
    shell.registry.put_manifest("a/app", "all", INDEX, list.as_bytes());
    shell.done(&["create", "--insecure", "h.io/a/app:draft", "h.io/a/app:arm"]).await;
    let manifest = manifest.replace(OCI, DOCKER);
    shell.registry.put_manifest("a/app", "docker", DOCKER, manifest.as_bytes());
    shell.done(&["create", "--insecure", "h.io/a/app:docker-draft", "h.io/a/app:docker"]).await;
    shell
}

#[tokio::test(flavor = "current_thread")]
async fn commands_that_docker_lacks_end_with_3_if_something_is_not_there() {
    let shell = shell().await;
    let body = br#"{"errors":[{"code":"DENIED","message":"no"}]}"#.to_vec();
    let denied = Answer { status: 403, content_type: Some("application/json".to_owned()), body };
    for method in [Method::GET, Method::HEAD] {
        let path = (method, "a/app/manifests/denied".to_owned());
        shell.registry.contents.borrow_mut().answers.insert(path, denied.clone());
    }
    // A place that takes nothing is not what was asked for.
    let missing = Answer { status: 404, content_type: None, body: Vec::new() };
    for tag in ["all", "full"] {
        let path = (Method::PUT, format!("a/app/manifests/{tag}"));
        shell.registry.contents.borrow_mut().answers.insert(path, missing.clone());
    }
    let uploads = (Method::POST, "full/app/blobs/uploads/".to_owned());
    shell.registry.contents.borrow_mut().answers.insert(uploads, missing);
    // An image whose config is not there.
    let blob = Digest::of(b"none");
    let config = format!(r#"{{"mediaType":"a/b","digest":"{blob}","size":4}}"#);
    let manifest = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{config},"layers":[]}}"#);
    shell.registry.put_manifest("a/app", "gap", OCI, manifest.as_bytes());
    shell.files.borrow_mut().insert("-".to_owned(), "secret".to_owned());
    let none = format!("h.io/a/app@{}", Digest::of(b"none"));
    for (line, exit, code) in [
        (&["digest", "h.io/a/app:arm"][..], 0, ""),
        (&["digest", "h.io/a/app:none"], 3, "not-found"),
        (&["digest", "h.io/a/app:denied"], 1, "denied"),
        (&["digest", "--platform=linux/s390x", "h.io/a/app:all"], 3, "platform-not-found"),
        (&["digest", "./none"], 1, "input-failed"),
        (&["digest", "UPPER"], 1, "reference-invalid"),
        (&["copy", "h.io/a/app:none", "h.io/b/app:1"], 3, "not-found"),
        (&["copy", "h.io/a/app:arm", "h.io/a/app:full"], 1, "not-found"),
        (&["copy", "h.io/a/app:gap", "h.io/b/app:1"], 3, "not-found"),
        (&["copy", "h.io/a/app:gap", "other.io/b/app:1"], 3, "not-found"),
        (&["copy", "h.io/a/app:arm", "other.io/full/app:1"], 1, "not-found"),
        (&["index", "annotate", "--annotation=a=b", "h.io/a/app:all"], 1, "not-found"),
        (&["login", "--username=me", "--password-stdin", "h.io"], 1, "not-found"),
        (&["ratelimit", "h.io/a/app:none"], 3, "not-found"),
        (&["referrers", "h.io/a/app:none"], 3, "not-found"),
        (&["index", "add", "h.io/a/app:none", "arm"], 3, "not-found"),
        (&["index", "remove", "h.io/a/app:all", "linux/s390x"], 3, "entry-not-found"),
        (&["index", "remove", "--ignore-missing", "h.io/a/app:all", "linux/s390x"], 0, ""),
        (&["delete", &none], 3, "not-found"),
        (&["delete", "--ignore-missing", &none], 0, ""),
        (&["delete", &none, "h.io/a/app:arm"], 1, "digest-needed"),
        (&["remove", "h.io/a/app:draft", "h.io/a/app:none"], 3, "image-not-in-list"),
        (&["rename", "h.io/a/app:none", "h.io/a/app:2"], 3, "list-unknown"),
        (&["duplicate", "h.io/a/app:draft", "h.io/a/app:draft"], 1, "list-exists"),
        // Docker's own commands end as Docker does.
        (&["inspect", "h.io/a/app:none"], 1, "not-found"),
        (&["inspect", "--platform=linux/s390x", "h.io/a/app:all"], 1, "platform-not-found"),
        (&["create", "h.io/a/app:new", "h.io/a/app:none"], 1, "not-found"),
        (&["push", "h.io/a/app:none"], 1, "list-unknown"),
        (&["annotate", "h.io/a/app:none", "h.io/a/app:arm"], 1, "image-not-in-list"),
        (&["rm", "h.io/a/app:none"], 1, "list-unknown"),
        (&["frob"], 1, "frob"),
        (&["digest", "--frob", "a"], 125, "frob"),
    ] {
        let insecure = [
            "digest",
            "copy",
            "ratelimit",
            "referrers",
            "delete",
            "inspect",
            "create",
            "push",
            "index",
            "login",
        ];
        let mut line = line.to_vec();
        let is_insecure = insecure.contains(&line[0]);
        if is_insecure {
            line.push("--insecure");
        }
        let plain = shell.run(&line).await;
        assert_eq!(plain.exit, exit, "{line:?}: {}", plain.stderr);
        if code == "frob" {
            assert!(plain.stderr.contains(code), "{line:?}: {}", plain.stderr);
            assert_eq!(plain.stdout, "");
            continue;
        }
        line.push("--json");
        let ended = shell.run(&line).await;
        assert_eq!(ended.exit, exit, "{line:?}: {}", ended.stderr);
        let codes: Vec<String> = ended.stderr.lines().map(code_of).collect();
        assert_eq!(codes.last().map_or("", String::as_str), code, "{line:?}: {}", ended.stderr);
    }
}

fn code_of(line: &str) -> String {
    let error: Value = line.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
    error["error"]["code"].as_str().expect("a code").to_owned()
}

#[tokio::test(flavor = "current_thread")]
async fn errors_name_the_flag_that_solves_them() {
    let mut shell = shell().await;
    shell.terminal = Some(120);
    let limited = Answer { status: 429, content_type: None, body: Vec::new() };
    let path = (Method::GET, "a/app/manifests/limited".to_owned());
    shell.registry.contents.borrow_mut().answers.insert(path, limited);
    let none = format!("h.io/a/app@{}", Digest::of(b"none"));
    let other = ["annotate", "h.io/a/app:draft", "h.io/a/app:arm", "--arch=loong64"];
    for (line, flag) in [
        (&["create", "h.io/a/app:draft", "h.io/a/app:arm"][..], "--amend"),
        (&["create", "--insecure", "h.io/a/app:new", "h.io/a/app:all"], "--flatten"),
        (&["create", "--insecure", "h.io/a/app:new", "arm"], "--relative"),
        (&["inspect", "h.io/a/app:arm"], "--insecure"),
        (&["digest", "manifest"], "--file"),
        (&["inspect", "--insecure", "--platform=linux/386", "h.io/a/app:all"], "--platform"),
        (&["inspect", "--insecure", "--config", "h.io/a/app:all"], "--platform"),
        (&["inspect", "--insecure", "--format={{.Config.os}}", "h.io/a/app:all"], "--platform linux/amd64"),
        (&["inspect", "--insecure", "h.io/a/app:limited"], "--retries"),
        (&["inspect", "--insecure", "h.io/a/app:limited"], "--mirror"),
        (&other, "--any-platform"),
        (&["push", "--insecure", "--subject=arm", "h.io/a/app:docker-draft"], "--format oci"),
        (&["index", "remove", "--insecure", "h.io/a/app:all", "linux/386"], "--ignore-missing"),
        (&["delete", "--insecure", &none], "--ignore-missing"),
        (&["rm", "h.io/a/app:none"], "--ignore-missing"),
        (&["login", "h.io"], "--password-stdin"),
        (&["push", "h.io/a/app:none"], "tallyman create"),
    ] {
        let ended = shell.run(line).await;
        assert_ne!(ended.exit, 0, "{line:?}");
        assert!(ended.stderr.contains(flag), "{line:?}: {}", ended.stderr);
    }
    // Docker's own messages stand alone where programs read them.
    shell.terminal = None;
    let ended = shell.run(&["rm", "h.io/a/app:none"]).await;
    assert_eq!(ended.stderr, "No such manifest: h.io/a/app:none\n");
}

/// The hints that a command line ends with, on the standard error without the errors.
async fn hints_of(shell: &Shell, line: &[&str]) -> Vec<String> {
    let ended = shell.run(&[line, &["--json"]].concat()).await;
    assert_ne!(ended.exit, 0, "{line:?}");
    let lines = ended.stderr.lines().map(|line| line.parse::<Value>().expect(line));
    lines.filter_map(|line| line["error"]["hint"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn hints_name_what_can_help() {
    let mut shell = shell().await;
    for (method, tag, status) in
        [(Method::PUT, "conflict", 409), (Method::PUT, "down", 502), (Method::DELETE, "kept", 405)]
    {
        let answer = Answer { status, content_type: None, body: Vec::new() };
        let path = (method, format!("a/app/manifests/{tag}"));
        shell.registry.contents.borrow_mut().answers.insert(path, answer);
    }
    // The same request gets the same answer.
    for (tag, expected) in [("conflict", None), ("down", Some("--retries"))] {
        let target = format!("h.io/a/app:{tag}");
        let hints = hints_of(&shell, &["copy", "--insecure", "h.io/a/app:arm", &target]).await;
        assert_eq!(
            hints.iter().any(|hint| hint.contains("--retries")),
            expected.is_some(),
            "{tag}: {hints:?}"
        );
    }
    // A deletion that may be refused as well is none to be promised, and has the flags of the call.
    let hints = hints_of(&shell, &["untag", "--insecure", "h.io/a/app:kept"]).await;
    assert_eq!(
        hints,
        [
            "if the registry deletes manifests, that of the tag can be deleted with every tag on it: tallyman delete --insecure h.io/a/app@$(tallyman digest --insecure h.io/a/app:kept)"
        ]
    );
    let typed = shell.run(&["untag", "--insecure", "h.io/a/app"]).await;
    assert!(typed.stderr.contains("found h.io/a/app:"), "{}", typed.stderr);
    assert!(!typed.stderr.contains(":latest"), "{}", typed.stderr);
    // A registry without HEAD is reported as such.
    let answer = Answer { status: 405, content_type: None, body: Vec::new() };
    let head = (Method::HEAD, "a/app/manifests/headless".to_owned());
    shell.registry.contents.borrow_mut().answers.insert(head, answer);
    let refused = shell.run(&["ratelimit", "--insecure", "h.io/a/app:headless"]).await;
    let fault =
        "the rate limit of h.io cannot be read without a pull, since the registry refuses HEAD requests: ";
    assert!(refused.exit == 1 && refused.stderr.starts_with(fault), "{}", refused.stderr);
    // A reference takes a registry for a repository and a tag.
    let digest = format!("h.io/a/app@sha256:{}", "0".repeat(64));
    let catalog = ["use tallyman catalog 127.0.0.1:5000 to list the repositories of a registry"];
    for (typed, expected) in [("h.io/a/app:arm", &[][..]), (&digest, &[]), ("127.0.0.1:5000", &catalog)] {
        let refused = shell.run(&["tags", "--insecure", typed]).await;
        let fault = format!("expected a repository without a tag or a digest, found {typed}\n");
        assert!(refused.exit == 1 && refused.stderr.starts_with(&fault), "{}", refused.stderr);
        assert_eq!(hints_of(&shell, &["tags", "--insecure", typed]).await, expected);
    }
    // A file of lists has fields, and no flag for platforms.
    let file = "image: h.io/a/app:2\nimages: [{image: 'h.io/a/app:all', platforms: [linux/riscv64]}]";
    shell.files.borrow_mut().insert("lists.yaml".to_owned(), file.to_owned());
    let hints = hints_of(&shell, &["plan", "--insecure", "lists.yaml"]).await;
    assert_eq!(hints, ["name one of the platforms that it has in the file"]);
    // A signed-in user is not told to sign in.
    shell.credentials = password();
    shell.registry.denies.set(true);
    for line in [
        &["digest", "--insecure", "h.io/a/app:arm"][..],
        &["tags", "--insecure", "h.io/a/app"],
        &["catalog", "--insecure", "h.io"],
    ] {
        let hints = hints_of(&shell, line).await;
        assert!(hints[0].starts_with("credentials were sent"), "{line:?}: {hints:?}");
    }
    // A registry that wants a user name and a password refuses these alone with 401.
    shell.registry.denies.set(false);
    shell.registry.locked.set(true);
    for (line, registry) in [
        (&["inspect", "--insecure", "h.io/a/app:arm"][..], "h.io"),
        (&["digest", "--insecure", "h.io/a/app:arm"], "h.io"),
        (&["tags", "--insecure", "h.io/a/app"], "h.io"),
        (&["catalog", "--insecure", "h.io"], "the registry"),
    ] {
        let hints = hints_of(&shell, line).await;
        let rejected =
            format!("{registry} rejected the user name or the password stored for it: sign in again");
        assert_eq!(hints, [rejected], "{line:?}");
    }
    shell.credentials = None;
    let hints = hints_of(&shell, &["digest", "--insecure", "h.io/a/app:arm"]).await;
    assert_eq!(hints, ["use tallyman login to sign in to the registry"]);
}

#[tokio::test(flavor = "current_thread")]
async fn usage_errors_are_json_where_errors_are() {
    let shell = Shell::new();
    for (line, exit, told) in [
        (&["tags", "--json", "--limit", "x", "h.io/a/app"][..], 125, "--limit"),
        (&["--log-format=json", "tags", "--limit", "x", "h.io/a/app"], 125, "--limit"),
        (&["--log-format", "json", "frob"], 1, "tallyman frob"),
        (&["--log-format=json", "index", "frob"], 1, "tallyman index frob"),
        (&["ls", "--json=true", "frob"], 1, "accepts no arguments"),
        (&["index", "--log-format=json"], 1, "requires a command"),
        (&["digest", "--file", "--json"], 1, "requires 1 argument"),
        (&["push", "--json"], 1, "requires 1 argument"),
    ] {
        let ended = shell.run(line).await;
        assert_eq!((ended.exit, ended.stdout.as_str()), (exit, ""), "{line:?}");
        let error: Value = ended.stderr.parse().unwrap_or_else(|_| panic!("{line:?}: {}", ended.stderr));
        assert_eq!(error["error"]["code"], "usage", "{error}");
        assert!(error["error"]["message"].as_str().unwrap().contains(told), "{error}");
    }
    let plain = shell.run(&["tags", "--json=false", "--limit", "x", "--", "--json"]).await;
    assert!(
        plain.stderr.starts_with("invalid argument") && plain.stderr.contains("\n\nUsage:"),
        "{}",
        plain.stderr
    );
}
