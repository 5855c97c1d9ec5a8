//! Compressed layers: gzip members, zstd frames, and what is damaged of them.

use tallyman_core::Digest;
use tallyman_layers::{Compression, Error, Expected, LayerReader, LimitKind, Limits};

use crate::support::{archive, by_path, gzip, read, read_as};

/// Sizes of pieces: single bytes, odd ones, all at once.
const PIECES: &[usize] = &[1, 7, 1000, usize::MAX];

/// The files that the fixtures were made of, by `tar --format=ustar`.
fn fixture_files() -> Vec<(String, usize)> {
    vec![
        ("app/".into(), 0),
        ("app/lines.txt".into(), 200_000),
        ("app/zeros".into(), 300_000),
        ("hello".into(), 6),
    ]
}

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names and sizes that a layer has, and the last file's content.
fn names_and_sizes(bytes: &[u8], piece: usize) -> Result<Vec<(String, usize)>, Error> {
    let files = read(bytes, piece)?;
    let name = |entry: &tallyman_layers::Entry| {
        let slash = if entry.kind == tallyman_layers::EntryKind::Directory { "/" } else { "" };
        format!("{}{slash}", entry.path)
    };
    Ok(files.iter().map(|(entry, content)| (name(entry), content.len())).collect())
}

#[test]
fn gzip_of_one_member_or_many_is_read() {
    let tar = archive(&[("etc/", ""), ("etc/motd", "hello"), ("etc/hosts", "127.0.0.1 localhost")]);
    let whole = gzip(&tar);
    // Each block a member of its own, as eStargz has each file.
    let members: Vec<u8> = tar.chunks(512).flat_map(gzip).collect();
    let padded = [&whole[..], &[0; 700]].concat();
    for bytes in [&tar, &whole, &members, &padded] {
        for piece in PIECES {
            let files = read(bytes, *piece).expect("the layer is whole");
            let contents = by_path(&files, |_, content| String::from_utf8_lossy(content).into_owned());
            assert_eq!(contents["etc/motd"], "hello");
            assert_eq!(contents["etc/hosts"], "127.0.0.1 localhost");
            assert_eq!(contents.len(), 3);
        }
    }
}

#[test]
fn gzip_with_every_optional_field_is_read() {
    let tar = archive(&[("hello", "hello")]);
    let plain = gzip(&tar);
    let mut bytes = plain[..10].to_vec();
    bytes[3] = 2 | 4 | 8 | 16;
    bytes.extend_from_slice(b"\x04\0abcdname.tar\0a comment\0\x12\x34");
    bytes.extend_from_slice(&plain[10..]);
    // The empty extra field and the empty name.
    let mut empty = plain[..10].to_vec();
    empty[3] = 4 | 8;
    empty.extend_from_slice(b"\0\0\0");
    empty.extend_from_slice(&plain[10..]);
    for bytes in [bytes, empty] {
        for piece in PIECES {
            assert_eq!(names_and_sizes(&bytes, *piece), Ok(vec![("hello".to_owned(), 5)]));
        }
    }
}

#[test]
fn zstd_frames_of_every_kind_are_read() {
    // Made by zstd: -3; -19 --long=22; --no-check; many frames with skippable ones between and behind them, as
    // zstd:chunked has them; and from a pipe, so that no size is known.
    for name in ["fast.tar.zst", "long.tar.zst", "unchecked.tar.zst", "chunked.tar.zst", "streamed.tar.zst"] {
        for piece in PIECES {
            let found = names_and_sizes(&fixture(name), *piece);
            assert_eq!(found, Ok(fixture_files()), "{name} in pieces of {piece}");
        }
    }
}

#[test]
fn a_zstd_frame_that_looks_back_too_far_is_refused() {
    let limits = Limits { window: 1 << 20, ..Limits::default() };
    let error = read_as(&fixture("long.tar.zst"), 1000, limits, Expected::default());
    assert_eq!(error, Err(Error::Limit { kind: LimitKind::Window, limit: 1 << 20, path: None }));
}

#[test]
fn damage_to_compressed_bytes_is_named() {
    let tar = archive(&[("hello", "hello"), ("other", "other")]);
    let mut wrong_sum = gzip(&tar);
    let end = wrong_sum.len();
    wrong_sum[end - 5] ^= 1;
    let mut wrong_size = gzip(&tar);
    wrong_size[end - 1] ^= 1;
    let mut wrong_deflate = gzip(&tar);
    wrong_deflate[10] = 0xff;
    let mut flagged = gzip(&tar);
    flagged[3] = 0x80;
    let mut method = gzip(&tar);
    method[2] = 7;
    let mut wrong_zstd = fixture("fast.tar.zst");
    let end = wrong_zstd.len();
    wrong_zstd[end - 1] ^= 1;
    let mut between = fixture("fast.tar.zst");
    between.extend_from_slice(b"more");
    let cases: &[(Vec<u8>, &str)] = &[
        (wrong_sum, "expected the CRC-32"),
        (wrong_size, "expected the size"),
        (wrong_deflate, "the deflate stream is not valid"),
        (flagged, "expected no reserved flags, found 0x80"),
        (method, "expected the method 8 (deflate), found 7"),
        ([&gzip(&tar)[..], b"garbage"].concat(), "expected the end, another member or zeros"),
        (wrong_zstd, "in frame 1: expected the checksum"),
        (between, "in frame 2: expected a frame, which begins with fd2fb528, found 65726f6d"),
    ];
    for (bytes, reason) in cases {
        for piece in PIECES {
            let error = read(bytes, *piece).expect_err("the layer is damaged").to_string();
            assert!(error.contains(reason), "expected {reason:?}, found {error:?}");
        }
    }
}

#[test]
fn a_truncated_layer_is_named_wherever_it_ends() {
    let tar = archive(&[("hello", "hello"), ("a/very/long/path".repeat(20).as_str(), "content")]);
    let zstd = fixture("fast.tar.zst");
    for whole in [gzip(&tar), zstd] {
        for end in (1..whole.len()).step_by(whole.len().div_ceil(200)) {
            let error = read(&whole[..end], 1000).expect_err("the layer is truncated");
            assert!(matches!(error, Error::Truncated { .. }), "at {end}: {error}");
        }
    }
    // Without the zeros at the end and the padding before them an archive is whole, as for Go's `archive/tar`; in the middle of a
    // header or of content it is not.
    let last = tar.len() - 1024 - 512 + "content".len();
    for end in [tar.len() - 1024, tar.len() - 1025, last] {
        assert_eq!(read(&tar[..end], 1000).map(|files| files.len()), Ok(2), "at {end}");
    }
    for end in [100, 512 + 3, 1024 + 1, 1536, last - 1] {
        let error = read(&tar[..end], 1000).expect_err("the layer is truncated");
        assert!(matches!(error, Error::Truncated { .. }), "at {end}: {error}");
    }
}

#[test]
fn a_layer_that_is_not_what_its_descriptor_says_is_named() {
    let tar = archive(&[("hello", "hello")]);
    let layer = gzip(&tar);
    let right = Expected {
        size: Some(layer.len() as u64),
        digest: Some(Digest::of(&layer)),
        diff_id: Some(Digest::of(&tar)),
    };
    let other = Digest::of(b"other");
    let read = |bytes: &[u8], expected: Expected| {
        read_as(bytes, 100, Limits::default(), expected).map(|files| files.len())
    };
    assert_eq!(read(&layer, right.clone()), Ok(1));
    let plain = Expected { size: None, digest: right.diff_id.clone(), ..right.clone() };
    assert_eq!(read(&tar, plain.clone()), Ok(1));
    assert_eq!(
        read(&layer, Expected { digest: Some(other.clone()), ..right.clone() }),
        Err(Error::Digest { expected: other.clone(), found: Digest::of(&layer) })
    );
    for (bytes, expected) in [(&layer, right.clone()), (&tar, plain)] {
        assert_eq!(
            read(bytes, Expected { diff_id: Some(other.clone()), ..expected }),
            Err(Error::DiffId { expected: other.clone(), found: Digest::of(&tar) })
        );
    }
    let size = layer.len() as u64;
    assert_eq!(
        read(&layer, Expected { size: Some(size + 1), ..right.clone() }),
        Err(Error::Size { expected: size + 1, found: size })
    );
    let error = read(&layer, Expected { size: Some(50), ..right }).expect_err("it is longer");
    assert_eq!(error, Error::Size { expected: 50, found: size });
}

#[test]
fn other_compressions_are_named() {
    for (bytes, found) in [
        (&b"BZh91AY&SY"[..], "bzip2"),
        (b"\xfd7zXZ\0\0\0", "xz"),
        (b"\x04\x22\x4d\x18\x64\x40", "lz4"),
        (&[&b"hsqs\x05"[..], &[0; 1000]].concat(), "a squashfs image"),
    ] {
        assert_eq!(read(bytes, 100), Err(Error::Compression { found }));
    }
    assert_eq!(read(&archive(&[("hsqs", "")]), 5).map(|files| files.len()), Ok(1), "a name is no magic");
    assert_eq!(Compression::of(b"\x1f", false), Ok(None));
    assert_eq!(Compression::of(b"\x50\x2a\x4d\x18\0\0\0\0", false), Ok(Some(Compression::Zstd)));
}

#[test]
fn an_empty_layer_has_no_entries() {
    for bytes in [&[][..], &[0; 1024], &gzip(&[0; 1024]), &gzip(&[])] {
        assert_eq!(read(bytes, 100), Ok(Vec::new()));
    }
}

#[test]
fn bytes_are_counted_while_a_layer_is_read() {
    let tar = archive(&[("zeros", &"\0".repeat(100_000))]);
    let layer = gzip(&tar);
    let mut reader = LayerReader::new(Limits::default());
    reader.push(layer.clone().into()).expect("the layer is whole");
    while reader.next().expect("the layer is whole").is_some() {}
    assert_eq!(reader.compression(), Some(Compression::Gzip));
    assert_eq!((reader.given(), reader.unpacked()), (layer.len() as u64, tar.len() as u64));
}
