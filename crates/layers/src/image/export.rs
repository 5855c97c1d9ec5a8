//! The flattened file system of an image as one tar archive.

use std::collections::{HashMap, HashSet};

use crate::{Entry, EntryKind, Event, LayerPath, TarWriter, Whiteout};

/// A flattener of layers, which are given from the highest to the lowest: what upper layers hide is known before it
/// comes, so that each layer streams by once. [`Export::take`] gives the archive as it is written.
///
/// A hard link whose file a later layer hides stands for its content all the same. If that content came before the
/// link was known,
/// [`Export::end_layer`] asks for the layer again.
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
    /// The layer that is being read, from the highest, which is 0.
    layer: usize,
    visible: HashMap<LayerPath, Visible>,
    /// The paths that layers above removed, and the directories that they made opaque.
    removed: HashSet<LayerPath>,
    opaque: HashSet<LayerPath>,
    /// The whiteouts of this layer, which hold for the layers below.
    whiteouts: Vec<Whiteout>,
    /// The entries of this layer that hard links can name, directories aside: those that are written, with the path at which the
    /// archive has them, and those that are hidden.
    written: HashMap<LayerPath, LayerPath>,
    hidden: HashSet<LayerPath>,
    /// The hard links of this layer, with the paths that they name.
    linked: HashMap<LayerPath, LayerPath>,
    /// Hard links by the paths that they name, at which nothing has come yet.
    waiting: HashMap<LayerPath, Vec<Entry>>,
    /// Hard links to what has come before them, hidden.
    missed: HashMap<LayerPath, Vec<Entry>>,
    /// The layer is being read again for [`Export::missed`].
    again: bool,
    /// The content that comes is to be written, and behind it these links.
    writes: bool,
    links: Vec<Entry>,
    /// The first path at which a layer has a directory with content and then something else.
    replaced: Option<LayerPath>,
}

/// A path that is visible.
struct Visible {
    layer: usize,
    is_directory: bool,
    /// No layer so far has an entry for the directory.
    is_implied: bool,
    /// It is a directory in which something is visible.
    has_content: bool,
}

impl Export {
    /// Takes in what a reader yields.
    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Content { offset, bytes } if self.writes => self.archive.content(offset, bytes),
            Event::Content { .. } => {}
            Event::Entry(entry) => {
                self.end_file();
                self.writes = false;
                if self.again { self.missed_file(entry) } else { self.entry(entry) }
            }
        }
    }

    /// Ends a layer. Returns `true` if the same layer is needed again.
    pub fn end_layer(&mut self) -> bool {
        self.end_file();
        self.writes = false;
        self.again = !self.again && !self.missed.is_empty();
        if self.again {
            return true;
        }
        self.missed.clear();
        for whiteout in self.whiteouts.drain(..) {
            match whiteout {
                Whiteout::Removes(path) => drop(self.removed.insert(path)),
                Whiteout::Opaque(path) => drop(self.opaque.insert(path)),
                Whiteout::Bookkeeping => {}
            }
        }
        self.written.clear();
        self.hidden.clear();
        self.linked.clear();
        self.layer += 1;
        false
    }

    /// Ends the archive, and returns the hard links that could not be written, since no layer has the file that they
    /// name.
    pub fn finish(&mut self) -> Vec<LayerPath> {
        self.archive.end();
        let mut dangling: Vec<_> =
            self.waiting.drain().flat_map(|(_, links)| links).map(|link| link.path).collect();
        dangling.sort();
        dangling
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

    fn entry(&mut self, entry: Entry) {
        if let Some(whiteout) = Whiteout::of(&entry.path) {
            self.whiteouts.push(whiteout);
            return;
        }
        if entry.path.is_root() {
            return;
        }
        let is_visible = self.is_visible(&entry);
        if is_visible {
            if entry.kind != EntryKind::Directory
                && self
                    .visible
                    .get(&entry.path)
                    .is_some_and(|before| before.is_directory && before.has_content)
            {
                self.replaced.get_or_insert_with(|| entry.path.clone());
            }
            self.show(&entry);
        } else if entry.kind != EntryKind::Directory {
            // It took the place of what layers below have at this path.
            self.whiteouts.push(Whiteout::Removes(entry.path.clone()));
        }
        self.linked.remove(&entry.path);
        match entry.kind {
            EntryKind::Directory if is_visible => self.archive.entry(&entry),
            EntryKind::Directory => {}
            EntryKind::HardLink => self.hard_link(entry, is_visible),
            _ if is_visible => {
                self.archive.entry(&entry);
                self.writes = true;
                self.links = self.waiting.remove(&entry.path).unwrap_or_default();
                self.written.insert(entry.path.clone(), entry.path);
            }
            _ => match self.waiting.remove(&entry.path) {
                Some(links) => self.stand_in(entry, links),
                None => drop(self.hidden.insert(entry.path)),
            },
        }
    }

    /// Writes a hard link, if it is visible, and those that name it, or has them wait for what they name. Links to links are links
    /// to the same file.
    fn hard_link(&mut self, entry: Entry, is_visible: bool) {
        let named = LayerPath::clean_in_root(&entry.link);
        let target = self.linked.get(&named).cloned().unwrap_or(named);
        self.linked.insert(entry.path.clone(), target.clone());
        let mut links = self.waiting.remove(&entry.path).unwrap_or_default();
        if is_visible {
            links.insert(0, entry);
        }
        let written = self.written.get(&target);
        for link in &mut links {
            link.link = written.unwrap_or(&target).as_bytes().into();
        }
        if written.is_some() {
            links.iter().for_each(|link| self.archive.entry(link));
        } else if !links.is_empty() {
            let later = if self.hidden.contains(&target) { &mut self.missed } else { &mut self.waiting };
            later.entry(target).or_default().extend(links);
        }
    }

    /// An entry of a layer that is read again.
    fn missed_file(&mut self, entry: Entry) {
        if !matches!(entry.kind, EntryKind::Directory | EntryKind::HardLink)
            && let Some(links) = self.missed.remove(&entry.path)
        {
            self.stand_in(entry, links);
        }
    }

    /// Writes a hidden file in place of the first link to it, and the others as links to that.
    fn stand_in(&mut self, file: Entry, mut links: Vec<Entry>) {
        let first = links.remove(0);
        for link in &mut links {
            link.link = first.path.as_bytes().into();
        }
        self.written.insert(file.path.clone(), first.path.clone());
        self.archive.entry(&Entry { path: first.path, ..file });
        self.writes = true;
        self.links = links;
    }

    /// Writes the links to the file that ends.
    fn end_file(&mut self) {
        for link in std::mem::take(&mut self.links) {
            self.archive.entry(&link);
        }
    }

    /// Returns `true` if no upper layer hides an entry.
    fn is_visible(&self, entry: &Entry) -> bool {
        let is_directory = entry.kind == EntryKind::Directory;
        if let Some(above) = self.visible.get(&entry.path)
            && above.layer < self.layer
            // A directory that an upper layer implies takes its mode and owner from here.
            && !(above.is_implied && is_directory)
        {
            return false;
        }
        if self.removed.contains(&entry.path) {
            return false;
        }
        let mut above = entry.path.parent();
        while let Some(folder) = above.filter(|folder| !folder.is_root()) {
            let is_replaced = self
                .visible
                .get(&folder)
                .is_some_and(|above| above.layer < self.layer && !above.is_directory);
            if is_replaced || self.removed.contains(&folder) || self.opaque.contains(&folder) {
                return false;
            }
            above = folder.parent();
        }
        !self.opaque.contains(&LayerPath::default())
    }

    /// Notes that an entry is visible, and the directories above it.
    fn show(&mut self, entry: &Entry) {
        let layer = self.layer;
        let is_directory = entry.kind == EntryKind::Directory;
        let has_content =
            is_directory && self.visible.get(&entry.path).is_some_and(|before| before.has_content);
        let visible = Visible { layer, is_directory, is_implied: false, has_content };
        self.visible.insert(entry.path.clone(), visible);
        let mut above = entry.path.parent();
        while let Some(folder) = above.filter(|folder| !folder.is_root()) {
            if let Some(known) = self.visible.get_mut(&folder) {
                known.has_content = true;
                break;
            }
            above = folder.parent();
            let visible = Visible { layer, is_directory: true, is_implied: true, has_content: true };
            self.visible.insert(folder, visible);
        }
    }
}
