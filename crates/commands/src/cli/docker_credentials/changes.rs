//! Changes of the Docker CLI's credentials: signing in and out.

use std::rc::Rc;

use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_auth::{
    Credentials, DockerConfig, helper_failure, helper_has_none, helper_program, with_credentials,
    with_helper, without_credentials, without_replaced_credentials,
};
use tallyman_core::{Registry, json::quote};
use tallyman_store::{FileErrorKind, Lock};

use super::{DockerCredentials, Helper, HelperOutput, Inner, Machine};
use crate::cli::{CredentialStore, Output};

/// The file in the folder of `config.json` that is its lock while a program changes it.
const LOCK: &str = ".tallyman-config.lock";

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
        let Inner { machine, folder, path, config, .. } = &*self.0;
        let change = |file: &[u8]| change(file).map_err(|fault| format!("{path} cannot be changed: {fault}"));
        if change(&self.file()?)?.is_none() {
            return Ok(false);
        }
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
        let stored = match helper_program(name) {
            Ok(program) => self.0.machine.run_helper(&program, "store", &input).await,
            Err(fault) => Err(fault),
        };
        let stored = stored.and_then(|output| match output.status {
            Some(0) => Ok(()),
            _ => Err(could_not(name, "store", &output, Some(secret))),
        });
        match stored {
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
        Err(format!("no command could read the credentials in it: {fault}"))
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
                _ => _ = failure.get_or_insert_with(|| could_not(helper, "erase", &output, None)),
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

/// A sentence about a helper that failed, which was given `secret` if it is to keep one.
fn could_not(helper: &str, action: &str, output: &HelperOutput, secret: Option<&str>) -> String {
    let failure = helper_failure(output.status, &output.stdout, secret);
    format!("the credential helper {helper:?} could not {action}: {failure}")
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
