//! The gateway as browsers, registries and attackers see it.

mod contract;
mod distribution;
mod guards;
mod operation;
mod passing;
mod sign_in;
mod support;
mod upstreams;
