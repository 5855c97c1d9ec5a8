//! Credentials as the Docker CLI finds them: in its `config.json`, or with the helper programs that it names.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use tallyman_auth::{
    ContainersAuth, CredentialError, CredentialRefusal, CredentialSource, Credentials, DockerConfig,
    containers_auth_files, helper_has_none, helper_program, parse_helper_output, with_credentials,
    with_helper, without_credentials, without_replaced_credentials,
};
use tallyman_core::{Registry, Repository, json::quote};
use tallyman_store::{FileErrorKind, Folder, Lock};

use super::{CredentialStore, Output, extensions::warn_on};

/// Milliseconds until a helper is run again whose credentials a registry refuses: it may refuse what they may do, each time.
const RENEWAL: f64 = 60_000.0;

/// The file in the folder of `config.json` that is its lock while a program changes it.
const LOCK: &str = ".tallyman-config.lock";

/// The files, the environment and the helper programs of a machine. Errors are in Go's words: `open PATH: permission denied`.
pub trait Machine {
    /// The file system of the machine.
    type Files: Folder;

    /// Returns the file system, for locks.
    fn files(&self) -> Self::Files;

    /// Returns a variable of the environment; `None` if it is not set.
    fn env(&self, name: &str) -> Option<String>;

    /// Returns the user's home folder.
    fn homedir(&self) -> String;

    /// Returns the number of the user on Linux; `None` on other systems.
    fn uid(&self) -> Option<u32>;

    /// Returns the bytes of a file; `None` if there is no file.
    ///
    /// # Errors
    /// The system's message.
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// Creates a folder into which its user alone may look, and those above it, as far as they are missing.
    ///
    /// # Errors
    /// The system's message.
    fn create_secret_folder(&self, path: &str) -> Result<(), String>;

    /// Writes a file in a folder that is there, whole or not at all. One that is there keeps its owner and its mode, a new one its
    /// user alone may read; links are followed.
    ///
    /// # Errors
    /// The system's message.
    fn write_secret(&self, path: &str, bytes: &[u8]) -> Result<(), String>;

    /// Runs a credential helper for one action, with `input` on its standard input. It is ended after a while.
    ///
    /// # Errors
    /// A sentence if it cannot be run, or does not come to its end.
    fn run_helper<'a>(
        &'a self,
        program: &'a str,
        action: &'a str,
        input: &'a str,
    ) -> LocalBoxFuture<'a, Result<HelperOutput, String>>;

    /// Returns the name of the platform's own credential helper; `None` if it is not installed.
    fn default_helper(&self) -> Option<String>;

    /// Writes text to the standard error.
    fn stderr(&self, text: &str);

    /// Returns the milliseconds since some moment in the past.
    fn now(&self) -> f64;
}

/// The end of a credential helper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperOutput {
    /// Its exit code; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Its standard output.
    pub stdout: Vec<u8>,
}

/// The credentials of one user of a machine. A fault of the file or a helper is told once, and the registry is used
/// without credentials then, as the Docker CLI does.
pub struct DockerCredentials<M>(Rc<Inner<M>>);

impl<M> Clone for DockerCredentials<M> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

struct Inner<M> {
    machine: M,
    folder: String,
    path: String,
    config: RefCell<Option<Rc<ReadConfig>>>,
    others: RefCell<Option<Rc<OtherConfigs>>>,
    warnings: RefCell<Vec<String>>,
    /// The places whose credentials a helper gave, with the time at which it was run again.
    by_helpers: RefCell<HashMap<Place, Option<f64>>>,
    /// The output of the call, where there is one.
    output: RefCell<Option<Rc<dyn Output>>>,
}

/// The file as it was read.
struct ReadConfig {
    config: DockerConfig,
    /// Set if part of the file cannot be read: what that part names may be missing here.
    has_fault: bool,
}

/// The helper that keeps the credentials for a registry.
struct Helper {
    name: String,
    /// The file names it. The platform's own nobody asked for: a fault of it is none of the user's.
    is_named: bool,
}

/// A registry, or a namespace of it, that has credentials.
type Place = (Registry, Option<String>);

/// Credentials, and whether a helper gave them.
struct Found {
    credentials: Credentials,
    is_by_helper: bool,
}

impl Found {
    fn by_helper(credentials: Credentials) -> Self {
        Self { credentials, is_by_helper: true }
    }

    fn in_file(credentials: Credentials) -> Self {
        Self { credentials, is_by_helper: false }
    }
}

/// The configurations beside the file.
struct OtherConfigs {
    /// The one in `DOCKER_AUTH_CONFIG`, which goes before the file.
    variable: DockerConfig,
    /// The ones of the containers tools, which come behind it, by path.
    files: Vec<(String, ContainersAuth)>,
}

impl<M: Machine> DockerCredentials<M> {
    /// Makes the source of `folder/config.json`, which need not exist.
    pub fn new(machine: M, folder: &str) -> Self {
        let (folder, path) = (folder.to_owned(), format!("{folder}/config.json"));
        Self(Rc::new(Inner {
            machine,
            folder,
            path,
            config: RefCell::default(),
            others: RefCell::default(),
            warnings: RefCell::default(),
            by_helpers: RefCell::default(),
            output: RefCell::default(),
        }))
    }

    /// Finds credentials in `DOCKER_AUTH_CONFIG`, in the Docker CLI's file and with its helpers, then in the files of the
    /// containers tools, which alone know namespaces.
    async fn find(&self, registry: &Registry, namespace: Option<&str>) -> Option<Found> {
        let others = self.others();
        if let Some(found) = others.variable.stored(registry) {
            return Some(Found::in_file(found));
        }
        if let Some(found) = self.find_in_docker(registry).await {
            return Some(found);
        }
        for (_, auth) in &others.files {
            let found = match auth.helper(registry) {
                Some((helper, name)) => self.get(helper, name).await.ok().flatten(),
                None => None,
            };
            let stored = || auth.stored(registry, namespace).map(Found::in_file);
            if let Some(found) = found.map(Found::by_helper).or_else(stored) {
                return Some(found);
            }
        }
        None
    }

    /// Finds credentials, and notes whether a helper gave them.
    async fn find_noted(&self, registry: &Registry, namespace: Option<&str>) -> Option<Credentials> {
        let found = self.find(registry, namespace).await;
        let place = place(registry, namespace);
        let mut by_helpers = self.0.by_helpers.borrow_mut();
        if found.as_ref().is_some_and(|found| found.is_by_helper) {
            by_helpers.entry(place).or_default();
        } else {
            by_helpers.remove(&place);
        }
        found.map(|found| found.credentials)
    }

    /// Returns the configurations beside the file, as they were when they were first needed.
    fn others(&self) -> Rc<OtherConfigs> {
        if let Some(others) = &*self.0.others.borrow() {
            return Rc::clone(others);
        }
        let machine = &self.0.machine;
        let variable = match machine.env("DOCKER_AUTH_CONFIG") {
            Some(text) => {
                self.checked("the variable DOCKER_AUTH_CONFIG", DockerConfig::parse(text.as_bytes()))
            }
            None => DockerConfig::default(),
        };
        let paths = containers_auth_files(|name| machine.env(name), &machine.homedir(), machine.uid());
        let is_named = |path: &str| machine.env("REGISTRY_AUTH_FILE").is_some_and(|named| named == path);
        let files = paths.iter().filter_map(|path| match machine.read_file(path) {
            Ok(None) if is_named(path) => {
                self.warn(format!("the file {path} that REGISTRY_AUTH_FILE names is not there"));
                None
            }
            Ok(bytes) => Some((path.clone(), self.checked(path, ContainersAuth::parse(&bytes?)))),
            Err(error) => {
                self.warn(format!("the credentials in {path} cannot be read: {error}"));
                None
            }
        });
        let others = Rc::new(OtherConfigs { variable, files: files.collect() });
        Rc::clone(self.0.others.borrow_mut().insert(others))
    }

    /// Returns what was read of a configuration, and warns of its fault.
    fn checked<C>(&self, name: &str, (config, fault): (C, Option<String>)) -> C {
        if let Some(fault) = fault {
            self.warn(format!("{name} could not be read completely: {fault}"));
        }
        config
    }

    async fn find_in_docker(&self, registry: &Registry) -> Option<Found> {
        let stored = self.config().config.stored(registry).map(Found::in_file);
        let key = DockerConfig::key(registry);
        let Some(Helper { name, is_named }) = self.helper_for(registry) else { return stored };
        match self.get(&name, key).await {
            Ok(found) => found.map(Found::by_helper),
            Err(fault) => {
                if is_named {
                    self.warn(format!(
                        "the credential helper {name:?} has no credentials for {key}: {fault}"
                    ));
                }
                stored
            }
        }
    }

    /// Returns the helper that keeps the credentials for a registry: the one that the file names, else the
    /// platform's own where no file has credentials or helpers. `None` if the file itself keeps them; one
    /// with a fault is not taken for empty.
    fn helper_for(&self, registry: &Registry) -> Option<Helper> {
        let read = self.config();
        if let Some(name) = read.config.helper(registry) {
            return Some(Helper { name: name.to_owned(), is_named: true });
        }
        let is_empty = !read.has_fault
            && read.config.is_empty()
            && self.others().files.iter().all(|(_, auth)| auth.is_empty());
        let name = is_empty.then(|| self.0.machine.default_helper()).flatten()?;
        Some(Helper { name, is_named: false })
    }

    /// Returns the file as it was when it was first needed.
    fn config(&self) -> Rc<ReadConfig> {
        if let Some(config) = &*self.0.config.borrow() {
            return Rc::clone(config);
        }
        let (config, fault) = match self.0.machine.read_file(&self.0.path) {
            Ok(None) => (DockerConfig::default(), None),
            Ok(Some(bytes)) => DockerConfig::parse(&bytes),
            Err(error) => (DockerConfig::default(), Some(error)),
        };
        let has_fault = fault.is_some();
        if let Some(fault) = fault {
            self.warn(format!(
                "the Docker CLI's configuration {} could not be read completely: {fault}",
                self.0.path
            ));
        }
        let read = Rc::new(ReadConfig { config, has_fault });
        Rc::clone(self.0.config.borrow_mut().insert(read))
    }

    async fn get(&self, helper: &str, key: &str) -> Result<Option<Credentials>, String> {
        let program = helper_program(helper)?;
        let output = self.0.machine.run_helper(&program, "get", key).await?;
        parse_helper_output(output.status, &output.stdout)
    }

    fn warn(&self, warning: String) {
        let mut warnings = self.0.warnings.borrow_mut();
        if warnings.contains(&warning) {
            return;
        }
        self.tell(&format!("WARNING: {warning}; continuing without these credentials"));
        warnings.push(warning);
    }

    fn tell(&self, text: &str) {
        match &*self.0.output.borrow() {
            Some(output) => warn_on(&**output, text),
            None => self.0.machine.stderr(&format!("{text}\n")),
        }
    }
}

impl<M: Machine> DockerCredentials<M> {
    fn file(&self) -> Result<Vec<u8>, String> {
        Ok(self.0.machine.read_file(&self.0.path)?.unwrap_or_default())
    }

    /// Has `change` change the file as it is then: under a lock, so that programs that sign in or out at the same time lose nothing
    /// of each other. Returns `false` if `change` returns `None`: nothing is written then.
    ///
    /// # Errors
    /// The errors of `change`, and a sentence if the file cannot be locked or written. Where nobody may make a lock, but the file may
    /// be written, it is changed without.
    async fn edit(&self, change: impl Fn(&[u8]) -> Result<Option<Vec<u8>>, String>) -> Result<bool, String> {
        if change(&self.file()?)?.is_none() {
            return Ok(false);
        }
        let Inner { machine, folder, path, config, .. } = &*self.0;
        machine.create_secret_folder(folder)?;
        let files = machine.files();
        let lock = match Lock::acquire(&files, format!("{folder}/{LOCK}")).await {
            Ok(lock) => Some(lock),
            Err(error) if error.kind == FileErrorKind::ReadOnly => None,
            Err(error) => return Err(error.message),
        };
        let Some(bytes) = change(&self.file()?)? else { return Ok(false) };
        if let Some(lock) = &lock {
            lock.check().map_err(|error| error.message)?;
        }
        config.take();
        machine.write_secret(path, &bytes)?;
        Ok(true)
    }

    /// Runs `docker-credential-HELPER ACTION`, which prints nothing on success.
    async fn run(&self, helper: &str, action: &str, input: &str) -> Result<(), String> {
        let program = helper_program(helper)?;
        let output = self.0.machine.run_helper(&program, action, input).await?;
        if output.status == Some(0) {
            return Ok(());
        }
        Err(could_not(helper, action, &output.stdout))
    }

    /// Has a helper keep credentials, and takes out of the file those that they replace. The file names the platform's own
    /// from then on, as with the Docker CLI: else it would count no more as soon as some file has anything.
    /// Returns `false` if the platform's own does not work.
    ///
    /// # Errors
    /// A sentence about what failed.
    async fn store_in(&self, helper: &Helper, key: &str, user: &str, secret: &str) -> Result<bool, String> {
        let Helper { name, is_named } = helper;
        let input = format!(
            r#"{{"ServerURL":{},"Username":{},"Secret":{}}}"#,
            quote(key),
            quote(user),
            quote(secret)
        );
        match self.run(name, "store", &input).await {
            Ok(()) if *is_named => {
                self.edit(|file| without_replaced_credentials(file, key)).await.map(|_| true)
            }
            Ok(()) => self.edit(|file| with_helper(file, key, name)).await.map(|_| true),
            Err(fault) if *is_named => Err(fault),
            Err(_) => Ok(false),
        }
    }

    /// Puts credentials into a file, for commands that read it.
    ///
    /// # Errors
    /// A sentence about what of the file keeps them from being read.
    fn with_readable_credentials(
        &self,
        file: &[u8],
        registry: &Registry,
        user: &str,
        secret: &str,
    ) -> Result<Vec<u8>, String> {
        let bytes = with_credentials(file, DockerConfig::key(registry), user, secret)?;
        let given = Credentials::Basic { user: user.to_owned(), password: secret.to_owned() };
        let (config, fault) = DockerConfig::parse(&bytes);
        if config.stored(registry).and_then(|stored| stored.basic()) == given.basic() {
            return Ok(bytes);
        }
        let fault = fault.unwrap_or_else(|| "the password ends or begins with NUL".to_owned());
        Err(format!(
            "the credentials were not stored: no command could read them in {}: {fault}",
            self.0.path
        ))
    }

    /// Has a helper erase credentials, as the Docker CLI does: under the registry's name and its URLs, whether it gives them or not.
    /// Returns `false` if it has none.
    ///
    /// # Errors
    /// A sentence about what failed if the helper erases none.
    async fn erase_in(&self, helper: &str, key: &str) -> Result<bool, String> {
        let program = helper_program(helper)?;
        let may_have = !matches!(self.get(helper, key).await, Ok(None));
        let is_url = key.contains("://");
        let urls =
            ["http", "https"].into_iter().filter(|_| !is_url).map(|scheme| format!("{scheme}://{key}"));
        let (mut is_erased, mut failure) = (false, None);
        for name in std::iter::once(key.to_owned()).chain(urls) {
            let output = self.0.machine.run_helper(&program, "erase", &name).await?;
            match output.status {
                Some(0) => is_erased = true,
                _ if helper_has_none(&output.stdout) => {}
                _ => _ = failure.get_or_insert_with(|| could_not(helper, "erase", &output.stdout)),
            }
        }
        match failure {
            Some(failure) if !is_erased => Err(failure),
            _ => Ok(is_erased && may_have),
        }
    }

    /// Warns of credentials for a registry that are kept where this program only reads, and go before those that it keeps.
    fn warn_of_variable(&self, registry: &Registry) {
        if self.others().variable.stored(registry).is_some() {
            self.warn_of(registry, "the variable DOCKER_AUTH_CONFIG");
        }
    }

    /// Warns of credentials for a registry that are kept in other files, which this program only reads.
    fn warn_of_files(&self, registry: &Registry) {
        for (path, auth) in &self.others().files {
            if auth.helper(registry).is_some() || auth.has_any(registry) {
                self.warn_of(registry, path);
            }
        }
    }

    fn warn_of(&self, registry: &Registry, place: &str) {
        let registry = registry.as_str();
        self.tell(&format!(
            "WARNING: the credentials for {registry} in {place} stay in use: remove them there"
        ));
    }
}

fn place(registry: &Registry, namespace: Option<&str>) -> Place {
    (registry.clone(), namespace.map(str::to_owned))
}

/// A sentence about a helper that failed.
fn could_not(helper: &str, action: &str, stdout: &[u8]) -> String {
    let printed = String::from_utf8_lossy(stdout);
    format!("the credential helper {helper:?} could not {action}: {}", printed.trim())
}

impl<M: Machine> CredentialStore for DockerCredentials<M> {
    fn warn_on(&self, output: Rc<dyn Output>) {
        *self.0.output.borrow_mut() = Some(output);
    }

    fn store<'a>(
        &'a self,
        registry: &'a Registry,
        user: &'a str,
        secret: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<String>, String>> {
        async move {
            let key = DockerConfig::key(registry);
            let is_by_helper = match self.helper_for(registry) {
                Some(helper) => self.store_in(&helper, key, user, secret).await?,
                None => false,
            };
            if !is_by_helper {
                self.edit(|file| self.with_readable_credentials(file, registry, user, secret).map(Some))
                    .await?;
            }
            self.warn_of_variable(registry);
            Ok((!is_by_helper).then(|| self.0.path.clone()))
        }
        .boxed_local()
    }

    fn erase<'a>(&'a self, registry: &'a Registry) -> LocalBoxFuture<'a, Result<bool, String>> {
        async move {
            let key = DockerConfig::key(registry);
            let helper = self.helper_for(registry);
            let is_in_file = self.edit(|file| without_credentials(file, key)).await?;
            let is_erased = match helper {
                Some(Helper { name, is_named }) => match self.erase_in(&name, key).await {
                    Err(fault) if is_named => return Err(fault),
                    erased => erased.unwrap_or_default(),
                },
                None => false,
            };
            self.warn_of_variable(registry);
            self.warn_of_files(registry);
            Ok(is_erased || is_in_file)
        }
        .boxed_local()
    }
}

impl<M: Machine + 'static> CredentialSource for DockerCredentials<M> {
    fn credentials(
        &self,
        registry: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        let (source, registry) = (self.clone(), registry.clone());
        async move { Ok(source.find_noted(&registry, None).await) }.boxed_local()
    }

    fn namespace(&self, registry: &Registry, repository: &Repository) -> Option<String> {
        let others = self.others();
        let namespaces = others.files.iter().filter_map(|(_, auth)| auth.namespace(registry, repository));
        namespaces.max_by_key(|namespace| namespace.len()).map(str::to_owned)
    }

    fn credentials_of_namespace(
        &self,
        registry: &Registry,
        namespace: &str,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        let (source, registry, namespace) = (self.clone(), registry.clone(), namespace.to_owned());
        async move { Ok(source.find_noted(&registry, Some(&namespace)).await) }.boxed_local()
    }

    /// Runs the helper again that gave what was refused: credentials of some services end before a long copy
    /// does. Those of a file are what they were, and another user's would be no renewal.
    fn renewed(
        &self,
        registry: &Registry,
        namespace: Option<&str>,
        _: &CredentialRefusal,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        let now = self.0.machine.now();
        let (source, place) = (self.clone(), place(registry, namespace));
        match self.0.by_helpers.borrow_mut().get_mut(&place) {
            Some(renewed) if renewed.is_none_or(|before| now - before >= RENEWAL) => *renewed = Some(now),
            _ => return future::ready(Ok(None)).boxed_local(),
        }
        async move {
            let found = source.find(&place.0, place.1.as_deref()).await;
            Ok(found.filter(|found| found.is_by_helper).map(|found| found.credentials))
        }
        .boxed_local()
    }

    /// Allows every token service: as in the Docker CLI, the registry names it and is believed.
    fn may_go_to(&self, _: &Registry, _: &str) -> LocalBoxFuture<'static, bool> {
        future::ready(true).boxed_local()
    }
}
