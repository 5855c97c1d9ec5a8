//! The engine for JavaScript: what the npm package and its command line call. JavaScript only adapts names and
//! streams; every rule is in the crates below.

mod files;
mod machine;
mod message;
mod sent_body;
mod transport;

#[cfg(feature = "command-line")]
mod command_line;

#[cfg(feature = "library")]
mod library;
