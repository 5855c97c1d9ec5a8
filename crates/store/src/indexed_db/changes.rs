//! Changes that look at what is there before they are made, in the same transaction: so that of two tabs that change one
//! list neither overwrites what the other did.

use indexed_db_futures::{
    prelude::{BuildPrimitive, QuerySource},
    transaction::TransactionMode,
};
use tallyman_core::{ListEdit, ManifestList, Reference};
use wasm_bindgen::JsValue;

use super::{
    CHANGED, ENTRIES, IndexedDbStore, LISTS, NOTES, clear, failed, has, put_entry, put_list, store, take_out,
};
use crate::{Outcome, StoreError};

/// A list without its entries.
#[derive(Clone, Debug, PartialEq)]
pub struct ListSummary {
    /// Its name.
    pub reference: Reference,
    /// The time of the last change in milliseconds since 1970; `None` for lists of the first version of the app.
    pub changed: Option<f64>,
}

impl IndexedDbStore {
    /// Changes a list as it is now, whatever it was when the change was thought of.
    ///
    /// # Errors
    /// [`StoreError`] if the list cannot be read, or the database refuses.
    pub async fn edit(&self, list: &Reference, edit: &ListEdit) -> Result<Outcome, StoreError> {
        let name = list.file_name();
        let transaction = self.transaction(TransactionMode::Readwrite)?;
        let Some(mut changed) = Self::read_in(&transaction, list).await? else { return Ok(Outcome::Gone) };
        if let Err(conflict) = edit.apply(&mut changed) {
            return Ok(Outcome::Conflict(conflict));
        }
        put_list(&transaction, &name, list)?;
        let entries = store(&transaction, ENTRIES)?;
        clear(&entries, &name)?;
        for entry in changed.iter() {
            put_entry(&entries, &name, entry, changed.form())?;
        }
        drop(entries);
        self.committed(transaction, &name).await?;
        Ok(Outcome::Done(changed))
    }

    /// Keeps a new list, unless there is one of that name.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the database refuses.
    pub async fn add(&self, list: &ManifestList) -> Result<Outcome, StoreError> {
        let name = list.reference().file_name();
        let transaction = self.transaction(TransactionMode::Readwrite)?;
        if has(&store(&transaction, LISTS)?, list.reference()).await? {
            return Ok(Outcome::Taken);
        }
        put_list(&transaction, &name, list.reference())?;
        let entries = store(&transaction, ENTRIES)?;
        for entry in list.iter() {
            put_entry(&entries, &name, entry, list.form())?;
        }
        drop(entries);
        self.committed(transaction, &name).await?;
        Ok(Outcome::Done(list.clone()))
    }

    /// Gives a list another name, unless that is taken.
    ///
    /// # Errors
    /// [`StoreError`] if the list cannot be read, or the database refuses.
    pub async fn rename(&self, from: &Reference, to: &Reference) -> Result<Outcome, StoreError> {
        let (old, new) = (from.file_name(), to.file_name());
        let transaction = self.transaction(TransactionMode::Readwrite)?;
        let Some(list) = Self::read_in(&transaction, from).await? else { return Ok(Outcome::Gone) };
        if has(&store(&transaction, LISTS)?, to).await? {
            return Ok(Outcome::Taken);
        }
        let renamed = list.renamed(to.clone());
        take_out(&transaction, &old)?;
        put_list(&transaction, &new, to)?;
        let entries = store(&transaction, ENTRIES)?;
        for entry in renamed.iter() {
            put_entry(&entries, &new, entry, renamed.form())?;
        }
        drop(entries);
        self.committed(transaction, &old).await?;
        super::announce(&self.name, &new);
        Ok(Outcome::Done(renamed))
    }

    /// All lists without their entries, in the order of their file names.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the database refuses.
    pub async fn summaries(&self) -> Result<Vec<ListSummary>, StoreError> {
        let transaction = self.transaction(TransactionMode::Readonly)?;
        let (lists, changes) = (store(&transaction, LISTS)?, store(&transaction, CHANGED)?);
        let names = lists.get_all::<String>().primitive().map_err(|error| failed(&error))?;
        let names = names.await.map_err(|error| failed(&error))?;
        let mut summaries = Vec::new();
        for name in names {
            let name = name.map_err(|error| failed(&error))?;
            // Only names that were references have been kept.
            let Ok(reference) = name.parse::<Reference>() else { continue };
            let changed = changes.get::<JsValue, String, _>(reference.file_name()).primitive();
            let changed = changed.map_err(|error| failed(&error))?.await.map_err(|error| failed(&error))?;
            summaries.push(ListSummary { reference, changed: changed.and_then(|changed| changed.as_f64()) });
        }
        Ok(summaries)
    }

    /// Returns the text that is kept under `key` beside the lists.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the database refuses.
    pub async fn note(&self, key: &str) -> Result<Option<String>, StoreError> {
        let transaction = self.transaction_over([NOTES], TransactionMode::Readonly)?;
        let found = store(&transaction, NOTES)?.get::<String, String, _>(key.to_owned()).primitive();
        found.map_err(|error| failed(&error))?.await.map_err(|error| failed(&error))
    }

    /// Keeps something under `key` beside the lists, or takes it out. Other tabs do not hear of it.
    ///
    /// # Errors
    /// [`StoreError::Io`] if the database refuses.
    pub async fn set_note(&self, key: &str, value: Option<&str>) -> Result<(), StoreError> {
        let transaction = self.transaction_over([NOTES], TransactionMode::Readwrite)?;
        let notes = store(&transaction, NOTES)?;
        match value {
            Some(value) => {
                let put = notes.put(value.to_owned()).with_key(key.to_owned()).primitive();
                put.map(drop).map_err(|error| failed(&error))?;
            }
            None => {
                let removed = notes.delete::<String, _>(key.to_owned()).primitive();
                removed.map(drop).map_err(|error| failed(&error))?;
            }
        }
        drop(notes);
        transaction.commit().await.map_err(|error| failed(&error))
    }
}
