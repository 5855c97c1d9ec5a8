//! `copy`: to one target or several, with what belongs to an image.

use std::cell::Cell;

use futures_util::StreamExt;
use serde_json::json;
use tallyman_core::{Platform, Reference, Tag};
use tallyman_registry::Client;

use super::{CopyExtensions, Environment, OutputOptions, json, run::argument};
use crate::{
    Error, PushEvent, ReferenceRole, check_tag, copy_digest_tags, copy_referrers, execute, plan_copy_of,
    resolve::failed,
};

impl Environment {
    /// Copies to each target. A tag that `--never-overwrite` leaves as it is does not keep the others from being copied.
    pub(super) async fn copy(
        &self,
        source: &str,
        targets: &[String],
        insecure: bool,
        run: CopyRun<'_>,
    ) -> Vec<Error> {
        let mut kept = Vec::new();
        match self.copy_all(source, targets, insecure, run, &mut kept).await {
            Ok(()) => kept,
            Err(error) => kept.into_iter().chain([error]).collect(),
        }
    }

    async fn copy_all(
        &self,
        source: &str,
        targets: &[String],
        insecure: bool,
        run: CopyRun<'_>,
        kept: &mut Vec<Error>,
    ) -> Result<(), Error> {
        let mut passing = |copied: Result<(), Error>| match copied {
            Err(error @ Error::WouldOverwrite { .. }) => {
                kept.push(error);
                Ok(())
            }
            copied => copied,
        };
        let source = argument(source)?;
        let targets = targets.iter().map(|target| argument(target)).collect::<Result<Vec<_>, _>>()?;
        let client = self.retrying_client(insecure);
        for target in &targets {
            if !run.extensions.all_tags {
                passing(self.copy_one(&client, &source, target, run).await)?;
                continue;
            }
            let mut pages = client.tags(&source);
            while let Some(page) = pages.next().await {
                for name in page.map_err(failed)? {
                    let tag: Tag = name.parse().map_err(|source| Error::Reference {
                        role: ReferenceRole::Argument,
                        typed: name,
                        source,
                    })?;
                    let from = source.by_tag(tag.clone());
                    passing(self.copy_one(&client, &from, &target.by_tag(tag), run).await)?;
                }
            }
        }
        Ok(())
    }

    async fn copy_one(
        &self,
        client: &Client,
        source: &Reference,
        target: &Reference,
        run: CopyRun<'_>,
    ) -> Result<(), Error> {
        let CopyRun { platforms, extensions, dry_run, options } = run;
        let progress = self.progress(options);
        progress.report(&format!("reading {source}"));
        let copying = plan_copy_of(client, source, target, platforms).await?;
        progress.clear();
        if let Some(plan) = copying.plan.as_ref().filter(|_| extensions.never_overwrite) {
            check_tag(client, target, plan.list().1).await?;
        }
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
            let on_event = |event| {
                if let PushEvent::Transferred { bytes, .. } = event {
                    transferred.set(transferred.get() + bytes);
                }
                progress.step(plan, &event);
            };
            execute(client, plan, &on_event).await?;
            progress.clear();
        }
        if extensions.referrers {
            copy_referrers(client, source, target, &copying.manifest).await?;
        }
        if extensions.digest_tags {
            copy_digest_tags(client, source, target, &copying.digests).await?;
        }
        if options.json {
            self.print_json(&json::copied(source, target, &copying, transferred.get()));
        } else {
            self.print(copying.manifest.digest().as_str().as_bytes());
        }
        Ok(())
    }
}

/// The options of one copy.
#[derive(Clone, Copy)]
pub(super) struct CopyRun<'a> {
    pub platforms: &'a [Platform],
    pub extensions: &'a CopyExtensions,
    pub dry_run: bool,
    pub options: OutputOptions,
}
