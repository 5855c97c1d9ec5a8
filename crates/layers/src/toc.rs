//! Tables of contents: layers that are made for lazy pulling (eStargz, zstd:chunked) name their entries, and the place
//! and the digests of each file, so that neither needs the whole layer.

mod content;
mod entries;
mod reader;
mod time;

use std::ops::Range;

use tallyman_core::Digest;

use crate::{Compression, EntryKind, LayerIndex, Limits};

pub use content::FileContent;
pub use reader::{ContentsReader, ContentsStep};

/// The entries of a layer by its table of contents, and the places of its files.
#[derive(Clone, Debug)]
pub struct TableOfContents {
    pub(crate) index: LayerIndex,
    pub(crate) compression: Compression,
    pub(crate) limits: Limits,
    /// The bytes of the layer up to the table.
    pub(crate) size: u64,
    /// The files by the numbers of their entries, in order.
    pub(crate) files: Vec<(usize, FilePlace)>,
}

/// The place of a file in the compressed layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePlace {
    /// The bytes of the layer that have the file, from the start of a member or frame on.
    pub(crate) range: Range<u64>,
    /// The decompressed bytes before the file.
    pub(crate) skipped: u64,
    /// The pieces of the file, each with its digest.
    pub(crate) chunks: Box<[Chunk]>,
}

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// The bytes.
    pub(crate) length: u64,
    /// The digest of them; `None` for zeros.
    pub(crate) digest: Option<Digest>,
}

impl TableOfContents {
    /// The entries, with the digests of files. Their offsets are 0: a table of contents does not tell those of the tar
    /// archive.
    pub fn index(&self) -> &LayerIndex {
        &self.index
    }

    /// Returns `true` if the digest of every file is known, which comparing images needs.
    pub fn has_digests(&self) -> bool {
        let files = self.index.entries().iter().enumerate();
        files
            .filter(|(_, entry)| entry.kind == EntryKind::File)
            .all(|(number, _)| self.index.digest(number).is_some())
    }

    /// Returns the reading of the file whose entry has this number; `None` if the table does not tell where it is, or
    /// which digest it has.
    pub fn file(&self, entry: usize) -> Option<FileContent> {
        let (path, size) = self.index.entries().get(entry).map(|entry| (&entry.path, entry.size))?;
        if size == 0 {
            return Some(FileContent::empty(path, self));
        }
        let at = self.files.binary_search_by_key(&entry, |(number, _)| *number).ok()?;
        Some(FileContent::new(path, &self.files[at].1, self))
    }
}
