//! zstd (RFC 8878): frames one behind the other. Skippable frames are passed over; zstd:chunked keeps its table of
//! contents in them.

use std::io::Read;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Decoded;
use crate::{Error, LimitKind};

const MAGIC: u32 = 0xfd2f_b528;
/// Skippable frames begin with this and 0 to 15 more.
const SKIPPABLE: u32 = 0x184d_2a50;
/// The bytes of a block's header.
const BLOCK_HEADER: usize = 3;
/// The bytes of a block at most.
const BLOCK_MAX: usize = 128 * 1024;
const CHECKSUM: usize = 4;

/// A decoder of zstd.
pub(crate) struct Zstd {
    position: u64,
    window: u64,
    frames: u64,
    part: FramePart,
    /// The bytes of the part that came.
    held: Vec<u8>,
    has_checksum: bool,
    frame: FrameDecoder,
}

/// The part of the input that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FramePart {
    Magic,
    SkippableSize,
    Skippable(u64),
    /// The frame header's first byte behind the magic number.
    Descriptor,
    /// The frame header, of so many bytes with the magic number.
    FrameHeader(usize),
    BlockHeader,
    /// A block of so many bytes with its header, and the frame's checksum if it is the last one.
    Block {
        length: usize,
        last: bool,
    },
    /// The bytes that the decoder still holds of a frame that is whole.
    Drain,
}

impl Zstd {
    pub(crate) fn new(window: u64) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(window);
        let (held, part) = (Vec::new(), FramePart::Magic);
        Self { position: 0, window, frames: 0, part, held, has_checksum: false, frame }
    }

    pub(crate) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<Decoded, Error> {
        let mut taken = 0;
        loop {
            let written = self.drain(output)?;
            if written > 0 {
                return Ok(Decoded { taken, written });
            }
            let rest = &input[taken..];
            if rest.is_empty() {
                return Ok(Decoded { taken, written: 0 });
            }
            let count = self.take(rest)?;
            taken += count;
            self.position += count as u64;
        }
    }

    pub(crate) fn finish(&self) -> Result<(), Error> {
        let what = match self.part {
            FramePart::Magic if self.held.is_empty() => return Ok(()),
            FramePart::Magic
            | FramePart::SkippableSize
            | FramePart::Descriptor
            | FramePart::FrameHeader(_) => "the header of a zstd frame",
            FramePart::Skippable(_) => "a skippable zstd frame",
            FramePart::BlockHeader | FramePart::Block { .. } | FramePart::Drain => "a zstd frame",
        };
        Err(Error::Truncated { offset: self.position, what: what.to_owned() })
    }

    /// Writes what is decoded and no longer needed to look back.
    fn drain(&mut self, output: &mut [u8]) -> Result<usize, Error> {
        if !matches!(self.part, FramePart::BlockHeader | FramePart::Block { .. } | FramePart::Drain) {
            return Ok(0);
        }
        let written = self.frame.read(output).map_err(|error| self.damaged(error))?;
        if written == 0 && self.part == FramePart::Drain {
            self.end_frame()?;
        }
        Ok(written)
    }

    fn end_frame(&mut self) -> Result<(), Error> {
        if self.has_checksum {
            let (named, found) = (self.frame.get_checksum_from_data(), self.frame.get_calculated_checksum());
            if let (Some(named), Some(found)) = (named, found)
                && named != found
            {
                return Err(self.damaged(format!("expected the checksum {found:08x}, found {named:08x}")));
            }
        }
        self.frames += 1;
        self.part = FramePart::Magic;
        Ok(())
    }

    /// Takes some bytes of the input, at least one.
    fn take(&mut self, input: &[u8]) -> Result<usize, Error> {
        if let FramePart::Skippable(left) = self.part {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
            let left = left - count as u64;
            self.part = if left == 0 { FramePart::Magic } else { FramePart::Skippable(left) };
            return Ok(count);
        }
        let needed = match self.part {
            FramePart::Magic => 4,
            FramePart::SkippableSize => 8,
            FramePart::Descriptor => 5,
            FramePart::FrameHeader(length) => length,
            FramePart::BlockHeader => BLOCK_HEADER,
            FramePart::Block { length, last } => {
                length + if last && self.has_checksum { CHECKSUM } else { 0 }
            }
            FramePart::Skippable(_) | FramePart::Drain => 0,
        };
        let count = needed.saturating_sub(self.held.len()).min(input.len());
        self.held.extend_from_slice(&input[..count]);
        if self.held.len() >= needed {
            self.part = self.next_part()?;
            // The buffer has the beginning of the next part, unless that starts over.
            if matches!(
                self.part,
                FramePart::Magic | FramePart::Skippable(_) | FramePart::BlockHeader | FramePart::Drain
            ) {
                self.held.clear();
            }
        }
        Ok(count)
    }

    /// Understands the part that is held whole, and returns the next one.
    fn next_part(&mut self) -> Result<FramePart, Error> {
        let word = |from: usize| {
            let bytes = self.held.get(from..from + 4).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u32::from_le_bytes).unwrap_or_default()
        };
        Ok(match self.part {
            FramePart::Magic if word(0) == MAGIC => FramePart::Descriptor,
            FramePart::Magic if word(0) & !0xf == SKIPPABLE => FramePart::SkippableSize,
            FramePart::Magic => {
                return Err(self.damaged(format!(
                    "expected a frame, which begins with {MAGIC:08x}, found {:08x}",
                    word(0)
                )));
            }
            FramePart::SkippableSize => match word(4) {
                0 => FramePart::Magic,
                size => FramePart::Skippable(size.into()),
            },
            FramePart::Descriptor => FramePart::FrameHeader(frame_header_length(self.held[4])),
            FramePart::FrameHeader(_) => {
                self.has_checksum = self.held[4] & 4 != 0;
                self.begin_frame()?;
                FramePart::BlockHeader
            }
            FramePart::BlockHeader => {
                let header = u32::from_le_bytes([self.held[0], self.held[1], self.held[2], 0]);
                let size = usize::try_from(header >> 3).expect("it has 21 bits");
                // A block of one byte repeated has that byte alone.
                let length = if (header >> 1) & 3 == 1 { 1 } else { size };
                if size > BLOCK_MAX {
                    return Err(
                        self.damaged(format!("expected a block of at most {BLOCK_MAX} bytes, found {size}"))
                    );
                }
                let part = FramePart::Block { length: BLOCK_HEADER + length, last: header & 1 == 1 };
                self.part = part;
                // An empty last block without a checksum is whole as it is.
                return if length == 0 && !(header & 1 == 1 && self.has_checksum) {
                    self.next_part()
                } else {
                    Ok(part)
                };
            }
            FramePart::Block { last, .. } => {
                self.frame
                    .decode_blocks(&*self.held, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| self.damaged(error))?;
                if last { FramePart::Drain } else { FramePart::BlockHeader }
            }
            FramePart::Skippable(_) | FramePart::Drain => self.part,
        })
    }

    fn begin_frame(&mut self) -> Result<(), Error> {
        if let Some(size) = window_size(&self.held)
            && size > self.window
        {
            return Err(Error::Limit { kind: LimitKind::Window, limit: self.window, path: None });
        }
        self.frame.reset(&*self.held).map_err(|error| self.damaged(error))
    }

    fn damaged(&self, reason: impl std::fmt::Display) -> Error {
        Error::Zstd { offset: self.position, reason: format!("in frame {}: {reason}", self.frames + 1) }
    }
}

/// The bytes of a frame's header with the magic number, by its first byte behind that.
fn frame_header_length(descriptor: u8) -> usize {
    let single_segment = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let content_size = match descriptor >> 6 {
        0 => usize::from(single_segment),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    5 + usize::from(!single_segment) + dictionary + content_size
}

/// The bytes that a frame may look back: its window, or its content where that is one piece.
fn window_size(header: &[u8]) -> Option<u64> {
    let single_segment = header[4] & 0x20 != 0;
    if !single_segment {
        let byte = *header.get(5)?;
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    let dictionary = [0, 1, 2, 4][usize::from(header[4] & 3)];
    let size = header.get(5 + dictionary..)?;
    let number = size.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    Some(if size.len() == 2 { number + 256 } else { number })
}
