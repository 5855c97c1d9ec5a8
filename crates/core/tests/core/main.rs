//! Tests of manifests, lists, references and plans, without a registry.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod annotate;
mod calendar;
mod convert;
mod diff;
mod digest;
mod edit;
mod format_bytes;
mod json;
mod lint;
mod list;
mod manifest;
mod media_type;
#[path = "../oracle/mod.rs"]
mod oracle;
mod plan;
mod platform;
mod reference;
