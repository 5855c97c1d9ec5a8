//! A verified client of the OCI Distribution API over any transport.
//!
//! [`Client`] decides what to ask, [`Transport`] asks it: `FetchTransport` in browsers, `NativeTransport` (feature
//! `native`) in programs of the machine. Futures are not `Send`.

mod accept;
mod blobs;
mod client;
mod error;
mod manifests;
mod transport;

pub use client::{Access, Builder, Client};
pub use error::{ApiError, Error};
pub use manifests::{FetchedManifest, ManifestHead};
#[cfg(target_arch = "wasm32")]
pub use transport::FetchTransport;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
pub use transport::NativeTransport;
pub use transport::{Body, Request, Response, Transport, TransportError, TransportErrorKind};
