//! The names that came first, of those that are the same for an image's operating system.

use std::collections::{HashMap, hash_map::Entry};

use crate::{LayerPath, Naming};

/// The names that came so far, where names of different cases are the same.
#[derive(Default)]
pub(super) struct FirstNames {
    naming: Naming,
    /// The names by the numbers of their directories and their keys. A path takes no more than its own bytes and a few for each
    /// name in it, however deep it is.
    known: HashMap<(usize, Box<[u8]>), Known>,
}

/// A name, and its number as a directory. The root has the number 0.
struct Known {
    name: Box<[u8]>,
    number: usize,
}

impl FirstNames {
    pub(super) fn new(naming: Naming) -> Self {
        Self { naming, ..Self::default() }
    }

    /// Returns a path with the names that came first for it and for the directories above it.
    pub(super) fn of(&mut self, path: LayerPath) -> LayerPath {
        if self.naming == Naming::Unix {
            return path;
        }
        let (mut directory, mut named) = (0, Vec::with_capacity(path.as_bytes().len()));
        for name in path.components() {
            let number = self.known.len() + 1;
            let known = match self.known.entry((directory, self.naming.name_key(name).into())) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(Known { name: name.into(), number }),
            };
            if !named.is_empty() {
                named.push(b'/');
            }
            named.extend_from_slice(&known.name);
            directory = known.number;
        }
        LayerPath::clean_in_root(&named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_path_takes_its_own_bytes_and_not_those_of_each_directory_again() {
        let mut names = FirstNames::new(Naming::Windows);
        let path = |folder: &str, name: &str| {
            LayerPath::clean_in_root(format!("{folder}/{}x", name.repeat(250)).as_bytes())
        };
        for number in 0..10 {
            let path = path(&number.to_string(), "Directory/");
            assert_eq!(names.of(path.clone()), path);
        }
        assert_eq!(names.of(path("3", "dIRECTORY/")), path("3", "Directory/"));
        let bytes: usize = names.known.iter().map(|((_, key), known)| key.len() + known.name.len()).sum();
        assert!(bytes < 10 * 2 * 2500, "{bytes} bytes for ten paths of 2,252 bytes, each with its key");
    }
}
