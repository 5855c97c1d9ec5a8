//! Credentials as the Docker CLI finds them: in its `config.json`, or with the helper programs that it names.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use js_sys::Array;
use tallyman_auth::{
    CredentialError, CredentialSource, Credentials, DockerConfig, helper_program, parse_helper_output,
};
use tallyman_core::Registry;
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
    warnings: RefCell<Vec<String>>,
}

impl DockerCredentials {
    /// Makes the source of `folder/config.json`, which need not exist.
    pub fn new(machine: Machine, folder: &str) -> Self {
        let path = format!("{folder}/config.json");
        Self(Rc::new(Inner { machine, path, config: RefCell::default(), warnings: RefCell::default() }))
    }

    async fn find(&self, registry: &Registry) -> Option<Credentials> {
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
        self.0.machine.stderr(&js_sys::Uint8Array::from(line.as_bytes()));
        warnings.push(warning);
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
