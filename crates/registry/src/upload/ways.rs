//! The ways in which a blob is sent, one after another, until the registry takes it.

use futures_util::{FutureExt, future::LocalBoxFuture};
use http::StatusCode;
use tallyman_auth::HttpUrl;
use tallyman_core::Reference;

use super::{
    Upload, UploadWay,
    requests::push,
    source::{BUFFERED_MAX, Content, Parts, Source},
};
use crate::{Client, Error, TransportErrorKind, retry::Retried};

/// Bytes of a blob that are kept in memory if the transport cannot send them while they come, and the registry takes no
/// parts.
const WHOLE_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of a part, unless the registry wants more, or takes less. GitHub's takes no more.
const PART: u64 = 4 * 1024 * 1024;
/// Bytes of a part below which a registry is not tried with still smaller ones.
const PART_MIN: u64 = 64 * 1024;
/// The number of times that an upload is begun.
const BEGINNINGS_MAX: u32 = 3;

/// The attempts of an upload in one way.
struct Attempts {
    attempt: u32,
    retried: Option<Retried>,
    /// The number of times that it was begun.
    beginnings: u32,
    /// The furthest byte at which the registry has stood.
    furthest: u64,
    /// A token was dropped because the registry had refused it.
    has_new_token: bool,
}

impl Attempts {
    /// Notes where the registry stands: attempts are counted anew if it has come further.
    fn note(&mut self, offset: u64) {
        if offset > self.furthest {
            (self.furthest, self.attempt) = (offset, 1);
        }
    }
}

impl Client {
    /// Uploads a blob in the ways that the transport has, one after another, until the registry takes it.
    pub(super) async fn upload_in_some_way(
        &self,
        to: &Reference,
        source: &Source<'_>,
        begun: Option<Upload>,
    ) -> Result<(), Error> {
        let session = self.session(to.registry());
        let mut ways = vec![UploadWay::Put, UploadWay::Patch, UploadWay::Parts];
        let is_read = matches!(source.content, Content::Read { .. });
        if is_read && source.size > BUFFERED_MAX && !self.transport().streams_bodies() {
            // Parts first: they need no more memory than one of them.
            ways.rotate_right(1);
            if source.size > WHOLE_MAX {
                ways.truncate(1);
            }
        }
        if let Some(known) = session.upload_way().filter(|known| ways.contains(known)) {
            ways.sort_by_key(|way| *way != known);
        }
        let mut begun = begun;
        let mut refusal = None;
        for way in ways {
            let error = match self.upload_by(way, to, source, begun.take()).await {
                Ok(()) => {
                    session.set_upload_way(way);
                    return Ok(());
                }
                Err(error) => error,
            };
            // Content that the source lacks cannot come by another way.
            if source.failure().is_some() || !is_refusal(&error, session.upload_way().is_some()) {
                return Err(error);
            }
            refusal.get_or_insert(error);
        }
        Err(refusal.expect("there is at least one way"))
    }

    /// Uploads a blob in one way. What breaks off is continued, or begun anew, where the registry says.
    fn upload_by<'a>(
        &'a self,
        way: UploadWay,
        to: &'a Reference,
        source: &'a Source<'a>,
        begun: Option<Upload>,
    ) -> LocalBoxFuture<'a, Result<(), Error>> {
        async move {
            let usable = begun.filter(|upload| upload.location.is_some() && upload.offset == 0);
            let mut upload = match usable {
                Some(upload) => upload,
                None => self.begin_upload(to).await?,
            };
            let mut attempts =
                Attempts { attempt: 1, retried: None, beginnings: 1, furthest: 0, has_new_token: false };
            loop {
                let error = match self.send_by(way, to, source, &mut upload).await {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                };
                if let Some(failure) = source.failure() {
                    // An upload that stays behind costs the registry nothing.
                    self.cancel_upload(to, &upload).await.ok();
                    return Err(failure);
                }
                let Some(location) = upload.location.clone() else { return Err(error) };
                let is_lost = is_lost(&error);
                if !is_lost {
                    self.prepare_to_continue(way, to, source, &upload, &error, &mut attempts).await?;
                    if let Some(standing) = self.where_it_stands(to, source, &upload, location).await {
                        attempts.note(standing.offset);
                        upload = standing;
                        continue;
                    }
                }
                // The registry knows the upload no more: because it is complete, or because it was lost.
                if self.has_blob(to, source.digest, Some(source.size)).await? {
                    return Ok(());
                }
                if attempts.beginnings == BEGINNINGS_MAX || is_lost && attempts.attempt == 1 {
                    return Err(error);
                }
                attempts.beginnings += 1;
                upload = self.begin_upload(to).await?;
            }
        }
        .boxed_local()
    }

    /// Prepares another attempt after `error`: drops a token that was refused, or waits. Cancels the upload and fails if there is to be
    /// no further attempt.
    async fn prepare_to_continue(
        &self,
        way: UploadWay,
        to: &Reference,
        source: &Source<'_>,
        upload: &Upload,
        error: &Error,
        attempts: &mut Attempts,
    ) -> Result<(), Error> {
        let is_unauthorized = matches!(error, Error::Api { status: StatusCode::UNAUTHORIZED, .. });
        if is_unauthorized
            && !attempts.has_new_token
            && way != UploadWay::Parts
            && self.streams(source, upload.offset)
        {
            // The body was sent as it came, so that it could not be sent again with another token.
            attempts.has_new_token = true;
            self.drop_tokens(to, &push(to));
            return Ok(());
        }
        let Attempts { attempt, retried, .. } = attempts;
        let waited = self.wait_to_retry(to.registry(), error.clone(), *attempt, retried);
        if let Err(error) = waited.await {
            self.cancel_upload(to, upload).await.ok();
            return Err(error);
        }
        attempts.attempt += 1;
        Ok(())
    }

    /// Asks the registry where an upload stands; `None` if it does not say, or names a byte from which it cannot be continued.
    async fn where_it_stands(
        &self,
        to: &Reference,
        source: &Source<'_>,
        upload: &Upload,
        location: HttpUrl,
    ) -> Option<Upload> {
        let status = self.upload_status(to, location).await.ok()?;
        (status.offset <= source.known()).then(|| Upload {
            location: status.location.or_else(|| upload.location.clone()),
            offset: status.offset,
            part_min: status.part_min.or(upload.part_min),
        })
    }

    async fn send_by(
        &self,
        way: UploadWay,
        to: &Reference,
        source: &Source<'_>,
        upload: &mut Upload,
    ) -> Result<(), Error> {
        match way {
            UploadWay::Put => {
                let body = self.body(source, upload.offset).await?;
                match upload.location.clone() {
                    Some(location) => self.send_end(to, source.digest, body, &location).await,
                    None => self.send_at_once(to, source.digest, body).await,
                }
            }
            UploadWay::Patch => {
                let body = self.body(source, upload.offset).await?;
                let length = body.len();
                *upload = self.send_part(to, body, upload, None, upload.offset + length).await?;
                self.send_last(to, source.digest, upload).await
            }
            UploadWay::Parts => self.send_parts(to, source, upload).await,
        }
    }

    /// Sends a blob in parts. Parts that the registry finds too large are halved.
    async fn send_parts(
        &self,
        to: &Reference,
        source: &Source<'_>,
        upload: &mut Upload,
    ) -> Result<(), Error> {
        let least = upload.part_min.unwrap_or_default();
        let mut size = PART.max(least.min(PART * 16));
        let mut parts = Parts::new(source, upload.offset);
        loop {
            let part = parts.next(size).await?;
            let length = part.len();
            if length == 0 {
                return self.send_last(to, source.digest, upload).await;
            }
            let (start, end) = (upload.offset, upload.offset + length);
            let range = format!("{start}-{}", end - 1);
            match self.send_part(to, part, upload, Some(&range), end).await {
                Ok(next) => {
                    *upload = next;
                    parts.advance(length);
                }
                Err(error) if is_too_large(&error) && length / 2 >= PART_MIN.max(least) => size = length / 2,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Returns `true` if a registry refuses the way in which a blob was sent, so that another way may do. `is_known` says that it has
/// taken a blob before: then only a status about the way is taken for that.
fn is_refusal(error: &Error, is_known: bool) -> bool {
    match error {
        Error::Api { status, .. } => match status.as_u16() {
            400 | 404 | 405 | 411 | 413 | 415 | 416 | 501 => true,
            401 | 403 | 429 | 500.. => false,
            _ => !is_known,
        },
        // Part of the bytes was lost, or nothing said where they go.
        Error::Protocol { .. } => true,
        // Some registries close the connection when they refuse a body.
        Error::Unreachable { source, .. } => source.kind == TransportErrorKind::Reset,
        _ => false,
    }
}

fn is_too_large(error: &Error) -> bool {
    let statuses = [StatusCode::RANGE_NOT_SATISFIABLE, StatusCode::PAYLOAD_TOO_LARGE];
    matches!(error, Error::Api { status, .. } if statuses.contains(status))
}

/// Returns `true` if the registry knows an upload no more, or not where it stands.
fn is_lost(error: &Error) -> bool {
    let Error::Api { status, errors, .. } = error else { return false };
    *status == StatusCode::NOT_FOUND
        || errors
            .iter()
            .any(|error| error.code == "BLOB_UPLOAD_INVALID" || error.code == "BLOB_UPLOAD_UNKNOWN")
}
