//! Limits that protect from layers made to exhaust whoever reads them.

use crate::{Error, LimitKind};

/// The layers of an image that are fetched and read at the same time.
pub const PARALLEL_LAYERS: usize = 3;

/// The most that one layer may have. What passes a limit is refused with [`Error::Limit`].
///
/// ```
/// use tallyman_layers::Limits;
///
/// let limits = Limits { entries: 10_000, ..Limits::default() };
/// assert!(limits.ratio > 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries.
    pub entries: u64,
    /// Bytes of one path or link target.
    pub path_length: u64,
    /// Components of one path.
    pub path_depth: u64,
    /// Decompressed bytes.
    pub unpacked_size: u64,
    /// Bytes of all files, holes of sparse files included.
    pub file_size: u64,
    /// Decompressed bytes for each compressed one; counts once there are more than [`Limits::ratio_from`].
    pub ratio: u64,
    /// Decompressed bytes from which on the ratio counts.
    pub ratio_from: u64,
    /// Bytes of the extended headers of one entry (PAX records, GNU's long names), or of its JSON in a table of contents.
    pub extended_header: u64,
    /// Data segments of one sparse file.
    pub sparse_segments: u64,
    /// Bytes of what is kept of all entries besides their numbers: paths, link targets, names, extended attributes, segments,
    /// pieces in a table of contents, and directories that only the paths of others, or hard links, name.
    pub metadata: u64,
    /// Bytes that a zstd frame may look back, which the decoder keeps.
    pub window: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 2_000_000,
            // Linux's PATH_MAX.
            path_length: 4096,
            path_depth: 256,
            unpacked_size: 64 << 30,
            file_size: 1 << 40,
            // Deflate reaches 1032. Files of zeros come near it in honest layers, but are small.
            ratio: 500,
            ratio_from: 256 << 20,
            extended_header: 1 << 20,
            sparse_segments: 100_000,
            // Layers of a million files have some 100 MiB.
            metadata: 256 << 20,
            // `zstd --ultra` uses 128 MiB by default; builders stay below 16 MiB.
            window: 64 << 20,
        }
    }
}

impl Limits {
    /// Returns an error if there are too many decompressed bytes for the compressed ones.
    pub(crate) fn check_ratio(&self, unpacked: u64, packed: u64) -> Result<(), Error> {
        if unpacked <= self.ratio_from {
            return Ok(());
        }
        self.check(LimitKind::Ratio, unpacked / packed.max(1), None)
    }

    /// Returns an error if `found` passes the limit of `kind`.
    pub(crate) fn check(&self, kind: LimitKind, found: u64, path: Option<&[u8]>) -> Result<(), Error> {
        let limit = match kind {
            LimitKind::Entries => self.entries,
            LimitKind::PathLength => self.path_length,
            LimitKind::PathDepth => self.path_depth,
            LimitKind::UnpackedSize => self.unpacked_size,
            LimitKind::FileSize => self.file_size,
            LimitKind::Ratio => self.ratio,
            LimitKind::ExtendedHeader => self.extended_header,
            LimitKind::SparseSegments => self.sparse_segments,
            LimitKind::Metadata => self.metadata,
            LimitKind::Window => self.window,
        };
        if found <= limit {
            return Ok(());
        }
        let path = path.map(|path| String::from_utf8_lossy(&path[..path.len().min(100)]).into_owned());
        Err(Error::Limit { kind, limit, path })
    }
}
