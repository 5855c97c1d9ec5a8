//! An action that failed: why, and whether signing in helps.

use std::rc::Rc;

use tallyman_core::{ImageConfig, Manifest, Registry};
use tallyman_registry::{Error as RegistryError, FetchedManifest};

/// A failed action.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The reason, and what to do about it.
    pub why: Rc<str>,
    /// The registry that wants a sign-in for the action, if that is the reason.
    pub sign_in: Option<Registry>,
    /// `true` if the registry does not have what was asked for.
    pub is_missing: bool,
}

impl Failure {
    /// A failure of a request to a registry.
    pub fn of_request(error: &RegistryError, registry: &Registry) -> Self {
        let sign_in = wants_sign_in(error, registry);
        Self { why: error.to_string().into(), sign_in, is_missing: error.is_not_found() }
    }

    /// A failure of a command. `registry` is the one that it is about, unless the error names another.
    pub fn of_command(error: &tallyman_commands::Error, registry: &Registry) -> Self {
        use tallyman_commands::Error;
        let sign_in = match error {
            Error::NotInRegistry { source: Some(source), reference, .. } => {
                wants_sign_in(source, reference.registry())
            }
            Error::Registry { source, .. } => wants_sign_in(source, registry),
            _ => None,
        };
        let why = match error.hint() {
            Some(hint) => format!("{error}. {hint}"),
            None => error.to_string(),
        };
        Self { why: why.into(), sign_in, is_missing: false }
    }
}

impl<T: Into<Rc<str>>> From<T> for Failure {
    fn from(why: T) -> Self {
        Self { why: why.into(), sign_in: None, is_missing: false }
    }
}

/// Parses a manifest that was asked for.
pub fn manifest_in(
    answer: Result<FetchedManifest, RegistryError>,
    registry: &Registry,
) -> Result<Manifest, Failure> {
    let fetched = answer.map_err(|error| Failure::of_request(&error, registry))?;
    fetched.manifest().map_err(|error| error.to_string().into())
}

/// Parses a config that was asked for.
pub fn config_in(
    answer: Result<impl AsRef<[u8]>, RegistryError>,
    registry: &Registry,
) -> Result<ImageConfig, Failure> {
    let bytes = answer.map_err(|error| Failure::of_request(&error, registry))?;
    ImageConfig::parse(bytes.as_ref()).map_err(|error| error.to_string().into())
}

/// Returns `true` if signing in may help.
pub fn is_sign_in_wanted(error: &RegistryError) -> bool {
    matches!(error.code(), "unauthorized" | "token-refused" | "denied" | "foreign-realm")
}

fn wants_sign_in(error: &RegistryError, registry: &Registry) -> Option<Registry> {
    let named = match error {
        RegistryError::Api { reference: Some(reference), .. } => Some(reference.registry()),
        RegistryError::Token { registry, .. } => Some(&**registry),
        RegistryError::ForeignRealm { registry, .. } => Some(registry),
        _ => None,
    };
    is_sign_in_wanted(error).then(|| named.unwrap_or(registry).clone())
}
