//! The entries of one layer.

use std::cell::OnceCell;

use tallyman_core::{Algorithm, Digest, Hasher};

use super::{LayerSymlinks, paths::Paths};
use crate::{Entry, EntryKind, Event, Naming, zeros};

/// The bytes of holes that are hashed for each byte that a file takes in its layer. The file alone decides, so that the same one has
/// the same digest in every layer.
const HOLES_RATIO: u64 = 16;
/// The bytes of a file's header in its layer.
const HEADER: u64 = 512;

/// The entries of one layer, in their order. Those whose paths lead through symbolic links of the layer itself stand where engines
/// unpack them: see [`LayerSymlinks`].
///
/// ```
/// use tallyman_layers::{Entry, Event, LayerIndex, LayerPath};
///
/// let mut index = LayerIndex::default();
/// index.add(Entry::directory(LayerPath::clean(b"etc").expect("it stays inside")));
/// assert_eq!(index.entries().len(), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LayerIndex {
    entries: Vec<Entry>,
    /// The digests of the files' content, by the numbers of their entries, if they are wanted.
    digests: Option<Vec<Option<Digest>>>,
    /// The file whose content is being hashed.
    hashing: Option<Hashing>,
    /// The rules by which paths are looked up.
    naming: Naming,
    /// The paths of all entries, once one was looked up.
    paths: OnceCell<Box<Paths>>,
    /// The symbolic links so far.
    symlinks: LayerSymlinks,
}

/// A file whose content is being hashed.
#[derive(Clone, Debug)]
struct Hashing {
    hasher: Hasher,
    /// The position in the file up to which it is hashed.
    position: u64,
    /// The holes are hashed as zeros.
    with_holes: bool,
}

impl LayerIndex {
    /// An index that takes the digest of each file's content too, which comparing images needs.
    pub fn with_digests() -> Self {
        Self { digests: Some(Vec::new()), ..Self::default() }
    }

    /// Takes in what a reader yields.
    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Entry(entry) => self.add(entry),
            Event::Content { offset, bytes } => {
                if let Some(hashing) = &mut self.hashing {
                    hashing.skip_to(offset);
                    hashing.hasher.update(bytes);
                    hashing.position += bytes.len() as u64;
                }
            }
        }
    }

    /// Adds an entry.
    pub fn add(&mut self, entry: Entry) {
        self.end_file();
        if self.digests.is_some() && entry.kind == EntryKind::File {
            let stored = entry.size.saturating_sub(entry.holes()).saturating_add(HEADER);
            let with_holes = entry.holes() <= stored.saturating_mul(HOLES_RATIO);
            self.hashing = Some(Hashing::of(&entry, with_holes));
        }
        self.push(entry);
    }

    /// Adds an entry whose digest is known, if it has one.
    pub(crate) fn add_known(&mut self, entry: Entry, digest: Option<Digest>) {
        self.end_file();
        self.push(entry);
        if let Some(digests) = &mut self.digests {
            digests.push(digest);
        }
    }

    /// Ends the layer: the last file is whole.
    pub fn finish(&mut self) {
        self.end_file();
        self.symlinks = LayerSymlinks::default();
    }

    /// The entries, whiteouts too.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The digest of the content of the entry of this number; `None` if digests were not wanted, it is no file, or its content
    /// did not come to its end. Of a sparse file whose holes are too large to be hashed, it is a SHA-512 digest of its size and its
    /// pieces of data.
    pub fn digest(&self, entry: usize) -> Option<&Digest> {
        self.digests.as_ref()?.get(entry)?.as_ref()
    }

    /// Has paths be looked up by the rules of the image.
    pub(super) fn set_naming(&mut self, naming: Naming) {
        if self.naming != naming {
            self.naming = naming;
            self.paths.take();
        }
    }

    pub(super) fn paths(&self) -> &Paths {
        self.paths.get_or_init(|| Box::new(Paths::of(&self.entries, self.naming)))
    }

    fn push(&mut self, mut entry: Entry) {
        self.symlinks.place(&mut entry);
        self.paths.take();
        self.entries.push(entry);
    }

    fn end_file(&mut self) {
        let (Some(digests), Some(last)) = (&mut self.digests, self.entries.last()) else { return };
        if digests.len() == self.entries.len() {
            return;
        }
        digests.push(self.hashing.take().and_then(|hashing| hashing.finish(last)));
    }
}

impl Hashing {
    fn of(file: &Entry, with_holes: bool) -> Self {
        if with_holes {
            return Self { hasher: Hasher::new(Algorithm::Sha256), position: 0, with_holes };
        }
        // No digest of a content is of this algorithm, so that a file of these very bytes is another one.
        let mut hasher = Hasher::new(Algorithm::Sha512);
        hasher.update(&file.size.to_le_bytes());
        for segment in file.segments.iter().flatten().filter(|segment| segment.length > 0) {
            hasher.update(&segment.offset.to_le_bytes());
            hasher.update(&segment.length.to_le_bytes());
        }
        Self { hasher, position: 0, with_holes }
    }

    /// Takes in the hole up to a position.
    fn skip_to(&mut self, position: u64) {
        if self.with_holes {
            zeros(position.saturating_sub(self.position)).for_each(|piece| self.hasher.update(piece));
        }
        self.position = position;
    }

    fn finish(mut self, file: &Entry) -> Option<Digest> {
        if let Some(segments) = &file.segments {
            let data = segments.iter().filter(|segment| segment.length > 0);
            let ends = data.map(|segment| segment.offset.saturating_add(segment.length));
            if self.position < ends.max().unwrap_or_default() {
                return None;
            }
            self.skip_to(file.size);
        }
        (self.position == file.size).then(|| self.hasher.finish())
    }
}
