//! The file system that layers make one upon the other.

mod differences;
mod export;
mod file_lookup;
mod first_names;
mod index;
mod links;
mod look_up;
mod paths;
mod symlinks;
mod tree;
mod waste;

pub use differences::{Difference, DifferenceKind, differences, differences_after};
pub use export::Export;
pub use file_lookup::{FileError, FileLookup, Wanted};
pub use index::LayerIndex;
pub use look_up::{Lookup, look_up};
pub use symlinks::LayerSymlinks;
pub use tree::{Change, ChangeKind, FileView, ImageTree};
pub use waste::{LayerWaste, WastedPath};
