//! The flattened file system of an image as one tar archive.

mod hard_links;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{LayerSymlinks, first_names::FirstNames};
use crate::{Entry, EntryKind, Event, LayerPath, Naming, TarWriter, Whiteout};
use hard_links::Link;

/// A flattener of layers, which are given from the highest to the lowest: what upper layers hide is known before it
/// comes, so that each layer streams by once. [`Export::take`] gives the archive as it is written.
///
/// A hard link whose file a later layer hides stands for its content all the same, and so does one to a file that AUFS keeps for
/// links alone. If that content came before the link was known, [`Export::end_layer`] asks for the layer again.
///
/// ```
/// use tallyman_layers::{Entry, Event, Export, LayerPath};
///
/// let mut export = Export::default();
/// export.event(Event::Entry(Entry::directory(LayerPath::clean(b"etc").expect("it stays inside"))));
/// assert!(!export.end_layer());
/// assert_eq!(export.finish(), Vec::<LayerPath>::new());
/// let bytes: Vec<u8> = std::iter::from_fn(|| export.take()).flatten().collect();
/// assert_eq!(bytes.len(), 3 * 512);
/// ```
#[derive(Default)]
pub struct Export {
    archive: TarWriter,
    /// The layer that is being read, from the highest, which is 0, and the number of its next entry.
    layer: usize,
    number: usize,
    symlinks: LayerSymlinks,
    names: FirstNames,
    visible: HashMap<LayerPath, Visible>,
    /// The paths that became visible with this layer, and those of AUFS's files that its hard links name.
    touched: Vec<LayerPath>,
    /// The paths and the directories' contents that layers above removed.
    above: Removed,
    /// The paths and contents that this layer removes, which holds for the layers below.
    own: Removed,
    /// The entries of this layer that hard links behind them can name, by their paths.
    files: HashMap<LayerPath, Named>,
    /// The hard links of this layer that name nothing before them, with the paths that they name.
    linked: HashMap<LayerPath, LayerPath>,
    /// Hard links by the paths that they name, at which nothing has come yet.
    waiting: BTreeMap<LayerPath, Vec<Link>>,
    /// Hard links of this layer by the numbers of the entries whose content has passed by.
    missed: HashMap<usize, Vec<Link>>,
    /// Hidden hard links of this layer by the paths at which the archive has what they name.
    aliases: HashMap<LayerPath, Vec<LayerPath>>,
    /// The layer is being read again for [`Export::missed`].
    again: bool,
    /// The content that comes is to be written, and behind it these links.
    writes: bool,
    links: Vec<Entry>,
    /// Hard links to what is not there.
    dangling: Vec<LayerPath>,
    /// The first path at which a layer has a directory with content and then something else.
    replaced: Option<LayerPath>,
}

/// A path that is visible.
struct Visible {
    /// The highest layer that has it, and the number of its last entry for it.
    layer: usize,
    number: Option<usize>,
    is_directory: bool,
    /// The layer whose entry the directory is written by; `None` if none so far has one.
    entry: Option<usize>,
    /// The last layer of which something in the directory was written.
    content: Option<usize>,
}

/// The paths that whiteouts, and what stands in their place, remove of lower layers.
#[derive(Default)]
struct Removed {
    paths: HashSet<LayerPath>,
    opaque: HashSet<LayerPath>,
}

/// An entry that hard links can name.
#[derive(Clone)]
struct Named {
    /// The number of the entry with the content.
    number: usize,
    /// The path at which the archive has it; `None` if its content has passed by.
    written: Option<LayerPath>,
}

impl Visible {
    /// A directory without an entry of its own.
    fn implied(layer: usize) -> Self {
        Self { layer, number: None, is_directory: true, entry: None, content: None }
    }
}

impl Removed {
    /// Returns `true` if a path, or a directory that it is in, is removed.
    fn has(&self, path: &LayerPath) -> bool {
        if self.paths.is_empty() && self.opaque.is_empty() {
            return false;
        }
        let mut folders = std::iter::successors(path.parent(), LayerPath::parent);
        self.paths.contains(path)
            || folders.any(|folder| self.paths.contains(&folder) || self.opaque.contains(&folder))
    }
}

impl Export {
    /// A flattener of an image with these rules for names. A name that several layers write in different cases is written as the
    /// highest of them has it.
    pub fn new(naming: Naming) -> Self {
        Self { names: FirstNames::new(naming), ..Self::default() }
    }

    /// Takes in what a reader yields.
    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Content { offset, bytes } if self.writes => self.archive.content(offset, bytes),
            Event::Content { .. } => {}
            Event::Entry(entry) => {
                self.end_file();
                let number = self.number;
                self.number += 1;
                if self.again { self.missed_file(entry, number) } else { self.entry(entry, number) }
            }
        }
    }

    /// Ends a layer. Returns `true` if the same layer is needed again.
    pub fn end_layer(&mut self) -> bool {
        self.end_file();
        self.number = 0;
        if !std::mem::take(&mut self.again) {
            self.end_waiting();
            self.again = !self.missed.is_empty();
            if self.again {
                return true;
            }
        }
        self.missed.clear();
        self.aliases.clear();
        let Removed { paths, opaque } = std::mem::take(&mut self.own);
        self.above.paths.extend(paths);
        self.above.opaque.extend(opaque);
        self.files.clear();
        self.linked.clear();
        self.symlinks = LayerSymlinks::default();
        self.layer += 1;
        false
    }

    /// Ends the archive with the directories that no layer has an entry for, and returns the hard links that could not be
    /// written, since no layer has the file that they name.
    pub fn finish(&mut self) -> Vec<LayerPath> {
        for (_, links) in std::mem::take(&mut self.waiting) {
            self.leave_out(links);
        }
        let implied = self.visible.drain().filter(|(_, file)| file.is_directory && file.entry.is_none());
        let mut implied: Vec<_> = implied.map(|(path, _)| path).collect();
        implied.sort();
        implied.into_iter().for_each(|path| self.archive.entry(&Entry::directory(path)));
        self.archive.end();
        self.dangling.sort();
        std::mem::take(&mut self.dangling)
    }

    /// The first path at which a layer has something else in place of a directory of its own. Engines remove the directory; the
    /// archive has the content of it already, and `tar` does not unpack both.
    pub fn replaced(&self) -> Option<&LayerPath> {
        self.replaced.as_ref()
    }

    /// Returns the next bytes of the archive that are written; `None` if there are none yet.
    pub fn take(&mut self) -> Option<Vec<u8>> {
        self.archive.take()
    }

    fn entry(&mut self, mut entry: Entry, number: usize) {
        self.symlinks.place(&mut entry);
        match Whiteout::of(&entry.path) {
            Some(Whiteout::Removes(path)) => drop(self.own.paths.insert(self.names.of(path))),
            Some(Whiteout::Opaque(path)) => drop(self.own.opaque.insert(self.names.of(path))),
            Some(Whiteout::Bookkeeping) => {}
            Some(Whiteout::Linked) => drop(self.files.insert(entry.path, Named { number, written: None })),
            None if entry.path.is_root() => {}
            None => self.file(entry, number),
        }
    }

    /// An ordinary entry.
    fn file(&mut self, mut entry: Entry, number: usize) {
        entry.path = self.names.of(entry.path);
        let is_directory = entry.kind == EntryKind::Directory;
        let before = self.visible.get(&entry.path);
        if !is_directory && before.is_some_and(|it| it.is_directory && it.content == Some(self.layer)) {
            self.replaced.get_or_insert_with(|| entry.path.clone());
        }
        let is_visible = self.is_visible(&entry);
        if is_visible {
            self.show(&entry, number);
        } else {
            self.imply(&entry.path);
            if !is_directory {
                // It took the place of what layers below have at this path.
                self.own.paths.insert(entry.path.clone());
            }
        }
        self.forget(&entry.path);
        match entry.kind {
            EntryKind::Directory if is_visible => self.archive.entry(&entry),
            EntryKind::Directory => {}
            EntryKind::HardLink => self.hard_link(Link { entry, number }, is_visible),
            _ => {
                if is_visible {
                    self.archive.entry(&entry);
                    self.writes = true;
                }
                let written = is_visible.then(|| entry.path.clone());
                self.files.insert(entry.path, Named { number, written });
            }
        }
    }

    /// Forgets what the layer had at a path before: another entry takes its place.
    fn forget(&mut self, path: &LayerPath) {
        self.linked.remove(path);
        self.files.remove(path);
        for alias in self.aliases.remove(path).into_iter().flatten() {
            if let Some(named) = self.files.get_mut(&alias) {
                named.written.take_if(|written| written == path);
            }
        }
    }

    /// Ends the content that came, and writes the links to it.
    fn end_file(&mut self) {
        self.writes = false;
        for link in std::mem::take(&mut self.links) {
            self.archive.entry(&link);
        }
    }

    /// Returns `true` if no upper layer hides an entry.
    fn is_visible(&self, entry: &Entry) -> bool {
        let is_directory = entry.kind == EntryKind::Directory;
        let is_taken = self.visible.get(&entry.path).is_some_and(|above| {
            // A directory that an upper layer implies takes its mode and owner from here.
            let is_open =
                is_directory && above.is_directory && above.entry.is_none_or(|layer| layer == self.layer);
            above.layer < self.layer && !is_open
        });
        let is_replaced = |folder: LayerPath| {
            self.visible.get(&folder).is_some_and(|above| above.layer < self.layer && !above.is_directory)
        };
        !is_taken
            && !self.above.has(&entry.path)
            && !std::iter::successors(entry.path.parent(), LayerPath::parent).any(is_replaced)
    }

    /// Notes that an entry is visible, and the directories above it.
    fn show(&mut self, entry: &Entry, number: usize) {
        let (layer, number) = (self.layer, Some(number));
        let before = self.visible.get(&entry.path).filter(|before| before.is_directory);
        let visible = match (entry.kind, before) {
            (EntryKind::Directory, Some(before)) => Visible {
                layer: before.layer,
                number,
                is_directory: true,
                entry: Some(layer),
                content: before.content,
            },
            (kind, _) => Visible {
                layer,
                number,
                is_directory: kind == EntryKind::Directory,
                entry: Some(layer),
                content: None,
            },
        };
        self.visible.insert(entry.path.clone(), visible);
        self.touched.push(entry.path.clone());
        let above = std::iter::successors(entry.path.parent(), LayerPath::parent);
        for folder in above.take_while(|folder| !folder.is_root()) {
            let known = self.visible_or_implied(folder);
            if known.content.replace(layer) == Some(layer) {
                break;
            }
        }
    }

    /// Notes the directories above something hidden, as far as nothing hides them too: they hide what is no directory below them.
    fn imply(&mut self, path: &LayerPath) {
        let above = std::iter::successors(path.parent(), LayerPath::parent);
        let folders: Vec<_> = above.take_while(|folder| !folder.is_root()).collect();
        let mut inside = LayerPath::default();
        for folder in folders.into_iter().rev() {
            if self.above.opaque.contains(&inside) || self.above.paths.contains(&folder) {
                return;
            }
            if !self.visible_or_implied(folder.clone()).is_directory {
                return;
            }
            inside = folder;
        }
    }

    /// Returns the visible thing at a path: a directory that this layer implies, if there was none.
    fn visible_or_implied(&mut self, path: LayerPath) -> &mut Visible {
        self.visible.entry(path).or_insert_with_key(|path| {
            self.touched.push(path.clone());
            Visible::implied(self.layer)
        })
    }
}
