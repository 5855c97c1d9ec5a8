//! The maps of sparse files: GNU's old format, and PAX's 0.0, 0.1 and 1.0.

use tar::{GnuExtSparseHeader, GnuSparseHeader};

use super::{
    BLOCK_SIZE,
    header::number,
    header_error,
    pax::{decimal, optional},
};
use crate::{Entry, Error, LimitKind, Segment};

/// The segments of PAX 0.0 and 0.1, and what 1.0 says outside of its map.
#[derive(Default)]
pub(super) struct PaxSparse {
    /// The name of the file; the header has one made up.
    pub(super) name: Option<Vec<u8>>,
    /// The size of the file with its holes.
    pub(super) size: Option<u64>,
    /// The version, which 0.0 and 0.1 do not tell.
    major: Option<u64>,
    minor: Option<u64>,
    /// Offsets and lengths in turn.
    numbers: Vec<u64>,
}

impl PaxSparse {
    /// Takes a record `GNU.sparse.KEY`; `None` if its value has no meaning.
    pub(super) fn record(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        match key {
            b"name" => self.name = (!value.is_empty()).then(|| value.to_vec()),
            b"size" | b"realsize" => self.size = Some(decimal(value)?),
            b"major" => self.major = optional(value, decimal)?,
            b"minor" => self.minor = optional(value, decimal)?,
            b"offset" | b"numbytes" => self.numbers.push(decimal(value)?),
            b"map" if value.is_empty() => self.numbers.clear(),
            b"map" => {
                self.numbers = value.split(|byte| *byte == b',').map(decimal).collect::<Option<_>>()?;
            }
            // The number of blocks adds nothing.
            _ => {}
        }
        Some(())
    }

    /// Returns `true` if Go's archive/tar takes the file for a sparse one by these records.
    pub(super) fn is_sparse(&self) -> bool {
        match (self.major, self.minor) {
            (Some(0), Some(0 | 1)) | (Some(1), Some(0)) => true,
            (None, None) => !self.numbers.is_empty(),
            _ => false,
        }
    }

    /// Returns `true` if the map is at the start of the content.
    pub(super) fn is_version_1(&self) -> bool {
        self.major == Some(1)
    }

    /// The segments that the records of versions 0.0 and 0.1 name.
    pub(super) fn segments(&self, offset: u64) -> Result<Vec<Segment>, Error> {
        pairs(&self.numbers).ok_or_else(|| {
            header_error(offset, "expected a length behind each offset of a sparse file, found an odd number")
        })
    }
}

/// A reader of the map of PAX 1.0: decimal numbers, each with a line feed, padded to whole blocks.
#[derive(Default)]
pub(super) struct MapReader {
    /// The number that is being read, if a digit came.
    digits: Option<u64>,
    /// The number of segments, once it is known.
    count: Option<u64>,
    numbers: Vec<u64>,
}

/// The outcome of a block of a map.
pub(super) enum MapStep {
    More,
    Whole(Vec<Segment>),
}

impl MapReader {
    pub(super) fn block(&mut self, block: &[u8], limit: u64, entry: &Entry) -> Result<MapStep, Error> {
        let damaged =
            || header_error(entry.header_offset, "expected the map of a sparse file, found something else");
        for byte in block {
            match byte {
                b'0'..=b'9' => {
                    let number = self.digits.unwrap_or_default();
                    let number = number.checked_mul(10).and_then(|n| n.checked_add(u64::from(byte - b'0')));
                    self.digits = Some(number.ok_or_else(damaged)?);
                }
                b'\n' => {
                    let number = self.digits.take().ok_or_else(damaged)?;
                    if self.count.is_some() {
                        self.numbers.push(number);
                    } else if number > limit {
                        let path = Some(entry.path.to_string());
                        return Err(Error::Limit { kind: LimitKind::SparseSegments, limit, path });
                    } else {
                        self.count = Some(number);
                    }
                    if self.count.is_some_and(|count| self.numbers.len() as u64 == count * 2) {
                        return Ok(MapStep::Whole(pairs(&self.numbers).ok_or_else(damaged)?));
                    }
                }
                _ => return Err(damaged()),
            }
        }
        Ok(MapStep::More)
    }
}

/// Reads a block of more segments of GNU's old format. Returns `true` if it is the last one.
pub(super) fn read_extension(
    block: &[u8; BLOCK_SIZE],
    offset: u64,
    segments: &mut Vec<Segment>,
) -> Result<bool, Error> {
    let mut extension = GnuExtSparseHeader::new();
    extension.as_mut_bytes().copy_from_slice(block);
    for descriptor in extension.sparse() {
        read_segment(descriptor, offset, segments)?;
    }
    Ok(!extension.is_extended())
}

/// Reads a segment of GNU's old format, if there is one.
pub(super) fn read_segment(
    descriptor: &GnuSparseHeader,
    at: u64,
    segments: &mut Vec<Segment>,
) -> Result<(), Error> {
    if descriptor.is_empty() {
        return Ok(());
    }
    let read = |field: &[u8]| {
        number(field)
            .and_then(|number| u64::try_from(number).ok())
            .ok_or_else(|| header_error(at, "expected a segment of a sparse file as numbers, found others"))
    };
    let (offset, length) = (read(&descriptor.offset)?, read(&descriptor.numbytes)?);
    segments.push(Segment { offset, length });
    Ok(())
}

/// Checks that segments are in order, inside of the file, and that they are its content.
pub(super) fn check(segments: &[Segment], entry: &Entry) -> Result<(), Error> {
    let mut end = 0;
    let mut stored = 0_u64;
    for segment in segments {
        let next = segment.offset.checked_add(segment.length);
        match next {
            Some(next) if segment.offset >= end && next <= entry.size => end = next,
            _ => {
                return Err(header_error(
                    entry.header_offset,
                    format!(
                        "expected the segments of the sparse file {} in order and in its {} bytes, found {} \
                         bytes at {}",
                        entry.path, entry.size, segment.length, segment.offset
                    ),
                ));
            }
        }
        stored += segment.length;
    }
    if stored != entry.stored_size {
        return Err(header_error(
            entry.header_offset,
            format!(
                "expected {stored} bytes of the sparse file {}, as its map says, found {}",
                entry.path, entry.stored_size
            ),
        ));
    }
    Ok(())
}

/// Offsets and lengths in turn as segments; `None` if one is left over.
fn pairs(numbers: &[u64]) -> Option<Vec<Segment>> {
    let (pairs, []) = numbers.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[offset, length]| Segment { offset: *offset, length: *length }).collect())
}
