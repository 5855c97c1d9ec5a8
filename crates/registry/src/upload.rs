//! Uploads of blobs: mounted from another repository, or sent in the way that the registry takes.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use bytes::{Bytes, BytesMut};
use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture},
    stream,
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use tallyman_auth::{HttpUrl, Scopes, form, location_of, safe_place};
use tallyman_core::{Descriptor, Digest, Hasher, MediaType, Reference, Registry, Repository};

use crate::{
    Access, BodyStream, Client, Error, KeptContent, RequestBody, Response, TransportError,
    TransportErrorKind,
    download::{BlobPieces, Verifier},
    error::shown_url,
    manifests::ManifestHead,
    request::{ApiRequest, Endpoint},
};

/// The media type of what is uploaded.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");
/// The header by which a registry names the least bytes of a part.
pub(crate) const CHUNK_MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");
/// Bytes of a blob that are kept in memory and sent at once. Longer ones are sent while they come.
const BUFFERED_MAX: u64 = 1024 * 1024;
/// Bytes of a blob that are kept in memory if the transport cannot send them while they come, and the registry takes no
/// parts.
const WHOLE_MAX: u64 = 256 * 1024 * 1024;
/// Bytes of a part, unless the registry wants more, or takes less. GitHub's takes no more.
const PART: u64 = 4 * 1024 * 1024;
/// Bytes of a part below which a registry is not tried with still smaller ones.
const PART_MIN: u64 = 64 * 1024;
/// The number of times that an upload is begun.
const BEGINNINGS_MAX: u32 = 3;

/// The outcome of a request to mount a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mount {
    /// The blob is in the repository now.
    Mounted,
    /// The registry did not mount the blob and expects an upload.
    Upload(Upload),
}

/// An upload that a registry expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The URL that the next bytes go to; `None` if the browser hides it.
    pub location: Option<HttpUrl>,
    /// The bytes that the registry has already.
    pub offset: u64,
    /// The least bytes that the registry wants in a part, if it names them.
    pub part_min: Option<u64>,
}

/// A way of sending a blob. Registries differ in which they take, and the rest refuse in all sorts of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UploadWay {
    /// One PUT with all bytes.
    Put,
    /// One PATCH with all bytes and without `Content-Range`, and a PUT without any, as Docker does.
    Patch,
    /// A PATCH with `Content-Range` for each part, and a PUT without any bytes.
    Parts,
}

/// The content of a blob to be uploaded.
enum Content<'a> {
    /// Pieces that come when they are read, and are verified then.
    Read {
        /// Opens the blob at a byte.
        open: &'a dyn Fn(u64) -> BlobPieces,
        verifier: Verifier,
    },
    /// Content that the platform keeps, the same that the digest was made of.
    Kept(Rc<dyn KeptContent>),
}

/// A blob to be uploaded.
struct Source<'a> {
    digest: &'a Digest,
    size: u64,
    content: Content<'a>,
    /// The error of the source itself, which is not the registry's.
    failure: Rc<RefCell<Option<Error>>>,
    /// The furthest byte that has been read.
    read: Rc<Cell<u64>>,
}

impl Client {
    /// Mounts a blob of the repository `from` in that of `to`, without transferring it.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request): registries refuse mounts by any status.
    pub async fn mount_blob(
        &self,
        to: &Reference,
        from: &Repository,
        digest: &Digest,
    ) -> Result<Mount, Error> {
        let query = form([("from", from.as_str()), ("mount", digest.as_str())]);
        let scopes = push(to).and(&Scopes::pull(from.as_str()));
        let request = ApiRequest::new(Method::POST, to, &format!("blobs/uploads/?{query}"), scopes);
        let request = ApiRequest { is_mount: true, ..request };
        let response = self.send_with_retry(&request).await?;
        match response.status {
            StatusCode::CREATED => Ok(Mount::Mounted),
            _ => Ok(Mount::Upload(self.upload_of(to.registry(), &response)?)),
        }
    }

    /// Ends an upload that nobody wants. One at another host than the registry's own is left to its end: a registry does not say
    /// what is deleted elsewhere.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); Docker ignores them.
    pub async fn cancel_upload(&self, to: &Reference, upload: &Upload) -> Result<(), Error> {
        let is_own = |location: &&HttpUrl| self.is_own(to.registry(), location.as_str());
        let Some(location) = upload.location.as_ref().filter(is_own) else { return Ok(()) };
        let request = ApiRequest::at(Method::DELETE, to, Endpoint::Url(location.clone()), push(to));
        self.send(&request).await.map(drop)
    }

    /// Copies the blob `descriptor` of the repository of `from` to that of `to`: mounted within a registry, else
    /// uploaded as it is downloaded. A blob that is there already is not sent again. `on_progress` is told the bytes of
    /// each piece.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request), and those of [`Client::blob_stream`]; the target does not
    /// have the blob then.
    pub async fn copy_blob(
        &self,
        from: &Reference,
        to: &Reference,
        descriptor: &Descriptor,
        on_progress: &dyn Fn(u64),
    ) -> Result<(), Error> {
        let digest = &descriptor.digest;
        let mut begun = None;
        if from.registry() == to.registry() {
            match self.mount_blob(to, from.repository(), digest).await {
                Ok(Mount::Mounted) => return Ok(()),
                Ok(Mount::Upload(upload)) => begun = Some(upload),
                // A shortcut that is refused is no failure of the whole.
                Err(error) if self.can_do_without(to.registry(), &error) => {}
                Err(error) => return Err(error),
            }
        } else if self.has_blob(to, digest, Some(descriptor.size)).await? {
            return Ok(());
        }
        self.transfer_blob(from, to, descriptor, begun, on_progress).await
    }

    /// Uploads a blob as it is downloaded: what [`Client::copy_blob`] does with one that is not mounted and not there.
    /// `begun` is an upload that the registry expects already. After wrong bytes of a mirror those of the registry are sent.
    ///
    /// # Errors
    /// The errors of [`Client::copy_blob`].
    pub async fn transfer_blob(
        &self,
        from: &Reference,
        to: &Reference,
        descriptor: &Descriptor,
        begun: Option<Upload>,
        on_progress: &dyn Fn(u64),
    ) -> Result<(), Error> {
        let Descriptor { digest, size, .. } = descriptor;
        let (is_of_mirror, read) = (Rc::default(), Rc::default());
        let open = |start| self.download(from, digest, start, &is_of_mirror);
        let mut begun = begun;
        loop {
            let verifier = Verifier::new(from, descriptor, self.transport().hasher(digest.algorithm()));
            let content = Content::Read { open: &open, verifier };
            let (failure, read) = (Rc::default(), Rc::clone(&read));
            let source = Source { digest, size: *size, content, failure, read };
            match self.upload(to, &source, begun.take(), on_progress).await {
                Err(error) if self.leave_wrong_mirror(from.registry(), &error, &is_of_mirror) => {}
                uploaded => return uploaded,
            }
        }
    }

    /// Uploads a blob to the repository of `to`. An upload that breaks is continued where the registry says that it
    /// stands.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request); [`Error::DigestMismatch`], before anything is sent, if the
    /// bytes do not have the digest.
    pub async fn upload_blob(&self, to: &Reference, digest: &Digest, bytes: &Bytes) -> Result<(), Error> {
        let descriptor = Descriptor::new(MediaType::new(""), digest.clone(), bytes.len() as u64);
        let open = |start: u64| {
            let rest = bytes.slice(usize::try_from(start).unwrap_or(bytes.len()).min(bytes.len())..);
            stream::iter((!rest.is_empty()).then_some(Ok(rest.into()))).boxed_local()
        };
        let verifier = Verifier::new(to, &descriptor, Box::new(Hasher::new(digest.algorithm())));
        let (size, content) = (descriptor.size, Content::Read { open: &open, verifier });
        let source = Source { digest, size, content, failure: Rc::default(), read: Rc::default() };
        self.upload_in_some_way(to, &source, None).await
    }

    /// Uploads a blob that the platform keeps, without a copy in this program's memory. The digest is taken as it is: what
    /// does not have it is refused by the registry.
    ///
    /// # Errors
    /// The errors of [`Client::upload_blob`], but for the first of them; [`Error::Content`] if the platform keeps it no more.
    pub async fn upload_kept_blob(
        &self,
        to: &Reference,
        digest: &Digest,
        content: Rc<dyn KeptContent>,
    ) -> Result<(), Error> {
        let size = content.size();
        let content = Content::Kept(content);
        let source = Source { digest, size, content, failure: Rc::default(), read: Rc::default() };
        self.upload_in_some_way(to, &source, None).await
    }

    /// Returns `true` if a blob that is to be uploaded is in the repository already, with `size` bytes if that is known. A
    /// registry that refuses to say so, or has a page for people in its place, has not got it: an upload tells what is really
    /// wrong. Asks for the right to write, because what does not exist yet cannot be read in some.
    ///
    /// # Errors
    /// [Those of every request](Error#errors-of-every-request) [that matter](Client::can_do_without).
    pub async fn has_blob(&self, to: &Reference, digest: &Digest, size: Option<u64>) -> Result<bool, Error> {
        self.read_directly(to);
        let request = ApiRequest::new(Method::HEAD, to, &format!("blobs/{digest}"), push(to));
        match self.send_with_retry(&request).await {
            Ok(response) => Ok(ManifestHead::of(&response.headers).can_be_of(size)),
            Err(error) if self.can_do_without(to.registry(), &error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Uploads a blob, and tells `on_progress` the bytes of each piece that is read for the first time.
    async fn upload(
        &self,
        to: &Reference,
        source: &Source<'_>,
        begun: Option<Upload>,
        on_progress: &dyn Fn(u64),
    ) -> Result<(), Error> {
        let uploading = self.upload_in_some_way(to, source, begun);
        let (mut uploading, mut reported) = (std::pin::pin!(uploading), source.read.get());
        // The pieces are read while this is polled, and they outlive no callback.
        future::poll_fn(|context| {
            let result = uploading.as_mut().poll(context);
            let read = source.read.get();
            if read > reported {
                on_progress(read - reported);
                reported = read;
            }
            result
        })
        .await
    }

    /// Uploads a blob in the ways that the transport has, one after another, until the registry takes it.
    async fn upload_in_some_way(
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
            // What the source lacks, no other way brings.
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
            let (mut attempt, mut beginnings, mut furthest, mut has_new_token) = (1, 1, 0, false);
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
                    let is_unauthorized =
                        matches!(error, Error::Api { status: StatusCode::UNAUTHORIZED, .. });
                    if is_unauthorized
                        && !has_new_token
                        && way != UploadWay::Parts
                        && self.streams(source, upload.offset)
                    {
                        // The body was sent as it came, so that it could not be sent again with another token.
                        has_new_token = true;
                        self.drop_tokens(to, &push(to));
                    } else {
                        let waited = self.wait_to_retry(to.registry(), error.clone(), attempt);
                        if let Err(error) = waited.await {
                            self.cancel_upload(to, &upload).await.ok();
                            return Err(error);
                        }
                        attempt += 1;
                    }
                    match self.upload_status(to, location).await {
                        Ok(status) if status.offset <= source.known() => {
                            if status.offset > furthest {
                                (furthest, attempt) = (status.offset, 1);
                            }
                            upload = Upload {
                                location: status.location.or(upload.location),
                                offset: status.offset,
                                part_min: status.part_min.or(upload.part_min),
                            };
                            continue;
                        }
                        _ => {}
                    }
                }
                // The registry knows the upload no more: because it is complete, or because it was lost.
                if self.has_blob(to, source.digest, Some(source.size)).await? {
                    return Ok(());
                }
                if beginnings == BEGINNINGS_MAX || is_lost && attempt == 1 {
                    return Err(error);
                }
                beginnings += 1;
                upload = self.begin_upload(to).await?;
            }
        }
        .boxed_local()
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

    /// Returns the rest of a blob from byte `start` on as the body of a request: in memory if it is small or if the
    /// transport cannot do otherwise, else as it comes.
    async fn body(&self, source: &Source<'_>, start: u64) -> Result<RequestBody, Error> {
        let (open, verifier) = match &source.content {
            Content::Read { open, verifier } => (open, verifier),
            Content::Kept(content) => return source.slice(&**content, start..source.size),
        };
        let mut pieces = source.pieces(open, verifier, start);
        if !self.streams(source, start) {
            let mut bytes = BytesMut::new();
            while let Some(piece) = pieces.next().await {
                bytes.extend_from_slice(&piece.map_err(|error| source.fail(error))?.bytes());
            }
            return Ok(bytes.freeze().into());
        }
        // The download begins before the upload, so that its failure is told before anything is sent.
        let first = match pieces.next().await {
            Some(Ok(first)) => first,
            Some(Err(error)) => return Err(source.fail(error)),
            None => Bytes::new().into(),
        };
        let failure = Rc::clone(&source.failure);
        let pieces = stream::once(async { Ok(first) }).chain(pieces).map(move |piece| {
            piece.map_err(|error| {
                let message = error.to_string();
                failure.replace(Some(error));
                TransportError { kind: TransportErrorKind::Aborted, message }
            })
        });
        Ok(RequestBody::Stream(BodyStream::new(source.size - start, pieces)))
    }

    /// Returns `true` if the rest of a blob from byte `start` on is sent as it comes, where it is sent at once.
    fn streams(&self, source: &Source<'_>, start: u64) -> bool {
        matches!(source.content, Content::Read { .. })
            && source.size.saturating_sub(start) > BUFFERED_MAX
            && self.transport().streams_bodies()
    }

    /// Begins an upload. One that is begun and never heard of again costs nothing.
    async fn begin_upload(&self, to: &Reference) -> Result<Upload, Error> {
        let request = ApiRequest::new(Method::POST, to, "blobs/uploads/", push(to));
        let response = self.send_with_retry(&request).await?;
        Ok(Upload { offset: 0, ..self.upload_of(to.registry(), &response)? })
    }

    /// Asks the registry where an upload stands.
    async fn upload_status(&self, to: &Reference, location: HttpUrl) -> Result<Upload, Error> {
        let request = ApiRequest::at(Method::GET, to, Endpoint::Url(location), push(to));
        let response = self.send_with_retry(&request).await?;
        self.upload_of(to.registry(), &response)
    }

    /// Sends a part of an upload, after which the registry has `end` bytes.
    async fn send_part(
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
    async fn send_last(&self, to: &Reference, digest: &Digest, upload: &Upload) -> Result<(), Error> {
        let location = upload.location.as_ref().ok_or_else(|| hidden(to))?;
        self.send_end(to, digest, Bytes::new().into(), location).await
    }

    /// Sends the rest of an upload, and ends it. Every status of success is one: registries answer 200 to 204.
    async fn send_end(
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
    async fn send_at_once(&self, to: &Reference, digest: &Digest, body: RequestBody) -> Result<(), Error> {
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
    fn upload_of(&self, registry: &Registry, response: &Response) -> Result<Upload, Error> {
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
    fn place(&self, registry: &Registry, base: &str, location: &str) -> Result<HttpUrl, Error> {
        let protocol = |expected, found| Error::Protocol { url: shown_url(base), expected, found };
        let resolve = |base: &str, location| {
            self.resolve(base, location).map_err(|found| protocol("a URL as Location", found))
        };
        let (place, own) = (resolve(base, location)?, self.base_url_beside(registry, base));
        let only_tls = self.access(registry) == Access::Tls;
        safe_place(&resolve(&own, &own)?, place, only_tls)
            .ok_or_else(|| protocol("a Location with HTTPS", shown_url(location)))
    }
}

/// The parts of a blob, one after another.
enum Parts<'a> {
    /// Pieces, of which those that are not sent yet are in `buffer`.
    Read { source: &'a Source<'a>, pieces: BlobPieces, buffer: BytesMut },
    /// Ranges of what the platform keeps, from byte `start` on.
    Kept { source: &'a Source<'a>, content: &'a dyn KeptContent, start: u64 },
}

impl<'a> Parts<'a> {
    /// Makes the parts from byte `start` on.
    fn new(source: &'a Source<'a>, start: u64) -> Self {
        match &source.content {
            Content::Read { open, verifier } => {
                // It is asked again after its end.
                let pieces = source.pieces(open, verifier, start).fuse().boxed_local();
                Self::Read { source, pieces, buffer: BytesMut::new() }
            }
            Content::Kept(content) => Self::Kept { source, content: &**content, start },
        }
    }

    /// Returns the part that is next, of at most `size` bytes; an empty one at the end. It stays the next one until
    /// [`Parts::advance`].
    async fn next(&mut self, size: u64) -> Result<RequestBody, Error> {
        match self {
            Self::Read { source, pieces, buffer } => {
                while (buffer.len() as u64) < size {
                    match pieces.next().await {
                        Some(Ok(piece)) => buffer.extend_from_slice(&piece.bytes()),
                        Some(Err(error)) => return Err(source.fail(error)),
                        None => break,
                    }
                }
                let length = usize::try_from(size).unwrap_or(usize::MAX).min(buffer.len());
                Ok(Bytes::copy_from_slice(&buffer[..length]).into())
            }
            Self::Kept { source, content, start } => {
                source.slice(*content, *start..start.saturating_add(size).min(source.size))
            }
        }
    }

    /// Leaves the first `length` bytes behind, which have been sent.
    fn advance(&mut self, length: u64) {
        match self {
            Self::Read { buffer, .. } => {
                let sent = usize::try_from(length).expect("a part was in memory");
                let _ = buffer.split_to(sent);
            }
            Self::Kept { start, .. } => *start += length,
        }
    }
}

impl Source<'_> {
    /// Returns the number of bytes from the start at any of which an upload can be continued.
    fn known(&self) -> u64 {
        match &self.content {
            Content::Read { verifier, .. } => verifier.hashed(),
            Content::Kept(_) => self.size,
        }
    }

    /// Returns the verified pieces from byte `start` on.
    fn pieces(&self, open: &dyn Fn(u64) -> BlobPieces, verifier: &Verifier, start: u64) -> BlobPieces {
        if start > 0 && start == self.size {
            // The last one was verified before it was sent.
            return stream::empty().boxed_local();
        }
        let (read, mut position) = (Rc::clone(&self.read), start);
        let pieces = verifier.check(open(start), start);
        let pieces = pieces.inspect(move |piece| {
            position += piece.as_ref().map_or(0, |piece| piece.len() as u64);
            read.set(read.get().max(position));
        });
        pieces.boxed_local()
    }

    /// Returns a range of content that the platform keeps as the body of a request.
    fn slice(&self, content: &dyn KeptContent, range: Range<u64>) -> Result<RequestBody, Error> {
        content.slice(range).map(RequestBody::Kept).map_err(|message| self.fail(Error::Content { message }))
    }

    /// Returns the error of the source itself; `None` if it has not failed.
    fn failure(&self) -> Option<Error> {
        self.failure.borrow().clone()
    }

    /// Keeps an error of the source apart from those of the registry.
    fn fail(&self, error: Error) -> Error {
        self.failure.replace(Some(error.clone()));
        error
    }
}

fn push(to: &Reference) -> Scopes {
    Scopes::push(to.repository().as_str())
}

fn hidden(to: &Reference) -> Error {
    Error::Protocol {
        url: to.name(),
        expected: "an answer with Location; where a browser does this, the registry must expose it",
        found: "none".to_owned(),
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
        // Some hang up on a body that they do not want.
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
