//! Credentials in the files of a machine: the Docker CLI's, and those of podman, buildah and skopeo.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_commands::{DockerCredentials, Environment, HelperOutput, Input, Machine, Output, run};
use tallyman_core::Digest;
use tallyman_registry::{Client, CredentialSource, Credentials, NativeTransport};
use tallyman_store::MemoryStore;

/// A machine with files by path, and helpers that print what they were asked for.
#[derive(Default)]
struct Files(BTreeMap<&'static str, String>, RefCell<String>);

impl Machine for Files {
    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn homedir(&self) -> String {
        "/home/me".to_owned()
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.clone().into_bytes()))
    }

    fn write_secret(&self, path: &str, _: &[u8]) -> Result<(), String> {
        Err(format!("open {path}: read-only file system"))
    }

    fn run_helper<'a>(
        &'a self,
        program: &'a str,
        action: &'a str,
        input: &'a str,
    ) -> LocalBoxFuture<'a, Result<HelperOutput, String>> {
        let stdout = format!(r#"{{"Username":"{program} {action} {input}","Secret":"secret"}}"#).into_bytes();
        future::ready(Ok(HelperOutput { status: Some(0), stdout })).boxed_local()
    }

    fn default_helper(&self) -> Option<String> {
        None
    }

    fn stderr(&self, text: &str) {
        self.1.borrow_mut().push_str(text);
    }
}

/// The user whose credentials a registry gets.
async fn user(path: &'static str, file: &str, registry: &str) -> Option<String> {
    let machine = Files([(path, file.to_owned())].into(), RefCell::default());
    let source = DockerCredentials::new(machine, "/home/me/.docker");
    match source.credentials(&registry.parse().unwrap()).await.unwrap()? {
        Credentials::Basic { user, .. } => Some(user),
        other => panic!("expected a name and a password, found {other:?}"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn credentials_of_the_containers_tools_for_docker_hub_are_found() {
    const CONTAINERS: &str = "/home/me/.config/containers/auth.json";
    const DOCKER: &str = "/home/me/.docker/config.json";
    // `alice:s3cret`
    let file = |name: &str| format!(r#"{{"auths":{{"{name}":{{"auth":"YWxpY2U6czNjcmV0"}}}}}}"#);
    for name in ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"] {
        let found = user(CONTAINERS, &file(name), "docker.io").await;
        assert_eq!(found.as_deref(), Some("alice"), "{name}");
        let is_dockers = name.ends_with("/v1/");
        assert_eq!(user(DOCKER, &file(name), "docker.io").await.is_some(), is_dockers, "{name}");
    }
    let helpers = r#"{"credHelpers":{"docker.io":"pass"}}"#;
    let found = user(CONTAINERS, helpers, "docker.io").await;
    assert_eq!(found.as_deref(), Some("docker-credential-pass get docker.io"));
    assert_eq!(user(CONTAINERS, helpers, "quay.io").await, None);
}

#[derive(Default)]
struct Printed(RefCell<String>);

impl Output for Printed {
    fn stdout(&self, _: &[u8]) {}

    fn stderr(&self, text: &str) {
        self.0.borrow_mut().push_str(text);
    }
}

impl Input for Printed {
    fn digest<'a>(&'a self, _: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
        future::ready(Err("there is no input".to_owned())).boxed_local()
    }
}

#[tokio::test(flavor = "current_thread")]
async fn warnings_of_credentials_have_the_form_of_the_log() {
    let file = r#"{"credsStore":"nope","auths":[}"#.to_owned();
    for (format, is_json) in [("json", true), ("text", false)] {
        let machine = Files([("/home/me/.docker/config.json", file.clone())].into(), RefCell::default());
        let printed = Rc::new(Printed::default());
        let transport = Rc::new(NativeTransport::new());
        let environment = Environment {
            store: Rc::new(MemoryStore::new()),
            client: Rc::new(move |_| Client::builder(transport.clone()).build()),
            credentials: Rc::new(DockerCredentials::new(machine, "/home/me/.docker")),
            output: printed.clone(),
            input: printed.clone(),
        };
        let line = ["--log-format", format, "logout", "r.example"].map(str::to_owned);
        run(&line, &environment).await;
        let printed = printed.0.take();
        let warning =
            "WARNING: the Docker CLI's configuration /home/me/.docker/config.json is not all as expected";
        assert!(printed.contains(warning), "{printed}");
        for line in printed.lines() {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).is_ok(), is_json, "{line}");
        }
    }
}
