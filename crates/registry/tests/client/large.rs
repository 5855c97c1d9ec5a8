//! Large manifests in a browser: hashed once, in pieces.

use std::{cell::Cell, rc::Rc, time::Duration};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_core::{Digest, Reference};
use tallyman_registry::{Access, Body, Client, Error, Request, Response, Transport, TransportError};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry, seen from a page, that has one manifest.
struct Fixed {
    manifest: Vec<u8>,
    digest: Digest,
    requests: Cell<usize>,
    /// The number of times that the page could do something else.
    pauses: Cell<usize>,
}

impl Fixed {
    fn new(digest: Option<Digest>) -> Rc<Self> {
        let manifest =
            format!(r#"{{"schemaVersion": 2, "manifests": []{}}}"#, " ".repeat(2 << 20)).into_bytes();
        let digest = digest.unwrap_or_else(|| Digest::of(&manifest));
        Rc::new(Self { manifest, digest, requests: Cell::default(), pauses: Cell::default() })
    }

    fn client(self: &Rc<Self>) -> Client {
        let transport: Rc<dyn Transport> = self.clone();
        Client::builder(transport).access(|_| Access::Tls).build()
    }
}

impl Transport for Fixed {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        self.requests.set(self.requests.get() + 1);
        let headers = HeaderMap::from_iter([
            (header::CONTENT_TYPE, HeaderValue::from_static(INDEX)),
            ("docker-content-digest".parse().unwrap(), self.digest.as_str().parse().unwrap()),
        ]);
        let body = Body::full(self.manifest.clone());
        future::ready(Ok(Response { status: StatusCode::OK, headers, url: request.url, body })).boxed_local()
    }

    fn probe(&self, _: String) -> LocalBoxFuture<'_, bool> {
        future::ready(true).boxed_local()
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        if !duration.is_zero() {
            // The client's timeout.
            return future::pending().boxed_local();
        }
        self.pauses.set(self.pauses.get() + 1);
        future::ready(()).boxed_local()
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn join(&self, _: &str, location: &str) -> Result<String, TransportError> {
        Ok(location.to_owned())
    }

    fn obeys_cors(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_large_manifest_is_hashed_once_and_in_pieces() {
    let registry = Fixed::new(None);
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    let fetched = registry.client().manifest(&image).await.unwrap();
    assert_eq!(fetched.digest, registry.digest);
    assert_eq!(&fetched.bytes[..], &registry.manifest[..]);
    assert_eq!(registry.requests.get(), 2, "one for each family of types");
    assert_eq!(registry.pauses.get(), 4, "one for each half of a MiB but the first");
}

#[tokio::test]
async fn a_large_manifest_of_another_digest_is_refused() {
    let other = Digest::of(b"something else");
    let registry = Fixed::new(Some(other.clone()));
    let image: Reference = "r.example/acme/app:1".parse().unwrap();
    let error = registry.client().manifest(&image).await.unwrap_err();
    assert!(matches!(&error, Error::DigestMismatch { expected, .. } if *expected == other), "{error:?}");
    let pinned: Reference = format!("r.example/acme/app@{}", Digest::of(b"pinned")).parse().unwrap();
    let error = Fixed::new(None).client().manifest(&pinned).await.unwrap_err();
    assert!(matches!(&error, Error::DigestMismatch { .. }), "{error:?}");
}
