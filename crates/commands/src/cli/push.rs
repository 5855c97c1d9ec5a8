//! `push`: a local list, or one that was made to be pushed.

use tallyman_core::{ManifestList, PushPlan, Reference};

use super::{Environment, OutputOptions, PushExtensions, json, run::argument};
use crate::{
    Copier, Error, PlannedPush, PushEvent, check_tags, convert, execute_as_docker, list_as_referrer,
    purge as remove_local_list, push::load, put_tags,
};

/// The options of one push.
pub(super) struct PushRun<'a> {
    pub after: AfterPush,
    pub insecure: bool,
    pub dry_run: bool,
    pub copy: bool,
    pub extensions: &'a PushExtensions,
    pub options: OutputOptions,
}

/// The change of the local list after a push.
#[derive(Clone, Copy)]
pub(super) enum AfterPush {
    /// The push is noted beside it.
    Note,
    /// The list is removed, as `--purge` says.
    Purge,
    /// No change.
    Nothing,
}

impl Environment {
    /// Pushes a local list as [`Environment::push_list`] does.
    pub(super) async fn push(&self, list: &str, run: PushRun<'_>) -> Result<Vec<Error>, Error> {
        // Read once: another program may change it meanwhile.
        let local = load(&*self.store, &argument(list)?).await?;
        self.push_list(&local, run).await
    }

    /// Pushes a list. Returns the errors of what is done once the list is in the registry: each of these things is done whether others
    /// fail or not, and what was pushed is told.
    pub(super) async fn push_list(
        &self,
        local: &ManifestList,
        run: PushRun<'_>,
    ) -> Result<Vec<Error>, Error> {
        let PushRun { extensions, options, .. } = run;
        let PlannedPush { mut plan, nested, losses } = self.plan_of(local, &run).await?;
        self.check_push_files(extensions)?;
        let client = self.client(run.insecure);
        if extensions.never_overwrite {
            check_tags(&client, &plan, &extensions.tags).await?;
        }
        if run.dry_run {
            let copier = Copier::planning(&client);
            let (brought, listed) = (copier.nested(&nested).await?, list_as_referrer(&copier, &plan).await?);
            plan.put_under(&extensions.tags);
            self.show(&plan, brought, listed, options);
            return Ok(Vec::new());
        }
        let progress = self.progress(options);
        let copier = Copier::new(&client);
        let digest = {
            let of_plan = progress.of(&plan);
            let on_event = |event| {
                of_plan.step(&event);
                if let PushEvent::Copied { reference, digest } = event
                    && !options.json
                {
                    progress.clear();
                    self.print(format!("Pushed ref {reference} with digest: {digest}").as_bytes());
                }
            };
            copier.nested(&nested).await?;
            match run.copy || extensions.format.is_some() {
                true => copier.execute(&plan, &on_event).await?,
                false => execute_as_docker(&client, &plan, &on_event).await?,
            }
        };
        let (tags, mut failures) = put_tags(&client, &plan, &extensions.tags).await;
        failures.extend(list_as_referrer(&copier, &plan).await.err());
        let is_whole = failures.is_empty();
        failures.extend(self.write_push_files(&plan, &tags, extensions).err());
        progress.clear();
        if options.json {
            self.print_json(&json::put(&plan, &tags, &losses));
        } else {
            self.print(digest.as_str().as_bytes());
        }
        self.note_or_purge(local.reference(), &plan, run.after, is_whole).await?;
        Ok(failures)
    }

    /// Plans a push, in the form and with the subject that it is to have.
    async fn plan_of(&self, local: &ManifestList, run: &PushRun<'_>) -> Result<PlannedPush, Error> {
        if local.is_empty() {
            return Err(Error::EmptyList { list: local.reference().clone() });
        }
        let extensions = run.extensions;
        let plan = if run.copy { PushPlan::with_copies(local)? } else { PushPlan::new(local)? };
        let mut planned = PlannedPush::of_list(plan, local);
        if let Some(format) = extensions.format {
            planned = convert(local, format)?;
            self.warn_of_losses(&planned.losses, format);
        }
        self.give_subject(&mut planned.plan, extensions, run.insecure).await?;
        if extensions.digest_only {
            planned.plan.put_by_digest();
        }
        Ok(planned)
    }

    /// Notes a push beside the local list, or removes the list, as is asked for.
    async fn note_or_purge(
        &self,
        list: &Reference,
        plan: &PushPlan,
        after: AfterPush,
        is_whole: bool,
    ) -> Result<(), Error> {
        let is_kept = match after {
            AfterPush::Note => true,
            // The list is kept after a refusal, for the next push.
            AfterPush::Purge if !is_whole => true,
            AfterPush::Purge => !remove_local_list(&*self.store, plan).await?,
            AfterPush::Nothing => false,
        };
        if let Some(planned) = plan.local_list().filter(|_| is_kept) {
            // The list is in the registry, whether that can be noted here or not.
            if let Err(error) = self.store.note_push(list, planned, plan.list().1).await {
                self.warn(&format!("{list} was pushed, but tallyman ls will not show that: {error}"));
            }
        }
        if is_kept && is_whole && matches!(after, AfterPush::Purge) {
            self.warn(&format!(
                "{list} was changed while it was pushed: the local list is kept as it is now"
            ));
        }
        Ok(())
    }
}
