//! Credentials from a callback of JavaScript.

use futures_util::{FutureExt, future::LocalBoxFuture};
use js_sys::{Array, Promise};
use tallyman_core::Registry;
use tallyman_registry::{CredentialError, CredentialRefusal, CredentialSource, Credentials};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

use super::host::ClientHost;
use crate::message::message;

/// The credentials that the host's callback gives.
pub struct HostCredentials(pub ClientHost);

impl CredentialSource for HostCredentials {
    fn credentials(
        &self,
        registry: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        given(self.0.credentials(registry.as_str(), None, None))
    }

    fn are_current(&self, registry: &Registry) -> bool {
        self.0.are_current(registry.as_str())
    }

    fn renewed(
        &self,
        registry: &Registry,
        refusal: &CredentialRefusal,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        given(self.0.credentials(registry.as_str(), Some(refusal.status), Some(&refusal.message)))
    }

    fn may_go_to(&self, registry: &Registry, realm: &str) -> LocalBoxFuture<'static, bool> {
        let pending = self.0.trusts(registry.as_str(), realm);
        async move { JsFuture::from(pending).await.is_ok_and(|trusts| trusts.is_truthy()) }.boxed_local()
    }
}

fn given(pending: Promise) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
    async move {
        let given = JsFuture::from(pending).await;
        let given = given.map_err(|error| CredentialError { message: message(&error) })?;
        Ok(given.dyn_into::<Array>().ok().and_then(|given| read(&given)))
    }
    .boxed_local()
}

/// Reads an array of the kind of credentials and their parts; `None` if it is something else.
fn read(given: &Array) -> Option<Credentials> {
    let text = |at| given.get(at).as_string();
    match text(0)?.as_str() {
        "basic" => Some(Credentials::Basic { user: text(1)?, password: text(2)? }),
        "encoded" => Some(Credentials::EncodedBasic { user: String::new(), encoded: text(1)? }),
        "identity" => Some(Credentials::IdentityToken(text(1)?)),
        "registry" => Some(Credentials::RegistryToken(text(1)?)),
        _ => None,
    }
}
