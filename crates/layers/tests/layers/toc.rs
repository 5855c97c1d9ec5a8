//! Layers with a table of contents: their entries and files, read from parts of them alone.

#[path = "support/lazy.rs"]
mod lazy;

use std::{collections::BTreeMap, ops::Range};

use tallyman_core::Digest;
use tallyman_layers::{
    ContentsReader, ContentsStep, Device, Entry, EntryKind, Error, LimitKind, Limits, TableOfContents,
};

use crate::support::{file, path, read};
use lazy::{FORMS, Form, LazyLayer, layer};

const CHUNK: usize = 1000;

fn large() -> Vec<u8> {
    (0..4500_u32).map(|number| (number % 251) as u8).collect()
}

fn entries() -> Vec<(Entry, Vec<u8>)> {
    // No name is known of the user 7.
    let link = |name: &str, kind, link: &str| Entry {
        kind,
        link: link.as_bytes().into(),
        uid: 7,
        ..Entry::directory(path(name))
    };
    let root = |name: &str, size| Entry { user: "root".into(), ..file(name, size) };
    vec![
        (Entry::directory(path("etc")), vec![]),
        (root("etc/motd", 6), b"hello\n".to_vec()),
        (Entry { mode: 0o4755, ..root("bin/su", 4500) }, large()),
        (root("etc/empty", 0), vec![]),
        (link("etc/os-release", EntryKind::Symlink, "../usr/lib/os-release"), vec![]),
        (link("bin/sh", EntryKind::HardLink, "bin/su"), vec![]),
        (
            Entry {
                device: Device { major: 1, minor: 3 },
                ..link("dev/null", EntryKind::CharacterDevice, "")
            },
            vec![],
        ),
        (root("usr/.wh.games", 0), vec![]),
        (root("usr/lib/os-release", 12), b"NAME=Sample\n".to_vec()),
    ]
}

fn sample(form: Form, change: impl Fn(String) -> String) -> LazyLayer {
    let entries = entries();
    let files: Vec<_> = entries.iter().map(|(entry, content)| (entry.clone(), &content[..])).collect();
    layer(form, &files, CHUNK, change)
}

fn bytes(layer: &LazyLayer, range: &Range<u64>) -> Vec<u8> {
    layer.bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
}

type Found = (Option<Box<TableOfContents>>, Vec<Range<u64>>);

/// Reads a table of contents, and the ranges that were needed for it.
fn contents(layer: &LazyLayer, limits: Limits) -> Result<Found, Error> {
    let mut ranges = Vec::new();
    let size = layer.bytes.len() as u64;
    let mut reader = ContentsReader::of(&layer.annotations, size, limits).expect("it has one");
    loop {
        let range = reader.range();
        let bytes = bytes(layer, &range);
        ranges.push(range);
        match reader.take(&bytes)? {
            ContentsStep::Next(next) => reader = next,
            ContentsStep::Done(contents) => return Ok((Some(contents), ranges)),
            ContentsStep::None => return Ok((None, ranges)),
        }
    }
}

fn known(layer: &LazyLayer) -> Box<TableOfContents> {
    contents(layer, Limits::default()).expect("the table is right").0.expect("there is one")
}

/// The content of a file, read from its range alone in pieces of a size.
fn content(layer: &LazyLayer, name: &str, piece: usize) -> Result<Vec<u8>, Error> {
    let contents = known(layer);
    let number =
        contents.index().entries().iter().position(|entry| entry.path == path(name)).expect("it is there");
    let mut file = contents.file(number).expect("its place is known");
    let place = layer.places.get(name).cloned().unwrap_or(0..0);
    // eStargz does not tell where a file ends: the next one's begins behind it and its own header.
    let next = layer.places.values().map(|place| place.start).filter(|start| *start > place.start).min();
    let ends = [place.end, next.unwrap_or(layer.contents[layer.contents.len() - 1].start)];
    let range = file.range();
    assert!(range.start == place.start && ends.contains(&range.end), "{range:?} for {place:?}");
    let mut content = Vec::new();
    for piece in bytes(layer, &file.range()).chunks(piece) {
        file.push(piece.to_vec().into());
        while let Some(bytes) = file.next()? {
            content.extend_from_slice(bytes);
        }
    }
    file.finish()?;
    Ok(content)
}

#[test]
fn entries_are_those_of_the_whole_layer() {
    for form in FORMS {
        let layer = sample(form, |json| json);
        let (found, ranges) = contents(&layer, Limits::default()).expect("the table is right");
        assert_eq!(ranges, layer.contents, "nothing else is needed");
        let found = found.expect("there is one");
        let whole = read(&layer.bytes, 700).expect("the layer is whole");
        let found = found.index();
        let shown = |entry: &Entry| {
            let size = entry.size;
            (
                entry.path.clone(),
                entry.kind,
                entry.mode,
                entry.user.clone(),
                size,
                entry.link.clone(),
                entry.device,
            )
        };
        let of_whole: Vec<_> = whole.iter().map(|(entry, _)| shown(entry)).collect();
        let of_contents: Vec<_> = found.entries().iter().map(shown).collect();
        assert_eq!(of_contents, of_whole, "{form:?}");
        assert_eq!(found.entries()[1].mtime, 1_769_846_700);
        for (number, (entry, content)) in whole.iter().enumerate() {
            let digest = (entry.kind == EntryKind::File).then(|| Digest::of(content));
            assert_eq!(found.digest(number), digest.as_ref(), "{}", entry.path);
        }
    }
}

#[test]
fn files_are_read_from_their_own_bytes() {
    for form in FORMS {
        let layer = sample(form, |json| json);
        assert!(known(&layer).has_digests());
        for piece in [1, 77, usize::MAX] {
            assert_eq!(content(&layer, "etc/motd", piece).as_deref(), Ok(&b"hello\n"[..]));
            assert_eq!(content(&layer, "bin/su", piece), Ok(large()));
            assert_eq!(content(&layer, "etc/empty", piece).as_deref(), Ok(&b""[..]));
        }
    }
}

#[test]
fn holes_of_files_are_compared_with_zeros() {
    let content = [&[7; CHUNK][..], &[0; CHUNK]].concat();
    let entry = file("sparse", content.len());
    let hole = Digest::of(&[0; CHUNK]);
    let content_of = |layer: &LazyLayer| self::content(layer, "sparse", 99);
    let as_hole =
        |json: String| json.replace(&format!(r#""chunkDigest":"{hole}""#), r#""chunkType":"zeros""#);
    let holed = layer(Form::ZstdChunked, &[(entry.clone(), &content)], CHUNK, as_hole);
    assert_eq!(content_of(&holed), Ok(content));
    let other = [&[7; CHUNK][..], &[1; CHUNK]].concat();
    let as_lie = |json: String| {
        json.replace(&format!(r#""chunkDigest":"{}""#, Digest::of(&[1; CHUNK])), r#""chunkType":"zeros""#)
    };
    let lying = layer(Form::ZstdChunked, &[(entry, &other)], CHUNK, as_lie);
    assert!(matches!(content_of(&lying), Err(Error::Contents { .. })));
}

#[test]
fn files_that_share_a_member_are_told_apart() {
    // Both stand in one gzip member, the second behind the first and its padding.
    let mut layer = sample(Form::Estargz, |json| json);
    let shared = lazy::member(b"firstsecond");
    let item = |name: &str, inner: u64, content: &[u8]| {
        format!(
            r#"{{"name":"{name}","type":"reg","size":{},"offset":0,"innerOffset":{inner},"digest":"{}"}}"#,
            content.len(),
            Digest::of(content)
        )
    };
    let entries = [item("a", 0, b"first"), item("b", 5, b"second")].join(",");
    let json = format!(r#"{{"version":1,"entries":[{entries}]}}"#);
    let table = layer_of_table(&json);
    layer.bytes = [&shared[..], &table[..]].concat();
    layer
        .annotations
        .insert("containerd.io/snapshot/stargz/toc.digest".into(), Digest::of(json.as_bytes()).to_string());
    let at = shared.len() as u64;
    layer.bytes.extend(footer(at));
    layer.places = [("a".to_owned(), 0..at), ("b".to_owned(), 0..at)].into();
    assert_eq!(content(&layer, "a", 3).as_deref(), Ok(&b"first"[..]));
    assert_eq!(content(&layer, "b", 3).as_deref(), Ok(&b"second"[..]));
}

#[test]
fn a_file_may_compress_better_than_a_layer_and_is_refused_before_its_first_byte() {
    let (stored, zeros) = (vec![7; 20_000], vec![0; 4 << 20]);
    let first = lazy::member(&stored);
    let item = |name: &str, offset: usize, content: &[u8]| {
        let (size, digest) = (content.len(), Digest::of(content));
        format!(r#"{{"name":"{name}","type":"reg","size":{size},"offset":{offset},"digest":"{digest}"}}"#)
    };
    let entries = [item("stored", 0, &stored), item("zeros", first.len(), &zeros)].join(",");
    let json = format!(r#"{{"version":1,"entries":[{entries}]}}"#);
    let mut layer = sample(Form::Estargz, |json| json);
    layer.bytes = [first, crate::support::gzip(&zeros)].concat();
    let at = layer.bytes.len() as u64;
    layer.bytes.extend(layer_of_table(&json));
    layer.bytes.extend(footer(at));
    let digest = Digest::of(json.as_bytes()).to_string();
    layer.annotations.insert("containerd.io/snapshot/stargz/toc.digest".into(), digest);
    let open = |ratio| {
        let limits = Limits { ratio, ratio_from: 1 << 20, ..Limits::default() };
        let table = contents(&layer, limits).expect("the table is right").0.expect("there is one");
        let mut file = table.file(1).expect("its place is known");
        file.push(bytes(&layer, &file.range()).into());
        file
    };
    // Its own bytes have a ratio of some 1000, those of the layer one of less than 200.
    let mut file = open(200);
    let mut size = 0;
    while let Some(bytes) = file.next().expect("it is as large as the table says") {
        size += bytes.len();
    }
    assert_eq!((size, file.finish()), (zeros.len(), Ok(())));
    let refused = open(100).next().map(|bytes| bytes.map(<[u8]>::len));
    assert!(matches!(refused, Err(Error::Limit { kind: LimitKind::Ratio, .. })), "{refused:?}");
}

fn layer_of_table(json: &str) -> Vec<u8> {
    lazy::member(&crate::support::archive(&[("stargz.index.json", json)]))
}

fn footer(offset: u64) -> Vec<u8> {
    let start = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0";
    [start, format!("{offset:016x}STARGZ").as_bytes(), b"\x01\0\0\xff\xff\0\0\0\0\0\0\0\0"].concat()
}

#[test]
fn a_table_that_is_not_the_one_of_the_annotations_is_refused() {
    for form in FORMS {
        let mut layer = sample(form, |json| json);
        let at = usize::try_from(layer.contents.last().expect("there is one").start).unwrap();
        let name =
            layer.bytes[at..].windows(8).position(|part| part == b"etc/motd").expect("it is stored") + at;
        layer.bytes[name..name + 8].copy_from_slice(b"etc/evil");
        let error = contents(&layer, Limits::default()).expect_err("it is another one");
        // gzip has a checksum of its own, which is looked at first.
        let is_named = matches!(error, Error::ContentsDigest { .. } | Error::Gzip { .. });
        assert!(is_named, "{error}");
        let mut lying = sample(form, |json| json);
        let digest = Digest::of(b"another").to_string();
        for (key, value) in &mut lying.annotations {
            if key.contains("digest") || key.contains("checksum") {
                value.clone_from(&digest);
            }
        }
        let error = contents(&lying, Limits::default()).expect_err("the annotation is another one");
        assert!(matches!(error, Error::ContentsDigest { .. }), "{error}");
        assert_eq!(error.code(), "digest-mismatch");
    }
}

#[test]
fn a_layer_of_zstd_chunked_may_have_the_annotation_of_estargz_too() {
    let mut layer = sample(Form::ZstdChunked, |json| json);
    let key = "containerd.io/snapshot/stargz/toc.digest".to_owned();
    layer.annotations.insert(key, Digest::of(b"another form").to_string());
    assert_eq!(known(&layer).index().entries().len(), entries().len());
    // Without a position that can be right, it is eStargz's.
    let position = "io.github.containers.zstd-chunked.manifest-position";
    layer.annotations.insert(position.to_owned(), "1:2:3".to_owned());
    let size = layer.bytes.len() as u64;
    let reader = ContentsReader::of(&layer.annotations, size, Limits::default()).expect("it may have one");
    assert_eq!(reader.range(), size - 51..size);
}

#[test]
fn a_file_that_is_not_what_the_table_says_is_refused() {
    for form in FORMS {
        let layer = sample(form, |json| {
            json.replacen(Digest::of(b"hello\n").as_str(), Digest::of(b"bye").as_str(), 2)
        });
        let error = content(&layer, "etc/motd", 50).expect_err("it is another one");
        let Error::ChunkDigest { path, offset, found, .. } = &error else { panic!("{error}") };
        assert_eq!((path.as_str(), *offset, found), ("etc/motd", 0, &Digest::of(b"hello\n")));
        // The second piece of the large one.
        let piece = Digest::of(&large()[CHUNK..2 * CHUNK]);
        let layer = sample(form, |json| json.replace(piece.as_str(), Digest::of(b"bye").as_str()));
        let error = content(&layer, "bin/su", 50).expect_err("it is another one");
        assert!(matches!(error, Error::ChunkDigest { offset: 1000, .. }), "{error}");
        // Fewer bytes than it has.
        let contents = known(&sample(form, |json| json));
        let mut file = contents.file(1).expect("its place is known");
        assert!(file.next().expect("nothing is wrong yet").is_none());
        assert!(matches!(file.finish(), Err(Error::Truncated { .. })));
    }
}

#[test]
fn damaged_tables_are_named_and_unknown_ones_are_passed_over() {
    for form in FORMS {
        for (from, to, reason) in [
            (r#""type":"fifo""#, r#""type":"fifo""#, ""),
            (r#""type":"char""#, r#""type":"window""#, "expected a known type of \"dev/null\""),
            (r#""name":"etc/motd""#, r#""name":7"#, "expected a string as entries[1].name"),
            (r#""chunkOffset":2000"#, r#""chunkOffset":1000"#, "expected the pieces of \"bin/su\""),
            (r#""chunkOffset":2000"#, r#""chunkOffset":9000"#, "expected the pieces of \"bin/su\""),
            (r#""type":"dir""#, r#""type":"chunk""#, "expected a file before its piece"),
            (r#""uid":7"#, r#""uid":-2147483649"#, "expected the number of the owner of \"etc/os-release\""),
            (r#""size":6"#, r#""size":-6"#, "expected a whole number of 0 or more as entries[1].size"),
            (r#""devMajor":1"#, r#""devMajor":4294967296"#, "expected the numbers of device \"dev/null\""),
        ] {
            let layer = sample(form, |json| json.replacen(from, to, 1));
            let found = contents(&layer, Limits::default()).err().map(|error| error.to_string());
            assert_eq!(found.is_some(), !reason.is_empty(), "{reason}: {found:?}");
            assert!(found.unwrap_or_default().contains(reason), "{reason}");
        }
        let layer = sample(form, |json| json.replacen(r#""version":1"#, r#""version":2"#, 1));
        assert!(contents(&layer, Limits::default()).expect("it is not read").0.is_none());
        let layer = sample(form, |json| json.replacen(r#""name":"etc/motd""#, r#""name":"../motd""#, 2));
        let found = contents(&layer, Limits::default()).err();
        assert!(matches!(found, Some(Error::PathEscapes { .. })), "{found:?}");
        // No digest: the place is of no use.
        let layer = sample(form, |json| {
            let digest = Digest::of(b"hello\n");
            json.replacen(&format!(r#""digest":"{digest}","#), "", 1).replacen(
                &format!(r#","chunkDigest":"{digest}""#),
                "",
                1,
            )
        });
        let found = known(&layer);
        assert!(found.file(1).is_none() && !found.has_digests());
        for (limits, expected) in [
            (Limits { entries: 3, ..Limits::default() }, LimitKind::Entries),
            (Limits { metadata: 30, ..Limits::default() }, LimitKind::Metadata),
        ] {
            let found = contents(&sample(form, |json| json), limits).err();
            assert!(matches!(found, Some(Error::Limit { kind, .. }) if kind == expected), "{found:?}");
        }
    }
}

#[test]
fn negative_owners_are_numbers_of_32_bits_and_odd_times_are_read() {
    for form in FORMS {
        let layer = sample(form, |json| {
            json.replacen(r#""uid":7,"gid":0"#, r#""uid":-2,"gid":-1"#, 1).replacen(
                "2026-01-31T08:05:00Z",
                "1969-12-31T23:59:58.5Z",
                1,
            )
        });
        let contents = known(&layer);
        let entries = contents.index().entries();
        let link = entries.iter().find(|entry| entry.uid > 7).expect("it is there");
        assert_eq!((link.uid, link.gid), (4_294_967_294, 4_294_967_295));
        assert_eq!((entries[0].mtime, entries[0].mtime_nanos), (-2, 500_000_000));
    }
}

#[test]
fn a_table_that_passes_a_limit_is_read_no_further() {
    let item = |rest: &str| format!(r#"{{"name":"a","type":"reg","size":9{rest}}},"#);
    let piece = |at: usize| format!(r#"{{"name":"a","type":"chunk","offset":{at},"chunkOffset":{at}}},"#);
    let pieces: String = (1..9).map(piece).collect();
    let members = r#","x":0"#.repeat(200);
    for (items, limits, expected) in [
        (item("").repeat(4), Limits { entries: 3, ..Limits::default() }, LimitKind::Entries),
        (item("") + &pieces, Limits { metadata: 200, ..Limits::default() }, LimitKind::Metadata),
        (item(&members), Limits { extended_header: 1000, ..Limits::default() }, LimitKind::ExtendedHeader),
    ] {
        // The value behind it is not an entry, and is never read.
        let json = format!(r#"{{"entries":[{items}7],"version":1}}"#);
        for form in FORMS {
            let layer = sample(form, |_| json.clone());
            let found = contents(&layer, limits).err();
            assert!(matches!(found, Some(Error::Limit { kind, .. }) if kind == expected), "{found:?}");
        }
    }
}

#[test]
fn layers_without_a_usable_place_are_read_whole() {
    let annotation = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let digest = Digest::of(b"").to_string();
    let checksum = annotation("io.github.containers.zstd-chunked.manifest-checksum", &digest);
    let stargz = "containerd.io/snapshot/stargz/toc.digest";
    for annotations in [
        vec![],
        vec![annotation(stargz, "no digest")],
        vec![checksum.clone()],
        vec![checksum.clone(), annotation("io.github.containers.zstd-chunked.manifest-position", "10:20:30")],
        vec![
            checksum.clone(),
            annotation("io.github.containers.zstd-chunked.manifest-position", "990:20:30:1"),
        ],
        vec![
            checksum.clone(),
            annotation("io.github.containers.zstd-chunked.manifest-position", "10:20:30:2"),
        ],
        vec![
            checksum,
            annotation("io.github.containers.zstd-chunked.manifest-position", "18446744073709551615:2:3:1"),
        ],
    ] {
        let annotations = annotations.into_iter().collect();
        assert!(ContentsReader::of(&annotations, 1000, Limits::default()).is_none(), "{annotations:?}");
    }
    // The annotation stayed behind when somebody compressed the layer anew.
    let annotations = [annotation(stargz, &digest)].into();
    let reader = ContentsReader::of(&annotations, 1000, Limits::default()).expect("it says so");
    assert!(matches!(reader.take(&[7; 51]), Ok(ContentsStep::None)));
    let reader = ContentsReader::of(&annotations, 1000, Limits::default()).expect("it says so");
    assert!(matches!(reader.take(&footer(950)), Ok(ContentsStep::None)));
}

#[test]
fn a_layer_that_the_library_of_estargz_made_is_read() {
    // Made by version 0.14.3 of that library, with pieces of 4000 bytes.
    let fixture = format!("{}/tests/fixtures/estargz.tar.gz", env!("CARGO_MANIFEST_DIR"));
    let digest = "sha256:06ee1105922829b1000fdbb186af5365671cc6ef26bbf24e4852b84320d0168d";
    let annotation = ("containerd.io/snapshot/stargz/toc.digest".to_owned(), digest.to_owned());
    let bytes = std::fs::read(&fixture).unwrap_or_else(|error| panic!("{fixture}: {error}"));
    let whole = read(&bytes, 700).expect("the layer is whole");
    let (annotations, places, contents) = ([annotation].into(), BTreeMap::new(), Vec::new());
    let layer = LazyLayer { bytes, annotations, places, contents };
    let found = known(&layer);
    assert!(found.has_digests());
    assert_eq!(found.index().entries().len(), 11);
    for (number, (entry, content)) in whole.iter().enumerate() {
        let listed = &found.index().entries()[number];
        // The table tells the names of a user and a group once.
        let known = |entry: &Entry| {
            let names = (Box::default(), Box::default());
            Entry { header_offset: 0, content_offset: 0, user: names.0, group: names.1, ..entry.clone() }
        };
        assert_eq!(known(listed), known(entry));
        if entry.kind != EntryKind::File || entry.path == path("stargz.index.json") {
            continue;
        }
        let mut file = found.file(number).expect("its place is known");
        file.push(self::bytes(&layer, &file.range()).into());
        let mut read = Vec::new();
        while let Some(bytes) = file.next().expect("it is what the table says") {
            read.extend_from_slice(bytes);
        }
        file.finish().expect("it is whole");
        assert_eq!(&read, content, "{}", entry.path);
    }
}
