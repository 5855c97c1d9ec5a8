//! A search for the content of one file, from the highest layer down.

use thiserror::Error;

use super::{LayerIndex, Lookup, path_lookup::PathLookup};
use crate::{Entry, EntryKind, LayerPath, Naming, Whiteout};

/// The reason why there is no content at a path of an image.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// The image has no such file.
    #[error("there is no file {}{} in {image}{}", absolute(path), resolved_note(leads_to), removal(*removed_by))]
    Missing {
        /// The image, or a layer of it.
        image: String,
        /// The path that was asked for.
        path: String,
        /// The path that its links lead to, if that is another one.
        leads_to: Option<String>,
        /// The layer that removed it, the lowest being 0.
        removed_by: Option<usize>,
    },
    /// The path is that of something without content.
    #[error("{}{} in {image} is {found}, not a file", absolute(path), resolved_note(leads_to))]
    NotAFile {
        /// The image.
        image: String,
        /// The path that was asked for.
        path: String,
        /// The path that its links lead to, if that is another one.
        leads_to: Option<String>,
        /// The kind of what is there.
        found: &'static str,
    },
    /// A layer has several entries for the path, the last of which counts, and another one was taken.
    #[error(
        "expected one entry for {}{} in a layer of {image}, found more, of which the last one counts: use export",
        absolute(path),
        resolved_note(leads_to)
    )]
    Doubled {
        /// The image.
        image: String,
        /// The path that was asked for.
        path: String,
        /// The path that its links lead to, if that is another one.
        leads_to: Option<String>,
    },
}

impl FileError {
    /// The error of a path at which `image`, or the layer that it names, has nothing.
    pub fn missing(image: impl Into<String>, path: &LayerPath) -> Self {
        let (image, path) = (image.into(), path.to_string());
        Self::Missing { image, path, leads_to: None, removed_by: None }
    }

    /// A name for the sort of error that does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "file-not-found",
            Self::NotAFile { .. } | Self::Doubled { .. } => "not-a-file",
        }
    }
}

/// Returns a path as it is in a container.
fn absolute(path: &str) -> String {
    format!("/{path}")
}

/// Returns the words that name the path that links lead to.
fn resolved_note(path: &Option<String>) -> String {
    path.as_ref().map(|path| format!(", which leads to /{path},")).unwrap_or_default()
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
    naming: Naming,
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
            WantedEntry::Path(path) => {
                entry.kind == EntryKind::File
                    && self.naming.are_same(&entry.path, path)
                    && Whiteout::of(path).is_none()
            }
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
    naming: Naming,
    layers: Vec<Option<LayerIndex>>,
    lookup: PathLookup,
}

impl FileLookup {
    /// A search for a path in an image of so many layers.
    pub fn new(image: impl Into<String>, layers: usize, path: LayerPath) -> Self {
        let naming = Naming::Unix;
        let lookup = PathLookup::new(path.clone(), naming);
        Self { image: image.into(), path, naming, layers: vec![None; layers], lookup }
    }

    /// The search by the rules of the image's operating system, before any layer was read.
    pub fn with_naming(self, naming: Naming) -> Self {
        let lookup = PathLookup::new(self.path.clone(), naming);
        Self { naming, lookup, ..self }
    }

    /// Takes the entries of a layer that was read, the lowest being 0.
    pub fn add(&mut self, layer: usize, mut index: LayerIndex) {
        index.set_naming(self.naming);
        if let Some(place) = self.layers.get_mut(layer) {
            *place = Some(index);
        }
    }

    /// Forgets the entries of a layer, which is to be read whole.
    pub fn forget(&mut self, layer: usize) {
        if let Some(place) = self.layers.get_mut(layer) {
            *place = None;
            self.lookup = PathLookup::new(self.path.clone(), self.naming);
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
                Ok(Wanted { layer, entry, naming: self.naming })
            }
            Lookup::Found { layer, entry } => {
                let kind = self.layers[layer].as_ref().map(|index| index.entries()[entry].kind);
                match kind {
                    Some(EntryKind::File) => {
                        Ok(Wanted { layer, entry: WantedEntry::Number(entry), naming: self.naming })
                    }
                    Some(EntryKind::Directory) => Err(self.not_a_file("a directory")),
                    Some(EntryKind::Fifo) => Err(self.not_a_file("a named pipe")),
                    _ => Err(self.not_a_file("a device")),
                }
            }
            Lookup::Directory => Err(self.not_a_file("a directory")),
            Lookup::TooManyLinks => Err(self.not_a_file("a circle of links")),
            Lookup::Missing { path, removed_by } => {
                let FileNames { image, path, leads_to } = self.names(&path);
                Err(FileError::Missing { image, path, leads_to, removed_by })
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
            _ => {
                let FileNames { image, path, leads_to } = self.names(self.lookup.path());
                Err(FileError::Doubled { image, path, leads_to })
            }
        }
    }

    fn not_a_file(&self, found: &'static str) -> FileError {
        let FileNames { image, path, leads_to } = self.names(self.lookup.path());
        FileError::NotAFile { image, path, leads_to, found }
    }

    /// The names for errors about what is, or is not, at a path once links were followed.
    fn names(&self, found: &LayerPath) -> FileNames {
        // Of a path that does not come to its end, a part is missing.
        let leads_to = (!self.path.is_in(found)).then(|| found.to_string());
        FileNames { image: self.image.clone(), path: self.path.to_string(), leads_to }
    }
}

/// The names in an error.
struct FileNames {
    image: String,
    path: String,
    leads_to: Option<String>,
}
