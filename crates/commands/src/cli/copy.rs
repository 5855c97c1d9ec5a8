//! `copy`: to one target or several, with what belongs to an image.

use std::{cell::Cell, collections::HashSet};

use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, LocalBoxStream},
};
use tallyman_core::{Platform, PushPlan, Reference, Tag, is_digest_tag, is_fallback_tag};
use tallyman_registry::Client;

use super::{CopyExtensions, Environment, OutputOptions, json, progress::ProgressReporter, run::argument};
use crate::{
    Copier, CopyPlan, CopyTotals, Error, PushEvent, ReferenceRole, docker, plan_copy_of, resolve::failed,
    tags::names_manifest,
};

impl Environment {
    /// Copies to each target, several at a time. One that fails keeps no other from being copied.
    pub(super) async fn copy(
        &self,
        source_name: &str,
        names: &[String],
        insecure: bool,
        options: CopyOptions<'_>,
    ) -> Vec<Error> {
        let parsed = names.iter().map(|name| argument(name)).collect::<Result<Vec<_>, _>>();
        let (source, targets) = match argument(source_name).and_then(|source| Ok((source, parsed?))) {
            Ok(parsed) => parsed,
            Err(error) => return vec![error],
        };
        let all_tags = options.extensions.all_tags;
        let is_narrow = names_manifest(&source, source_name)
            || targets.iter().zip(names).any(|(target, name)| names_manifest(target, name));
        if all_tags && is_narrow {
            return vec![Error::FlagsContradict { one: "--all-tags", other: "a tag or a digest" }];
        }
        let client = &self.retrying_client(insecure);
        let progress = self.progress(options.output);
        let copier = Copier::new(client).never_overwriting(options.extensions.never_overwrite);
        let run = &CopyRun { client, copier, progress: &progress, options };
        let pairs = stream::iter(targets).flat_map(|target| match all_tags {
            true => tags(client, &source, target),
            false => stream::iter([Ok((source.clone(), target))]).boxed_local(),
        });
        let copies = pairs.map(|pair| async move {
            let (source, target) = pair?;
            let copied = run.copy(&source, &target).await?;
            Ok((source, target, copied))
        });
        let mut copies = copies.buffered(Copier::AT_ONCE);
        let mut failures = Vec::new();
        while let Some(copied) = copies.next().await {
            progress.clear();
            match copied {
                Ok((source, target, copied)) => self.print_copy(&source, &target, &copied, options.output),
                Err(error) => failures.push(error),
            }
        }
        // A source that cannot be read fails for each target.
        let mut told = HashSet::new();
        failures.retain(|failure| told.insert(docker::message(failure)));
        failures
    }

    /// Prints what was copied, or what a copy would do: its own plan, and those of the referrers and the tags that come along.
    fn print_copy(&self, source: &Reference, target: &Reference, copied: &Copied, options: OutputOptions) {
        match copied {
            Copied::Made { copying, totals } if options.json => {
                self.print_json(&json::copied(source, target, copying, *totals));
            }
            Copied::Made { copying, .. } => self.print(copying.manifest.digest().as_str().as_bytes()),
            Copied::Planned { plan, along } if options.json => {
                self.print_json(&json::plans(target, plan.as_ref(), along));
            }
            Copied::Planned { plan, along } => {
                let plans: Vec<_> = plan.iter().chain(along.iter().flat_map(|(_, plans)| plans)).collect();
                if plans.is_empty() {
                    self.print(format!("{target} is already up to date").as_bytes());
                }
                for plan in plans {
                    self.print(plan.to_string().as_bytes());
                }
            }
        }
    }
}

/// Returns the tags of a repository, each with its counterpart in the repository of `target`.
fn tags<'a>(
    client: &Client,
    source: &Reference,
    target: Reference,
) -> LocalBoxStream<'a, Result<Pair, Error>> {
    let source = source.clone();
    let names =
        client.tags(&source).map_ok(|names| stream::iter(names).map(Ok)).map_err(failed).try_flatten();
    let pair = move |name: String| match name.parse::<Tag>() {
        Ok(tag) => Ok((source.by_tag(tag.clone()), target.by_tag(tag))),
        Err(source) => Err(Error::Reference { role: ReferenceRole::Argument, typed: name, source }),
    };
    names.map(move |name| name.and_then(&pair)).boxed_local()
}

/// A source and a target.
type Pair = (Reference, Reference);

/// Outcome of one copy.
enum Copied {
    /// A copy that was made.
    Made { copying: Box<CopyPlan>, totals: CopyTotals },
    /// A copy that was planned: its own plan, and those of what comes along, each group with its name.
    Planned { plan: Option<PushPlan>, along: Vec<(&'static str, Vec<PushPlan>)> },
}

/// The options of copies.
#[derive(Clone, Copy)]
pub(super) struct CopyOptions<'a> {
    pub platforms: &'a [Platform],
    pub extensions: &'a CopyExtensions,
    pub dry_run: bool,
    pub output: OutputOptions,
}

/// The copies of one command.
struct CopyRun<'a> {
    client: &'a Client,
    copier: Copier<'a>,
    progress: &'a ProgressReporter<'a>,
    options: CopyOptions<'a>,
}

impl CopyRun<'_> {
    async fn copy(&self, source: &Reference, target: &Reference) -> Result<Copied, Error> {
        let CopyOptions { platforms, extensions, dry_run, .. } = self.options;
        // Among all tags those of digests come along whole: what they stand for runs on no platform.
        let is_whole = extensions.all_tags && source.tag().is_some_and(|tag| is_digest_tag(tag.as_str()));
        let platforms = if is_whole { &[] } else { platforms };
        self.progress.report(&format!("reading {source}"));
        let copying = plan_copy_of(self.client, source, target, platforms).await?;
        // A merge into an existing index moves its tag, and loses nothing.
        if let Some(plan) = copying.plan.as_ref().filter(|_| !self.is_merged(source)) {
            self.copier.check(plan).await?;
        }
        if dry_run {
            return self.plan(source, target, copying).await;
        }
        let totals = Cell::new(CopyTotals::of(&copying));
        let hear =
            |plan: &PushPlan, event: Option<PushEvent>, add: fn(CopyTotals, &PushPlan) -> CopyTotals| {
                totals.set(match event {
                    Some(event) => totals.get().with_event(&event),
                    None => add(totals.get(), plan),
                });
            };
        match &copying.plan {
            None if self.is_merged(source) => {}
            Some(_) if self.is_merged(source) => {
                let listener = |plan: &_, event| hear(plan, event, CopyTotals::with_plan);
                self.copier.listening(&listener).fallback_index(source, target).await?;
            }
            plan => {
                let of_plan = plan.as_ref().map(|plan| self.progress.of(plan));
                totals.update(|totals| plan.iter().fold(totals, CopyTotals::with_plan));
                let on_event = |event| {
                    totals.set(totals.get().with_event(&event));
                    of_plan.iter().for_each(|of_plan| of_plan.step(&event));
                };
                self.copier.carry_out(target, &copying, &on_event).await?;
            }
        }
        let listener = |plan: &_, event| hear(plan, event, CopyTotals::with_plan_along);
        let along = self.copier.listening(&listener);
        if extensions.referrers {
            along.referrers(source, target, &copying.digests).await?;
        }
        if self.wants_digest_tags() {
            along.digest_tags(source, target, &copying.digests).await?;
        }
        Ok(Copied::Made { copying: Box::new(copying), totals: totals.get() })
    }

    async fn plan(&self, source: &Reference, target: &Reference, copying: CopyPlan) -> Result<Copied, Error> {
        let keeps_tags = self.options.extensions.never_overwrite;
        let copier = Copier::planning(self.client).never_overwriting(keeps_tags);
        let mut along = Vec::new();
        if !self.is_merged(source) {
            along.push(("listed", copier.list_all(target, &copying).await?));
        }
        let mut plan = copying.plan;
        if plan.is_some() && self.is_merged(source) {
            let mut plans = copier.fallback_index(source, target).await?;
            plan = plans.pop();
            along.push(("entries", plans));
        }
        along.retain(|(_, plans): &(_, Vec<PushPlan>)| !plans.is_empty());
        if self.options.extensions.referrers {
            along.push(("referrers", copier.referrers(source, target, &copying.digests).await?));
        }
        if self.wants_digest_tags() {
            let (_, mut plans) = copier.digest_tags(source, target, &copying.digests).await?;
            // A digest tag's manifest may be a referrer as well: it is listed once.
            plans.retain(|plan| !along.iter().any(|(_, others)| others.contains(plan)));
            along.push(("digestTags", plans));
        }
        Ok(Copied::Planned { plan, along })
    }

    /// Returns `true` if tags that stand for digests are to be looked for: among all tags they are anyway.
    fn wants_digest_tags(&self) -> bool {
        self.options.extensions.digest_tags && !self.options.extensions.all_tags
    }

    /// Returns `true` if `source` is one of all tags and lists referrers: what the target lists already stays.
    fn is_merged(&self, source: &Reference) -> bool {
        self.options.extensions.all_tags && source.tag().is_some_and(|tag| is_fallback_tag(tag.as_str()))
    }
}
