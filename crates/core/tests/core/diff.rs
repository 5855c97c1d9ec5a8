//! Comparing: every entry of both sides appears exactly once, partnered as a person would.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tallyman_core::{
    Descriptor, Diff, Digest, Index, Manifest, MediaType, RunConfig, diff_entries, diff_layers, diff_pairs,
    diff_sequence,
};

fn index(described: &[(&str, &str)]) -> Index {
    let empty = Manifest::parse(&br#"{"schemaVersion":2,"manifests":[]}"#[..], None).expect("an empty index");
    let manifests = described.iter().map(|(content, architecture)| {
        let platform = format!("linux/{architecture}").parse().ok();
        Descriptor { platform, ..Descriptor::new(MediaType::OciManifest, Digest::of(content.as_bytes()), 1) }
    });
    Index { manifests: manifests.collect(), ..empty.index().expect("it is an index").clone() }
}

/// `=` same, `~` changed, `-` removed, `+` added, each with the architecture of its left side, else its right.
fn changes_of(left: &[(&str, &str)], right: &[(&str, &str)]) -> String {
    let (left, right) = (index(left), index(right));
    let of =
        |entry: &Descriptor| entry.platform.as_ref().map_or("none".to_owned(), |p| p.architecture.clone());
    let changes = diff_entries(&left, &right).into_iter().map(|change| match change {
        Diff::Same { left, .. } => format!("={}", of(left)),
        Diff::Changed { left, .. } => format!("~{}", of(left)),
        Diff::Removed(entry) => format!("-{}", of(entry)),
        Diff::Added(entry) => format!("+{}", of(entry)),
    });
    changes.collect::<Vec<_>>().join(" ")
}

#[test]
fn entries_are_partnered_by_digest_then_by_platform() {
    for (left, right, expected) in [
        (&[("a", "amd64"), ("b", "arm64")][..], &[("b", "arm64"), ("a", "amd64")][..], "=amd64 =arm64"),
        (&[("a", "amd64")], &[("a2", "amd64"), ("c", "s390x")], "~amd64 +s390x"),
        (&[("a", "amd64"), ("b", "arm64")], &[("b", "arm64")], "-amd64 =arm64"),
        // The same image under another platform was annotated, not replaced.
        (&[("a", "amd64")], &[("a", "arm64")], "~amd64"),
        // An exact partner is not taken away by a looser one.
        (&[("x", "amd64"), ("a", "amd64")], &[("a", "amd64"), ("y", "amd64")], "~amd64 =amd64"),
        (&[("a", "")], &[("b", "")], "-none +none"),
        (&[("a", "arm64")], &[("b", "arm64/v8")], "~arm64"),
        (&[("a", "arm64")], &[("a", "arm64/v8")], "~arm64"),
        (&[], &[], ""),
    ] {
        assert_eq!(changes_of(left, right), expected, "{left:?} {right:?}");
    }
}

#[test]
fn equal_entries_are_paired_in_their_order_each_with_its_own_annotations() {
    let [left, right] = ["left", "right"].map(|side| {
        let mut index = index(&[("a", "amd64"), ("a", "amd64")]);
        for (at, entry) in index.manifests.iter_mut().enumerate() {
            entry.annotations.insert("name".to_owned(), format!("{side} {at}"));
        }
        index
    });
    let changes = diff_entries(&left, &right);
    let names = changes.iter().map(|change| {
        assert!(change.is_same());
        [change.left(), change.right()].map(|side| &*side.unwrap().annotations["name"])
    });
    assert_eq!(names.collect::<Vec<_>>(), [["left 0", "right 0"], ["left 1", "right 1"]]);
}

#[test]
fn a_layer_is_the_same_under_the_media_types_of_docker_and_oci() {
    let image = |name: &str, layer: &str, contents: &[&str]| {
        let describe = |media_type: &str, content: &str| {
            Descriptor::new(MediaType::new(media_type), Digest::of(content.as_bytes()), 1).to_json()
        };
        let layers: Vec<_> = contents.iter().map(|content| describe(layer, content)).collect();
        let config = describe("application/vnd.oci.image.config.v1+json", "config");
        let json = format!(
            r#"{{"schemaVersion":2,"mediaType":"{name}","config":{config},"layers":[{}]}}"#,
            layers.join(",")
        );
        Manifest::parse(json.into_bytes(), None).unwrap()
    };
    let docker = image(
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        &["a", "b", "c"],
    );
    let oci = image(
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        &["a", "b"],
    );
    let changes = diff_layers(&docker, &oci);
    let types = changes.iter().map(|change| {
        [change.left(), change.right()]
            .map(|side| side.map(|layer| layer.media_type.as_str().contains("docker")))
    });
    assert_eq!(
        types.collect::<Vec<_>>(),
        [[Some(true), Some(false)], [Some(true), Some(false)], [Some(true), None]]
    );
}

/// Lengths at which a table of all pairs would take more memory than there is.
const MANY: u32 = 200_000;

#[test]
fn long_sequences_are_lined_up_by_what_is_unique() {
    let left: Vec<u32> = (0..MANY).collect();
    // Ten at the start stand at the end, and every hundredth is another.
    let right: Vec<u32> =
        (10..MANY).map(|at| if at % 100 == 0 { MANY + at } else { at }).chain(0..10).collect();
    // Repeated ones between two that are unique.
    let with_repeated = |side: &[u32], at: usize| [&side[..at], &[u32::MAX; 3], &side[at..]].concat();
    let (left, right) = (with_repeated(&left, 1010), with_repeated(&right, 1000));

    let changes = diff_sequence(&left, &right);
    assert_eq!(changes.iter().filter_map(Diff::left).copied().collect::<Vec<_>>(), left);
    assert_eq!(changes.iter().filter_map(Diff::right).copied().collect::<Vec<_>>(), right);
    let same: Vec<_> = changes.iter().filter(|change| change.is_same()).collect();
    assert!(same.iter().all(|change| change.left() == change.right()));
    let replaced = (10..MANY).filter(|at| at % 100 == 0).count();
    assert_eq!(same.len(), MANY as usize - 10 - replaced + 3);
    assert_eq!(changes[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(Diff::Removed));

    // Nothing is unique, and nothing in common.
    let repeated = |number: u32| vec![number; MANY as usize];
    let changes = diff_sequence(&repeated(1), &repeated(2));
    assert_eq!(changes.len(), 2 * MANY as usize);
    assert!(!changes.iter().any(Diff::is_same));
}

#[test]
fn entries_of_large_indexes_are_paired() {
    let named = |side: &str, at: u32| (format!("{side} {at}"), "");
    let entries = |side: &str| (0..MANY / 5).map(|at| named(side, at)).collect::<Vec<_>>();
    let [left, right] = [entries("left"), entries("right")].map(|entries| {
        index(&entries.iter().map(|(content, architecture)| (&**content, *architecture)).collect::<Vec<_>>())
    });
    let changes = diff_entries(&left, &right);
    assert_eq!(changes.len(), left.manifests.len() + right.manifests.len());
    let mut turned = left.clone();
    turned.manifests.reverse();
    assert!(diff_entries(&left, &turned).iter().all(Diff::is_same));
}

#[test]
fn pairs_are_compared_by_key() {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let (left, right) =
        (map(&[("a", "1"), ("b", "2"), ("d", "4")]), map(&[("a", "1"), ("b", "3"), ("c", "5")]));
    let compared: Vec<_> = diff_pairs(&left, &right).into_iter().collect();
    let [one, two, three, four, five] = ["1", "2", "3", "4", "5"].map(str::to_owned);
    assert_eq!(
        compared,
        [
            ("a", Diff::Same { left: &one, right: &one }),
            ("b", Diff::Changed { left: &two, right: &three }),
            ("c", Diff::Added(&five)),
            ("d", Diff::Removed(&four)),
        ]
    );
}

#[test]
fn a_variable_without_a_value_differs_from_one_with_an_empty_value() {
    let run_config = |env: &[&str]| {
        let env = env.iter().map(|line| (*line).to_owned()).collect();
        RunConfig { env, ..RunConfig::default() }
    };
    let (left, right) = (run_config(&["FOO", "A=1", "A=2=3", "B="]), run_config(&["FOO=", "A=2=3", "B="]));
    let (left, right) = (left.variables(), right.variables());
    let compared: Vec<_> = diff_pairs(&left, &right).into_iter().collect();
    let empty = Some("");
    assert_eq!(
        compared,
        [
            ("A", Diff::Same { left: &Some("2=3"), right: &Some("2=3") }),
            ("B", Diff::Same { left: &empty, right: &empty }),
            ("FOO", Diff::Changed { left: &None, right: &empty }),
        ]
    );
}

proptest! {
    #[test]
    fn a_sequence_gives_both_sides_back(
        left in prop::collection::vec(0_u8..5, 0..12),
        right in prop::collection::vec(0_u8..5, 0..12),
    ) {
        let changes = diff_sequence(&left, &right);
        prop_assert_eq!(&changes.iter().filter_map(Diff::left).copied().collect::<Vec<_>>(), &left);
        prop_assert_eq!(&changes.iter().filter_map(Diff::right).copied().collect::<Vec<_>>(), &right);
        prop_assert_eq!(changes.iter().all(Diff::is_same), left == right);
        // As many stand side by side as any alignment allows.
        let same = changes.iter().filter(|change| change.is_same()).count();
        prop_assert_eq!(same, longest_common(&left, &right));
    }
}

fn longest_common(left: &[u8], right: &[u8]) -> usize {
    match (left.split_first(), right.split_first()) {
        (Some((a, left_rest)), Some((b, right_rest))) if a == b => 1 + longest_common(left_rest, right_rest),
        (Some((_, left_rest)), Some((_, right_rest))) => {
            longest_common(left_rest, right).max(longest_common(left, right_rest))
        }
        _ => 0,
    }
}
