//! The unions of the package's TypeScript, held against what the Rust code gives.
#![cfg(not(target_arch = "wasm32"))]

use std::{collections::BTreeSet, fs, path::Path};

use tallyman_core::{Descriptor, Digest, ListEntry, ManifestList, MediaType, Platform, PushPlan, json};
use tallyman_layers::{Entry, EntryKind, ExtendedAttribute, LayerPath};

/// Codes of errors that only a command line can end in: its flags, the files that it reads and writes, its logins, and
/// lists that it changes in a registry.
const COMMAND_LINE_ALONE: [&str; 8] = [
    "credentials-failed",
    "credentials-missing",
    "entry-not-found",
    "flags-contradict",
    "output-failed",
    "sources-invalid",
    "tag-moved",
    "template-invalid",
];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts between quotes that have the form of a code.
fn codes(text: &str, quote: char) -> BTreeSet<String> {
    let is_code =
        |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    text.split(quote).skip(1).step_by(2).filter(is_code).map(str::to_owned).collect()
}

/// The part of a text from `start` to `end`.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("expected {start:?}"));
    rest.split_once(end).unwrap_or_else(|| panic!("expected {end:?} behind {start:?}")).0
}

#[test]
fn codes_of_errors_are_those_that_the_engine_and_the_package_give() {
    let error = read("js/lib/error.ts");
    let union = between(&error, "export type TallymanErrorCode =", ";").lines();
    let union: BTreeSet<String> =
        union.filter_map(|line| line.trim().strip_prefix("| ")).flat_map(|line| codes(line, '\'')).collect();
    let mut given = BTreeSet::new();
    for path in [
        "../commands/src/error/code.rs",
        "../core/src/plan.rs",
        "../layers/src/error.rs",
        "../layers/src/image/content_lookup.rs",
        "../registry/src/error.rs",
    ] {
        given.extend(codes(between(&read(path), "fn code(&self) -> &'static str {", "\n    }\n"), '"'));
    }
    for path in ["src/library/failure.rs", "src/layers/failure.rs"] {
        for part in read(path).split("begin(").skip(1) {
            given.extend(codes(part.split([',', ')']).next().unwrap_or_default(), '"'));
        }
    }
    for part in between(&read("src/library/failure.rs"), "fn of_store(", "begin(code").split("=> (").skip(1) {
        given.extend(codes(part.split(',').next().unwrap_or_default(), '"'));
    }
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("js/lib")).expect("it can be read") {
        let text = fs::read_to_string(entry.expect("it can be read").path()).expect("it can be read");
        for part in text.split("code: ").skip(1) {
            given.extend(codes(part.split([',', ';', '\n']).next().unwrap_or_default(), '\''));
        }
    }
    for code in COMMAND_LINE_ALONE {
        assert!(given.remove(code), "no error has the code {code}");
    }
    let missing: Vec<_> = given.difference(&union).collect();
    let unused: Vec<_> = union.difference(&given).collect();
    assert!(missing.is_empty(), "TallymanErrorCode lacks {missing:?}");
    assert!(unused.is_empty(), "TallymanErrorCode has codes that no error has: {unused:?}");
}

#[test]
fn fields_of_errors_are_in_their_type() {
    let error = read("js/lib/error.ts");
    let declared: BTreeSet<_> = between(&error, "export interface TallymanErrorFields {", "\n}")
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .map(|(name, _)| name.trim_end_matches('?').to_owned())
        .collect();
    let mut given = BTreeSet::new();
    for path in ["src/library/failure.rs", "src/layers/failure.rs"] {
        let text = read(path);
        for method in [".string(\"", ".number(\"", ".json(\""] {
            given.extend(
                text.split(method).skip(1).filter_map(|part| part.split('"').next()).map(str::to_owned),
            );
        }
    }
    assert!(given.contains("reference"), "{given:?}");
    let missing: Vec<_> = given.difference(&declared).collect();
    assert!(missing.is_empty(), "TallymanErrorFields lacks {missing:?}");
}

#[test]
fn entries_of_layers_are_as_their_types_say() {
    let types = read("js/lib/layer.ts");
    let path = LayerPath::clean(b".wh.name").expect("it stays inside");
    let attribute = ExtendedAttribute { name: "user.name".into(), value: Box::default() };
    let full = Entry {
        user: "root".into(),
        group: "root".into(),
        xattrs: [attribute].into(),
        link: (*b"target").into(),
        ..Entry::directory(path)
    };
    for (kind, interface) in [
        (EntryKind::File, "FileEntry"),
        (EntryKind::Directory, "DirectoryEntry"),
        (EntryKind::Symlink, "LinkEntry"),
        (EntryKind::HardLink, "LinkEntry"),
        (EntryKind::CharacterDevice, "DeviceEntry"),
        (EntryKind::BlockDevice, "DeviceEntry"),
        (EntryKind::Fifo, "FifoEntry"),
    ] {
        let json = Entry { kind, ..full.clone() }.to_json(None);
        let members = json::members(json.as_bytes()).expect("it is JSON");
        let given: BTreeSet<&str> = members.iter().map(|(name, _)| &**name).collect();
        let mut typed = fields(&types, "EntryFields");
        typed.extend(fields(&types, interface));
        assert_eq!(given, typed, "{interface}");
        let body = between(&types, &format!("interface {interface} "), "\n}");
        assert!(codes(body, '\'').contains(kind.as_str()), "{interface}: {}", kind.as_str());
    }
}

fn entry(reference: &str) -> ListEntry {
    let blob = |name: &str| {
        let digest = Digest::of(name.as_bytes());
        format!(r#"{{"mediaType":"application/octet-stream","size":1,"digest":"{digest}"}}"#)
    };
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        blob(reference),
        blob(&format!("layer of {reference}"))
    );
    let digest = Digest::of(manifest.as_bytes());
    let mut descriptor = Descriptor::new(MediaType::DockerManifest, digest, manifest.len() as u64);
    descriptor.platform = Some(Platform::new("linux", "amd64"));
    ListEntry::new(reference.parse().expect("a reference"), descriptor, manifest.into_bytes()).expect("JSON")
}

/// The names of an interface's fields.
fn fields<'a>(types: &'a str, interface: &str) -> BTreeSet<&'a str> {
    let body = between(types, &format!("interface {interface} "), "\n}");
    let fields = body.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": "));
    fields
        .map(|(name, _)| name.trim_end_matches('?'))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .collect()
}

#[test]
fn steps_of_plans_are_as_their_types_say() {
    let mut list = ManifestList::new("a.io/app:v1".parse().expect("a reference"));
    for reference in ["a.io/near:v1", "b.io/far:v1"] {
        list.insert(entry(reference)).expect("a new name");
    }
    let plan = PushPlan::with_copies(&list).expect("it can be planned").steps_to_json();
    let types = read("js/lib/plan.ts");
    let mut kinds = BTreeSet::new();
    for step in json::elements(plan.as_bytes()).expect("it is JSON") {
        let members = json::members(step).expect("it is JSON");
        let (_, kind) = members.iter().find(|(name, _)| name == "kind").expect("it has a kind");
        let kind = json::unquote(kind).to_string();
        let interface = match &*kind {
            "mount-blob" => "MountStep",
            "copy-blob" => "TransferStep",
            _ => "ManifestStep",
        };
        let mut typed = fields(&types, interface);
        typed.extend(fields(&types, "StepTerms"));
        let given: BTreeSet<&str> = members.iter().map(|(name, _)| &**name).collect();
        assert_eq!(given, typed, "{interface}");
        kinds.insert(kind);
    }
    let union = types.lines().filter_map(|line| line.trim().strip_prefix("kind: "));
    assert_eq!(union.flat_map(|kinds| codes(kinds, '\'')).collect::<BTreeSet<_>>(), kinds);
}
