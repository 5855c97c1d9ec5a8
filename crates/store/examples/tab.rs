//! One tab of the test with two: `tests/e2e/tabs.spec.js` opens two pages that load this, and lets both write.

#[path = "../tests/suite/mod.rs"]
#[allow(dead_code, reason = "the test's lists are used here, its contract is not")]
mod suite;

use tallyman_core::ManifestList;
use tallyman_store::{IndexedDbStore, ListStore};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

const DATABASE: &str = "two-tabs";

/// The list as this tab writes it: other images, and another number of them, than every other tab.
fn list_of(tab: u8) -> ManifestList {
    let images: Vec<_> = (0..=tab).map(|number| format!("r.io/app:tab{tab}-{number}")).collect();
    suite::list("r.io/app:1", &images.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Writes the list `times` times.
#[wasm_bindgen]
pub async fn write(tab: u8, times: u32) -> Result<(), JsError> {
    let store = IndexedDbStore::open(DATABASE).await?;
    let list = list_of(tab);
    for _ in 0..times {
        store.save(&list).await?;
    }
    Ok(())
}

/// Returns the tab that wrote the list that is there; nothing where it is no tab's.
#[wasm_bindgen]
pub async fn writer(tabs: u8) -> Result<Option<u8>, JsError> {
    let found = IndexedDbStore::open(DATABASE).await?.load(list_of(0).reference()).await?;
    Ok((0..tabs).find(|tab| found.as_ref() == Some(&list_of(*tab))))
}

fn main() {}
