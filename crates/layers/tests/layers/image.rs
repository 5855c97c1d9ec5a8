//! Layers applied one upon the other: whiteouts, opaque directories, waste, lookups, exports and differences.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use tallyman_layers::{
    ChangeKind, DifferenceKind, Entry, EntryKind, Event, Export, FileLookup, ImageTree, LayerIndex,
    LayerPath, LayerReader, Limits, Lookup, Naming, Segment, WastedPath, Whiteout, differences,
    differences_after, look_up,
};

use crate::support::{archive, by_path, index, path, read};

type Layer<'a> = &'a [(&'a str, &'a str)];

fn tree(layers: &[Layer<'_>]) -> ImageTree {
    let mut tree = ImageTree::default();
    for layer in layers {
        tree.apply(index(layer));
    }
    tree
}

/// The visible paths of a tree, with their layers.
fn shown(tree: &ImageTree) -> Vec<(String, usize)> {
    tree.files().map(|file| (file.path.to_string(), file.layer)).collect()
}

/// The changes that the last layer makes.
fn changes(layers: &[Layer<'_>]) -> Vec<(&'static str, String, u64)> {
    let mut image = tree(&layers[..layers.len() - 1]);
    let changes = image.apply(index(layers[layers.len() - 1]));
    changes.iter().map(|change| (change.kind.as_str(), change.path.to_string(), change.hidden)).collect()
}

fn owned(paths: &[(&str, usize)]) -> Vec<(String, usize)> {
    paths.iter().map(|(path, layer)| ((*path).to_owned(), *layer)).collect()
}

/// The flattened archive of layers, the lowest first, and the links that it could not write.
fn export(layers: &[Layer<'_>]) -> (Vec<u8>, Vec<String>) {
    let mut export = Export::default();
    let mut bytes = Vec::new();
    for layer in layers.iter().rev() {
        loop {
            let mut reader = LayerReader::new(Limits::default());
            for piece in archive(layer).chunks(700) {
                reader.push(piece.to_vec().into()).expect("the layer is whole");
                while let Some(event) = reader.next().expect("the layer is whole") {
                    export.event(event);
                    bytes.extend(std::iter::from_fn(|| export.take()).flatten());
                }
            }
            if !export.end_layer() {
                break;
            }
        }
    }
    let dangling = export.finish();
    bytes.extend(std::iter::from_fn(|| export.take()).flatten());
    (bytes, dangling.iter().map(ToString::to_string).collect())
}

const BASE: Layer<'_> = &[
    ("bin/", ""),
    ("bin/sh", "shell"),
    ("etc/", ""),
    ("etc/motd", "welcome"),
    ("etc/hosts", "localhost"),
    ("var/", ""),
    ("var/cache/", ""),
    ("var/cache/a", "aaaa"),
    ("var/cache/b", "bb"),
];

#[test]
fn whiteouts_hide_what_lower_layers_have() {
    let image = tree(&[BASE, &[("etc/.wh.motd", ""), ("var/.wh.cache", "")]]);
    let expected = [("bin", 0), ("bin/sh", 0), ("etc", 0), ("etc/hosts", 0), ("var", 0)];
    // The directories that hold whiteouts are not made anew.
    assert_eq!(shown(&image), owned(&expected));
    assert_eq!(image.len(), 5);
    assert_eq!(image.file(&path("etc/motd")).map(|file| file.layer), None);
    let told = changes(&[BASE, &[("etc/.wh.motd", ""), ("var/.wh.cache", ""), (".wh.gone", "")]]);
    assert_eq!(told, [("removed", "etc/motd".to_owned(), 7), ("removed", "var/cache".to_owned(), 6),]);
}

#[test]
fn opaque_directories_hide_what_lower_layers_have_in_them_alone() {
    let layer: Layer<'_> = &[("var/cache/", ""), ("var/cache/c", "c"), ("var/cache/.wh..wh..opq", "")];
    let image = tree(&[BASE, layer]);
    assert_eq!(
        image.files_in(&path("var")).map(|file| file.path.to_string()).collect::<Vec<_>>(),
        ["var/cache", "var/cache/c"]
    );
    assert_eq!(
        changes(&[BASE, layer]),
        [
            ("removed", "var/cache/a".to_owned(), 4),
            ("removed", "var/cache/b".to_owned(), 2),
            ("added", "var/cache/c".to_owned(), 0),
        ]
    );
    // The whole image.
    assert_eq!(shown(&tree(&[BASE, &[(".wh..wh..opq", ""), ("new", "")]])), owned(&[("new", 1)]));
}

#[test]
fn a_whiteout_never_hides_what_its_own_layer_has_wherever_it_stands() {
    let before: Layer<'_> = &[("etc/.wh.motd", ""), ("etc/motd", "new")];
    let behind: Layer<'_> = &[("etc/motd", "new"), ("etc/.wh.motd", "")];
    for layer in [before, behind] {
        let image = tree(&[BASE, layer]);
        assert_eq!(image.file(&path("etc/motd")).map(|file| file.layer), Some(1));
        assert_eq!(changes(&[BASE, layer]), [("changed", "etc/motd".to_owned(), 0)]);
        assert_eq!(image.wasted(), 7);
    }
    // A directory that is removed and made again keeps nothing.
    let again: Layer<'_> = &[("var/.wh.cache", ""), ("var/cache/", ""), ("var/cache/a", "new")];
    let image = tree(&[BASE, again]);
    assert_eq!(image.files_in(&path("var/cache")).count(), 1);
    assert_eq!(
        changes(&[BASE, again]),
        [("removed", "var/cache/b".to_owned(), 2), ("changed", "var/cache/a".to_owned(), 0),]
    );
}

#[test]
fn bookkeeping_of_aufs_is_passed_over() {
    for name in [".wh..wh.aufs", ".wh..wh.plnk/", ".wh.", "a/.wh..."] {
        let image = tree(&[BASE, &[(name, "")]]);
        assert_eq!(image.len(), 9, "{name}");
        assert_eq!(Whiteout::of(&path(name)), Some(Whiteout::Bookkeeping));
    }
    // It is at the root alone: engines unpack what stands in other directories of such names.
    let image = tree(&[&[("opt/.wh..wh.x/evil", "evil")]]);
    assert_eq!(shown(&image), owned(&[("opt", 0), ("opt/.wh..wh.x", 0), ("opt/.wh..wh.x/evil", 0)]));
    assert_eq!(Whiteout::of(&path("opt/.wh..wh.x")), Some(Whiteout::Removes(path("opt/.wh.x"))));
}

#[test]
fn an_entry_takes_the_place_of_what_is_there() {
    // A file for a directory, a directory for a file, and a path through a link.
    let image = tree(&[BASE, &[("var", "file"), ("bin/sh/", ""), ("bin/sh/x", "x")]]);
    let expected = [("bin", 0), ("bin/sh", 1), ("bin/sh/x", 1), ("etc", 0)];
    assert_eq!(shown(&image)[..4], owned(&expected));
    assert_eq!(image.files().last().map(|file| file.path.to_string()).as_deref(), Some("var"));
    let linked = tree(&[&[("usr/bin/", ""), ("bin -> usr/bin", "")], &[("bin/env", "env")]]);
    assert_eq!(shown(&linked), owned(&[("bin", 1), ("bin/env", 1), ("usr", 0), ("usr/bin", 0)]));
    assert!(linked.file(&path("bin")).is_some_and(|file| file.entry.is_none()));
}

#[test]
fn directories_that_are_named_again_are_no_change() {
    let layer: Layer<'_> = &[("etc/", ""), ("etc/new", "n"), ("opt/app/run", "r")];
    assert_eq!(
        changes(&[BASE, layer]),
        [
            ("added", "etc/new".to_owned(), 0),
            ("added", "opt".to_owned(), 0),
            ("added", "opt/app".to_owned(), 0),
            ("added", "opt/app/run".to_owned(), 0),
        ]
    );
    let mut image = tree(&[BASE]);
    let mut layer = LayerIndex::default();
    layer.add(Entry { mode: 0o700, ..Entry::directory(path("etc")) });
    let told = image.apply(layer);
    assert_eq!(told.iter().map(|change| change.kind).collect::<Vec<_>>(), [ChangeKind::Changed]);
    assert_eq!(image.file(&path("etc/motd")).map(|file| file.layer), Some(0));
}

#[test]
fn waste_and_efficiency_are_those_of_dive() {
    let layers: &[Layer<'_>] = &[
        &[("a", "1234567890"), ("b", "12345"), ("d/x", "123")],
        &[("a", "1234")],
        &[(".wh.b", ""), (".wh.d", "")],
    ];
    let image = tree(layers);
    assert_eq!(image.wasted(), 18);
    // Per path: a 4 of 14, b 0 of 5 (its whiteout weighs nothing), d/x 3 of 3, d 3 of 3 (what its whiteout removes).
    assert!((image.efficiency() - 10.0 / 25.0).abs() < 1e-12);
    let waste: Vec<_> =
        image.layer_waste().iter().map(|layer| (layer.size, layer.wasted, layer.files)).collect();
    assert_eq!(waste, [(18, 18, 3), (4, 0, 1), (0, 0, 0)]);
    let paths = image.wasted_paths();
    let first = WastedPath { path: path("a"), wasted: 10, times: 1, is_visible: true };
    assert_eq!(paths[0], first);
    assert_eq!(paths.iter().map(|path| path.wasted).collect::<Vec<_>>(), [10, 5, 3]);
    assert!((tree(&[]).efficiency() - 1.0).abs() < f64::EPSILON);
    assert!((tree(&[BASE]).efficiency() - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_file_is_looked_up_from_the_highest_layer_down() {
    let low = Some(index(&[
        ("bin -> usr/bin", ""),
        ("usr/bin/busybox", "box"),
        ("usr/bin/sh => usr/bin/busybox", ""),
        ("etc/os-release -> ../usr/lib/os-release", ""),
        ("usr/lib/os-release", "name"),
        ("usr/lib/gone", "gone"),
        ("loop -> loop", ""),
        ("up -> ../../../etc/os-release", ""),
    ]));
    let middle = Some(index(&[("usr/lib/.wh.gone", ""), ("usr/lib/os-release", "newer")]));
    let top = Some(index(&[("app/", ""), ("app/run", "run"), ("link -> /etc/os-release", "")]));
    let layers = [low, middle, top.clone()];
    let found = |text: &str| look_up(&layers, &path(text));
    assert_eq!(found("app/run"), Lookup::Found { layer: 2, entry: 1 });
    assert_eq!(found("usr/lib/os-release"), Lookup::Found { layer: 1, entry: 1 });
    assert_eq!(found("link"), Lookup::Found { layer: 1, entry: 1 });
    assert_eq!(found("up"), Lookup::Found { layer: 1, entry: 1 });
    assert_eq!(found("bin/sh"), Lookup::Found { layer: 0, entry: 1 });
    assert_eq!(found("bin"), Lookup::Directory);
    assert_eq!(found("app"), Lookup::Found { layer: 2, entry: 0 });
    assert_eq!(found("loop"), Lookup::TooManyLinks);
    let gone = path("usr/lib/gone");
    assert_eq!(found("usr/lib/gone"), Lookup::Missing { path: gone, removed_by: Some(1) });
    assert_eq!(found("bin/env"), Lookup::Missing { path: path("usr/bin/env"), removed_by: None });
    assert_eq!(found("app/run/x"), Lookup::Missing { path: path("app/run"), removed_by: None });
    // A file of a lower layer may be removed with its directory.
    let removed = [None, Some(index(&[("var/.wh.cache", "")]))];
    assert_eq!(look_up(&removed, &path("var/cache/x")), Lookup::NeedsLayer { layer: 0, path: None });
    // What the top says needs no other layer, what it does not say needs the next one.
    let unread = [None, None, top];
    assert_eq!(look_up(&unread, &path("app/run")), Lookup::Found { layer: 2, entry: 1 });
    assert_eq!(
        look_up(&unread, &path("link")),
        Lookup::NeedsLayer { layer: 1, path: Some(path("etc/os-release")) }
    );
}

#[test]
fn hard_links_are_looked_up_as_what_they_name() {
    let low = Some(index(&[
        ("real", "content"),
        ("a -> real", ""),
        ("b => a", ""),
        ("usr/bin/env", "env"),
        ("bin -> usr/bin", ""),
        ("etc/alias => bin", ""),
    ]));
    let top = Some(index(&[("c => b", ""), ("d => etc/alias", "")]));
    let layers = [low, top.clone()];
    let found = |text: &str| look_up(&layers, &path(text));
    assert_eq!(found("b"), Lookup::Found { layer: 0, entry: 0 });
    assert_eq!(found("c"), Lookup::Found { layer: 0, entry: 0 });
    // A symbolic link leads to where it leads from its own place.
    assert_eq!(found("d/env"), Lookup::Found { layer: 0, entry: 3 });
    assert_eq!(found("etc/alias/env"), Lookup::Missing { path: path("etc/usr"), removed_by: None });
    let unread = [None, top];
    assert_eq!(look_up(&unread, &path("c")), Lookup::NeedsLayer { layer: 0, path: Some(path("b")) });
    assert_eq!(look_up(&unread, &path("d/env")), Lookup::NeedsLayer { layer: 0, path: None });

    let mut image = ImageTree::default();
    layers.into_iter().flatten().for_each(|layer| drop(image.apply(layer)));
    let resolved = |text: &str| image.resolve(&path(text)).map(|path| path.to_string());
    for (text, expected) in [
        ("c", "real"),
        ("d/env", "usr/bin/env"),
        ("bin/env", "usr/bin/env"),
        ("etc/alias/env", "etc/usr/bin/env"),
    ] {
        assert_eq!(resolved(text).as_deref(), Some(expected));
    }
    assert_eq!(tree(&[&[("loop -> loop", "")]]).resolve(&path("loop/x")), None);
}

#[test]
fn the_directory_above_a_link_is_above_the_place_where_it_leads() {
    let low = index(&[
        ("x/y/", ""),
        ("x/c", "right"),
        ("c", "wrong"),
        ("b -> x/y", ""),
        ("a -> b/../c", ""),
        ("abs -> /b/../c", ""),
        ("z/up -> ../b/../../c", ""),
        ("x/link -> y/../../b/../c", ""),
        ("none -> b/../only", ""),
        ("only", ""),
        ("c2", "file"),
    ]);
    let top = index(&[("top/t", "")]);
    let cases = [
        ("/a", "x/c"),
        ("b/../c", "x/c"),
        ("abs", "x/c"),
        ("z/up", "c"),
        ("x/link", "x/c"),
        ("b/..", "x"),
        ("b/../..", ""),
        ("../../b/.././/c", "x/c"),
        ("x/y/../c", "x/c"),
        ("top/../c", "c"),
        ("top/..", ""),
    ];
    let mut image = ImageTree::default();
    [&low, &top].into_iter().for_each(|layer| drop(image.apply(layer.clone())));
    for (typed, expected) in cases {
        let (typed, expected) = (Naming::Unix.typed(typed), path(expected));
        assert_eq!(image.resolve(&typed).as_ref(), Some(&expected), "{typed}");
        let layers = [Some(low.clone()), Some(top.clone())];
        assert_eq!(look_up(&layers, &typed), look_up(&layers, &expected), "{typed}");
        // The file is not taken from a layer before it is known where the links lead.
        let mut lookup = FileLookup::new("app", 2, typed.clone());
        if typed.as_bytes().windows(2).any(|bytes| bytes == b"..") {
            let wanted = lookup.wanted().expect("it may be there");
            assert!(low.entries().iter().all(|entry| !wanted.is(0, entry)), "{typed}");
        }
    }
    // Nothing is above what is not there, or what is no directory.
    for typed in ["none", "gone/../c", "c2/../c"] {
        let typed = Naming::Unix.typed(typed);
        let found = look_up(&[Some(low.clone()), Some(top.clone())], &typed);
        assert!(matches!(found, Lookup::Missing { .. }), "{typed}: {found:?}");
        let resolved = image.resolve(&typed).expect("there are few links");
        assert!(image.file(&resolved).is_none(), "{typed}: {resolved}");
    }
    assert_eq!(Naming::Windows.typed("C:\\b\\..\\c"), path("Files/c"));
    let mut lookup = FileLookup::new("app", 1, path("none"));
    lookup.add(0, low);
    let error = lookup.wanted().expect_err("it is in another directory").to_string();
    assert_eq!(error, "there is no file /none, which leads to /x/only, in app");
}

#[test]
fn what_another_entry_takes_the_place_of_is_not_the_file() {
    let cases: &[(Layer<'_>, bool)] = &[
        (&[("etc/motd", "first")], true),
        (&[("etc/motd", "first"), ("etc/other", "")], true),
        (&[("etc/motd", "first"), ("etc/.wh.motd", "")], true),
        (&[("etc/motd", "first"), ("etc/motd", "second")], false),
        (&[("etc/motd", "first"), ("etc/motd -> evil", "")], false),
        (&[("etc/motd", "first"), ("etc/motd => evil", ""), ("evil", "")], false),
        (&[("etc/motd", "first"), ("etc -> evil", "")], false),
        (&[("etc/motd", "first"), ("etc", "evil")], false),
    ];
    for (entries, is_file) in cases {
        let mut lookup = FileLookup::new("app", 2, path("etc/motd"));
        let wanted = lookup.wanted().expect("it may be there");
        let index = index(entries);
        assert!(wanted.is(0, &index.entries()[0]));
        let confirmed = lookup.confirm(1, index, 0);
        assert_eq!(confirmed.is_ok(), *is_file, "{entries:?}: {confirmed:?}");
    }
}

#[test]
fn errors_name_the_path_that_was_asked_for_and_where_it_leads() {
    let layers: Layer<'_> = &[
        ("etc/motd", ""),
        ("link -> etc/none", ""),
        ("up -> etc", ""),
        ("loop -> loop", ""),
        ("pipe => etc", ""),
    ];
    for (asked, expected) in [
        ("", "/ in app is a directory, not a file"),
        ("etc", "/etc in app is a directory, not a file"),
        ("up", "/up, which leads to /etc, in app is a directory, not a file"),
        ("opt/x", "there is no file /opt/x in app"),
        ("etc/x", "there is no file /etc/x in app"),
        ("link", "there is no file /link, which leads to /etc/none, in app"),
        ("up/x/y", "there is no file /up/x/y, which leads to /etc/x, in app"),
        ("loop", "/loop in app is a circle of links, not a file"),
    ] {
        let mut lookup = FileLookup::new("app", 1, path(asked));
        lookup.add(0, index(layers));
        let error = lookup.wanted().expect_err("there is no content");
        assert_eq!(error.to_string(), expected);
    }
    let mut lookup = FileLookup::new("app", 2, path("etc/motd"));
    lookup.add(0, index(layers));
    lookup.add(1, index(&[("etc/.wh.motd", "")]));
    let error = lookup.wanted().expect_err("it was removed");
    assert_eq!(error.to_string(), "there is no file /etc/motd in app: layer 2 removed it");
}

#[test]
fn links_name_what_stands_before_them() {
    let layers =
        [Some(index(&[("a", "one"), ("l => a", ""), ("a", "two"), ("e", ""), ("b => e", ""), ("e/", "")]))];
    assert_eq!(look_up(&layers, &path("l")), Lookup::Found { layer: 0, entry: 0 });
    assert_eq!(look_up(&layers, &path("a")), Lookup::Found { layer: 0, entry: 2 });
    assert_eq!(look_up(&layers, &path("b")), Lookup::Found { layer: 0, entry: 3 });
    // Of what comes later, the last entry counts.
    let later = [Some(index(&[("l => a", ""), ("a", "one"), ("a", "two")]))];
    assert_eq!(look_up(&later, &path("l")), Lookup::Found { layer: 0, entry: 2 });
}

#[test]
fn entries_below_links_of_their_own_layer_stand_where_these_lead() {
    let layer = index(&[("usr/bin/", ""), ("bin -> usr/bin", ""), ("bin/x", "x"), ("y => bin/x", "")]);
    let mut image = ImageTree::default();
    image.apply(layer.clone());
    let paths = shown(&image).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!(paths, ["bin", "usr", "usr/bin", "usr/bin/x", "y"]);
    let layers = [Some(layer)];
    for name in ["usr/bin/x", "bin/x", "y"] {
        assert_eq!(look_up(&layers, &path(name)), Lookup::Found { layer: 0, entry: 2 }, "{name}");
    }
    // A directory takes the place of a link, and links of other layers are not followed.
    let layers: &[Layer<'_>] =
        &[&[("bin -> usr/bin", ""), ("bin/", ""), ("bin/x", "x"), ("lib -> usr", "")], &[("lib/y", "y")]];
    assert_eq!(shown(&tree(layers)), owned(&[("bin", 0), ("bin/x", 0), ("lib", 1), ("lib/y", 1)]));
}

#[test]
fn an_export_is_what_the_tree_shows() {
    let images: &[&[Layer<'_>]] = &[
        &[BASE],
        &[BASE, &[("etc/.wh.motd", ""), ("var/.wh.cache", "")]],
        &[BASE, &[("var/cache/", ""), ("var/cache/c", "c"), ("var/cache/.wh..wh..opq", "")]],
        &[BASE, &[("var", "file"), ("bin/sh/", ""), ("bin/sh/x", "x")]],
        &[BASE, &[("opt/app/run", "r")], &[("opt/", ""), ("opt/app/", "")], &[("etc/motd", "new")]],
        &[&[("usr/bin/x", "x"), ("bin -> usr/bin", "")], &[("bin/env", "env")]],
        &[&[("a/x", "lowest")], &[("a -> b", "")], &[("a/y", "upper")]],
        &[BASE, &[("etc/.wh.motd", "")], &[("etc/motd", "again")]],
        &[BASE, &[(".wh..wh..opq", ""), ("new", "new")]],
    ];
    for layers in images {
        let (bytes, dangling) = export(layers);
        let files = read(&bytes, 1000).expect("the archive is whole");
        let image = tree(layers);
        let expected = image.files().map(|file| {
            let entry = file.to_entry();
            (entry.path.to_string(), (entry.kind, entry.size))
        });
        let expected: BTreeMap<_, _> = expected.collect();
        assert_eq!(by_path(&files, |entry, _| (entry.kind, entry.size)), expected, "{layers:?}");
        assert_eq!(files.len(), expected.len(), "nothing is written twice: {layers:?}");
        assert_eq!(dangling, Vec::<String>::new());
    }
}

#[test]
fn an_export_tells_of_a_directory_that_its_own_layer_replaces() {
    let replaced = |entries: Layer<'_>| {
        let mut export = Export::default();
        // What an upper layer replaces is hidden.
        for index in [index(&[("b", "file")]), index(entries)] {
            index.entries().iter().for_each(|entry| export.event(Event::Entry(entry.clone())));
            assert!(!export.end_layer());
        }
        export.replaced().map(ToString::to_string)
    };
    let told = Some("a".to_owned());
    assert_eq!(replaced(&[("a/", ""), ("a/b", ""), ("a", "file")]), told);
    assert_eq!(replaced(&[("a/b", ""), ("a -> c", "")]), told);
    assert_eq!(replaced(&[("a/b", ""), ("a/", ""), ("a", "file")]), told);
    // An empty one is removed by tar, too.
    assert_eq!(replaced(&[("a/", ""), ("a -> c", "")]), None);
    assert_eq!(replaced(&[("a", "file"), ("a/", ""), ("a/b", ""), ("b/c", ""), ("b", "")]), None);
}

#[test]
fn hard_links_are_exported_whatever_hides_their_files() {
    let contents = |layers: &[Layer<'_>]| {
        let (bytes, dangling) = export(layers);
        let files = read(&bytes, 1000).expect("the archive is whole");
        let mut contents: BTreeMap<String, String> = BTreeMap::new();
        for (entry, content) in files {
            let content = match entry.kind {
                EntryKind::HardLink => contents[&String::from_utf8_lossy(&entry.link).into_owned()].clone(),
                _ => String::from_utf8_lossy(&content).into_owned(),
            };
            contents.insert(entry.path.to_string(), content);
        }
        (contents.into_iter().collect::<Vec<_>>(), dangling)
    };
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect::<Vec<_>>()
    };
    let links: Layer<'_> = &[("a", "content"), ("b => a", ""), ("c => a", "")];
    let none = Vec::<String>::new();
    let all = pairs(&[("a", "content"), ("b", "content"), ("c", "content")]);
    assert_eq!(contents(&[links]), (all.clone(), none.clone()));
    // The file is removed or replaced: its links keep the content.
    assert_eq!(contents(&[links, &[(".wh.a", "")]]), (all[1..].to_vec(), none.clone()));
    let replaced = pairs(&[("a", "new"), ("b", "content"), ("c", "content")]);
    assert_eq!(contents(&[links, &[("a", "new")]]), (replaced, none.clone()));
    assert_eq!(contents(&[links, &[(".wh.a", ""), (".wh.b", "")]]), (all[2..].to_vec(), none.clone()));
    // The file is in a lower layer than the link.
    let below: &[Layer<'_>] = &[&[("a", "content")], &[("b => a", ""), ("c => a", "")]];
    assert_eq!(contents(below), (all.clone(), none.clone()));
    assert_eq!(contents(&[below[0], below[1], &[(".wh.a", "")]]), (all[1..].to_vec(), none));
    assert_eq!(contents(&[&[("b => nowhere", "")]]), (Vec::new(), vec!["b".to_owned()]));
    // Links to links, behind them or before them, in one layer or in several.
    let none = Vec::<String>::new();
    let images: &[&[Layer<'_>]] = &[
        &[&[("a", "content"), ("b => a", ""), ("c => b", "")]],
        &[&[("c => b", ""), ("b => a", ""), ("a", "content")]],
        &[&[("a", "content"), ("b => a", "")], &[("c => b", "")]],
        &[&[("a", "content")], &[("b => a", "")], &[("c => b", "")]],
    ];
    for layers in images {
        let but = |hidden: Layer<'static>| contents(&[layers, &[hidden][..]].concat());
        assert_eq!(contents(layers), (all.clone(), none.clone()), "{layers:?}");
        let a_and_c = vec![all[0].clone(), all[2].clone()];
        assert_eq!(but(&[(".wh.b", "")]), (a_and_c, none.clone()), "{layers:?}");
        assert_eq!(but(&[(".wh.a", ""), (".wh.b", "")]), (all[2..].to_vec(), none.clone()), "{layers:?}");
        assert_eq!(but(&[(".wh.a", "")]), (all[1..].to_vec(), none.clone()), "{layers:?}");
    }
}

#[test]
fn hard_links_get_nothing_from_below_a_layer_that_hides_the_path_they_name() {
    let links: Layer<'_> = &[("b => d/e/a", ""), ("c => d/e-a", "")];
    for hiding in [
        ("d/e/.wh.a", ""),
        ("d/.wh.e", ""),
        ("d/e/.wh..wh..opq", ""),
        ("d/e", "file"),
        ("d/e/a/", ""),
        ("d/e/a/x", "implies it"),
    ] {
        let (_, dangling) = export(&[&[("d/e/a", "1"), ("d/e-a", "2")], &[hiding], links]);
        assert_eq!(dangling, ["b"], "{hiding:?}");
        // The layer that hides it may be hidden itself.
        let (_, dangling) = export(&[&[("d/e/a", "1"), ("d/e-a", "2")], &[hiding], &[(".wh.d", "")], links]);
        assert_eq!(dangling, ["b", "c"], "{hiding:?}");
    }
    for hiding in [(".wh.d", ""), ("d", "file"), ("d/.wh..wh..opq", ""), (".wh..wh..opq", "")] {
        let (_, dangling) = export(&[&[("d/e/a", "1"), ("d/e-a", "2")], &[hiding], links]);
        assert_eq!(dangling, ["b", "c"], "{hiding:?}");
    }
    // Above the links, it hides nothing of what they name.
    let (_, dangling) = export(&[&[("d/e/a", "1"), ("d/e-a", "2")], links, &[(".wh.d", "")]]);
    assert_eq!(dangling, Vec::<String>::new());
}

#[test]
fn hard_links_to_what_is_no_file_are_exported_too() {
    let shown = |layers: &[Layer<'_>]| {
        let (bytes, dangling) = export(layers);
        let files = read(&bytes, 1000).expect("the archive is whole");
        let shown = files.iter().map(|(entry, _)| {
            (entry.path.to_string(), entry.kind, String::from_utf8_lossy(&entry.link).into_owned())
        });
        (shown.collect::<Vec<_>>(), dangling)
    };
    let entry = |path: &str, kind, link: &str| (path.to_owned(), kind, link.to_owned());
    let real = entry("real", EntryKind::File, "");
    let layer: Layer<'_> = &[("real", ""), ("a -> real", ""), ("b => a", "")];
    let (a, b) = (entry("a", EntryKind::Symlink, "real"), entry("b", EntryKind::HardLink, "a"));
    assert_eq!(shown(&[layer]), (vec![real.clone(), a, b], Vec::new()));
    // The symbolic link is hidden: the other name stands for it.
    let b = entry("b", EntryKind::Symlink, "real");
    assert_eq!(shown(&[layer, &[(".wh.a", "")]]), (vec![real.clone(), b.clone()], Vec::new()));
    let below: &[Layer<'_>] = &[&[("real", ""), ("a -> real", "")], &[("b => a", "")], &[(".wh.a", "")]];
    assert_eq!(shown(below), (vec![real, b], Vec::new()));
}

/// Layers that `tar` makes by itself on top of each other are what an export of them unpacks to.
#[test]
fn an_export_unpacks_to_what_tar_makes_of_the_layers() {
    let layers: &[Layer<'_>] = &[
        BASE,
        &[("etc/motd", "newer"), ("usr/local/", ""), ("usr/local/run", "run"), ("link -> etc/motd", "")],
        &[("etc/hosts", "other"), ("twin => usr/local/run", "")],
    ];
    let (expected, found) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for layer in layers {
        unpack(&archive(layer), expected.path());
    }
    // Without whiteouts, tar itself applies layers; removals it leaves to whoever calls it.
    fs::remove_dir_all(expected.path().join("var/cache")).expect("it is there");
    let (bytes, _) = export(&[layers, &[&[("var/.wh.cache", "")]]].concat());
    unpack(&bytes, found.path());
    let listed = |folder: &Path| {
        let found = Command::new("find")
            .args([".", "-printf", "%p %y %m %U %G %s %l %n\n"])
            .current_dir(folder)
            .output()
            .expect("find runs");
        let text = String::from_utf8(found.stdout).expect("names are plain");
        let mut lines: Vec<_> =
            text.lines().filter(|line| !line.starts_with(". ")).map(str::to_owned).collect();
        lines.sort();
        // The sizes of directories are the file system's own.
        lines
            .iter()
            .map(|line| line.replace(" d 755 ", " d ").split(" 40").next().unwrap_or(line).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(listed(found.path()), listed(expected.path()));
    let same = Command::new("diff").arg("-r").args([expected.path(), found.path()]).status();
    assert!(same.expect("diff runs").success());
}

fn unpack(bytes: &[u8], folder: &Path) {
    let file = folder.with_extension("tar");
    fs::write(&file, bytes).expect("the archive can be written");
    let status =
        Command::new("tar").arg("-xpf").arg(&file).arg("-C").arg(folder).arg("--no-same-owner").status();
    assert!(status.expect("tar runs").success());
    fs::remove_file(&file).expect("the archive is there");
}

#[test]
fn images_are_compared_by_path_content_and_metadata() {
    let before = tree(&[BASE]);
    let mut after = tree(&[BASE, &[("etc/motd", "WELCOME"), ("etc/.wh.hosts", ""), ("etc/new", "")]]);
    let mut layer = LayerIndex::default();
    layer.add(Entry { uid: 5, ..Entry::directory(path("bin")) });
    after.apply(layer);
    let told: Vec<_> = differences(&before, &after, |a, b| a == b && a == 0)
        .map(|difference| (difference.kind, difference.path.to_string()))
        .collect();
    assert_eq!(
        told,
        [
            (DifferenceKind::Metadata, "bin".to_owned()),
            (DifferenceKind::Removed, "etc/hosts".to_owned()),
            // The same size: only the digest tells.
            (DifferenceKind::Content, "etc/motd".to_owned()),
            (DifferenceKind::Added, "etc/new".to_owned()),
        ]
    );
    assert_eq!(differences(&before, &tree(&[BASE]), |_, _| false).count(), 0);
    assert_eq!(differences(&before, &tree(&[BASE]), |_, _| true).count(), 0);
}

#[test]
fn hard_links_have_the_metadata_of_their_file_and_are_that_file_where_its_path_shows_it_no_more() {
    let entry = |at: &str, kind| Entry { kind, mode: 0o644, ..Entry::directory(path(at)) };
    let link = |at: &str, to: &str| Entry { link: to.as_bytes().into(), ..entry(at, EntryKind::HardLink) };
    let tool = Entry { mode: 0o4755, uid: 7, size: 50, ..entry("bin/tool", EntryKind::File) };
    let layer = |entries: &[Entry]| {
        let mut index = LayerIndex::default();
        entries.iter().for_each(|entry| index.add(entry.clone()));
        index
    };
    let mut tree = ImageTree::default();
    tree.apply(layer(&[tool, link("bin/a", "bin/tool"), link("bin/b", "bin/a")]));
    let shown = |tree: &ImageTree, at: &str| {
        let file = tree.file(&path(at)).expect("it is shown");
        let layer = file.layer;
        let Entry { path, kind, mode, uid, size, link, .. } = file.to_entry();
        (path.to_string(), layer, kind, (mode, uid, size), String::from_utf8_lossy(&link).into_owned())
    };
    for (at, link) in [("bin/a", "bin/tool"), ("bin/b", "bin/a")] {
        let expected = (at.to_owned(), 0, EntryKind::HardLink, (0o4755, 7, 0), link.to_owned());
        assert_eq!(shown(&tree, at), expected);
    }
    tree.apply(layer(&[Entry { size: 5, ..entry("bin/tool", EntryKind::File) }]));
    for at in ["bin/a", "bin/b"] {
        let expected = (at.to_owned(), 0, EntryKind::File, (0o4755, 7, 50), String::new());
        assert_eq!(shown(&tree, at), expected);
    }
    tree.apply(layer(&[entry("bin/.wh.tool", EntryKind::File), link("bin/c", "bin/a")]));
    let expected = ("bin/c".to_owned(), 0, EntryKind::File, (0o4755, 7, 50), String::new());
    assert_eq!(shown(&tree, "bin/c"), expected);
}

#[test]
fn hard_links_are_compared_as_the_files_that_they_name() {
    let told = |before: &[Layer<'_>], after: &[Layer<'_>]| {
        let (before, after) = (tree(before), tree(after));
        let found = differences(&before, &after, |a, b| a == b && a > 0);
        found.map(|difference| (difference.kind, difference.path.to_string())).collect::<Vec<_>>()
    };
    let changed = vec![(DifferenceKind::Content, "b".to_owned())];
    // What they name is hidden, and differs.
    let links: Layer<'_> = &[("b => a", "")];
    let [one, other]: [Layer<'_>; 2] = [&[("a", "one")], &[("a", "two")]];
    assert_eq!(told(&[one, links, &[(".wh.a", "")]], &[other, links, &[(".wh.a", "")]]), changed);
    assert_eq!(told(&[one, links, &[("a", "x")]], &[other, links, &[("a", "x")]]), changed);
    assert_eq!(told(&[one, links], &[one, links]), []);
    // Which of two names a layer has first makes no difference.
    assert_eq!(told(&[&[("a", "one"), ("b => a", "")]], &[&[("b", "one"), ("a => b", "")]]), []);
    assert_eq!(told(&[&[("b => nowhere", "")]], &[&[("b => elsewhere", "")]]), changed);
}

#[test]
fn windows_layers_keep_their_folders_and_whiteouts() {
    let base: Layer<'_> = &[
        ("Files/", ""),
        ("Files/Windows/", ""),
        ("Files/Windows/notepad.exe", "MZ"),
        ("Hives/", ""),
        ("Hives/System_Delta", "regf"),
    ];
    let image = tree(&[base, &[("Files/Windows/.wh.notepad.exe", ""), ("Files/app.exe", "MZ")]]);
    let expected =
        [("Files", 0), ("Files/Windows", 0), ("Files/app.exe", 1), ("Hives", 0), ("Hives/System_Delta", 0)];
    assert_eq!(shown(&image), owned(&expected));
}

/// Two layers for Windows. The second one writes names in other cases.
const WINDOWS: [Layer<'static>; 2] = [
    &[
        ("Files/", ""),
        ("Files/Documents and Settings -> C:\\Users", ""),
        ("Files/Users/me/file", "mine"),
        ("Files/Users/All Users -> ..\\ProgramData", ""),
        ("Files/ProgramData/x", "data"),
        ("Files/Windows/System32/a.dll", "old"),
        ("Files/Windows/System32/b.dll", "gone"),
        ("Files/Windows/c.dll => Files/Windows/System32/a.dll", ""),
        ("Hives/System_Delta", "regf"),
    ],
    &[("Files/windows/SYSTEM32/A.DLL", "new!!"), ("Files/Windows/System32/.wh.B.dll", "")],
];

#[test]
fn names_of_windows_are_the_same_in_any_case() {
    let mut image = ImageTree::new(Naming::Windows);
    let changes: Vec<_> = WINDOWS.iter().map(|layer| image.apply(index(layer))).collect();
    let told: Vec<_> =
        changes[1].iter().map(|change| (change.kind.as_str(), change.path.to_string())).collect();
    assert_eq!(
        told,
        [
            ("removed", "Files/Windows/System32/b.dll".to_owned()),
            ("changed", "Files/Windows/System32/a.dll".to_owned()),
        ]
    );
    let folder = Naming::Windows.typed("C:\\WINDOWS\\system32");
    let listed: Vec<_> = image.files_at(&folder, None).expect("it is there").collect();
    let listed: Vec<_> = listed.iter().map(|file| (file.path.to_string(), file.layer)).collect();
    assert_eq!(listed, [("Files/Windows/System32/a.dll".to_owned(), 1)]);
    for (link, expected) in [
        ("C:\\documents and settings\\ME\\file", "Files/Users/me/file"),
        ("C:\\Users\\All Users\\X", "Files/ProgramData/x"),
        ("C:\\users\\nobody", "Files/Users/nobody"),
    ] {
        assert_eq!(image.resolve(&Naming::Windows.typed(link)), Some(path(expected)), "{link}");
    }
}

#[test]
fn a_file_of_windows_is_looked_up_by_its_rules() {
    let find = |typed: &str, read: &[usize]| {
        let mut lookup = FileLookup::new("app", 2, Naming::Windows.typed(typed)).with_naming(Naming::Windows);
        for layer in read {
            lookup.add(*layer, index(WINDOWS[*layer]));
        }
        lookup.wanted().map(|wanted| (wanted.layer, wanted.number()))
    };
    for (typed, expected) in [
        ("C:\\Windows\\System32\\a.dll", (1, Some(0))),
        ("Files/windows/system32/A.dll", (1, Some(0))),
        ("\\windows\\C.DLL", (0, Some(5))),
        ("C:\\Documents and Settings\\me\\FILE", (0, Some(2))),
        ("C:\\users\\all users\\x", (0, Some(4))),
        ("hives\\system_delta", (0, Some(8))),
    ] {
        assert_eq!(find(typed, &[0, 1]), Ok(expected), "{typed}");
    }
    let removed = find("C:\\Windows\\System32\\b.dll", &[0, 1]).expect_err("it was removed");
    assert_eq!(
        removed.to_string(),
        "there is no file /Files/Windows/System32/b.dll in app: layer 2 removed it"
    );
    // Before the layer is read, its entry is known by the path.
    let lookup = FileLookup::new("app", 2, Naming::Windows.typed("C:\\windows\\system32\\A.dll"));
    let mut lookup = lookup.with_naming(Naming::Windows);
    let wanted = lookup.wanted().expect("it depends on a layer");
    assert!(wanted.layer == 1 && wanted.is(0, &index(WINDOWS[1]).entries()[0]));
    let names = [("A/x", "one"), ("a/X", "two")];
    let mut lookup = FileLookup::new("app", 1, path("a/X"));
    lookup.add(0, index(&names));
    assert_eq!(lookup.wanted().map(|wanted| wanted.number()), Ok(Some(1)), "Linux tells cases apart");
}

#[test]
fn an_export_for_windows_has_each_name_once() {
    let mut export = Export::new(Naming::Windows);
    for layer in WINDOWS.iter().rev() {
        let mut reader = LayerReader::new(Limits::default());
        reader.push(archive(layer).into()).expect("the layer is whole");
        while let Some(event) = reader.next().expect("the layer is whole") {
            export.event(event);
        }
        while export.end_layer() {
            reader = LayerReader::new(Limits::default());
            reader.push(archive(layer).into()).expect("the layer is whole");
            while let Some(event) = reader.next().expect("the layer is whole") {
                export.event(event);
            }
        }
    }
    assert_eq!(export.finish(), Vec::<LayerPath>::new());
    let bytes: Vec<u8> = std::iter::from_fn(|| export.take()).flatten().collect();
    let files = read(&bytes, bytes.len()).expect("it is an archive");
    let in_windows = files.iter().filter(|(entry, _)| {
        Naming::Windows.is_in(&entry.path, &path("Files/Windows")) && entry.kind == EntryKind::File
    });
    let found: Vec<_> =
        in_windows.map(|(entry, content)| (entry.path.to_string(), content.as_slice())).collect();
    let expected = [("Files/windows/SYSTEM32/A.DLL", &b"new!!"[..]), ("Files/windows/c.dll", b"old")];
    assert_eq!(found, expected.map(|(path, content)| (path.to_owned(), content)));
}

#[test]
fn an_index_takes_digests_of_content_with_its_holes() {
    let content = [&[0; 5000][..], b"data", &[0; 100]].concat();
    let segments = [Segment { offset: 5000, length: 4 }];
    let file = crate::support::file("sparse", content.len());
    let entry = Entry { segments: Some(segments.into()), stored_size: 4, ..file };
    let mut sparse = LayerIndex::with_digests();
    sparse.event(Event::Entry(entry.clone()));
    sparse.event(Event::Content { offset: 5000, bytes: b"data" });
    sparse.finish();
    assert_eq!(sparse.digest(0), Some(&tallyman_core::Digest::of(&content)));
    let mut plain = LayerIndex::default();
    plain.add(entry);
    assert_eq!(plain.digest(0), None);
}

#[test]
fn files_and_differences_are_taken_in_parts_alike() {
    let base: Layer<'_> = &[("a/b/c", "1"), ("a/b/d", "2"), ("a/e", "3"), ("f", "4"), ("g/h/i", "5")];
    let image = tree(&[base, &[("a/b/.wh.c", ""), ("a/bb", "6"), (".wh.g", "")]]);
    let all = shown(&image);
    for folder in ["", "a", "a/b", "f", "nothing"].map(path) {
        let inside: Vec<_> = image.files_in(&folder).map(|file| file.path).collect();
        for (number, last) in inside.iter().enumerate() {
            let rest: Vec<_> = image.files_in_after(&folder, Some(last)).map(|file| file.path).collect();
            assert_eq!(rest, inside[number + 1..], "{folder} behind {last}");
        }
    }
    let root = path("");
    assert_eq!(image.files_at(&root, None).expect("the root is there").count(), all.len());
    let file: Vec<_> =
        image.files_at(&path("a/e"), None).expect("it is there").map(|file| file.path).collect();
    assert_eq!(file, [path("a/e")]);
    assert!(image.files_at(&path("g"), None).is_none());
    // Links that lead there are followed, and the last one is not.
    let linked = tree(&[base, &[("l -> a/b", ""), ("m -> l", "")]]);
    let at = |text: &str| {
        let files = linked.files_at(&path(text), None)?;
        Some(files.map(|file| file.path.to_string()).collect::<Vec<_>>())
    };
    assert_eq!(at("m/c"), Some(vec!["a/b/c".to_owned()]));
    assert_eq!(at("m"), Some(vec!["m".to_owned()]));
    assert_eq!(at("m/x"), None);

    let before = tree(&[base]);
    let paths: Vec<_> =
        differences(&before, &image, |_, _| false).map(|difference| difference.path).collect();
    for (number, last) in paths.iter().enumerate() {
        let rest = differences_after(&before, &image, Some(last), |_, _| false);
        let rest: Vec<_> = rest.map(|difference| difference.path).collect();
        assert_eq!(rest, paths[number + 1..], "behind {last}");
    }
}

#[test]
fn differences_between_images_for_windows_are_those_of_names_in_any_case() {
    let windows = |layer| {
        let mut image = ImageTree::new(Naming::Windows);
        image.apply(index(layer));
        image
    };
    let before = windows(&[
        ("Files/Windows/a.dll", "same"),
        ("Files/Windows/B.dll", "one"),
        ("Files/Windows/gone", ""),
        ("Files/Windows/_", "old"),
        ("Files/zone", ""),
    ]);
    let after = windows(&[
        ("Files/windows/A.dll", "same"),
        ("Files/windows/b.DLL", "three"),
        ("Files/windows/_", "older"),
        ("Files/windows/new", ""),
        ("Files/Zone", ""),
    ]);
    let told = |last: Option<&LayerPath>| -> Vec<_> {
        let found = differences_after(&before, &after, last, |_, _| false);
        found.map(|found| (found.kind.as_str(), found.path, found.after.map(|file| file.path))).collect()
    };
    let all = told(None);
    assert_eq!(
        all,
        [
            ("content", path("Files/Windows/B.dll"), Some(path("Files/windows/b.DLL"))),
            ("removed", path("Files/Windows/gone"), None),
            ("added", path("Files/windows/new"), Some(path("Files/windows/new"))),
            ("content", path("Files/Windows/_"), Some(path("Files/windows/_"))),
        ]
    );
    for (number, (_, last, _)) in all.iter().enumerate() {
        assert_eq!(told(Some(last)), all[number + 1..], "behind {last}");
    }
    // An image for Linux has names in cases of their own, and nothing is told twice.
    let linux = tree(&[&[("Files/Windows/a.dll", "same"), ("Files/windows/A.dll", "same"), ("bin/x", "")]]);
    let mixed = |last: Option<&LayerPath>| -> Vec<_> {
        differences_after(&before, &linux, last, |_, _| false).map(|found| found.path).collect()
    };
    let all = mixed(None);
    assert!(all.is_sorted() && !all.contains(&path("Files/Windows/a.dll")), "{all:?}");
    for (number, last) in all.iter().enumerate() {
        assert_eq!(mixed(Some(last)), all[number + 1..], "behind {last}");
    }
}
