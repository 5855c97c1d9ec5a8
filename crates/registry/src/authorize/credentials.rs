//! The credentials that requests go with: whose they are, and when their source is asked for others.

use std::rc::Rc;

use tallyman_auth::{CredentialRefusal, Scopes};
use tallyman_core::{Reference, Registry};

use crate::{Client, Error, session::Session, sign_in::SignIn};

impl Client {
    /// Returns the namespace whose credentials requests about `reference` go with; the empty one is the registry as a whole.
    pub(crate) fn namespace(&self, reference: Option<&Reference>) -> String {
        let of_reference = self
            .credential_source()
            .zip(reference)
            .and_then(|(source, reference)| source.namespace(reference.registry(), reference.repository()));
        of_reference.unwrap_or_default()
    }

    /// Returns the credentials for a namespace. The source is asked once, and again when they are no longer current.
    pub(super) async fn sign_in(
        &self,
        registry: &Registry,
        namespace: &str,
        session: &Session,
    ) -> Result<Rc<SignIn>, Error> {
        let Some(source) = self.credential_source() else {
            return Ok(session.sign_in(namespace).unwrap_or_else(|| {
                let anonymous = SignIn::new(None);
                session.set_sign_in(namespace, Rc::clone(&anonymous));
                anonymous
            }));
        };
        if let Some(sign_in) = session.sign_in(namespace).filter(|_| source.are_current(registry)) {
            return Ok(sign_in);
        }
        let asked = session.credentials.join(namespace.to_owned(), || match namespace {
            "" => source.credentials(registry),
            namespace => source.credentials_of_namespace(registry, namespace),
        });
        let credentials =
            asked.await.map_err(|source| Error::Credentials { registry: registry.clone(), source })?;
        // Unchanged credentials keep their tokens, also where several requests waited for one call.
        let same = session.sign_in(namespace).filter(|known| known.credentials() == credentials.as_ref());
        let sign_in = same.unwrap_or_else(|| SignIn::new(credentials));
        session.set_sign_in(namespace, Rc::clone(&sign_in));
        Ok(sign_in)
    }

    /// Returns other credentials than those `used`, which were refused when their namespace had `renewals` behind it; `None` if
    /// the source has no others. Of requests that are refused at the same time one asks the source, for all of them.
    pub(super) async fn renewed_credentials(
        &self,
        registry: &Registry,
        namespace: &str,
        session: &Session,
        used: &Rc<SignIn>,
        renewals: u32,
        refusal: &CredentialRefusal,
    ) -> Result<Option<Rc<SignIn>>, Error> {
        let Some(source) = self.credential_source() else { return Ok(None) };
        let _permit = session.first_request.acquire().await;
        if session.renewals(namespace) != renewals {
            let is_other = |now: &Rc<SignIn>| now.credentials().is_some() && !Rc::ptr_eq(now, used);
            return Ok(session.sign_in(namespace).filter(is_other));
        }
        let renewed = source
            .renewed(registry, (!namespace.is_empty()).then_some(namespace), refusal)
            .await
            .map_err(|source| Error::Credentials { registry: registry.clone(), source })?;
        let renewed = renewed.filter(|renewed| Some(renewed) != used.credentials());
        let renewed = renewed.map(|renewed| SignIn::new(Some(renewed)));
        session.set_renewed(namespace, renewed.clone());
        Ok(renewed)
    }

    /// Drops the tokens that are good for `scopes` of the repository of `reference`: the registry takes them no more.
    pub(crate) fn drop_tokens(&self, reference: &Reference, scopes: &Scopes) {
        let sign_in = self.session(reference.registry()).sign_in(&self.namespace(Some(reference)));
        let Some(sign_in) = sign_in else { return };
        while let Some(token) = sign_in.token(scopes, self.now()) {
            sign_in.drop_token(&token);
        }
    }
}
