//! `copy`: to one target or several, with what belongs to an image.

use std::{cell::Cell, collections::HashSet};

use futures_util::StreamExt;
use serde_json::json;
use tallyman_core::{Platform, PushPlan, Reference, Tag};
use tallyman_registry::Client;

use super::{CopyExtensions, Environment, OutputOptions, json, run::argument};
use crate::{
    Error, PushEvent, ReferenceRole, check_tag, copy_digest_tags, copy_referrers, docker, execute,
    plan_copy_of, plan_digest_tags, plan_referrers, resolve::failed,
};

impl Environment {
    /// Copies to each target. One that fails keeps no other from being copied.
    pub(super) async fn copy(
        &self,
        source: &str,
        targets: &[String],
        insecure: bool,
        run: CopyRun<'_>,
    ) -> Vec<Error> {
        let parsed = targets.iter().map(|target| argument(target)).collect::<Result<Vec<_>, _>>();
        let (source, targets) = match argument(source).and_then(|source| Ok((source, parsed?))) {
            Ok(parsed) => parsed,
            Err(error) => return vec![error],
        };
        let client = self.retrying_client(insecure);
        let mut failures = Vec::new();
        for target in &targets {
            match run.extensions.all_tags {
                true => self.copy_tags(&client, &source, target, run, &mut failures).await,
                false => failures.extend(self.copy_one(&client, &source, target, run).await.err()),
            }
        }
        // A source that cannot be read fails for each target.
        let mut told = HashSet::new();
        failures.retain(|failure| told.insert(docker::message(failure)));
        failures
    }

    /// Copies each tag of a repository.
    async fn copy_tags(
        &self,
        client: &Client,
        source: &Reference,
        target: &Reference,
        run: CopyRun<'_>,
        failures: &mut Vec<Error>,
    ) {
        let mut pages = client.tags(source);
        while let Some(page) = pages.next().await {
            let names = match page {
                Ok(names) => names,
                Err(error) => return failures.push(failed(error)),
            };
            for name in names {
                let copied = match name.parse::<Tag>() {
                    Ok(tag) => {
                        let from = source.by_tag(tag.clone());
                        self.copy_one(client, &from, &target.by_tag(tag), run).await
                    }
                    Err(source) => {
                        Err(Error::Reference { role: ReferenceRole::Argument, typed: name, source })
                    }
                };
                failures.extend(copied.err());
            }
        }
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
            let (mut referrers, mut digest_tags) = (None, None);
            if extensions.referrers {
                referrers = Some(plan_referrers(client, source, target, &copying.manifest).await?);
            }
            if extensions.digest_tags {
                digest_tags = Some(plan_digest_tags(client, source, target, &copying.digests).await?);
            }
            self.show_copy(target, copying.plan.as_ref(), [referrers, digest_tags], options);
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

    /// Prints what a copy would do: its own plan, and those of the referrers and the tags that come along.
    fn show_copy(
        &self,
        target: &Reference,
        plan: Option<&PushPlan>,
        [referrers, digest_tags]: [Option<Vec<PushPlan>>; 2],
        options: OutputOptions,
    ) {
        if options.json {
            let nothing = || json!({ "target": target.to_string(), "steps": [] });
            let mut value = plan.map_or_else(nothing, json::plan);
            for (name, plans) in [("referrers", referrers), ("digestTags", digest_tags)] {
                if let Some(plans) = plans {
                    value[name] = plans.iter().map(json::plan).collect();
                }
            }
            return self.print_json(&value);
        }
        let others = referrers.into_iter().chain(digest_tags).flatten().collect::<Vec<_>>();
        if plan.is_none() && others.is_empty() {
            self.print(format!("{target} is that already: nothing to do").as_bytes());
        }
        for plan in plan.into_iter().chain(&others) {
            self.show(plan, options);
        }
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
