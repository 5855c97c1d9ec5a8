//! Layers of container images, read as they stream.
//!
//! A [`LayerReader`] is fed with the pieces of a layer as they come (gzip, zstd or plain tar) and yields its entries
//! and their content; it holds one piece, one decompressed block and what the formats need to look back. A
//! [`LayerIndex`] keeps the entries of one layer, an [`ImageTree`] the file system that layers make one upon the
//! other.
//!
//! A layer that is made for lazy pulling has a [`TableOfContents`]: a [`ContentsReader`] says which bytes of the layer it
//! needs, and a [`FileContent`] which ones have a file.
//!
//! There is no input or output here: the same code runs in a browser tab, in Node and on the machine.

mod change;
mod decode;
mod entry;
mod error;
mod image;
mod json;
mod limits;
mod media_type;
mod naming;
mod path;
mod reader;
mod tar;
mod toc;
mod write;

pub use change::Whiteout;
pub use decode::Compression;
pub use entry::{Device, Entry, EntryKind, ExtendedAttribute, Segment, zeros};
pub use error::{Error, LimitKind};
pub use image::{
    Change, ChangeKind, Difference, DifferenceKind, Export, FileError, FileLookup, FileView, ImageTree,
    LayerIndex, LayerSymlinks, LayerWaste, Lookup, Wanted, WastedPath, differences, differences_after,
    look_up,
};
pub use json::LayerLabel;
pub use limits::{Limits, PARALLEL_LAYERS};
pub use media_type::check_media_type;
pub use naming::Naming;
pub use path::LayerPath;
pub use reader::{Event, Expected, LayerReader};
pub use toc::{ContentsReader, ContentsStep, FileContent, TableOfContents};
pub use write::TarWriter;
