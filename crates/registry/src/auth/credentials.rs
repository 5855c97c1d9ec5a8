//! Names, passwords and tokens that a person was given.

use std::fmt;

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_core::Registry;
use thiserror::Error;

/// What opens a registry. Its `Debug` form tells no secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A refresh token, which the registry's token service exchanges for tokens.
    IdentityToken(String),
    /// A token for the registry itself, sent as it is.
    RegistryToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { user, .. } => write!(f, "Basic({user:?}, …)"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(…)"),
            Self::RegistryToken(_) => f.write_str("RegistryToken(…)"),
        }
    }
}

/// Credentials that are somewhere, but could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct CredentialError {
    /// What went wrong, for a person.
    pub message: String,
}

/// Where credentials come from.
pub trait CredentialSource {
    /// The credentials for `registry`; none for those that are visited without. Asked once per registry and client.
    fn credentials(
        &self,
        registry: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>>;

    /// Whether the credentials for `registry` may go to the token service at `realm`, which is on another site than
    /// the registry and not known as that registry's. Unless this says otherwise they may not.
    fn may_go_to(&self, registry: &Registry, realm: &str) -> LocalBoxFuture<'static, bool> {
        let _ = (registry, realm);
        future::ready(false).boxed_local()
    }
}

/// No credentials at all.
impl CredentialSource for () {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(Ok(None)).boxed_local()
    }
}
