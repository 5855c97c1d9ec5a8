//! Spanish.

mod frame;

use super::Text;

pub static TEXT: Text = Text { frame: frame::FRAME };
