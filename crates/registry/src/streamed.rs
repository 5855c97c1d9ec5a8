//! Blobs brought into a repository piece by piece, so that none has to fit into memory.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tallyman_core::{Descriptor, Digest, Reference};

use crate::{Client, Error, Event, Mount, Upload, retry::may_pass, uploads::PART};

impl Client {
    /// Brings the blob `descriptor` of the repository of `from` into that of `to`: mounted within a registry, else
    /// piece by piece. `tell` hears how many bytes each piece has. What is sent is verified before the upload ends.
    ///
    /// # Errors
    /// Any [`Error`]; nothing is in the target then.
    pub async fn copy_blob(
        &self,
        from: &Reference,
        to: &Reference,
        descriptor: &Descriptor,
        tell: &dyn Fn(u64),
    ) -> Result<(), Error> {
        let digest = &descriptor.digest;
        let mut begun = None;
        if from.registry() == to.registry() {
            match self.mount_blob(to, from.repository(), digest).await? {
                Mount::Mounted => return Ok(()),
                Mount::Upload(upload) => begun = Some(upload),
            }
        } else if self.has_blob(to, digest).await? {
            return Ok(());
        }
        let pieces = self.blob_stream(from, descriptor);
        self.upload_stream(to, digest, pieces, begun, tell).await
    }

    async fn has_blob(&self, reference: &Reference, digest: &Digest) -> Result<bool, Error> {
        match self.head_blob(reference, digest).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Brings a blob into the repository of `to` as its bytes come. A part that breaks off goes on where the registry
    /// says that it stands. Where `pieces` fail, so that nobody knows whether they are what `digest` says, the upload
    /// is given up.
    ///
    /// # Errors
    /// Any [`Error`], those of `pieces` among them.
    pub async fn upload_stream(
        &self,
        to: &Reference,
        digest: &Digest,
        pieces: impl Stream<Item = Result<Bytes, Error>> + Unpin,
        begun: Option<Upload>,
        tell: &dyn Fn(u64),
    ) -> Result<(), Error> {
        let mut parts = Parts { pieces, rest: BytesMut::new() };
        let mut upload = match begun.filter(|upload| upload.location.is_some() && upload.offset == 0) {
            Some(upload) => upload,
            None => self.begin_upload(to).await?,
        };
        loop {
            let (part, is_end) = match parts.next(tell).await {
                Ok(part) => part,
                Err(error) => {
                    // Whether the registry forgets the upload now or later makes no difference to anyone.
                    self.cancel_upload(to, &upload).await.ok();
                    return Err(error);
                }
            };
            if upload.location.is_none() && is_end {
                // The browser hides where the upload goes on; what fits into one request needs no more.
                return self.upload_blob(to, digest, &part).await;
            }
            match self.sent(to, digest, &part, is_end, &upload).await? {
                Some(next) => upload = next,
                None => return Ok(()),
            }
        }
    }

    /// Sends a part until it is there; nothing when that was the end.
    async fn sent(
        &self,
        to: &Reference,
        digest: &Digest,
        part: &Bytes,
        is_end: bool,
        upload: &Upload,
    ) -> Result<Option<Upload>, Error> {
        let Some(location) = &upload.location else { return Err(hidden(to)) };
        let (mut location, start, mut attempt) = (location.clone(), upload.offset, 1);
        let mut offset = start;
        loop {
            let rest = part.slice(usize::try_from(offset - start).unwrap_or(part.len()).min(part.len())..);
            let sent = match is_end {
                true => self.send_end(to, digest, rest, &location).await.map(|()| None),
                false => self.send_part(to, rest, &location, offset).await.map(Some),
            };
            let error = match sent {
                Ok(Some(next)) if next.offset != start + part.len() as u64 => Error::Protocol {
                    url: location.clone(),
                    expected: "the registry to have all bytes that were sent",
                    found: format!("{} bytes of {}", next.offset, start + part.len() as u64),
                },
                Ok(next) => return Ok(next),
                Err(error) => error,
            };
            let wait = self.retry().wait(&error, attempt, self.chance()).filter(|_| may_pass(&error, true));
            let Some(wait) = wait else {
                // An end whose answer was lost is an end all the same.
                let is_there = is_end && attempt > 1 && self.head_blob(to, digest).await.is_ok();
                return if is_there { Ok(None) } else { Err(error) };
            };
            self.tell(&Event::Retry { error, wait, attempt });
            self.sleep(wait).await;
            attempt += 1;
            match self.upload_stands(to, &location).await {
                Ok(stands) if (start..=start + part.len() as u64).contains(&stands.offset) => {
                    offset = stands.offset;
                    location = stands.location.unwrap_or(location);
                }
                Ok(stands) => {
                    return Err(Error::Protocol {
                        url: location,
                        expected: "an upload that stands where it was left",
                        found: format!("{} bytes", stands.offset),
                    });
                }
                // The registry knows the upload no more: because it is complete, or because it was lost.
                Err(_) if is_end && self.head_blob(to, digest).await.is_ok() => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
}

fn hidden(to: &Reference) -> Error {
    Error::Protocol {
        url: to.name(),
        expected: "an answer with Location; where a browser does this, the registry must expose it",
        found: "none".to_owned(),
    }
}

/// Pieces of any length, put together to parts.
struct Parts<S> {
    pieces: S,
    rest: BytesMut,
}

impl<S: Stream<Item = Result<Bytes, Error>> + Unpin> Parts<S> {
    /// The next part, and whether it is the last one.
    async fn next(&mut self, tell: &dyn Fn(u64)) -> Result<(Bytes, bool), Error> {
        while self.rest.len() <= PART {
            match self.pieces.next().await {
                Some(piece) => {
                    let piece = piece?;
                    self.rest.extend_from_slice(&piece);
                    tell(piece.len() as u64);
                }
                None => return Ok((std::mem::take(&mut self.rest).freeze(), true)),
            }
        }
        Ok((self.rest.split_to(PART).freeze(), false))
    }
}
