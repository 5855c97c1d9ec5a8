//! tar archives (ustar, PAX, GNU), read piece by piece.
//!
//! The `tar` crate knows the layout of headers. Its `Archive` wants to pull from a blocking reader, which a stream in
//! a browser tab cannot be, and other readers without input of their own want the archive whole; so the cutting into
//! entries is done here.

mod header;
mod pax;
mod sparse;

use crate::{Entry, EntryKind, Error, LayerPath, LimitKind, Limits, Segment, path::Directories};
use header::{Block, TypeFlag};
use pax::PaxRecords;
use sparse::{MapReader, MapStep};

/// The bytes of a block.
pub(crate) const BLOCK_SIZE: usize = 512;

/// The outcome of a step.
#[derive(Debug)]
pub(crate) enum Step {
    /// No entry and no content yet.
    Continue,
    /// An entry begins.
    Entry(Entry),
    /// The bytes taken are content, at this position in the file.
    Content { offset: u64 },
}

/// A parser that takes the archive's bytes as they come.
pub(crate) struct TarParser {
    limits: Limits,
    position: u64,
    state: State,
    /// The block that is being collected.
    block: Box<[u8; BLOCK_SIZE]>,
    filled: usize,
    /// The extended headers of the entry that comes.
    pending: Pending,
    entries: u64,
    file_size: u64,
    metadata: u64,
    directories: Directories,
    /// The file whose content comes.
    content: ContentPosition,
}

/// The part of the archive that comes next.
enum State {
    Header,
    /// After one block of zeros; the second one ends the archive.
    SecondZero,
    /// An extended header with so many bytes left, and behind it padding.
    Extended {
        flag: TypeFlag,
        left: u64,
        padding: u64,
        data: Vec<u8>,
    },
    /// More segments of a sparse file of GNU's old format.
    SparseHeader(Box<Entry>, Vec<Segment>),
    /// The segments of a sparse file of PAX 1.0, at the start of its content.
    SparseMap(Box<Entry>, MapReader),
    Content {
        left: u64,
        padding: u64,
    },
    Padding(u64),
    End,
}

/// The extended headers of the entry that comes.
#[derive(Default)]
struct Pending {
    /// The position of the first of them.
    offset: Option<u64>,
    /// The bytes of all of them.
    size: u64,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    pax: PaxRecords,
}

/// The place in the file whose content comes.
#[derive(Default)]
struct ContentPosition {
    segments: Box<[Segment]>,
    /// The segment that is being read.
    segment: usize,
    /// The position in that segment, or in the file if it is not sparse.
    position: u64,
}

impl TarParser {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            position: 0,
            state: State::Header,
            block: Box::new([0; BLOCK_SIZE]),
            filled: 0,
            pending: Pending::default(),
            entries: 0,
            file_size: 0,
            metadata: 0,
            directories: Directories::default(),
            content: ContentPosition::default(),
        }
    }

    /// Takes bytes from the front of `input`, which is not empty, and returns how many.
    pub(crate) fn step(&mut self, input: &[u8]) -> Result<(usize, Step), Error> {
        let (count, step) = self.advance(input)?;
        self.position += count as u64;
        Ok((count, step))
    }

    /// Returns an error if the archive ended in the middle of something.
    pub(crate) fn finish(&self) -> Result<(), Error> {
        let truncated = |what: String| Err(Error::Truncated { offset: self.position, what });
        match &self.state {
            // GNU tar and engines read archives without the zeros at the end.
            State::Header | State::SecondZero if self.filled == 0 && self.pending.offset.is_none() => Ok(()),
            State::End => Ok(()),
            // Nor do they need the padding behind the last file.
            State::Padding(_) if self.pending.offset.is_none() => Ok(()),
            State::Header | State::SecondZero | State::Padding(_) if self.filled == 0 => {
                truncated("an entry, behind its extended header".to_owned())
            }
            State::Header | State::SecondZero | State::Padding(_) => truncated("a tar header".to_owned()),
            State::Extended { .. } => truncated("an extended tar header".to_owned()),
            State::SparseHeader(entry, _) | State::SparseMap(entry, _) => {
                truncated(format!("the map of the sparse file {}", entry.path))
            }
            State::Content { left, .. } => truncated(format!("a file, of which {left} bytes are missing")),
        }
    }

    fn advance(&mut self, input: &[u8]) -> Result<(usize, Step), Error> {
        match &mut self.state {
            State::End => Ok((input.len(), Step::Continue)),
            State::Padding(left) => {
                let count = at_most(*left, input.len());
                *left -= count as u64;
                if *left == 0 {
                    self.state = State::Header;
                }
                Ok((count, Step::Continue))
            }
            State::Content { left, padding } => {
                let (count, offset) = self.content.take(at_most(*left, input.len()));
                *left -= count as u64;
                if *left == 0 {
                    let padding = *padding;
                    self.state = after_content(padding);
                }
                Ok((count, Step::Content { offset }))
            }
            State::Extended { left, data, .. } => {
                let count = at_most(*left, input.len());
                data.extend_from_slice(&input[..count]);
                *left -= count as u64;
                if *left == 0 {
                    self.end_extended(count as u64)?;
                }
                Ok((count, Step::Continue))
            }
            State::Header | State::SecondZero | State::SparseHeader(..) | State::SparseMap(..) => {
                let count = (BLOCK_SIZE - self.filled).min(input.len());
                self.block[self.filled..self.filled + count].copy_from_slice(&input[..count]);
                self.filled += count;
                if self.filled < BLOCK_SIZE {
                    return Ok((count, Step::Continue));
                }
                self.filled = 0;
                let start = self.position + count as u64 - BLOCK_SIZE as u64;
                Ok((count, self.block(start)?))
            }
        }
    }

    /// Understands the block that was collected, which begins at `start`.
    fn block(&mut self, start: u64) -> Result<Step, Error> {
        match std::mem::replace(&mut self.state, State::Header) {
            State::SparseHeader(entry, mut segments) => {
                let is_last = sparse::read_extension(&self.block, start, &mut segments)?;
                self.limits.check(
                    LimitKind::SparseSegments,
                    segments.len() as u64,
                    Some(entry.path.as_bytes()),
                )?;
                if !is_last {
                    self.state = State::SparseHeader(entry, segments);
                    return Ok(Step::Continue);
                }
                self.begin_sparse(*entry, &segments, start + BLOCK_SIZE as u64)
            }
            State::SparseMap(mut entry, mut map) => {
                let position = start + BLOCK_SIZE as u64;
                let used = BLOCK_SIZE as u64;
                if used > entry.stored_size {
                    return Err(header_error(
                        entry.header_offset,
                        "the map of a sparse file is longer than its content",
                    ));
                }
                entry.stored_size -= used;
                let limit = self.limits.sparse_segments;
                match map.block(&*self.block, limit, &entry)? {
                    MapStep::More => {
                        self.state = State::SparseMap(entry, map);
                        Ok(Step::Continue)
                    }
                    MapStep::Whole(segments) => self.begin_sparse(*entry, &segments, position),
                }
            }
            state => self.header(start, matches!(state, State::SecondZero)),
        }
    }

    fn header(&mut self, start: u64, is_second: bool) -> Result<Step, Error> {
        let block = Block::new(&self.block, start);
        if block.is_zero() {
            if self.pending.offset.is_some() {
                return Err(header_error(
                    start,
                    "expected an entry behind its extended header, found the end",
                ));
            }
            self.state = if is_second { State::End } else { State::SecondZero };
            return Ok(Step::Continue);
        }
        block.check()?;
        let flag = block.type_flag()?;
        let size = block.size()?;
        if flag.is_extended() {
            self.pending.size = self.pending.size.saturating_add(size);
            self.limits.check(LimitKind::ExtendedHeader, self.pending.size, None)?;
            if flag != TypeFlag::Global {
                self.pending.offset.get_or_insert(start);
            }
            let padding = padding_of(size);
            self.state = State::Extended { flag, left: size, padding, data: Vec::new() };
            if size == 0 {
                self.end_extended(0)?;
            }
            return Ok(Step::Continue);
        }
        self.entry(start, flag, size)
    }

    fn entry(&mut self, start: u64, flag: TypeFlag, size: u64) -> Result<Step, Error> {
        let Pending { offset, long_name, long_link, mut pax, .. } = std::mem::take(&mut self.pending);
        let offset = offset.unwrap_or(start);
        let block = Block::new(&self.block, start);
        self.entries += 1;
        // The order of Go's archive/tar, by which engines unpack.
        let own = long_name.or(pax.path.take()).unwrap_or_else(|| block.path());
        let kind = flag.kind(&own);
        let is_sparse = flag != TypeFlag::GnuSparse && pax.sparse.is_sparse();
        let name = pax.sparse.name.take().filter(|_| is_sparse).unwrap_or(own);
        self.limits.check(LimitKind::Entries, self.entries, Some(&name))?;
        let path = self.path(&name, offset)?;
        let link = long_link.or(pax.link.take()).unwrap_or_else(|| block.link());
        let link = match kind {
            EntryKind::HardLink => self.path(&link, offset)?.as_bytes().into(),
            EntryKind::Symlink => {
                self.limits.check(LimitKind::PathLength, link.len() as u64, Some(&name))?;
                link.into()
            }
            _ => Box::default(),
        };
        let mut entry = block.entry(path, kind, link)?;
        pax.apply(&mut entry);
        entry.header_offset = offset;
        entry.content_offset = start + BLOCK_SIZE as u64;
        if kind != EntryKind::File {
            // Some archives name the size of the file that a link stands for; there is no content either way.
            return self.begin(entry, &[]);
        }
        let stored = pax.size.unwrap_or(size);
        entry.stored_size = stored;
        entry.size = stored;
        if flag == TypeFlag::GnuSparse {
            let (real_size, segments, is_extended) = block.gnu_sparse()?;
            entry.size = real_size;
            if is_extended {
                self.state = State::SparseHeader(Box::new(entry), segments);
                return Ok(Step::Continue);
            }
            let content = entry.content_offset;
            return self.begin_sparse(entry, &segments, content);
        }
        if is_sparse {
            entry.size = pax.sparse.size.unwrap_or(stored);
            if pax.sparse.is_version_1() {
                self.state = State::SparseMap(Box::new(entry), MapReader::default());
                return Ok(Step::Continue);
            }
            let segments = pax.sparse.segments(offset)?;
            self.limits.check(
                LimitKind::SparseSegments,
                segments.len() as u64,
                Some(entry.path.as_bytes()),
            )?;
            let content = entry.content_offset;
            return self.begin_sparse(entry, &segments, content);
        }
        self.begin(entry, &[])
    }

    /// Begins a sparse file, whose content is at `content`.
    fn begin_sparse(&mut self, mut entry: Entry, segments: &[Segment], content: u64) -> Result<Step, Error> {
        sparse::check(segments, &entry)?;
        entry.content_offset = content;
        entry.segments = Some(segments.into());
        self.begin(entry, segments)
    }

    fn begin(&mut self, entry: Entry, segments: &[Segment]) -> Result<Step, Error> {
        self.file_size = self.file_size.saturating_add(entry.size);
        self.limits.check(LimitKind::FileSize, self.file_size, Some(entry.path.as_bytes()))?;
        self.metadata += entry.metadata_size() + self.directories.take_in_entry(&entry);
        self.limits.check(LimitKind::Metadata, self.metadata, Some(entry.path.as_bytes()))?;
        self.content = ContentPosition { segments: segments.into(), segment: 0, position: 0 };
        let (left, padding) = (entry.stored_size, padding_of(entry.stored_size));
        self.state = if left == 0 { after_content(padding) } else { State::Content { left, padding } };
        Ok(Step::Entry(entry))
    }

    /// Ends an extended header, with `count` bytes that are not counted yet.
    fn end_extended(&mut self, count: u64) -> Result<(), Error> {
        let State::Extended { flag, padding, data, .. } = std::mem::replace(&mut self.state, State::Header)
        else {
            return Ok(());
        };
        self.state = after_content(padding);
        let offset = self.pending.offset.unwrap_or(self.position + count);
        let text = |mut data: Vec<u8>| {
            data.truncate(data.iter().position(|byte| *byte == 0).unwrap_or(data.len()));
            // An empty one says nothing.
            (!data.is_empty()).then_some(data)
        };
        match flag {
            TypeFlag::LongName => self.pending.long_name = text(data),
            TypeFlag::LongLink => self.pending.long_link = text(data),
            TypeFlag::Pax => self.pending.pax = PaxRecords::read(&data, offset)?,
            // Engines take a global header for an entry of its own and pass it over, with what stands before it.
            _ => self.pending = Pending::default(),
        }
        Ok(())
    }

    fn path(&self, path: &[u8], offset: u64) -> Result<LayerPath, Error> {
        self.limits.check(LimitKind::PathLength, path.len() as u64, Some(path))?;
        if path.contains(&0) {
            return Err(header_error(offset, "expected a path without zero bytes"));
        }
        let clean = LayerPath::clean(path)
            .ok_or_else(|| Error::PathEscapes { offset, path: String::from_utf8_lossy(path).into_owned() })?;
        let depth = clean.components().count() as u64;
        self.limits.check(LimitKind::PathDepth, depth, Some(path))?;
        Ok(clean)
    }
}

impl ContentPosition {
    /// Takes `most` bytes of content or fewer, and returns how many, and their position in the file.
    fn take(&mut self, most: usize) -> (usize, u64) {
        while let Some(segment) = self.segments.get(self.segment) {
            let left = segment.length - self.position;
            if left == 0 {
                (self.segment, self.position) = (self.segment + 1, 0);
                continue;
            }
            let count = at_most(left, most);
            let offset = segment.offset + self.position;
            self.position += count as u64;
            return (count, offset);
        }
        let offset = self.position;
        self.position += most as u64;
        (most, offset)
    }
}

fn at_most(left: u64, available: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(available)
}

fn after_content(padding: u64) -> State {
    if padding == 0 { State::Header } else { State::Padding(padding) }
}

/// The bytes between the end of something of `size` bytes and the next block.
pub(crate) fn padding_of(size: u64) -> u64 {
    let block = BLOCK_SIZE as u64;
    (block - size % block) % block
}

pub(crate) fn header_error(offset: u64, reason: impl Into<String>) -> Error {
    Error::Header { offset, reason: reason.into() }
}
