//! The way to a layer's table of contents: which bytes are needed, and what they are to be.

use std::{collections::BTreeMap, ops::Range};

use tallyman_core::Digest;

use super::{TableOfContents, entries};
use crate::{
    Compression, Error, Event, LayerReader, Limits,
    decode::{BLOCK, Decoder},
};

/// The annotation that names the digest of an eStargz layer's table of contents, decompressed.
const STARGZ_DIGEST: &str = "containerd.io/snapshot/stargz/toc.digest";
/// The name of the entry that has it.
const STARGZ_NAME: &[u8] = b"stargz.index.json";
/// The bytes of an eStargz footer: an empty gzip member whose extra field has the position of the table of contents.
const STARGZ_FOOTER: u64 = 51;
/// The bytes that are the same in each of them, before the position.
const STARGZ_START: &[u8] = b"\x1f\x8b\x08\x04";
/// The annotation that names the digest of a zstd:chunked layer's table of contents, as it is compressed.
const CHUNKED_DIGEST: &str = "io.github.containers.zstd-chunked.manifest-checksum";
/// The annotation that names its place: the offset, the compressed and the decompressed size and the type.
const CHUNKED_POSITION: &str = "io.github.containers.zstd-chunked.manifest-position";
/// The type of tables of contents that zstd:chunked has.
const CHUNKED_TYPE: u64 = 1;
/// The bytes of a table of contents at most, compressed and decompressed. A layer with a larger one is read whole.
const PACKED_MAX: u64 = 64 << 20;
const UNPACKED_MAX: u64 = 256 << 20;

/// A reader of a layer's table of contents. It says which bytes of the layer it needs, and is given them.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use tallyman_layers::{ContentsReader, Limits};
///
/// let key = "containerd.io/snapshot/stargz/toc.digest".to_owned();
/// let annotations = BTreeMap::from([(key, format!("sha256:{}", "a".repeat(64)))]);
/// let reader = ContentsReader::of(&annotations, 1000, Limits::default()).expect("the layer has one");
/// assert_eq!(reader.range(), 949..1000);
/// assert!(ContentsReader::of(&BTreeMap::new(), 1000, Limits::default()).is_none());
/// ```
#[derive(Debug)]
pub struct ContentsReader {
    state: State,
    digest: Digest,
    limits: Limits,
    range: Range<u64>,
}

#[derive(Debug)]
enum State {
    /// The footer of an eStargz layer comes.
    Footer,
    /// The table of contents of an eStargz layer comes.
    Stargz,
    /// The table of contents of a zstd:chunked layer comes, of so many bytes when it is decompressed.
    Chunked(u64),
}

/// The outcome of bytes that a [`ContentsReader`] took.
#[derive(Debug)]
pub enum ContentsStep {
    /// Others are needed.
    Next(ContentsReader),
    /// The table of contents is here.
    Done(Box<TableOfContents>),
    /// No table of contents, or one of an unknown form: the layer is to be read whole.
    None,
}

impl ContentsReader {
    /// A reader for the layer of this size whose descriptor has these annotations. Returns `None` if they name no table of
    /// contents, or not its digest.
    pub fn of(annotations: &BTreeMap<String, String>, size: u64, limits: Limits) -> Option<Self> {
        // Some builders give layers of zstd:chunked the annotation of eStargz as well.
        Self::of_chunked(annotations, size, limits).or_else(|| {
            let digest = digest(annotations, STARGZ_DIGEST)?;
            let range = size.checked_sub(STARGZ_FOOTER)?..size;
            Some(Self { state: State::Footer, digest, limits, range })
        })
    }

    fn of_chunked(annotations: &BTreeMap<String, String>, size: u64, limits: Limits) -> Option<Self> {
        let digest = digest(annotations, CHUNKED_DIGEST)?;
        let mut numbers =
            annotations.get(CHUNKED_POSITION)?.split(':').map(|number| number.parse::<u64>().ok());
        let (offset, packed) = (numbers.next()??, numbers.next()??);
        let (unpacked, kind) = (numbers.next()??, numbers.next()??);
        let end = offset.checked_add(packed).filter(|end| *end <= size)?;
        let is_usual = kind == CHUNKED_TYPE && packed > 0 && packed <= PACKED_MAX && unpacked <= UNPACKED_MAX;
        is_usual.then_some(Self { state: State::Chunked(unpacked), digest, limits, range: offset..end })
    }

    /// The bytes of the layer that are needed next.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Takes those bytes, all of them.
    ///
    /// # Errors
    /// [`Error::ContentsDigest`] if they are not what the annotations say, [`Error::Contents`], those of damaged gzip, zstd
    /// and tar, and those of paths and limits.
    pub fn take(self, bytes: &[u8]) -> Result<ContentsStep, Error> {
        let found = bytes.len() as u64;
        if found != self.range.end - self.range.start {
            return Err(Error::Truncated {
                offset: self.range.start + found,
                what: "the table of contents".to_owned(),
            });
        }
        match self.state {
            State::Footer => Ok(self.footer(bytes)),
            State::Stargz => self.stargz(bytes),
            State::Chunked(size) => self.chunked(bytes, size),
        }
    }

    fn footer(self, footer: &[u8]) -> ContentsStep {
        let Some(offset) = stargz_offset(footer) else { return ContentsStep::None };
        let end = self.range.start;
        if offset >= end || end - offset > PACKED_MAX {
            return ContentsStep::None;
        }
        ContentsStep::Next(Self { state: State::Stargz, range: offset..end, ..self })
    }

    fn stargz(self, bytes: &[u8]) -> Result<ContentsStep, Error> {
        let limits = Limits { unpacked_size: UNPACKED_MAX, file_size: UNPACKED_MAX, ..self.limits };
        let mut reader = LayerReader::new(limits);
        reader.push(bytes.to_vec().into())?;
        let (mut table, mut json) = (None, Vec::new());
        while let Some(event) = reader.next()? {
            match event {
                Event::Entry(entry) if table.is_none() => table = Some(entry),
                Event::Content { bytes, .. } => json.extend_from_slice(bytes),
                Event::Entry(_) => return Err(damaged("one entry in it", "more")),
            }
        }
        reader.finish()?;
        let Some(table) = table.filter(|entry| entry.path.as_bytes() == STARGZ_NAME) else {
            return Err(damaged("the entry stargz.index.json", "another"));
        };
        self.check(&json)?;
        let read = entries::read(&json, Compression::Gzip, self.range.start, self.limits)?;
        // A reader of the whole layer finds the table among its files.
        Ok(read.map_or(ContentsStep::None, |read| read.with_table(table, &self.digest)))
    }

    fn chunked(self, bytes: &[u8], size: u64) -> Result<ContentsStep, Error> {
        self.check(bytes)?;
        let mut decoder = Decoder::new(Compression::Zstd, &self.limits);
        let (mut json, mut block, mut read) = (Vec::new(), vec![0; BLOCK], 0);
        loop {
            let decoded = decoder.decode(&bytes[read..], &mut block)?;
            read += decoded.taken;
            if decoded.written == 0 {
                break;
            }
            json.extend_from_slice(&block[..decoded.written]);
            if json.len() as u64 > size {
                return Err(damaged(&format!("{size} bytes, decompressed"), "more"));
            }
        }
        decoder.finish()?;
        let read = entries::read(&json, Compression::Zstd, self.range.start, self.limits)?;
        Ok(read.map_or(ContentsStep::None, |read| ContentsStep::Done(Box::new(read))))
    }

    fn check(&self, bytes: &[u8]) -> Result<(), Error> {
        let found = Digest::with(self.digest.algorithm(), bytes);
        if found == self.digest {
            return Ok(());
        }
        Err(Error::ContentsDigest { expected: self.digest.clone(), found })
    }
}

impl TableOfContents {
    /// Adds the entry of the table itself, the content of which is known.
    fn with_table(mut self, table: crate::Entry, digest: &Digest) -> ContentsStep {
        let table = crate::Entry { header_offset: 0, content_offset: 0, ..table };
        self.index.add_known(table, Some(digest.clone()));
        ContentsStep::Done(Box::new(self))
    }
}

/// The position of the table of contents that a footer names: `SG` and 22 bytes, 16 digits and `STARGZ`, in the extra field.
fn stargz_offset(footer: &[u8]) -> Option<u64> {
    let field = footer.strip_prefix(STARGZ_START)?.get(6..)?;
    let field = field.strip_prefix(b"\x1a\0SG\x16\0")?.get(..22)?;
    let digits = str::from_utf8(field.strip_suffix(b"STARGZ")?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

/// The digest that an annotation names.
fn digest(annotations: &BTreeMap<String, String>, name: &str) -> Option<Digest> {
    annotations.get(name)?.parse().ok()
}

fn damaged(expected: &str, found: &str) -> Error {
    Error::Contents { reason: format!("expected {expected}, found {found}") }
}
