//! The bookkeeping of a push: which steps are done, which may begin, and which copies can be reported.

use std::collections::BTreeSet;

use tallyman_core::{Action, Digest, PushPlan};

use super::PushEvent;
use crate::MAX_PARALLEL_REQUESTS;

/// Pushes of up to this many steps never cost more requests than Docker's when they fail: Docker makes three requests for
/// each blob, one after another. With more steps, round trips are what costs, as with copies, which Docker does not make.
const FEW_STEPS: usize = 16;

/// A record of which steps of a push have succeeded, and which may begin.
pub(super) struct PushProgress<'a> {
    plan: &'a PushPlan,
    /// One step begins alone, and more at a time the more have succeeded.
    begins_slowly: bool,
    /// The number of steps, for each step, that must go before it and are not done.
    missing: Vec<usize>,
    /// The steps, for each step, that it must go before.
    behind: Vec<Vec<usize>>,
    /// Steps that may begin.
    ready: BTreeSet<usize>,
    /// The outcome of each step: `Some` if it has succeeded, with the digest that the registry named.
    done: Vec<Option<Option<Digest>>>,
    /// The number of steps that have succeeded.
    succeeded: usize,
    /// The steps before this one have all succeeded.
    complete: usize,
    /// The number of copies that were reported.
    copies_reported: usize,
    on_event: &'a dyn Fn(PushEvent),
}

impl<'a> PushProgress<'a> {
    pub(super) fn new(plan: &'a PushPlan, on_event: &'a dyn Fn(PushEvent)) -> Self {
        let missing: Vec<usize> = plan.steps.iter().map(|step| step.after.len()).collect();
        let mut behind = vec![Vec::new(); plan.steps.len()];
        for (index, step) in plan.steps.iter().enumerate() {
            for before in &step.after {
                behind[*before].push(index);
            }
        }
        let ready = (0..plan.steps.len()).filter(|index| missing[*index] == 0).collect();
        let done = vec![None; plan.steps.len()];
        let is_copy = plan.steps.iter().any(|step| matches!(step.action, Action::CopyBlob { .. }));
        Self {
            plan,
            begins_slowly: !is_copy && plan.steps.len() <= FEW_STEPS,
            missing,
            behind,
            ready,
            done,
            succeeded: 0,
            complete: 0,
            copies_reported: 0,
            on_event,
        }
    }

    /// Steps that may be under way now. A mount that is refused costs two requests, one that succeeds has left two of
    /// Docker's three for those to come.
    pub(super) fn parallel(&self) -> usize {
        if self.begins_slowly { MAX_PARALLEL_REQUESTS.min(self.succeeded + 1) } else { MAX_PARALLEL_REQUESTS }
    }

    /// The first step before `end` that is ready and `may_begin`; it is taken.
    pub(super) fn begin(&mut self, end: usize, may_begin: impl Fn(usize) -> bool) -> Option<usize> {
        let next = self.ready.range(..end).copied().find(|index| may_begin(*index))?;
        self.ready.remove(&next);
        Some(next)
    }

    pub(super) fn finish(&mut self, index: usize, digest: Option<Digest>) {
        self.keep(index, digest);
        (self.on_event)(PushEvent::Done(index));
        self.report_copies();
    }

    /// A step that was done before is not made again.
    pub(super) fn pass_over(&mut self, index: usize) {
        self.ready.remove(&index);
        let digest = match &self.plan.steps[index].action {
            Action::PutManifest { digest, .. } | Action::PutList { digest, .. } => Some(digest.clone()),
            _ => None,
        };
        self.keep(index, digest);
        self.report_copies();
    }

    fn keep(&mut self, index: usize, digest: Option<Digest>) {
        self.done[index] = Some(digest);
        self.succeeded += 1;
        for behind in &self.behind[index] {
            self.missing[*behind] -= 1;
            if self.missing[*behind] == 0 && self.done[*behind].is_none() {
                self.ready.insert(*behind);
            }
        }
        while self.done.get(self.complete).is_some_and(Option::is_some) {
            self.complete += 1;
        }
    }

    /// Tells of the copies whose turn has come.
    fn report_copies(&mut self) {
        while let Some((_, step)) =
            self.plan.copies.get(self.copies_reported).filter(|(_, step)| *step < self.complete)
        {
            if let Action::PutManifest { digest, .. } = &self.plan.steps[*step].action {
                let reference = self.plan.target.by_digest(digest.clone());
                (self.on_event)(PushEvent::Copied { reference, digest: self.digest_of(*step) });
            }
            self.copies_reported += 1;
        }
    }

    /// The digest of the list, where it is put.
    pub(super) fn outcome(&self) -> Option<Digest> {
        self.done.last().cloned().flatten().flatten()
    }

    pub(super) fn digest_of(&self, index: usize) -> Digest {
        self.done[index].clone().flatten().expect("steps that put something give its digest")
    }
}
