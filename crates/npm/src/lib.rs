//! The engine for JavaScript: what the npm package and its command line call. JavaScript only adapts names and
//! streams; every rule is in the crates below.

mod files;
mod message;
mod sent_body;
mod transport;

#[cfg(feature = "command-line")]
mod command_line;
#[cfg(feature = "command-line")]
mod docker_credentials;
#[cfg(feature = "command-line")]
mod machine;

#[cfg(feature = "library")]
mod library;
