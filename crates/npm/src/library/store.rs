//! Stores of JavaScript's: objects with all methods of the package's interface `Store`, those too that a program may leave out, which
//! `js/lib/completed-store.ts` adds. What they keep of an entry is a name and the bytes of the Docker CLI's own file.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use js_sys::{Array, Promise, Reflect, Uint8Array};
use tallyman_core::{Digest, ListEdit, ManifestList, Reference};
use tallyman_store::{
    ListStore, Outcome, StoreError, StoreFuture,
    docker::{FileChange, decode_entries, decode_list, edit_files, encode_list},
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
    fn load(this: &Lists, list: &str, reference: &str) -> Result<JsValue, JsValue>;

    /// Keeps a whole list.
    #[wasm_bindgen(method, catch)]
    fn save(this: &Lists, list: &str, entries: &Array, reference: &str) -> Result<JsValue, JsValue>;

    /// Keeps a new list, and says whether there was none.
    #[wasm_bindgen(method, catch)]
    fn add(this: &Lists, list: &str, entries: &Array, reference: &str) -> Result<JsValue, JsValue>;

    /// Changes entries, triples of name, bytes seen and bytes to be, and says `done`, `conflict` or `gone`.
    #[wasm_bindgen(method, catch)]
    fn edit(this: &Lists, list: &str, changes: &Array, reference: &str) -> Result<JsValue, JsValue>;

    /// Removes a list, and says whether there was one.
    #[wasm_bindgen(method, catch)]
    fn remove(this: &Lists, list: &str, reference: &str) -> Result<JsValue, JsValue>;

    /// Removes a list that has the entries that were read, and no others, and says whether it did.
    #[wasm_bindgen(method, catch, js_name = removeSeen)]
    fn remove_seen(this: &Lists, list: &str, seen: &Array, reference: &str) -> Result<JsValue, JsValue>;

    /// Gives the list `before` the name `reference`, and says `done`, `taken` or `gone`.
    #[wasm_bindgen(method, catch)]
    fn rename(this: &Lists, list: &str, to: &str, reference: &str, before: &str) -> Result<JsValue, JsValue>;
}

/// Lists in such an object.
pub struct HostStore(pub Lists);

/// Waits for the result of a method of the store.
async fn answer(answer: Result<JsValue, JsValue>) -> Result<JsValue, StoreError> {
    settled(answer).await.map_err(|error| failed(&error))
}

async fn settled(answer: Result<JsValue, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::resolve(&answer?)).await
}

fn failed(error: &JsValue) -> StoreError {
    StoreError::Io { message: message(error) }
}

/// Returns the error about another list of the same file name, if a store that keeps references has named it.
fn name_taken(list: &Reference, error: &JsValue) -> Option<StoreError> {
    let present = Reflect::get(error, &"present".into()).ok()?.as_string()?.parse().ok()?;
    Some(StoreError::ListNameTaken { list: Box::new(list.clone()), present: Box::new(present) })
}

fn pair((name, bytes): (String, Vec<u8>)) -> Array {
    Array::of2(&name.into(), &Uint8Array::from(&bytes[..]))
}

fn unreadable(expected: &str) -> StoreError {
    StoreError::Io { message: format!("expected {expected} from the store, found something else") }
}

impl HostStore {
    /// Returns the files of a list by name; `None` if there is no such list.
    async fn files(&self, list: &Reference) -> Result<Option<BTreeMap<String, Vec<u8>>>, StoreError> {
        let found = settled(self.0.load(&list.file_name(), &list.to_string())).await;
        let found = found.map_err(|error| name_taken(list, &error).unwrap_or_else(|| failed(&error)))?;
        if found.is_undefined() || found.is_null() {
            return Ok(None);
        }
        let entries = found.dyn_into::<Array>().map_err(|_| unreadable("an array of names and bytes"))?;
        let mut files = BTreeMap::new();
        for entry in entries.iter() {
            let pair = entry.dyn_into::<Array>().map_err(|_| unreadable("pairs of name and bytes"))?;
            let bytes = pair.get(1).dyn_into::<Uint8Array>().map_err(|_| unreadable("a Uint8Array"))?;
            files.insert(pair.get(0).as_string().unwrap_or_default(), bytes.to_vec());
        }
        Ok(Some(files))
    }
}

impl ListStore for HostStore {
    fn names(&self) -> StoreFuture<'_, Vec<String>> {
        async move {
            let names = answer(self.0.names()).await?;
            let names = names.dyn_into::<Array>().map_err(|_| unreadable("an array of names"))?;
            Ok(names.iter().filter_map(|name| name.as_string()).collect())
        }
        .boxed_local()
    }

    fn load<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, Option<ManifestList>> {
        async move { self.files(list).await?.map(|files| decode(list, &files)).transpose() }.boxed_local()
    }

    fn load_entries<'a>(
        &'a self,
        list: &'a Reference,
        images: &'a [&'a Reference],
    ) -> StoreFuture<'a, Option<ManifestList>> {
        async move {
            let files = self.files(list).await?;
            files.map(|files| decode_entries(list, &files, images)).transpose()
        }
        .boxed_local()
    }

    fn save<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, ()> {
        async move {
            let (reference, entries) = (list.reference(), encode_list(list).map(pair).collect());
            answer(self.0.save(&reference.file_name(), &entries, &reference.to_string())).await.map(drop)
        }
        .boxed_local()
    }

    fn add<'a>(&'a self, list: &'a ManifestList) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let reference = list.reference();
            let entries: Array = encode_list(list).map(pair).collect();
            let added = answer(self.0.add(&reference.file_name(), &entries, &reference.to_string())).await?;
            Ok(if added.is_truthy() { Outcome::Done(()) } else { Outcome::Taken })
        }
        .boxed_local()
    }

    fn edit<'a>(&'a self, list: &'a Reference, edit: &'a ListEdit) -> StoreFuture<'a, Outcome<()>> {
        async move {
            loop {
                let Some(files) = self.files(list).await? else { return Ok(Outcome::Gone) };
                let changes = match edit_files(list, &files, edit)? {
                    Ok(changes) => changes,
                    Err(conflict) => return Ok(Outcome::Conflict(conflict)),
                };
                let bytes = |bytes: Option<&Vec<u8>>| {
                    bytes.map_or(JsValue::UNDEFINED, |bytes| Uint8Array::from(&bytes[..]).into())
                };
                let triple = |FileChange { name, after }: &FileChange| {
                    Array::of3(&name.as_str().into(), &bytes(files.get(name)), &bytes(after.as_ref()))
                };
                let changes: Array = changes.iter().map(triple).collect();
                let answer = answer(self.0.edit(&list.file_name(), &changes, &list.to_string())).await?;
                match answer.as_string().as_deref() {
                    Some("done") => return Ok(Outcome::Done(())),
                    Some("gone") => return Ok(Outcome::Gone),
                    // Another writer has changed an entry since it was read.
                    Some("conflict") => {}
                    _ => return Err(unreadable("done, conflict or gone")),
                }
            }
        }
        .boxed_local()
    }

    fn rename<'a>(&'a self, from: &'a Reference, to: &'a Reference) -> StoreFuture<'a, Outcome<()>> {
        async move {
            let renamed =
                self.0.rename(&from.file_name(), &to.file_name(), &to.to_string(), &from.to_string());
            match answer(renamed).await?.as_string().as_deref() {
                Some("done") => Ok(Outcome::Done(())),
                Some("taken") => Ok(Outcome::Taken),
                Some("gone") => Ok(Outcome::Gone),
                _ => Err(unreadable("done, taken or gone")),
            }
        }
        .boxed_local()
    }

    fn remove<'a>(&'a self, list: &'a Reference) -> StoreFuture<'a, bool> {
        async move {
            let removed = self.0.remove(&list.file_name(), &list.to_string());
            Ok(answer(removed).await?.is_truthy())
        }
        .boxed_local()
    }

    fn remove_pushed<'a>(&'a self, list: &'a Reference, digest: &'a Digest) -> StoreFuture<'a, bool> {
        async move {
            let Some(files) = self.files(list).await? else { return Ok(false) };
            if decode(list, &files)?.digest() != *digest {
                return Ok(false);
            }
            let seen: Array = files.into_iter().map(pair).collect();
            let removed = self.0.remove_seen(&list.file_name(), &seen, &list.to_string());
            Ok(answer(removed).await?.is_truthy())
        }
        .boxed_local()
    }
}

/// Decodes a list from its files by name.
fn decode(list: &Reference, files: &BTreeMap<String, Vec<u8>>) -> Result<ManifestList, StoreError> {
    let name = list.file_name();
    let paths: Vec<_> = files.iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)).collect();
    decode_list(list, paths.iter().map(|(path, bytes)| (&**path, &***bytes)))
}
