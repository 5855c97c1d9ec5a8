//! A search for the content of one file, from the highest layer down.

use thiserror::Error;

use super::{LayerIndex, Lookup, look_up::PathLookup};
use crate::{Entry, EntryKind, LayerPath};

/// The reason why there is no content at a path of an image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// The image has no such file.
    #[error("expected a file {path} in {image}, found none{}", removal(*removed_by))]
    Missing {
        /// The image, or a layer of it.
        image: String,
        /// The path, links resolved.
        path: String,
        /// The layer that removed it, the lowest being 0.
        removed_by: Option<usize>,
    },
    /// The path is that of something without content.
    #[error("expected a file at {path} in {image}, found {found}")]
    NotAFile {
        /// The image.
        image: String,
        /// The path.
        path: String,
        /// The kind of what is there.
        found: &'static str,
    },
    /// A layer has several entries for the path, the last of which counts, and another one was taken.
    #[error(
        "expected one entry for {path} in a layer of {image}, found more, of which the last one counts: use export"
    )]
    Doubled {
        /// The image.
        image: String,
        /// The path.
        path: String,
    },
}

impl FileError {
    /// A name for the sort of error that does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file-not-found",
            Self::NotAFile { .. } | Self::Doubled { .. } => "not-a-file",
        }
    }
}

/// Returns the words that name the layer that removed a file.
fn removal(layer: Option<usize>) -> String {
    layer.map(|layer| format!(": layer {} removed it", layer + 1)).unwrap_or_default()
}

/// The layer that is to be read next, and the entry of it that has the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The number of the layer, the lowest being 0.
    pub layer: usize,
    entry: WantedEntry,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum WantedEntry {
    /// The layer may hide the file, not have it.
    None,
    /// A regular file of this path.
    Path(LayerPath),
    /// The entry of this number.
    Number(usize),
}

impl Wanted {
    /// Returns `true` if the entry of this number has the content that is looked for.
    pub fn is(&self, number: usize, entry: &Entry) -> bool {
        match &self.entry {
            WantedEntry::None => false,
            WantedEntry::Path(path) => entry.kind == EntryKind::File && entry.path == *path,
            WantedEntry::Number(wanted) => number == *wanted,
        }
    }

    /// The number of the entry that has the content, if that is known.
    pub fn number(&self) -> Option<usize> {
        match self.entry {
            WantedEntry::Number(number) => Some(number),
            WantedEntry::None | WantedEntry::Path(_) => None,
        }
    }
}

/// A search for the content of one file: layers below the one that has it need not be read. Links are followed as in a
/// container.
///
/// ```
/// use tallyman_layers::{Entry, EntryKind, FileLookup, LayerIndex, LayerPath};
///
/// let motd = LayerPath::clean(b"etc/motd").expect("it stays inside");
/// let mut lookup = FileLookup::new("app", 2, motd.clone());
/// assert_eq!(lookup.wanted()?.layer, 1);
/// lookup.add(1, LayerIndex::default());
/// let wanted = lookup.wanted()?;
/// let file = Entry { kind: EntryKind::File, ..Entry::directory(motd) };
/// assert!(wanted.layer == 0 && wanted.is(0, &file));
/// # Ok::<(), tallyman_layers::FileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FileLookup {
    image: String,
    path: LayerPath,
    layers: Vec<Option<LayerIndex>>,
    lookup: PathLookup,
}

impl FileLookup {
    /// A search for a path in an image of so many layers.
    pub fn new(image: impl Into<String>, layers: usize, path: LayerPath) -> Self {
        let lookup = PathLookup::new(path.clone());
        Self { image: image.into(), path, layers: vec![None; layers], lookup }
    }

    /// Takes the entries of a layer that was read, the lowest being 0.
    pub fn add(&mut self, layer: usize, index: LayerIndex) {
        if let Some(place) = self.layers.get_mut(layer) {
            *place = Some(index);
        }
    }

    /// Forgets the entries of a layer, which is to be read whole.
    pub fn forget(&mut self, layer: usize) {
        if let Some(place) = self.layers.get_mut(layer) {
            *place = None;
            self.lookup = PathLookup::new(self.path.clone());
        }
    }

    /// Returns the layer that is to be read next.
    ///
    /// # Errors
    /// [`FileError::Missing`] and [`FileError::NotAFile`].
    pub fn wanted(&mut self) -> Result<Wanted, FileError> {
        match self.lookup.look_up(&self.layers) {
            Lookup::NeedsLayer { layer, path } => {
                let entry = path.map_or(WantedEntry::None, WantedEntry::Path);
                Ok(Wanted { layer, entry })
            }
            Lookup::Found { layer, entry } => {
                let kind = self.layers[layer].as_ref().map(|index| index.entries()[entry].kind);
                match kind {
                    Some(EntryKind::File) => Ok(Wanted { layer, entry: WantedEntry::Number(entry) }),
                    Some(EntryKind::Directory) => Err(self.not_a_file("a directory")),
                    Some(EntryKind::Fifo) => Err(self.not_a_file("a named pipe")),
                    _ => Err(self.not_a_file("a device")),
                }
            }
            Lookup::Directory => Err(self.not_a_file("a directory")),
            Lookup::TooManyLinks => Err(self.not_a_file("a circle of links")),
            Lookup::Missing { path, removed_by } => {
                Err(FileError::Missing { image: self.image.clone(), path: path.to_string(), removed_by })
            }
        }
    }

    /// Takes the entries of a layer that was read to its end, and checks that the entry of this number in it, whose content was
    /// given before that, is the file.
    ///
    /// # Errors
    /// [`FileError::Doubled`] if it is not.
    pub fn confirm(&mut self, layer: usize, index: LayerIndex, entry: usize) -> Result<(), FileError> {
        self.add(layer, index);
        match self.wanted() {
            Ok(wanted) if (wanted.layer, wanted.number()) == (layer, Some(entry)) => Ok(()),
            _ => Err(FileError::Doubled { image: self.image.clone(), path: self.path.to_string() }),
        }
    }

    fn not_a_file(&self, found: &'static str) -> FileError {
        FileError::NotAFile { image: self.image.clone(), path: self.path.to_string(), found }
    }
}
