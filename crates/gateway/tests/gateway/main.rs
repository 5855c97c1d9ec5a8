//! The gateway as browsers, registries and attackers see it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod balanced;
mod contract;
mod deploy;
mod differential;
mod distribution;
#[path = "../../../dev-registry/tests/contract/distribution_program.rs"]
mod distribution_program;
mod docker;
#[path = "../../../registry/tests/client/everything.rs"]
mod everything;
mod exhaustion;
mod guards;
mod hostile_registries;
#[path = "../../../registry/tests/client/image.rs"]
mod image;
mod memory;
mod operation;
mod own_user;
mod proxies;
mod proxying;
mod sign_in;
mod support;
mod upstreams;
