//! The entries of one layer.

use tallyman_core::{Algorithm, Digest, Hasher};

use crate::{Entry, Event};

/// The zeros of a hole that are hashed at once.
const ZEROS: &[u8] = &[0; 4096];

/// The entries of one layer, in their order.
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
    /// The file whose content is being hashed, and how much of it is.
    hashing: Option<(Hasher, u64)>,
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
                if let Some((hasher, hashed)) = &mut self.hashing {
                    hash_zeros(hasher, offset - *hashed);
                    hasher.update(bytes);
                    *hashed = offset + bytes.len() as u64;
                }
            }
        }
    }

    /// Adds an entry.
    pub fn add(&mut self, entry: Entry) {
        self.end_file();
        if self.digests.is_some() && entry.kind == crate::EntryKind::File {
            self.hashing = Some((Hasher::new(Algorithm::Sha256), 0));
        }
        self.entries.push(entry);
    }

    /// Adds an entry whose digest is known, if it has one.
    pub(crate) fn add_known(&mut self, entry: Entry, digest: Option<Digest>) {
        self.end_file();
        self.entries.push(entry);
        if let Some(digests) = &mut self.digests {
            digests.push(digest);
        }
    }

    /// Ends the layer: the last file is whole.
    pub fn finish(&mut self) {
        self.end_file();
    }

    /// The entries, whiteouts too.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The digest of the content of the entry of this number; `None` if digests were not wanted, or it is no file.
    pub fn digest(&self, entry: usize) -> Option<&Digest> {
        self.digests.as_ref()?.get(entry)?.as_ref()
    }

    fn end_file(&mut self) {
        let (Some(digests), Some(last)) = (&mut self.digests, self.entries.last()) else { return };
        if digests.len() == self.entries.len() {
            return;
        }
        let digest = self.hashing.take().map(|(mut hasher, hashed)| {
            hash_zeros(&mut hasher, last.size.saturating_sub(hashed));
            hasher.finish()
        });
        digests.push(digest);
    }
}

fn hash_zeros(hasher: &mut Hasher, mut count: u64) {
    while count > 0 {
        let now = usize::try_from(count).unwrap_or(usize::MAX).min(ZEROS.len());
        hasher.update(&ZEROS[..now]);
        count -= now as u64;
    }
}
