//! Blobs brought into a repository: mounted from another one, or uploaded.

use http::{Method, StatusCode, header};
use tallyman_core::{Digest, Reference, Repository};

use crate::{
    Client, Error, Response,
    auth::Scopes,
    call::{Call, Place},
    retry::Again,
    url,
};

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
        let query = url::form([("from", from.as_str()), ("mount", digest.as_str())]);
        let scopes = Scopes::push(to.repository()).and(&Scopes::pull(from));
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
        let call = Call::at(Method::DELETE, place, Scopes::push(to.repository()), Some(to.clone()));
        self.ask(to.registry(), &call).await.map(drop)
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
