//! Tests of Docker's configuration, read and changed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth_files;
mod docker_config;
mod docker_config_edit;
