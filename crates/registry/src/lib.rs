//! A verified client of the OCI Distribution API over any transport.
//!
//! [`Client`] decides which requests to send, [`Transport`] sends them: `FetchTransport` in browsers, `NativeTransport` (feature
//! `native`) in programs of the machine. Futures are not `Send`; dropping one ends its requests.

mod accept;
mod authorize;
mod cache;
mod client;
mod cors;
mod download;
mod error;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod fuzz;
mod manifests;
mod pages;
mod rate_limit;
mod referrers;
mod request;
mod retry;
mod scheme;
mod semaphore;
mod send;
mod session;
mod sign_in;
mod single_flight;
mod transport;
mod upload;

#[cfg(feature = "fetch")]
pub use cache::CacheStorage;
pub use cache::{Content, ContentStore};
pub use client::{Access, Builder, Client};
pub use cors::{Cause, Diagnosis, Server};
pub use download::{BlobPieces, ContentHasher};
pub use error::{ApiError, Error, shown_url};
pub use manifests::{FetchedManifest, ManifestHead, PutManifest, is_page};
pub use pages::TagPages;
pub use rate_limit::RateLimit;
pub use retry::{Event, Retry};
pub use tallyman_auth::{CredentialError, CredentialKind, CredentialRefusal, CredentialSource, Credentials};
#[cfg(feature = "fetch")]
pub use transport::FetchTransport;
#[cfg(any(feature = "fetch", feature = "abort"))]
pub use transport::{AbortOnDrop, known_header};
pub use transport::{
    Body, BodyStream, KeptBytes, KeptContent, Piece, Request, RequestBody, Response, Transport,
    TransportError, TransportErrorKind, check_url, is_same_origin, send_following,
};
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use transport::{NativeTransport, OwnCertificates, Proxy};
pub use upload::{Mount, Upload};
