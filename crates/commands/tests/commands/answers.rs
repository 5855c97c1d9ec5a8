//! Registries' answers in Docker's words, as they were recorded.

use crate::support::{Shell, registry::Answer};
use http::Method;
use serde::Deserialize;
use tallyman_core::Digest;

#[derive(Deserialize)]
struct Recorded {
    answer: String,
    status: u16,
    content_type: Option<String>,
    body: String,
    create: Told,
    inspect: Told,
}

#[derive(Deserialize)]
struct Told {
    exit: u8,
    stderr: String,
}

#[tokio::test(flavor = "current_thread")]
async fn every_recorded_answer_is_told_as_docker_told_it() {
    let recorded: Vec<Recorded> = serde_json::from_str(include_str!("error-answers.json")).unwrap();
    assert_eq!(recorded.len(), 29);
    for Recorded { answer, status, content_type, body, create, inspect } in recorded {
        // Redirects are the transport's; its own tests count them.
        if status == 307 {
            continue;
        }
        let shell = Shell::new();
        let served = Answer { status, content_type, body: body.into_bytes() };
        let path = (Method::GET, "r/i/manifests/x".to_owned());
        shell.registry.contents.borrow_mut().answers.insert(path, served);
        let image = "127.0.0.1:5077/r/i:x";
        let found = shell.run(&["create", "--insecure", "127.0.0.1:5077/r/i:list", image]).await;
        assert_eq!((found.exit, found.stderr), (create.exit, create.stderr), "create: {answer}");
        let found = shell.run(&["inspect", "--insecure", image]).await;
        assert_eq!((found.exit, found.stderr), (inspect.exit, inspect.stderr), "inspect: {answer}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn errors_that_docker_cannot_read_are_no_errors_of_the_registry() {
    const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
    let config = r#"{"os":"linux","architecture":"arm"}"#;
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{"digest":"{}","size":{}}},"layers":[]}}"#,
        Digest::of(config.as_bytes()),
        config.len()
    );
    for (body, reason) in [
        (
            r#"{"errors":[{"code":5,"message":"a"}]}"#,
            "number into Go struct field Error.Errors.code of type errcode.ErrorCode",
        ),
        (
            r#"{"errors":[{"code":"DENIED","message":5}]}"#,
            "number into Go struct field Error.Errors.message of type string",
        ),
        (r#"{"errors":["x"]}"#, "string into Go struct field .Errors of type errcode.Error"),
        (r#"{"errors":{}}"#, "object into Go struct field .Errors of type []errcode.Error"),
        (
            r#"{"errors":[{"code":"DENIED","message":"m"},{"code":true}]}"#,
            "bool into Go struct field Error.Errors.code of type errcode.ErrorCode",
        ),
    ] {
        let shell = Shell::new();
        shell.registry.put_blob("r/i", config.as_bytes());
        shell.registry.put_manifest("r/i", "1", IMAGE, manifest.as_bytes());
        for method in [Method::GET, Method::PUT] {
            let body = body.as_bytes().to_vec();
            let answer = Answer { status: 404, content_type: Some("application/json".to_owned()), body };
            shell
                .registry
                .contents
                .borrow_mut()
                .answers
                .insert((method, "r/i/manifests/x".to_owned()), answer);
        }
        let read = shell.run(&["inspect", "--insecure", "h.io/r/i:x"]).await;
        assert_eq!((read.exit, &*read.stderr), (1, "no such manifest: h.io/r/i:x\n"), "{body}");
        shell.done(&["create", "--insecure", "h.io/r/i:x", "h.io/r/i:1"]).await;
        let pushed = shell.run(&["push", "--insecure", "h.io/r/i:x"]).await;
        let expected = format!("error parsing HTTP 404 response body: json: cannot unmarshal {reason}: ");
        assert!(pushed.exit == 1 && pushed.stderr.contains(&expected), "{}", pushed.stderr);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_schema_version_is_an_integer_or_nothing_is_shown_and_kept() {
    const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
    const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    let config = r#"{"os":"linux","architecture":"arm"}"#;
    let digest = Digest::of(config.as_bytes());
    for (version, found) in [
        ("2", None),
        ("1", None),
        ("-1", None),
        ("null", None),
        (r#""2""#, Some("string")),
        ("2.5", Some("number 2.5")),
        ("2e0", Some("number 2e0")),
        ("99999999999999999999", Some("number 99999999999999999999")),
        ("true", Some("bool")),
        ("{}", Some("object")),
        ("[]", Some("array")),
    ] {
        let shell = Shell::new();
        shell.registry.put_blob("r/i", config.as_bytes());
        let image = format!(
            r#"{{"schemaVersion":{version},"config":{{"digest":"{digest}","size":{}}},"layers":[]}}"#,
            config.len()
        );
        shell.registry.put_manifest("r/i", "1", IMAGE, image.as_bytes());
        let list = format!(r#"{{"schemaVersion":{version},"manifests":[]}}"#);
        shell.registry.put_manifest("r/i", "list", INDEX, list.as_bytes());
        let fault = |of: &str| {
            found.map(|found| {
                format!("json: cannot unmarshal {found} into Go struct field {of}.Versioned.schemaVersion of type int\n")
            })
        };
        let shown = shell.run(&["inspect", "--insecure", "h.io/r/i:1"]).await;
        assert_eq!(shown.stderr, fault("Manifest").unwrap_or_default(), "{version}");
        let created = shell.run(&["create", "--insecure", "h.io/r/i:new", "h.io/r/i:1"]).await;
        assert_eq!(created.stderr, fault("Manifest").unwrap_or_default(), "{version}");
        assert_eq!(shell.done(&["ls", "--quiet"]).await.is_empty(), found.is_some(), "{version}");
        if let Some(fault) = fault("ManifestList") {
            let shown = shell.run(&["inspect", "--insecure", "h.io/r/i:list"]).await;
            assert_eq!((shown.exit, shown.stderr), (1, fault), "{version}");
        }
    }
}
