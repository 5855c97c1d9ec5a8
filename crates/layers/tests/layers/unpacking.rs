//! Random images against an unpacking that is as plain as can be: each layer by itself, entry after entry, as engines do it, and
//! the layers laid one upon the other.

use std::collections::{BTreeMap, BTreeSet};

use tallyman_core::Digest;
use tallyman_layers::{
    Entry, EntryKind, Event, Export, ImageTree, LayerIndex, LayerReader, Limits, Lookup, TarWriter, look_up,
};

use crate::support::{path, read};

/// An entry of a layer: its path, and what it is.
type Item = (String, ItemContent);

#[derive(Clone, Debug, PartialEq, Eq)]
enum ItemContent {
    Directory,
    File(String),
    Symlink(String),
    HardLink(String),
}

/// The thing at a path once all is unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Directory,
    File(String),
    Symlink(String),
}

type Files = BTreeMap<String, Node>;

/// The files of a flattened archive with what is there as text, and the number of links that it could not have.
type Exported = (BTreeMap<String, String>, usize);

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn remove(files: &mut Files, path: &str) {
    files.retain(|other, _| other != path && !other.starts_with(&format!("{path}/")));
}

/// The folder that a folder's path leads to; `None` for a circle.
fn resolve(files: &Files, folder: &str) -> Option<String> {
    let mut left: Vec<String> = folder.split('/').rev().map(str::to_owned).collect();
    let (mut at, mut links) = (String::new(), 0);
    while let Some(name) = left.pop() {
        match &*name {
            "" => {}
            ".." => at = split(&at).0.to_owned(),
            name => match files.get(&join(&at, name)) {
                Some(Node::Symlink(target)) => {
                    links += 1;
                    if links > 40 {
                        return None;
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    left.extend(target.split('/').rev().map(str::to_owned));
                }
                _ => at = join(&at, name),
            },
        }
    }
    Some(at)
}

/// Makes the folder, and those above it; `None` if something else stands there.
fn make(files: &mut Files, folder: &str) -> Option<()> {
    let ends =
        folder.match_indices('/').map(|(at, _)| at).chain((!folder.is_empty()).then_some(folder.len()));
    for end in ends {
        let made = files.entry(folder[..end].to_owned()).or_insert(Node::Directory);
        (*made == Node::Directory).then_some(())?;
    }
    Some(())
}

/// Unpacks a layer upon lower ones. `None` for layers that engines refuse, or that have a directory and something else at one path.
fn unpack(layer: &[Item], lower: &Files) -> Option<Files> {
    let (mut own, mut kept, mut linked) = (Files::new(), Files::new(), BTreeSet::new());
    let (mut removed, mut opaque) = (Vec::new(), Vec::new());
    let mut below = lower.clone();
    // Whiteouts hide what lower layers have, wherever they stand.
    for pass in 0..2 {
        own.clear();
        for (name, what) in layer {
            if name.starts_with(".wh..wh.plnk/") {
                if let ItemContent::File(content) = what {
                    kept.insert(name.clone(), Node::File(content.clone()));
                }
                continue;
            }
            let (folder, base) = split(name);
            let folder = resolve(&own, folder)?;
            if base == ".wh..wh..opq" {
                opaque.push(folder);
                continue;
            }
            if let Some(base) = base.strip_prefix(".wh.") {
                removed.push(join(&folder, base));
                continue;
            }
            make(&mut own, &folder)?;
            let name = join(&folder, base);
            let node = match what {
                ItemContent::Directory => Node::Directory,
                ItemContent::File(content) => Node::File(content.clone()),
                ItemContent::Symlink(target) => Node::Symlink(target.clone()),
                ItemContent::HardLink(target) => {
                    let (folder, base) = split(target);
                    let target = join(&resolve(&own, folder)?, base);
                    (target != name).then_some(())?;
                    match own.get(&target).or_else(|| kept.get(&target)) {
                        Some(node) => node.clone(),
                        None => {
                            // Whether entries of this layer then go through a symbolic link, no engine tells.
                            let node =
                                below.get(&target).filter(|node| !matches!(node, Node::Symlink(_))).cloned();
                            linked.insert(target);
                            node.or_else(|| (pass == 0).then(|| Node::File(String::new())))?
                        }
                    }
                }
            };
            if matches!(what, ItemContent::HardLink(_)) && node == Node::Directory {
                return None;
            }
            if own.get(&name).is_some_and(|before| (*before == Node::Directory) != (node == Node::Directory))
            {
                return None;
            }
            own.insert(name, node);
        }
        for path in &removed {
            remove(&mut below, path);
        }
        for folder in &opaque {
            below.retain(|path, _| !folder.is_empty() && !path.starts_with(&format!("{folder}/")));
        }
    }
    // A link to a lower layer's file where the layer itself has something there later.
    let is_above = |target: &String| {
        own.iter().any(|(path, node)| {
            path == target || (*node != Node::Directory && target.starts_with(&format!("{path}/")))
        })
    };
    if linked.iter().any(is_above) {
        return None;
    }
    for (path, node) in own {
        if below.get(&path).is_some_and(|before| *before != Node::Directory || node != Node::Directory) {
            remove(&mut below, &path);
        }
        below.insert(path, node);
    }
    Some(below)
}

fn archive(layer: &[Item]) -> Vec<u8> {
    let mut writer = TarWriter::default();
    for (name, what) in layer {
        let entry = Entry::directory(path(name));
        match what {
            ItemContent::Directory => writer.entry(&entry),
            ItemContent::File(content) => {
                writer.entry(&Entry { kind: EntryKind::File, size: content.len() as u64, ..entry });
                writer.content(0, content.as_bytes());
            }
            ItemContent::Symlink(link) => {
                writer.entry(&Entry { kind: EntryKind::Symlink, link: link.as_bytes().into(), ..entry });
            }
            ItemContent::HardLink(link) => {
                writer.entry(&Entry { kind: EntryKind::HardLink, link: link.as_bytes().into(), ..entry });
            }
        }
    }
    writer.finish()
}

fn events(archive: &[u8], mut on_event: impl FnMut(Event<'_>)) {
    let mut reader = LayerReader::new(Limits::default());
    reader.push(archive.to_vec().into()).expect("the archive is whole");
    while let Some(event) = reader.next().expect("the archive is whole") {
        on_event(event);
    }
}

fn index(archive: &[u8]) -> LayerIndex {
    let mut index = LayerIndex::with_digests();
    events(archive, |event| index.event(event));
    index.finish();
    index
}

/// The digest of content, or a symbolic link, or a directory, as text.
fn text_of(node: &Node) -> String {
    match node {
        Node::Directory => "directory".to_owned(),
        Node::File(content) => Digest::of(content.as_bytes()).to_string(),
        Node::Symlink(target) => format!("-> {target}"),
    }
}

fn text_of_entry(layers: &[LayerIndex], layer: usize, number: usize) -> String {
    let entry = &layers[layer].entries()[number];
    match entry.kind {
        EntryKind::Symlink => format!("-> {}", String::from_utf8_lossy(&entry.link)),
        EntryKind::Directory => "directory".to_owned(),
        _ => layers[layer].digest(number).map(ToString::to_string).unwrap_or_default(),
    }
}

/// The paths of a tree, with what is there.
fn shown(tree: &ImageTree, layers: &[LayerIndex]) -> BTreeMap<String, String> {
    let files = tree.files().map(|file| {
        let text = match file.entry {
            None => "directory".to_owned(),
            Some((number, _)) => match tree.linked(file.layer, number) {
                Some((layer, number)) => text_of_entry(layers, layer, number),
                None => "dangling".to_owned(),
            },
        };
        (file.path.to_string(), text)
    });
    files.collect()
}

/// The files that `tar` makes of the flattened archive; `None` if a layer has a directory and something else in its place.
fn exported(archives: &[Vec<u8>]) -> Option<Exported> {
    let (mut export, mut bytes) = (Export::default(), Vec::new());
    for archive in archives.iter().rev() {
        loop {
            events(archive, |event| {
                export.event(event);
                bytes.extend(std::iter::from_fn(|| export.take()).flatten());
            });
            if !export.end_layer() {
                break;
            }
        }
    }
    let dangling = export.finish().len();
    bytes.extend(std::iter::from_fn(|| export.take()).flatten());
    if export.replaced().is_some() {
        return None;
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let items = read(&bytes, 1000).expect("the archive is whole").into_iter().map(|(entry, content)| {
        let what = match entry.kind {
            EntryKind::Directory => ItemContent::Directory,
            EntryKind::Symlink => ItemContent::Symlink(text(&entry.link)),
            EntryKind::HardLink => ItemContent::HardLink(text(&entry.link)),
            _ => ItemContent::File(text(&content)),
        };
        (entry.path.to_string(), what)
    });
    let items: Vec<_> = items.collect();
    let files = unpack(&items, &Files::new()).unwrap_or_else(|| panic!("tar unpacks it: {items:?}"));
    Some((files.iter().map(|(path, node)| (path.clone(), text_of(node))).collect(), dangling))
}

/// Numbers that look random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn layer(&mut self, number: usize) -> Vec<Item> {
        const NAMES: &[&str] =
            &["a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "l", "l/a", "l/e/b", "d/l", "d/l/a"];
        let items = (0..1 + self.below(6)).map(|item| {
            let name = self.of(NAMES).to_owned();
            let (folder, base) = split(&name);
            let content = format!("{number}.{item}");
            match self.below(20) {
                0..7 => (name, ItemContent::File(content)),
                7..9 => (name, ItemContent::Directory),
                9..12 => (
                    name,
                    ItemContent::Symlink(self.of(&["d", "/d/e", "b", "../d", "l", "e", "/"]).to_owned()),
                ),
                12..15 => (name, ItemContent::HardLink(self.of(NAMES).to_owned())),
                15..18 if number > 0 => {
                    (join(folder, &format!(".wh.{base}")), ItemContent::File(String::new()))
                }
                18 if number > 0 => (join(&name, ".wh..wh..opq"), ItemContent::File(String::new())),
                18 => (".wh..wh.plnk/1.2".to_owned(), ItemContent::File(content)),
                _ => (name, ItemContent::HardLink(".wh..wh.plnk/1.2".to_owned())),
            }
        });
        items.collect()
    }
}

#[test]
fn files_look_ups_and_exports_are_what_engines_unpack() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut images, mut exports) = (0, 0);
    while images < 3000 {
        let layers: Vec<_> = (0..1 + random.below(4)).map(|number| random.layer(number)).collect();
        let Some(expected) = layers.iter().try_fold(Files::new(), |below, layer| unpack(layer, &below))
        else {
            continue;
        };
        images += 1;
        let expected: BTreeMap<_, _> =
            expected.iter().map(|(path, node)| (path.clone(), text_of(node))).collect();
        let archives: Vec<_> = layers.iter().map(|layer| archive(layer)).collect();
        let indexes: Vec<_> = archives.iter().map(|archive| index(archive)).collect();
        let mut tree = ImageTree::default();
        indexes.iter().for_each(|index| drop(tree.apply(index.clone())));
        assert_eq!(shown(&tree, &indexes), expected, "the tree of {layers:#?}");
        let read: Vec<_> = indexes.iter().cloned().map(Some).collect();
        for (name, text) in expected.iter().filter(|(_, text)| !text.starts_with("->")) {
            let found = match look_up(&read, &path(name)) {
                Lookup::Found { layer, entry } => text_of_entry(&indexes, layer, entry),
                Lookup::Directory => "directory".to_owned(),
                other => format!("{other:?}"),
            };
            assert_eq!(found, *text, "{name} of {layers:#?}");
        }
        if let Some((found, dangling)) = exported(&archives) {
            exports += 1;
            assert_eq!((found, dangling), (expected, 0), "the export of {layers:#?}");
        }
    }
    assert!(exports > 2500, "{exports} exports");
}

fn of(layers: &[&[(&str, ItemContent)]]) -> (Vec<LayerIndex>, ImageTree, Option<Exported>) {
    let layers = layers.iter().map(|layer| {
        archive(&layer.iter().map(|(path, what)| ((*path).to_owned(), what.clone())).collect::<Vec<_>>())
    });
    let archives: Vec<_> = layers.collect();
    let indexes: Vec<_> = archives.iter().map(|archive| index(archive)).collect();
    let mut tree = ImageTree::default();
    indexes.iter().for_each(|index| drop(tree.apply(index.clone())));
    (indexes, tree, exported(&archives))
}

fn file(content: &str) -> ItemContent {
    ItemContent::File(content.to_owned())
}

fn link(target: &str) -> ItemContent {
    ItemContent::HardLink(target.to_owned())
}

#[test]
fn directories_that_a_layer_implies_stay_when_another_one_empties_them() {
    let none = || file("");
    for (layers, expected) in [(vec![("d", file("old"))], vec!["d"]), (vec![], vec!["d"])] {
        let (indexes, tree, export) = of(&[&layers, &[("d/x", file("1"))], &[("d/.wh.x", none())]]);
        let paths: Vec<_> = tree.files().map(|file| file.path.to_string()).collect();
        assert_eq!(paths, expected);
        assert_eq!(export, Some((shown(&tree, &indexes), 0)));
    }
    let (_, _, export) = of(&[&[("app/cache/x", file("1"))], &[("app/cache/.wh.x", none())]]);
    let directories = ["app", "app/cache"].map(|path| (path.to_owned(), "directory".to_owned()));
    assert_eq!(export, Some((BTreeMap::from(directories), 0)));
}

#[test]
fn files_that_aufs_keeps_for_hard_links_are_their_content() {
    let kept = ".wh..wh.plnk/12.34";
    let layer: &[(&str, ItemContent)] =
        &[(kept, file("linked")), ("bin/a", link(kept)), ("bin/b", link(kept))];
    let (indexes, tree, export) = of(&[layer]);
    let content = text_of(&Node::File("linked".to_owned()));
    let expected = [("bin", "directory"), ("bin/a", &*content), ("bin/b", &*content)];
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    assert_eq!(shown(&tree, &indexes), expected);
    assert_eq!(export, Some((expected, 0)));
    let read: Vec<_> = indexes.into_iter().map(Some).collect();
    assert_eq!(look_up(&read, &path("bin/b")), Lookup::Found { layer: 0, entry: 0 });
    // They are of their layer alone, and no files of the image.
    assert!(matches!(look_up(&read, &path(kept)), Lookup::Missing { .. }));
    let (_, _, export) = of(&[&[(kept, file("linked"))], &[("bin/a", link(kept))]]);
    let folder = BTreeMap::from([("bin".to_owned(), "directory".to_owned())]);
    assert_eq!(export, Some((folder, 1)));
}

#[test]
fn a_hard_link_to_what_a_whiteout_removes_dangles() {
    let (indexes, tree, export) =
        of(&[&[("a", file("1"))], &[(".wh.a", file(""))], &[("b", link("a")), ("c", file("c"))]]);
    assert_eq!(shown(&tree, &indexes)["b"], "dangling");
    let c = BTreeMap::from([("c".to_owned(), text_of(&Node::File("c".to_owned())))]);
    assert_eq!(export, Some((c, 1)));
}

#[test]
fn links_that_lead_to_paths_without_end_are_not_followed() {
    let mut index = LayerIndex::default();
    let mut add = |name: String, kind, link: &str| {
        index.add(Entry { kind, link: link.as_bytes().into(), ..Entry::directory(path(&name)) });
    };
    let long = "x/".repeat(200);
    for number in 0..2000 {
        add(format!("l{number}"), EntryKind::Symlink, &format!("l{}/{long}", number + 1));
    }
    for number in 0..2000 {
        add(format!("l{number}/file"), EntryKind::File, "");
    }
    add("circle".to_owned(), EntryKind::Symlink, "circle");
    add("circle/file".to_owned(), EntryKind::File, "");
    let longest = index.entries().iter().map(|entry| entry.path.as_bytes().len()).max();
    assert!(longest.is_some_and(|longest| longest <= 4096), "{longest:?}");
    assert_eq!(index.entries().last().map(|entry| entry.path.to_string()).as_deref(), Some("circle/file"));
}
