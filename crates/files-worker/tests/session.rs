//! Whole sessions of the worker, as the page holds them.

#![cfg(not(target_arch = "wasm32"))]

#[path = "../../layers/tests/layers/support/lazy.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod lazy;

use std::collections::BTreeMap;

use bytes::Bytes;
use tallyman_core::Digest;
use tallyman_files_worker::{
    Change, Content, Effect, FileKind, FilePart, JobId, LayerSource, LayerState, Line, Request, Response,
    Row, Session, Subject, Summary, View,
};
use tallyman_layers::{Entry, EntryKind, LayerPath, TarWriter};

const IMAGE: Subject = Subject::Image(1);

fn path(text: &str) -> LayerPath {
    LayerPath::clean(text.as_bytes()).expect("it stays inside")
}

/// A layer of files and directories (which end with a slash), as tar.
fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = TarWriter::default();
    for (name, content) in files {
        let directory = Entry::directory(path(name));
        if name.ends_with('/') {
            archive.entry(&directory);
            continue;
        }
        let (name, target, kind) = match (name.split_once("->"), name.split_once("=>")) {
            (Some((name, target)), _) => (name, target, EntryKind::Symlink),
            (_, Some((name, target))) => (name, target, EntryKind::HardLink),
            _ => (*name, "", EntryKind::File),
        };
        let size = if kind == EntryKind::File { content.len() as u64 } else { 0 };
        let mode = if name.ends_with("su") { 0o4755 } else { 0o644 };
        archive.entry(&Entry {
            path: path(name),
            kind,
            size,
            mode,
            link: target.as_bytes().into(),
            ..directory
        });
        if kind == EntryKind::File {
            archive.content(0, content.as_bytes());
        }
    }
    archive.finish()
}

fn source(bytes: &[u8]) -> LayerSource {
    let digest = Digest::of(bytes).to_string();
    LayerSource {
        place: "registry.example/app".to_owned(),
        diff_id: Some(digest.clone()),
        digest,
        size: bytes.len() as u64,
        media_type: "application/vnd.oci.image.layer.v1.tar".to_owned(),
        annotations: BTreeMap::new(),
    }
}

/// A layer that is to be read: the job, the number of the layer, and the bytes that are wanted.
type Read = (JobId, usize, Option<(u64, u64)>);

/// A page: it gives layers in pieces, and remembers what it was told.
struct Page {
    session: Session,
    layers: Vec<Vec<u8>>,
    now: f64,
    next: u32,
    told: Vec<Response>,
    reads: Vec<Read>,
    /// The parts of layers that were given.
    ranges: Vec<(u64, u64)>,
    sends_ranges: bool,
    saved: Vec<u8>,
    /// The zeros of holes that were saved without being bytes.
    holes: u64,
}

impl Page {
    fn new(layers: &[Vec<u8>]) -> Self {
        Self {
            session: Session::default(),
            layers: layers.to_vec(),
            now: 0.0,
            next: 100,
            told: Vec::new(),
            reads: Vec::new(),
            ranges: Vec::new(),
            sends_ranges: true,
            saved: Vec::new(),
            holes: 0,
        }
    }

    fn send(&mut self, request: Request, bytes: Option<&[u8]>) {
        self.now += 1.0;
        let bytes = bytes.map(Bytes::copy_from_slice);
        for effect in self.session.take(request, bytes, self.now) {
            match effect {
                Effect::Post(response) => self.told.push(response),
                Effect::Read { job, source, range, .. } => {
                    let layer =
                        self.layers.iter().position(|layer| Digest::of(layer).to_string() == source.digest);
                    self.reads.push((job, layer.unwrap_or(usize::MAX), range));
                }
                Effect::Part { part: FilePart::Bytes(bytes), .. } => self.saved.extend(bytes),
                Effect::Part { part: FilePart::Zeros(count), .. } => self.holes += count,
                Effect::NotSaved { .. } => self.saved.clear(),
                Effect::Ended { .. } | Effect::Saved { .. } => {}
            }
        }
    }

    /// Gives all bytes that are asked for.
    fn give(&mut self) {
        while let Some((job, layer, range)) = self.reads.pop() {
            let mut bytes = self.layers[layer].clone();
            if let Some((start, end)) = range {
                self.ranges.push((start, end));
                if !self.sends_ranges {
                    self.send(Request::NoRanges { job }, None);
                    continue;
                }
                bytes = bytes[start as usize..end as usize].to_vec();
            }
            for piece in bytes.chunks(700) {
                self.send(Request::Piece { job }, Some(piece));
            }
            self.send(Request::End { job }, None);
        }
    }

    fn open(layers: &[Vec<u8>]) -> Self {
        let mut page = Self::new(layers);
        let layers = layers.iter().map(|layer| source(layer)).collect();
        page.send(
            Request::Open { image: 1, os: "linux".to_owned(), layers, digests: false, holds: false },
            None,
        );
        page.give();
        page
    }

    fn summary(&self) -> &Summary {
        let summaries = self.told.iter().rev().find_map(|told| match told {
            Response::Summary { summary, .. } => Some(summary),
            _ => None,
        });
        summaries.expect("it was told")
    }

    fn rows(&mut self, of: Subject, view: View) -> Vec<Row> {
        self.next += 1;
        self.send(Request::Rows { query: self.next, of, view, first: 0, count: 1000 }, None);
        match self.told.pop() {
            Some(Response::Rows { rows, .. }) => rows,
            other => panic!("expected rows, found {other:?}"),
        }
    }

    fn paths(&mut self, view: View) -> Vec<String> {
        self.rows(IMAGE, view).into_iter().map(|row| row.path).collect()
    }

    /// Opens a file, and gives what it was told at the end.
    fn file(&mut self, of: Subject, path: &str, layer: Option<u32>) -> (u32, Response) {
        self.next += 1;
        self.send(Request::File { query: self.next, of, path: path.to_owned(), layer }, None);
        self.give();
        (self.next, self.told.pop().expect("it answers"))
    }
}

fn two_layers() -> Vec<Vec<u8>> {
    vec![
        layer(&[
            ("bin/", ""),
            ("bin/su", "elf"),
            ("etc/", ""),
            ("etc/motd", "hello\n"),
            ("etc/issue", "old\n"),
            ("etc/link->motd", ""),
            ("var/cache/", ""),
            ("var/cache/big", "0123456789"),
        ]),
        layer(&[("etc/motd", "hello, changed\n"), ("var/.wh.cache", ""), ("opt/100%", "x")]),
    ]
}

#[test]
fn files_of_windows_are_found_by_its_paths() {
    let layers = [
        layer(&[
            ("Files/Users/", ""),
            ("Files/Old->C:\\Users", ""),
            ("Files/Users/Me/file", "old\n"),
            ("Files/Users/Me/gone", "gone\n"),
        ]),
        layer(&[("Files/users/ME/FILE", "new\n"), ("Files/Users/Me/.wh.GONE", "")]),
    ];
    let mut page = Page::new(&layers);
    let sources = layers.iter().map(|layer| source(layer)).collect();
    let os = "windows".to_owned();
    page.send(Request::Open { image: 1, os, layers: sources, digests: false, holds: false }, None);
    page.give();
    let search = |text: &str| View { search: text.to_owned(), all_open: true, ..View::default() };
    for text in ["C:\\users\\me\\fi", "Users\\Me\\file", "/files/users/me/file"] {
        let rows = page.rows(IMAGE, search(text));
        let found: Vec<_> = rows.iter().filter(|row| row.is_match).map(|row| row.path.as_str()).collect();
        assert_eq!(found, ["Files/Users/Me/file"], "{text}");
    }
    for (path, layer, size) in [
        ("Files/Users/Me/file", None, 4),
        ("Files/Users/Me/file", Some(1), 4),
        ("Files/old/me/file", None, 4),
        ("Files/Users/Me/gone", Some(1), 5),
        ("Files/Users/Me/gone", None, 5),
    ] {
        let (_, told) = page.file(IMAGE, path, layer);
        assert!(matches!(&told, Response::Opened { file, .. } if file.size == size), "{path}: {told:?}");
    }
}

#[test]
fn the_tree_has_sums_layers_and_changes() {
    let mut page = Page::open(&two_layers());
    assert!(page.summary().is_whole);
    assert_eq!((page.summary().files, page.summary().wasted), (9, 16));
    let changes: Vec<_> =
        page.summary().layers.iter().map(|layer| (layer.added, layer.changed, layer.removed)).collect();
    assert_eq!(changes, [(9, 0, 0), (2, 1, 1)]);
    assert_eq!(page.paths(View::default()), ["bin", "etc", "opt", "var"]);
    let rows = page.rows(IMAGE, View { toggled: vec!["etc".to_owned()], ..View::default() });
    let shown: Vec<_> =
        rows.iter().map(|row| (row.path.as_str(), row.level, row.size, row.layer, row.is_open)).collect();
    assert_eq!(
        shown,
        [
            ("bin", 1, 3, Some(0), Some(false)),
            ("etc", 1, 19, Some(0), Some(true)),
            ("etc/issue", 2, 4, Some(0), None),
            ("etc/link", 2, 0, Some(0), None),
            ("etc/motd", 2, 15, Some(1), None),
            ("opt", 1, 1, Some(1), Some(false)),
            ("var", 1, 0, Some(0), None),
        ]
    );
}

#[test]
fn rows_are_searched_filtered_and_sorted() {
    let mut page = Page::open(&two_layers());
    let view = || View { all_open: true, ..View::default() };
    assert_eq!(page.paths(View { search: "MOTD".to_owned(), ..view() }), ["etc", "etc/motd"]);
    assert_eq!(page.paths(View { sets_id: true, ..view() }), ["bin", "bin/su"]);
    assert_eq!(page.paths(View { size_min: 15, ..view() }), ["etc", "etc/motd"]);
    assert_eq!(page.paths(View { owner: Some("5:5".to_owned()), ..view() }), [""; 0]);
    assert_eq!(page.paths(View { changes: vec![Change::Removed], ..view() }), ["var", "var/cache"]);
    assert_eq!(page.paths(View { changes: vec![Change::Changed], ..view() }), ["etc", "etc/motd"]);
    assert_eq!(page.paths(View { by_size: true, ..View::default() }), ["etc", "bin", "opt", "var"]);
    let of_layer = View { layer: Some(1), ..view() };
    let rows = page.rows(IMAGE, of_layer);
    let changes: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.change, row.size)).collect();
    assert_eq!(
        changes,
        [
            ("etc", None, 15),
            ("etc/motd", Some(Change::Changed), 15),
            ("opt", Some(Change::Added), 1),
            ("opt/100%25", Some(Change::Added), 1),
            ("var", None, 0),
            ("var/cache", Some(Change::Removed), 10),
        ]
    );
}

#[test]
fn files_open_by_path_through_links_and_as_a_layer_had_them() {
    let mut page = Page::open(&two_layers());
    let (file, opened) = page.file(IMAGE, "etc/link", None);
    let Response::Opened { file: opened, .. } = opened else { panic!("expected a file, found {opened:?}") };
    assert_eq!(
        (opened.path.as_str(), opened.layer, opened.content),
        ("etc/motd", 1, Content::Text { lines: 1 })
    );
    assert_eq!(opened.digest, Some(Digest::of(b"hello, changed\n").to_string()));
    page.send(Request::Lines { query: 7, file, first: 0, count: 9 }, None);
    let lines = vec![Line::Text("hello, changed".to_owned())];
    assert_eq!(page.told.pop(), Some(Response::Lines { query: 7, first: 0, lines }));
    let (_, opened) = page.file(IMAGE, "etc/motd", Some(0));
    assert!(matches!(opened, Response::Opened { file, .. } if file.size == 6 && file.layer == 0));
    let (_, opened) = page.file(IMAGE, "opt/100%25", None);
    assert!(matches!(opened, Response::Opened { file, .. } if file.size == 1));
    for (path, code) in
        [("etc", "not-a-file"), ("etc/nothing", "no-such-file"), ("var/cache/other", "no-such-file")]
    {
        let (_, refused) = page.file(IMAGE, path, None);
        assert!(
            matches!(&refused, Response::NoAnswer { fault, .. } if fault.code == code),
            "{path}: {refused:?}"
        );
    }
    page.send(Request::Save { query: 9, image: 1, path: "bin/su".to_owned(), layer: None }, None);
    page.give();
    assert_eq!(page.saved, b"elf");
}

#[test]
fn hard_links_open_as_what_they_name_wherever_that_is() {
    let mut page = Page::open(&[
        layer(&[
            ("real", "content"),
            ("a->real", ""),
            ("b=>a", ""),
            ("usr/bin/env", "env"),
            ("bin->usr/bin", ""),
        ]),
        layer(&[("alias=>bin", ""), ("c=>real", ""), ("gone=>nowhere", "")]),
        layer(&[("real", "newer")]),
    ]);
    // The path of a link is the only one where its file was replaced.
    for (name, found) in [("c", "c"), ("alias/env", "usr/bin/env"), ("bin/env", "usr/bin/env")] {
        let (_, opened) = page.file(IMAGE, name, None);
        let Response::Opened { file, .. } = opened else { panic!("{name}: {opened:?}") };
        assert_eq!((file.path.as_str(), file.layer), (found, 0), "{name}");
    }
    // The link leads to what is there now.
    for layer in [None, Some(0)] {
        let (_, opened) = page.file(IMAGE, "b", layer);
        assert!(matches!(&opened, Response::Opened { file, .. } if file.layer == 2), "{opened:?}");
    }
    let (_, refused) = page.file(IMAGE, "gone", None);
    assert!(
        matches!(&refused, Response::NoAnswer { fault, .. } if fault.reason.contains("nowhere")),
        "{refused:?}"
    );
}

#[test]
fn rows_of_hard_links_have_the_metadata_of_their_file_and_show_it_where_it_is_hidden() {
    let first = layer(&[("bin/su", "setuid"), ("bin/tool=>bin/su", "")]);
    let filtered = || View { sets_id: true, all_open: true, ..View::default() };
    for (layers, tool) in [
        (vec![first.clone()], (FileKind::HardLink, 0, Some("bin/su"))),
        (vec![first, layer(&[("bin/su", "new")])], (FileKind::File, 6, None)),
    ] {
        let mut page = Page::open(&layers);
        let rows = page.rows(IMAGE, filtered());
        let row = rows.iter().find(|row| row.path == "bin/tool").expect("it sets the user");
        assert_eq!(
            (row.kind, row.size, row.link.as_deref(), row.mode.get(1..)),
            (tool.0, tool.1, tool.2, Some("rwsr-xr-x"))
        );
        let (_, opened) = page.file(IMAGE, "bin/tool", None);
        let Response::Opened { file, .. } = opened else { panic!("{opened:?}") };
        assert_eq!((file.path.as_str(), file.size), (tool.2.unwrap_or("bin/tool"), 6));
    }
}

/// A layer of one sparse file in GNU's old form: data in the middle of it.
fn sparse_layer(name: &str, offset: u64, data: &str, size: u64) -> Vec<u8> {
    let mut bytes = layer(&[(name, data)]);
    let numbers = [offset, data.len() as u64].map(|number| format!("{number:011o}\0")).concat();
    bytes[156] = b'S';
    bytes[257..265].copy_from_slice(b"ustar  \0");
    bytes[345..512].fill(0);
    bytes[386..386 + numbers.len()].copy_from_slice(numbers.as_bytes());
    bytes[483..495].copy_from_slice(&[&[0x80, 0, 0, 0], &size.to_be_bytes()[..]].concat());
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes[..512].iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

#[test]
fn holes_of_a_file_that_is_saved_are_no_bytes() {
    let size = 900 << 30;
    let mut page = Page::open(&[sparse_layer("lastlog", 1 << 30, "data", size)]);
    page.send(Request::Save { query: 9, image: 1, path: "lastlog".to_owned(), layer: None }, None);
    page.give();
    assert_eq!((page.saved.as_slice(), page.holes), (b"data".as_slice(), size - 4));
    // The page shows its beginning.
    let (_, opened) = page.file(IMAGE, "lastlog", None);
    let Response::Opened { file, .. } = opened else { panic!("expected a file, found {opened:?}") };
    assert_eq!((file.size, file.digest), (size, None));
    assert!((1..1 << 30).contains(&file.shown), "{}", file.shown);
    let mut page = Page::open(&[sparse_layer("small", 3000, "data", 5000)]);
    let (_, opened) = page.file(IMAGE, "small", None);
    let content = [&[0; 3000][..], b"data", &[0; 1996]].concat();
    let digest = Some(Digest::of(&content).to_string());
    assert!(matches!(opened, Response::Opened { file, .. } if file.digest == digest && file.shown == 5000));
}

#[test]
fn a_file_that_is_left_is_read_no_further() {
    let layers = [layer(&[("large", &"content ".repeat(1000)), ("small", "1")])];
    for is_saved in [true, false] {
        let mut page = Page::open(&layers);
        let (query, path, layer) = (9, "large".to_owned(), None);
        page.send(
            match is_saved {
                true => Request::Save { query, image: 1, path, layer },
                false => Request::File { query, of: IMAGE, path, layer },
            },
            None,
        );
        let (job, ..) = page.reads.pop().expect("it reads the layer");
        page.send(Request::Piece { job }, Some(&layers[0][..4096]));
        assert_eq!(!page.saved.is_empty(), is_saved);
        page.send(Request::Close { file: query }, None);
        assert!(page.told.contains(&Response::Stop { job }) && !page.session.wants(job));
        assert_eq!(page.saved, b"");
        // Pieces that arrive late change nothing.
        page.told.clear();
        page.send(Request::Piece { job }, Some(&layers[0][4096..]));
        page.send(Request::End { job }, None);
        assert_eq!(page.told, []);
    }
}

#[test]
fn rows_come_while_layers_do() {
    let layers = vec![layer(&[("a", "1"), ("b", "2"), ("c", "3")])];
    let mut page = Page::new(&layers);
    page.send(
        Request::Open {
            image: 1,
            os: "linux".to_owned(),
            layers: vec![source(&layers[0])],
            digests: false,
            holds: false,
        },
        None,
    );
    let (job, ..) = page.reads.pop().expect("it reads the layer");
    page.now = 1000.0;
    page.send(Request::Piece { job }, Some(&layers[0][..1024]));
    assert_eq!(page.paths(View::default()), ["a"]);
    assert!(!page.summary().is_whole);
    page.send(Request::Cancel { image: 1 }, None);
    assert_eq!(page.summary().layers[0].state, LayerState::Cancelled);
    assert!(page.told.contains(&Response::Stop { job }));
    assert_eq!(page.paths(View::default()), ["a"]);
    page.send(Request::Resume { image: 1 }, None);
    page.give();
    assert_eq!(page.paths(View::default()), ["a", "b", "c"]);
    assert!(page.summary().is_whole);
}

#[test]
fn a_layer_that_lies_is_refused_and_the_others_stay() {
    let layers = vec![layer(&[("a", "1")]), layer(&[("b", "2")])];
    let mut page = Page::new(&layers);
    let sources = layers.iter().map(|layer| source(layer)).collect();
    page.send(
        Request::Open { image: 1, os: "linux".to_owned(), layers: sources, digests: false, holds: false },
        None,
    );
    let mut lie = layers[1].clone();
    lie[512] ^= 1;
    for ((job, layer, _), bytes) in std::mem::take(&mut page.reads).into_iter().zip([&layers[0], &lie]) {
        assert!(layer < 2);
        page.send(Request::Piece { job }, Some(bytes));
        page.send(Request::End { job }, None);
    }
    let LayerState::Refused(fault) = &page.summary().layers[1].state else { panic!("{:?}", page.summary()) };
    assert_eq!((fault.code.as_str(), fault.layer), ("digest-mismatch", Some(1)));
    assert_eq!(page.paths(View::default()), ["a"]);
    assert!(!page.summary().is_whole);
}

#[test]
fn two_images_differ_by_path_and_their_texts_by_line() {
    let left = layer(&[("same", "1"), ("text", "a\nb\n"), ("gone", "x")]);
    let right = layer(&[("same", "1"), ("text", "a\nc\n"), ("new", "y")]);
    let mut page = Page::new(&[left.clone(), right.clone()]);
    for (image, bytes) in [(1, &left), (2, &right)] {
        page.send(
            Request::Open {
                image,
                os: "linux".to_owned(),
                layers: vec![source(bytes)],
                digests: true,
                holds: false,
            },
            None,
        );
    }
    page.give();
    let of = Subject::Differences(1, 2);
    let rows = page.rows(of, View::default());
    let changes: Vec<_> = rows.iter().map(|row| (row.path.as_str(), row.change)).collect();
    assert_eq!(
        changes,
        [("gone", Some(Change::Removed)), ("new", Some(Change::Added)), ("text", Some(Change::Changed)),]
    );
    let removed = View { changes: vec![Change::Removed], ..View::default() };
    assert_eq!(page.rows(of, removed).len(), 1);
    let (_, opened) = page.file(of, "text", None);
    let Response::Opened { file, .. } = opened else { panic!("expected a difference, found {opened:?}") };
    assert_eq!(file.content, Content::Difference { lines: 3, added: 1, removed: 1 });
    let (_, opened) = page.file(of, "gone", None);
    assert!(matches!(opened, Response::Opened { file, .. } if file.content == Content::Text { lines: 1 }));
}

/// A page that opened an image of a layer with a table of contents.
fn lazy_page(form: lazy::Form, sends_ranges: bool, digests: bool) -> (Page, lazy::LazyLayer) {
    lazy_page_of(form, sends_ranges, digests, |json| json)
}

/// The same, whose table of contents is changed.
fn lazy_page_of(
    form: lazy::Form,
    sends_ranges: bool,
    digests: bool,
    change: impl Fn(String) -> String,
) -> (Page, lazy::LazyLayer) {
    let file = |name: &str, size: usize| Entry {
        kind: EntryKind::File,
        mode: 0o644,
        size: size as u64,
        ..Entry::directory(path(name))
    };
    let big = vec![b'x'; 5000];
    let files = [
        (file("etc/motd", 6), &b"hello\n"[..]),
        (file("usr/big", big.len()), &big[..]),
        (file("usr/empty", 0), &b""[..]),
    ];
    let lazy = lazy::layer(form, &files, 2000, change);
    let mut page = Page::new(std::slice::from_ref(&lazy.bytes));
    page.sends_ranges = sends_ranges;
    let source = LayerSource { annotations: lazy.annotations.clone(), diff_id: None, ..source(&lazy.bytes) };
    page.send(
        Request::Open { image: 1, os: "linux".to_owned(), layers: vec![source], digests, holds: false },
        None,
    );
    page.give();
    (page, lazy)
}

#[test]
fn of_a_layer_with_a_table_of_contents_that_and_files_are_read_alone() {
    for (form, digests) in lazy::FORMS.into_iter().zip([false, true]) {
        let (mut page, lazy) = lazy_page(form, true, digests);
        let contents: Vec<_> = lazy.contents.iter().map(|range| (range.start, range.end)).collect();
        assert_eq!(page.ranges, contents);
        assert!(page.summary().is_whole && page.summary().layers[0].by_contents);
        let (_, opened) = page.file(IMAGE, "etc/motd", None);
        let Response::Opened { file, .. } = opened else { panic!("expected a file, found {opened:?}") };
        assert_eq!((file.size, file.content), (6, Content::Text { lines: 1 }));
        assert_eq!(file.digest, Some(Digest::of(b"hello\n").to_string()));
        let (_, opened) = page.file(IMAGE, "usr/empty", None);
        assert!(
            matches!(opened, Response::Opened { file, .. } if file.size == 0),
            "an empty one needs nothing"
        );
        page.send(Request::Save { query: 9, image: 1, path: "usr/big".to_owned(), layer: None }, None);
        page.give();
        assert_eq!(page.saved, vec![b'x'; 5000]);
        let starts: Vec<_> = page.ranges[contents.len()..].iter().map(|(start, _)| *start).collect();
        assert_eq!(starts, [lazy.places["etc/motd"].start, 0, lazy.places["usr/big"].start]);
    }
}

#[test]
fn layers_are_read_whole_where_parts_of_them_do_not_come() {
    for form in lazy::FORMS {
        let (mut page, lazy) = lazy_page(form, false, false);
        assert_eq!(page.ranges.len(), 1, "it is asked once");
        assert!(page.summary().is_whole && !page.summary().layers[0].by_contents);
        let rows = page.rows(IMAGE, View { all_open: true, ..View::default() });
        assert!(rows.iter().any(|row| row.path == "usr/big" && row.size == 5000));
        assert_eq!(page.summary().layers[0].taken, lazy.bytes.len() as u64);
        // The table was read, and then the registry sends the file no longer.
        let (mut page, _) = lazy_page(form, true, false);
        page.sends_ranges = false;
        let (_, opened) = page.file(IMAGE, "etc/motd", None);
        let Response::Opened { file, .. } = opened else { panic!("expected a file, found {opened:?}") };
        assert_eq!(file.digest, Some(Digest::of(b"hello\n").to_string()));
        // A part of the file has come before that.
        page.send(Request::Save { query: 9, image: 1, path: "usr/big".to_owned(), layer: None }, None);
        let (job, _, range) = page.reads.pop().expect("it reads the file");
        let (start, end) = range.expect("it reads no more");
        let bytes = page.layers[0][start as usize..end as usize - 1].to_vec();
        page.send(Request::Piece { job }, Some(&bytes));
        assert!(!page.saved.is_empty(), "{form:?}");
        page.send(Request::NoRanges { job }, None);
        page.give();
        assert_eq!(page.saved, vec![b'x'; 5000], "{form:?}");
    }
}

#[test]
fn a_file_that_the_layer_does_not_have_is_no_empty_one() {
    for form in lazy::FORMS {
        let gone = |json: String| json.replace(r#""name":"etc/motd""#, r#""name":"etc/gone""#);
        let (mut page, _) = lazy_page_of(form, true, false, gone);
        page.sends_ranges = false;
        let (_, refused) = page.file(IMAGE, "etc/gone", None);
        let Response::NoAnswer { fault, .. } = refused else {
            panic!("expected a refusal, found {refused:?}")
        };
        assert_eq!((fault.code.as_str(), fault.layer), ("layer-invalid", Some(0)));
        page.send(Request::Save { query: 9, image: 1, path: "etc/gone".to_owned(), layer: None }, None);
        page.give();
        assert!(
            matches!(page.told.last(), Some(Response::NoAnswer { query: 9, .. })),
            "{:?}",
            page.told.last()
        );
    }
}

#[test]
fn parts_of_a_layer_that_are_not_what_was_promised_are_refused() {
    for form in lazy::FORMS {
        let (mut page, lazy) = lazy_page(form, true, false);
        let at = lazy.places["usr/big"].clone();
        let range = at.start as usize..at.end as usize;
        let bytes = &mut page.layers[0][range];
        let last = bytes.iter().rposition(|byte| *byte == b'x').expect("it is stored");
        bytes[last] = b'y';
        // The layer that the page gives is found by its digest.
        let job = page.next + 1;
        page.send(Request::File { query: job, of: IMAGE, path: "usr/big".to_owned(), layer: None }, None);
        for (_, layer, _) in &mut page.reads {
            *layer = 0;
        }
        page.give();
        let refused = page.told.iter().rev().find(|told| matches!(told, Response::NoAnswer { .. }));
        let Some(Response::NoAnswer { fault, .. }) = refused else { panic!("expected a refusal") };
        assert!(["digest-mismatch", "layer-invalid"].contains(&fault.code.as_str()), "{fault:?}");
    }
}

#[test]
fn layers_that_are_held_are_read_when_somebody_asks() {
    let layers = vec![layer(&[("a", "1")]), layer(&[("b", "2")]), layer(&[("c", "3")])];
    let mut page = Page::new(&layers);
    let sources = layers.iter().map(|layer| source(layer)).collect();
    page.send(
        Request::Open { image: 1, os: "linux".to_owned(), layers: sources, digests: false, holds: true },
        None,
    );
    assert!(page.reads.is_empty(), "nothing is read");
    let states =
        |page: &Page| page.summary().layers.iter().map(|layer| layer.state.clone()).collect::<Vec<_>>();
    assert_eq!(states(&page), [LayerState::Held, LayerState::Held, LayerState::Held]);
    page.send(Request::Read { image: 1, layers: vec![1] }, None);
    page.give();
    assert_eq!(page.paths(View::default()), ["b"]);
    // Failed and cancelled layers are tried again; layers on hold are not.
    page.send(Request::Resume { image: 1 }, None);
    assert!(page.reads.is_empty());
    assert_eq!(states(&page), [LayerState::Held, LayerState::Done, LayerState::Held]);
    page.send(Request::Read { image: 1, layers: Vec::new() }, None);
    page.give();
    assert_eq!(page.paths(View::default()), ["a", "b", "c"]);
    assert!(page.summary().is_whole);
}

#[test]
fn non_layers_are_refused_before_the_fetch() {
    let bytes = layer(&[("a", "a")]);
    for (media_type, word) in [
        ("text/markdown", "an artifact"),
        ("application/vnd.oci.image.layer.v1.tar+encrypted", "needs a key"),
    ] {
        let mut page = Page::new(std::slice::from_ref(&bytes));
        let layers = vec![LayerSource { media_type: media_type.to_owned(), ..source(&bytes) }];
        page.send(
            Request::Open { image: 1, os: "linux".to_owned(), layers, digests: false, holds: false },
            None,
        );
        assert!(page.reads.is_empty(), "{media_type}");
        let LayerState::Refused(fault) = &page.summary().layers[0].state else { panic!("{media_type}") };
        assert_eq!(
            (&*fault.code, fault.reason.contains(word)),
            ("layer-unsupported", true),
            "{}",
            fault.reason
        );
    }
    // A foreign layer that the registry does not have.
    let mut page = Page::new(std::slice::from_ref(&bytes));
    page.send(
        Request::Open {
            image: 1,
            os: "linux".to_owned(),
            layers: vec![source(&bytes)],
            digests: false,
            holds: false,
        },
        None,
    );
    let (job, ..) = page.reads.pop().expect("it is asked for");
    page.send(Request::Elsewhere { job, urls: vec!["https://x.example/layer".to_owned()] }, None);
    let LayerState::Refused(fault) = &page.summary().layers[0].state else { panic!("it is refused") };
    assert!(fault.reason.contains("https://x.example/layer"), "{}", fault.reason);
}
