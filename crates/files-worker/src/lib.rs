//! The worker of the app's Files page.
//!
//! The page fetches layers and hands their bytes over; the worker decompresses and checks them, keeps what they hold,
//! and answers with the rows that are on screen. What the two say to each other is in this crate's messages; without the
//! feature `worker` they are all that it has.

mod messages;

#[cfg(feature = "worker")]
#[cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "browsers alone start it"))]
mod browser;
#[cfg(feature = "worker")]
mod content;
#[cfg(feature = "worker")]
mod image;
#[cfg(feature = "worker")]
mod job;
#[cfg(feature = "worker")]
mod layer_cache;
#[cfg(feature = "worker")]
mod listing;
#[cfg(feature = "worker")]
mod path_text;
#[cfg(feature = "worker")]
mod session;
#[cfg(feature = "worker")]
mod visible;

#[cfg(feature = "worker")]
pub use job::FilePart;
pub use messages::*;
#[cfg(feature = "worker")]
pub use session::{Effect, Session};
