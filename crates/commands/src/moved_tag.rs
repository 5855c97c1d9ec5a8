//! Changes of what a tag stands for. Registries have no request that puts a manifest only if its tag has not moved, so the tag is looked
//! at before and, when others who have seen the same have had the time to put theirs, afterwards; the change is made again if it has.

use std::time::Duration;

use tallyman_core::{Digest, Manifest, Reference};
use tallyman_registry::Client;

use crate::{Error, tags::put};

/// Times that a change is made again on what somebody else has put meanwhile.
const ATTEMPTS_AGAIN: u32 = 8;

/// The longest wait before the first of those times; before each further one it is longer by as much.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// The longest wait for others who have looked at the tag before it was put, and put theirs a moment later.
const OTHERS_MAX: Duration = Duration::from_secs(10);

/// Makes a change, and again if the tag was moved meanwhile.
///
/// # Errors
/// The errors of `change`; [`Error::TagMoved`] if the tag is moved time and again.
pub(crate) async fn again_if_moved<T>(
    client: &Client,
    mut change: impl AsyncFnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut attempt = 0;
    loop {
        match change().await {
            Err(Error::TagMoved { .. }) if attempt < ATTEMPTS_AGAIN => {
                attempt += 1;
                client.sleep((FIRST_WAIT * attempt).mul_f64(client.jitter())).await;
            }
            ended => return ended,
        }
    }
}

/// A tag that is to be moved, and what it stood for when that was looked at.
pub(crate) struct SeenTag<'a> {
    pub tag: &'a Reference,
    /// The digest that it stood for; `None` if for nothing.
    pub before: Option<Digest>,
    /// The time of the client's clock at which it was looked at.
    pub since: f64,
}

impl SeenTag<'_> {
    /// Puts a manifest under the tag, and looks at the tag by `look` when others who saw the same have had the time to put theirs.
    ///
    /// # Errors
    /// [`Error::Registry`] if the manifest is not taken, [`Error::TagMoved`] if the tag was moved a moment later.
    pub(crate) async fn put(
        &self,
        client: &Client,
        manifest: &Manifest,
        look: impl AsyncFnOnce() -> Result<Option<Digest>, Error>,
    ) -> Result<(), Error> {
        put(client, self.tag, manifest.media_type(), manifest.shared_bytes()).await?;
        let taken = Duration::from_secs_f64((client.now() - self.since).max(0.0) / 1000.0);
        if !taken.is_zero() {
            client.sleep(taken.min(OTHERS_MAX)).await;
        }
        // It is in the registry, whether that can be read now or not; and some registries answer for a while with what was there before.
        match look().await {
            Ok(found) if found.as_ref() == Some(manifest.digest()) || found == self.before => Ok(()),
            Ok(found) => Err(moved(self.tag, manifest.digest(), found, true)),
            Err(_) => Ok(()),
        }
    }
}

/// The error for a tag that was moved.
pub(crate) fn moved(tag: &Reference, expected: &Digest, found: Option<Digest>, was_put: bool) -> Error {
    Error::TagMoved { reference: Box::new(tag.clone()), expected: expected.clone(), found, was_put }
}
