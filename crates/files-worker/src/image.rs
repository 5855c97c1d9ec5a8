//! The tree of an image, and the listings that are made of it.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    rc::Rc,
};

use tallyman_layers::{
    Change as LayerChange, ChangeKind, DifferenceKind, Entry, EntryKind, FileView, ImageTree, LayerIndex,
    LayerPath, Naming, Whiteout, differences,
};

use crate::{
    listing::{Builder, Facts, Listing, NONE},
    messages::{Change, Fault, LayerSummary, Owner, Summary},
    path_text,
    visible::{Entries, owner_name},
};

/// The paths of the greatest waste that are told.
const WASTED_MAX: usize = 20;
/// The owners that are told.
const OWNERS_MAX: usize = 50;

/// The tree of an image as far as its layers were read.
pub struct Built {
    tree: ImageTree,
    changes: Vec<Vec<LayerChange>>,
    /// The entries that removed paths had, by the layer that removed them and the keys of the paths.
    removed: HashMap<(usize, LayerPath), (usize, usize)>,
    /// The listings, by layer.
    listings: RefCell<BTreeMap<Option<u32>, Rc<Listing>>>,
}

impl Built {
    /// The tree of these layers, the lowest first.
    pub fn new(layers: &[Rc<LayerIndex>], naming: Naming) -> Self {
        let mut tree = ImageTree::new(naming);
        let changes: Vec<_> = layers.iter().map(|layer| tree.apply(Rc::clone(layer))).collect();
        let removed = removed(&tree, &changes);
        Self { tree, changes, removed, listings: RefCell::default() }
    }

    /// The files that the image shows and those that were removed, or the changes of one layer.
    pub fn listing(&self, layer: Option<u32>) -> Rc<Listing> {
        let known = self.listings.borrow().get(&layer).cloned();
        known.unwrap_or_else(|| {
            let listing = Rc::new(match layer {
                Some(layer) => self.of_layer(layer as usize),
                None => self.of_image(),
            });
            self.listings.borrow_mut().insert(layer, Rc::clone(&listing));
            listing
        })
    }

    /// The files that differ between two images. `are_same` tells whether two layers are the same.
    pub fn differences(left: &Self, right: &Self, are_same: impl Fn(usize, usize) -> bool) -> Listing {
        let mut builder = Builder::default();
        for difference in differences(&left.tree, &right.tree, are_same) {
            let change = match difference.kind {
                DifferenceKind::Added => Change::Added,
                DifferenceKind::Removed => Change::Removed,
                DifferenceKind::Content => Change::Changed,
                DifferenceKind::Metadata => Change::Metadata,
            };
            let (side, view) = match (&difference.after, &difference.before) {
                (Some(after), _) => (1, after),
                (None, Some(before)) => (0, before),
                (None, None) => continue,
            };
            let size_before = difference.before.as_ref().map(size);
            let facts = Facts { side, size_before, ..facts(view, Some(change)) };
            builder.add(&difference.path, facts);
        }
        builder.finish_changes()
    }

    /// The summary of the image, without the state of its layers.
    pub fn summary(&self, generation: u32) -> Summary {
        let waste = self.tree.layer_waste();
        let layers = waste.iter().zip(&self.changes).map(|(waste, changes)| {
            let count = |kind| changes.iter().filter(|change| change.kind == kind).count() as u32;
            LayerSummary {
                files: waste.files,
                size: waste.size,
                wasted: waste.wasted,
                added: count(ChangeKind::Added),
                changed: count(ChangeKind::Changed),
                removed: count(ChangeKind::Removed),
                ..LayerSummary::default()
            }
        });
        let wasted_paths = self.tree.wasted_paths().into_iter().take(WASTED_MAX);
        Summary {
            generation,
            layers: layers.collect(),
            files: self.tree.len() as u64,
            size: waste.iter().map(|waste| waste.size - waste.wasted).sum(),
            wasted: self.tree.wasted(),
            efficiency: self.tree.efficiency(),
            wasted_paths: wasted_paths
                .map(|path| (path_text::to_text(path.path.as_bytes()), path.wasted, path.times))
                .collect(),
            owners: self.owners(),
            is_whole: false,
        }
    }

    /// The entry of a number in a layer, as [`ImageTree::entry`] has it.
    pub fn entry(&self, layer: usize, entry: usize) -> Option<Cow<'_, Entry>> {
        self.tree.entry(layer, entry)
    }

    /// The place of a file: the layer, and the number of its entry; and the path that was found. Links are followed as in a container.
    /// With a layer, it is the file that this layer has, or the one that it removed.
    pub fn find(&self, path: &LayerPath, layer: Option<u32>) -> Result<((usize, usize), LayerPath), Fault> {
        let layer = layer.map(|layer| layer as usize);
        if let Some(layer) = layer {
            let own = self.tree.layers().get(layer).and_then(|index| self.number_of(index, path));
            let removed = || self.removed_place(layer, path);
            let found = own.map(|number| (layer, number)).or_else(removed);
            let found =
                found.ok_or_else(|| fault("no-such-file", format!("layer {} has no {path}", layer + 1)))?;
            let linked = self.tree.linked(found.0, found.1);
            let kind = linked.and_then(|(layer, number)| Some(self.entry(layer, number)?.kind));
            if kind != Some(EntryKind::Symlink) {
                return self.file(found).map(|place| self.with_path(place));
            }
        }
        let circle = || fault("not-a-file", "links lead in a circle".to_owned());
        let path = self.tree.resolve(path).ok_or_else(circle)?;
        match self.tree.file(&path).and_then(|file| Some((file.layer, file.entry?.0))) {
            // A hard link may be the only path of its file.
            Some(found) => match self.file(found)? {
                place if place == found => Ok((place, path)),
                place => Ok(self.with_path(place)),
            },
            None => self.last_removed(&path).map(|place| self.with_path(place)),
        }
    }

    /// A place with the path that its layer has for it.
    fn with_path(&self, place: (usize, usize)) -> ((usize, usize), LayerPath) {
        (place, self.entry(place.0, place.1).map(|entry| entry.path.clone()).unwrap_or_default())
    }

    /// The place of a file that the image shows no longer, as it was before it was removed.
    fn last_removed(&self, path: &LayerPath) -> Result<(usize, usize), Fault> {
        let path_key = self.tree.naming().key(path);
        let removals = self.removed.iter().filter(|((_, removed), _)| *removed == *path_key);
        match removals.max_by_key(|((remover, _), _)| *remover) {
            Some((_, place)) => self.file(*place),
            None => Err(fault("no-such-file", format!("the image has no file {path}"))),
        }
    }

    /// The place of the content of an entry, which is that of another one if it is a hard link.
    fn file(&self, (layer, number): (usize, usize)) -> Result<(usize, usize), Fault> {
        let linked = self.tree.linked(layer, number);
        let found = linked.and_then(|place| Some((place, self.entry(place.0, place.1)?)));
        match found {
            Some((place, entry)) if entry.kind == EntryKind::File => Ok(place),
            Some((_, entry)) => {
                Err(fault("not-a-file", format!("{} is a {}", entry.path, entry.kind.as_str())))
            }
            None => {
                let link = self.entry(layer, number).map(|entry| entry.link.clone()).unwrap_or_default();
                let target = LayerPath::clean_in_root(&link);
                Err(fault("no-such-file", format!("the image has no file {target}")))
            }
        }
    }

    /// The number of the last entry of a path in a layer.
    fn number_of(&self, index: &LayerIndex, path: &LayerPath) -> Option<usize> {
        index.entries().iter().rposition(|entry| self.tree.naming().are_same(&entry.path, path))
    }

    /// The entry that a path had before a layer removed it.
    fn removed_place(&self, layer: usize, path: &LayerPath) -> Option<(usize, usize)> {
        self.removed.get(&(layer, self.tree.naming().key(path).into_owned())).copied()
    }

    fn of_image(&self) -> Listing {
        let mut changed: HashSet<(usize, &LayerPath)> = HashSet::new();
        for (layer, changes) in self.changes.iter().enumerate() {
            let is_changed =
                |change: &&LayerChange| change.entry.is_some() && change.kind == ChangeKind::Changed;
            changed.extend(changes.iter().filter(is_changed).map(|change| (layer, &change.path)));
        }
        let mut gone: Vec<(&LayerPath, Facts)> = Vec::new();
        for (layer, changes) in self.changes.iter().enumerate() {
            let removed = changes.iter().filter(|change| change.kind == ChangeKind::Removed);
            gone.extend(removed.map(|change| (&change.path, self.removed_facts(layer, change))));
        }
        // The last removal of a path counts, and none if it is there again.
        gone.sort_by(|(a, left), (b, right)| {
            a.components().cmp(b.components()).then(right.layer.cmp(&left.layer))
        });
        gone.dedup_by(|(a, _), (b, _)| a == b);
        gone.retain(|(path, _)| self.tree.file(path).is_none());
        let mut gone = gone.into_iter().peekable();
        let mut builder = Builder::default();
        for file in self.tree.files() {
            while let Some((path, facts)) =
                gone.next_if(|(path, _)| path.components().lt(file.path.components()))
            {
                builder.add(path, facts);
            }
            let is_changed = file.entry.is_some() && changed.contains(&(file.layer, &file.path));
            let kind = if is_changed { Change::Changed } else { Change::Added };
            builder.add(&file.path, facts(&file, Some(kind)));
        }
        for (path, facts) in gone {
            builder.add(path, facts);
        }
        builder.finish()
    }

    fn of_layer(&self, layer: usize) -> Listing {
        let mut changes: Vec<_> = self.changes.get(layer).into_iter().flatten().collect();
        changes.sort_by(|a, b| a.path.components().cmp(b.path.components()));
        let mut builder = Builder::default();
        for change in changes {
            let entry = change.entry.and_then(|number| Some((number, self.entry(layer, number)?)));
            let facts = match change.kind {
                ChangeKind::Removed => self.removed_facts(layer, change),
                kind => {
                    let view = FileView { path: change.path.clone(), layer, entry };
                    let kind = if kind == ChangeKind::Added { Change::Added } else { Change::Changed };
                    facts(&view, Some(kind))
                }
            };
            builder.add(&change.path, facts);
        }
        builder.finish_changes()
    }

    fn removed_facts(&self, layer: usize, change: &LayerChange) -> Facts {
        let place = self.removed_place(layer, &change.path);
        let kind = place.and_then(|(layer, number)| Some(self.entry(layer, number)?.kind));
        Facts {
            layer: layer as u32,
            entry_layer: place.map_or(NONE, |(layer, _)| layer as u32),
            entry: place.map_or(NONE, |(_, number)| number as u32),
            change: Some(Change::Removed),
            // One that no layer has an entry for is a directory.
            is_directory: kind.is_none_or(|kind| kind == EntryKind::Directory),
            size: change.hidden,
            ..Facts::CONTEXT
        }
    }

    fn owners(&self) -> Vec<Owner> {
        let mut counts: BTreeMap<(u64, u64), (String, u32)> = BTreeMap::new();
        for (_, entry) in self.tree.files().filter_map(|file| file.entry) {
            let (name, count) =
                counts.entry((entry.uid, entry.gid)).or_insert_with(|| (owner_name(&entry), 0));
            *count += 1;
            if name.is_empty() {
                *name = owner_name(&entry);
            }
        }
        let owners = counts.into_iter();
        let mut owners: Vec<Owner> = owners
            .map(|((uid, gid), (name, count))| Owner { key: format!("{uid}:{gid}"), name, count })
            .collect();
        owners.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(&b.key)));
        owners.truncate(OWNERS_MAX);
        owners
    }
}

impl Entries for Built {
    fn entry(&self, facts: &Facts) -> Option<Cow<'_, Entry>> {
        self.entry(facts.entry_layer as usize, facts.entry as usize)
    }

    fn naming(&self) -> Naming {
        self.tree.naming()
    }
}

/// The entries of two images.
pub struct ImagePair<'a>(pub &'a Built, pub &'a Built);

impl Entries for ImagePair<'_> {
    fn entry(&self, facts: &Facts) -> Option<Cow<'_, Entry>> {
        Entries::entry(if facts.side == 0 { self.0 } else { self.1 }, facts)
    }

    fn naming(&self) -> Naming {
        Entries::naming(self.1)
    }
}

fn facts(file: &FileView<'_>, change: Option<Change>) -> Facts {
    let number = file.entry.as_ref().map_or(NONE, |(number, _)| *number as u32);
    Facts {
        side: 0,
        layer: file.layer as u32,
        entry_layer: if number == NONE { NONE } else { file.layer as u32 },
        entry: number,
        change,
        is_directory: file.entry.as_ref().is_none_or(|(_, entry)| entry.kind == EntryKind::Directory),
        size: size(file),
        size_before: None,
    }
}

fn size(file: &FileView<'_>) -> u64 {
    file.entry.as_ref().map_or(0, |(_, entry)| entry.size)
}

/// The entries that removed paths had: the highest below the layer that removed each.
fn removed(tree: &ImageTree, changes: &[Vec<LayerChange>]) -> HashMap<(usize, LayerPath), (usize, usize)> {
    let naming = tree.naming();
    let mut removers: HashMap<Cow<'_, LayerPath>, Vec<usize>> = HashMap::new();
    for (layer, changes) in changes.iter().enumerate() {
        for change in changes.iter().filter(|change| change.kind == ChangeKind::Removed) {
            removers.entry(naming.key(&change.path)).or_default().push(layer);
        }
    }
    let mut found = HashMap::new();
    if removers.is_empty() {
        return found;
    }
    for (layer, index) in tree.layers().iter().enumerate() {
        for (number, entry) in index.entries().iter().enumerate() {
            let path = naming.key(&entry.path);
            let Some(removers) = removers.get(&path) else { continue };
            if Whiteout::of(&entry.path).is_some() {
                continue;
            }
            for remover in removers.iter().filter(|remover| **remover > layer) {
                found.insert((*remover, path.clone().into_owned()), (layer, number));
            }
        }
    }
    found
}

/// A fault that is of no layer.
pub fn fault(code: &str, reason: String) -> Fault {
    Fault { code: code.to_owned(), reason, layer: None }
}
