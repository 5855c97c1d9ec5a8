//! Credentials as the Docker CLI finds them: in its `config.json`, or with the helper programs that it names.

mod changes;
mod machine;

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use tallyman_auth::{
    ContainersAuth, CredentialError, CredentialRefusal, CredentialSource, Credentials, DockerConfig,
    containers_auth_files, helper_program, parse_helper_output,
};
use tallyman_core::{Registry, Repository};

use super::{Output, extensions::warn_on};

pub use machine::{HelperOutput, Machine};

/// Milliseconds until a helper is run again whose credentials a registry refuses: it may refuse what they may do, each time.
const RENEWAL: f64 = 60_000.0;

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

fn place(registry: &Registry, namespace: Option<&str>) -> Place {
    (registry.clone(), namespace.map(str::to_owned))
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
