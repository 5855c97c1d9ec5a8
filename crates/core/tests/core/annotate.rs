//! Annotations of images in a list, by platform and by key.

use std::collections::BTreeMap;

use proptest::{prelude::*, sample::subsequence};
use tallyman_core::{
    AnnotateError, Descriptor, Digest, EntryField, IndexForm, ListEdit, ListEntry, ManifestList, MediaType,
    Platform, PlatformChange,
};

fn list(platform: &Platform) -> ManifestList {
    let raw = br#"{"schemaVersion":2}"#;
    let descriptor = Descriptor::new(MediaType::OciManifest, Digest::of(raw), raw.len() as u64);
    let descriptor = Descriptor { platform: Some(platform.clone()), ..descriptor };
    let mut list = ManifestList::new("a.io/app:v1".parse().unwrap());
    list.insert(ListEntry::new("a.io/app:one".parse().unwrap(), descriptor, *raw).unwrap()).unwrap();
    list
}

fn change(os: &str, architecture: &str, variant: &str, features: &[&str]) -> PlatformChange {
    PlatformChange {
        os: os.into(),
        architecture: architecture.into(),
        variant: variant.into(),
        os_features: features.iter().map(|feature| (*feature).to_owned()).collect(),
        ..PlatformChange::default()
    }
}

fn annotated(
    platform: &Platform,
    change: &PlatformChange,
    annotations: &[(&str, &str)],
) -> Result<ManifestList, AnnotateError> {
    let mut list = list(platform);
    let annotations: BTreeMap<String, String> =
        annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ListEdit::annotate(&list, &"a.io/app:one".parse().unwrap(), change, &annotations)?
        .apply(&mut list)
        .unwrap();
    Ok(list)
}

#[test]
fn annotations_replace_values_and_add_features_once() {
    let arm = Platform { os_features: vec!["a".into()], ..Platform::new("linux", "arm") };
    for (change, expected) in [
        (change("", "", "v7", &[]), Platform { variant: "v7".into(), ..arm.clone() }),
        (
            change("", "arm64", "v8", &[]),
            Platform { architecture: "arm64".into(), variant: "v8".into(), ..arm.clone() },
        ),
        (
            change("windows", "amd64", "", &[]),
            Platform { os: "windows".into(), architecture: "amd64".into(), ..arm.clone() },
        ),
        (
            change("", "", "", &["b", "a", "b"]),
            Platform { os_features: vec!["a".into(), "b".into()], ..arm.clone() },
        ),
        (change("", "", "", &[]), arm.clone()),
    ] {
        let list = annotated(&arm, &change, &[]).unwrap();
        assert_eq!(list.iter().next().unwrap().platform(), expected);
        assert_eq!(*list.form(), IndexForm::default());
    }
}

#[test]
fn only_dockers_pairs_are_accepted_and_the_error_names_what_was_given() {
    let arm = Platform::new("linux", "arm");
    for (change, given) in [
        (change("", "riscv32", "", &[]), "/riscv32"),
        (change("windows", "", "", &[]), "windows/"),
        (change("beos", "amd64", "", &[]), "beos/amd64"),
    ] {
        let error = annotated(&arm, &change, &[]).unwrap_err();
        let expected = format!("manifest entry for image has unsupported os/arch combination: {given}");
        assert_eq!(error.to_string(), expected);
    }
    // With annotations alone, an image of a platform that Docker does not accept is annotated all the same.
    let odd = Platform::new("linux", "riscv32");
    assert!(annotated(&odd, &PlatformChange::default(), &[("k", "v")]).is_ok());
    assert!(annotated(&odd, &PlatformChange::default(), &[]).is_err());
    assert!(annotated(&odd, &change("", "", "v1", &[]), &[("k", "v")]).is_err());
}

#[test]
fn annotations_make_the_list_an_oci_index() {
    let list = annotated(&Platform::new("linux", "arm"), &PlatformChange::default(), &[("k", "v")]).unwrap();
    assert!(list.form().oci);
    let entry = list.iter().next().unwrap();
    assert_eq!(entry.descriptor.annotations.get("k").map(String::as_str), Some("v"));
    assert_eq!(entry.platform(), Platform::new("linux", "arm"));
}

#[test]
fn a_form_that_came_with_an_annotation_goes_with_the_last_one() {
    let image = "a.io/app:one".parse().unwrap();
    let annotation = |key: &str| BTreeMap::from([(key.to_owned(), "v".to_owned())]);
    let clear = |key: &str| PlatformChange {
        cleared: vec![EntryField::Annotation(key.to_owned())],
        ..PlatformChange::default()
    };
    for is_wanted in [false, true] {
        let mut list = list(&Platform::new("linux", "arm"));
        list.form_mut().oci = is_wanted;
        let before = list.clone();
        let steps = [
            (PlatformChange::default(), annotation("a"), true),
            (PlatformChange::default(), annotation("b"), true),
            (clear("a"), BTreeMap::new(), true),
            // It stays what it was made by hand.
            (clear("b"), BTreeMap::new(), is_wanted),
        ];
        for (change, annotations, is_oci) in steps {
            let edit = ListEdit::annotate(&list, &image, &change, &annotations).unwrap();
            edit.apply(&mut list).unwrap();
            assert_eq!(list.form().oci, is_oci, "{change:?}");
        }
        assert_eq!(list, before);
    }
}

#[test]
fn an_image_that_is_not_in_the_list_is_named() {
    let list = list(&Platform::new("linux", "arm"));
    let other = "a.io/app:two".parse().unwrap();
    let error = ListEdit::annotate(&list, &other, &PlatformChange::default(), &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "a.io/app:two is not in the list a.io/app:v1");
}

#[test]
fn fields_and_annotations_are_emptied_and_other_pairs_are_taken_where_they_are_allowed() {
    let variant = PlatformChange { cleared: vec![EntryField::Variant], ..PlatformChange::default() };
    let arm: Platform = "linux/arm64/v8".parse().unwrap();
    assert_eq!(variant.apply(&arm).unwrap().to_string(), "linux/arm64");
    let windows = Platform {
        os_version: "10.0".to_owned(),
        os_features: vec!["win32k".to_owned()],
        ..Platform::new("windows", "amd64")
    };
    let both = PlatformChange {
        cleared: vec![EntryField::OsVersion, EntryField::OsFeatures],
        os_features: vec!["other".to_owned()],
        ..PlatformChange::default()
    };
    let changed = both.apply(&windows).unwrap();
    assert_eq!((changed.os_version.as_str(), &changed.os_features[..]), ("", &["other".to_owned()][..]));

    let odd = change("linux", "loong64", "", &[]);
    assert!(odd.apply(&arm).is_err());
    let any = PlatformChange { any_pair: true, ..odd };
    assert_eq!(any.apply(&Platform::new("linux", "arm")).unwrap().to_string(), "linux/loong64");

    let loong = Platform::new("linux", "loong64");
    let cleared =
        PlatformChange { cleared: vec![EntryField::Annotation("k".to_owned())], ..PlatformChange::default() };
    let list = annotated(&loong, &cleared, &[]).expect("the platform is left alone");
    assert!(list.iter().all(|entry| entry.descriptor.annotations.is_empty()));
}

fn any_platform() -> impl Strategy<Value = Platform> {
    let one_of = |names: &'static [&'static str]| proptest::sample::select(names).prop_map(str::to_owned);
    let features = subsequence(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()], 0..=3).prop_shuffle();
    (
        one_of(&["linux", "windows", "beos"]),
        one_of(&["amd64", "arm64", "loong64"]),
        one_of(&["", "10.0.1", "10.0.2"]),
        features,
        one_of(&["", "v7", "v8"]),
    )
        .prop_map(|(os, architecture, os_version, os_features, variant)| Platform {
            architecture,
            os,
            os_version,
            os_features,
            variant,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_change_between_two_platforms_makes_the_one_of_the_other(own in any_platform(), wanted in any_platform()) {
        let change = PlatformChange::between(&own, &wanted);
        prop_assert_eq!(change.is_empty(), own == wanted);
        let list = annotated(&own, &change, &[("k", "v")]).unwrap();
        prop_assert_eq!(&list.iter().next().unwrap().platform(), &wanted);
        // Docker's own pairs need no leave of their own.
        prop_assert!(!(change.any_pair && wanted.is_annotatable()));
        for field in &change.cleared {
            let named = EntryField::parse(&field.to_string());
            prop_assert_eq!(named.as_ref(), Some(field));
        }
    }
}
