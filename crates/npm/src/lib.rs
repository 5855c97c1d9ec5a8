//! The engine for JavaScript: what the npm package and its command line call. JavaScript only adapts names and
//! streams; every rule is in the crates below.

#[cfg(any(feature = "command-line", feature = "library"))]
mod content_hasher;
#[cfg(any(feature = "command-line", feature = "library"))]
mod files;
#[cfg(any(feature = "command-line", feature = "library"))]
mod machine;
#[cfg(any(feature = "command-line", feature = "library"))]
mod message;
#[cfg(any(feature = "command-line", feature = "library"))]
mod sent_body;
#[cfg(any(feature = "command-line", feature = "library"))]
mod sent_content;
#[cfg(any(feature = "command-line", feature = "library"))]
mod transport;

#[cfg(feature = "command-line")]
mod command_line;

#[cfg(feature = "layers")]
mod layers;

#[cfg(feature = "library")]
mod library;
