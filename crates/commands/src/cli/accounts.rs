//! `login`, `logout` and `ratelimit`.

use std::rc::Rc;

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use http::StatusCode;
use serde_json::json;
use tallyman_core::Registry;
use tallyman_registry::{Client, Credentials, Error as RegistryError};

use super::{ClientOptions, Environment, Output, OutputOptions, run::argument, terminal};
use crate::{Error, ReferenceRole, resolve::failed};

/// The statuses of registries that answer no HEAD request.
const HEAD_REFUSED: [StatusCode; 2] = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_IMPLEMENTED];

/// A place that keeps credentials.
pub trait CredentialStore {
    /// Prints warnings on `output` from now on, as everything else of the call is printed.
    fn warn_on(&self, _output: Rc<dyn Output>) {}

    /// Keeps a user name and a password for a registry. Returns the file if they stand in one as they are, and `None` if a helper
    /// keeps them.
    ///
    /// # Errors
    /// The sentence about what failed.
    fn store<'a>(
        &'a self,
        _: &'a Registry,
        _user: &'a str,
        _secret: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<String>, String>> {
        future::ready(Err("credentials are not kept here".to_owned())).boxed_local()
    }

    /// Forgets the credentials for a registry. Returns `false` if there are none.
    ///
    /// # Errors
    /// The sentence about what failed.
    fn erase<'a>(&'a self, _: &'a Registry) -> LocalBoxFuture<'a, Result<bool, String>> {
        future::ready(Err("credentials are not kept here".to_owned())).boxed_local()
    }
}

/// The arguments of `login`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The registry; empty for Docker Hub.
    pub registry: String,
    /// The user name.
    pub user: String,
    /// The password, if it was typed.
    pub password: Option<String>,
    /// The password stands on the standard input.
    pub password_stdin: bool,
}

impl Environment {
    pub(super) async fn login(
        &self,
        login: &Login,
        insecure: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let registry = registry(&login.registry)?;
        let (given, stdin) = (login.password.as_ref(), login.password_stdin);
        let password = match (given, stdin) {
            (Some(_), true) => {
                return Err(Error::FlagsContradict { one: "--password", other: "--password-stdin" });
            }
            (Some(password), false) => {
                self.warn("WARNING: other users can read a password in the arguments: use --password-stdin");
                password.clone()
            }
            (None, true) => {
                let bytes = self.read_input("-").await?;
                let text = str::from_utf8(&bytes).map_err(|_| Error::Input {
                    message: "expected the password in UTF-8, found other bytes on the standard input"
                        .to_owned(),
                })?;
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            (None, false) => String::new(),
        };
        if login.user.is_empty() || password.is_empty() {
            return Err(Error::PasswordMissing { registry: registry.as_str().to_owned() });
        }
        let credentials = Credentials::Basic { user: login.user.clone(), password: password.clone() };
        let client = ClientOptions {
            insecure,
            retries: true,
            credentials: Some(credentials),
            ..ClientOptions::default()
        };
        (self.client)(client).check(&registry).await.map_err(failed)?;
        let kept = self.credentials.store(&registry, &login.user, &password).await;
        let file = kept.map_err(|message| Error::Credentials { message })?;
        if let Some(file) = &file {
            self.warn(&format!(
                "WARNING: the password is stored unencrypted in {file}: configure a credential helper (credsStore) to avoid that"
            ));
        }
        if options.json {
            self.print_json(&json!({ "registry": registry.as_str(), "username": login.user, "file": file }));
        } else {
            self.print(b"Login Succeeded");
        }
        Ok(())
    }

    pub(super) async fn logout(&self, name: &str, options: OutputOptions) -> Result<(), Error> {
        let registry = registry(name)?;
        let erased = self.credentials.erase(&registry).await;
        let is_erased = erased.map_err(|message| Error::Credentials { message })?;
        if options.json {
            self.print_json(&json!({ "registry": registry.as_str(), "deleted": is_erased }));
            return Ok(());
        }
        let line = match is_erased {
            true => format!("Removing login credentials for {}", registry.as_str()),
            false => format!("Not logged in to {}", registry.as_str()),
        };
        self.print(line.as_bytes());
        Ok(())
    }

    pub(super) async fn rate_limit(
        &self,
        image: &str,
        client: &Client,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let image = argument(image)?;
        // A mirror has a limit of its own.
        client.read_directly(&image);
        let found = client.head_manifest(&image).await.map_err(|error| match &error {
            RegistryError::Api { status, .. } if HEAD_REFUSED.contains(status) => {
                let (reference, source) = (Box::new(image.clone()), Box::new(error));
                Error::RateLimitUnknown { reference, source }
            }
            _ => failed(error),
        })?;
        let found = found.rate_limit;
        if options.json {
            let limit = found.unwrap_or_default();
            self.print_json(&json!({
                "registry": image.registry().as_str(),
                "limit": limit.limit,
                "remaining": limit.remaining,
                "seconds": limit.seconds,
                "source": limit.source,
            }));
            return Ok(());
        }
        let Some(limit) = found else {
            self.print(format!("{} reported no rate limit", image.registry().as_str()).as_bytes());
            return Ok(());
        };
        let number = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let window = limit.seconds.map_or_else(String::new, |seconds| format!(" in {seconds} s"));
        let (remaining, all) = (number(limit.remaining), number(limit.limit));
        let source = limit.source.map_or_else(String::new, |source| format!(", counted for {source}"));
        self.print(terminal::line(&format!("{remaining} of {all} requests left{window}{source}")).as_bytes());
        Ok(())
    }
}

fn registry(typed: &str) -> Result<Registry, Error> {
    // As in Docker, a URL is cut down to its host.
    let text = typed.strip_prefix("https://").or_else(|| typed.strip_prefix("http://")).unwrap_or(typed);
    let host = text.split('/').next().unwrap_or_default();
    if host.is_empty() {
        return Ok(Registry::docker_hub());
    }
    host.parse().map_err(|source| Error::Reference {
        role: ReferenceRole::Argument,
        typed: typed.to_owned(),
        source,
    })
}
