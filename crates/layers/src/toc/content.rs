//! The content of one file of a layer, out of the bytes of the layer that have it.

use std::ops::Range;

use bytes::Bytes;
use tallyman_core::Hasher;

use super::{Chunk, FilePlace, TableOfContents};
use crate::{
    Error, LayerPath, Limits,
    decode::{BLOCK, Decoder},
};

/// The reading of one file: it is fed with the bytes of [`FileContent::range`] and yields what the file has. Each piece of
/// the file is compared with its digest at its end.
pub struct FileContent {
    path: LayerPath,
    range: Range<u64>,
    limits: Limits,
    /// The bytes of the layer, and those that are decompressed of it for the file.
    layer: u64,
    whole: u64,
    decoder: Decoder,
    /// The piece that was given last, and how much of it is read.
    piece: Bytes,
    read: usize,
    block: Vec<u8>,
    /// The decompressed bytes before the file that have not come.
    skipped: u64,
    chunks: std::vec::IntoIter<Chunk>,
    current: Option<Current>,
    /// The position in the file.
    position: u64,
}

/// The piece of the file whose bytes come.
struct Current {
    start: u64,
    left: u64,
    chunk: Chunk,
    hasher: Option<Hasher>,
}

impl FileContent {
    pub(super) fn new(path: &LayerPath, place: &FilePlace, contents: &TableOfContents) -> Self {
        let size = place.chunks.iter().fold(0, |size: u64, chunk| size.saturating_add(chunk.length));
        Self {
            path: path.clone(),
            range: place.range.clone(),
            limits: contents.limits,
            layer: contents.size,
            whole: size.saturating_add(place.skipped),
            decoder: Decoder::new(contents.compression, &contents.limits),
            piece: Bytes::new(),
            read: 0,
            block: vec![0; BLOCK],
            skipped: place.skipped,
            chunks: place.chunks.clone().into_iter(),
            current: None,
            position: 0,
        }
        .begin()
    }

    /// The reading of a file without content, for which nothing is needed.
    pub(super) fn empty(path: &LayerPath, contents: &TableOfContents) -> Self {
        Self::new(path, &FilePlace { range: 0..0, skipped: 0, chunks: Box::default() }, contents)
    }

    /// The bytes of the layer that are needed; an empty range if the file has no content.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Takes the next bytes of the range. Those before must have been read: [`FileContent::next`] returned `None`.
    pub fn push(&mut self, piece: Bytes) {
        (self.piece, self.read) = (piece, 0);
    }

    /// Returns the next bytes of the file; `None` if others of the layer are needed, or the file is whole.
    ///
    /// # Errors
    /// The errors of damaged gzip and zstd; [`Error::ChunkDigest`], [`Error::Limit`].
    #[expect(clippy::should_implement_trait, reason = "what it returns is borrowed from it")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, Error> {
        // The table names the size, so that a file is refused before its first byte. Its own bytes may compress better than
        // the layer.
        self.limits.check_ratio(self.whole, self.layer)?;
        while !self.is_whole() {
            let decoded = self.decoder.decode(&self.piece[self.read..], &mut self.block)?;
            self.read += decoded.taken;
            if decoded.written == 0 {
                return Ok(None);
            }
            let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX).min(decoded.written);
            self.skipped -= skipped as u64;
            let end = self.take(skipped, decoded.written)?;
            if end > skipped {
                return Ok(Some(&self.block[skipped..end]));
            }
        }
        Ok(None)
    }

    /// Returns `true` if the file has come to its end.
    pub fn is_whole(&self) -> bool {
        self.current.is_none()
    }

    /// Checks that the file is whole.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn finish(self) -> Result<(), Error> {
        if self.is_whole() {
            return Ok(());
        }
        let what = format!("the file {}, {} bytes of which are there", self.path, self.position);
        Err(Error::Truncated { offset: self.range.end, what })
    }

    /// Takes in decompressed bytes of the block, and returns the end of those that are of the file.
    fn take(&mut self, start: usize, end: usize) -> Result<usize, Error> {
        let mut at = start;
        while at < end {
            let Some(current) = &mut self.current else { break };
            let count = usize::try_from(current.left).unwrap_or(usize::MAX).min(end - at);
            let bytes = &self.block[at..at + count];
            match &mut current.hasher {
                Some(hasher) => hasher.update(bytes),
                None if bytes.iter().all(|byte| *byte == 0) => {}
                None => {
                    let path = self.path.to_string();
                    return Err(Error::Contents {
                        reason: format!("expected zeros in {path} at byte {}, found others", current.start),
                    });
                }
            }
            current.left -= count as u64;
            self.position += count as u64;
            at += count;
            if current.left == 0 {
                self.end_chunk()?;
            }
        }
        Ok(at)
    }

    fn end_chunk(&mut self) -> Result<(), Error> {
        if let Some(Current {
            start,
            chunk: Chunk { digest: Some(expected), .. },
            hasher: Some(hasher),
            ..
        }) = self.current.take()
        {
            let found = hasher.finish();
            if found != expected {
                let path = self.path.to_string();
                return Err(Error::ChunkDigest { path, offset: start, expected, found });
            }
        }
        self.current = self.next_chunk();
        Ok(())
    }

    fn begin(mut self) -> Self {
        self.current = self.next_chunk();
        self
    }

    fn next_chunk(&mut self) -> Option<Current> {
        let chunk = self.chunks.next()?;
        let hasher = chunk.digest.as_ref().map(|digest| Hasher::new(digest.algorithm()));
        Some(Current { start: self.position, left: chunk.length, chunk, hasher })
    }
}
