//! Stores of JavaScript's: objects with five methods. What they keep of an entry is a name and the bytes of the Docker
//! CLI's own file.

use futures_util::{FutureExt, future::LocalBoxFuture};
use js_sys::{Array, Promise, Uint8Array};
use tallyman_core::{ListEntry, ManifestList, Reference};
use tallyman_store::{
    ListStore, StoreError,
    docker::{decode_form, decode_list, encode_entry, encode_list},
};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::message::message;

#[wasm_bindgen]
extern "C" {
    /// The object. Its methods answer at once or with promises.
    #[derive(Clone)]
    pub type Lists;

    /// The names of all lists.
    #[wasm_bindgen(method, catch)]
    fn names(this: &Lists) -> Result<JsValue, JsValue>;

    /// The entries of a list, pairs of name and bytes; `undefined` or `null` where there is none of that name.
    #[wasm_bindgen(method, catch)]
    fn load(this: &Lists, list: &str) -> Result<JsValue, JsValue>;

    /// Keeps a whole list.
    #[wasm_bindgen(method, catch)]
    fn save(this: &Lists, list: &str, entries: &Array, reference: &str) -> Result<JsValue, JsValue>;

    /// Keeps one entry.
    #[wasm_bindgen(method, catch, js_name = putEntry)]
    fn put_entry(this: &Lists, list: &str, entry: &Array, reference: &str) -> Result<JsValue, JsValue>;

    /// Removes a list, and says whether there was one.
    #[wasm_bindgen(method, catch)]
    fn remove(this: &Lists, list: &str) -> Result<JsValue, JsValue>;
}

/// Lists in such an object.
pub struct HostStore(pub Lists);

/// What a method answers, once it has.
async fn answer(answer: Result<JsValue, JsValue>) -> Result<JsValue, StoreError> {
    let failed = |error: JsValue| StoreError::Io { message: message(&error) };
    JsFuture::from(Promise::resolve(&answer.map_err(failed)?)).await.map_err(failed)
}

fn pair((name, bytes): (String, Vec<u8>)) -> Array {
    Array::of2(&name.into(), &Uint8Array::from(&bytes[..]))
}

fn unreadable(expected: &str) -> StoreError {
    StoreError::Io { message: format!("expected {expected} from the store, found something else") }
}

impl HostStore {
    /// Returns the files of a list by path; `None` if there is no such list.
    async fn files(&self, list: &Reference) -> Result<Option<Vec<(String, Vec<u8>)>>, StoreError> {
        let name = list.file_name();
        let found = answer(self.0.load(&name)).await?;
        if found.is_undefined() || found.is_null() {
            return Ok(None);
        }
        let entries = found.dyn_into::<Array>().map_err(|_| unreadable("an array of names and bytes"))?;
        let mut files = Vec::new();
        for entry in entries.iter() {
            let pair = entry.dyn_into::<Array>().map_err(|_| unreadable("pairs of name and bytes"))?;
            let path = format!("{name}/{}", pair.get(0).as_string().unwrap_or_default());
            let bytes = pair.get(1).dyn_into::<Uint8Array>();
            files.push((path, bytes.map_err(|_| unreadable("a Uint8Array"))?.to_vec()));
        }
        Ok(Some(files))
    }
}

impl ListStore for HostStore {
    fn names(&self) -> LocalBoxFuture<'_, Result<Vec<String>, StoreError>> {
        async move {
            let names = answer(self.0.names()).await?;
            let names = names.dyn_into::<Array>().map_err(|_| unreadable("an array of names"))?;
            Ok(names.iter().filter_map(|name| name.as_string()).collect())
        }
        .boxed_local()
    }

    fn load<'a>(
        &'a self,
        list: &'a Reference,
    ) -> LocalBoxFuture<'a, Result<Option<ManifestList>, StoreError>> {
        async move {
            let Some(files) = self.files(list).await? else { return Ok(None) };
            decode_list(list, files.iter().map(|(path, bytes)| (&**path, &**bytes))).map(Some)
        }
        .boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        async move {
            let entries: Array = encode_list(list).map(pair).collect();
            let reference = list.reference();
            answer(self.0.save(&reference.file_name(), &entries, &reference.to_string())).await.map(drop)
        }
        .boxed_local()
    }

    fn put_entry<'a>(
        &'a self,
        list: &'a Reference,
        entry: &'a ListEntry,
    ) -> LocalBoxFuture<'a, Result<(), StoreError>> {
        async move {
            let files = self.files(list).await?.unwrap_or_default();
            let form = files.iter().find_map(|(_, bytes)| decode_form(bytes)).unwrap_or_default();
            let pair = pair((entry.reference.file_name(), encode_entry(entry, &form)));
            answer(self.0.put_entry(&list.file_name(), &pair, &list.to_string())).await.map(drop)
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> LocalBoxFuture<'a, Result<bool, StoreError>> {
        async move { Ok(answer(self.0.remove(&list.file_name())).await?.is_truthy()) }.boxed_local()
    }
}
