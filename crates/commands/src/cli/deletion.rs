//! Commands that delete and remove: each thing by itself, so that one that fails keeps no other from going.

use std::cell::RefCell;

use serde_json::{Value, json};
use tallyman_core::Reference;

use super::{DeletionOptions, Environment, run::argument};
use crate::{Error, remove, remove_entries, resolve::failed, untag};

/// The result for each thing.
struct Deletions<'a> {
    environment: &'a Environment,
    options: DeletionOptions,
    done: RefCell<Vec<Value>>,
    failures: RefCell<Vec<Error>>,
}

impl Deletions<'_> {
    /// Notes the result for `typed`; `line` is printed where it is gone, unless JSON is.
    fn note(&self, typed: &str, result: Result<Option<String>, Error>) {
        let is_deleted = match result {
            Ok(line) => {
                if let Some(line) = line.filter(|_| !self.options.json) {
                    self.environment.print(line.as_bytes());
                }
                true
            }
            Err(error) if self.options.ignore_missing && error.is_missing() => false,
            Err(error) => return self.failures.borrow_mut().push(error),
        };
        self.done.borrow_mut().push(json!({ "reference": typed, "deleted": is_deleted }));
    }

    fn end(self) -> Vec<Error> {
        if self.options.json {
            self.environment.print_json(&Value::Array(self.done.into_inner()));
        }
        self.failures.into_inner()
    }
}

impl Environment {
    fn deletions(&self, options: DeletionOptions) -> Deletions<'_> {
        Deletions { environment: self, options, done: RefCell::default(), failures: RefCell::default() }
    }

    /// Deletes manifests that can be deleted, and gives the errors of the rest.
    pub(super) async fn delete(
        &self,
        references: &[String],
        insecure: bool,
        options: DeletionOptions,
    ) -> Vec<Error> {
        let client = self.retrying_client(insecure);
        let deletions = self.deletions(options);
        for typed in references {
            let deleted = async {
                let image = argument(typed)?;
                let Some(digest) = image.digest().filter(|_| image.tag().is_none()) else {
                    return Err(Error::DigestNeeded { reference: Box::new(image) });
                };
                client.delete_manifest(&image).await.map_err(failed)?;
                Ok(Some(format!("Deleted {}@{digest}", image.name())))
            };
            deletions.note(typed, deleted.await);
        }
        deletions.end()
    }

    /// Deletes the tags that can be deleted, and gives the errors of the rest.
    pub(super) async fn untag(
        &self,
        references: &[String],
        insecure: bool,
        options: DeletionOptions,
    ) -> Vec<Error> {
        let client = self.retrying_client(insecure);
        let deletions = self.deletions(options);
        for typed in references {
            let untagged = async {
                let image = argument(typed)?;
                untag(&client, &image, typed).await?;
                Ok(Some(format!("Untagged {image}")))
            };
            deletions.note(typed, untagged.await);
        }
        deletions.end()
    }

    /// Removes the local lists that can be removed, and gives the errors of the rest.
    pub(super) async fn remove(&self, lists: &[String], options: DeletionOptions) -> Vec<Error> {
        let deletions = self.deletions(options);
        for typed in lists {
            let removed = async {
                remove(&*self.store, &argument(typed)?).await?;
                Ok(None)
            };
            deletions.note(typed, removed.await);
        }
        deletions.end()
    }

    /// Removes images from a local list: all or none; with `ignore_missing` those that it has.
    pub(super) async fn remove_entries(
        &self,
        list: &str,
        images: &[String],
        options: DeletionOptions,
    ) -> Result<(), Error> {
        let list = argument(list)?;
        let mut images: Vec<Reference> =
            images.iter().map(|image| argument(image)).collect::<Result<_, _>>()?;
        if options.ignore_missing {
            let found = self.store.load(&list).await?;
            images.retain(|image| found.as_ref().is_some_and(|list| list.get(image).is_some()));
        }
        if !images.is_empty() {
            remove_entries(&*self.store, &list, &images).await?;
        }
        if options.json {
            let removed =
                images.iter().map(|image| json!({ "reference": image.to_string(), "deleted": true }));
            self.print_json(&removed.collect::<Value>());
        }
        Ok(())
    }
}
