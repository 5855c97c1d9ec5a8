//! Comparing: every entry of both sides appears exactly once, partnered as a person would.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tallyman_core::{
    Descriptor, Diff, Digest, Index, Manifest, MediaType, diff_entries, diff_pairs, diff_sequence,
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
        Diff::Same(entry) => format!("={}", of(entry)),
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
fn pairs_are_compared_by_key() {
    let map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let (left, right) =
        (map(&[("a", "1"), ("b", "2"), ("d", "4")]), map(&[("a", "1"), ("b", "3"), ("c", "5")]));
    let compared: Vec<_> = diff_pairs(&left, &right).into_iter().collect();
    assert_eq!(
        compared,
        [
            ("a", Diff::Same("1")),
            ("b", Diff::Changed { left: "2", right: "3" }),
            ("c", Diff::Added("5")),
            ("d", Diff::Removed("4")),
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
