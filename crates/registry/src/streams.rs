//! Blobs piece by piece: layers.

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, LocalBoxStream},
};
use http::{HeaderValue, Method, StatusCode, header};
use tallyman_auth::Scopes;
use tallyman_core::{Descriptor, Digest, Hasher, Reference};

use crate::{Client, Error, Event, Response, TransportError, call::Call, manifests::collect, retry::Again};

type Pieces = LocalBoxStream<'static, Result<Bytes, TransportError>>;

/// A blob on its way.
struct Reading {
    client: Client,
    reference: Reference,
    digest: Digest,
    size: u64,
    hasher: Hasher,
    read: u64,
    /// The answer that is being read, with its URL.
    pieces: Option<(String, Pieces)>,
    attempt: u32,
}

impl Client {
    /// Fetches a blob piece by piece. An answer that breaks off is taken up where it broke. Size and digest are checked
    /// at the end: an error there means that nothing of what came is to be trusted.
    ///
    /// # Errors
    /// Any [`Error`], as the last item.
    pub fn blob_stream(
        &self,
        reference: &Reference,
        descriptor: &Descriptor,
    ) -> LocalBoxStream<'static, Result<Bytes, Error>> {
        let reading = Reading {
            client: self.clone(),
            reference: reference.by_digest(descriptor.digest.clone()),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            hasher: Hasher::new(descriptor.digest.algorithm()),
            read: 0,
            pieces: None,
            attempt: 1,
        };
        stream::unfold(Some(reading), async |reading| {
            let mut reading = reading?;
            match reading.piece().await {
                Ok(Some(piece)) => Some((Ok(piece), Some(reading))),
                Ok(None) => reading.finish().err().map(|error| (Err(error), None)),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed_local()
    }

    /// Fetches `length` bytes of a blob from `start` on; fewer where it ends before. A part has no digest, so that it
    /// cannot be verified.
    ///
    /// # Errors
    /// Any [`Error`]; a registry that does not serve parts is one.
    pub async fn blob_range(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: u64,
        length: u64,
    ) -> Result<Bytes, Error> {
        let scopes = Scopes::pull(reference.repository().as_str());
        let call = Call::new(Method::GET, reference, &format!("blobs/{digest}"), scopes)
            .header(header::RANGE, range(start, Some(start + length.max(1) - 1)));
        let registry = reference.registry();
        let bytes = self.repeat(registry, Again::Harmless, async || {
            let response = self.ask(registry, &call).await?;
            if response.status == StatusCode::PARTIAL_CONTENT {
                return collect(response, length).await;
            }
            let found = response.status.to_string();
            Err(Error::Protocol { url: response.url, expected: "206 Partial Content", found })
        });
        bytes.await
    }
}

impl Reading {
    /// The next piece; nothing at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let (url, pieces) = match &mut self.pieces {
                Some(pieces) => pieces,
                None => {
                    self.pieces.insert(self.client.blob_from(&self.reference, &self.digest, self.read).await?)
                }
            };
            let source = match pieces.next().await {
                Some(Ok(piece)) => {
                    self.read += piece.len() as u64;
                    if self.read > self.size {
                        return Err(Error::TooLarge { what: url.clone(), limit: self.size });
                    }
                    self.hasher.update(&piece);
                    self.attempt = 1;
                    return Ok(Some(piece));
                }
                None => return Ok(None),
                Some(Err(source)) => source,
            };
            let error = Error::BrokenOff { url: url.clone(), source };
            let wait = self.client.retry().wait(&error, self.attempt, self.client.chance());
            let Some(wait) = wait else { return Err(error) };
            self.client.tell(&Event::Retry { error, wait, attempt: self.attempt });
            self.client.sleep(wait).await;
            self.attempt += 1;
            self.pieces = None;
        }
    }

    fn finish(self) -> Result<(), Error> {
        let reference = Box::new(self.reference);
        if self.read != self.size {
            return Err(Error::SizeMismatch { reference, expected: self.size, found: self.read });
        }
        let found = self.hasher.finish();
        if found != self.digest {
            return Err(Error::DigestMismatch { reference, expected: self.digest, found });
        }
        Ok(())
    }
}

impl Client {
    /// The pieces of a blob from byte `start` on.
    async fn blob_from(
        &self,
        reference: &Reference,
        digest: &Digest,
        start: u64,
    ) -> Result<(String, Pieces), Error> {
        let scopes = Scopes::pull(reference.repository().as_str());
        let call = Call::new(Method::GET, reference, &format!("blobs/{digest}"), scopes)
            .header(header::RANGE, if start == 0 { None } else { range(start, None) });
        let registry = reference.registry();
        let Response { status, url, body, .. } =
            self.repeat(registry, Again::Harmless, async || self.ask(registry, &call).await).await?;
        let pieces = body.into_stream();
        if start == 0 || status == StatusCode::PARTIAL_CONTENT {
            return Ok((url, pieces));
        }
        // A registry that sends the whole: what was read already is passed over.
        let mut over = start;
        let rest = pieces.map(move |piece| {
            piece.map(|piece| {
                let passed = over.min(piece.len() as u64);
                over -= passed;
                piece.slice(usize::try_from(passed).expect("it is no longer than the piece")..)
            })
        });
        Ok((url, rest.boxed_local()))
    }
}

fn range(start: u64, end: Option<u64>) -> Option<HeaderValue> {
    let end = end.map(|end| end.to_string()).unwrap_or_default();
    HeaderValue::from_str(&format!("bytes={start}-{end}")).ok()
}
