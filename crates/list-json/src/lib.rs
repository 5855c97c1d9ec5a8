//! The JSON of manifest lists, read and written in one pass over its bytes, without copying a text.
//!
//! Holds only the code that programs run on thousands of lists, so that this crate is compiled for speed and all
//! others for weight. Nothing that can be called is generic: that would be compiled where it is called.

mod bytes;
mod entry;
mod quote;
mod read;
mod write;

pub use bytes::lower_hex;
pub use entry::{Entry, Pairs, Platform};
pub use quote::{quote, quote_into};
pub use read::{List, read};
pub use write::Writer;
