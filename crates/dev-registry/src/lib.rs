//! An in-memory OCI registry for demonstrations and tests.
//!
//! It answers as CNCF Distribution does, in the words of version 2.8 or 3, keeps everything in memory, and goes wrong
//! on demand. It shares no code with the engine that is tested against it.

pub mod app;
mod auth;
mod blobs;
mod connection;
mod cors;
mod digest;
mod distribution;
mod endpoint;
mod error;
mod fault;
pub mod fill;
mod headers;
mod hostile;
mod ids;
mod listings;
mod log;
mod manifests;
mod media_type;
mod options;
mod profile;
mod query;
mod quirks;
pub mod samples;
mod server;
mod service;
mod skip;
mod store;
mod sync;
mod uploads;

pub use auth::{Auth, ExpiresIn, TokenAnswer, TokenAuth};
pub use digest::{Digest, DigestError};
pub use distribution::Distribution;
pub use fault::{Fault, FaultError, FaultKind};
pub use hostile::{Hostile, HostileError};
pub use log::RequestRecord;
pub use options::{Cors, Dialect};
pub use profile::{PASSWORD, Profile, ProfileError, USER};
pub use server::{Builder, Registry, RunningRegistry};
pub use skip::skip_test;
