//! A cache in memory that gives up what was not used for the longest time.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use bytes::Bytes;
use tallyman_core::{Digest, Reference, Registry};

use crate::FetchedManifest;

/// Bytes that a cache holds in all.
const TOTAL_MAX: usize = 16 * 1024 * 1024;
/// Bytes that an entry may have: a larger one would drive out too many others.
const ENTRY_MAX: usize = TOTAL_MAX / 16;

/// A value of a known size.
pub(crate) trait ByteSize {
    /// Returns the size in bytes.
    fn size(&self) -> usize;
}

impl ByteSize for Bytes {
    fn size(&self) -> usize {
        self.len()
    }
}

impl ByteSize for FetchedManifest {
    fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Verified content by repository and digest; the one that was not used for the longest goes first. By repository, so that
/// a digest does not show what is in a repository that may not be read.
pub(crate) struct MemoryCache<V>(RefCell<Entries<V>>);

struct Entries<V> {
    /// The content, each with the number of its last use.
    values: HashMap<Key, (u64, V)>,
    /// The content by last use.
    by_use: BTreeMap<u64, Key>,
    /// Bytes of the content.
    size: usize,
    uses: u64,
}

type Key = (String, Digest);

impl<V> Default for MemoryCache<V> {
    fn default() -> Self {
        let (values, by_use) = (HashMap::new(), BTreeMap::new());
        Self(RefCell::new(Entries { values, by_use, size: 0, uses: 0 }))
    }
}

impl<V: Clone + ByteSize> MemoryCache<V> {
    pub(crate) fn get(&self, reference: &Reference, digest: &Digest) -> Option<V> {
        let mut entries = self.0.borrow_mut();
        let (key, value) = entries.remove((reference.name(), digest.clone()))?;
        entries.insert(key, value.clone());
        Some(value)
    }

    pub(crate) fn keep(&self, reference: &Reference, digest: &Digest, value: &V) {
        if value.size() > ENTRY_MAX {
            return;
        }
        let mut entries = self.0.borrow_mut();
        let key = (reference.name(), digest.clone());
        entries.remove(key.clone());
        entries.insert(key, value.clone());
        while entries.size > TOTAL_MAX {
            let Some((_, oldest)) = entries.by_use.first_key_value() else { break };
            let oldest = oldest.clone();
            entries.remove(oldest);
        }
    }

    /// Removes an entry.
    pub(crate) fn evict(&self, reference: &Reference, digest: &Digest) {
        self.0.borrow_mut().remove((reference.name(), digest.clone()));
    }

    /// Removes all entries of a registry.
    pub(crate) fn forget(&self, registry: &Registry) {
        let prefix = format!("{}/", registry.as_str());
        let mut entries = self.0.borrow_mut();
        let keys: Vec<Key> =
            entries.values.keys().filter(|(name, _)| name.starts_with(&prefix)).cloned().collect();
        for key in keys {
            entries.remove(key);
        }
    }
}

impl<V: ByteSize> Entries<V> {
    fn insert(&mut self, key: Key, value: V) {
        self.uses += 1;
        self.size += value.size();
        self.by_use.insert(self.uses, key.clone());
        self.values.insert(key, (self.uses, value));
    }

    fn remove(&mut self, key: Key) -> Option<(Key, V)> {
        let (last_use, value) = self.values.remove(&key)?;
        self.by_use.remove(&last_use);
        self.size -= value.size();
        Some((key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first_and_the_room_is_bounded() {
        let cache = MemoryCache::default();
        let reference: Reference = "r.example/a".parse().unwrap();
        let other: Reference = "r.example/b".parse().unwrap();
        let digests: Vec<Digest> = (0..20_u8).map(|number| Digest::of(&[number])).collect();
        let value = Bytes::from(vec![0; ENTRY_MAX]);
        for digest in &digests[..16] {
            cache.keep(&reference, digest, &value);
        }
        assert!(cache.get(&reference, &digests[0]).is_some());
        assert!(cache.get(&other, &digests[0]).is_none());
        cache.keep(&reference, &digests[16], &value);
        assert!(cache.get(&reference, &digests[0]).is_some());
        assert!(cache.get(&reference, &digests[1]).is_none());
        cache.keep(&reference, &digests[17], &Bytes::from(vec![0; ENTRY_MAX + 1]));
        assert!(cache.get(&reference, &digests[17]).is_none());
        cache.evict(&reference, &digests[0]);
        assert!(cache.get(&reference, &digests[0]).is_none());
        cache.forget(reference.registry());
        assert!(cache.get(&reference, &digests[16]).is_none());
    }
}
