//! The contract of all stores.

use tallyman_core::{
    Descriptor, Digest, IndexForm, ListEdit, ListEntry, ManifestList, MediaType, Platform, Reference,
};
use tallyman_store::{ListStore, Outcome, StoreError};

fn reference(text: &str) -> Reference {
    text.parse().expect("the tests' references are right")
}

/// An entry whose manifest depends on its name.
pub fn entry(image: &str, platform: Platform) -> ListEntry {
    let raw = format!("{{\n  \"schemaVersion\": 2,\n  \"name\": \"{image} <&>\u{2028}\"\n}}").into_bytes();
    let descriptor = Descriptor {
        platform: Some(platform),
        ..Descriptor::new(MediaType::OciManifest, Digest::of(&raw), raw.len() as u64)
    };
    ListEntry::new(reference(image), descriptor, raw).expect("it is JSON")
}

/// A list of such entries.
pub fn list(name: &str, images: &[&str]) -> ManifestList {
    let mut list = ManifestList::new(reference(name));
    for image in images {
        list.insert(entry(image, Platform::new("linux", "amd64"))).expect("their names differ");
    }
    list
}

/// Asks `store`, which must be empty, for everything that the interface promises.
pub async fn run(store: &impl ListStore) {
    let first = list("r.io/app:1", &["r.io/app:b", "r.io/app:a", "r.io/other/app:c"]);
    let second = list("r.io/app:2", &[]);
    assert_eq!(store.names().await, Ok(vec![]));
    assert_eq!(store.load(first.reference()).await, Ok(None));
    assert_eq!(store.remove(first.reference()).await, Ok(false));

    store.save(&first).await.expect("it is saved");
    store.save(&second).await.expect("an empty list is a list");
    assert_eq!(store.names().await, Ok(vec!["r.io_app-1".to_owned(), "r.io_app-2".to_owned()]));
    assert_eq!(store.load(first.reference()).await, Ok(Some(first.clone())));
    assert_eq!(store.load(second.reference()).await, Ok(Some(second.clone())));

    // Annotating changes one entry and no other.
    let platform = Platform { variant: "v7".into(), ..Platform::new("linux", "arm") };
    let changed = entry("r.io/app:a", platform);
    let edit = ListEdit::put(&first, changed.clone());
    assert_eq!(store.edit(first.reference(), &edit).await, Ok(Outcome::Done(())));
    let mut expected = first.clone();
    expected.insert(changed.clone()).expect("it was there already");
    assert_eq!(store.load(first.reference()).await, Ok(Some(expected.clone())));
    // An edit that is already done is no conflict; another writer's change is one.
    assert_eq!(store.edit(first.reference(), &edit).await, Ok(Outcome::Done(())));
    let other = ListEdit::put(&first, entry("r.io/app:a", Platform::new("linux", "s390x")));
    let conflict = store.edit(first.reference(), &other).await;
    assert!(
        matches!(&conflict, Ok(Outcome::Conflict(conflict)) if conflict.images == [changed.reference.clone()])
    );
    assert_eq!(store.load(first.reference()).await, Ok(Some(expected)));
    // A part of the entries can be read.
    let (present, absent) = (reference("r.io/app:a"), reference("r.io/app:none"));
    let some = store
        .load_entries(first.reference(), &[&present, &absent])
        .await
        .expect("the store is read")
        .expect("the list is there");
    assert_eq!(some.iter().collect::<Vec<_>>(), [&changed]);
    // A list that is there is not made again, and not taken for a new name.
    assert_eq!(store.add(&second.renamed(first.reference().clone())).await, Ok(Outcome::Taken));
    assert_eq!(store.rename(first.reference(), second.reference()).await, Ok(Outcome::Taken));

    // Saving replaces: what is not in the new list is gone.
    let smaller = list("r.io/app:1", &["r.io/app:z"]);
    store.save(&smaller).await.expect("it is saved");
    assert_eq!(store.load(first.reference()).await, Ok(Some(smaller.clone())));

    // A list's form beyond Docker's is kept, also when an entry changes.
    let mut formed = list("r.io/formed:1", &["r.io/app:a", "r.io/app:b"]);
    formed.form_mut().oci = true;
    formed.form_mut().annotations.insert("k".to_owned(), "<\u{2028}\">".to_owned());
    store.save(&formed).await.expect("it is saved");
    assert_eq!(store.load(formed.reference()).await, Ok(Some(formed.clone())));
    let mut changed = entry("r.io/app:b", Platform::new("linux", "arm"));
    changed.descriptor.annotations.insert("of".to_owned(), "entry".to_owned());
    let edit = ListEdit::put(&formed, changed);
    assert_eq!(store.edit(formed.reference(), &edit).await, Ok(Outcome::Done(())));
    edit.apply(&mut formed).expect("it is made for this list");
    assert_eq!(store.load(formed.reference()).await, Ok(Some(formed.clone())));
    assert_eq!(store.remove(formed.reference()).await, Ok(true));

    // Several entries and the form change at once, and back.
    let mut several = ListEdit::put(&smaller, entry("r.io/app:y", Platform::new("linux", "arm")))
        .and(ListEdit::put(&smaller, entry("r.io/app:x", Platform::new("linux", "arm"))))
        .and(ListEdit::form(&smaller, &IndexForm { oci: true, ..IndexForm::default() }));
    several = several.and(ListEdit::remove(&smaller, &reference("r.io/app:z")));
    several.form.as_mut().expect("it changes").after.oci = true;
    let mut changed = smaller.clone();
    several.apply(&mut changed).expect("it is made for this list");
    assert_eq!(store.edit(smaller.reference(), &several).await, Ok(Outcome::Done(())));
    assert_eq!(store.load(smaller.reference()).await, Ok(Some(changed)));
    assert_eq!(store.edit(smaller.reference(), &several.inverse()).await, Ok(Outcome::Done(())));
    assert_eq!(store.load(smaller.reference()).await, Ok(Some(smaller.clone())));

    // A list is removed if it is the pushed one, not if another writer has changed it.
    let pushed = list("r.io/pushed:1", &["r.io/app:a", "r.io/app:b"]);
    store.save(&pushed).await.expect("it is saved");
    let other = list("r.io/pushed:1", &["r.io/app:a"]);
    assert_eq!(store.remove_pushed(pushed.reference(), &other.digest()).await, Ok(false));
    assert_eq!(store.load(pushed.reference()).await, Ok(Some(pushed.clone())));
    assert_eq!(store.remove_pushed(pushed.reference(), &pushed.digest()).await, Ok(true));
    assert_eq!(store.load(pushed.reference()).await, Ok(None));
    assert_eq!(store.remove_pushed(pushed.reference(), &pushed.digest()).await, Ok(false));

    // A list that is not there is not changed, and not renamed.
    let new = reference("r.io/new:1");
    let added = ListEdit::put(&ManifestList::new(new.clone()), entry("r.io/app:a", Platform::default()));
    assert_eq!(store.edit(&new, &added).await, Ok(Outcome::Gone));
    assert_eq!(store.rename(&new, first.reference()).await, Ok(Outcome::Gone));
    assert_eq!(store.load_entries(&new, &[]).await, Ok(None));
    assert_eq!(store.add(&list("r.io/old:1", &["r.io/app:a"])).await, Ok(Outcome::Done(())));
    assert_eq!(store.rename(&reference("r.io/old:1"), &new).await, Ok(Outcome::Done(())));
    assert_eq!(store.load(&reference("r.io/old:1")).await, Ok(None));
    assert_eq!(store.load(&new).await, Ok(Some(list("r.io/new:1", &["r.io/app:a"]))));

    // Another list of the same file name is not taken for the one that is asked for.
    let (list_name, twin) = (reference("r.io/a/b:1"), reference("r.io/a_b:1"));
    store.save(&list("r.io/a/b:1", &["r.io/app:a"])).await.expect("it is saved");
    let taken =
        Err(StoreError::ListNameTaken { list: Box::new(twin.clone()), present: Box::new(list_name.clone()) });
    assert_eq!(store.rename(&list_name, &twin).await, taken);
    assert_eq!(store.load(&list_name).await, Ok(Some(list("r.io/a/b:1", &["r.io/app:a"]))));
    assert_eq!(store.remove(&list_name).await, Ok(true));

    for reference in [first.reference(), second.reference(), &new] {
        assert_eq!(store.remove(reference).await, Ok(true));
        assert_eq!(store.load(reference).await, Ok(None));
    }
    assert_eq!(store.names().await, Ok(vec![]));
}

/// Holds a store that knows the names of its lists against two lists of one file name: each operation on the second one
/// names both, and the first one is as it was.
#[allow(dead_code, reason = "not every store knows the names")]
pub async fn keeps_lists_of_one_file_name_apart(store: &impl ListStore) {
    let first = list("r.io/app:arm-1", &["r.io/app:a"]);
    let twin = list("r.io/app-arm:1", &["r.io/app:b"]);
    let (name, images) = (twin.reference(), [&reference("r.io/app:a")]);
    store.save(&first).await.expect("it is saved");
    let edit = ListEdit::put(&twin, entry("r.io/app:c", Platform::default()));
    let other = reference("r.io/other:1");
    let errors = [
        store.load(name).await.err(),
        store.load_entries(name, &images).await.err(),
        store.save(&twin).await.err(),
        store.add(&twin).await.err(),
        store.edit(name, &edit).await.err(),
        store.rename(name, &other).await.err(),
        store.remove(name).await.err(),
        store.remove_pushed(name, &first.digest()).await.err(),
    ];
    for error in errors {
        let error = error.expect("it is another list").to_string();
        let both = "r.io/app-arm:1 and r.io/app:arm-1 have the same name in the local store (r.io_app-arm-1)";
        assert!(error.starts_with(both), "{error}");
    }
    assert_eq!(store.load(first.reference()).await, Ok(Some(first.clone())));
    assert_eq!(store.remove(first.reference()).await, Ok(true));
}
