//! The commands that Docker does not have.

use std::{borrow::Cow, cell::Cell};

use futures_util::{Stream, StreamExt};
use serde_json::json;
use tallyman_core::{Platform, PushPlan, Registry};
use tallyman_registry::{Client, Error as RegistryError};

use super::{
    ClientOptions, DigestInput, Environment, OutputOptions, Stream as OutputStream, grammar::version, json,
    run::argument, style::Style, terminal,
};
use crate::{
    Error, ReferenceRole,
    copy::plan_copy,
    delete::cannot_untag,
    duplicate, execute, rename,
    resolve::{failed, resolve},
};

impl Environment {
    /// A client that asks again where that may help.
    fn retrying_client(&self, insecure: bool) -> Client {
        (self.client)(ClientOptions { insecure, retries: true })
    }

    pub(super) async fn duplicate(&self, list: &str, to: &str) -> Result<(), Error> {
        duplicate(&*self.store, &argument(list)?, &argument(to)?).await
    }

    pub(super) async fn rename(&self, list: &str, to: &str) -> Result<(), Error> {
        rename(&*self.store, &argument(list)?, &argument(to)?).await
    }

    pub(super) async fn tags(
        &self,
        repository: &str,
        insecure: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let repository = argument(repository)?;
        self.names(self.retrying_client(insecure).tags(&repository), options).await
    }

    pub(super) async fn catalog(
        &self,
        registry: &str,
        insecure: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let registry: Registry = registry.parse().map_err(|source| Error::Reference {
            role: ReferenceRole::Argument,
            typed: registry.to_owned(),
            source,
        })?;
        self.names(self.retrying_client(insecure).repositories(&registry), options).await
    }

    /// Prints names as they come.
    async fn names(
        &self,
        mut pages: impl Stream<Item = Result<Vec<String>, RegistryError>> + Unpin,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed)?;
            if options.json {
                all.extend(page);
                continue;
            }
            let lines: String = page.iter().map(|name| format!("{}\n", terminal::line(name))).collect();
            self.output.stdout(lines.as_bytes());
            if self.output.reader_is_gone() {
                return Ok(());
            }
        }
        if options.json {
            self.print_json(&json!(all));
        }
        Ok(())
    }

    pub(super) async fn digest(
        &self,
        of: &DigestInput,
        platform: Option<&Platform>,
        insecure: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let file = match of {
            DigestInput::Reference(typed) => {
                let image = argument(typed)?;
                let manifest = resolve(&self.retrying_client(insecure), &image, platform).await?;
                if options.json {
                    self.print_json(&json::manifest(&image, &manifest));
                } else {
                    self.print(manifest.digest().as_str().as_bytes());
                }
                return Ok(());
            }
            DigestInput::File(file) => Some(file.as_str()),
            DigestInput::Input => None,
        };
        let (digest, size) = self.input.digest(file).await.map_err(|message| Error::Input { message })?;
        if options.json {
            self.print_json(&json!({ "digest": digest.as_str(), "size": size }));
        } else {
            self.print(digest.as_str().as_bytes());
        }
        Ok(())
    }

    pub(super) async fn copy(
        &self,
        source: &str,
        target: &str,
        platform: Option<&Platform>,
        insecure: bool,
        dry_run: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let (source, target) = (argument(source)?, argument(target)?);
        let client = self.retrying_client(insecure);
        let progress = self.progress(options);
        progress.report(&format!("reading {source}"));
        let copying = plan_copy(&client, &source, &target, platform).await?;
        progress.clear();
        if dry_run {
            match &copying.plan {
                Some(plan) => self.show(plan, options),
                None if options.json => {
                    self.print_json(&json!({ "target": target.to_string(), "steps": [] }));
                }
                None => self.print(format!("{target} is that already: nothing to do").as_bytes()),
            }
            return Ok(());
        }
        let transferred = Cell::new(0);
        if let Some(plan) = &copying.plan {
            execute(&client, plan, &|event| {
                if let crate::PushEvent::Transferred { bytes, .. } = event {
                    transferred.set(transferred.get() + bytes);
                }
                progress.step(plan, &event);
            })
            .await?;
            progress.clear();
        }
        if options.json {
            self.print_json(&json::copied(&source, &target, &copying, transferred.get()));
        } else {
            self.print(copying.manifest.digest().as_str().as_bytes());
        }
        Ok(())
    }

    pub(super) async fn referrers(
        &self,
        image: &str,
        artifact_type: Option<&str>,
        insecure: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let image = argument(image)?;
        let client = self.retrying_client(insecure);
        let subject = match image.digest() {
            Some(digest) => digest.clone(),
            None => client.manifest(&image).await.map_err(failed)?.digest,
        };
        let found = client.referrers(&image, &subject, artifact_type).await.map_err(failed)?;
        if options.json {
            self.print_json(&json::descriptors(&found));
            return Ok(());
        }
        let style = Style::of(&*self.output, OutputStream::Stdout);
        if found.is_empty() {
            return Ok(());
        }
        let types: Vec<Cow<'_, str>> = found
            .iter()
            .map(|entry| entry.artifact_type.as_deref().unwrap_or_else(|| entry.media_type.as_str()))
            .map(terminal::line)
            .collect();
        let width = types.iter().map(|name| name.len()).max().unwrap_or_default().max("TYPE".len());
        self.print(style.bold(&format!("{:width$}  {:>10}  DIGEST", "TYPE", "SIZE")).as_bytes());
        for (entry, name) in found.iter().zip(types) {
            let digest = style.dim(entry.digest.as_str());
            self.print(format!("{name:width$}  {:>10}  {digest}", entry.size).as_bytes());
        }
        Ok(())
    }

    /// Deletes what can be deleted, and gives what went wrong with the rest.
    pub(super) async fn delete(&self, references: &[String], insecure: bool) -> Vec<Error> {
        let client = self.retrying_client(insecure);
        let mut failures = Vec::new();
        for typed in references {
            let deleted = async {
                let image = argument(typed)?;
                let Some(digest) = image.digest().filter(|_| image.tag().is_none()) else {
                    return Err(Error::DigestNeeded { reference: Box::new(image) });
                };
                client.delete_manifest(&image).await.map_err(failed)?;
                self.print(format!("Deleted {}@{digest}", image.name()).as_bytes());
                Ok(())
            };
            failures.extend(deleted.await.err());
        }
        failures
    }

    /// Deletes the tags that can be deleted, and gives what went wrong with the rest.
    pub(super) async fn untag(&self, references: &[String], insecure: bool) -> Vec<Error> {
        let client = self.retrying_client(insecure);
        let mut failures = Vec::new();
        for typed in references {
            let untagged = async {
                let image = argument(typed)?;
                // Nobody means the tag that stands for none.
                let names_its_tag = image.tag().is_some_and(|tag| typed.ends_with(&format!(":{tag}")));
                if image.digest().is_some() || !names_its_tag {
                    return Err(Error::TagNeeded { reference: Box::new(image) });
                }
                client.delete_manifest(&image).await.map_err(|error| match error {
                    error if cannot_untag(&image, &error) => Error::UntagUnsupported {
                        reference: Box::new(image.clone()),
                        source: Box::new(error),
                    },
                    error => failed(error),
                })?;
                self.print(format!("Untagged {image}").as_bytes());
                Ok(())
            };
            failures.extend(untagged.await.err());
        }
        failures
    }

    pub(super) fn version(&self, options: OutputOptions) {
        if options.json {
            self.print_json(&json!({ "name": super::PROGRAM, "version": env!("CARGO_PKG_VERSION") }));
        } else {
            self.print(version().as_bytes());
        }
    }

    /// Prints what a plan would do.
    pub(super) fn show(&self, plan: &PushPlan, options: OutputOptions) {
        if options.json {
            self.print_json(&json::plan(plan));
        } else {
            self.print(plan.to_string().as_bytes());
        }
    }
}
