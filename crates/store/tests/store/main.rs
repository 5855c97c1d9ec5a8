//! Tests of the stores that a machine has.

#[cfg(feature = "archive")]
mod archive;
mod contract;
mod docker;
mod durability;
mod exchange;
#[path = "../suite/mod.rs"]
mod suite;
