//! Lists in files, as JavaScript's `FileStore` has them: names and bytes.

use std::rc::Rc;

use js_sys::{Array, Promise, Uint8Array};
use tallyman_store::{FileError, ListFile, ListFolders, docker::FileChange};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::future_to_promise;

use super::failure::Failure;
use crate::files::{FileSystem, HostFolder};

/// A change of an entry: its name, the bytes that were seen and those to be; `None` if there are none.
type SeenChange = (String, Option<Vec<u8>>, Option<Vec<u8>>);

/// The lists in a folder. Names and bytes as in the interface `Store` of the package.
#[wasm_bindgen]
pub struct FileLists(Rc<ListFolders<HostFolder>>);

/// The reason why an edit changed nothing.
enum Refusal {
    Conflict,
    File(FileError),
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl FileLists {
    fn promise<F>(&self, work: impl FnOnce(Rc<ListFolders<HostFolder>>) -> F) -> Promise
    where
        F: Future<Output = Result<JsValue, FileError>> + 'static,
    {
        let work = work(Rc::clone(&self.0));
        future_to_promise(async move { work.await.map_err(|error| Failure::of_store(&error.into()).into()) })
    }
}

#[wasm_bindgen]
impl FileLists {
    /// The lists in the folder `root`.
    #[wasm_bindgen(constructor)]
    pub fn new(files: FileSystem, root: String) -> Self {
        Self(Rc::new(ListFolders::new(HostFolder(files), root)))
    }

    /// The names of all lists.
    pub fn names(&self) -> Promise {
        self.promise(|lists| async move {
            Ok(lists.names()?.into_iter().map(JsValue::from).collect::<Array>().into())
        })
    }

    /// The entries of a list; `undefined` if there is no such list.
    pub fn load(&self, list: String) -> Promise {
        self.promise(|lists| async move {
            let Some(files) = lists.read(&list).await? else { return Ok(JsValue::UNDEFINED) };
            let pair = |(name, bytes): ListFile| Ok(Array::of2(&name.into(), &Uint8Array::from(&bytes?[..])));
            Ok(files.into_iter().map(pair).collect::<Result<Array, FileError>>()?.into())
        })
    }

    /// Keeps a whole list.
    pub fn save(&self, list: String, entries: &Array) -> Promise {
        let files = files(entries);
        self.promise(|lists| async move { lists.replace(&list, &files).await.map(|()| JsValue::UNDEFINED) })
    }

    /// Keeps a new list. Resolves to whether there was none.
    pub fn add(&self, list: String, entries: &Array) -> Promise {
        let files = files(entries);
        self.promise(|lists| async move { Ok(lists.add(&list, &files).await?.into()) })
    }

    /// Changes entries, each given as name, bytes seen and bytes to be. Resolves to `done`, `conflict` or `gone`.
    pub fn edit(&self, list: String, changes: &Array) -> Promise {
        let changes: Vec<SeenChange> = changes
            .iter()
            .map(|change| {
                let change: Array = change.unchecked_into();
                (change.get(0).as_string().unwrap_or_default(), bytes(change.get(1)), bytes(change.get(2)))
            })
            .collect();
        let change = move |files: Vec<ListFile>| {
            let is_seen = |(name, before, after): &SeenChange| {
                let now = files.iter().find(|(file, _)| file == name).map(|(_, now)| now.as_ref().ok());
                now.flatten() == before.as_ref() || now.flatten() == after.as_ref()
            };
            if !changes.iter().all(is_seen) {
                return Err(Refusal::Conflict);
            }
            Ok(changes.into_iter().map(|(name, _, after)| FileChange { name, after }).collect())
        };
        self.promise(|lists| async move {
            match lists.update(&list, change).await {
                Ok(Some(())) => Ok("done".into()),
                Ok(None) => Ok("gone".into()),
                Err(Refusal::Conflict) => Ok("conflict".into()),
                Err(Refusal::File(error)) => Err(error),
            }
        })
    }

    /// Keeps one entry, and makes the list if there is none.
    #[wasm_bindgen(js_name = putEntry)]
    pub fn put_entry(&self, list: String, entry: &Array) -> Promise {
        let entries = files(&Array::of1(entry));
        self.promise(|lists| async move {
            let changes =
                || entries.iter().cloned().map(|(name, after)| FileChange { name, after: Some(after) });
            loop {
                let updated = lists.update(&list, |_| Ok::<_, FileError>(changes().collect())).await?;
                if updated.is_some() || lists.add(&list, &entries).await? {
                    return Ok(JsValue::UNDEFINED);
                }
            }
        })
    }

    /// Removes a list. Resolves to whether there was one.
    pub fn remove(&self, list: String) -> Promise {
        self.promise(|lists| async move { Ok(lists.remove(&list, |_| true).await?.into()) })
    }
}

fn bytes(value: JsValue) -> Option<Vec<u8>> {
    value.dyn_into::<Uint8Array>().ok().map(|bytes| bytes.to_vec())
}

fn files(entries: &Array) -> Vec<(String, Vec<u8>)> {
    let pair = |entry: JsValue| {
        let entry: Array = entry.unchecked_into();
        (entry.get(0).as_string().unwrap_or_default(), bytes(entry.get(1)).unwrap_or_default())
    };
    entries.iter().map(pair).collect()
}
