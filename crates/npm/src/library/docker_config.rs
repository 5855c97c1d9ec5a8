//! Credentials out of the Docker CLI's configuration, for programs.

use futures_util::FutureExt;
use js_sys::Promise;
use tallyman_commands::DockerCredentials;
use tallyman_core::{Registry, json::ObjectWriter};
use tallyman_registry::{CredentialSource, Credentials};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_split_helpers::wasm_split;

use super::{client_part::PendingValue, failure::Failure, promise::promise};
use crate::machine::Machine;

/// Resolves to the credentials that `folder/config.json` and its helpers have for a registry, as JSON; to `undefined` if there
/// are none.
#[wasm_bindgen(js_name = dockerCredentials)]
pub fn docker_credentials(machine: Machine, folder: String, registry: String) -> Promise {
    promise(None, async move { find(machine, folder, registry).await?.await })
}

#[wasm_split(client, fallible)]
fn find(machine: Machine, folder: String, registry: String) -> Result<PendingValue, Failure> {
    let registry: Registry = registry.parse()?;
    let found = DockerCredentials::new(machine, &folder).credentials(&registry);
    let work = async move {
        let found = found.await.map_err(|error| Failure::argument(&error.message))?;
        let json = |found| JsValue::from(with_fields(ObjectWriter::new(), &found).end());
        Ok(found.map_or(JsValue::UNDEFINED, json))
    };
    Ok(work.boxed_local())
}

/// Adds the fields of the package's `Credentials`.
fn with_fields(json: ObjectWriter, credentials: &Credentials) -> ObjectWriter {
    match credentials {
        Credentials::Basic { user, password } => json.string("username", user).string("password", password),
        Credentials::EncodedBasic { user, encoded } => {
            json.string("username", user).string("encoded", encoded)
        }
        Credentials::IdentityToken(token) => json.string("identityToken", token),
        Credentials::IdentityTokenAndBasic { token, basic } => {
            with_fields(json.string("identityToken", token), basic)
        }
        Credentials::RegistryToken(token) => json.string("token", token),
    }
}
