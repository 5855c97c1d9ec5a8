//! Changes of lists: applied, refused, undone.

use tallyman_core::{
    Descriptor, Digest, Finding, Fix, IndexForm, ListEdit, ListEntry, Manifest, ManifestList, MediaType,
    Platform, Reference, lint_index,
};

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn entry(image: &str, platform: Platform) -> ListEntry {
    let raw = format!("{{\"schemaVersion\":2,\"name\":\"{image}\"}}").into_bytes();
    let descriptor = Descriptor {
        platform: Some(platform),
        ..Descriptor::new(MediaType::OciManifest, Digest::of(&raw), raw.len() as u64)
    };
    ListEntry::new(reference(image), descriptor, raw).unwrap()
}

fn list(images: &[(&str, &str)]) -> ManifestList {
    let mut list = ManifestList::new(reference("r.io/app:1"));
    for (image, architecture) in images {
        list.insert(entry(image, Platform::new("linux", architecture))).unwrap();
    }
    list
}

#[test]
fn a_change_is_made_undone_and_made_again() {
    let before = list(&[("r.io/app:a", "amd64"), ("r.io/app:b", "arm64")]);
    let after = list(&[("r.io/app:a", "386"), ("r.io/app:c", "arm64")]);
    let edit = ListEdit::between(&before, &after);
    assert_eq!(edit.changes.len(), 3);
    let mut now = before.clone();
    edit.apply(&mut now).unwrap();
    assert_eq!(now, after);
    edit.inverse().apply(&mut now).unwrap();
    assert_eq!(now, before);
    edit.inverse().inverse().apply(&mut now).unwrap();
    assert_eq!(now, after);
    assert!(ListEdit::between(&after, &now).is_empty());
}

#[test]
fn changes_of_other_entries_made_meanwhile_are_kept() {
    let seen = list(&[("r.io/app:a", "amd64"), ("r.io/app:b", "arm64")]);
    let mine = ListEdit::put(&seen, entry("r.io/app:a", Platform::new("linux", "386")));
    let theirs = ListEdit::remove(&seen, &reference("r.io/app:b"));
    let mut now = seen;
    theirs.apply(&mut now).unwrap();
    mine.apply(&mut now).unwrap();
    assert_eq!(now, list(&[("r.io/app:a", "386")]));
}

#[test]
fn a_change_of_an_entry_that_somebody_else_changed_is_refused_whole() {
    let seen = list(&[("r.io/app:a", "amd64"), ("r.io/app:b", "arm64")]);
    let wanted = list(&[("r.io/app:a", "386"), ("r.io/app:b", "386")]);
    let mine = ListEdit::between(&seen, &wanted);
    let theirs = list(&[("r.io/app:a", "s390x"), ("r.io/app:b", "arm64")]);
    let mut now = theirs.clone();
    let conflict = mine.apply(&mut now).unwrap_err();
    assert_eq!(conflict.images, [reference("r.io/app:a")]);
    assert_eq!(now, theirs);
    // A forced edit is applied, and can be undone.
    let forced = mine.onto(&now);
    forced.apply(&mut now).unwrap();
    assert_eq!(now, wanted);
    forced.inverse().apply(&mut now).unwrap();
    assert_eq!(now, theirs);
    // An edit that is already done is no conflict.
    let mut done = wanted.clone();
    mine.apply(&mut done).unwrap();
    assert_eq!(done, wanted);
}

#[test]
fn changes_of_one_image_that_follow_each_other_become_one() {
    let image = reference("r.io/app:a");
    let of = |architecture: &str| list(&[("r.io/app:a", architecture)]);
    let none = list(&[]);
    let put = |seen: &ManifestList, architecture: &str| {
        ListEdit::put(seen, entry("r.io/app:a", Platform::new("linux", architecture)))
    };
    for (first, second, expected) in [
        (put(&none, "arm"), put(&of("arm"), "arm64"), put(&none, "arm64")),
        (put(&of("386"), "arm"), put(&of("arm"), "arm64"), put(&of("386"), "arm64")),
        (put(&of("386"), "arm"), ListEdit::remove(&of("arm"), &image), ListEdit::remove(&of("386"), &image)),
        (put(&none, "arm"), ListEdit::remove(&of("arm"), &image), ListEdit::default()),
        (ListEdit::remove(&of("386"), &image), put(&none, "arm"), put(&of("386"), "arm")),
        (ListEdit::remove(&of("386"), &image), put(&none, "386"), ListEdit::default()),
    ] {
        assert_eq!(first.and(second).changes, expected.changes);
    }
    // Changes of other images stay in their order.
    let pair = list(&[("r.io/app:a", "arm"), ("r.io/app:b", "arm")]);
    let both =
        put(&none, "386").and(ListEdit::remove(&pair, &reference("r.io/app:b"))).and(put(&of("386"), "arm"));
    let images: Vec<_> = both.images().cloned().collect();
    assert_eq!(images, [image, reference("r.io/app:b")]);
    assert_eq!(both.changes[0], put(&none, "arm").changes[0]);
}

#[test]
fn changes_of_another_writer_are_undone_on_demand_only() {
    let of = |architecture: &str| list(&[("r.io/app:a", architecture)]);
    let put = |seen: &ManifestList, architecture: &str| {
        ListEdit::put(seen, entry("r.io/app:a", Platform::new("linux", architecture)))
    };
    // Between them, 386 became s390x.
    let mine = put(&list(&[]), "386").and(put(&of("s390x"), "arm"));
    assert_eq!(mine.changes.len(), 2);
    let mut now = of("arm");
    let undo = mine.inverse();
    assert_eq!(undo.apply(&mut now).unwrap_err().images, [reference("r.io/app:a")]);
    assert_eq!(now, of("arm"));
    let forced = undo.onto(&now);
    assert_eq!(forced.changes.len(), 1);
    forced.apply(&mut now).unwrap();
    assert_eq!(now, list(&[]));
    forced.inverse().apply(&mut now).unwrap();
    assert_eq!(now, of("arm"));
}

#[test]
fn the_undo_of_an_image_that_was_put_twice_is_applied_to_what_another_has_made_of_it() {
    let of = |architecture: &str| list(&[("r.io/app:a", architecture)]);
    let put = |seen: &ManifestList, architecture: &str| {
        ListEdit::put(seen, entry("r.io/app:a", Platform::new("linux", architecture)))
    };
    let twice = put(&list(&[]), "386").and(put(&of("386"), "arm"));
    let mut now = of("s390x");
    twice.inverse().apply(&mut now).unwrap_err();
    twice.inverse().onto(&now).apply(&mut now).unwrap();
    assert_eq!(now, list(&[]));
}

#[test]
fn changes_that_one_person_makes_of_the_same_state_are_all_kept() {
    let seen = list(&[("r.io/app:a", "arm"), ("r.io/app:b", "arm64")]);
    let put = |change: fn(&mut Platform)| {
        let mut platform = Platform::new("linux", "arm");
        change(&mut platform);
        ListEdit::put(&seen, entry("r.io/app:a", platform))
    };
    let edits = [
        put(|platform| platform.variant = "v7".to_owned()),
        put(|platform| platform.os_version = "6.1".to_owned()),
        put(|platform| platform.os_features = vec!["x".to_owned()]),
        ListEdit::remove(&seen, &reference("r.io/app:b")),
        ListEdit::put(&seen, entry("r.io/app:b", Platform::new("linux", "riscv64"))),
    ];
    let mut now = seen.clone();
    for edit in edits {
        edit.rebased(&now).apply(&mut now).unwrap();
    }
    let platform = now.get(&reference("r.io/app:a")).unwrap().platform();
    assert_eq!(
        platform,
        Platform {
            variant: "v7".to_owned(),
            os_version: "6.1".to_owned(),
            os_features: vec!["x".to_owned()],
            ..Platform::new("linux", "arm")
        }
    );
    assert_eq!(now.get(&reference("r.io/app:b")), None);
}

#[test]
fn another_manifest_keeps_a_platform_that_was_changed_meanwhile() {
    let seen = list(&[("r.io/app:a", "arm")]);
    let image = reference("r.io/app:a");
    let variant = Platform { variant: "v6".to_owned(), ..Platform::new("linux", "arm") };
    let mut now = seen.clone();
    ListEdit::put(&seen, entry("r.io/app:a", variant.clone())).apply(&mut now).unwrap();
    let raw = b"{\"schemaVersion\":2,\"new\":true}".to_vec();
    let descriptor = Descriptor {
        platform: Some(Platform::new("linux", "arm")),
        ..Descriptor::new(MediaType::OciManifest, Digest::of(&raw), raw.len() as u64)
    };
    let fresh = ListEntry::new(image.clone(), descriptor, raw.clone()).unwrap();
    ListEdit::put(&seen, fresh).rebased(&now).apply(&mut now).unwrap();
    let entry = now.get(&image).unwrap();
    assert_eq!((&entry.descriptor.digest, entry.platform()), (&Digest::of(&raw), variant));
}

fn form(title: &str) -> IndexForm {
    IndexForm {
        oci: true,
        annotations: [("title".to_owned(), title.to_owned())].into(),
        ..IndexForm::default()
    }
}

#[test]
fn a_change_of_the_form_is_made_undone_merged_and_refused_like_any_other() {
    let plain = list(&[("r.io/app:a", "amd64")]);
    let first = ListEdit::form(&plain, &form("a"));
    let mut now = plain.clone();
    first.apply(&mut now).unwrap();
    assert_eq!(now.form(), &form("a"));
    assert_eq!(ListEdit::between(&plain, &now), first);
    let second = ListEdit::form(&now, &form("b"));
    second.apply(&mut now).unwrap();
    let both = first.clone().and(second.clone());
    both.inverse().apply(&mut now).unwrap();
    assert_eq!(now, plain);
    assert!(first.clone().and(first.inverse()).is_empty());

    // Another writer gave the list another form; changed entries do not matter.
    let mut theirs = list(&[("r.io/app:a", "386")]);
    *theirs.form_mut() = form("c");
    let seen = theirs.clone();
    let conflict = second.apply(&mut theirs).unwrap_err();
    assert_eq!((&conflict.images[..], conflict.form), (&[][..], true));
    assert_eq!(
        conflict.to_string(),
        "another program has changed the format of the list; nothing was changed"
    );
    assert_eq!(theirs, seen);
    second.onto(&theirs).apply(&mut theirs).unwrap();
    assert_eq!(theirs.form(), &form("b"));
}

#[test]
fn with_its_last_entry_a_list_loses_its_form_and_gets_both_back() {
    let mut whole = list(&[("r.io/app:a", "amd64"), ("r.io/app:b", "arm64")]);
    *whole.form_mut() = form("a");
    let mut now = whole.clone();
    let edits = ["r.io/app:a", "r.io/app:b"].map(|image| {
        let edit = ListEdit::remove(&now, &reference(image));
        edit.apply(&mut now).unwrap();
        edit
    });
    assert_eq!(edits[0].form, None);
    assert_eq!(now.form(), &IndexForm::default());
    // As a store gives it back: without entries nothing is left of the form.
    let mut stored = list(&[]);
    for edit in edits.iter().rev() {
        edit.inverse().apply(&mut stored).unwrap();
    }
    assert_eq!(stored, whole);
}

#[test]
fn a_name_that_another_image_has_is_a_conflict() {
    let seen = list(&[]);
    let mut now = list(&[("r.io/a/b:1", "amd64")]);
    let mine = ListEdit::put(&seen, entry("r.io/a_b:1", Platform::new("linux", "amd64")));
    assert_eq!(mine.apply(&mut now).unwrap_err().images, [reference("r.io/a_b:1")]);
}

/// The entry's platform, its config's, the rule, and the platforms that fix it; none: it goes out.
type Row = (Platform, Option<Platform>, &'static str, Vec<Option<Platform>>);

#[test]
fn a_fix_leaves_no_finding_of_its_rule() {
    let arm = |variant: &str| Platform { variant: variant.into(), ..Platform::new("linux", "arm") };
    let windows =
        |version: &str| Platform { os_version: version.into(), ..Platform::new("windows", "amd64") };
    let rows: [Row; 7] = [
        (arm(""), None, "arm-without-variant", vec![Some(arm("v7")), Some(arm("v6")), Some(arm("v5"))]),
        (arm(""), Some(arm("v6")), "arm-without-variant", vec![Some(arm("v6"))]),
        (windows(""), Some(windows("10.0.1")), "windows-without-version", vec![Some(windows("10.0.1"))]),
        (windows(""), None, "windows-without-version", vec![]),
        (Platform::default(), Some(arm("v7")), "no-platform", vec![Some(arm("v7"))]),
        (
            Platform::new("linux", "aarch64"),
            None,
            "unknown-architecture",
            vec![Some(Platform::new("linux", "arm64"))],
        ),
        (Platform::new("linux", "riscv64"), None, "repeated-platform", vec![None]),
    ];
    for (platform, config, code, expected) in rows {
        let mut list = list(&[("r.io/app:a", "riscv64")]);
        list.insert(entry("r.io/app:b", platform)).unwrap();
        let found = findings(&list);
        let finding = found.iter().find(|finding| finding.rule.code() == code).expect(code);
        let manifest = Manifest::parse(list.to_bytes(), Some(&list.media_type())).unwrap();
        let offered = finding.fixes(manifest.index().unwrap(), &[None, config]);
        assert_eq!(offered.len(), expected.len(), "{code}");
        for (fix, expected) in offered.into_iter().zip(expected) {
            let mut fixed = list.clone();
            let second = reference("r.io/app:b");
            match fix {
                Fix::Remove { entry } => {
                    assert_eq!((entry, expected), (1, None));
                    fixed.remove(&second);
                }
                Fix::SetPlatform { entry, platform } => {
                    assert_eq!((entry, Some(&platform)), (1, expected.as_ref()));
                    let mut entry = fixed.get(&second).unwrap().clone();
                    entry.descriptor.platform = Some(platform);
                    fixed.insert(entry).unwrap();
                }
            }
            assert!(!findings(&fixed).iter().any(|finding| finding.rule.code() == code), "{code}");
        }
    }
}

fn findings(list: &ManifestList) -> Vec<Finding> {
    let manifest = Manifest::parse(list.to_bytes(), Some(&list.media_type())).unwrap();
    lint_index(manifest.index().unwrap(), &[])
}
