//! JSON as Go's `encoding/json` reads and writes it, on bytes: white space moves, but key order, the spelling of
//! numbers and every unknown field stay. Docker prints and stores manifests through it, so its errors are worded as
//! Go words them.

mod format;
mod read;
mod scan;

pub use format::{compact, indent};
pub use read::{Kind, elements, fold_key, kind, members, unquote};
pub(crate) use read::{split_elements, split_members};
pub use scan::{SyntaxError, check};
pub use tallyman_list_json::{quote, quote_into};
