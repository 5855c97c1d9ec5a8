//! Referrers of an image: signatures, attestations, bills of materials.

use std::collections::HashSet;

use http::{HeaderValue, Method, StatusCode, header};
use tallyman_auth::Scopes;
use tallyman_core::{
    Descriptor, Digest, ManifestBody, ManifestError, MediaType, Reference, fallback_tag, json::Object,
};

use crate::{
    Client, Error, FetchedManifest, download::collect, error::shown_url, manifests::media_type,
    pages::next_page, request::ApiRequest,
};

/// Pages of referrers that are read.
const PAGES_MAX: usize = 1000;
/// Referrers that are kept.
const REFERRERS_MAX: usize = 100_000;

/// Bytes of the pages in which they come.
const PAGES_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Codes of errors that are about the repository, the manifest or its digest: who gives them knows the route.
const ABOUT_CONTENT: [&str; 6] = [
    "NAME_UNKNOWN",
    "NAME_INVALID",
    "MANIFEST_UNKNOWN",
    "MANIFEST_INVALID",
    "BLOB_UNKNOWN",
    "DIGEST_INVALID",
];

/// An answer of the referrers API.
enum ApiAnswer {
    /// The referrers.
    Referrers(Vec<Descriptor>),
    /// The server has no such route.
    Missing(Error),
    /// This request is refused, perhaps because the server has no such route.
    Refused(Error),
}

impl Client {
    /// Lists the referrers of the manifest `subject` in the repository of `reference`; with `artifact_type` only those of
    /// that type. Without the referrers API, from the tag that stands in for it. A manifest that has none, or that is not
    /// there, has an empty list.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); [`Error::TooLarge`] for a page over the client's limit
    /// of a manifest, [`Error::Protocol`] for a page that cannot be read, [`Error::Paging`] for a list that has no end, or may be
    /// incomplete.
    pub async fn referrers(
        &self,
        reference: &Reference,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let session = self.session(reference.registry());
        // The answer is remembered per repository: proxies and gateways have repositories of several registries behind one
        // name, and some refuse the route for some of them. Where there is an API nothing is asked more often for that; where
        // there is none, each repository costs one request more than the tag, which is asked for anyway. A refusal is
        // remembered for some minutes only, and never of an API that has answered: signatures would go unseen.
        let repository = reference.repository().as_str();
        let refusal = match session.has_referrers(repository, self.now()) {
            Some(false) => None,
            _ => match self.referrers_by_api(reference, subject).await? {
                ApiAnswer::Referrers(found) => {
                    session.set_has_referrers(repository);
                    return Ok(of_type(found, artifact_type));
                }
                ApiAnswer::Missing(error) => {
                    session.set_has_no_referrers(repository, self.now());
                    Some(error)
                }
                ApiAnswer::Refused(error) => Some(error),
            },
        };
        let found = match (self.referrers_by_tag(reference, subject).await?, refusal) {
            (Some(found), _) => found,
            (None, None) => Vec::new(),
            (None, Some(refusal)) => {
                let answers = session.has_referrers(repository, self.now()) == Some(true);
                // An API that answers otherwise says by 404 that the manifest is not there, and by anything else that it does
                // not tell.
                let has_none = if answers { refusal.is_not_found() } else { is_about_the_route(&refusal) };
                if !has_none {
                    return Err(refusal);
                }
                Vec::new()
            }
        };
        Ok(of_type(found, artifact_type))
    }

    /// Returns `true` if the repository of `reference` has the referrers API, `false` if it was found to have none; `None` if that is
    /// not known, because nobody has asked for [referrers](Self::referrers) there.
    pub fn has_referrers_api(&self, reference: &Reference) -> Option<bool> {
        self.session(reference.registry()).has_referrers(reference.repository().as_str(), self.now())
    }

    async fn referrers_by_api(&self, reference: &Reference, subject: &Digest) -> Result<ApiAnswer, Error> {
        let scopes = Scopes::pull(reference.repository().as_str());
        let accept = HeaderValue::from_static("application/vnd.oci.image.index.v1+json");
        let request = ApiRequest::new(Method::GET, reference, &format!("referrers/{subject}"), scopes)
            .header(header::ACCEPT, Some(accept));
        let mut request = ApiRequest { may_be_shortened: true, ..request };
        let (mut found, mut size, mut seen) = (Vec::new(), 0, HashSet::new());
        loop {
            let fetched = self.with_retry(&request.registry, async || {
                let response = self.send(&request).await?;
                let next = next_page(self, &request, &response);
                let (url, named) = (shown_url(&response.url), media_type(&response.headers));
                Ok((next, url, named, collect(response, self.manifest_max()).await?))
            });
            let is_first = seen.is_empty();
            let (next, url, named, bytes) = match fetched.await {
                Ok(fetched) => fetched,
                // Registries that do not know the route answer it without their CORS headers. So does a server or a proxy that
                // fails once.
                Err(error @ Error::Cors { .. }) if is_first => return Ok(ApiAnswer::Refused(error)),
                Err(error @ Error::Api { .. }) if is_first => {
                    return Ok(match is_missing_route(&error) {
                        true => ApiAnswer::Missing(error),
                        false => ApiAnswer::Refused(error),
                    });
                }
                Err(error) => return Err(error),
            };
            let broken = |expected, found| Error::Paging { url: url.clone(), expected, found };
            match index_entries(&bytes, named.as_ref()) {
                Ok(Some(entries)) => found.extend(entries),
                // An index that is broken may have signatures in it.
                Err(fault) if is_json(&bytes, named.as_ref()) => return Err(unreadable(&url, &fault)),
                Ok(None) | Err(_) => {
                    let (url, found) = (url.clone(), "something else".to_owned());
                    let error = Error::Protocol { url, expected: "an OCI image index", found };
                    // A page for people is what servers have for a route that they do not know.
                    return if is_first { Ok(ApiAnswer::Missing(error)) } else { Err(error) };
                }
            }
            size += bytes.len();
            let Some(next) = next? else { return Ok(ApiAnswer::Referrers(found)) };
            if seen.len() >= PAGES_MAX || found.len() > REFERRERS_MAX || size > PAGES_BYTES_MAX {
                let found = format!("{} referrers on {} pages, and more", found.len(), seen.len() + 1);
                return Err(broken("an end of the referrers", found));
            }
            if !seen.insert(next.as_str().to_owned()) {
                let found = format!("a page that was there before, {}", next.as_str());
                return Err(broken("another page, or an end of the referrers", found));
            }
            request.endpoint = next;
        }
    }

    /// Returns the referrers that the tag names which the distribution specification has for registries without the API;
    /// `None` if there is no such tag.
    async fn referrers_by_tag(
        &self,
        reference: &Reference,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let tag = fallback_tag(reference, subject);
        let fetched = match self.manifest(&tag).await {
            Err(error) if error.is_not_found() => return Ok(None),
            fetched => fetched?,
        };
        let Some(fetched) = index_at_tag(fetched, &tag) else { return Ok(None) };
        let entries = index_entries(&fetched.bytes, fetched.media_type.as_ref());
        let mut entries = entries.map_err(|fault| unreadable(&shown_url(&fetched.url), &fault))?;
        if let Some(entries) = &mut entries {
            entries.retain(is_referrer);
        }
        Ok(entries)
    }

    /// Fetches what stands under a [fallback tag](tallyman_core::fallback_tag), whole and as it is, for a program that writes it back; `None` if
    /// there is no such tag.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); [`Error::TooLarge`] for one over the client's limit of a
    /// manifest.
    pub async fn fallback_index(&self, tag: &Reference) -> Result<Option<FetchedManifest>, Error> {
        let found = self.standing(tag).await?;
        Ok(found.and_then(|fetched| index_at_tag(fetched, tag)))
    }
}

/// Returns what stands under a fallback tag, unless that is the subject itself, as some registries resolve the tag: its images are
/// no referrers.
fn index_at_tag(fetched: FetchedManifest, tag: &Reference) -> Option<FetchedManifest> {
    (fallback_tag(tag, &fetched.digest) != *tag).then_some(fetched)
}

/// Returns `true` if an entry is what a referrers index has: an artifact with its type or an index, and no image for a platform.
fn is_referrer(entry: &Descriptor) -> bool {
    // An index without a type of its own is listed without one.
    entry.artifact_type.is_some() || entry.platform.is_none()
}

/// Returns the referrers of a type, or all of them. Registries need not filter, and a browser hides whether they did.
fn of_type(mut found: Vec<Descriptor>, artifact_type: Option<&str>) -> Vec<Descriptor> {
    found.retain(|entry| artifact_type.is_none_or(|wanted| entry.artifact_type.as_deref() == Some(wanted)));
    found
}

/// Returns `true` if a refusal says that the server does not know the route.
fn is_missing_route(refusal: &Error) -> bool {
    let Error::Api { status, errors, .. } = refusal else { return false };
    let is_likely = matches!(
        *status,
        StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::BAD_REQUEST
            | StatusCode::NOT_IMPLEMENTED
    );
    is_likely && !errors.iter().any(|error| ABOUT_CONTENT.contains(&&*error.code))
}

/// Returns `true` if a refusal can be the answer to a route that a registry does not know, not one to the caller.
fn is_about_the_route(refusal: &Error) -> bool {
    match refusal {
        Error::Api { status, .. } => {
            status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS
                || *status == StatusCode::NOT_IMPLEMENTED
        }
        Error::Cors { .. } | Error::Protocol { .. } | Error::TooManyRedirects { .. } => true,
        _ => false,
    }
}

/// Returns `true` for bytes that are meant as JSON: by the media type that came with them, or by their beginning. Go's servers send
/// JSON without a type of its own as `text/plain`.
fn is_json(bytes: &[u8], named: Option<&MediaType>) -> bool {
    named.is_none_or(MediaType::is_json) || bytes.trim_ascii_start().starts_with(b"{")
}

/// Returns the entries of an OCI image index, which came with the media type `named`; `None` for JSON of another kind.
///
/// # Errors
/// The reason why bytes cannot be read that are no JSON object, or by name or fields an index: to leave something of it out would
/// hide a signature.
fn index_entries(bytes: &[u8], named: Option<&MediaType>) -> Result<Option<Vec<Descriptor>>, String> {
    let object = Object::parse(bytes).map_err(|fault| fault.to_string())?;
    let is_named = named == Some(&MediaType::OciIndex);
    if object.get("manifests").is_none() && object.get("schemaVersion").is_none() {
        return if is_named { Err("it has no manifests".to_owned()) } else { Ok(None) };
    }
    match ManifestBody::parse(bytes, Some(&MediaType::OciIndex)) {
        Ok((_, ManifestBody::Index(index))) => Ok(Some(index.manifests)),
        Err(ManifestError::Fields { source, .. } | ManifestError::Json { source }) => Err(source.to_string()),
        Err(fault @ ManifestError::TooDeep) => Err(fault.to_string()),
        Err(fault) if is_named => Err(fault.to_string()),
        // A manifest of another kind.
        _ => Ok(None),
    }
}

fn unreadable(url: &str, fault: &str) -> Error {
    let (url, found) = (url.to_owned(), format!("one that cannot be read: {fault}"));
    Error::Protocol { url, expected: "an OCI image index", found }
}
