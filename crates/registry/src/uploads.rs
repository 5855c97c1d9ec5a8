//! Blobs brought into a repository: mounted from another one, or uploaded.

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use tallyman_auth::{Scopes, form, with_query};
use tallyman_core::{Digest, Reference, Repository};

use crate::{
    Client, Error, Event, Response,
    call::{Call, Place},
    retry::{Again, may_pass},
};

/// The media type of what is uploaded.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// Bytes of a blob that are sent at once. Longer blobs go in parts of this size, so that a break costs one part.
pub(crate) const PART: usize = 8 * 1024 * 1024;
/// How many times an upload is begun.
const BEGINNINGS: u32 = 3;

/// What came of asking for a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// The blob is there now.
    Mounted,
    /// The registry did not mount it and expects an upload.
    Upload(Upload),
}

/// An upload that a registry expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Where the next bytes go: absolute. Nothing where the browser hides it.
    pub location: Option<String>,
    /// Bytes that the registry has already.
    pub offset: u64,
}

impl Client {
    /// Makes a blob of the repository `from` known in that of `to`, without transferring it.
    ///
    /// # Errors
    /// Any [`Error`].
    pub async fn mount_blob(
        &self,
        to: &Reference,
        from: &Repository,
        digest: &Digest,
    ) -> Result<Mount, Error> {
        let query = form([("from", from.as_str()), ("mount", digest.as_str())]);
        let scopes = Scopes::push(to.repository().as_str()).and(&Scopes::pull(from.as_str()));
        let call = Call::new(Method::POST, to, &format!("blobs/uploads/?{query}"), scopes);
        // What was mounted already is mounted again without harm.
        let response =
            self.repeat(to.registry(), Again::Harmless, async || self.ask(to.registry(), &call).await);
        let response = response.await?;
        match response.status {
            StatusCode::CREATED => Ok(Mount::Mounted),
            _ => Ok(Mount::Upload(self.upload_in(&response)?)),
        }
    }

    /// Ends an upload that nobody wants.
    ///
    /// # Errors
    /// Any [`Error`]; Docker ignores them.
    pub async fn cancel_upload(&self, to: &Reference, upload: &Upload) -> Result<(), Error> {
        let Some(location) = &upload.location else { return Ok(()) };
        let place = Place::Url(location.clone());
        let call = Call::at(Method::DELETE, place, Scopes::push(to.repository().as_str()), Some(to.clone()));
        self.ask(to.registry(), &call).await.map(drop)
    }

    /// Brings a blob into the repository of `to`. An upload that breaks goes on where the registry says that it stands.
    ///
    /// # Errors
    /// Any [`Error`]; a digest that is not that of the bytes is one, before anything is sent.
    pub async fn upload_blob(&self, to: &Reference, digest: &Digest, bytes: &Bytes) -> Result<(), Error> {
        let found = Digest::with(digest.algorithm(), bytes);
        if found != *digest {
            let (reference, expected) = (Box::new(to.by_digest(digest.clone())), digest.clone());
            return Err(Error::DigestMismatch { reference, expected, found });
        }
        let mut beginnings = 1;
        loop {
            let error = match self.upload(to, digest, bytes).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            // The registry knows nothing of the upload any more: because it is complete, or because it was lost.
            if !is_lost(&error) {
                return Err(error);
            }
            if self.head_blob(to, digest).await.is_ok() {
                return Ok(());
            }
            if beginnings == BEGINNINGS {
                return Err(error);
            }
            beginnings += 1;
        }
    }

    /// Begins an upload.
    pub(crate) async fn begin_upload(&self, to: &Reference) -> Result<Upload, Error> {
        let call = Call::new(Method::POST, to, "blobs/uploads/", Scopes::push(to.repository().as_str()));
        // An upload that was begun and never heard of again costs nothing.
        let begun = self.repeat(to.registry(), Again::Harmless, async || {
            let response = self.ask(to.registry(), &call).await?;
            self.upload_in(&response)
        });
        begun.await
    }

    /// Where an upload stands, by the registry.
    pub(crate) async fn upload_stands(&self, to: &Reference, location: &str) -> Result<Upload, Error> {
        let place = Place::Url(location.to_owned());
        let call = Call::at(Method::GET, place, Scopes::push(to.repository().as_str()), Some(to.clone()));
        let stands = self.repeat(to.registry(), Again::Harmless, async || {
            let response = self.ask(to.registry(), &call).await?;
            self.upload_in(&response)
        });
        stands.await
    }

    /// One upload, from its beginning.
    async fn upload(&self, to: &Reference, digest: &Digest, bytes: &Bytes) -> Result<(), Error> {
        let mut upload = self.begin_upload(to).await?;
        let mut attempt = 1;
        loop {
            let sent = match &upload.location {
                Some(location) => self.send(to, digest, bytes, location, upload.offset).await,
                None => self.send_at_once(to, digest, bytes).await,
            };
            let error = match sent {
                Ok(None) => return Ok(()),
                Ok(Some(next)) => {
                    upload = next;
                    attempt = 1;
                    continue;
                }
                Err(error) => error,
            };
            let wait = self.retry().wait(&error, attempt, self.chance()).filter(|_| may_pass(&error, true));
            let (Some(wait), Some(location)) = (wait, &upload.location) else { return Err(error) };
            self.tell(&Event::Retry { error, wait, attempt });
            self.sleep(wait).await;
            attempt += 1;
            // What came of it nobody but the registry knows.
            let stands = self.upload_stands(to, location).await?;
            upload.offset = stands.offset;
            upload.location = stands.location.or(upload.location);
        }
    }

    /// Sends the next part of an upload, or its end, after which there is no next.
    async fn send(
        &self,
        to: &Reference,
        digest: &Digest,
        bytes: &Bytes,
        location: &str,
        offset: u64,
    ) -> Result<Option<Upload>, Error> {
        let start = usize::try_from(offset).unwrap_or(bytes.len()).min(bytes.len());
        if bytes.len() - start <= PART {
            self.send_end(to, digest, bytes.slice(start..), location).await?;
            return Ok(None);
        }
        let part = bytes.slice(start..start + PART);
        self.send_part(to, part, location, start as u64).await.map(Some)
    }

    /// Sends a part of an upload, which begins at byte `start`.
    pub(crate) async fn send_part(
        &self,
        to: &Reference,
        part: Bytes,
        location: &str,
        start: u64,
    ) -> Result<Upload, Error> {
        let end = start + part.len() as u64;
        let content_range = HeaderValue::from_str(&format!("{start}-{}", end.max(1) - 1)).ok();
        let place = Place::Url(location.to_owned());
        let call = Call::at(Method::PATCH, place, Scopes::push(to.repository().as_str()), Some(to.clone()))
            .header(header::CONTENT_TYPE, Some(OCTETS))
            .header(header::CONTENT_RANGE, content_range)
            .body(part);
        let response = self.ask(to.registry(), &call).await?;
        let mut next = self.upload_in(&response)?;
        // Where the browser hides how far it came, it came as far as it was sent.
        next.offset = if response.headers.contains_key(header::RANGE) { next.offset } else { end };
        next.location.get_or_insert_with(|| location.to_owned());
        Ok(next)
    }

    /// Sends what is left of an upload, and ends it.
    pub(crate) async fn send_end(
        &self,
        to: &Reference,
        digest: &Digest,
        rest: Bytes,
        location: &str,
    ) -> Result<(), Error> {
        let url = with_query(location, &form([("digest", digest.as_str())]));
        let call =
            Call::at(Method::PUT, Place::Url(url), Scopes::push(to.repository().as_str()), Some(to.clone()))
                .header(header::CONTENT_TYPE, Some(OCTETS))
                .body(rest);
        created(self.ask(to.registry(), &call).await?)
    }

    /// Where the browser hides the location there is one way left: everything in one request, which some registries
    /// take.
    async fn send_at_once(
        &self,
        to: &Reference,
        digest: &Digest,
        bytes: &Bytes,
    ) -> Result<Option<Upload>, Error> {
        let query = form([("digest", digest.as_str())]);
        let call = Call::new(
            Method::POST,
            to,
            &format!("blobs/uploads/?{query}"),
            Scopes::push(to.repository().as_str()),
        )
        .header(header::CONTENT_TYPE, Some(OCTETS))
        .body(bytes.clone());
        created(self.ask(to.registry(), &call).await?).map(|()| None)
    }

    /// Where an upload goes on, by an answer to one of its requests.
    pub(crate) fn upload_in(&self, response: &Response) -> Result<Upload, Error> {
        let text = |name| response.headers.get(name).and_then(|value| value.to_str().ok());
        let offset = text(header::RANGE).and_then(|range| {
            let (_, last) = range.trim_start_matches("bytes=").split_once('-')?;
            last.parse::<u64>().ok()
        });
        let Some(location) = text(header::LOCATION) else {
            return Ok(Upload { location: None, offset: 0 });
        };
        let joined = self.transport().join(&response.url, location);
        let location = joined.map_err(|error| Error::Protocol {
            url: response.url.clone(),
            expected: "a URL as Location",
            found: error.message,
        })?;
        // `0-0` says that there is nothing yet, where it would say that there is one byte.
        Ok(Upload {
            location: Some(location),
            offset: offset.map_or(0, |last| if last == 0 { 0 } else { last + 1 }),
        })
    }
}

fn created(response: Response) -> Result<(), Error> {
    if response.status == StatusCode::CREATED {
        return Ok(());
    }
    let expected = "201 Created; where a browser does this, the registry must expose Location";
    Err(Error::Protocol { expected, found: response.status.to_string(), url: response.url })
}

/// Whether the registry knows an upload no more, or not where it stands.
fn is_lost(error: &Error) -> bool {
    let Error::Api { status, errors, .. } = error else { return false };
    matches!(*status, StatusCode::NOT_FOUND | StatusCode::RANGE_NOT_SATISFIABLE)
        || errors
            .iter()
            .any(|error| error.code == "BLOB_UPLOAD_INVALID" || error.code == "BLOB_UPLOAD_UNKNOWN")
}
