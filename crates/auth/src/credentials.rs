//! Credentials that a person or a program was given for a registry.

use std::fmt;

use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig},
};
use futures_util::{FutureExt, future, future::LocalBoxFuture};
use http::HeaderValue;
use tallyman_core::{Registry, Repository};
use thiserror::Error;

/// Base64 as Go's `StdEncoding` reads it: the bits behind the last byte may be anything.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Credentials for a registry. The `Debug` form shows no secrets.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user name and a password.
    Basic {
        /// The user name.
        user: String,
        /// The password.
        password: String,
    },
    /// A user name and a password that are no UTF-8, as old tools wrote them.
    EncodedBasic {
        /// The user name, as far as it can be read.
        user: String,
        /// `user:password` in base64.
        encoded: String,
    },
    /// A refresh token, which the registry's token service exchanges for tokens.
    IdentityToken(String),
    /// A refresh token, and a user name and a password for a registry that asks for those.
    IdentityTokenAndBasic {
        /// The refresh token.
        token: String,
        /// The user name and the password.
        basic: Box<Self>,
    },
    /// A token for the registry itself, sent as it is.
    RegistryToken(String),
}

/// A kind of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A user name and a password, perhaps with a refresh token beside them.
    Password,
    /// A refresh token alone, which registries that ask for a password do not take.
    IdentityToken,
    /// A token for the registry itself.
    RegistryToken,
}

impl Credentials {
    /// Returns the kind of the credentials.
    pub fn kind(&self) -> CredentialKind {
        match self {
            Self::Basic { .. } | Self::EncodedBasic { .. } | Self::IdentityTokenAndBasic { .. } => {
                CredentialKind::Password
            }
            Self::IdentityToken(_) => CredentialKind::IdentityToken,
            Self::RegistryToken(_) => CredentialKind::RegistryToken,
        }
    }

    /// Reads `user:password` in base64 as Docker reads `auth` in its configuration: lines may be wrapped, zeros around the
    /// password are padding, and it need not be UTF-8.
    ///
    /// # Errors
    /// [`CredentialError`] if it is no base64, or no user name and password.
    pub fn encoded(text: &str) -> Result<Self, CredentialError> {
        let wrong = |message: String| CredentialError { message };
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let bytes = BASE64
            .decode(text)
            .map_err(|_| wrong("expected user:password in base64, found no base64".to_owned()))?;
        let colon = bytes.iter().position(|byte| *byte == b':').filter(|at| *at > 0).ok_or_else(|| {
            wrong("expected user:password in base64, found no user name before a colon".to_owned())
        })?;
        let (user, password) = (&bytes[..colon], trimmed(&bytes[colon + 1..]));
        Ok(match (str::from_utf8(user), str::from_utf8(password)) {
            (Ok(user), Ok(password)) => Self::Basic { user: user.to_owned(), password: password.to_owned() },
            _ => Self::EncodedBasic {
                user: String::from_utf8_lossy(user).into_owned(),
                encoded: BASE64.encode([user, b":", password].concat()),
            },
        })
    }

    /// Takes a token for the registry itself.
    ///
    /// # Errors
    /// [`CredentialError`] if headers cannot hold it.
    pub fn registry_token(token: String) -> Result<Self, CredentialError> {
        match bearer(&token) {
            Some(_) => Ok(Self::RegistryToken(token)),
            None => Err(CredentialError {
                message: "expected a token that a header can hold, found other characters in it, such as a line break"
                    .to_owned(),
            }),
        }
    }

    /// Returns the `Authorization` header for a registry or token service that asks for a user name and a password.
    /// Returns `None` for tokens.
    pub fn basic(&self) -> Option<HeaderValue> {
        match self {
            Self::Basic { user, password } => {
                secret(&format!("Basic {}", BASE64.encode(format!("{user}:{password}"))))
            }
            Self::EncodedBasic { encoded, .. } => secret(&format!("Basic {encoded}")),
            Self::IdentityTokenAndBasic { basic, .. } => basic.basic(),
            Self::IdentityToken(_) | Self::RegistryToken(_) => None,
        }
    }

    /// Returns the refresh token, which goes to a token service in the place of a password.
    pub fn identity_token(&self) -> Option<&str> {
        match self {
            Self::IdentityToken(token) | Self::IdentityTokenAndBasic { token, .. } => Some(token),
            Self::Basic { .. } | Self::EncodedBasic { .. } | Self::RegistryToken(_) => None,
        }
    }

    /// Returns the `Authorization` header for a registry that asks for a token, where no token service has to be asked.
    /// Returns `None` for all but a registry token.
    pub fn bearer(&self) -> Option<HeaderValue> {
        match self {
            Self::RegistryToken(token) => bearer(token),
            _ => None,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { user, .. } | Self::EncodedBasic { user, .. } => write!(f, "Basic({user:?}, …)"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(…)"),
            Self::IdentityTokenAndBasic { basic, .. } => write!(f, "IdentityToken(…) and {basic:?}"),
            Self::RegistryToken(_) => f.write_str("RegistryToken(…)"),
        }
    }
}

/// Returns `Bearer TOKEN` as a header value that logs do not show, or `None` if headers cannot hold the token.
pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    secret(&format!("Bearer {token}"))
}

fn trimmed(mut password: &[u8]) -> &[u8] {
    while let [0, rest @ ..] | [rest @ .., 0] = password {
        password = rest;
    }
    password
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An error of a [`CredentialSource`]: credentials that exist but cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct CredentialError {
    /// A sentence for a person.
    pub message: String,
}

/// The refusal of credentials, by a registry or its token service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRefusal {
    /// The HTTP status of the response.
    pub status: u16,
    /// The registry's own words; empty if it has none.
    pub message: String,
}

/// A source of credentials.
///
/// ```
/// use futures_util::{FutureExt, future::{self, LocalBoxFuture}};
/// use tallyman_auth::{CredentialError, CredentialSource, Credentials};
/// use tallyman_core::Registry;
///
/// /// One robot account, for one registry.
/// struct Robot {
///     registry: Registry,
///     password: String,
/// }
///
/// impl CredentialSource for Robot {
///     fn credentials(
///         &self,
///         registry: &Registry,
///     ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
///         let found = (*registry == self.registry).then(|| Credentials::Basic {
///             user: "robot".to_owned(),
///             password: self.password.clone(),
///         });
///         future::ready(Ok(found)).boxed_local()
///     }
/// }
///
/// let robot = Robot { registry: "registry.example".parse()?, password: "secret".to_owned() };
/// let found = robot.credentials(&"ghcr.io".parse()?).now_or_never();
/// assert_eq!(found, Some(Ok(None)));
/// # Ok::<(), tallyman_core::ReferenceError>(())
/// ```
pub trait CredentialSource {
    /// Returns the credentials for `registry`, or `None` if it is to be used without. A client asks once per registry, and
    /// again when they are no longer current.
    ///
    /// # Errors
    /// [`CredentialError`] if there are credentials that cannot be read.
    fn credentials(
        &self,
        registry: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>>;

    /// Returns the namespace of `registry`, such as `team` or `team/app`, that has `repository` in it and credentials of its own; `None`
    /// if the repository goes with the credentials for the registry. The default has none.
    fn namespace(&self, registry: &Registry, repository: &Repository) -> Option<String> {
        let _ = (registry, repository);
        None
    }

    /// Returns the credentials for a namespace that [`namespace`](Self::namespace) has returned. The default returns those for
    /// `registry`.
    ///
    /// # Errors
    /// [`CredentialError`] if there are credentials that cannot be read.
    fn credentials_of_namespace(
        &self,
        registry: &Registry,
        namespace: &str,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        let _ = namespace;
        self.credentials(registry)
    }

    /// Returns `true` if the credentials that were returned for `registry` may still be used. The default is `true`.
    fn are_current(&self, registry: &Registry) -> bool {
        let _ = registry;
        true
    }

    /// Returns other credentials for `registry`, which has refused those in use; `None` if there are no
    /// others. Where those in use are for a `namespace`, the others are for it as well. The default has none.
    ///
    /// # Errors
    /// [`CredentialError`] if there are credentials that cannot be read.
    fn renewed(
        &self,
        registry: &Registry,
        namespace: Option<&str>,
        refusal: &CredentialRefusal,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        let _ = (registry, namespace, refusal);
        future::ready(Ok(None)).boxed_local()
    }

    /// Returns `true` if the credentials for `registry` may be sent to the token service at `realm`, which is on
    /// another site than the registry and not known as that registry's. The default is `false`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown_by_debug() {
        let credentials = Credentials::Basic { user: "user".to_owned(), password: "secret".to_owned() };
        assert_eq!(format!("{credentials:?}"), "Basic(\"user\", …)");
        assert_eq!(credentials.basic().unwrap(), "Basic dXNlcjpzZWNyZXQ=");
        assert_eq!(format!("{:?}", credentials.basic()), "Some(Sensitive)");
        assert_eq!(format!("{:?}", Credentials::IdentityToken("secret".to_owned())), "IdentityToken(…)");
        let token = Credentials::RegistryToken("opaque".to_owned());
        assert_eq!((format!("{token:?}").as_str(), token.basic()), ("RegistryToken(…)", None));
        assert_eq!(token.bearer().unwrap(), "Bearer opaque");
    }

    #[test]
    fn encoded_credentials_are_read_as_docker_reads_them() {
        let pair = |user: &str, password: &str| {
            Ok(Credentials::Basic { user: user.to_owned(), password: password.to_owned() })
        };
        for (text, expected) in [
            ("dTpw", pair("u", "p")),
            ("dTpw\n", pair("u", "p")),
            ("dT\r\npw", pair("u", "p")),
            ("dTpwOnEAAA==", pair("u", "p:q")),
            ("dTo=", pair("u", "")),
            (
                "dTpw5A==",
                Ok(Credentials::EncodedBasic { user: "u".to_owned(), encoded: "dTpw5A==".to_owned() }),
            ),
            ("\0", Err("found no base64")),
            ("dTpw ", Err("found no base64")),
            ("dXA=", Err("found no user name")),
            ("OnA=", Err("found no user name")),
        ] {
            match (Credentials::encoded(text), expected) {
                (Err(error), Err(told)) => assert!(error.message.contains(told), "{text:?}: {error}"),
                (found, expected) => assert_eq!(found.ok(), expected.ok(), "{text:?}"),
            }
        }
    }

    #[test]
    fn a_token_that_no_header_can_hold_is_refused() {
        for (token, is_taken) in [("opaque", true), ("abc\n", false), ("a\r\nX: y", false), ("\u{7f}", false)]
        {
            let found = Credentials::registry_token(token.to_owned());
            assert_eq!(found.is_ok(), is_taken, "{token:?}");
            assert!(found.is_ok_and(|found| found.bearer().is_some()) == is_taken, "{token:?}");
        }
    }
}
