//! What every store promises.

use tallyman_core::{Descriptor, Digest, ListEntry, ManifestList, MediaType, Platform, Reference};
use tallyman_store::ListStore;

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
    store.put_entry(first.reference(), &changed).await.expect("it is put");
    let mut expected = first.clone();
    expected.insert(changed).expect("it was there already");
    assert_eq!(store.load(first.reference()).await, Ok(Some(expected)));

    // Saving replaces: what is not in the new list is gone.
    let smaller = list("r.io/app:1", &["r.io/app:z"]);
    store.save(&smaller).await.expect("it is saved");
    assert_eq!(store.load(first.reference()).await, Ok(Some(smaller)));

    // What a list is to be beyond Docker's comes back, and changing an entry leaves it.
    let mut formed = list("r.io/formed:1", &["r.io/app:a", "r.io/app:b"]);
    formed.form_mut().oci = true;
    formed.form_mut().annotations.insert("k".to_owned(), "<\u{2028}\">".to_owned());
    store.save(&formed).await.expect("it is saved");
    assert_eq!(store.load(formed.reference()).await, Ok(Some(formed.clone())));
    let mut changed = entry("r.io/app:b", Platform::new("linux", "arm"));
    changed.descriptor.annotations.insert("of".to_owned(), "entry".to_owned());
    store.put_entry(formed.reference(), &changed).await.expect("it is put");
    formed.insert(changed).expect("it was there already");
    assert_eq!(store.load(formed.reference()).await, Ok(Some(formed.clone())));
    assert_eq!(store.remove(formed.reference()).await, Ok(true));

    // An entry put into a list that is not there makes the list.
    let new = reference("r.io/new:1");
    store.put_entry(&new, &entry("r.io/app:a", Platform::default())).await.expect("it is put");
    let loaded = store.load(&new).await.expect("it can be read").expect("it is there");
    assert_eq!(loaded.len(), 1);

    for reference in [first.reference(), second.reference(), &new] {
        assert_eq!(store.remove(reference).await, Ok(true));
        assert_eq!(store.load(reference).await, Ok(None));
    }
    assert_eq!(store.names().await, Ok(vec![]));
}
