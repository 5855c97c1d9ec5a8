//! English.

mod frame;
mod parts;

use super::Text;

pub static TEXT: Text = Text { frame: frame::FRAME, parts: parts::PARTS };
