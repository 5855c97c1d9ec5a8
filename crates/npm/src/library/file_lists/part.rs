//! The operations on lists in files, behind the cut: locks, journals and recovery are loaded by who keeps lists in files.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use js_sys::{Array, JsString, Uint8Array};
use tallyman_store::{FileError, ListFile, ListFolders, docker::FileChange};
use wasm_bindgen::{JsCast, JsValue};
use wasm_split_helpers::wasm_split;

use super::FileOperation;
use crate::{
    files::{FileSystem, HostFolder},
    library::{client_part::PendingValue, failure::Failure},
};

/// Starts an operation on the lists in the folder `root`. Its first call loads the part.
#[wasm_split(client, fallible)]
pub fn start(files: FileSystem, root: String, operation: FileOperation) -> Result<PendingValue, Failure> {
    let lists = ListFolders::new(HostFolder(files), root);
    let work = async move { run(&lists, operation).await.map_err(|error| Failure::of_store(&error.into())) };
    Ok(work.boxed_local())
}

async fn run(lists: &ListFolders<HostFolder>, operation: FileOperation) -> Result<JsValue, FileError> {
    Ok(match operation {
        FileOperation::Names => lists.names()?.into_iter().map(JsValue::from).collect::<Array>().into(),
        FileOperation::Load { list } => {
            let Some(files) = lists.read(&list).await? else { return Ok(JsValue::UNDEFINED) };
            let pair = |(name, bytes): ListFile| Ok(Array::of2(&name.into(), &Uint8Array::from(&bytes?[..])));
            files.into_iter().map(pair).collect::<Result<Array, FileError>>()?.into()
        }
        FileOperation::Save { list, entries } => {
            lists.replace(&list, &files(&entries)).await?;
            JsValue::UNDEFINED
        }
        FileOperation::Add { list, entries } => lists.add(&list, &files(&entries)).await?.into(),
        FileOperation::Edit { list, changes } => edit(lists, &list, &changes).await?.into(),
        FileOperation::PutEntry { list, entry } => {
            put_entry(lists, &list, &files(&Array::of1(&entry))).await?;
            JsValue::UNDEFINED
        }
        FileOperation::Remove { list } => lists.remove(&list, |_| true).await?.into(),
        FileOperation::RemoveSeen { list, seen } => {
            let seen: BTreeMap<String, Vec<u8>> = files(&seen).into_iter().collect();
            let is_seen = |now: Vec<ListFile>| {
                let now = now.into_iter().map(|(name, bytes)| Some((name, bytes.ok()?)));
                now.collect::<Option<BTreeMap<_, _>>>().is_some_and(|now| now == seen)
            };
            lists.remove(&list, is_seen).await?.into()
        }
        FileOperation::Rename { list, to } => match lists.rename(&list, &to).await? {
            Some(true) => "done",
            Some(false) => "taken",
            None => "gone",
        }
        .into(),
    })
}

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

/// A change of an entry: its name, the bytes that were seen and those to be; `None` if there are none.
type SeenChange = (String, Option<Vec<u8>>, Option<Vec<u8>>);

async fn edit(
    lists: &ListFolders<HostFolder>,
    list: &str,
    changes: &Array,
) -> Result<&'static str, FileError> {
    let change = |change: JsValue| {
        let change: Array = change.unchecked_into();
        (name(change.get(0)), bytes(change.get(1)), bytes(change.get(2)))
    };
    let changes: Vec<SeenChange> = changes.iter().map(change).collect();
    let apply = move |files: Vec<ListFile>| {
        let is_seen = |(name, before, after): &SeenChange| {
            let now = files.iter().find(|(file, _)| file == name).map(|(_, now)| now.as_ref().ok());
            now.flatten() == before.as_ref() || now.flatten() == after.as_ref()
        };
        if !changes.iter().all(is_seen) {
            return Err(Refusal::Conflict);
        }
        Ok(changes.into_iter().map(|(name, _, after)| FileChange { name, after }).collect())
    };
    match lists.update(list, apply).await {
        Ok(Some(())) => Ok("done"),
        Ok(None) => Ok("gone"),
        Err(Refusal::Conflict) => Ok("conflict"),
        Err(Refusal::File(error)) => Err(error),
    }
}

async fn put_entry(
    lists: &ListFolders<HostFolder>,
    list: &str,
    entries: &[(String, Vec<u8>)],
) -> Result<(), FileError> {
    let changes = || entries.iter().cloned().map(|(name, after)| FileChange { name, after: Some(after) });
    loop {
        let updated = lists.update(list, |_| Ok::<_, FileError>(changes().collect())).await?;
        if updated.is_some() || lists.add(list, entries).await? {
            return Ok(());
        }
    }
}

/// Returns the bytes that `FileStore` has found to be bytes; `None` if it has given none.
fn bytes(value: JsValue) -> Option<Vec<u8>> {
    (!value.is_undefined()).then(|| value.unchecked_into::<Uint8Array>().to_vec())
}

/// Returns the name that `FileStore` has found to be a text.
fn name(value: JsValue) -> String {
    value.unchecked_into::<JsString>().into()
}

fn files(entries: &Array) -> Vec<(String, Vec<u8>)> {
    let pair = |entry: JsValue| {
        let entry: Array = entry.unchecked_into();
        (name(entry.get(0)), entry.get(1).unchecked_into::<Uint8Array>().to_vec())
    };
    entries.iter().map(pair).collect()
}
