//! Lists in a registry that are changed in one command.

use serde_json::{Value, json};
use tallyman_core::{Digest, Platform, Reference, Tag};
use tallyman_registry::Client;

use super::{Environment, IndexChanges, OutputOptions, create::check_nest, run::argument, terminal};
use crate::{
    EntryName, Error, IndexChange, IndexUpdate, Source, UpdatedIndex, parse_source, sources::parse_sources,
    update_index,
};

/// The options of one change of an index.
pub(super) struct IndexRun<'a> {
    pub oci: bool,
    pub tags: &'a [Tag],
    pub dry_run: bool,
    pub options: OutputOptions,
}

impl Environment {
    pub(super) async fn index(
        &self,
        index: &str,
        changes: &IndexChanges,
        client: &Client,
        run: IndexRun<'_>,
    ) -> Result<(), Error> {
        let reference = argument(index)?;
        if let IndexChanges::Add { options, .. } = changes {
            check_nest(options.nest, false, &options.platforms)?;
        }
        let sources = match changes {
            IndexChanges::Add { sources, from, .. } => {
                let named = sources.iter().map(|typed| parse_source(&reference, typed).map(Source::Named));
                let mut sources = named.collect::<Result<Vec<_>, _>>()?;
                sources.extend(self.sources_of(&reference, true, from).await?);
                sources
            }
            IndexChanges::Remove { .. } | IndexChanges::Annotate { .. } => Vec::new(),
        };
        let change = async |update: &mut IndexUpdate, is_again| {
            if run.oci {
                update.make_oci();
            }
            changes.make(client, &reference, &sources, update, is_again).await
        };
        let UpdatedIndex { changes, digest } = match run.dry_run {
            true => {
                let mut update = IndexUpdate::fetch(client, &reference).await?;
                change(&mut update, false).await?;
                UpdatedIndex { changes: update.changes(), digest: update.manifest()?.digest().clone() }
            }
            false => update_index(client, &reference, run.tags, change).await?,
        };
        if !run.options.json {
            self.print_changes(&changes);
        }
        if run.options.json {
            self.print_json(&json!({
                "reference": reference.to_string(),
                "digest": digest.as_str(),
                "changes": json_changes(&changes),
                "pushed": !run.dry_run,
            }));
        } else {
            self.print(digest.as_str().as_bytes());
        }
        Ok(())
    }

    /// Reads the sources that files name, in short if they may be `relative`.
    pub(super) async fn sources_of(
        &self,
        list: &Reference,
        relative: bool,
        files: &[String],
    ) -> Result<Vec<Source>, Error> {
        let mut sources = Vec::new();
        for file in files {
            let bytes = self.read_input(file).await?;
            sources.extend(parse_sources(list, relative, file, &bytes)?);
        }
        Ok(sources)
    }

    /// Reads a file, or the standard input for `-`.
    pub(super) async fn read_input(&self, file: &str) -> Result<Vec<u8>, Error> {
        let file = Some(file).filter(|file| *file != "-");
        self.input.read(file).await.map_err(|message| Error::Input { message })
    }

    /// Prints differences, a line each.
    pub(super) fn print_changes(&self, changes: &[IndexChange]) {
        for change in changes {
            self.print(terminal::line(&change.to_string()).as_bytes());
        }
    }
}

impl IndexChanges {
    /// Makes the changes; `is_again` if they were in the registry already, and replaced.
    async fn make(
        &self,
        client: &Client,
        index: &Reference,
        sources: &[Source],
        update: &mut IndexUpdate,
        is_again: bool,
    ) -> Result<(), Error> {
        match self {
            Self::Add { options, .. } => update.add(client, sources, options).await,
            Self::Remove { entries, ignore_missing } => {
                for entry in entries {
                    match update.remove(client, &entry_name(index, entry)?).await {
                        Err(error) if (*ignore_missing || is_again) && error.is_missing() => {}
                        removed => removed?,
                    }
                }
                Ok(())
            }
            Self::Annotate { entry, platform, annotations } => {
                let name = entry.as_deref().map(|entry| entry_name(index, entry)).transpose()?;
                update.annotate(client, name.as_ref(), platform, annotations).await
            }
        }
    }
}

pub(super) fn json_changes(changes: &[IndexChange]) -> Value {
    changes.iter().map(IndexChange::to_json).collect()
}

/// Parses the name of an entry: a platform, a digest, or a tag or a reference that stands for it.
fn entry_name(index: &Reference, typed: &str) -> Result<EntryName, Error> {
    if let Ok(digest) = typed.parse::<Digest>() {
        return Ok(EntryName::Digest(digest));
    }
    // A word alone is a tag, also where it is the name of an architecture.
    match typed.parse::<Platform>() {
        Ok(platform) if typed.contains('/') => Ok(EntryName::Platform(platform)),
        _ => parse_source(index, typed).map(EntryName::Named),
    }
}
