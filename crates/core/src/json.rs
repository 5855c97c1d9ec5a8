//! JSON as Go's `encoding/json` reads and writes it.
//!
//! Everything works on bytes: white space moves, but key order, the spelling of numbers and every unknown field stay.
//! Docker prints and stores manifests through that package, so errors are worded as Go words them.

mod format;
mod names;
mod object;
mod quote;
mod scan;
mod value;
mod write;

pub use format::{compact, indent};
pub(crate) use names::{as_it_is, with_names};
pub use object::{FieldError, Object, string};
pub(crate) use object::{behind_null, digest, is_same_name, join, parse_elements};
pub use quote::{fold_key, quote, quote_into, unquote};
pub use scan::{SyntaxError, check};
pub use value::{Kind, elements, kind, members};
pub(crate) use value::{members_as_written, split_elements, split_members};
pub use write::{ObjectWriter, array, string_array, string_map};
