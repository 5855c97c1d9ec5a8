//! Credentials as the Docker CLI finds them: in its `config.json`, or with the helper programs that it names.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use tallyman_auth::{
    ContainersAuth, CredentialError, CredentialSource, Credentials, DockerConfig, containers_auth_files,
    helper_program, parse_helper_output, with_credentials, without_credentials,
};
use tallyman_core::{Registry, json::quote};

use super::{CredentialStore, Output, extensions::warn_on};

/// The files, the environment and the helper programs of a machine. Errors are in Go's words: `open PATH: permission denied`.
pub trait Machine {
    /// Returns a variable of the environment; `None` if it is not set.
    fn env(&self, name: &str) -> Option<String>;

    /// Returns the user's home folder.
    fn homedir(&self) -> String;

    /// Returns the bytes of a file; `None` if there is no file.
    ///
    /// # Errors
    /// The system's message.
    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// Writes a file that its user alone may read, whole or not at all.
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
    path: String,
    config: RefCell<Option<Rc<DockerConfig>>>,
    others: RefCell<Option<Rc<OtherConfigs>>>,
    warnings: RefCell<Vec<String>>,
    /// The output of the call, where there is one.
    output: RefCell<Option<Rc<dyn Output>>>,
}

/// The configurations beside the file.
struct OtherConfigs {
    /// The one in `DOCKER_AUTH_CONFIG`, which goes before the file.
    variable: DockerConfig,
    /// The ones of the containers tools, which come behind it.
    files: Vec<ContainersAuth>,
}

impl<M: Machine> DockerCredentials<M> {
    /// Makes the source of `folder/config.json`, which need not exist.
    pub fn new(machine: M, folder: &str) -> Self {
        let path = format!("{folder}/config.json");
        let (config, others, warnings) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self(Rc::new(Inner { machine, path, config, others, warnings, output: RefCell::default() }))
    }

    /// Finds credentials in `DOCKER_AUTH_CONFIG`, in the Docker CLI's file and with its helpers, then in the files of the
    /// containers tools.
    async fn find(&self, registry: &Registry) -> Option<Credentials> {
        let others = self.others();
        if let Some(found) = others.variable.stored(registry) {
            return Some(found);
        }
        if let Some(found) =
            self.find_in_docker(registry, others.files.iter().all(ContainersAuth::is_empty)).await
        {
            return Some(found);
        }
        for auth in &others.files {
            let found = match auth.helper(registry) {
                Some((helper, name)) => self.get(helper, name).await.ok().flatten(),
                None => None,
            };
            if let Some(found) = found.or_else(|| auth.stored(registry)) {
                return Some(found);
            }
        }
        None
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
        let paths = containers_auth_files(|name| machine.env(name), &machine.homedir());
        let files = paths.iter().filter_map(|path| match machine.read_file(path) {
            Ok(bytes) => Some(self.checked(path, ContainersAuth::parse(&bytes?))),
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
            self.warn(format!("{name} is not all as expected: {fault}"));
        }
        config
    }

    async fn find_in_docker(&self, registry: &Registry, uses_default: bool) -> Option<Credentials> {
        let config = self.config();
        let stored = config.stored(registry);
        let key = DockerConfig::key(registry);
        if let Some(helper) = config.helper(registry) {
            return match self.get(helper, key).await {
                Ok(found) => found,
                Err(fault) => {
                    self.warn(format!(
                        "the credential helper {helper:?} has no credentials for {key}: {fault}"
                    ));
                    stored
                }
            };
        }
        if config.is_empty()
            && uses_default
            && let Some(helper) = self.0.machine.default_helper()
        {
            // Nobody asked for this one: a fault of it is none of the user's.
            return self.get(&helper, key).await.ok().flatten();
        }
        stored
    }

    /// Returns the file as it was when it was first needed.
    fn config(&self) -> Rc<DockerConfig> {
        if let Some(config) = &*self.0.config.borrow() {
            return Rc::clone(config);
        }
        let (config, fault) = match self.0.machine.read_file(&self.0.path) {
            Ok(None) => (DockerConfig::default(), None),
            Ok(Some(bytes)) => DockerConfig::parse(&bytes),
            Err(error) => (DockerConfig::default(), Some(error)),
        };
        if let Some(fault) = fault {
            self.warn(format!(
                "the Docker CLI's configuration {} is not all as expected: {fault}",
                self.0.path
            ));
        }
        Rc::clone(self.0.config.borrow_mut().insert(Rc::new(config)))
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
        let text = format!("WARNING: {warning}; going on without");
        match &*self.0.output.borrow() {
            Some(output) => warn_on(&**output, &text),
            None => self.0.machine.stderr(&format!("{text}\n")),
        }
        warnings.push(warning);
    }
}

impl<M: Machine> DockerCredentials<M> {
    fn file(&self) -> Result<Vec<u8>, String> {
        Ok(self.0.machine.read_file(&self.0.path)?.unwrap_or_default())
    }

    fn write(&self, bytes: &[u8]) -> Result<(), String> {
        self.0.config.take();
        self.0.machine.write_secret(&self.0.path, bytes)
    }

    /// Runs `docker-credential-HELPER ACTION`, which prints nothing on success.
    async fn run(&self, helper: &str, action: &str, input: &str) -> Result<(), String> {
        let program = helper_program(helper)?;
        let output = self.0.machine.run_helper(&program, action, input).await?;
        if output.status == Some(0) {
            return Ok(());
        }
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Err(format!("the credential helper {helper:?} could not {action}: {printed}"))
    }
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
            if let Some(helper) = self.config().helper(registry) {
                let input = format!(
                    r#"{{"ServerURL":{},"Username":{},"Secret":{}}}"#,
                    quote(key),
                    quote(user),
                    quote(secret)
                );
                self.run(helper, "store", &input).await?;
                return Ok(None);
            }
            self.write(&with_credentials(&self.file()?, key, user, secret)?)?;
            Ok(Some(self.0.path.clone()))
        }
        .boxed_local()
    }

    fn erase<'a>(&'a self, registry: &'a Registry) -> LocalBoxFuture<'a, Result<bool, String>> {
        async move {
            let key = DockerConfig::key(registry);
            let config = self.config();
            let mut is_gone = false;
            if let Some(helper) = config.helper(registry) {
                is_gone = self.get(helper, key).await.is_ok_and(|found| found.is_some());
                if is_gone {
                    self.run(helper, "erase", key).await?;
                }
            }
            if let Some(file) = without_credentials(&self.file()?, key)? {
                self.write(&file)?;
                is_gone = true;
            }
            Ok(is_gone)
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
        async move { Ok(source.find(&registry).await) }.boxed_local()
    }

    /// As in the Docker CLI, the registry names its token service and is believed.
    fn may_go_to(&self, _: &Registry, _: &str) -> LocalBoxFuture<'static, bool> {
        future::ready(true).boxed_local()
    }
}
