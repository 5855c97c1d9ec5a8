//! Text that people type or paste: references, addresses, command lines, whole scripts.

pub mod destination;
pub mod image_list;
pub mod pasted_json;
pub mod pasted_text;
