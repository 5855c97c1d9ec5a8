//! Credentials in the files of a machine: the Docker CLI's, and those of podman, buildah and skopeo.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_commands::{DockerCredentials, HelperOutput, Machine};
use tallyman_registry::{CredentialSource, Credentials};

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
