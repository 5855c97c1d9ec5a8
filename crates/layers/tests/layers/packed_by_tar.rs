//! Any tree that GNU tar packs is read back the same, in each of its formats.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs::{self, File, FileTimes},
    io::{Seek, SeekFrom, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;
use tallyman_layers::EntryKind;

use crate::support::{gzip, read};

/// The ways in which GNU tar writes archives that have room for any path.
const FORMATS: &[&[&str]] = &[
    &["--format=gnu"],
    &["--format=oldgnu"],
    &["--format=gnu", "--sparse"],
    &["--format=pax"],
    &["--format=pax", "--sparse", "--sparse-version=0.0"],
    &["--format=pax", "--sparse", "--sparse-version=0.1"],
    &["--format=pax", "--sparse", "--sparse-version=1.0"],
    &["--format=pax", "--pax-option=delete=atime,delete=ctime", "--numeric-owner"],
];

/// The ways that have room for short paths and whole seconds.
const SMALL_FORMATS: &[&[&str]] = &[&["--format=ustar"], &["--format=v7"]];

#[derive(Clone, Debug)]
enum Node {
    File {
        content: Vec<u8>,
        mode: u32,
        mtime: u64,
        nanos: u32,
    },
    /// Pieces of data, each behind a hole of so many bytes, and a hole at the end.
    Sparse {
        pieces: Vec<(u64, Vec<u8>)>,
        end: u64,
    },
    Directory {
        mode: u32,
    },
    Symlink(String),
    /// Another name of the file that was made last.
    HardLink,
    Fifo,
}

/// The metadata and the content of a path, as both sides tell them.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    kind: EntryKind,
    mode: u32,
    uid: u64,
    gid: u64,
    size: u64,
    mtime: (i64, u32),
    link: Vec<u8>,
    content: Vec<u8>,
}

#[test]
fn a_tree_packed_by_tar_is_read_back_the_same() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) };
    proptest!(config, |(tree in tree("[a-zA-Z0-9 ._é&<>'\"\\\\-]{1,40}", 140), piece in 1_usize..5000)| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        make(folder.path(), &tree);
        for format in FORMATS {
            check(folder.path(), format, piece, true);
        }
    });
}

#[test]
fn a_tree_packed_in_old_formats_is_read_back_the_same() {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) };
    proptest!(config, |(tree in tree("[a-zA-Z0-9._-]{1,12}", 20), piece in 1_usize..5000)| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        make(folder.path(), &tree);
        // The oldest format has no pipes.
        let has_pipe = tree.iter().any(|(_, node)| matches!(node, Node::Fifo));
        for format in &SMALL_FORMATS[..if has_pipe { 1 } else { 2 }] {
            check(folder.path(), format, piece, false);
        }
    });
}

/// Trees of files with such names, and link targets of some length.
fn tree(name: &'static str, target: usize) -> impl Strategy<Value = Vec<(Vec<String>, Node)>> {
    let bytes = |most| prop::collection::vec(any::<u8>(), 0..most);
    let mode = prop_oneof![Just(0o644), Just(0o4755), Just(0o2755), Just(0o400), 0_u32..0o1000];
    let file = (bytes(3000), mode, 0_u64..4_000_000_000, 0_u32..1_000_000_000)
        .prop_map(|(content, mode, mtime, nanos)| Node::File { content, mode: mode | 0o400, mtime, nanos });
    let piece = (0_u64..200_000, prop::collection::vec(1_u8.., 1..5000));
    let node = prop_oneof![
        6 => file,
        1 => (prop::collection::vec(piece, 0..12), 0_u64..100_000)
            .prop_map(|(pieces, end)| Node::Sparse { pieces, end }),
        2 => (0_u32..0o2000).prop_map(|mode| Node::Directory { mode: mode | 0o700 }),
        1 => prop::collection::vec(name, 1..4).prop_map(move |parts| {
            let mut text = parts.join("/");
            while text.len() > target {
                text.pop();
            }
            Node::Symlink(text)
        }),
        1 => Just(Node::HardLink),
        1 => Just(Node::Fifo),
    ];
    prop::collection::vec((prop::collection::vec(name, 1..5), node), 1..25)
}

/// Makes a tree in a folder. What cannot be made, since its name is taken, is left out.
fn make(folder: &Path, tree: &[(Vec<String>, Node)]) {
    let mut last_file = None;
    let mut modes = Vec::new();
    for (parts, node) in tree {
        let path = parts.iter().fold(folder.to_path_buf(), |path, part| path.join(part));
        let inside = parts.iter().all(|part| part != "." && part != "..");
        if !inside || fs::create_dir_all(path.parent().expect("it is in the folder")).is_err() {
            continue;
        }
        if path.symlink_metadata().is_ok() {
            continue;
        }
        match node {
            Node::File { content, mode, mtime, nanos } => {
                fs::write(&path, content).expect("a file can be written");
                let time = SystemTime::UNIX_EPOCH + Duration::new(*mtime, *nanos);
                let file = File::options().write(true).open(&path).expect("the file is there");
                file.set_times(FileTimes::new().set_modified(time)).expect("the time can be set");
                modes.push((path.clone(), *mode));
                last_file = Some(path);
            }
            Node::Sparse { pieces, end } => {
                let mut file = File::create(&path).expect("a file can be made");
                for (hole, data) in pieces {
                    file.seek(SeekFrom::Current(i64::try_from(*hole).expect("it is small")))
                        .expect("a file can be sought in");
                    file.write_all(data).expect("a file can be written");
                }
                let size = file.stream_position().expect("the position is known") + end;
                file.set_len(size).expect("a file can grow");
            }
            Node::Directory { mode } => {
                fs::create_dir(&path).expect("a directory can be made");
                modes.push((path, *mode));
            }
            Node::Symlink(target) => symlink(target, &path).expect("a link can be made"),
            Node::HardLink => {
                if let Some(file) = &last_file {
                    fs::hard_link(file, &path).expect("a link can be made");
                }
            }
            Node::Fifo => {
                let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
                assert!(made.success());
            }
        }
    }
    for (path, mode) in modes {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
    }
}

/// Packs a folder and compares what is read back with what is there.
fn check(folder: &Path, format: &[&str], piece: usize, has_nanos: bool) {
    let packed = Command::new("tar")
        .args(format)
        .args(["--sort=name", "-cf", "-", "-C"])
        .arg(folder)
        .arg(".")
        .output()
        .expect("tar runs");
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let nanos = |nanos: u32| if has_nanos && format[0] == "--format=pax" { nanos } else { 0 };
    let mut expected = BTreeMap::new();
    walk(folder, folder, &nanos, &mut expected);
    for archive in [packed.stdout.clone(), gzip(&packed.stdout)] {
        let files = read(&archive, piece).unwrap_or_else(|error| panic!("{format:?}: {error}"));
        let mut found = BTreeMap::new();
        let mut contents: BTreeMap<Vec<u8>, (Vec<u8>, u64)> = BTreeMap::new();
        for (entry, content) in files {
            let path = entry.path.as_bytes().to_vec();
            // A hard link is the file that it names.
            let (kind, content, size) = match entry.kind {
                EntryKind::HardLink => {
                    let (content, size) = contents.get(&*entry.link).expect("the file stands before").clone();
                    (EntryKind::File, content, size)
                }
                kind => (kind, content, entry.size),
            };
            contents.insert(path.clone(), (content.clone(), size));
            let link = if entry.kind == EntryKind::Symlink { entry.link.to_vec() } else { Vec::new() };
            let mtime = (entry.mtime, nanos(entry.mtime_nanos));
            let (mode, uid, gid) = (entry.mode, entry.uid, entry.gid);
            found.insert(path, Facts { kind, mode, uid, gid, size, mtime, link, content });
        }
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{format:?}");
        for (path, seen) in &found {
            assert_eq!(Some(seen), expected.get(path), "{format:?}: {}", String::from_utf8_lossy(path));
        }
    }
}

/// Adds what is in a folder, the root too.
fn walk(root: &Path, path: &Path, nanos: &dyn Fn(u32) -> u32, seen: &mut BTreeMap<Vec<u8>, Facts>) {
    let metadata = path.symlink_metadata().expect("it is there");
    let file_type = metadata.file_type();
    let (kind, content, link) = if file_type.is_dir() {
        (EntryKind::Directory, Vec::new(), Vec::new())
    } else if file_type.is_symlink() {
        let target = fs::read_link(path).expect("it is a link");
        (EntryKind::Symlink, Vec::new(), target.as_os_str().as_bytes().to_vec())
    } else if file_type.is_file() {
        (EntryKind::File, fs::read(path).expect("it can be read"), Vec::new())
    } else {
        (EntryKind::Fifo, Vec::new(), Vec::new())
    };
    let relative = path.strip_prefix(root).expect("it is in the folder").as_os_str().as_bytes().to_vec();
    let nanos_of = u32::try_from(metadata.mtime_nsec()).expect("it is less than a second");
    seen.insert(
        relative,
        Facts {
            kind,
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid().into(),
            gid: metadata.gid().into(),
            size: content.len() as u64,
            mtime: (metadata.mtime(), nanos(nanos_of)),
            link,
            content,
        },
    );
    if file_type.is_dir() {
        for child in fs::read_dir(path).expect("it can be read") {
            walk(root, &child.expect("it can be read").path(), nanos, seen);
        }
    }
}
