//! Lists in a real browser's IndexedDB.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "suite/mod.rs"]
mod suite;

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures_util::future::join_all;
use gloo_timers::future::sleep;
use indexed_db_futures::prelude::Build;
use tallyman_core::{ListEdit, Platform};
use tallyman_store::{IndexedDbStore, ListStore, Outcome};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

async fn open(name: &str) -> IndexedDbStore {
    IndexedDbStore::open(name).await.expect("the browser opens its database")
}

#[wasm_bindgen_test]
async fn indexed_db_keeps_the_contract() {
    suite::run(&open("contract").await).await;
}

#[wasm_bindgen_test]
async fn lists_outlive_the_connection() {
    let list = suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:b"]);
    open("outlive").await.save(&list).await.expect("it is saved");
    assert_eq!(open("outlive").await.load(list.reference()).await, Ok(Some(list)));
}

#[wasm_bindgen_test]
async fn a_dropped_change_changes_nothing() {
    let store = open("dropped").await;
    let list = suite::list("r.io/app:1", &["r.io/app:a"]);
    store.save(&list).await.expect("it is saved");
    let larger = suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:b"]);
    drop(store.save(&larger));
    assert_eq!(store.load(list.reference()).await, Ok(Some(list)));
}

#[wasm_bindgen_test]
async fn another_connection_hears_of_each_change() {
    let (store, other) = (open("heard").await, open("heard").await);
    let subscribe = || {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let hearing = Rc::clone(&heard);
        let subscription = other.subscribe(move |list| hearing.borrow_mut().push(list));
        (heard, subscription.expect("the browser has channels"))
    };
    let (heard, subscription) = subscribe();
    let list = suite::list("r.io/app:1", &["r.io/app:a"]);
    store.save(&list).await.expect("it is saved");
    store.remove(list.reference()).await.expect("it is removed");
    while heard.borrow().len() < 2 {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(*heard.borrow(), ["r.io_app-1", "r.io_app-1"]);
    drop(subscription);
    // A subscription that was made later hears what this one does not.
    let (later, _subscription) = subscribe();
    store.save(&list).await.expect("it is saved");
    while later.borrow().is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(heard.borrow().len(), 2);
}

#[wasm_bindgen_test]
async fn two_connections_writing_at_once_leave_a_list_that_one_of_them_wrote() {
    let left = suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:b", "r.io/app:c"]);
    let right = suite::list("r.io/app:1", &["r.io/app:x", "r.io/app:y"]);
    let (one, two) = (open("both").await, open("both").await);
    for _ in 0..20 {
        let writes = join_all((0..25).flat_map(|_| [one.save(&left), two.save(&right)])).await;
        assert!(writes.iter().all(Result::is_ok));
        let read = one.load(left.reference()).await.expect("it can be read").expect("it is there");
        assert!(read == left || read == right, "neither wrote {read:?}");
    }
}

#[wasm_bindgen_test]
async fn a_database_of_a_newer_app_is_told_as_such() {
    let newer = indexed_db_futures::database::Database::open("newer").with_version(9_u8).await;
    newer.expect("the browser opens it").close();
    let error = IndexedDbStore::open("newer").await.expect_err("it is of a newer app");
    assert!(error.to_string().contains("found a newer one"), "{error}");
}

#[wasm_bindgen_test]
async fn two_tabs_that_change_one_list_lose_nothing() {
    let (one, two) = (open("changed").await, open("changed").await);
    let seen = suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:b"]);
    let name = seen.reference().clone();
    assert_eq!(one.add(&seen).await, Ok(Outcome::Done(seen.clone())));
    assert_eq!(two.add(&suite::list("r.io/app:1", &[])).await, Ok(Outcome::Taken));

    // Both have seen the same list, and change other entries of it.
    let arm = suite::entry("r.io/app:a", Platform::new("linux", "arm64"));
    let (mine, theirs) =
        (ListEdit::put(&seen, arm.clone()), ListEdit::remove(&seen, &"r.io/app:b".parse().unwrap()));
    let outcomes = join_all([one.edit(&name, &mine), two.edit(&name, &theirs)]).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Outcome::Done(_)))), "{outcomes:?}");
    let now = one.load(&name).await.unwrap().unwrap();
    assert_eq!((now.len(), now.get(&arm.reference)), (1, Some(&arm)));

    // The same entry: the second is told.
    let other = ListEdit::put(&seen, suite::entry("r.io/app:a", Platform::new("linux", "s390x")));
    assert!(matches!(two.edit(&name, &other).await, Ok(Outcome::Conflict(_))));
    assert_eq!(one.load(&name).await, Ok(Some(now.clone())));

    let new_name = "r.io/app:2".parse().unwrap();
    assert_eq!(one.rename(&name, &new_name).await, Ok(Outcome::Done(now.renamed(new_name.clone()))));
    assert_eq!(two.edit(&name, &mine.inverse()).await, Ok(Outcome::Gone));
    let summaries = two.summaries().await.unwrap();
    assert_eq!(summaries.len(), 1);
    assert_eq!(summaries[0].reference, new_name);
    assert!(summaries[0].changed.is_some());
}

#[wasm_bindgen_test]
async fn a_list_is_not_taken_for_another_one_of_its_file_name() {
    suite::keeps_lists_of_one_file_name_apart(&open("apart").await).await;
}

#[wasm_bindgen_test]
async fn a_database_of_the_first_version_is_taken_over_with_its_lists() {
    let first = indexed_db_futures::database::Database::open("older")
        .with_version(1_u8)
        .with_on_upgrade_needed(|_, database| {
            for store in ["lists", "entries"] {
                database.create_object_store(store).build()?;
            }
            let lists = database.create_object_store("unrelated").build()?;
            drop(lists);
            Ok(())
        });
    first.await.expect("the browser opens it").close();
    let store = open("older").await;
    let list = suite::list("r.io/app:1", &["r.io/app:a"]);
    store.save(&list).await.expect("it is saved");
    assert_eq!(store.load(list.reference()).await, Ok(Some(list)));
    store.set_note("push", Some("3")).await.expect("it is kept");
    assert_eq!(store.note("push").await, Ok(Some("3".to_owned())));
    store.set_note("push", None).await.expect("it is taken out");
    assert_eq!(store.note("push").await, Ok(None));
}

#[wasm_bindgen_test]
async fn a_tab_gives_way_to_a_newer_app_and_says_so() {
    let store = open("giving-way").await;
    let newer = indexed_db_futures::database::Database::open("giving-way").with_version(9_u8).await;
    newer.expect("nobody holds it back").close();
    let error = store.summaries().await.expect_err("it has given way");
    assert!(error.to_string().contains("reload this page"), "{error}");
}
