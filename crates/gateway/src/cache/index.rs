//! The index of a cache: sizes, the order of use, and the files that are being read or written.

use std::collections::{BTreeMap, HashMap};

/// The unit in which file systems give out room.
const BLOCK: u64 = 4096;

/// Returns the room that a file of `length` bytes takes.
pub(super) fn room(length: u64) -> u64 {
    length.div_ceil(BLOCK).max(1) * BLOCK
}

/// The files of a cache. What is being written counts from the start on with all that it will have, and what is being
/// read stays, as a file that is removed while it is open still takes its room: so the files never have more than the
/// bound.
#[derive(Debug)]
pub(super) struct Index {
    max: u64,
    files: HashMap<String, Entry>,
    by_use: BTreeMap<u64, String>,
    /// Room that is kept free for files that are being written.
    reserved: HashMap<String, u64>,
    total: u64,
    clock: u64,
}

#[derive(Debug)]
struct Entry {
    length: u64,
    /// The time at which it was taken in, by which it is told from a later one of its name.
    added: u64,
    used: u64,
    readers: usize,
    /// Set if this gateway wrote the content, or has read it as a whole since, and found its digest.
    is_verified: bool,
}

/// A file that is being read.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileInUse {
    pub(super) length: u64,
    pub(super) is_verified: bool,
    added: u64,
}

impl Index {
    pub(super) fn new(max: u64) -> Self {
        Self {
            max,
            files: HashMap::new(),
            by_use: BTreeMap::new(),
            reserved: HashMap::new(),
            total: 0,
            clock: 0,
        }
    }

    pub(super) fn max(&self) -> u64 {
        self.max
    }

    /// Changes the bound, and returns the files that are to be removed for it.
    pub(super) fn set_max(&mut self, max: u64) -> Vec<String> {
        self.max = max;
        self.evict(0)
    }

    /// Begins to read a file.
    pub(super) fn read(&mut self, name: &str) -> Option<FileInUse> {
        let entry = self.files.get_mut(name)?;
        self.clock += 1;
        self.by_use.remove(&entry.used);
        entry.used = self.clock;
        entry.readers += 1;
        self.by_use.insert(self.clock, name.to_owned());
        Some(FileInUse { length: entry.length, is_verified: entry.is_verified, added: entry.added })
    }

    pub(super) fn end_reading(&mut self, name: &str, file: FileInUse) {
        if let Some(entry) = self.entry(name, file) {
            entry.readers -= 1;
        }
    }

    /// Takes note that a file has its digest.
    pub(super) fn verified(&mut self, name: &str, file: FileInUse) {
        if let Some(entry) = self.entry(name, file) {
            entry.is_verified = true;
        }
    }

    fn entry(&mut self, name: &str, file: FileInUse) -> Option<&mut Entry> {
        self.files.get_mut(name).filter(|entry| entry.added == file.added)
    }

    /// Keeps room for a file that is going to be written, and returns the files that are to be removed for it.
    ///
    /// Returns `None` if somebody else writes it, it is there already, or there is no room.
    pub(super) fn reserve(&mut self, name: &str, length: u64) -> Option<Vec<String>> {
        let room = room(length);
        if self.reserved.contains_key(name) || self.files.contains_key(name) || !self.can_have(room) {
            return None;
        }
        let evicted = self.evict(room);
        self.total += room;
        self.reserved.insert(name.to_owned(), room);
        Some(evicted)
    }

    /// Ends the writing of a file. It is there from now on if `is_whole`.
    pub(super) fn end_writing(&mut self, name: &str, length: u64, is_whole: bool) {
        let Some(room) = self.reserved.remove(name) else { return };
        self.total -= room;
        if is_whole {
            self.add(name, length, true);
        }
    }

    /// Takes in a file that is there.
    pub(super) fn add(&mut self, name: &str, length: u64, is_verified: bool) {
        self.clock += 1;
        let entry = Entry { length, added: self.clock, used: self.clock, readers: 0, is_verified };
        self.files.insert(name.to_owned(), entry);
        self.by_use.insert(self.clock, name.to_owned());
        self.total += room(length);
    }

    /// Takes out a file that is being read. Returns `false` if it is out already.
    pub(super) fn take_out(&mut self, name: &str, file: FileInUse) -> bool {
        let is_there = self.entry(name, file).is_some();
        if is_there {
            self.remove(name);
        }
        is_there
    }

    fn remove(&mut self, name: &str) {
        if let Some(entry) = self.files.remove(name) {
            self.by_use.remove(&entry.used);
            self.total -= room(entry.length);
        }
    }

    fn can_have(&self, room: u64) -> bool {
        let removable = self.files.values().filter(|entry| entry.readers == 0);
        let removable: u64 = removable.map(|entry| self::room(entry.length)).sum();
        self.total - removable + room <= self.max
    }

    /// Takes out what nobody reads and was not used for the longest time, until there is `room`.
    fn evict(&mut self, room: u64) -> Vec<String> {
        let mut evicted = Vec::new();
        let unread = |name: &&String| self.files.get(*name).is_some_and(|entry| entry.readers == 0);
        let oldest: Vec<String> = self.by_use.values().filter(unread).cloned().collect();
        for name in oldest {
            if self.total + room <= self.max {
                break;
            }
            self.remove(&name);
            evicted.push(name);
        }
        evicted
    }
}
