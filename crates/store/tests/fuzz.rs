//! Fuzz targets for what strangers send to a store: entries' files, exported lists, archives, names of folders.
//!
//! See `tallyman_fuzz`: the corpus is in `tests/__fuzz__/NAME/corpus`.
#![cfg(all(not(target_arch = "wasm32"), feature = "archive"))]

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use flate2::read::DeflateDecoder;
use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_core::{Digest, IndexForm, ListEdit, ManifestList, Reference};
use tallyman_fuzz::fuzz;
use tallyman_store::{
    FileError, FileErrorKind, FileStore, Folder, Holder, ListStore,
    docker::{decode_entry, decode_form, decode_list, edit_files, encode_entry},
    exchange,
};

#[test]
fn files_of_entries() {
    fuzz!(|input: &[u8]| {
        let form = decode_form(input).unwrap_or_default();
        let Ok(entry) = decode_entry(input, "file") else { return };
        let written = encode_entry(&entry, &form);
        let again = decode_entry(&written, "file").expect("what is written can be read");
        assert_eq!(again.reference, entry.reference);
        assert_eq!(again.descriptor, entry.descriptor);
        assert_eq!(again.raw, entry.raw);
        assert_eq!(decode_form(&written).unwrap_or_default(), form);
        // Written once more, nothing changes.
        assert_eq!(encode_entry(&again, &form), written);

        let name: Reference = "r.io/list:1".parse().expect("it is a reference");
        let file = entry.reference.file_name();
        let list = decode_list(&name, [(&*file, input)]).expect("its entry can be read");
        assert_eq!(list.get(&entry.reference), Some(&entry));
        let mut files = BTreeMap::from([(file, input.to_vec()), ("damaged".to_owned(), b"x".to_vec())]);
        let edit = ListEdit::form(&list, &IndexForm { oci: true, ..IndexForm::default() });
        for change in edit_files(&name, &files, &edit).expect("its entry can be read").expect("it is as seen")
        {
            files.insert(change.name, change.after.expect("none is removed"));
        }
        assert_eq!(files["damaged"], b"x");
    });
}

#[test]
fn exported_lists() {
    fuzz!(|input: &[u8]| {
        let Ok(lists) = exchange::decode(input) else { return };
        let written = exchange::encode(&lists);
        assert_eq!(exchange::decode(&written).as_ref(), Ok(&lists), "{}", String::from_utf8_lossy(&written));
    });
}

fn unpack(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let inflate = async |deflated: Vec<u8>, size: u64| {
        let mut inflated = Vec::new();
        let mut decoder = DeflateDecoder::new(&*deflated).take(size + 1);
        decoder.read_to_end(&mut inflated).ok().map(|_| inflated)
    };
    exchange::unpack(archive, inflate).now_or_never().expect("nothing is waited for")
}

#[test]
fn archives() {
    fuzz!(|input: &[u8]| {
        let Ok(files) = unpack(input) else { return };
        let found = exchange::from_files(&files);
        let lists: Vec<&ManifestList> = found.lists.iter().map(|found| &found.list).collect();
        assert!(lists.iter().all(|list| list.reference().file_name().len() <= input.len()));
        let again = exchange::from_files(&exchange::to_files(lists.iter().copied()));
        let again: Vec<&ManifestList> = again.lists.iter().map(|found| &found.list).collect();
        let kept: Vec<&ManifestList> = lists.into_iter().filter(|list| !list.is_empty()).collect();
        assert_eq!(again, kept);
    });
}

#[test]
fn names_of_folders() {
    fuzz!(|input: &[u8]| {
        let folder = String::from_utf8_lossy(input);
        if let Some(name) = exchange::guess(&folder, &[]) {
            assert_eq!(name.file_name(), folder);
        }
        if let Ok(reference) = folder.parse::<Reference>() {
            let folder = reference.file_name();
            let guess = exchange::guess(&folder, &[]);
            assert_eq!(guess.map(|guess| guess.file_name()), Some(folder), "{reference}");
        }
    });
}

/// A folder in memory with files of a stranger's. No path may lead out of it.
#[derive(Default)]
struct Strangers(RefCell<BTreeMap<String, Vec<u8>>>);

impl Strangers {
    fn check(path: &str) {
        let rest = path.strip_prefix("/lists").unwrap_or_else(|| panic!("{path} is elsewhere"));
        let is_plain =
            rest.is_empty() || rest.split('/').skip(1).all(|name| !matches!(name, "" | "." | ".."));
        assert!(is_plain, "{path} may be elsewhere");
    }

    fn error<T>(kind: FileErrorKind) -> Result<T, FileError> {
        Err(FileError { kind, message: format!("{kind:?}") })
    }

    fn has_folder(&self, path: &str) -> bool {
        self.0.borrow().keys().any(|name| name.starts_with(&format!("{path}/")))
    }
}

impl Folder for Strangers {
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        Self::check(path);
        let (files, path) = (self.0.borrow(), format!("{path}/"));
        let names = files.keys().filter_map(|name| name.strip_prefix(&path)?.split('/').next());
        let names: BTreeSet<String> = names.map(str::to_owned).collect();
        Ok((!names.is_empty()).then(|| names.into_iter().collect()))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        Self::check(path);
        if self.has_folder(path) {
            return Self::error(FileErrorKind::IsFolder);
        }
        Ok(self.0.borrow().get(path).cloned())
    }

    fn create_file(&self, path: &str, bytes: &[u8], _: bool) -> Result<(), FileError> {
        Self::check(path);
        if self.0.borrow().contains_key(path) || self.has_folder(path) {
            return Self::error(FileErrorKind::Exists);
        }
        self.0.borrow_mut().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn create_folder(&self, path: &str) -> Result<(), FileError> {
        Self::check(path);
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        [from, to].into_iter().for_each(Self::check);
        let mut files = self.0.borrow_mut();
        let is_moved = |name: &&String| **name == *from || name.starts_with(&format!("{from}/"));
        let moved: Vec<String> = files.keys().filter(is_moved).cloned().collect();
        if moved.is_empty() {
            return Self::error(FileErrorKind::NotFound);
        }
        for name in moved {
            let bytes = files.remove(&name).expect("it is there");
            files.insert(format!("{to}{}", &name[from.len()..]), bytes);
        }
        Ok(())
    }

    fn remove_file(&self, path: &str) -> Result<(), FileError> {
        Self::check(path);
        if self.has_folder(path) {
            return Self::error(FileErrorKind::IsFolder);
        }
        self.0.borrow_mut().remove(path).map_or_else(|| Self::error(FileErrorKind::NotFound), |_| Ok(()))
    }

    fn remove_folder(&self, path: &str) -> Result<(), FileError> {
        Self::check(path);
        if self.has_folder(path) { Self::error(FileErrorKind::Exists) } else { Ok(()) }
    }

    fn sync(&self, path: &str) -> Result<(), FileError> {
        Self::check(path);
        Ok(())
    }

    fn holder(&self) -> Holder {
        Holder { process: 1, host: "here".to_owned(), instance: "one".to_owned() }
    }

    fn is_alive(&self, _: u32) -> Option<bool> {
        Some(false)
    }

    fn pause(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The files beside a list that say what a program had begun: a journal, a lock, a name of its choice.
#[test]
fn unfinished_changes() {
    fuzz!(|input: &[u8]| {
        let name: Reference = "r.io/app:1".parse().expect("it is a reference");
        let prefix = format!("/lists/.tallyman-{}.", &Digest::of(name.file_name().as_bytes()).hex()[..32]);
        let mut parts = input.splitn(3, |byte| *byte == b'\n');
        let (journal, lock) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let files = Strangers::default();
        files.0.borrow_mut().extend([
            (format!("{prefix}journal"), journal.to_vec()),
            (format!("{prefix}new-1-one-0"), b"{}".to_vec()),
            ("/lists/r.io_app-1/r.io_app-a".to_owned(), b"{}".to_vec()),
        ]);
        if !lock.is_empty() {
            files.0.borrow_mut().insert(format!("{prefix}lock"), lock.to_vec());
        }
        let store = FileStore::new(files, "/lists");
        let list = ManifestList::new(name.clone());
        store.load(&name).now_or_never().expect("nothing is waited for").ok();
        // The lock's holder is dead, or unknown.
        store.save(&list).now_or_never().expect("nothing is waited for").ok();
        store.remove(&name).now_or_never().expect("nothing is waited for").ok();
    });
}
