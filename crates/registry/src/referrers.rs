//! What refers to an image: signatures, attestations, bills of materials.

use http::{HeaderValue, Method, StatusCode, header};
use tallyman_auth::Scopes;
use tallyman_core::{Descriptor, Digest, Manifest, MediaType, Reference, Tag};

use crate::{
    Client, Error,
    call::{Call, Place},
    manifests::collect,
    pages::next_page,
    retry::Again,
};

impl Client {
    /// What refers to the manifest `subject` in the repository of `reference`; where `artifact_type` is given, only what
    /// is of that type. Where the registry has no referrers API, from the tag that stands in for it.
    ///
    /// # Errors
    /// Any [`Error`]. A manifest that nothing refers to, or that is not there, has none: that is no error.
    pub async fn referrers(
        &self,
        reference: &Reference,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let session = self.session(reference.registry());
        let mut found = None;
        if session.has_referrers() != Some(false) {
            found = self.by_referrers_api(reference, subject).await?;
            session.set_referrers(found.is_some());
        }
        let mut found = match found {
            Some(found) => found,
            None => self.by_referrers_tag(reference, subject).await?,
        };
        // Registries need not filter, and a browser hides whether they did.
        found.retain(|entry| {
            artifact_type.is_none_or(|wanted| entry.artifact_type.as_deref() == Some(wanted))
        });
        Ok(found)
    }

    /// Nothing where the registry does not have the API.
    async fn by_referrers_api(
        &self,
        reference: &Reference,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let registry = reference.registry();
        let scopes = Scopes::pull(reference.repository().as_str());
        let accept = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
        let mut call = Call::new(Method::GET, reference, &format!("referrers/{subject}"), scopes)
            .header(header::ACCEPT, Some(accept));
        let mut found = Vec::new();
        loop {
            let fetched = self.repeat(registry, Again::Harmless, async || {
                let response = self.ask(registry, &call).await?;
                let (next, url) = (next_page(self, &response), response.url.clone());
                Ok((next, url, collect(response, self.manifest_max()).await?))
            });
            let (next, url, bytes) = match fetched.await {
                Ok(fetched) => fetched,
                Err(Error::Api {
                    status: StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::BAD_REQUEST,
                    ..
                })
                // Registries that do not know the route answer it without their CORS headers.
                | Err(Error::Cors { .. })
                    if found.is_empty() =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            found.extend(entries(&url, &bytes)?);
            match next {
                Some(path) => call.place = Place::Path(path),
                None => return Ok(Some(found)),
            }
        }
    }

    async fn by_referrers_tag(
        &self,
        reference: &Reference,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, Error> {
        let tag: Tag = subject.as_str().replace(':', "-").parse().expect("a digest makes a tag");
        match self.manifest(&reference.by_tag(tag)).await {
            Ok(fetched) => entries(&fetched.url, &fetched.bytes),
            Err(error) if error.is_not_found() => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

fn entries(url: &str, bytes: &[u8]) -> Result<Vec<Descriptor>, Error> {
    let index = Manifest::parse(bytes, Some(&MediaType::OciIndex));
    let index = index.map_err(|error| Error::Protocol {
        url: url.to_owned(),
        expected: "an OCI image index",
        found: error.to_string(),
    })?;
    Ok(index.index().map(|index| index.manifests.clone()).unwrap_or_default())
}
