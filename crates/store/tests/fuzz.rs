//! Fuzz targets for what strangers send to a store: entries' files, exported lists, archives, names of folders.
//!
//! See `tallyman_fuzz`: the corpus is in `tests/__fuzz__/NAME/corpus`.
#![cfg(all(not(target_arch = "wasm32"), feature = "archive"))]

use std::{collections::BTreeMap, io::Read};

use flate2::read::DeflateDecoder;
use futures_util::FutureExt;
use tallyman_core::{IndexForm, ListEdit, ManifestList, Reference};
use tallyman_fuzz::fuzz;
use tallyman_store::{
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
            assert!(guess.is_none_or(|guess| guess.file_name() == folder), "{reference}");
        }
    });
}
