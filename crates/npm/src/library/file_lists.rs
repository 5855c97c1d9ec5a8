//! Lists in files, as JavaScript's `FileStore` has them: names and bytes.

mod part;

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::wasm_bindgen;

use super::promise::promise;
use crate::files::FileSystem;

/// The lists in a folder. Names and bytes as in the interface `Store` of the package. What it does is in the part of the
/// module that a client loads too.
#[wasm_bindgen]
pub struct FileLists {
    files: FileSystem,
    root: String,
}

/// An operation on lists in files. [`FileLists`] has a method for each.
pub enum FileOperation {
    /// Names the lists.
    Names,
    /// Reads the entries of a list.
    Load { list: String },
    /// Keeps a whole list.
    Save { list: String, entries: Array },
    /// Keeps a new list.
    Add { list: String, entries: Array },
    /// Changes entries of a list.
    Edit { list: String, changes: Array },
    /// Keeps one entry.
    PutEntry { list: String, entry: Array },
    /// Removes a list.
    Remove { list: String },
    /// Removes a list that has the entries that were read.
    RemoveSeen { list: String, seen: Array },
    /// Gives a list another name.
    Rename { list: String, to: String },
}

impl FileLists {
    fn run(&self, operation: FileOperation) -> Promise {
        let started = part::start(self.files.clone(), self.root.clone(), operation);
        promise(None, async move { started.await?.await })
    }
}

#[wasm_bindgen]
impl FileLists {
    /// The lists in the folder `root`.
    #[wasm_bindgen(constructor)]
    pub fn new(files: FileSystem, root: String) -> Self {
        Self { files, root }
    }

    /// The names of all lists.
    pub fn names(&self) -> Promise {
        self.run(FileOperation::Names)
    }

    /// The entries of a list; `undefined` if there is no such list.
    pub fn load(&self, list: String) -> Promise {
        self.run(FileOperation::Load { list })
    }

    /// Keeps a whole list.
    pub fn save(&self, list: String, entries: Array) -> Promise {
        self.run(FileOperation::Save { list, entries })
    }

    /// Keeps a new list. Resolves to `true` if there was none.
    pub fn add(&self, list: String, entries: Array) -> Promise {
        self.run(FileOperation::Add { list, entries })
    }

    /// Changes entries, each given as name, bytes seen and bytes to be. Resolves to `done`, `conflict` or `gone`.
    pub fn edit(&self, list: String, changes: Array) -> Promise {
        self.run(FileOperation::Edit { list, changes })
    }

    /// Keeps one entry, and makes the list if there is none.
    #[wasm_bindgen(js_name = putEntry)]
    pub fn put_entry(&self, list: String, entry: Array) -> Promise {
        self.run(FileOperation::PutEntry { list, entry })
    }

    /// Removes a list. Resolves to `true` if there was one.
    pub fn remove(&self, list: String) -> Promise {
        self.run(FileOperation::Remove { list })
    }
    /// Removes a list that has the entries that were read, and no others. Resolves to `true` if it did.
    #[wasm_bindgen(js_name = removeSeen)]
    pub fn remove_seen(&self, list: String, seen: Array) -> Promise {
        self.run(FileOperation::RemoveSeen { list, seen })
    }

    /// Gives a list another name. Resolves to `done`, `taken` or `gone`.
    pub fn rename(&self, list: String, to: String) -> Promise {
        self.run(FileOperation::Rename { list, to })
    }
}
