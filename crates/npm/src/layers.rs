//! Layers, for the package's own JavaScript: bytes go in as they come, entries come out as JSON. A module of its own, which
//! is loaded when files are asked for.

mod contents;
mod failure;
mod lookup;
mod reader;
mod terms;
mod tree;
