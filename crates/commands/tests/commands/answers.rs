//! Registries' answers in Docker's words, as they were recorded.

use crate::support::{Shell, registry::Answer};
use http::Method;
use serde::Deserialize;

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
