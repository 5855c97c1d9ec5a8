//! Credentials out of the Docker CLI's configuration, for programs.

use futures_util::FutureExt;
use js_sys::{Array, Promise};
use tallyman_commands::DockerCredentials;
use tallyman_core::Registry;
use tallyman_registry::{CredentialSource, Credentials};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use wasm_split_helpers::wasm_split;

use super::{client_part::PendingValue, failure::Failure, promise::promise};
use crate::machine::Machine;

/// Resolves to the credentials that `folder/config.json` and its helpers have for a registry: an array of their kind and
/// their parts; `undefined` if there are none.
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
        Ok(found.map_or(JsValue::UNDEFINED, |found| parts(&found).into()))
    };
    Ok(work.boxed_local())
}

fn parts(credentials: &Credentials) -> Array {
    let parts: &[&str] = match credentials {
        Credentials::Basic { user, password } => &["basic", user, password],
        Credentials::EncodedBasic { encoded, .. } => &["encoded", encoded],
        Credentials::IdentityToken(token) | Credentials::IdentityTokenAndBasic { token, .. } => {
            &["identity", token]
        }
        Credentials::RegistryToken(token) => &["registry", token],
    };
    parts.iter().map(|part| JsValue::from_str(part)).collect()
}
