//! Commands that delete and remove: each thing by itself, so that one that fails keeps no other from going.

use serde_json::{Value, json};

use super::{DeletionOptions, Environment, run::argument};
use crate::{Error, digest_to_delete, local_lists::remove_entries, remove, resolve::failed, untag};

impl Environment {
    /// Calls `delete` for each of `things`, prints the line that it returns, unless JSON is printed, and returns the errors.
    async fn delete_each(
        &self,
        things: &[String],
        options: DeletionOptions,
        delete: impl AsyncFn(&str) -> Result<Option<String>, Error>,
    ) -> Vec<Error> {
        let (mut done, mut failures) = (Vec::new(), Vec::new());
        for typed in things {
            let is_deleted = match delete(typed).await {
                Ok(line) => {
                    if let Some(line) = line.filter(|_| !options.json) {
                        self.print(line.as_bytes());
                    }
                    true
                }
                Err(error) if options.ignore_missing && error.is_missing() => false,
                Err(error) => {
                    failures.push(error);
                    continue;
                }
            };
            done.push(json!({ "reference": typed, "deleted": is_deleted }));
        }
        if options.json {
            self.print_json(&Value::Array(done));
        }
        failures
    }

    /// Deletes manifests that can be deleted, and gives the errors of the rest.
    pub(super) async fn delete(
        &self,
        references: &[String],
        insecure: bool,
        options: DeletionOptions,
    ) -> Vec<Error> {
        let client = self.retrying_client(insecure);
        let delete = async |typed: &str| {
            let image = argument(typed)?;
            let digest = digest_to_delete(&image)?;
            client.delete_manifest(&image).await.map_err(failed)?;
            Ok(Some(format!("Deleted {}@{digest}", image.name())))
        };
        self.delete_each(references, options, delete).await
    }

    /// Deletes the tags that can be deleted, and gives the errors of the rest.
    pub(super) async fn untag(
        &self,
        references: &[String],
        insecure: bool,
        options: DeletionOptions,
    ) -> Vec<Error> {
        let client = self.retrying_client(insecure);
        let untag = async |typed: &str| {
            let image = argument(typed)?;
            untag(&client, &image, typed).await?;
            Ok(Some(format!("Untagged {image}")))
        };
        self.delete_each(references, options, untag).await
    }

    /// Removes the local lists that can be removed, and gives the errors of the rest.
    pub(super) async fn remove(&self, lists: &[String], options: DeletionOptions) -> Vec<Error> {
        let remove = async |typed: &str| {
            remove(&*self.store, &argument(typed)?).await?;
            Ok(None)
        };
        self.delete_each(lists, options, remove).await
    }

    /// Removes images from a local list: all or none; with `ignore_missing` those that it has.
    pub(super) async fn remove_entries(
        &self,
        list: &str,
        images: &[String],
        options: DeletionOptions,
    ) -> Result<(), Error> {
        let list = argument(list)?;
        let named = images.iter().map(|image| argument(image)).collect::<Result<Vec<_>, _>>()?;
        let removed = remove_entries(&*self.store, &list, &named, options.ignore_missing).await?;
        if options.json {
            let images = images.iter().zip(&named);
            let all = images
                .map(|(typed, image)| json!({ "reference": typed, "deleted": removed.contains(image) }));
            self.print_json(&all.collect());
        }
        Ok(())
    }
}
