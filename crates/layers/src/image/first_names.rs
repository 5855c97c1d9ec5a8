//! The names that came first, of those that are the same for an image's operating system.

use std::collections::HashMap;

use crate::{LayerPath, Naming};

/// The paths that came so far, where names of different cases are the same.
#[derive(Default)]
pub(super) struct FirstNames {
    naming: Naming,
    /// The paths by their keys.
    known: HashMap<LayerPath, LayerPath>,
}

impl FirstNames {
    pub(super) fn new(naming: Naming) -> Self {
        Self { naming, ..Self::default() }
    }

    /// Returns a path with the names that came first for it and for the directories above it.
    pub(super) fn of(&mut self, path: LayerPath) -> LayerPath {
        if self.naming == Naming::Unix || path.is_root() {
            return path;
        }
        let key = self.naming.key(&path).into_owned();
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let named = self.of(path.parent().unwrap_or_default()).join(path.name());
        self.known.insert(key, named.clone());
        named
    }
}
