//! The paths of a layer, to be looked up one by one.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use crate::{Entry, EntryKind, LayerPath, Naming, Whiteout};

/// The paths that a layer has when it is unpacked by itself, and those that it hides of the layers below.
#[derive(Clone, Debug, Default)]
pub(super) struct Paths {
    naming: Naming,
    /// The keys of the entries' paths, where those are not their own.
    keys: Box<[LayerPath]>,
    /// The numbers of the entries that are there in the end, in the order of their keys.
    entries: Vec<usize>,
    /// The paths at which something else than a directory stood before the end.
    replaced: HashSet<LayerPath>,
    /// The paths that whiteouts remove, and the directories that they make opaque.
    removed: HashSet<LayerPath>,
    opaque: HashSet<LayerPath>,
    /// The numbers of hard links, each with that of the entry before it that it names.
    linked: HashMap<usize, usize>,
}

/// The thing that a layer has at a path.
pub(super) enum PathContent {
    Nothing,
    /// A directory without an entry of its own.
    Implied,
    /// The entry of this number.
    Entry(usize),
}

impl Paths {
    pub(super) fn of(entries: &[Entry], naming: Naming) -> Self {
        let keys: Box<[LayerPath]> = match naming {
            Naming::Unix => Box::default(),
            Naming::Windows => entries.iter().map(|entry| naming.key(&entry.path).into_owned()).collect(),
        };
        let mut paths = Self { naming, ..Self::default() };
        let (mut numbers, mut hidden) = (Vec::new(), Vec::new());
        for (number, entry) in entries.iter().enumerate() {
            match Whiteout::of(&entry.path) {
                Some(Whiteout::Removes(path)) => {
                    paths.removed.insert(naming.key(&path).into_owned());
                }
                Some(Whiteout::Opaque(path)) => drop(paths.opaque.insert(naming.key(&path).into_owned())),
                Some(Whiteout::Bookkeeping) => {}
                Some(Whiteout::Linked) => hidden.push(number),
                None if entry.path.is_root() => {}
                None => numbers.push(number),
            }
        }
        let path = |number: usize| keys.get(number).unwrap_or(&entries[number].path);
        let is_directory = |number: usize| entries[number].kind == EntryKind::Directory;
        for numbers in [&mut numbers, &mut hidden] {
            numbers.sort_unstable_by(|a, b| order(path(*a), path(*b)).then(a.cmp(b)));
        }
        for link in numbers.iter().copied().filter(|number| entries[*number].kind == EntryKind::HardLink) {
            let target = LayerPath::clean_in_root(&entries[link].link);
            let target = naming.key(&target).into_owned();
            let before = |numbers: &[usize], limit: usize| {
                let end = numbers
                    .partition_point(|number| order(path(*number), &target).then(number.cmp(&limit)).is_lt());
                numbers[..end].last().copied().filter(|number| *path(*number) == target)
            };
            // A hidden file can be the target of links of this layer only, in any order.
            let named = before(&numbers, link)
                .or_else(|| before(&hidden, link))
                .or_else(|| before(&hidden, usize::MAX));
            paths.linked.extend(named.map(|named| (link, named)));
        }
        // The paths above, each with the last entry up to there that is no directory: what came before that is gone.
        let mut above: Vec<(&LayerPath, Option<usize>)> = Vec::new();
        for same in numbers.chunk_by(|a, b| path(*a) == path(*b)) {
            let Some(last) = same.last().copied() else { continue };
            let at = path(last);
            while above.pop_if(|(folder, _)| !at.is_in(folder)).is_some() {}
            let gone = above.last().and_then(|(_, number)| *number);
            let file = same.iter().rev().copied().find(|number| !is_directory(*number));
            let is_there = Some(last) > gone;
            if file.is_some_and(|file| file != last || !is_there) {
                paths.replaced.insert(at.clone());
            }
            if is_there {
                // A directory stands in place of what came before it and is none.
                if let Some(file) =
                    paths.entries.pop_if(|known| !is_directory(*known) && at.is_in(path(*known)))
                {
                    paths.replaced.insert(path(file).clone());
                }
                paths.entries.push(last);
            }
            above.push((at, file.max(gone)));
        }
        paths.keys = keys;
        paths
    }

    /// Returns the thing at a path. `entries` are those that this was made of.
    pub(super) fn find(&self, entries: &[Entry], path: &LayerPath) -> PathContent {
        let path = &*self.naming.key(path);
        let key = |number: usize| self.keys.get(number).unwrap_or(&entries[number].path);
        let at = self.entries.partition_point(|number| order(key(*number), path).is_lt());
        match self.entries.get(at) {
            Some(number) if key(*number) == path => PathContent::Entry(*number),
            Some(number) if key(*number).is_in(path) => PathContent::Implied,
            _ => PathContent::Nothing,
        }
    }

    /// Returns the number of the entry that a hard link names among those before it, as engines find it when they unpack the
    /// layer, or among the files that AUFS keeps for links; `None` if there is none.
    pub(super) fn linked(&self, number: usize) -> Option<usize> {
        self.linked.get(&number).copied()
    }

    /// Returns `true` if whiteouts remove what lower layers have at a path or, if that is `inside`, in the directory there.
    pub(super) fn removes(&self, path: &LayerPath, inside: bool) -> bool {
        let path = &*self.naming.key(path);
        self.removed.contains(path) || (inside && self.opaque.contains(path))
    }

    /// Returns `true` if something else than a directory stood at a path before the end.
    pub(super) fn has_replaced(&self, path: &LayerPath) -> bool {
        self.replaced.contains(&*self.naming.key(path))
    }
}

/// The order of paths in which a directory comes right before what it holds.
fn order(a: &LayerPath, b: &LayerPath) -> Ordering {
    const STEP: usize = 32;
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // Long paths begin alike.
    let steps = a.chunks(STEP).zip(b.chunks(STEP)).take_while(|(a, b)| a == b).count();
    let same = (steps * STEP).min(a.len()).min(b.len());
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    a[same..].iter().map(rank).cmp(b[same..].iter().map(rank))
}
