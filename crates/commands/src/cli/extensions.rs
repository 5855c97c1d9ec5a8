//! The commands that Docker does not have.

use std::borrow::Cow;

use futures_util::{Stream, StreamExt};
use serde_json::json;
use tallyman_core::{Format, ListEntry, Platform, PushPlan, Registry, Tag};
use tallyman_registry::{Client, Error as RegistryError};

use super::{
    ClientOptions, DigestInput, Environment, Output, OutputOptions, PushExtensions, Stream as OutputStream,
    TagFilter, grammar::version, json, run::argument, style::Style, tag_filter::TagSelection, terminal,
};
use crate::{
    Created, Error, ReferenceRole, check_repository, check_subject, descriptor_of, parse_source,
    resolve::{failed, resolve},
    with_subject,
};

impl Environment {
    /// A client that asks again where that may help.
    pub(super) fn retrying_client(&self, insecure: bool) -> Client {
        (self.client)(ClientOptions { insecure, retries: true, ..ClientOptions::default() })
    }

    pub(super) async fn tags(
        &self,
        repository: &str,
        filter: &TagFilter,
        insecure: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let typed = repository;
        let repository = argument(typed)?;
        check_repository(&repository, typed)?;
        self.names(self.retrying_client(insecure).tags(&repository), filter, options).await
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
        self.names(self.retrying_client(insecure).repositories(&registry), &TagFilter::default(), options)
            .await
    }

    /// Prints names as they come, or all at once if they are sorted or printed as JSON.
    async fn names(
        &self,
        mut pages: impl Stream<Item = Result<Vec<String>, RegistryError>> + Unpin,
        filter: &TagFilter,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let mut selection = TagSelection::new(filter);
        let is_streamed = !options.json && selection.is_in_registry_order();
        let mut all = Vec::new();
        while !selection.is_complete()
            && let Some(page) = pages.next().await
        {
            let page = selection.select(page.map_err(failed)?);
            if !is_streamed {
                all.extend(page);
                continue;
            }
            self.print_names(&page);
            if self.output.reader_is_gone() {
                return Ok(());
            }
        }
        if let Some(tag) = selection.missing_last().filter(|_| !selection.is_complete()) {
            return Err(Error::NoSuchTag { tag: tag.to_owned() });
        }
        selection.sort(&mut all);
        if options.json {
            self.print_json(&json!(all));
        } else {
            self.print_names(&all);
        }
        Ok(())
    }

    fn print_names(&self, names: &[String]) {
        let lines: String = names.iter().map(|name| format!("{}\n", terminal::line(name))).collect();
        self.output.stdout(lines.as_bytes());
    }

    pub(super) async fn digest(
        &self,
        of: &DigestInput,
        platform: Option<&Platform>,
        insecure: bool,
        options: OutputOptions,
    ) -> Result<(), Error> {
        if platform.is_some() && !matches!(of, DigestInput::Reference(_)) {
            return Err(Error::FlagsContradict { one: "--platform", other: "a file" });
        }
        let file = match of {
            DigestInput::Reference(typed) => {
                let image = argument(typed)?;
                let client = self.retrying_client(insecure);
                let found = match platform {
                    None => descriptor_of(&client, &image).await?,
                    Some(_) => resolve(&client, &image, platform).await?.descriptor(),
                };
                if options.json {
                    self.print_json(&json::manifest(&image, &found));
                } else {
                    self.print(found.digest.as_str().as_bytes());
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

    /// Prints a warning.
    pub(super) fn warn(&self, text: &str) {
        warn_on(&*self.output, text);
    }

    /// Warns of what a conversion loses.
    pub(super) fn warn_of_losses(&self, losses: &[String], format: Format) {
        for loss in losses {
            self.warn(&format!("lost in the {} form: {loss}", format.as_str()));
        }
    }

    /// Warns of images that a list still says another platform of than their configs.
    pub(super) fn warn_of_kept_platforms(&self, Created { list, kept_platforms }: &Created) {
        for (image, platform) in kept_platforms {
            let said = list.get(image).map(ListEntry::platform).unwrap_or_default();
            let (said, platform) = (said.in_full(), platform.in_full());
            self.warn(&format!(
                "kept platform {said} for {image}, although its config now says {platform}: its previous config is no longer in the registry, so it is unknown whether the platform was set by hand; use annotate to change it"
            ));
        }
    }

    /// Gives the list of a plan its subject and its artifact type.
    pub(super) async fn give_subject(
        &self,
        plan: &mut PushPlan,
        extensions: &PushExtensions,
        insecure: bool,
    ) -> Result<(), Error> {
        let PushExtensions { subject, artifact_type, .. } = extensions;
        let subject = match subject {
            Some(typed) => {
                let reference = parse_source(&plan.target, typed)?;
                check_subject(&reference, &plan.target)?;
                let client = self.retrying_client(insecure);
                client.read_directly(&plan.target);
                Some(resolve(&client, &reference, None).await?.descriptor())
            }
            None => None,
        };
        if subject.is_some() || artifact_type.is_some() {
            with_subject(plan, subject, artifact_type.clone())?;
        }
        Ok(())
    }

    /// Checks that the files that a push is asked for can be written.
    pub(super) fn check_push_files(&self, extensions: &PushExtensions) -> Result<(), Error> {
        for file in [&extensions.digest_file, &extensions.metadata_file].into_iter().flatten() {
            self.output
                .check_file(file)
                .map_err(|message| Error::WriteFile { file: file.clone(), message })?;
        }
        Ok(())
    }

    /// Writes the files that a push was asked for; `tags` are those that were put beside the list's own name.
    pub(super) fn write_push_files(
        &self,
        plan: &PushPlan,
        tags: &[Tag],
        extensions: &PushExtensions,
    ) -> Result<(), Error> {
        let (_, digest, _) = plan.list();
        let files = [
            (&extensions.digest_file, digest.to_string()),
            (&extensions.metadata_file, format!("{}\n", json::metadata(plan, tags))),
        ];
        for (file, text) in files {
            let Some(file) = file else { continue };
            self.output
                .write_file(file, text.as_bytes())
                .map_err(|message| Error::WriteFile { file: file.clone(), message })?;
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

    pub(super) fn version(&self, options: OutputOptions) {
        if options.json {
            self.print_json(&json!({ "name": super::PROGRAM, "version": env!("CARGO_PKG_VERSION") }));
        } else {
            self.print(version().as_bytes());
        }
    }

    /// Prints what a plan would do, before it the plans of the lists that are brought along, and behind it those that list it as a
    /// referrer.
    pub(super) fn show(
        &self,
        plan: &PushPlan,
        brought: Vec<PushPlan>,
        listed: Vec<PushPlan>,
        options: OutputOptions,
    ) {
        if options.json {
            let mut along = vec![("nested", brought), ("listed", listed)];
            along.retain(|(_, plans)| !plans.is_empty());
            return self.print_json(&json::plans(&plan.target, Some(plan), &along));
        }
        for plan in brought.iter().chain([plan]).chain(&listed) {
            self.print(plan.to_string().as_bytes());
        }
    }
}

/// Prints a warning in the form of an output's log.
pub(super) fn warn_on(output: &dyn Output, text: &str) {
    if output.logs_json() {
        return terminal::log(output, &json!({ "warning": text }));
    }
    let line = Style::of(output, OutputStream::Stderr).yellow(&terminal::lines(text));
    output.stderr(&format!("{line}\n"));
}
