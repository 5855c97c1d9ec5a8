//! Lists handed on: as text, as the Docker CLI's files, in an archive.
#![cfg(not(target_arch = "wasm32"))]

#[path = "suite/mod.rs"]
#[allow(dead_code, reason = "the lists of the suite are used here, its contract is not")]
mod suite;

use std::{fs, io::Read, path::Path};

use flate2::{
    Compression, Crc,
    read::{DeflateDecoder, DeflateEncoder},
};
use futures_util::FutureExt;
use tallyman_store::exchange::{self, ExchangeError};

#[test]
fn lists_come_back_from_text_and_files_as_they_were() {
    let lists = [
        suite::list("r.io/my_app:v1", &["r.io/my_app:amd64", "r.io/other/x:1"]),
        suite::list("r.io/b:2", &[]),
    ];
    assert_eq!(exchange::decode(&exchange::encode(&lists)).unwrap(), lists);
    let found = exchange::from_files(&exchange::to_files(&lists));
    assert!(found.refused.is_empty());
    // Without entries there is no folder.
    assert_eq!(found.lists.len(), 1);
    assert_eq!(found.lists[0].list, lists[0]);
    assert!(!found.lists[0].is_guess);
}

#[test]
fn what_is_not_what_it_says_is_refused() {
    let text = String::from_utf8(exchange::encode(&[suite::list("r.io/a:1", &["r.io/a:x"])])).unwrap();
    let forged = text.replace("r.io/a:x <", "r.io/a:y <");
    assert_ne!(text, forged);
    assert!(matches!(exchange::decode(forged.as_bytes()), Err(ExchangeError::Digest { .. })));
    let newer = text.replace("\"tallyman\":1", "\"tallyman\":2");
    assert_eq!(exchange::decode(newer.as_bytes()), Err(ExchangeError::Version { found: 2 }));
    assert!(matches!(exchange::decode(b"{}"), Err(ExchangeError::Form { .. })));
}

#[test]
#[cfg(feature = "archive")]
fn an_archive_holds_the_folder_of_the_docker_cli() {
    let lists = [suite::list("r.io/app:v1", &["r.io/app:amd64", "r.io/app:arm64"])];
    let files = exchange::to_files(&lists);
    let unpacked = unpack(&exchange::pack(&files)).unwrap();
    assert_eq!(unpacked, files);
    assert!(unpacked[0].0.starts_with("manifests/r.io_app-v1/r.io_app-"));
    assert!(unpack(b"no archive").unwrap_err().starts_with("expected a zip archive"));
}

fn unpack(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let inflate = async |deflated: Vec<u8>, size: u64| {
        let mut inflated = Vec::new();
        let mut decoder = DeflateDecoder::new(&*deflated).take(size + 1);
        decoder.read_to_end(&mut inflated).ok().map(|_| inflated)
    };
    exchange::unpack(archive, inflate).now_or_never().expect("nothing is waited for")
}

/// An archive of one file `l/e` that says what it is: method, flags, checksum, size.
fn archive(packed: &[u8], method: u16, flags: u16, sum: u32, size: u32) -> Vec<u8> {
    let name = b"l/e";
    let mut shared = Vec::new();
    for number in [20, flags, method, 0, 0] {
        shared.extend(number.to_le_bytes());
    }
    for number in [sum, packed.len() as u32, size] {
        shared.extend(number.to_le_bytes());
    }
    shared.extend((name.len() as u16).to_le_bytes());
    let mut bytes = [b"PK\x03\x04", &*shared, &[0; 2], name, packed].concat();
    let start = bytes.len() as u32;
    bytes.extend([b"PK\x01\x02\x14\x00", &*shared, &[0; 16], name].concat());
    let length = bytes.len() as u32 - start;
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    bytes.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
    bytes.extend([0; 2]);
    bytes
}

#[test]
fn a_compressed_archive_is_unpacked_and_one_that_is_not_what_it_says_is_refused() {
    let content = vec![b'a'; 100_000];
    let mut encoder = DeflateEncoder::new(&*content, Compression::best());
    let mut deflated = Vec::new();
    encoder.read_to_end(&mut deflated).unwrap();
    let mut crc = Crc::new();
    crc.update(&content);
    let (sum, size) = (crc.sum(), content.len() as u32);
    assert_eq!(unpack(&archive(&deflated, 8, 0, sum, size)), Ok(vec![("l/e".to_owned(), content)]));
    for (archive, said) in [
        (archive(&deflated, 8, 0, sum + 1, size), "the archive is damaged: expected 100000 bytes"),
        (archive(&deflated, 8, 0, sum, size - 1), "the archive is damaged: expected 99999 bytes"),
        (archive(&deflated[1..], 8, 0, sum, size), "the archive is damaged"),
        (archive(&deflated, 8, 1, sum, size), "expected files that anyone can read, found l/e encrypted"),
        (
            archive(&deflated, 12, 0, sum, size),
            "expected files that are stored or deflated, found l/e packed by",
        ),
        (archive(&deflated, 8, 0, sum, u32::MAX - 1), "l/e has more than 16777216 bytes"),
    ] {
        let refused = unpack(&archive).unwrap_err();
        assert!(refused.starts_with(said), "{refused}");
    }
    let whole = archive(&deflated, 8, 0, sum, size);
    assert!(unpack(&whole[..whole.len() - 30]).unwrap_err().starts_with("expected a zip archive"));
}

#[test]
fn an_archive_of_many_large_files_is_refused_before_it_is_unpacked() {
    let files: Vec<_> = (0..5).map(|at| (format!("l/{at}"), vec![0; 15 * 1024 * 1024])).collect();
    let refused = unpack(&exchange::pack(&files)).unwrap_err();
    assert!(refused.contains("more than 67108864 bytes when it is unpacked"), "{refused}");
}

/// Every folder that the Docker CLI wrote in the recordings, and the name of its list.
#[test]
fn folders_that_docker_wrote_are_named_and_read() {
    let recordings =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/docker-manifest/cli-28.2.2");
    let mut seen = 0;
    for scenario in fs::read_dir(recordings).unwrap() {
        let scenario = scenario.unwrap().path();
        let Ok(folders) = fs::read_dir(scenario.join("store")) else { continue };
        let commands = fs::read_to_string(scenario.join("cmd.txt")).unwrap();
        for folder in folders {
            let folder = folder.unwrap().path();
            let files: Vec<_> = fs::read_dir(&folder)
                .unwrap()
                .map(|file| file.unwrap().path())
                .map(|file| (file.display().to_string(), fs::read(&file).unwrap()))
                .collect();
            let found = exchange::from_files(&files);
            assert_eq!(found.refused, [], "{}", folder.display());
            let list = &found.lists[0].list;
            assert_eq!(list.reference().file_name(), folder.file_name().unwrap().to_string_lossy());
            assert_eq!(list.len(), files.len());
            assert!(
                commands.contains(&list.reference().to_string()),
                "{} is not what the commands say:\n{commands}",
                list.reference()
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} folders");
}
