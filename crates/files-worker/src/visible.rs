//! The rows of a view: what is searched, filtered and open.

use std::{borrow::Cow, collections::HashSet};

use tallyman_layers::{Entry, EntryKind, Naming};

use crate::{
    listing::{Facts, Item, Listing, NONE},
    messages::{FileKind, Row, View},
    path_text,
};

/// The entry of an item, if a layer has one.
pub trait Entries {
    /// Returns the entry that `facts` are of.
    fn entry(&self, facts: &Facts) -> Option<Cow<'_, Entry>>;
    /// The rules for names of files.
    fn naming(&self) -> Naming;
}

/// A row: an item, and its place among its siblings.
#[derive(Clone, Copy)]
struct ItemRow {
    item: u32,
    position: u32,
    siblings: u32,
    /// Set if there are rows in it when it is open.
    is_full: bool,
}

/// The rows of a view.
pub struct Visible {
    rows: Vec<ItemRow>,
    /// The items that match, if something is searched or filtered.
    matched: Option<Vec<bool>>,
    /// The open directories that are not as the view's `all_open` says.
    toggled: HashSet<u32>,
    all_open: bool,
    /// The number of matches.
    pub matches: Option<u32>,
}

impl Visible {
    /// The rows of `view`.
    pub fn of(listing: &Listing, view: &View, entries: &impl Entries) -> Self {
        let matched = view.is_filtered().then(|| matched(listing, view, entries));
        let toggled = view.toggled.iter().filter_map(|path| listing.find(&path_text::to_path(path)));
        let mut visible = Self {
            rows: Vec::new(),
            matches: matched.as_ref().map(|all| all.iter().filter(|is| **is).count() as u32),
            toggled: toggled.collect(),
            all_open: view.all_open,
            matched,
        };
        let kept = visible.kept(listing);
        visible.descend(listing, &kept, view.by_size, NONE);
        visible
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The rows from `first` on, `count` at most.
    pub fn rows(&self, listing: &Listing, entries: &impl Entries, first: usize, count: usize) -> Vec<Row> {
        let first = first.min(self.rows.len());
        let end = (first + count).min(self.rows.len());
        self.rows[first..end].iter().map(|row| self.row(listing, entries, *row)).collect()
    }

    /// Items that have a row wherever all is open: those that match, and the directories above them.
    fn kept(&self, listing: &Listing) -> Vec<bool> {
        let Some(matched) = &self.matched else {
            let is_kept = |item: &Item| listing.shows_removed || !item.facts.is_removed();
            return listing.items().iter().map(is_kept).collect();
        };
        let mut kept = matched.clone();
        for number in (0..kept.len()).rev() {
            let parent = listing.items()[number].parent;
            if kept[number] && parent != NONE {
                kept[parent as usize] = true;
            }
        }
        kept
    }

    fn descend(&mut self, listing: &Listing, kept: &[bool], by_size: bool, of: u32) {
        let mut children: Vec<u32> = listing.children(of).filter(|child| kept[*child as usize]).collect();
        if by_size {
            children.sort_by_key(|child| std::cmp::Reverse(size(listing, *child)));
        }
        let siblings = children.len() as u32;
        for (number, child) in children.into_iter().enumerate() {
            let is_full = listing.children(child).any(|inner| kept[inner as usize]);
            self.rows.push(ItemRow { item: child, position: number as u32 + 1, siblings, is_full });
            if is_full && self.is_open(child) {
                self.descend(listing, kept, by_size, child);
            }
        }
    }

    fn is_open(&self, item: u32) -> bool {
        self.all_open != self.toggled.contains(&item)
    }

    fn row(&self, listing: &Listing, entries: &impl Entries, place: ItemRow) -> Row {
        let ItemRow { item: number, position, siblings, is_full } = place;
        let item = &listing.items()[number as usize];
        let facts = &item.facts;
        let entry = entries.entry(facts);
        let entry = entry.as_deref();
        let kind = entry.map(|entry| entry.kind);
        Row {
            path: path_text::to_text(&listing.path(number)),
            name: String::from_utf8_lossy(listing.name(number)).into_owned(),
            level: item.level,
            position,
            siblings,
            kind: if facts.is_directory { FileKind::Directory } else { file_kind(kind) },
            is_open: is_full.then(|| self.is_open(number)),
            size: size(listing, number),
            size_before: facts.size_before,
            files: item.files,
            mode: entry.map(Entry::mode_text).unwrap_or_default(),
            owner: entry.map(owner).unwrap_or_default(),
            mtime: entry.map(|entry| entry.mtime),
            link: entry
                .filter(|entry| !entry.link.is_empty())
                .map(|entry| String::from_utf8_lossy(&entry.link).into_owned()),
            layer: (facts.layer != NONE).then_some(facts.layer),
            change: facts.change,
            sets_id: entry.is_some_and(sets_id),
            is_match: self.matched.as_ref().is_none_or(|matched| matched[number as usize]),
        }
    }
}

fn size(listing: &Listing, number: u32) -> u64 {
    let item = &listing.items()[number as usize];
    if item.facts.is_removed() { item.facts.size.max(item.total) } else { item.total }
}

/// Returns the items that match the search and the filters.
fn matched(listing: &Listing, view: &View, entries: &impl Entries) -> Vec<bool> {
    let searched = entries.naming().searched(view.search.trim());
    let mut matched = match searched.trim_start_matches('/') {
        "" => vec![true; listing.items().len()],
        search => listing.search(search),
    };
    for (item, is_match) in listing.items().iter().zip(&mut matched) {
        *is_match = *is_match && fits(listing.shows_removed, view, &item.facts, entries);
    }
    matched
}

fn fits(shows_removed: bool, view: &View, facts: &Facts, entries: &impl Entries) -> bool {
    let wants_change = match view.changes.is_empty() {
        true => shows_removed || !facts.is_removed(),
        false => facts.change.is_some_and(|change| view.changes.contains(&change)),
    };
    if !wants_change || (view.size_min > 0 && (facts.is_directory || facts.size < view.size_min)) {
        return false;
    }
    if view.owner.is_none() && !view.sets_id {
        return true;
    }
    entries.entry(facts).is_some_and(|entry| {
        view.owner.as_ref().is_none_or(|owner| *owner == owner_key(&entry))
            && (!view.sets_id || sets_id(&entry))
    })
}

fn sets_id(entry: &Entry) -> bool {
    entry.mode & 0o6000 != 0 && entry.kind != EntryKind::Directory && entry.kind != EntryKind::Symlink
}

/// The numbers of user and group.
pub fn owner_key(entry: &Entry) -> String {
    format!("{}:{}", entry.uid, entry.gid)
}

/// The names of user and group, if there are any.
pub fn owner_name(entry: &Entry) -> String {
    if entry.user.is_empty() && entry.group.is_empty() {
        return String::new();
    }
    format!("{}:{}", entry.user, entry.group)
}

/// Numbers and names of user and group.
pub fn owner(entry: &Entry) -> String {
    match owner_name(entry) {
        name if name.is_empty() => owner_key(entry),
        name => format!("{} ({name})", owner_key(entry)),
    }
}

fn file_kind(kind: Option<EntryKind>) -> FileKind {
    match kind {
        Some(EntryKind::Directory) => FileKind::Directory,
        Some(EntryKind::Symlink) => FileKind::Symlink,
        Some(EntryKind::HardLink) => FileKind::HardLink,
        Some(EntryKind::CharacterDevice | EntryKind::BlockDevice) => FileKind::Device,
        Some(EntryKind::Fifo) => FileKind::Fifo,
        Some(EntryKind::File) | None => FileKind::File,
    }
}
