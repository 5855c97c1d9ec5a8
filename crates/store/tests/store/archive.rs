//! Lists in zip archives: our own, and those of other programs.
#![cfg(not(target_arch = "wasm32"))]

use std::io::Read;

use flate2::{
    Compression, Crc,
    read::{DeflateDecoder, DeflateEncoder},
};
use futures_util::FutureExt;
use tallyman_store::exchange;

#[test]
fn an_archive_holds_the_folder_of_the_docker_cli() {
    let lists = [crate::suite::list("r.io/app:v1", &["r.io/app:amd64", "r.io/app:arm64"])];
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
