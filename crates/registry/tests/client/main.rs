//! The client against the in-memory registry, a real Distribution, and servers that misbehave.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod auth;
#[path = "../../../dev-registry/tests/contract/distribution_program.rs"]
mod distribution_program;
mod everything;
mod faults;
mod hidden;
mod image;
mod large;
mod load;
mod mirrors;
mod namespaces;
mod referrers;
mod refused;
mod retry_now;
mod schema1;
mod schemes;
mod scripted;
mod sharing;
mod sign_out;
mod slow;
mod support;
mod token_service;
mod uploads;
