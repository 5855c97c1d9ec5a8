//! Credentials from a callback of JavaScript.

use futures_util::{FutureExt, future::LocalBoxFuture};
use js_sys::Promise;
use tallyman_core::{Registry, json::Object};
use tallyman_registry::{CredentialError, CredentialRefusal, CredentialSource, Credentials};
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
        _: Option<&str>,
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
        given.as_string().map_or(Ok(None), |json| read(&json))
    }
    .boxed_local()
}

/// Reads the fields of the package's `Credentials`; `None` if they are none.
fn read(json: &str) -> Result<Option<Credentials>, CredentialError> {
    let Ok(fields) = Object::parse(json.as_bytes()) else { return Ok(None) };
    let text = |name| fields.string(name).ok().flatten();
    let basic = match (text("username"), text("password"), text("encoded")) {
        (Some(user), Some(password), _) => Some(Credentials::Basic { user, password }),
        (user, _, Some(encoded)) => Some(match (Credentials::encoded(&encoded)?, user) {
            // The name in another encoding than UTF-8 can be read by whoever has it by itself.
            (Credentials::EncodedBasic { encoded, .. }, Some(user)) => {
                Credentials::EncodedBasic { user, encoded }
            }
            (basic, _) => basic,
        }),
        _ => None,
    };
    Ok(match (text("identityToken"), basic) {
        (Some(token), Some(basic)) => {
            Some(Credentials::IdentityTokenAndBasic { token, basic: Box::new(basic) })
        }
        (Some(token), None) => Some(Credentials::IdentityToken(token)),
        (None, Some(basic)) => Some(basic),
        (None, None) => text("token").map(Credentials::registry_token).transpose()?,
    })
}
