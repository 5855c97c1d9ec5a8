//! A layer that is read as it streams.

use bytes::Bytes;
use tallyman_core::{Digest, Hasher};

use crate::{
    Compression, Entry, Error, LimitKind, Limits,
    decode::{BLOCK, Decoder},
    tar::{Step, TarParser},
};

/// Something that a layer has.
#[derive(Debug)]
pub enum Event<'a> {
    /// An entry begins.
    Entry(Entry),
    /// A piece of the content of the entry that began last. What no piece covers is zeros.
    Content {
        /// The position in the file.
        offset: u64,
        /// The bytes.
        bytes: &'a [u8],
    },
}

/// The size and the digests that a layer must have, as its descriptor and its image's config say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// The size of the compressed layer in bytes.
    pub size: Option<u64>,
    /// The digest of the compressed layer.
    pub digest: Option<Digest>,
    /// The digest of the decompressed layer.
    pub diff_id: Option<Digest>,
}

impl Expected {
    /// Checks size and digest of a layer that something else decompresses; those that are not known are not checked.
    ///
    /// # Errors
    /// [`Error::Size`], [`Error::Digest`].
    pub fn check(&self, size: u64, digest: Option<Digest>) -> Result<(), Error> {
        if let Some(expected) = self.size
            && size != expected
        {
            return Err(Error::Size { expected, found: size });
        }
        if let (Some(expected), Some(found)) = (&self.digest, digest)
            && *expected != found
        {
            return Err(Error::Digest { expected: expected.clone(), found });
        }
        Ok(())
    }
}

/// A reader that is fed with the pieces of a layer and yields what they hold.
///
/// ```
/// use tallyman_layers::{Entry, Event, LayerPath, LayerReader, Limits, TarWriter};
///
/// let mut archive = TarWriter::default();
/// let etc = LayerPath::clean(b"etc").expect("it stays inside");
/// archive.entry(&Entry::directory(etc));
/// let bytes = archive.finish();
///
/// let mut reader = LayerReader::new(Limits::default());
/// let mut paths = Vec::new();
/// for piece in bytes.chunks(100) {
///     reader.push(piece.to_vec().into())?;
///     while let Some(event) = reader.next()? {
///         if let Event::Entry(entry) = event {
///             paths.push(entry.path.to_string());
///         }
///     }
/// }
/// reader.finish()?;
/// assert_eq!(paths, ["etc"]);
/// # Ok::<(), tallyman_layers::Error>(())
/// ```
pub struct LayerReader {
    limits: Limits,
    expected: Expected,
    /// The piece that was given last, and how much of it is read.
    piece: Bytes,
    read: usize,
    /// The bytes given.
    given: u64,
    digest: Option<Hasher>,
    decoder: Option<Decoder>,
    compression: Option<Compression>,
    /// A decompressed block, and the part of it that is not read yet.
    block: Vec<u8>,
    block_read: usize,
    block_end: usize,
    /// The decompressed bytes.
    unpacked: u64,
    diff_id: Option<Hasher>,
    /// The bytes of the compressed layer, where something else decompresses it.
    packed: Option<u64>,
    tar: TarParser,
}

impl LayerReader {
    /// A reader of a layer of which nothing is known.
    pub fn new(limits: Limits) -> Self {
        Self::expecting(limits, Expected::default())
    }

    /// A reader of a layer that must be as `expected`. What is not known is not checked, and costs no hashing.
    pub fn expecting(limits: Limits, expected: Expected) -> Self {
        Self {
            limits,
            piece: Bytes::new(),
            read: 0,
            given: 0,
            digest: expected.digest.as_ref().map(|digest| Hasher::new(digest.algorithm())),
            decoder: None,
            compression: None,
            block: Vec::new(),
            block_read: 0,
            block_end: 0,
            unpacked: 0,
            diff_id: expected.diff_id.as_ref().map(|digest| Hasher::new(digest.algorithm())),
            packed: None,
            tar: TarParser::new(limits),
            expected,
        }
    }

    /// A reader of a layer that something else decompresses: what it is fed with is tar. Size and digest of `expected`
    /// are those of the tar archive here, and so is its `diff_id`.
    pub fn of_tar(limits: Limits, expected: Expected) -> Self {
        Self {
            decoder: Some(Decoder::Plain),
            compression: Some(Compression::None),
            packed: Some(0),
            ..Self::expecting(limits, expected)
        }
    }

    /// Says how many bytes of the compressed layer the pieces come from, so that the ratio can be limited.
    pub fn set_packed(&mut self, packed: u64) {
        self.packed = Some(packed);
    }

    /// Takes the next piece of the layer. The one before must have been read: [`LayerReader::next`] returned `None`.
    ///
    /// # Errors
    /// [`Error::Size`] if the layer is longer than expected, [`Error::Compression`] if it is of an unsupported format.
    pub fn push(&mut self, piece: Bytes) -> Result<(), Error> {
        self.given += piece.len() as u64;
        if let Some(expected) = self.expected.size
            && self.given > expected
        {
            return Err(Error::Size { expected, found: self.given });
        }
        if let Some(hasher) = &mut self.digest {
            hasher.update(&piece);
        }
        let rest = self.piece.slice(self.read..);
        let is_known = self.decoder.is_some();
        if is_known {
            self.account_plain(&piece)?;
        }
        // Only before the compression is known is anything left.
        self.piece = if rest.is_empty() { piece } else { [rest, piece].concat().into() };
        self.read = 0;
        if is_known { Ok(()) } else { self.recognise(false) }
    }

    /// Returns what comes next; `None` if another piece is needed.
    ///
    /// # Errors
    /// Every [`Error`] that tells of damage, of an unsupported format or of a passed limit. The layer cannot be read
    /// further.
    #[expect(clippy::should_implement_trait, reason = "what it returns is borrowed from it")]
    pub fn next(&mut self) -> Result<Option<Event<'_>>, Error> {
        let Some(decoder) = &mut self.decoder else { return Ok(None) };
        loop {
            let (source, read, end) = match decoder {
                Decoder::Plain => (&*self.piece, &mut self.read, self.piece.len()),
                _ => (&*self.block, &mut self.block_read, self.block_end),
            };
            if *read == end {
                if matches!(decoder, Decoder::Plain) {
                    return Ok(None);
                }
                let decoded = decoder.decode(&self.piece[self.read..], &mut self.block)?;
                self.read += decoded.taken;
                (self.block_read, self.block_end) = (0, decoded.written);
                if decoded.written == 0 {
                    return Ok(None);
                }
                self.unpacked += decoded.written as u64;
                if let Some(hasher) = &mut self.diff_id {
                    hasher.update(&self.block[..decoded.written]);
                }
                self.limits.check(LimitKind::UnpackedSize, self.unpacked, None)?;
                let taken = self.given - (self.piece.len() - self.read) as u64;
                self.limits.check_ratio(self.unpacked, taken)?;
                continue;
            }
            let start = *read;
            let (count, step) = self.tar.step(&source[start..end])?;
            *read += count;
            match step {
                Step::Continue => {}
                Step::Entry(entry) => return Ok(Some(Event::Entry(entry))),
                Step::Content { offset } => {
                    // Borrowed anew: the borrow of the loop cannot leave it.
                    let bytes = if matches!(decoder, Decoder::Plain) { &*self.piece } else { &*self.block };
                    return Ok(Some(Event::Content { offset, bytes: &bytes[start..start + count] }));
                }
            }
        }
    }

    /// Checks that the layer is whole, and what it was expected to be.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Size`], [`Error::Digest`], [`Error::DiffId`].
    pub fn finish(mut self) -> Result<(), Error> {
        if self.decoder.is_none() {
            self.recognise(true)?;
        }
        // A layer that is shorter than the bytes that tell of its compression is read now.
        while self.next()?.is_some() {}
        self.expected.check(self.given, self.digest.map(Hasher::finish))?;
        if let Some(decoder) = &self.decoder {
            decoder.finish()?;
        }
        self.tar.finish()?;
        if let (Some(hasher), Some(expected)) = (self.diff_id, self.expected.diff_id) {
            let found = hasher.finish();
            if found != expected {
                return Err(Error::DiffId { expected, found });
            }
        }
        Ok(())
    }

    /// The compression, once it is known.
    pub fn compression(&self) -> Option<Compression> {
        self.compression
    }

    /// The number of bytes that were given.
    pub fn given(&self) -> u64 {
        self.given
    }

    /// The number of decompressed bytes.
    pub fn unpacked(&self) -> u64 {
        if self.compression == Some(Compression::None) { self.given } else { self.unpacked }
    }

    /// Recognises the compression if there are enough bytes.
    fn recognise(&mut self, is_whole: bool) -> Result<(), Error> {
        let Some(compression) = Compression::of(&self.piece, is_whole)? else { return Ok(()) };
        self.compression = Some(compression);
        self.decoder = Some(Decoder::new(compression, &self.limits));
        if compression != Compression::None {
            self.block = vec![0; BLOCK];
        }
        self.account_plain(&self.piece.clone())
    }

    /// Counts and hashes bytes that are not compressed as they come.
    fn account_plain(&mut self, piece: &[u8]) -> Result<(), Error> {
        if self.compression == Some(Compression::None) {
            self.limits.check(LimitKind::UnpackedSize, self.given, None)?;
            if let Some(packed) = self.packed {
                self.limits.check_ratio(self.given, packed)?;
            }
            if let Some(hasher) = &mut self.diff_id {
                hasher.update(piece);
            }
        }
        Ok(())
    }
}
