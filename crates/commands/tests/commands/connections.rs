//! Settings of the connection, requests that are shown, credentials that are kept, and rate limits.
#![cfg(not(target_arch = "wasm32"))]

use std::{
    io::{Read, Write},
    net::TcpListener,
    rc::Rc,
    thread,
};

use serde_json::{Value, json};
use tallyman_core::MediaType;
use tallyman_dev_registry::{Auth, PASSWORD, Profile, Registry, RunningRegistry, TokenAuth, USER};
use tallyman_registry::{Access, Client, NativeTransport};

use crate::served::{
    Program,
    images::{INDEX, Image, OCI, index},
};

#[tokio::test(flavor = "current_thread")]
async fn requests_are_shown_with_retries_and_without_credentials() {
    let registry = Registry::builder()
        .auth(Auth::Token(TokenAuth::new("alice", "s3cret-word")))
        .start()
        .await
        .expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&registry, "a/app", Some("1"));
    registry
        .add_fault("server-error,status=503,method=HEAD,path=/v2/a/app/manifests/1,times=1".parse().unwrap());
    let program = Program::signed_in("alice", "s3cret-word");
    let name = format!("{}/a/app:1", registry.addr);
    let shown = program.run(&["digest", "--insecure", "--debug", &name]).await;
    assert_eq!((shown.exit, shown.stdout.trim()), (0, &*image.digest()), "{}", shown.stderr);
    let line = format!("HEAD http://{}/v2/a/app/manifests/1 200 ", registry.addr);
    let found = shown.stderr.lines().find(|shown| shown.starts_with(&line)).expect(&shown.stderr);
    assert!(found.contains(" ms") && found.ends_with(&format!("{} B", image.manifest.len())), "{found}");
    assert!(shown.stderr.contains("retry 1 in ") && shown.stderr.contains("503"), "{}", shown.stderr);
    assert!(!shown.stderr.contains("s3cret-word") && !shown.stderr.contains("Bearer"), "{}", shown.stderr);

    registry.add_fault("redirect-blobs,cors=false".parse().unwrap());
    let config = ["inspect", "--insecure", "--debug", "--format", "{{.Config.os}}", &name];
    let shown = program.run(&config).await;
    let found = shown.stderr.lines().find(|line| line.contains("/blobs/")).expect(&shown.stderr);
    assert!(found.contains(", redirected to http://") && found.contains(" 200 "), "{found}");

    // As JSON, in front of the command too; and errors with it.
    let missing = format!("{}/a/app:2", registry.addr);
    let line = ["--debug", "--log-format", "json", "inspect", "--insecure", &missing];
    let shown = program.run(&line).await;
    assert_eq!(shown.exit, 1);
    let lines: Vec<Value> =
        shown.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.iter().any(|line| line["request"]["status"] == json!(404)), "{lines:?}");
    assert_eq!(lines.last().unwrap()["error"]["code"], json!("not-found"), "{lines:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_line_of_the_log_is_json_whatever_a_registry_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let name = format!("{}/a/app:1", listener.local_addr().unwrap());
    thread::spawn(move || {
        let body = "{\"errors\":[{\"code\":\"UNAVAILABLE\",\"message\":\"later\u{7f}\"}]}";
        for mut stream in listener.incoming().flatten() {
            let _request = stream.read(&mut [0; 4096]);
            let head =
                "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: close";
            let _sent = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    let line = ["inspect", "--insecure", "--debug", "--log-format=json", "--retries=1", &name];
    let shown = Program::anonymous().run(&line).await;
    let lines: Vec<Value> =
        shown.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let reason = lines.iter().find_map(|line| line["retry"]["reason"].as_str()).expect("it is sent again");
    assert!(reason.contains("later\u{7f}"), "{reason}");
}

#[tokio::test(flavor = "current_thread")]
async fn retries_headers_and_limits_are_as_they_are_set() {
    let registry = Registry::builder().start().await.expect("a port is free");
    Image::oci("linux/amd64", "one").put(&registry, "a/app", Some("1"));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let fault = "server-error,status=503,method=GET,path=/v2/a/app/manifests/1";
    for (retries, times, exit) in [("0", 1, 1), ("3", 3, 0)] {
        registry.clear_faults();
        registry.add_fault(format!("{fault},times={times}").parse().unwrap());
        registry.clear_requests();
        let ended =
            program.run(&["inspect", "--insecure", "--retries", retries, "--timeout", "20s", &name]).await;
        assert_eq!(ended.exit, exit, "{retries}: {}", ended.stderr);
    }
    registry.clear_faults();
    registry.add_fault("latency,ms=2000,method=GET,path=/v2/a/app/manifests/1".parse().unwrap());
    let late = program.run(&["inspect", "--insecure", "--timeout", "100ms", &name]).await;
    assert_eq!(late.exit, 1);
    for (flag, value, expected) in [
        ("--timeout", "soon", "30s"),
        ("--retries", "-1", "0 or more"),
        ("--concurrency", "0", "1 or more"),
        ("--header", "Authorization=x", "another header"),
        ("--mirror", "x", "docker.io=mirror.example"),
        ("--log-format", "xml", "text or json"),
    ] {
        let refused = program.run(&["inspect", flag, value, &name]).await;
        assert_eq!(refused.exit, 125, "{flag}");
        assert!(refused.stderr.contains(expected), "{flag}: {}", refused.stderr);
    }
}

/// Starts a registry that asks everyone for the name `alice` and the password `secret`.
async fn start_guarded() -> RunningRegistry {
    let auth = Auth::Basic {
        realm: "Registry".to_owned(),
        users: [("alice".to_owned(), "secret".to_owned())].into(),
    };
    Registry::builder().auth(auth).start().await.expect("a port is free")
}

#[tokio::test(flavor = "current_thread")]
async fn mirrors_are_read_first_without_credentials_and_the_registry_is_there_behind_them() {
    let registry = start_guarded().await;
    let mirror = Registry::builder().start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&registry, "a/app", Some("1"));
    image.put(&mirror, "a/app", Some("1"));
    let other = Image::oci("linux/amd64", "two");
    other.put(&registry, "a/app", Some("2"));
    let program = Program::signed_in("alice", "secret");
    let setting = format!("{}=http://{}", registry.addr, mirror.addr);
    let digest = |tag: &str| {
        let (name, setting, program) = (format!("{}/a/app:{tag}", registry.addr), setting.clone(), &program);
        async move { program.succeed(&["digest", "--insecure", "--mirror", &setting, &name]).await }
    };
    assert_eq!(digest("1").await.trim(), image.digest());
    let asked = mirror.requests();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|request| request.authorization.is_none()), "{asked:?}");
    assert!(registry.requests().iter().all(|request| !request.path.contains("manifests")));
    assert_eq!(digest("2").await.trim(), other.digest());
}

#[tokio::test(flavor = "current_thread")]
async fn a_mirror_is_never_asked_about_a_repository_that_is_written_to() {
    let [source, target, mirror] = [
        Registry::builder().start().await.expect("a port is free"),
        Registry::builder().start().await.expect("a port is free"),
        Registry::builder().start().await.expect("a port is free"),
    ];
    let [one, two] = ["linux/amd64", "linux/arm64"].map(|platform| Image::oci(platform, "one"));
    for image in [&one, &two] {
        image.put(&source, "a/app", Some(image.platform.split('"').nth(7).expect("an architecture")));
        image.put(&mirror, "b/app", Some("1"));
    }
    let program = Program::anonymous();
    let mirrored = ["--insecure", "--mirror", &format!("{}=http://{}", target.addr, mirror.addr)];
    let (from, to) = (format!("{}/a/app", source.addr), format!("{}/b/app", target.addr));

    let run = async |line: &[&str]| program.succeed(&[line, &mirrored].concat()).await;

    // The mirror has the image, the target does not.
    run(&["copy", &format!("{from}:arm64"), &format!("{to}:1")]).await;
    assert_eq!(target.manifest("b/app", "1").expect("it is copied").1, two.manifest);

    // The mirror has an older state of the list.
    for (registry, entries) in [(&target, vec![two.entry()]), (&mirror, Vec::new())] {
        registry.put_manifest("b/app", Some("list"), INDEX, index(INDEX, &entries, ""));
    }
    run(&["index", "add", &format!("{to}:list"), &format!("{from}:amd64")]).await;
    let list: Value = serde_json::from_slice(&target.manifest("b/app", "list").unwrap().1).unwrap();
    assert_eq!(list["manifests"].as_array().unwrap().len(), 2, "{list}");

    // The mirror has the blobs of another list.
    one.put(&mirror, "b/other", None);
    program.file("lists.yaml", &format!("image: {}/b/other:1\nimages: ['{from}:amd64']\n", target.addr));
    run(&["apply", "lists.yaml"]).await;
    assert!(target.manifest("b/other", "1").is_some());

    // The mirror has an older image under a tag of the list's own repository.
    for (registry, image) in [(&target, &two), (&mirror, &one)] {
        image.put(registry, "b/app", Some("moved"));
    }
    run(&["create", "--push", &format!("{to}:made"), &format!("{to}:moved")]).await;
    let list: Value = serde_json::from_slice(&target.manifest("b/app", "made").unwrap().1).unwrap();
    assert_eq!(list["manifests"][0]["digest"], two.digest());

    run(&["ratelimit", &format!("{to}:1")]).await;
    assert_eq!(mirror.requests().iter().map(|request| request.path.clone()).collect::<Vec<_>>(), [""; 0]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_answer_of_a_mirror_tells_nothing_of_the_scheme_that_its_registry_speaks() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let mirror = Registry::builder().start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&mirror, "a/app", Some("1"));
    for blob in &image.blobs {
        registry.put_blob("a/app", blob.clone());
    }
    let origin = mirror.url();
    let client = Client::builder(Rc::new(NativeTransport::new()))
        .access(|_| Access::Insecure)
        .mirror(move |_| Some(origin.clone()))
        .build();
    let reference = format!("{}/a/app:1", registry.addr).parse().unwrap();
    let found = client.manifest(&reference).await.expect("the mirror has it");
    let put = client.put_manifest(&reference, &MediaType::new(OCI), found.bytes).await;
    put.expect("the registry speaks plain HTTP");
    assert!(registry.manifest("a/app", "1").is_some());
}

#[tokio::test(flavor = "current_thread")]
async fn logins_are_tried_and_kept_and_forgotten() {
    let registry = start_guarded().await;
    let program = Program::anonymous();
    let host = registry.addr.to_string();
    program.file("-", "wrong\n");
    let login = ["login", "--insecure", "--username", "alice", "--password-stdin", &host];
    let refused = program.run(&login).await;
    assert_eq!(refused.exit, 1);
    assert!(program.logins.0.borrow().is_empty());
    // It advises something else than itself.
    assert!(refused.stderr.contains("check the user name and the password"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("tallyman login"), "{}", refused.stderr);

    program.file("-", "secret\r\n");
    let kept = program.run(&login).await;
    assert_eq!((kept.exit, kept.stdout.as_str()), (0, "Login Succeeded\n"));
    assert!(kept.stderr.contains("config.json") && !kept.stderr.contains("secret"), "{}", kept.stderr);
    assert_eq!(program.logins.0.borrow()[&host], ("alice".to_owned(), "secret".to_owned()));

    let gone = program.succeed(&["logout", &format!("https://{host}/v1/")]).await;
    assert_eq!(gone, format!("Removing login credentials for {host}\n"));
    assert_eq!(program.succeed(&["logout", &host]).await, format!("Not logged in to {host}\n"));

    // Not another password in its place.
    program.files.borrow_mut().insert("-".to_owned(), b"sch\xf6n\n".to_vec());
    let unread = program.run(&login).await;
    assert!(unread.exit == 1 && unread.stderr.contains("UTF-8"), "{}", unread.stderr);

    let missing = program.run(&["login", &host]).await;
    assert!(missing.stderr.contains("--username") && missing.stderr.contains("--password-stdin"));
    let twice = program.run(&["login", "-u", "a", "-p", "b", "--password-stdin", &host]).await;
    assert!(twice.stderr.contains("found both"), "{}", twice.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn the_rate_limit_that_a_registry_names_is_shown_alone_and_with_each_request() {
    let registry = Registry::builder().profile(Profile::Dockerhub).start().await.expect("a port is free");
    Image::oci("linux/amd64", "one").put(&registry, "a/app", Some("1"));
    let program = Program::signed_in(USER, PASSWORD);
    let name = format!("{}/a/app:1", registry.addr);
    let printed = program.succeed(&["ratelimit", "--insecure", &name]).await;
    assert_eq!(printed, "76 of 100 requests left in 21600 s\n");
    let json: Value = program.succeed(&["ratelimit", "--insecure", "--json", &name]).await.parse().unwrap();
    assert_eq!(
        json,
        json!({ "registry": registry.addr.to_string(), "limit": 100, "remaining": 76, "seconds": 21600, "source": null })
    );
    let shown = program.run(&["digest", "--insecure", "--debug", &name]).await;
    let line = shown.stderr.lines().find(|line| line.contains("/manifests/1 200 ")).expect(&shown.stderr);
    assert!(line.ends_with(", 76 requests left"), "{line}");
    assert!(!shown.stderr.contains(PASSWORD), "{}", shown.stderr);
    let shown = program.run(&["--debug", "--log-format=json", "digest", "--insecure", &name]).await;
    let lines = shown.stderr.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let limits: Vec<Value> = lines.map(|line| line["request"]["rateLimit"].clone()).collect();
    assert!(limits.contains(&json!({ "limit": 100, "remaining": 76, "seconds": 21600 })), "{limits:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn warnings_are_json_where_the_log_is() {
    let registry = start_guarded().await;
    let program = Program::anonymous();
    let host = registry.addr.to_string();
    let login = ["login", "--insecure", "--json", "--log-format=json", "-u", "alice", "-p", "secret", &host];
    let kept = program.run(&login).await;
    let warnings: Vec<Value> =
        kept.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings.iter().all(|line| line["warning"].as_str().is_some_and(|text| !text.contains("secret")))
    );
    let printed: Value = kept.stdout.parse().unwrap();
    assert_eq!(printed, json!({ "registry": host, "username": "alice", "file": "config.json" }));
    let gone: Value = program.succeed(&["logout", "--json", &host]).await.parse().unwrap();
    assert_eq!(gone, json!({ "registry": host, "deleted": true }));
}

#[tokio::test(flavor = "current_thread")]
async fn registries_without_a_rate_limit_say_so() {
    let registry = Registry::builder().start().await.expect("a port is free");
    Image::oci("linux/amd64", "one").put(&registry, "a/app", Some("1"));
    let program = Program::anonymous();
    let name = format!("{}/a/app:1", registry.addr);
    let printed = program.succeed(&["ratelimit", "--insecure", &name]).await;
    assert_eq!(printed, format!("{} reported no rate limit\n", registry.addr));
    let json = program.succeed(&["ratelimit", "--insecure", "--json", &name]).await;
    let limit: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&limit["limit"], &limit["registry"]), (&Value::Null, &json!(registry.addr.to_string())));
    assert!(
        registry
            .requests()
            .iter()
            .filter(|request| request.path.contains("manifests"))
            .all(|request| request.method == "HEAD")
    );
}

#[tokio::test(flavor = "current_thread")]
async fn missing_content_counts_as_deleted_on_request() {
    let registry = Registry::builder().start().await.expect("a port is free");
    let image = Image::oci("linux/amd64", "one");
    image.put(&registry, "a/app", Some("1"));
    registry.put_manifest("a/app", Some("2"), OCI, image.manifest.clone());
    let program = Program::anonymous();
    let [one, gone] = ["1", "gone"].map(|tag| format!("{}/a/app:{tag}", registry.addr));
    assert_eq!(program.run(&["untag", "--insecure", &gone]).await.exit, 3);
    let printed = program.succeed(&["untag", "--insecure", "--ignore-missing", "--json", &one, &gone]).await;
    let deleted: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        deleted,
        json!([{ "reference": one, "deleted": true }, { "reference": gone, "deleted": false }])
    );
    assert!(registry.manifest("a/app", "2").is_some());
    for command in ["rm", "remove"] {
        let line: Vec<&str> = [command, "--ignore-missing", &one]
            .into_iter()
            .chain((command == "remove").then_some(&*gone))
            .collect();
        program.succeed(&line).await;
    }
    assert_eq!(program.run(&["rm", &one]).await.exit, 1);
}

#[tokio::test(flavor = "current_thread")]
async fn progress_is_json_where_the_log_is() {
    let registry = Registry::builder().start().await.expect("a port is free");
    Image::oci("linux/amd64", "one").put(&registry, "a/app", Some("1"));
    let [from, to] = ["a/app:1", "b/app:1"].map(|rest| format!("{}/{rest}", registry.addr));
    let line = ["--log-format", "json", "copy", "--insecure", "--progress", &from, &to];
    let copied = Program::anonymous().run(&line).await;
    assert_eq!(copied.exit, 0, "{}", copied.stderr);
    let lines: Vec<Value> =
        copied.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.len() > 2 && lines.iter().all(|line| line["progress"].is_string()), "{lines:?}");
}
