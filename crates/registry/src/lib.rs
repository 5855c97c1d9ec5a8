//! A verified client of the OCI Distribution API over any transport.
//!
//! [`Client`] decides what to ask, [`Transport`] asks it: `FetchTransport` in browsers, `NativeTransport` (feature
//! `native`) in programs of the machine. Futures are not `Send`; dropping one ends its requests.

mod accept;
mod blobs;
mod cache;
mod call;
mod client;
mod content_store;
mod deletes;
mod diagnosis;
mod error;
mod events;
mod flights;
mod manifests;
mod pages;
mod referrers;
mod retry;
mod session;
mod streamed;
mod streams;
mod transport;
mod turns;
mod uploads;

pub use client::{Access, Builder, Client};
#[cfg(feature = "fetch")]
pub use content_store::CacheStorage;
pub use content_store::{Content, ContentStore};
pub use diagnosis::{Cause, Diagnosis, Server};
pub use error::{ApiError, Error};
pub use events::Event;
pub use manifests::{FetchedManifest, ManifestHead, PutManifest};
pub use retry::Retry;
pub use tallyman_auth::{CredentialError, CredentialSource, Credentials, TokenService};
#[cfg(any(feature = "fetch", feature = "abort"))]
pub use transport::AbortOnDrop;
#[cfg(feature = "fetch")]
pub use transport::FetchTransport;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use transport::NativeTransport;
pub use transport::{Body, Request, Response, Transport, TransportError, TransportErrorKind};
pub use uploads::{Mount, Upload};
