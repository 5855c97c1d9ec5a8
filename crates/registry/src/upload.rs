//! Uploads of blobs: mounted from another repository, or sent in the way that the registry takes.

pub(crate) mod requests;
mod source;
mod ways;

use std::rc::Rc;

use bytes::Bytes;
use futures_util::{StreamExt, future, stream};
use http::{Method, StatusCode};
use tallyman_auth::{HttpUrl, Scopes, form};
use tallyman_core::{Descriptor, Digest, Hasher, MediaType, Reference, Repository};

use crate::{
    Client, Error, KeptContent,
    download::Verifier,
    manifests::ManifestHead,
    request::{ApiRequest, Endpoint},
};
use requests::push;
use source::{Content, Source};

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
}
