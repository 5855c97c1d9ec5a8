//! Credentials as the Docker CLI finds them: in its `config.json`, or with the helper programs that it names.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use js_sys::{Array, Uint8Array};
use tallyman_auth::{
    CredentialError, CredentialSource, Credentials, DockerConfig, containers_auth_files, helper_program,
    parse_helper_output, with_credentials, without_credentials,
};
use tallyman_commands::CredentialStore;
use tallyman_core::{Registry, json::quote};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use crate::{
    machine::{HelperResult, Machine},
    message::message,
};

/// The credentials of one user of the machine. A fault of the file or a helper is told once, and the registry is used
/// without credentials then, as the Docker CLI does.
#[derive(Clone)]
pub struct DockerCredentials(Rc<Inner>);

struct Inner {
    machine: Machine,
    path: String,
    config: RefCell<Option<Rc<DockerConfig>>>,
    others: RefCell<Option<Rc<OtherConfigs>>>,
    warnings: RefCell<Vec<String>>,
}

/// The configurations beside the file.
struct OtherConfigs {
    /// The one in `DOCKER_AUTH_CONFIG`, which goes before the file.
    variable: DockerConfig,
    /// The ones of the containers tools, which come behind it.
    files: Vec<DockerConfig>,
}

impl DockerCredentials {
    /// Makes the source of `folder/config.json`, which need not exist.
    pub fn new(machine: Machine, folder: &str) -> Self {
        let path = format!("{folder}/config.json");
        let (config, others, warnings) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self(Rc::new(Inner { machine, path, config, others, warnings }))
    }

    /// Finds credentials in `DOCKER_AUTH_CONFIG`, in the Docker CLI's file and with its helpers, then in the files of the
    /// containers tools.
    async fn find(&self, registry: &Registry) -> Option<Credentials> {
        let others = self.others();
        if let Some(found) = others.variable.stored(registry) {
            return Some(found);
        }
        if let Some(found) =
            self.find_in_docker(registry, others.files.iter().all(DockerConfig::is_empty)).await
        {
            return Some(found);
        }
        for config in &others.files {
            let found = match config.helper(registry) {
                Some(helper) => self.get(helper, registry.as_str()).await.ok().flatten(),
                None => None,
            };
            if let Some(found) = found.or_else(|| config.stored(registry)) {
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
            Some(text) => self.parsed("the variable DOCKER_AUTH_CONFIG", text.as_bytes()),
            None => DockerConfig::default(),
        };
        let paths = containers_auth_files(|name| machine.env(name), &machine.homedir());
        let files = paths.iter().filter_map(|path| match machine.read_file(path) {
            Ok(bytes) => Some(self.parsed(path, &bytes?.to_vec())),
            Err(error) => {
                self.warn(format!("the credentials in {path} cannot be read: {}", message(&error)));
                None
            }
        });
        let others = Rc::new(OtherConfigs { variable, files: files.collect() });
        Rc::clone(self.0.others.borrow_mut().insert(others))
    }

    fn parsed(&self, name: &str, bytes: &[u8]) -> DockerConfig {
        let (config, fault) = DockerConfig::parse(bytes);
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
            Ok(Some(bytes)) => DockerConfig::parse(&bytes.to_vec()),
            Err(error) => (DockerConfig::default(), Some(message(&error))),
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
        let pending = self.0.machine.run_helper(&program, &Array::of1(&"get".into()), key);
        let result: HelperResult =
            JsFuture::from(pending).await.map_err(|error| message(&error))?.unchecked_into();
        parse_helper_output(result.status(), &result.stdout().to_vec())
    }

    fn warn(&self, warning: String) {
        let mut warnings = self.0.warnings.borrow_mut();
        if warnings.contains(&warning) {
            return;
        }
        let line = format!("WARNING: {warning}; going on without\n");
        self.0.machine.stderr(&Uint8Array::from(line.as_bytes()));
        warnings.push(warning);
    }
}

impl DockerCredentials {
    fn file(&self) -> Result<Vec<u8>, String> {
        let found = self.0.machine.read_file(&self.0.path).map_err(|error| message(&error))?;
        Ok(found.map(|bytes| bytes.to_vec()).unwrap_or_default())
    }

    fn write(&self, bytes: &[u8]) -> Result<(), String> {
        self.0.config.take();
        let bytes = Uint8Array::from(bytes);
        self.0.machine.write_secret(&self.0.path, &bytes).map_err(|error| message(&error))
    }

    /// Runs `docker-credential-HELPER ACTION`, which prints nothing on success.
    async fn run(&self, helper: &str, action: &str, input: &str) -> Result<(), String> {
        let program = helper_program(helper)?;
        let pending = self.0.machine.run_helper(&program, &Array::of1(&action.into()), input);
        let result: HelperResult =
            JsFuture::from(pending).await.map_err(|error| message(&error))?.unchecked_into();
        if result.status() == Some(0) {
            return Ok(());
        }
        let printed = String::from_utf8_lossy(&result.stdout().to_vec()).trim().to_owned();
        Err(format!("the credential helper {helper:?} could not {action}: {printed}"))
    }
}

impl CredentialStore for DockerCredentials {
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

impl CredentialSource for DockerCredentials {
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
