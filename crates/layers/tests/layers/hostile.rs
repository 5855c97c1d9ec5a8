//! Layers that are made to exhaust or to mislead whoever reads them.

use std::time::{Duration, Instant};

use tallyman_layers::{
    DifferenceKind, Entry, EntryKind, Error, Event, Expected, Export, ImageTree, LayerIndex, LayerPath,
    LayerReader, LimitKind, Limits, Lookup, TarWriter, differences, look_up,
};

use crate::support::{archive, file, gzip, path, read, read_as};

/// Writes over a field of the header at `offset`, and makes the checksum right again.
fn with_field(mut bytes: Vec<u8>, offset: usize, start: usize, value: &[u8]) -> Vec<u8> {
    bytes[offset + start..offset + start + value.len()].copy_from_slice(value);
    bytes[offset + 148..offset + 156].copy_from_slice(b"        ");
    let sum: u32 = bytes[offset..offset + 512].iter().map(|byte| u32::from(*byte)).sum();
    bytes[offset + 148..offset + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

/// An extended header of PAX records.
fn without_entry(records: &[u8]) -> Vec<u8> {
    let mut header = archive(&[("PaxHeader", &String::from_utf8_lossy(records))]);
    header.truncate(header.len() - 1024);
    with_field(header, 0, 156, b"x")
}

/// An archive of a file `name` behind PAX records.
fn with_records(records: &[u8], name: &str) -> Vec<u8> {
    [without_entry(records), archive(&[(name, "content")])].concat()
}

fn record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let length = (1..).find(|length: &usize| length.to_string().len() + rest == *length);
    format!("{} {key}={value}\n", length.expect("some number fits")).into_bytes()
}

#[test]
fn paths_that_lead_out_are_refused_and_others_are_cleaned() {
    for (name, clean) in [
        ("./usr/./bin//env", "usr/bin/env"),
        ("/etc/passwd", "etc/passwd"),
        ("a/../b", "b"),
        ("a/b/../../c", "c"),
        ("..hidden/...", "..hidden/..."),
    ] {
        let files = read(&with_records(&record("path", name), "name"), 100).expect("it is cleaned");
        assert_eq!(files[0].0.path.to_string(), clean);
    }
    for name in ["../etc/passwd", "a/../../b", "..", "/../x"] {
        let error = read(&with_records(&record("path", name), "name"), 100);
        assert_eq!(error, Err(Error::PathEscapes { offset: 0, path: name.to_owned() }));
    }
    let mut writer = TarWriter::default();
    let link = b"../../etc/shadow".as_slice().into();
    writer.entry(&Entry { kind: EntryKind::HardLink, link, ..Entry::directory(path("a")) });
    assert!(matches!(read(&writer.finish(), 100), Err(Error::PathEscapes { .. })));
}

#[test]
fn damaged_headers_are_named_with_their_place() {
    let tar = archive(&[("first", "content"), ("second", "content")]);
    let mut flipped = tar.clone();
    flipped[1024] ^= 1;
    let Err(Error::Checksum { offset: 1024, expected, found }) = read(&flipped, 100) else {
        panic!("the checksum is wrong");
    };
    assert_eq!(found.parse::<u32>().map(|found| found.abs_diff(expected)), Ok(1));
    let cases: &[(usize, &[u8], &str)] = &[
        (124, b"99999999999\0", "expected the field size as a number, found \"99999999999\""),
        (124, &[0xff; 12], "expected the field size as a number"),
        (100, b"rwxr-x \0", "expected the field mode as a number, found \"rwxr-x \""),
        (156, b"V", "expected an entry's type, found 'V', which layers do not have"),
    ];
    for (start, value, reason) in cases {
        let error = read(&with_field(tar.clone(), 1024, *start, value), 100).expect_err("it is damaged");
        let text = error.to_string();
        assert!(text.contains("at byte 1024: ") && text.contains(reason), "{text}");
    }
}

#[test]
fn headers_that_go_wrote_before_its_version_1_8_keep_their_folders() {
    let tar = archive(&[("file.txt", "hello")]);
    let gnu = with_field(tar, 0, 257, b"ustar  \0");
    let written = |prefix: &[u8]| {
        let bytes = with_field(gnu.clone(), 0, 345, prefix);
        read(&bytes, 100).expect("it is whole")[0].0.path.to_string()
    };
    assert_eq!(written(b"opt/a/long/folder"), "opt/a/long/folder/file.txt");
    // Times of access and change, and what is not text.
    assert_eq!(written(b"14251413463\x0014251413463\0"), "file.txt");
    assert_eq!(written(b"opt/\xff"), "file.txt");
    assert_eq!(written(b""), "file.txt");
}

#[test]
fn negative_owners_are_those_that_the_kernel_makes_of_them() {
    let tar = archive(&[("file", "")]);
    let field = b"\xff\xff\xff\xff\xff\xff\xff\xfe";
    let bytes = with_field(with_field(tar.clone(), 0, 108, field), 0, 116, field);
    let entry = &read(&bytes, 100).expect("engines take it")[0].0;
    assert_eq!((entry.uid, entry.gid), (4_294_967_294, 4_294_967_294));
    let records = [record("uid", "-2"), record("gid", "-1")].concat();
    let entry = &read(&with_records(&records, "file"), 100).expect("engines take it")[0].0;
    assert_eq!((entry.uid, entry.gid), (4_294_967_294, 4_294_967_295));
    let low = with_field(tar, 0, 108, b"\xff\xff\xff\0\0\0\0\0");
    assert!(matches!(read(&low, 100), Err(Error::Header { .. })));
}

#[test]
fn damaged_records_are_named() {
    let cases: &[&[u8]] = &[
        b"path=x\n",
        b"99 path=x\n",
        b"9 path=x",
        b"0 path=x\n",
        b"18446744073709551616 path=x\n",
        b"10 =value\n",
        b"7 path\n\n",
    ];
    for records in cases {
        let error = read(&with_records(records, "name"), 100).expect_err("the records are damaged");
        assert!(error.to_string().contains("expected PAX records"), "{error}");
    }
    for (key, value) in [
        ("size", "-1"),
        ("size", "9223372036854775808"),
        ("uid", "root"),
        ("mtime", "1.x"),
        ("mtime", "1e9"),
        ("GNU.sparse.map", "0,1,x"),
        ("MSWINDOWS.fileattr", "4294967296"),
    ] {
        let error = read(&with_records(&record(key, value), "name"), 100).expect_err("it has no meaning");
        let reason = format!("expected a value of the PAX record {key}, found {value:?}");
        assert!(error.to_string().contains(&reason), "{error}");
    }
    let mut alone = with_records(&record("path", "x"), "name");
    alone.truncate(1024);
    assert!(matches!(read(&alone, 100), Err(Error::Truncated { .. })));
    alone.extend_from_slice(&[0; 1024]);
    let error = read(&alone, 100).expect_err("no entry follows");
    assert!(error.to_string().contains("behind its extended header, found the end"), "{error}");
}

#[test]
fn records_write_over_headers_and_are_taken_back() {
    let records = [
        record("path", "long/name"),
        record("uid", "4000000000"),
        record("gid", "7"),
        record("uname", "ana"),
        record("mtime", "-1.25"),
        record("SCHILY.xattr.user.lines", "one\ntwo"),
        record("SCHILY.xattr.user.gone", "x"),
        record("SCHILY.xattr.user.gone", ""),
        record("gid", ""),
        record("MSWINDOWS.fileattr", "32"),
        record("comment", "passed over"),
    ];
    let files = read(&with_records(&records.concat(), "name"), 100).expect("the records are whole");
    let entry = &files[0].0;
    assert_eq!(entry.path.to_string(), "long/name");
    assert_eq!((entry.uid, entry.gid, &*entry.user), (4_000_000_000, 0, "ana"));
    assert_eq!((entry.mtime, entry.mtime_nanos), (-2, 750_000_000));
    let xattrs: Vec<_> = entry.xattrs.iter().map(|attribute| (&*attribute.name, &*attribute.value)).collect();
    assert_eq!(xattrs, [("user.lines", b"one\ntwo".as_slice())]);
    assert_eq!(entry.windows_attributes, Some(32));
    assert_eq!((entry.header_offset, entry.size), (0, 7));
    assert_eq!(files[0].1, b"content");
}

#[test]
fn archives_are_cut_into_entries_as_engines_cut_them() {
    // Headers in the content of a file: whoever takes it for something without content reads them in place of what follows.
    let inner =
        [archive(&[("bin/harmless", "ok")])[..1024].to_vec(), archive(&[("pad", "")])[..512].to_vec()];
    let inner =
        String::from_utf8(with_field(inner.concat(), 1024, 124, b"00000002000\0")).expect("it is text");
    let hiding = archive(&[("docs", &inner), ("bin/evil", "evil")]);
    let long_name = |name: &str| with_field(archive(&[("x", name)])[..1024].to_vec(), 0, 156, b"L");
    let global = |key, value| with_field(without_entry(&record(key, value)), 0, 156, b"g");
    let plain = || archive(&[("plain", "1")]);
    let sparse_name = record("GNU.sparse.name", "sparse");
    let cases: &[(&str, Vec<u8>, &[&str])] = &[
        ("a slash behind a file's name", with_field(hiding.clone(), 0, 0, b"docs/"), &["docs", "bin/evil"]),
        ("zero bytes before a size", with_field(hiding, 0, 124, b"\x000000003000\0"), &["docs", "bin/evil"]),
        (
            "a long name",
            [without_entry(&record("path", "pax")), long_name("long"), plain()].concat(),
            &["long"],
        ),
        ("an empty long name", [long_name("\0"), plain()].concat(), &["plain"]),
        (
            "the second records",
            [without_entry(&record("path", "first")), without_entry(&record("uid", "1")), plain()].concat(),
            &["plain"],
        ),
        (
            "records before a global header",
            [without_entry(&record("path", "first")), global("path", "global"), plain()].concat(),
            &["plain"],
        ),
        ("the name of a sparse file that is none", with_records(&sparse_name, "plain"), &["plain"]),
        (
            "a directory of an old archive",
            with_field(with_field(archive(&[("old", "")]), 0, 0, b"old/"), 0, 156, b"\0"),
            &["old"],
        ),
    ];
    for (case, tar, expected) in cases {
        let files = read(tar, 100).unwrap_or_else(|error| panic!("{case}: {error}"));
        let found: Vec<_> = files.iter().map(|(entry, _)| entry.path.to_string()).collect();
        assert_eq!(found, *expected, "{case}");
    }
}

#[test]
fn extended_attributes_cost_no_more_than_their_bytes_however_many_there_are() {
    let least_time = |count: usize| {
        let mut records: Vec<_> =
            (0..count).map(|number| record(&format!("SCHILY.xattr.{number}"), "v")).collect();
        records.push(record("SCHILY.xattr.7", "last"));
        let tar = with_records(&records.concat(), "name");
        let times = (0..7).map(|_| {
            let begun = Instant::now();
            let files = read(&tar, 100_000).expect("the records are whole");
            let time = begun.elapsed();
            let xattrs = &files[0].0.xattrs;
            assert_eq!(xattrs.len(), count);
            let found = xattrs.iter().find(|attribute| &*attribute.name == "7").expect("it is there");
            assert_eq!(&*found.value, b"last");
            time
        });
        times.min().expect("there are seven")
    };
    // In proportion to their number it would be 8 times as much, to the square of it 64 times.
    let (few, many) = (least_time(5_000), least_time(40_000));
    assert!(many < few * 40, "{few:?} for 5,000, {many:?} for 40,000");
}

#[test]
fn sparse_files_that_lie_are_refused() {
    let maps = [
        ("0,4,2,3", "in order"),
        ("0,7,100,1", "in its 50 bytes"),
        ("0,3", "expected 3 bytes"),
        ("0,7,7", "an odd number"),
        ("9223372036854775807,7", "in its 50 bytes"),
    ];
    for (map, reason) in maps {
        let records = [record("GNU.sparse.size", "50"), record("GNU.sparse.map", map)].concat();
        let error = read(&with_records(&records, "name"), 100).expect_err("the map lies").to_string();
        assert!(error.contains(reason), "expected {reason:?}, found {error:?}");
    }
    let records = [record("GNU.sparse.size", "50"), record("GNU.sparse.map", "0,3,40,4")].concat();
    let files = read(&with_records(&records, "name"), 3).expect("the map is right");
    assert_eq!(files[0].1, [b"con".as_slice(), &[0; 37], b"tent", &[0; 6]].concat());
    let records = [
        record("GNU.sparse.major", "1"),
        record("GNU.sparse.minor", "0"),
        record("GNU.sparse.realsize", "50"),
    ];
    let error = read(&with_records(&records.concat(), "name"), 100).expect_err("there is no map");
    assert!(error.to_string().contains("sparse file"), "{error}");
}

#[test]
fn bombs_are_refused_by_each_limit() {
    let deep = "d/".repeat(300) + "file";
    let long = "x".repeat(5000);
    let many: Vec<_> = (0..50).map(|number| (format!("file{number}"), "")).collect();
    let many: Vec<_> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    let zeros = "\0".repeat(4 << 20);
    let attributed = with_records(&record("SCHILY.xattr.user.x", &"x".repeat(500)), "name");
    let cases: Vec<(Vec<u8>, Limits, LimitKind)> = vec![
        (archive(&[(&deep, "")]), Limits::default(), LimitKind::PathDepth),
        (archive(&[(&long, "")]), Limits::default(), LimitKind::PathLength),
        (archive(&[(&format!("link -> {long}"), "")]), Limits::default(), LimitKind::PathLength),
        (archive(&many), Limits { entries: 49, ..Limits::default() }, LimitKind::Entries),
        (
            gzip(&archive(&[("zeros", &zeros)])),
            Limits { ratio_from: 1 << 20, ..Limits::default() },
            LimitKind::Ratio,
        ),
        (
            gzip(&archive(&[("zeros", &zeros)])),
            Limits { unpacked_size: 1 << 20, ..Limits::default() },
            LimitKind::UnpackedSize,
        ),
        (
            archive(&[("zeros", &zeros)]),
            Limits { unpacked_size: 1 << 20, ..Limits::default() },
            LimitKind::UnpackedSize,
        ),
        (
            with_records(
                &[record("GNU.sparse.size", "9000000000000000000"), record("GNU.sparse.map", "0,7")].concat(),
                "name",
            ),
            Limits::default(),
            LimitKind::FileSize,
        ),
        (
            with_records(
                &[record("GNU.sparse.size", "50"), record("GNU.sparse.map", "0,3,40,4")].concat(),
                "name",
            ),
            Limits { sparse_segments: 1, ..Limits::default() },
            LimitKind::SparseSegments,
        ),
        (
            with_records(&record("comment", &"x".repeat(2000)), "name"),
            Limits { extended_header: 1000, ..Limits::default() },
            LimitKind::ExtendedHeader,
        ),
        (
            attributed[..attributed.len() - 1024].repeat(3),
            Limits { metadata: 1000, ..Limits::default() },
            LimitKind::Metadata,
        ),
        (archive(&many), Limits { metadata: 200, ..Limits::default() }, LimitKind::Metadata),
        (
            with_records(
                &[record("GNU.sparse.size", "50"), record("GNU.sparse.map", "0,3,40,4")].concat(),
                "name",
            ),
            Limits { metadata: 35, ..Limits::default() },
            LimitKind::Metadata,
        ),
        (
            [without_entry(&record("comment", &"x".repeat(600))).repeat(2), archive(&[("name", "")])]
                .concat(),
            Limits { extended_header: 1000, ..Limits::default() },
            LimitKind::ExtendedHeader,
        ),
    ];
    for (bytes, limits, expected) in cases {
        let Err(Error::Limit { kind, limit, .. }) = read_as(&bytes, 10_000, limits, Expected::default())
        else {
            panic!("{expected:?} is not refused");
        };
        assert_eq!(kind, expected);
        assert!(limit > 0);
    }
}

#[test]
fn directories_that_only_paths_name_are_counted_once_in_whatever_order() {
    let folder = "directory/".repeat(250);
    let layer = |name: fn(&str, u32) -> String| {
        let one = |number| {
            let tar = with_records(&record("path", &name(&folder, number)), "x");
            tar[..tar.len() - 1024].to_vec()
        };
        (0..700).flat_map(one).collect::<Vec<u8>>()
    };
    let inside = layer(|folder, number| format!("{folder}{number}"));
    assert_eq!(read(&inside, 100_000).map(|files| files.len()), Ok(700));
    let in_turns = layer(|folder, number| match number % 2 {
        0 => format!("{folder}{number}"),
        _ => format!("other/{folder}{number}"),
    });
    assert_eq!(read(&in_turns, 100_000).map(|files| files.len()), Ok(700));
    let beside = layer(|folder, number| format!("{number}/{folder}x"));
    let Err(Error::Limit { kind, .. }) = read(&beside, 100_000) else {
        panic!("175,000 directories of some 1,600 bytes")
    };
    assert_eq!(kind, LimitKind::Metadata);
}

#[test]
fn directories_that_only_hard_links_name_are_counted() {
    let read_links = |target: fn(u32) -> String| {
        let one = |number: u32| {
            let target = record("linkpath", &target(number));
            let link = archive(&[(&*format!("link{number} => x"), "")]);
            let tar = [without_entry(&target), link].concat();
            tar[..tar.len() - 1024].to_vec()
        };
        read(&(0..700).flat_map(one).collect::<Vec<u8>>(), 100_000)
    };
    let same = read_links(|number| format!("{}{number}", "directory/".repeat(250)));
    assert!(same.expect("few directories").iter().all(|(entry, _)| entry.kind == EntryKind::HardLink));
    let Err(Error::Limit { kind, .. }) =
        read_links(|number| format!("{number}/{}x", "directory/".repeat(250)))
    else {
        panic!("175,000 directories of some 1,600 bytes")
    };
    assert_eq!(kind, LimitKind::Metadata);
}

/// The tree of a layer of one sparse file of 900 GiB, with its data at a position.
fn with_hole(offset: &str, data: &str) -> ImageTree {
    let size = (900_u64 << 30).to_string();
    let map = format!("{offset},{}", data.len());
    let records = [record("GNU.sparse.size", &size), record("GNU.sparse.map", &map)].concat();
    let layer = [without_entry(&records), archive(&[("sparse", data)])].concat();
    let mut index = LayerIndex::with_digests();
    let mut reader = LayerReader::new(Limits::default());
    reader.push(layer.into()).expect("the layer is whole");
    while let Some(event) = reader.next().expect("the layer is whole") {
        index.event(event);
    }
    index.finish();
    let mut tree = ImageTree::default();
    tree.apply(index);
    tree
}

#[test]
fn files_with_holes_that_nobody_can_hash_are_compared_by_their_data() {
    let first = with_hole("4096", "data");
    for (other, expected) in [
        (with_hole("4096", "data"), None),
        (with_hole("4096", "DATA"), Some(DifferenceKind::Content)),
        (with_hole("8192", "data"), Some(DifferenceKind::Content)),
    ] {
        let found: Vec<_> = differences(&first, &other, |_, _| false).map(|found| found.kind).collect();
        assert_eq!(found, Vec::from_iter(expected));
    }
}

#[test]
fn a_file_that_did_not_come_to_its_end_has_no_digest() {
    let mut index = LayerIndex::with_digests();
    index.event(Event::Entry(file("large", 1 << 39)));
    index.event(Event::Content { offset: 0, bytes: b"begun" });
    index.finish();
    assert_eq!(index.digest(0), None);
}

#[test]
fn a_path_of_many_links_and_directories_is_looked_up_once_for_each() {
    let folder = vec!["d"; 200].join("/");
    let mut layers = Vec::new();
    let mut index = LayerIndex::default();
    for number in 0..10_000 {
        index.add(file(&format!("{folder}/{number}"), 0));
    }
    for number in 0..39 {
        let link = format!("/{folder}/link{}", number + 1).as_bytes().into();
        let at = path(&format!("{folder}/link{number}"));
        index.add(Entry { kind: EntryKind::Symlink, link, ..Entry::directory(at) });
    }
    index.add(file(&format!("{folder}/link39"), 1));
    index.add(file("other/.wh.file", 0));
    layers.resize_with(30, || Some(LayerIndex::default()));
    layers.push(Some(index));
    let begun = Instant::now();
    let found = look_up(&layers, &path(&format!("{folder}/link0")));
    assert_eq!(found, Lookup::Found { layer: 30, entry: 10_039 });
    // Entry by entry for each directory of each link takes many minutes.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn hard_links_to_nowhere_cost_the_layers_below_an_export_nothing() {
    let link = |at: String, to: String| {
        let entry = Entry { kind: EntryKind::HardLink, link: to.into_bytes().into(), ..file(&at, 0) };
        Event::Entry(entry)
    };
    let mut export = Export::default();
    for number in 0..20_000 {
        export.event(link(format!("away/{number}"), format!("no/where/{number}")));
        export.event(link(format!("moved/{number}"), "chain/0".to_owned()));
    }
    let begun = Instant::now();
    for layer in 0..20_000 {
        assert!(!export.end_layer());
        export.event(Event::Entry(file(&format!("files/{layer}"), 0)));
        export.event(link(format!("chain/{layer}"), format!("chain/{}", layer + 1)));
    }
    assert!(!export.end_layer());
    assert_eq!(export.finish().len(), 60_000);
    // Link by link for each layer takes many minutes.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn no_more_than_a_block_of_a_bomb_is_unpacked_at_a_time() {
    let layer = gzip(&archive(&[("zeros", &"\0".repeat(8 << 20))]));
    let mut reader = LayerReader::new(Limits::default());
    reader.push(layer.into()).expect("it is read piece by piece");
    let mut largest = 0;
    while let Some(event) = reader.next().expect("the layer is whole") {
        if let Event::Content { bytes, .. } = event {
            largest = largest.max(bytes.len());
        }
    }
    assert!((1..=64 * 1024).contains(&largest), "{largest} bytes came at once");
}

#[test]
fn written_archives_are_read_back() {
    let long = "directory/".repeat(30) + "a name with a \n line feed";
    let entries = [
        Entry::directory(path("etc")),
        Entry {
            mode: 0o4755,
            uid: 3_000_000,
            gid: 5_000_000_000,
            user: "someone".into(),
            group: "a group with a name that is longer than ustar has room for".into(),
            mtime: -5,
            mtime_nanos: 250_000_000,
            xattrs: [tallyman_layers::ExtendedAttribute {
                name: "security.capability".into(),
                value: b"\x01\0\n=\xff".as_slice().into(),
            }]
            .into(),
            windows_attributes: Some(0x20),
            ..file(&long, 5)
        },
        Entry { kind: EntryKind::Symlink, link: long.as_bytes().into(), ..Entry::directory(path("link")) },
        Entry { kind: EntryKind::HardLink, link: long.as_bytes().into(), ..Entry::directory(path("hard")) },
        Entry {
            kind: EntryKind::CharacterDevice,
            device: tallyman_layers::Device { major: 1, minor: 3 },
            ..Entry::directory(path("dev/null"))
        },
        Entry { kind: EntryKind::BlockDevice, ..Entry::directory(path("dev/sda")) },
        Entry { kind: EntryKind::Fifo, mtime: 1 << 40, ..Entry::directory(path("pipe")) },
    ];
    let mut writer = TarWriter::default();
    for entry in &entries {
        writer.entry(entry);
        if entry.kind == EntryKind::File {
            writer.content(0, b"hello");
        }
    }
    let bytes = writer.finish();
    assert_eq!(bytes.len() % 512, 0);
    let files = read(&bytes, 77).expect("it is whole");
    let places = |entry: &Entry| (entry.header_offset, entry.content_offset, entry.stored_size);
    for ((found, content), written) in files.iter().zip(&entries) {
        let (header_offset, content_offset, stored_size) = places(found);
        let expected = Entry { header_offset, content_offset, stored_size, ..written.clone() };
        assert_eq!(*found, expected);
        if found.kind == EntryKind::File {
            let start = usize::try_from(content_offset).expect("it is small");
            assert_eq!(&bytes[start..start + 5], content.as_slice());
        }
    }
    assert_eq!(files.len(), entries.len());
    assert_eq!(files[1].0.mode_text(), "-rwsr-xr-x");
    assert_eq!(LayerPath::clean(long.as_bytes()).as_ref(), Some(&files[1].0.path));
}
