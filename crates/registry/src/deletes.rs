//! Taking things out of a registry.

use http::Method;
use tallyman_auth::Scopes;
use tallyman_core::{Digest, Reference};

use crate::{Client, Error, call::Call, retry::Again};

impl Client {
    /// Deletes what `reference` names: by tag the tag alone (Distribution 2.8 and older refuse that), by digest the
    /// manifest with every tag on it.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_manifest(&self, reference: &Reference) -> Result<(), Error> {
        self.delete(reference, &format!("manifests/{}", reference.target())).await?;
        if let Some(digest) = reference.digest() {
            self.lose(reference, digest);
        }
        Ok(())
    }

    /// Deletes a blob from the repository of `reference`.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn delete_blob(&self, reference: &Reference, digest: &Digest) -> Result<(), Error> {
        self.delete(reference, &format!("blobs/{digest}")).await?;
        self.lose(reference, digest);
        Ok(())
    }

    async fn delete(&self, reference: &Reference, path: &str) -> Result<(), Error> {
        let scopes = Scopes::repository(reference.repository().as_str(), &["delete"]);
        let call = Call::new(Method::DELETE, reference, path, scopes);
        let registry = reference.registry();
        let was_cut_off = std::cell::Cell::new(false);
        let deleted = self.repeat(registry, Again::Harmless, async || {
            match self.ask(registry, &call).await {
                Ok(_) => Ok(()),
                // The request whose answer was lost has done it.
                Err(error) if was_cut_off.get() && error.is_not_found() => Ok(()),
                Err(error) => {
                    was_cut_off.set(matches!(error, Error::Unreachable { .. }));
                    Err(error)
                }
            }
        });
        deleted.await
    }
}
