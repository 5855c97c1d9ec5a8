//! Decompression of layers, piece by piece.

mod gzip;
mod zstd;

use std::ops::Range;

use crate::{Error, Limits};
use gzip::Gzip;
use zstd::Zstd;

/// The bytes of a decompressed block at most.
pub(crate) const BLOCK: usize = 64 * 1024;
/// The bytes that tell how a layer is compressed.
const MAGIC: usize = 6;
/// The bytes of a tar header, and the place of its magic.
const HEADER: usize = 512;
const TAR_MAGIC: Range<usize> = 257..262;

/// A layer's compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// None: a tar archive as it is.
    None,
    /// gzip, of one member or many.
    Gzip,
    /// zstd, of one frame or many, with or without skippable ones.
    Zstd,
}

impl Compression {
    /// The word for it in JSON and in the package's types.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Recognises the compression by a layer's first bytes; `None` if they are too few to tell. Media types do not
    /// tell: engines look at the bytes as well.
    ///
    /// # Errors
    /// [`Error::Compression`] if it is one that is not supported.
    pub fn of(start: &[u8], is_whole: bool) -> Result<Option<Self>, Error> {
        if start.len() < MAGIC && !is_whole {
            return Ok(None);
        }
        let found = match start {
            [0x1f, 0x8b, ..] => return Ok(Some(Self::Gzip)),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                return Ok(Some(Self::Zstd));
            }
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, ..] => "bzip2",
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => "xz",
            [0x04, 0x22, 0x4d, 0x18, ..] => "lz4",
            // A tar archive may begin with a file of such a name.
            [b'h', b's', b'q', b's', ..] if start.len() < HEADER && !is_whole => return Ok(None),
            [b'h', b's', b'q', b's', ..] if start.get(TAR_MAGIC) != Some(b"ustar") => "a squashfs image",
            _ => return Ok(Some(Self::None)),
        };
        Err(Error::Compression { found })
    }
}

/// A decoder of one compression.
pub(crate) enum Decoder {
    Plain,
    Gzip(Box<Gzip>),
    Zstd(Box<Zstd>),
}

/// The outcome of a step of a decoder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    /// The compressed bytes that were taken.
    pub(crate) taken: usize,
    /// The bytes that were written to the output.
    pub(crate) written: usize,
}

impl Decoder {
    pub(crate) fn new(compression: Compression, limits: &Limits) -> Self {
        match compression {
            Compression::None => Self::Plain,
            Compression::Gzip => Self::Gzip(Box::default()),
            Compression::Zstd => Self::Zstd(Box::new(Zstd::new(limits.window))),
        }
    }

    /// Decompresses the next bytes of `input` into `output`, which is [`BLOCK`] bytes long. Takes and writes nothing
    /// if there is nothing to write and no input.
    pub(crate) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, Error> {
        match self {
            Self::Plain => Ok(Decoded { taken: 0, written: 0 }),
            Self::Gzip(gzip) => gzip.decode(input, output),
            Self::Zstd(zstd) => zstd.decode(input, output),
        }
    }

    /// Returns an error if the input ended in the middle of a member or frame.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        match self {
            Self::Plain => Ok(()),
            Self::Gzip(gzip) => gzip.finish(),
            Self::Zstd(zstd) => zstd.finish(),
        }
    }
}
