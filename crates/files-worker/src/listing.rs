//! Files and directories in the order of a tree, with sums, and the search in their paths.

use std::cell::OnceCell;

use memchr::memmem::Finder;
use tallyman_layers::LayerPath;

use crate::messages::Change;

/// No item, layer or entry.
pub const NONE: u32 = u32::MAX;

/// A file or directory.
#[derive(Clone, Debug)]
pub struct Item {
    /// The directory that it is in; [`NONE`] at the top.
    pub parent: u32,
    /// The item behind the last that is in it.
    pub end: u32,
    /// The level, from 1.
    pub level: u32,
    /// The place of its name among all names.
    name: (u32, u32),
    /// The facts about it.
    pub facts: Facts,
    /// The bytes of it and of all in it, without what is removed.
    pub total: u64,
    /// The files in it, however deep.
    pub files: u32,
}

/// The facts about a file or directory, its place aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The number of its image: 0, or 1 for the right one of two.
    pub side: u8,
    /// The layer that made it, or removed it; [`NONE`] for a directory that is here for what is in it.
    pub layer: u32,
    /// The layer that has its entry; [`NONE`] if none has.
    pub entry_layer: u32,
    /// The number of the entry in that layer.
    pub entry: u32,
    /// The kind of change.
    pub change: Option<Change>,
    /// Set for a directory.
    pub is_directory: bool,
    /// Its bytes.
    pub size: u64,
    /// The bytes on the left, of two images.
    pub size_before: Option<u64>,
}

impl Facts {
    /// A directory that is here for what is in it.
    pub const CONTEXT: Self = Self {
        side: 0,
        layer: NONE,
        entry_layer: NONE,
        entry: NONE,
        change: None,
        is_directory: true,
        size: 0,
        size_before: None,
    };

    /// Returns `true` for what is no longer there.
    pub fn is_removed(&self) -> bool {
        self.change == Some(Change::Removed)
    }
}

/// Files and directories in the order of a tree: each directory before what it holds.
#[derive(Debug, Default)]
pub struct Listing {
    items: Vec<Item>,
    /// Set for a listing of changes: what is removed is shown without being asked for.
    pub shows_removed: bool,
    /// The names of all, one behind the other.
    names: Vec<u8>,
    lower_names: OnceCell<Lowered>,
    lower_paths: OnceCell<Lowered>,
}

/// Texts in lower case, one behind the other, each with a zero byte behind it.
#[derive(Debug, Default)]
struct Lowered {
    text: String,
    starts: Vec<u32>,
}

impl Lowered {
    fn push(&mut self, text: &str) {
        self.starts.push(self.text.len() as u32);
        if text.is_ascii() {
            let start = self.text.len();
            self.text.push_str(text);
            self.text[start..].make_ascii_lowercase();
        } else {
            self.text.push_str(&text.to_lowercase());
        }
        self.text.push('\0');
    }
}

impl Listing {
    /// All items.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The name of an item.
    pub fn name(&self, item: u32) -> &[u8] {
        let (start, end) = self.items[item as usize].name;
        &self.names[start as usize..end as usize]
    }

    /// The path of an item.
    pub fn path(&self, item: u32) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = item;
        while at != NONE {
            names.push(self.name(at));
            at = self.items[at as usize].parent;
        }
        names.reverse();
        names.join(&b'/')
    }

    /// The items in a directory, or at the top for [`NONE`], by name.
    pub fn children(&self, of: u32) -> impl Iterator<Item = u32> {
        let (mut at, end) = match of {
            NONE => (0, self.items.len() as u32),
            item => (item + 1, self.items[item as usize].end),
        };
        std::iter::from_fn(move || {
            let child = at;
            if child >= end {
                return None;
            }
            at = self.items[child as usize].end;
            Some(child)
        })
    }

    /// The item of a path.
    pub fn find(&self, path: &LayerPath) -> Option<u32> {
        path.components()
            .try_fold(NONE, |at, name| self.children(at).find(|child| self.name(*child) == name))
            .filter(|found| *found != NONE)
    }

    /// Returns for each item if `needle` is in its name, whatever the case; with a slash in it, in its path, so that the last
    /// component has a part in it.
    pub fn search(&self, needle: &str) -> Vec<bool> {
        let needle = needle.trim().to_lowercase();
        let mut found = vec![false; self.items.len()];
        let in_paths = needle.trim_start_matches('/').contains('/');
        let needle = needle.trim_start_matches('/');
        let lowered = if in_paths { self.paths_in_lower_case() } else { self.names_in_lower_case() };
        let finder = Finder::new(needle);
        let (mut at, mut item) = (0, 0);
        while let Some(hit) = finder.find(&lowered.text.as_bytes()[at..]).map(|hit| hit + at) {
            // Step by step: of one letter there are hits in most names.
            while lowered.starts.get(item + 1).is_some_and(|start| *start as usize <= hit) {
                item += 1;
            }
            let end = lowered.starts.get(item + 1).map_or(lowered.text.len(), |start| *start as usize);
            let name = match in_paths {
                true => lowered.text[..end].rfind('/').map_or(0, |slash| slash + 1),
                false => 0,
            };
            let touches = hit + needle.len() > name || (needle.ends_with('/') && hit + needle.len() == name);
            if touches {
                found[item] = true;
                at = end;
            } else {
                at = hit + 1;
            }
        }
        found
    }

    fn names_in_lower_case(&self) -> &Lowered {
        self.lower_names.get_or_init(|| {
            let mut lowered = Lowered::default();
            for item in 0..self.items.len() as u32 {
                lowered.push(&String::from_utf8_lossy(self.name(item)));
            }
            lowered
        })
    }

    fn paths_in_lower_case(&self) -> &Lowered {
        self.lower_paths.get_or_init(|| {
            let mut lowered = Lowered::default();
            let mut path = Vec::new();
            let mut lengths: Vec<usize> = Vec::new();
            for (number, item) in self.items.iter().enumerate() {
                lengths.truncate(item.level as usize - 1);
                path.truncate(lengths.last().copied().unwrap_or_default());
                if !path.is_empty() {
                    path.push(b'/');
                }
                path.extend_from_slice(self.name(number as u32));
                lengths.push(path.len());
                lowered.push(&String::from_utf8_lossy(&path));
            }
            lowered
        })
    }
}

/// A listing that is being made, of paths in the order of their components.
#[derive(Default)]
pub struct Builder {
    listing: Listing,
    /// The path that came last, and the items that lead to it, each with the length of its path.
    path: Vec<u8>,
    open: Vec<(u32, usize)>,
}

impl Builder {
    /// Adds what is known of a path, and the directories above it where they have not come.
    pub fn add(&mut self, path: &LayerPath, facts: Facts) {
        let bytes = path.as_bytes();
        while let Some((item, length)) = self.open.last().copied() {
            let is_above = bytes.starts_with(&self.path[..length]) && bytes.get(length) == Some(&b'/');
            if is_above {
                break;
            }
            if bytes == &self.path[..length] {
                // It was told before as a directory, or is told twice: the last word counts.
                self.listing.items[item as usize].facts = facts;
                return;
            }
            self.close();
        }
        let above = self.open.last().map_or(0, |(_, length)| length + 1);
        let mut at = above;
        while let Some(slash) = bytes[at..].iter().position(|byte| *byte == b'/') {
            self.push(&bytes[at..at + slash], at + slash, Facts::CONTEXT);
            at += slash + 1;
        }
        self.push(&bytes[at..], bytes.len(), facts);
        self.path.clear();
        self.path.extend_from_slice(bytes);
    }

    /// The listing of changes: what is removed is shown without being asked for.
    pub fn finish_changes(self) -> Listing {
        Listing { shows_removed: true, ..self.finish() }
    }

    /// The listing.
    pub fn finish(mut self) -> Listing {
        while !self.open.is_empty() {
            self.close();
        }
        self.listing
    }

    fn push(&mut self, name: &[u8], length: usize, facts: Facts) {
        let item = self.listing.items.len() as u32;
        let start = self.listing.names.len() as u32;
        self.listing.names.extend_from_slice(name);
        self.listing.items.push(Item {
            parent: self.open.last().map_or(NONE, |(item, _)| *item),
            end: item + 1,
            level: self.open.len() as u32 + 1,
            name: (start, self.listing.names.len() as u32),
            facts,
            total: 0,
            files: 0,
        });
        self.open.push((item, length));
    }

    /// Ends the innermost directory or file, and adds what it has to the one that it is in.
    fn close(&mut self) {
        let Some((number, _)) = self.open.pop() else { return };
        let end = self.listing.items.len() as u32;
        let item = &mut self.listing.items[number as usize];
        item.end = end;
        let facts = item.facts;
        let own = if facts.is_removed() { 0 } else { facts.size };
        // Many links may stand for one large file.
        item.total = item.total.saturating_add(own);
        let (total, files) = (item.total, item.files + u32::from(!facts.is_directory && !facts.is_removed()));
        let parent = item.parent;
        if let Some(parent) = self.listing.items.get_mut(parent as usize) {
            parent.total = parent.total.saturating_add(total);
            parent.files += files;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(paths: &[(&str, u64)]) -> Listing {
        let mut builder = Builder::default();
        for (path, size) in paths {
            let is_directory = path.ends_with('/');
            let path = LayerPath::clean(path.as_bytes()).expect("it stays inside");
            builder.add(&path, Facts { is_directory, size: *size, layer: 0, ..Facts::CONTEXT });
        }
        builder.finish()
    }

    fn shown(listing: &Listing) -> Vec<(String, u64, u32)> {
        let path = |item| String::from_utf8(listing.path(item)).expect("it is text");
        let items = listing.items().iter().enumerate();
        items.map(|(number, item)| (path(number as u32), item.total, item.files)).collect()
    }

    #[test]
    fn directories_have_the_sum_of_what_is_in_them() {
        let listing = listing(&[("etc/", 0), ("etc/motd", 5), ("etc/ssl/key", 7), ("usr/bin/env", 9)]);
        let expected = [
            ("etc", 12, 2),
            ("etc/motd", 5, 0),
            ("etc/ssl", 7, 1),
            ("etc/ssl/key", 7, 0),
            ("usr", 9, 1),
            ("usr/bin", 9, 1),
            ("usr/bin/env", 9, 0),
        ];
        assert_eq!(shown(&listing), expected.map(|(path, total, files)| (path.to_owned(), total, files)));
        assert_eq!(listing.children(NONE).collect::<Vec<_>>(), [0, 4]);
        let path = LayerPath::clean(b"usr/bin").expect("it stays inside");
        assert_eq!(listing.find(&path), Some(5));
    }

    #[test]
    fn names_are_searched_whatever_their_case_and_paths_with_a_slash() {
        let listing =
            listing(&[("Doc/", 0), ("Doc/README", 1), ("Doc/doctor", 1), ("lib/año/x", 1), ("lib/b", 1)]);
        let found = |needle: &str| {
            let found = listing.search(needle);
            let found = found.iter().enumerate().filter(|(_, found)| **found);
            found
                .map(|(item, _)| String::from_utf8(listing.path(item as u32)).expect("it is text"))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("doc"), ["Doc", "Doc/doctor"]);
        assert_eq!(found("readme"), ["Doc/README"]);
        assert_eq!(found("doc/"), ["Doc/README", "Doc/doctor"]);
        assert_eq!(found("/doc/r"), ["Doc/README"]);
        assert_eq!(found("AÑO"), ["lib/año"]);
        assert_eq!(found("lib/a"), ["lib/año"]);
        assert_eq!(found("nothing"), [""; 0]);
    }
}
