//! Credentials in the files of a machine: the Docker CLI's, and those of podman, buildah and skopeo.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs,
    path::Path,
    rc::Rc,
    thread,
    time::Duration,
};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_commands::{
    CredentialStore, DockerCredentials, Environment, HelperOutput, Input, Machine, Output, run,
};
use tallyman_core::{Digest, Reference};
use tallyman_registry::{
    Access, Client, CredentialRefusal, CredentialSource, Credentials, NativeTransport, Retry, Transport,
};
use tallyman_store::{Folder, MemoryStore, NativeFolder};
use tempfile::{TempDir, tempdir};

use crate::support::registry::MemoryRegistry;

/// A machine with files by path, variables by name, and helpers that print what they were asked for.
#[derive(Default)]
struct Files(BTreeMap<&'static str, String>, RefCell<String>);

impl Machine for Files {
    type Files = NativeFolder;

    fn files(&self) -> NativeFolder {
        NativeFolder
    }

    fn env(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn homedir(&self) -> String {
        "/home/me".to_owned()
    }

    fn uid(&self) -> Option<u32> {
        Some(7)
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|text| text.clone().into_bytes()))
    }

    fn create_secret_folder(&self, path: &str) -> Result<(), String> {
        Err(format!("mkdir {path}: read-only file system"))
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

    fn now(&self) -> f64 {
        0.0
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

/// The user whose credentials an image gets.
async fn user_for_image(files: &[(&'static str, String)], image: &str) -> Option<String> {
    let machine = Files(files.iter().cloned().collect(), RefCell::default());
    let source = DockerCredentials::new(machine, "/home/me/.docker");
    let image: Reference = image.parse().unwrap();
    let found = match source.namespace(image.registry(), image.repository()) {
        Some(namespace) => source.credentials_of_namespace(image.registry(), &namespace).await,
        None => source.credentials(image.registry()).await,
    };
    match found.unwrap()? {
        Credentials::Basic { user, .. } => Some(user),
        other => panic!("expected a name and a password, found {other:?}"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_image_gets_the_credentials_of_its_namespace_in_the_first_file_that_has_some() {
    const FIRST: &str = "/run/containers/7/auth.json";
    const SECOND: &str = "/home/me/.config/containers/auth.json";
    const DOCKER: &str = "/home/me/.docker/config.json";
    let file = |names: &[&str], user: &str| {
        let entries = names.iter().map(|name| {
            let auth = Credentials::Basic { user: user.to_owned(), password: "secret".to_owned() };
            let auth = auth.basic().unwrap().to_str().unwrap().replace("Basic ", "");
            format!(r#""{name}":{{"auth":"{auth}"}}"#)
        });
        format!(r#"{{"auths":{{{}}}}}"#, entries.collect::<Vec<_>>().join(","))
    };
    let files = [
        (FIRST, file(&["quay.io/team"], "first")),
        (SECOND, file(&["quay.io/team/app", "quay.io/b"], "second")),
    ];
    for (image, expected) in [
        // The first file has some for a namespace around it.
        ("quay.io/team/app", Some("first")),
        ("quay.io/b/app", Some("second")),
        ("quay.io/c/app", None),
    ] {
        assert_eq!(user_for_image(&files, image).await.as_deref(), expected, "{image}");
    }
    let with_docker = [files.as_slice(), &[(DOCKER, file(&["quay.io"], "docker"))]].concat();
    assert_eq!(user_for_image(&with_docker, "quay.io/team/app").await.as_deref(), Some("docker"));
}

#[tokio::test(flavor = "current_thread")]
async fn credentials_that_the_containers_tools_keep_without_a_session_are_found() {
    let file = r#"{"auths":{"quay.io":{"auth":"YWxpY2U6czNjcmV0"}}}"#;
    assert_eq!(user("/run/containers/7/auth.json", file, "quay.io").await.as_deref(), Some("alice"));
    assert_eq!(user("/run/containers/0/auth.json", file, "quay.io").await, None);
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
    const CONFIG: &str = "/home/me/.docker/config.json";
    let broken = r#"{"credsStore":"nope","auths":[}"#;
    let kept = r#"{"auths":{"r.example":{"auth":"YWxpY2U6czNjcmV0"}}}"#;
    let variable = "WARNING: the credentials for r.example in the variable DOCKER_AUTH_CONFIG stay in use";
    for (format, is_json, place, text, warning) in [
        ("json", true, CONFIG, broken, "config.json could not be read completely"),
        ("text", false, CONFIG, broken, "config.json could not be read completely"),
        ("json", true, "DOCKER_AUTH_CONFIG", kept, variable),
        ("text", false, "DOCKER_AUTH_CONFIG", kept, variable),
    ] {
        let machine = Files([(place, text.to_owned())].into(), RefCell::default());
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
        assert!(printed.contains(warning), "{printed}");
        for line in printed.lines() {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).is_ok(), is_json, "{line}");
        }
    }
}

/// The folder of a new `config.json`.
fn folder_with(file: &str) -> Rc<TempDir> {
    let folder = tempdir().expect("a folder can be made");
    fs::write(folder.path().join("config.json"), file).expect("it can be written");
    Rc::new(folder)
}

/// A machine with one file that can be written, and a helper that fails at what is named.
#[derive(Clone)]
struct Keychain {
    folder: Rc<TempDir>,
    containers: Option<&'static str>,
    variable: Option<&'static str>,
    own_helper: Option<&'static str>,
    fails_at: &'static [&'static str],
    fails_with: &'static str,
    runs: Rc<RefCell<Vec<String>>>,
    told: Rc<RefCell<String>>,
    now: Rc<Cell<f64>>,
}

impl Keychain {
    /// A machine with a `config.json`.
    fn with(file: &str) -> Self {
        let (runs, told, now) = (Rc::default(), Rc::default(), Rc::default());
        let (containers, variable, own_helper) = (None, None, None);
        let (folder, fails_at, fails_with) = (folder_with(file), &[][..], "the keychain is locked");
        Self { folder, containers, variable, own_helper, fails_at, fails_with, runs, told, now }
    }

    fn source(&self) -> DockerCredentials<Self> {
        DockerCredentials::new(self.clone(), self.folder.path().to_str().expect("it is UTF-8"))
    }

    fn file(&self) -> String {
        fs::read_to_string(self.folder.path().join("config.json")).expect("it is text")
    }
}

impl Machine for Keychain {
    type Files = NativeFolder;

    fn files(&self) -> NativeFolder {
        NativeFolder
    }

    fn env(&self, name: &str) -> Option<String> {
        self.variable.filter(|_| name == "DOCKER_AUTH_CONFIG").map(str::to_owned)
    }

    fn homedir(&self) -> String {
        "/home/me".to_owned()
    }

    fn uid(&self) -> Option<u32> {
        Some(7)
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        if Path::new(path).starts_with(self.folder.path()) {
            return NativeFolder.read(path).map_err(|error| error.message);
        }
        Ok(self.containers.map(|text| text.as_bytes().to_vec()))
    }

    fn create_secret_folder(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    fn write_secret(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        fs::write(path, bytes).map_err(|error| error.to_string())
    }

    fn run_helper<'a>(
        &'a self,
        _: &'a str,
        action: &'a str,
        input: &'a str,
    ) -> LocalBoxFuture<'a, Result<HelperOutput, String>> {
        self.runs.borrow_mut().push(format!("{action} {input}"));
        let (status, stdout) = match self.fails_at.contains(&action) {
            true => (1, self.fails_with),
            false => (0, r#"{"Username":"alice","Secret":"secret"}"#),
        };
        let output = HelperOutput { status: Some(status), stdout: stdout.as_bytes().to_vec() };
        future::ready(Ok(output)).boxed_local()
    }

    fn default_helper(&self) -> Option<String> {
        self.own_helper.map(str::to_owned)
    }

    fn stderr(&self, text: &str) {
        self.told.borrow_mut().push_str(text);
    }

    fn now(&self) -> f64 {
        self.now.get()
    }
}

/// Signs out of a registry.
async fn erase(machine: &Keychain, registry: &str) -> Result<bool, String> {
    machine.source().erase(&registry.parse().unwrap()).await
}

#[tokio::test(flavor = "current_thread")]
async fn a_sign_out_leaves_nothing_that_is_still_used() {
    let names = ["", "http://", "https://"]
        .into_iter()
        .flat_map(|scheme| ["", "/", "/v1/", "/v2/"].map(|path| format!("{scheme}reg.example:5000{path}")));
    for name in names {
        let file = format!(
            r#"{{"auths":{{"{name}":{{"auth":"YWxpY2U6czNjcmV0"}},"other.example":{{"auth":"YWxpY2U6czNjcmV0"}}}}}}"#
        );
        let machine = Keychain::with(&file);
        assert_eq!(erase(&machine, "reg.example:5000").await, Ok(true), "{name}");
        let left = machine.file();
        assert!(!left.contains("reg.example") && left.contains("other.example"), "{left}");
        assert_eq!(erase(&machine, "reg.example:5000").await, Ok(false), "{name}");
    }
    let containers = Some(r#"{"auths":{"index.docker.io":{"auth":"YWxpY2U6czNjcmV0"}}}"#);
    let machine = Keychain { containers, ..Keychain::with("") };
    assert_eq!(erase(&machine, "docker.io").await, Ok(false));
    let told = machine.told.borrow().clone();
    assert!(told.contains("docker.io in /home/me/.config/containers/auth.json stay in use"), "{told}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_sign_in_with_a_helper_leaves_no_older_password_in_the_file() {
    let file = |entry: &str| {
        format!(
            r#"{{"auths":{{"https://reg.example/v1/":{entry},"other.example":{{}}}},"credsStore":"test"}}"#
        )
    };
    let machine = Keychain::with(&file(r#"{"auth":"YWxpY2U6czNjcmV0"}"#));
    let registry = "reg.example".parse().unwrap();
    assert_eq!(machine.source().store(&registry, "alice", "secret").await, Ok(None));
    let left = machine.file();
    assert!(!left.contains("reg.example") && left.contains("other.example"), "{left}");

    // Docker's entries for what a helper keeps have nothing to take out.
    let machine = Keychain::with(&file("{ }"));
    assert_eq!(machine.source().store(&registry, "alice", "secret").await, Ok(None));
    assert_eq!(machine.file(), file("{ }"));

    // Nothing is lost if the helper does not take the new one.
    let kept = file(r#"{"auth":"YWxpY2U6czNjcmV0"}"#);
    let machine = Keychain { fails_at: &["store"], ..Keychain::with(&kept) };
    assert!(machine.source().store(&registry, "alice", "secret").await.is_err());
    assert_eq!(machine.file(), kept);
}

#[tokio::test(flavor = "current_thread")]
async fn a_helper_erases_credentials_that_it_does_not_give() {
    let file = r#"{"credsStore":"test"}"#;
    let machine = Keychain { fails_at: &["get"], ..Keychain::with(file) };
    assert_eq!(erase(&machine, "reg.example").await, Ok(true));
    let erased =
        ["get reg.example", "erase reg.example", "erase http://reg.example", "erase https://reg.example"];
    assert_eq!(*machine.runs.borrow(), erased);

    let machine = Keychain { fails_at: &["get", "erase"], ..Keychain::with(file) };
    let failure = erase(&machine, "docker.io").await.expect_err("nothing is erased");
    assert!(
        failure.ends_with(
            r#"could not erase: it ended with exit status 1 and printed "the keychain is locked""#
        ),
        "{failure}"
    );
    let key = "https://index.docker.io/v1/";
    assert_eq!(*machine.runs.borrow(), [format!("get {key}"), format!("erase {key}")]);
}

#[tokio::test(flavor = "current_thread")]
async fn passwords_that_a_helper_prints_are_not_repeated() {
    let file = r#"{"credsStore":"test"}"#;
    for fails_with in [r#"failed: {"Secret":"s3cret"}"#, "could not keep s3cret for alice"] {
        let machine = Keychain { fails_at: &["store"], fails_with, ..Keychain::with(file) };
        let registry = "reg.example".parse().unwrap();
        let failure = machine.source().store(&registry, "alice", "s3cret").await.expect_err("it is not kept");
        assert!(failure.contains("could not store: it ended with exit status 1"), "{failure}");
        assert!(!failure.contains("s3cret"), "{failure}");
    }
    let fails_with = r#"failed: {"Secret":"s3cret"}"#;
    let machine = Keychain { fails_at: &["erase"], fails_with, ..Keychain::with(file) };
    let failure = erase(&machine, "reg.example").await.expect_err("nothing is erased");
    assert!(failure.contains("could not erase") && !failure.contains("s3cret"), "{failure}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_helper_is_run_again_when_its_credentials_are_refused_at_most_once_a_minute() {
    let registry = "reg.example".parse().unwrap();
    let refusal = CredentialRefusal { status: 401, message: String::new() };
    for (file, runs) in
        [(r#"{"credsStore":"test"}"#, 2), (r#"{"auths":{"reg.example":{"auth":"YWxpY2U6czNjcmV0"}}}"#, 0)]
    {
        let machine = Keychain::with(file);
        let source = machine.source();
        assert!(source.credentials(&registry).await.unwrap().is_some());
        machine.runs.take();
        let mut renewed = 0;
        for now in [1_000.0, 1_500.0, 60_999.0, 61_000.0] {
            machine.now.set(now);
            renewed += usize::from(source.renewed(&registry, None, &refusal).await.unwrap().is_some());
        }
        assert_eq!((renewed, machine.runs.borrow().len()), (runs, runs), "{file}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_helper_of_the_platform_keeps_credentials_where_no_file_has_any() {
    let own_helper = Some("pass");
    let machine = Keychain { own_helper, ..Keychain::with("") };
    let registry = "reg.example".parse().unwrap();
    assert_eq!(machine.source().store(&registry, "alice", "secret").await, Ok(None));
    assert_eq!(machine.file(), "{\n\t\"credsStore\": \"pass\"\n}");
    // A later file of another program does not hide it.
    let containers = Some(r#"{"auths":{"other.example":{"auth":"YWxpY2U6czNjcmV0"}}}"#);
    let machine = Keychain { containers, ..machine };
    assert!(machine.source().credentials(&registry).await.unwrap().is_some());
    assert_eq!(erase(&machine, "reg.example").await, Ok(true));
    let runs = machine.runs.borrow().clone();
    assert!(runs[0].starts_with("store {") && runs.contains(&"erase reg.example".to_owned()), "{runs:?}");

    // A file that has some keeps the others as well.
    let kept = r#"{"auths":{"other.example":{"auth":"YWxpY2U6czNjcmV0"}}}"#;
    let machine = Keychain { own_helper, ..Keychain::with(kept) };
    assert!(machine.source().store(&registry, "alice", "secret").await.unwrap().is_some());
    assert!(machine.file().contains("reg.example") && machine.runs.borrow().is_empty());

    // One that cannot be read is not empty.
    let machine = Keychain { own_helper, ..Keychain::with(r#"{"auths":"#) };
    let fault = machine.source().store(&registry, "alice", "secret").await.expect_err("it is broken");
    assert!(fault.contains("unexpected end of JSON input"), "{fault}");
    assert!(machine.runs.borrow().is_empty());
}

#[tokio::test(flavor = "current_thread")]
async fn a_helper_of_the_platform_that_does_not_work_is_none() {
    let registry = "reg.example".parse().unwrap();
    let with = |file| {
        let fails_at = &["get", "store", "erase"];
        Keychain { own_helper: Some("secretservice"), fails_at, ..Keychain::with(file) }
    };
    let machine = with("");
    assert_eq!(erase(&machine, "reg.example").await, Ok(false));
    let kept = machine.source().store(&registry, "alice", "secret").await.unwrap();
    assert!(kept.is_some_and(|file| file.ends_with("/config.json")));
    assert!(machine.file().contains("reg.example") && !machine.file().contains("credsStore"));
    assert!(machine.source().credentials(&registry).await.unwrap().is_some());
    assert_eq!(erase(&machine, "reg.example").await, Ok(true));
    assert_eq!(*machine.told.borrow(), "");

    // One that the file names has to work.
    let machine = with(r#"{"credsStore":"secretservice"}"#);
    assert!(machine.source().store(&registry, "alice", "secret").await.is_err());
    assert!(erase(&machine, "reg.example").await.is_err());
}

#[tokio::test(flavor = "current_thread")]
async fn a_request_that_is_denied_is_not_made_again_as_another_user() {
    let basic = |user: &str, password: &str| {
        let credentials = Credentials::Basic { user: user.to_owned(), password: password.to_owned() };
        credentials.basic().unwrap().to_str().unwrap().to_owned()
    };
    // `whole:secret` and `team:secret`
    let containers =
        r#"{"auths":{"quay.io":{"auth":"d2hvbGU6c2VjcmV0"},"quay.io/team":{"auth":"dGVhbTpzZWNyZXQ="}}}"#;
    for (fails_at, image, user, runs) in [
        (&["get"][..], "quay.io/team/app:1", "team", 1),
        (&["get"], "quay.io/app:1", "whole", 1),
        // Credentials of a helper are requested from it again, for a namespace as for the registry.
        (&[], "quay.io/team/app:1", "alice", 2),
        (&[], "quay.io/app:1", "alice", 2),
    ] {
        let machine =
            Keychain { containers: Some(containers), fails_at, ..Keychain::with(r#"{"credsStore":"test"}"#) };
        let registry = Rc::new(MemoryRegistry::default());
        registry.denies.set(true);
        let client = Client::builder(Rc::clone(&registry) as Rc<dyn Transport>)
            .access(|_| Access::Insecure)
            .retry(Retry::never())
            .credentials(Rc::new(machine.source()))
            .build();
        let denied = client.manifest(&image.parse().unwrap()).await.unwrap_err();
        assert_eq!(denied.code(), "denied", "{denied}");
        assert_eq!(*registry.shown.borrow(), [basic(user, "secret")], "{image}");
        assert_eq!(machine.runs.borrow().len(), runs, "{image}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_sign_in_warns_of_credentials_that_go_before_it() {
    let variable = Some(r#"{"auths":{"reg.example":{"auth":"YWxpY2U6czNjcmV0"}}}"#);
    let machine = Keychain { variable, ..Keychain::with("") };
    for (name, is_warned) in [("other.example", false), ("reg.example", true)] {
        machine.source().store(&name.parse().unwrap(), "bob", "secret").await.unwrap();
        let told = machine.told.borrow().clone();
        let warning = format!("{name} in the variable DOCKER_AUTH_CONFIG stay in use");
        assert_eq!(told.contains(&warning), is_warned, "{told}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_password_that_no_later_command_could_read_is_not_kept() {
    for (file, member) in [
        (r#"{"credsStore":5}"#, "credsStore"),
        (r#"{"HttpHeaders":{"X":1}}"#, "HttpHeaders"),
        (r#"{"proxies":{"default":{"httpProxy":1}}}"#, "proxies"),
        (r#"{"auths":{"other.example":{"auth":5}}}"#, "auth"),
    ] {
        let machine = Keychain::with(file);
        let stored = machine.source().store(&"reg.example".parse().unwrap(), "alice", "secret").await;
        let refused = stored.unwrap_err();
        assert!(refused.contains(&format!("expected {member} to be a string")), "{refused}");
        assert_eq!(machine.file(), file, "nothing is written");
    }
    // A file that cannot be changed by a sign-in or sign-out is named.
    let machine = Keychain::with("[]");
    let registry = "reg.example".parse().unwrap();
    let stored = machine.source().store(&registry, "alice", "secret").await.unwrap_err();
    let erased = machine.source().erase(&registry).await.unwrap_err();
    for refused in [stored, erased] {
        assert!(refused.contains("config.json cannot be changed: expected an object"), "{refused}");
    }
    // Credentials of another registry that cannot be read hide none.
    let machine = Keychain::with(r#"{"auths":{"other.example":{"auth":"!"}}}"#);
    let registry = "reg.example".parse().unwrap();
    machine.source().store(&registry, "alice", "a:b").await.unwrap();
    let found = machine.source().credentials(&registry).await.unwrap();
    assert_eq!(found, Some(Credentials::Basic { user: "alice".to_owned(), password: "a:b".to_owned() }));
}

/// A machine that takes its time between reading a file and writing it.
struct Slow;

impl Machine for Slow {
    type Files = NativeFolder;

    fn files(&self) -> NativeFolder {
        NativeFolder
    }

    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn homedir(&self) -> String {
        "/home/me".to_owned()
    }

    fn uid(&self) -> Option<u32> {
        Some(7)
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        NativeFolder.read(path).map_err(|error| error.message)
    }

    fn create_secret_folder(&self, path: &str) -> Result<(), String> {
        fs::create_dir_all(path).map_err(|error| error.to_string())
    }

    fn write_secret(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        thread::sleep(Duration::from_millis(20));
        // Whole, as every machine has it.
        let beside = format!("{path}.{:?}", thread::current().id());
        fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path)).map_err(|error| error.to_string())
    }

    fn run_helper<'a>(
        &'a self,
        program: &'a str,
        _: &'a str,
        _: &'a str,
    ) -> LocalBoxFuture<'a, Result<HelperOutput, String>> {
        future::ready(Err(format!("{program} is not there"))).boxed_local()
    }

    fn default_helper(&self) -> Option<String> {
        None
    }

    fn stderr(&self, _: &str) {}

    fn now(&self) -> f64 {
        0.0
    }
}

#[test]
fn sign_ins_and_sign_outs_at_the_same_time_lose_nothing() {
    const PROGRAMS: usize = 8;
    let parent = tempdir().expect("a folder can be made");
    let folder = parent.path().join("docker").to_str().expect("it is UTF-8").to_owned();
    let at_once =
        |work: fn(usize, DockerCredentials<Slow>) -> LocalBoxFuture<'static, Result<(), String>>| {
            thread::scope(|scope| {
                for number in 0..PROGRAMS {
                    let source_folder = &folder;
                    scope.spawn(move || {
                        let runtime =
                            tokio::runtime::Builder::new_current_thread().build().expect("a thread");
                        let source = DockerCredentials::new(Slow, source_folder);
                        assert_eq!(runtime.block_on(work(number, source)), Ok(()));
                    });
                }
            });
            let file = fs::read_to_string(format!("{folder}/config.json")).expect("it is text");
            (0..PROGRAMS)
                .filter(|number| file.contains(&format!("\"r{number}.example\"")))
                .collect::<Vec<_>>()
        };
    let signed_in = at_once(|number, source| {
        async move {
            let registry = format!("r{number}.example").parse().expect("it is a registry");
            source.store(&registry, "alice", "secret").await.map(drop)
        }
        .boxed_local()
    });
    assert_eq!(signed_in, (0..PROGRAMS).collect::<Vec<_>>());
    let signed_out = at_once(|number, source| {
        async move {
            let registry = format!("r{number}.example").parse().expect("it is a registry");
            source.erase(&registry).await.map(|is_erased| assert!(is_erased))
        }
        .boxed_local()
    });
    assert_eq!(signed_out, [0; 0]);
    let names = NativeFolder.list(&folder).expect("it can be read").expect("it is there");
    assert_eq!(names, ["config.json"], "no lock is left");
}

#[tokio::test(flavor = "current_thread")]
async fn a_named_file_of_credentials_that_is_not_there_is_told() {
    let machine = Files([("REGISTRY_AUTH_FILE", "/none.json".to_owned())].into(), RefCell::default());
    let source = DockerCredentials::new(machine, "/home/me/.docker");
    let printed = Rc::new(Printed::default());
    CredentialStore::warn_on(&source, printed.clone());
    assert_eq!(source.credentials(&"r.example".parse().unwrap()).await.unwrap(), None);
    let told = printed.0.take();
    assert!(told.contains("/none.json") && told.contains("REGISTRY_AUTH_FILE"), "{told}");
}

#[tokio::test(flavor = "current_thread")]
async fn warnings_are_json_where_errors_are() {
    let machine = Files([("DOCKER_AUTH_CONFIG", r#"{"auths":5}"#.to_owned())].into(), RefCell::default());
    let printed = Rc::new(Printed::default());
    let credentials = Rc::new(DockerCredentials::new(machine, "/home/me/.docker"));
    let (transport, kept) = (Rc::new(NativeTransport::new()), credentials.clone());
    let environment = Environment {
        store: Rc::new(MemoryStore::new()),
        client: Rc::new(move |_| Client::builder(transport.clone()).credentials(kept.clone()).build()),
        credentials,
        output: printed.clone(),
        input: printed.clone(),
    };
    let line = ["logout", "--json", "r.example"].map(str::to_owned);
    run(&line, &environment).await;
    let printed = printed.0.take();
    assert!(printed.contains("DOCKER_AUTH_CONFIG"), "{printed}");
    for line in printed.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}
