//! What was fetched by digest, and so can never be another thing.

use std::{cell::RefCell, collections::VecDeque};

use bytes::Bytes;
use tallyman_core::{Digest, Reference, Registry};

use crate::FetchedManifest;

/// Bytes that a cache holds together.
const TOTAL_MAX: usize = 16 * 1024 * 1024;
/// Bytes that one thing in it may have: one that is larger would drive out too many others.
const ONE_MAX: usize = TOTAL_MAX / 16;

/// Something that takes room.
pub(crate) trait Weighed {
    /// Bytes.
    fn size(&self) -> usize;
}

impl Weighed for Bytes {
    fn size(&self) -> usize {
        self.len()
    }
}

impl Weighed for FetchedManifest {
    fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Verified content by repository and digest, the last used at the end. By repository, so that what is in none of
/// them that may be seen is not seen by its digest.
pub(crate) struct Cache<V>(RefCell<VecDeque<Entry<V>>>);

struct Entry<V> {
    repository: String,
    digest: Digest,
    value: V,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<V: Clone + Weighed> Cache<V> {
    pub(crate) fn get(&self, reference: &Reference, digest: &Digest) -> Option<V> {
        let entry = self.remove(reference, digest)?;
        let value = entry.value.clone();
        self.0.borrow_mut().push_back(entry);
        Some(value)
    }

    pub(crate) fn keep(&self, reference: &Reference, digest: &Digest, value: &V) {
        if value.size() > ONE_MAX {
            return;
        }
        self.remove(reference, digest);
        let mut entries = self.0.borrow_mut();
        let entry = Entry { repository: reference.name(), digest: digest.clone(), value: value.clone() };
        entries.push_back(entry);
        let mut total: usize = entries.iter().map(|entry| entry.value.size()).sum();
        while total > TOTAL_MAX {
            total -= entries.pop_front().map_or(total, |entry| entry.value.size());
        }
    }

    /// Forgets what was deleted.
    pub(crate) fn evict(&self, reference: &Reference, digest: &Digest) {
        self.remove(reference, digest);
    }

    /// Forgets everything of a registry.
    pub(crate) fn forget(&self, registry: &Registry) {
        let prefix = format!("{}/", registry.as_str());
        self.0.borrow_mut().retain(|entry| !entry.repository.starts_with(&prefix));
    }

    fn remove(&self, reference: &Reference, digest: &Digest) -> Option<Entry<V>> {
        let name = reference.name();
        let mut entries = self.0.borrow_mut();
        let at = entries.iter().position(|entry| entry.digest == *digest && entry.repository == name)?;
        entries.remove(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first_and_the_room_is_bounded() {
        let cache = Cache::default();
        let reference: Reference = "r.example/a".parse().unwrap();
        let other: Reference = "r.example/b".parse().unwrap();
        let digests: Vec<Digest> = (0..20_u8).map(|number| Digest::of(&[number])).collect();
        let value = Bytes::from(vec![0; ONE_MAX]);
        for digest in &digests[..16] {
            cache.keep(&reference, digest, &value);
        }
        assert!(cache.get(&reference, &digests[0]).is_some());
        assert!(cache.get(&other, &digests[0]).is_none());
        cache.keep(&reference, &digests[16], &value);
        assert!(cache.get(&reference, &digests[0]).is_some());
        assert!(cache.get(&reference, &digests[1]).is_none());
        cache.keep(&reference, &digests[17], &Bytes::from(vec![0; ONE_MAX + 1]));
        assert!(cache.get(&reference, &digests[17]).is_none());
        cache.evict(&reference, &digests[0]);
        assert!(cache.get(&reference, &digests[0]).is_none());
        cache.forget(reference.registry());
        assert!(cache.get(&reference, &digests[16]).is_none());
    }
}
