//! The file system that layers make one upon the other.

mod differences;
mod export;
mod index;
mod look_up;
mod tree;
mod waste;

pub use differences::{Difference, DifferenceKind, differences};
pub use export::Export;
pub use index::LayerIndex;
pub use look_up::{Lookup, look_up};
pub use tree::{Change, ChangeKind, FileView, ImageTree};
pub use waste::{LayerWaste, WastedPath};
