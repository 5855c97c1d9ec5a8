//! The registry as its callers see it, alone and side by side with CNCF Distribution.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod api;
mod auth;
mod distribution_program;
mod faults;
mod http;
mod program;
mod samples;
mod side_by_side;
