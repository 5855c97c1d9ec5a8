//! The contract of all stores, held against each.
#![cfg(not(target_arch = "wasm32"))]

use std::{fs, os::unix::fs::PermissionsExt};

use tallyman_core::{Digest, Reference};
use tallyman_store::{FileStore, ListStore, MemoryStore, NativeFolder, Outcome, StoreError};

use crate::ready;

#[test]
fn memory_keeps_the_contract() {
    ready(crate::suite::run(&MemoryStore::new()));
}

#[test]
fn files_keep_the_contract() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let manifests = folder.path().join("config/manifests");
    ready(crate::suite::run(&FileStore::new(NativeFolder, manifests.to_str().expect("it is UTF-8"))));
}

/// Notes a push, and returns the digests that are noted after a rename, and after the removal of the list.
fn noted_pushes(store: &dyn ListStore) -> [Option<(Digest, Digest)>; 3] {
    let list = crate::suite::list("r.io/app:1", &["r.io/app:amd64"]);
    let (name, other) = (list.reference().clone(), "r.io/app:2".parse().expect("a reference"));
    ready(store.save(&list)).expect("it is saved");
    let noted = |list: &Reference| {
        let history = ready(store.history(list)).expect("it can be read").expect("it is kept");
        history.pushed.map(|push| (push.list, push.digest))
    };
    let before = noted(&name);
    ready(store.note_push(&name, &list.digest(), &Digest::of(b"pushed"))).expect("it is noted");
    assert_eq!(ready(store.load(&name)), Ok(Some(list)), "the list stays");
    assert_eq!(ready(store.names()).expect("they can be read").len(), 1, "and there is no other");
    assert_eq!(ready(store.rename(&name, &other)), Ok(Outcome::Done(())));
    assert_eq!(noted(&name), None, "a note goes with its list");
    let renamed = noted(&other);
    assert_eq!(ready(store.remove(&other)), Ok(true));
    [before, renamed, noted(&other)]
}

#[test]
fn the_last_push_of_a_list_is_noted_beside_it_with_its_time() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let manifests = folder.path().join("manifests");
    let files = FileStore::new(NativeFolder, manifests.to_str().expect("it is UTF-8"));
    let list = crate::suite::list("r.io/app:1", &["r.io/app:amd64"]);
    let noted = Some((list.digest(), Digest::of(b"pushed")));
    assert_eq!(noted_pushes(&files), [None, noted, None]);

    ready(files.save(&list)).expect("it is saved");
    ready(files.note_push(list.reference(), &list.digest(), &list.digest())).expect("it is noted");
    let history = ready(files.history(list.reference())).expect("it can be read").expect("it is kept");
    let (changed, pushed) = (history.changed.expect("a time"), history.pushed.expect("it was pushed"));
    assert!(changed > 0.0 && pushed.time.expect("a time") >= changed);
    // The Docker CLI has removed the list, and nothing but the list.
    fs::remove_dir_all(manifests.join("r.io_app-1")).expect("it is removed");
    let history = ready(files.history(list.reference())).expect("it can be read").expect("it is kept");
    assert_eq!(history.changed, None);
}

#[test]
fn memory_notes_the_last_push_of_a_list() {
    let list = crate::suite::list("r.io/app:1", &["r.io/app:amd64"]);
    let noted = Some((list.digest(), Digest::of(b"pushed")));
    assert_eq!(noted_pushes(&MemoryStore::new()), [None, noted, None]);
}

#[test]
fn a_damaged_list_is_told_and_can_be_removed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = FileStore::new(NativeFolder, folder.path().to_str().expect("it is UTF-8"));
    let list = crate::suite::list("r.io/app:1", &["r.io/app:amd64"]);
    ready(store.save(&list)).expect("it is saved");
    let file = folder.path().join("r.io_app-1/r.io_app-amd64");
    fs::write(&file, "broken").expect("it is written");
    let error = ready(store.load(list.reference())).expect_err("it is damaged");
    assert!(matches!(&error, StoreError::Damaged { path, .. } if path.ends_with("r.io_app-amd64")));
    assert_eq!(error.to_string(), "invalid character 'b' looking for beginning of value");
    assert_eq!(ready(store.remove(list.reference())), Ok(true));
    assert_eq!(ready(store.load(list.reference())), Ok(None));
}

#[test]
fn files_have_dockers_modes_and_an_empty_folder_is_an_empty_list() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = FileStore::new(NativeFolder, folder.path().to_str().expect("it is UTF-8"));
    let list = crate::suite::list("r.io/app:1", &["r.io/app:amd64"]);
    ready(store.save(&list)).expect("it is saved");
    let mode = |path: &str| {
        fs::metadata(folder.path().join(path)).expect("it is there").permissions().mode() & 0o777
    };
    assert_eq!(mode("r.io_app-1"), 0o755);
    assert_eq!(mode("r.io_app-1/r.io_app-amd64"), 0o644);
    fs::create_dir(folder.path().join("r.io_empty-1")).expect("it is made");
    let empty = ready(store.load(&"r.io/empty:1".parse().expect("a reference")));
    assert!(empty.expect("it can be read").expect("it is there").is_empty());
}

#[test]
fn a_name_that_is_too_long_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = FileStore::new(NativeFolder, folder.path().to_str().expect("it is UTF-8"));
    let long = format!("r.io/{}:{}", "a".repeat(180), "b".repeat(120));
    let error =
        ready(store.save(&crate::suite::list(&long, &["r.io/app:amd64"]))).expect_err("the name is too long");
    assert!(error.to_string().ends_with("file name too long"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).expect("it can be read").count(), 0);
}

#[test]
fn memory_does_not_take_a_list_for_another_one_of_its_file_name() {
    let store = MemoryStore::new();
    let kept = crate::suite::keeps_lists_of_one_file_name_apart(&store);
    ready(kept);
}
