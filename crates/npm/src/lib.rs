//! The engine for JavaScript: what the npm package and its command line call. JavaScript only adapts names and
//! streams; every rule is in the crates below.

mod command_line;
mod credentials;
mod files;
mod host;
mod transport;
