//! The requests of an upload, and what their responses say of it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tallyman_auth::{HttpUrl, Scopes, form, location_of, safe_location};
use tallyman_core::{Digest, Reference, Registry};

use super::Upload;
use crate::{
    Access, Client, Error, RequestBody, Response,
    error::shown_url,
    request::{ApiRequest, Endpoint},
};

/// The media type of what is uploaded.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// The header by which a registry names the least bytes of a part.
pub(crate) const CHUNK_MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");

impl Client {
    /// Begins an upload. One that is begun and never heard of again costs nothing.
    pub(super) async fn begin_upload(&self, to: &Reference) -> Result<Upload, Error> {
        let request = ApiRequest::new(Method::POST, to, "blobs/uploads/", push(to));
        let response = self.send_with_retry(&request).await?;
        Ok(Upload { offset: 0, ..self.upload_of(to.registry(), &response)? })
    }

    /// Asks the registry where an upload stands.
    pub(super) async fn upload_status(&self, to: &Reference, location: HttpUrl) -> Result<Upload, Error> {
        let request = ApiRequest::at(Method::GET, to, Endpoint::Url(location), push(to));
        let response = self.send_with_retry(&request).await?;
        self.upload_of(to.registry(), &response)
    }

    /// Sends a part of an upload, after which the registry has `end` bytes.
    pub(super) async fn send_part(
        &self,
        to: &Reference,
        part: RequestBody,
        upload: &Upload,
        range: Option<&str>,
        end: u64,
    ) -> Result<Upload, Error> {
        let location = upload.location.clone().ok_or_else(|| hidden(to))?;
        let url = shown_url(location.as_str());
        let request = ApiRequest::at(Method::PATCH, to, Endpoint::Url(location.clone()), push(to))
            .header(header::CONTENT_TYPE, Some(OCTETS))
            .header(header::CONTENT_RANGE, range.and_then(|range| HeaderValue::from_str(range).ok()))
            .body(part);
        let response = self.send(&request).await?;
        let next = self.upload_of(to.registry(), &response)?;
        // If the browser hides how far it came, it came as far as it was sent. `0-0` is one byte here, if one was sent.
        let is_all = next.offset == end || next.offset == 0 && end == 1;
        if response.headers.contains_key(header::RANGE) && !is_all {
            let expected = "the registry to have all bytes that were sent";
            let found = format!("{} bytes of {end}", next.offset);
            return Err(Error::Protocol { url, expected, found });
        }
        let location = next.location.or(Some(location));
        Ok(Upload { location, offset: end, part_min: next.part_min.or(upload.part_min) })
    }

    /// Ends an upload whose bytes are all there.
    pub(super) async fn send_last(
        &self,
        to: &Reference,
        digest: &Digest,
        upload: &Upload,
    ) -> Result<(), Error> {
        let location = upload.location.as_ref().ok_or_else(|| hidden(to))?;
        self.send_end(to, digest, Bytes::new().into(), location).await
    }

    /// Sends the rest of an upload, and ends it. Every status of success is one: registries answer 200 to 204.
    pub(super) async fn send_end(
        &self,
        to: &Reference,
        digest: &Digest,
        rest: RequestBody,
        location: &HttpUrl,
    ) -> Result<(), Error> {
        let url = location.with_query(&form([("digest", digest.as_str())]));
        let request = ApiRequest::at(Method::PUT, to, Endpoint::Url(url), push(to))
            .header(header::CONTENT_TYPE, Some(OCTETS))
            .body(rest);
        self.send(&request).await.map(drop)
    }

    /// Sends a blob in the request that begins its upload: the one way that is left if the browser hides the location.
    pub(super) async fn send_at_once(
        &self,
        to: &Reference,
        digest: &Digest,
        body: RequestBody,
    ) -> Result<(), Error> {
        let query = form([("digest", digest.as_str())]);
        let request = ApiRequest::new(Method::POST, to, &format!("blobs/uploads/?{query}"), push(to))
            .header(header::CONTENT_TYPE, Some(OCTETS))
            .body(body);
        let response = self.send(&request).await?;
        if response.status != StatusCode::ACCEPTED {
            return Ok(());
        }
        let expected = "201 Created; where a browser does this, the registry must expose Location";
        Err(Error::Protocol { expected, found: response.status.to_string(), url: shown_url(&response.url) })
    }

    /// Returns the upload that a response describes.
    pub(super) fn upload_of(&self, registry: &Registry, response: &Response) -> Result<Upload, Error> {
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok());
        let last = text(header::RANGE).and_then(|range| {
            let (_, last) = range.trim_start_matches("bytes=").split_once('-')?;
            last.trim().parse::<u64>().ok()
        });
        // `0-0` says that there is nothing yet, where it would say that there is one byte.
        let offset = last.filter(|last| *last > 0).map_or(0, |last| last.saturating_add(1));
        let location = location_of(&response.headers);
        let location = location.map(|location| self.place(registry, &response.url, &location)).transpose()?;
        let part_min = text(CHUNK_MIN_LENGTH).and_then(|bytes| bytes.trim().parse().ok());
        Ok(Upload { location, offset, part_min })
    }

    /// Returns the URL that a registry names as `location` in its response from `base`.
    pub(super) fn place(&self, registry: &Registry, base: &str, location: &str) -> Result<HttpUrl, Error> {
        let protocol = |expected, found| Error::Protocol { url: shown_url(base), expected, found };
        let resolve = |base: &str, location| {
            self.resolve(base, location).map_err(|found| protocol("a URL as Location", found))
        };
        let (place, own) = (resolve(base, location)?, self.base_url_beside(registry, base));
        let only_tls = self.access(registry) == Access::Tls;
        safe_location(&resolve(&own, &own)?, place, only_tls)
            .ok_or_else(|| protocol("a Location with HTTPS", shown_url(location)))
    }
}

pub(super) fn push(to: &Reference) -> Scopes {
    Scopes::push(to.repository().as_str())
}

fn hidden(to: &Reference) -> Error {
    Error::Protocol {
        url: to.name(),
        expected: "an answer with Location; where a browser does this, the registry must expose it",
        found: "none".to_owned(),
    }
}
