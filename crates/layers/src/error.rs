//! The reasons why a layer cannot be read.

use std::fmt;

use tallyman_core::Digest;
use thiserror::Error;

/// A measure that [`Limits`](crate::Limits) bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitKind {
    /// Entries of one layer.
    Entries,
    /// Bytes of one path.
    PathLength,
    /// Components of one path.
    PathDepth,
    /// Decompressed bytes of one layer.
    UnpackedSize,
    /// Bytes of all files of one layer, holes of sparse files included.
    FileSize,
    /// Decompressed bytes for each compressed one.
    Ratio,
    /// Bytes of the extended headers of one entry, or of its JSON in a table of contents.
    ExtendedHeader,
    /// Data segments of one sparse file.
    SparseSegments,
    /// Bytes of paths, directories in them, link targets, names, extended attributes, segments and pieces of one layer.
    Metadata,
    /// Bytes that a zstd frame may look back.
    Window,
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Entries => "entries",
            Self::PathLength => "bytes in a path",
            Self::PathDepth => "components in a path",
            Self::UnpackedSize => "decompressed bytes",
            Self::FileSize => "bytes of files",
            Self::Ratio => "decompressed bytes for each compressed one",
            Self::ExtendedHeader => "bytes in the extended headers of an entry",
            Self::SparseSegments => "segments in a sparse file",
            Self::Metadata => "bytes of paths, directories, links, names, extended attributes and segments",
            Self::Window => "bytes in a zstd window",
        })
    }
}

/// The reason why a layer cannot be read. Offsets are bytes from the layer's start: of the compressed layer for
/// `Gzip` and `Zstd`, of the tar archive for the others.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Error {
    /// The layer is compressed by something else than gzip or zstd.
    #[error("expected a layer as tar, gzip or zstd, found {found}, which is not supported")]
    Compression {
        /// The format that was recognised.
        found: &'static str,
    },
    /// The layer is encrypted.
    #[error(
        "expected a layer as tar, gzip or zstd, found an encrypted one ({media_type}), which needs a key: decrypt the image first"
    )]
    Encrypted {
        /// The media type of its descriptor.
        media_type: String,
    },
    /// The descriptor is not that of a layer.
    #[error(
        "expected a layer as tar, gzip or zstd, found a blob of an artifact ({media_type}), which has no files to show"
    )]
    Artifact {
        /// The media type of the descriptor.
        media_type: String,
    },
    /// The registry does not have the layer, which is to be fetched from elsewhere.
    #[error("expected the layer in the registry, found none: it is available at {}; copy it into the registry to read it", urls.join(" and "))]
    Elsewhere {
        /// The URLs of its descriptor.
        urls: Vec<String>,
    },
    /// A gzip member is damaged.
    #[error("damaged gzip at byte {offset} of the layer: {reason}")]
    Gzip {
        /// The position in the compressed layer.
        offset: u64,
        /// The field or bytes, as expected and as found.
        reason: String,
    },
    /// A zstd frame is damaged.
    #[error("damaged zstd at byte {offset} of the layer: {reason}")]
    Zstd {
        /// The position in the compressed layer.
        offset: u64,
        /// The field or bytes, as expected and as found.
        reason: String,
    },
    /// The checksum of a header does not match its bytes.
    #[error("expected the checksum {expected} in the tar header at byte {offset}, found {found}")]
    Checksum {
        /// The position of the header.
        offset: u64,
        /// The sum of the header's bytes.
        expected: u32,
        /// The checksum that the header names.
        found: String,
    },
    /// A field of a header, or an extended header, has no meaning.
    #[error("damaged tar header at byte {offset}: {reason}")]
    Header {
        /// The position of the header.
        offset: u64,
        /// The field or bytes, as expected and as found.
        reason: String,
    },
    /// The layer ends in the middle of something.
    #[error("the layer ends at byte {offset}, in the middle of {what}: it is truncated")]
    Truncated {
        /// The position of the end.
        offset: u64,
        /// The thing that is not whole.
        what: String,
    },
    /// A path leads out of the layer.
    #[error("the path {path:?} at byte {offset} leads out of the layer")]
    PathEscapes {
        /// The position of the header.
        offset: u64,
        /// The path as it stands there.
        path: String,
    },
    /// Something else takes the place of a directory that the layer has before it.
    #[error(
        "the layer has a directory {path} and something else in its place: tar does not unpack an archive of both"
    )]
    Replaced {
        /// The path.
        path: String,
    },
    /// A limit is passed.
    #[error("the layer has more than {limit} {kind}{}", place(path))]
    Limit {
        /// The measure.
        kind: LimitKind,
        /// The limit.
        limit: u64,
        /// The path where that happened, if it has to do with one.
        path: Option<String>,
    },
    /// The layer is not as long as its descriptor says.
    #[error("expected a layer of {expected} bytes, found {found}")]
    Size {
        /// The size that the descriptor names.
        expected: u64,
        /// The bytes that came, or those that came before reading ended.
        found: u64,
    },
    /// The layer's bytes are not those of its descriptor.
    #[error("expected a layer with the digest {expected}, found {found}")]
    Digest {
        /// The digest that the descriptor names.
        expected: Digest,
        /// The digest of the bytes that came.
        found: Digest,
    },
    /// The decompressed layer does not have its diff ID, which the image's config names.
    #[error("expected a layer with the diff ID {expected}, found {found}")]
    DiffId {
        /// The diff ID that it was to have.
        expected: Digest,
        /// The digest of the decompressed bytes.
        found: Digest,
    },
    /// A table of contents has no meaning.
    #[error("damaged table of contents of the layer: {reason}")]
    Contents {
        /// The entry or field, as expected and as found.
        reason: String,
    },
    /// A table of contents is not the one that the layer's annotations name.
    #[error(
        "expected a table of contents with the digest {expected}, as the annotations of the layer say, found {found}"
    )]
    ContentsDigest {
        /// The digest that the annotations name.
        expected: Digest,
        /// The digest of the bytes that came.
        found: Digest,
    },
    /// A piece of a file is not what the table of contents says.
    #[error(
        "expected the digest {expected} of {path} from its byte {offset} on, as the table of contents says, found {found}"
    )]
    ChunkDigest {
        /// The path of the file.
        path: String,
        /// The position of the piece in the file.
        offset: u64,
        /// The digest that the table of contents names.
        expected: Digest,
        /// The digest of the bytes that came.
        found: Digest,
    },
}

impl Error {
    /// A name for the sort of error that does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Compression { .. }
            | Self::Encrypted { .. }
            | Self::Artifact { .. }
            | Self::Elsewhere { .. } => "layer-unsupported",
            Self::Limit { .. } => "layer-limit",
            Self::Size { .. } => "size-mismatch",
            Self::Digest { .. }
            | Self::DiffId { .. }
            | Self::ContentsDigest { .. }
            | Self::ChunkDigest { .. } => "digest-mismatch",
            _ => "layer-invalid",
        }
    }
}

/// Returns the words that name the path of a limit.
fn place(path: &Option<String>) -> String {
    path.as_ref().map(|path| format!(", at {path:?}")).unwrap_or_default()
}
