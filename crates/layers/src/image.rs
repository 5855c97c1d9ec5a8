//! The file system that layers make one upon the other.

mod content_lookup;
mod differences;
mod export;
mod first_names;
mod index;
mod links;
mod path_lookup;
mod paths;
mod symlinks;
mod tree;
mod waste;

pub use content_lookup::{FileError, FileLookup, Wanted};
pub use differences::{Difference, DifferenceKind, differences, differences_after};
pub use export::Export;
pub use index::LayerIndex;
pub use path_lookup::{Lookup, look_up};
pub use symlinks::LayerSymlinks;
pub use tree::{Change, ChangeKind, FileView, ImageTree};
pub use waste::{LayerWaste, WastedPath};
