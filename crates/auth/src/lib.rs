//! The vocabulary of registry authentication: challenges, tokens and credentials, the places where credentials may go, and
//! the pages of lists. The client and the gateway share it. Nothing here sends a request.

mod auth_files;
mod challenge;
mod credentials;
mod docker_config;
mod docker_config_edit;
mod link;
mod public_registries;
mod same_site;
mod scope;
mod token_answer;
mod token_service;
mod url;

pub use auth_files::{ContainersAuth, containers_auth_files};
pub use challenge::Challenge;
pub use credentials::{CredentialError, CredentialKind, CredentialRefusal, CredentialSource, Credentials};
pub use docker_config::{DockerConfig, helper_failure, helper_has_none, helper_program, parse_helper_output};
pub use docker_config_edit::{
    with_credentials, with_helper, without_credentials, without_replaced_credentials,
};
pub use link::{LinkError, next_link};
pub use public_registries::PublicRegistry;
pub use same_site::{is_same_site, may_follow_redirect, safe_location};
pub use scope::Scopes;
pub use token_answer::{TOKEN_ANSWER_MAX, TokenAnswer, TokenAnswerError};
pub use token_service::{TokenRequest, TokenService};
pub use url::{HttpUrl, HttpUrlError, form, location_of};
