//! Who asks: challenges, credentials and tokens.

mod challenge;
mod credentials;
mod realm;
mod scope;
mod token;

pub(crate) use challenge::{Challenge, challenge};
pub use credentials::{CredentialError, CredentialSource, Credentials};
pub use realm::TokenService;
pub(crate) use realm::{is_same_site, public_service};
pub(crate) use scope::Scopes;
pub(crate) use token::Token;
