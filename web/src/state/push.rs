//! Pushes and copies under way: they go on while other pages are looked at, and remember how far they came.

mod copies;
mod gate;
pub mod history;
mod resume;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use tallyman_commands::{PushEvent, execute_rest, survey};
use tallyman_core::{Digest, PushPlan, Reference};
use tallyman_registry::Error;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::locks::Lock,
    state::{
        failure::{Cause, Failure},
        lists::LocalLists,
        registries::Registries,
        tasks::{Task, Tasks, Update, use_tasks},
    },
};
pub use copies::{Copies, use_copies_of_app};
use gate::Gate;
pub use resume::{StoredProgress, interrupted, progress_key, still_there};

/// After so many bytes of a blob what is shown of it is drawn again: pieces come faster than anyone reads.
const SHOWN_EVERY: u64 = 512 * 1024;

/// State of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    /// Under way; of a blob that is copied, so many bytes have come.
    Running(u64),
    Done,
    /// Already done.
    Present,
    Failed,
}

/// State of a push.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    Running,
    Paused,
    Cancelled,
    Failed(Failure),
    Finished(Digest),
}

/// One push or copy.
#[derive(Clone)]
pub struct Run {
    /// The plan that is executed.
    pub plan: Rc<PushPlan>,
    /// States of the steps.
    pub steps: Rc<Vec<StepState>>,
    /// State of the whole.
    pub phase: Phase,
    /// The local list is to be removed, or has been; this is called where it is kept, as it was changed meanwhile.
    onkept: Option<Callback<()>>,
    gate: Gate,
    abort: AbortHandle,
}

impl PartialEq for Run {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.plan, &other.plan)
            && Rc::ptr_eq(&self.steps, &other.steps)
            && self.phase == other.phase
            && self.onkept == other.onkept
    }
}

impl Task for Run {
    fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Paused)
    }
}

impl Run {
    /// A run of `plan` that begins, and what ends it early.
    fn new(
        plan: Rc<PushPlan>,
        steps: Vec<StepState>,
        onkept: Option<Callback<()>>,
    ) -> (Self, AbortRegistration) {
        let (abort, registration) = AbortHandle::new_pair();
        let (steps, gate) = (Rc::new(steps), Gate::default());
        (Self { plan, steps, phase: Phase::Running, onkept, gate, abort }, registration)
    }

    /// Returns the number of steps that are done or not needed.
    pub fn done(&self) -> usize {
        self.over().count()
    }

    /// Returns the number of steps that failed.
    pub fn failed(&self) -> usize {
        self.steps.iter().filter(|state| **state == StepState::Failed).count()
    }

    /// Returns `true` if the name that it puts stands for the same as before, though it failed. The last step alone moves that, and may
    /// have done so if its answer tells nothing.
    pub fn leaves_target(&self, failure: &Failure) -> bool {
        // A registry that names another digest than that of the bytes has taken them.
        let is_open = matches!(&*failure.cause, Cause::Request { error, .. }
            if error.leaves_outcome_open() || matches!(error, Error::DigestMismatch { .. }));
        !is_open || self.steps.last() != Some(&StepState::Failed)
    }

    /// The steps that are done or not needed.
    fn over(&self) -> impl Iterator<Item = usize> {
        let is_over = |state: &StepState| matches!(state, StepState::Done | StepState::Present);
        self.steps.iter().enumerate().filter(move |(_, state)| is_over(state)).map(|(index, _)| index)
    }

    fn set(&mut self, index: usize, state: StepState) {
        if let Some(step) = Rc::make_mut(&mut self.steps).get_mut(index) {
            *step = state;
        }
    }

    /// A run of what is left of it, and what ends that early.
    fn again(&self) -> (Self, AbortRegistration) {
        let over = |state: &StepState| match state {
            StepState::Done | StepState::Present => *state,
            _ => StepState::Waiting,
        };
        let steps = self.steps.iter().map(over).collect();
        Self::new(Rc::clone(&self.plan), steps, self.onkept.clone())
    }

    fn end(&mut self, phase: Phase) {
        if matches!(phase, Phase::Cancelled | Phase::Failed(_)) {
            // Steps that were running when it ended are repeated.
            for step in Rc::make_mut(&mut self.steps) {
                if matches!(step, StepState::Running(_)) {
                    *step = StepState::Waiting;
                }
            }
        }
        self.phase = phase;
    }

    /// Ends it early. What was done stays.
    fn cancel(&self) {
        self.abort.abort();
        self.gate.open();
    }

    /// Makes the steps of the plan that are not over. With `rechecks`, the registry is asked first which ones still are. Calls
    /// `on_done` with each that is made, and `update` with each change. Returns the digest that was put, or the phase in which
    /// it ended before.
    async fn execute(
        &self,
        registries: &Registries,
        registration: AbortRegistration,
        rechecks: bool,
        update: &Update<Self>,
        on_done: impl Fn(usize),
    ) -> Result<Digest, Phase> {
        let client = registries.client();
        let transfers = Transfers::default();
        let tell = |event| {
            let Some((index, state)) = transfers.state_after(&event) else { return };
            if state == StepState::Done {
                on_done(index);
            }
            update.with(move |run| run.set(index, state));
        };
        let gate = || self.gate.pass();
        let work = async {
            let mut over: BTreeSet<usize> = self.over().collect();
            if rechecks && !over.is_empty() {
                let left = still_there(&over, survey(client, &self.plan).await.ok().as_ref());
                for index in over.difference(&left).copied() {
                    update.with(move |run| run.set(index, StepState::Waiting));
                }
                over = left;
            }
            execute_rest(client, &self.plan, &over, &gate, &tell).await
        };
        match Abortable::new(work, registration).await {
            Err(_) => Err(Phase::Cancelled),
            Ok(Err(error)) => Err(Phase::Failed(Failure::of_command(&error, self.plan.target.registry()))),
            Ok(Ok(digest)) => Ok(digest),
        }
    }
}

/// The pushes of this tab.
#[derive(Clone, PartialEq)]
pub struct Pushes(Tasks<Run>);

/// The pushes, once for the whole app.
#[hook]
pub fn use_pushes_of_app() -> Pushes {
    Pushes(use_tasks())
}

impl Pushes {
    /// The push of a list, under way or ended.
    pub fn of(&self, list: &Reference) -> Option<&Run> {
        self.0.of(&list.file_name())
    }

    /// Begins to do what `plan` says, but for the steps that are over by `steps`; nothing while another push or copy to its reference runs.
    /// With `onkept`, the local list is removed afterwards, if it is still the one that was pushed; `onkept` is called if not.
    pub fn begin(
        &self,
        local_lists: &Rc<LocalLists>,
        registries: &Rc<Registries>,
        plan: Rc<PushPlan>,
        steps: Vec<StepState>,
        onkept: Option<Callback<()>>,
    ) {
        self.execute(local_lists, registries, Run::new(plan, steps, onkept), false);
    }

    fn execute(
        &self,
        local_lists: &Rc<LocalLists>,
        registries: &Rc<Registries>,
        (run, registration): (Run, AbortRegistration),
        rechecks: bool,
    ) {
        let update = self.0.begin(&run.plan.target.file_name(), run.clone());
        let (local_lists, registries) = (Rc::clone(local_lists), Rc::clone(registries));
        let tasks = self.0.clone();
        spawn_local(async move {
            let (plan, onkept) = (&run.plan, &run.onkept);
            let Some(lock) = Lock::take(&progress_key(&plan.target)).await else {
                // The page of the plan says that another push or copy runs.
                update.with(|run| run.end(Phase::Cancelled));
                return tasks.forget(&plan.target.file_name());
            };
            let progress = StoredProgress::new(&local_lists, plan, &run.over().collect());
            progress.keep();
            let on_done = |index| progress.done(index);
            let phase = match run.execute(&registries, registration, rechecks, &update, on_done).await {
                Err(phase) => phase,
                Ok(digest) => {
                    history::remember(&local_lists, &plan.target, &digest).await;
                    progress.forget().await;
                    // It is pushed, whether or not the list can be removed now; the page of lists still has it then.
                    if let Some((onkept, pushed)) = onkept.as_ref().zip(plan.local_list())
                        && matches!(local_lists.remove_pushed(&plan.target, pushed).await, Ok(None))
                    {
                        onkept.emit(());
                    }
                    Phase::Finished(digest)
                }
            };
            lock.release().await;
            update.with(move |run| run.end(phase));
        });
    }

    /// Begins no further steps until it goes on.
    pub fn pause(&self, list: &Reference) {
        if let Some(run) = self.of(list).filter(|run| run.phase == Phase::Running) {
            run.gate.close();
            self.0.update(&list.file_name()).with(|run| run.phase = Phase::Paused);
        }
    }

    /// Goes on after a pause.
    pub fn go_on(&self, list: &Reference) {
        if let Some(run) = self.of(list).filter(|run| run.phase == Phase::Paused) {
            self.0.update(&list.file_name()).with(|run| run.phase = Phase::Running);
            run.gate.open();
        }
    }

    /// Ends it. What was done stays.
    pub fn cancel(&self, list: &Reference) {
        if let Some(run) = self.of(list).filter(|run| run.is_under_way()) {
            run.cancel();
        }
    }

    /// Begins what is left of a push that failed or was cancelled. The registry may have lost what was done before.
    pub fn retry(&self, local_lists: &Rc<LocalLists>, registries: &Rc<Registries>, list: &Reference) {
        let Some(run) = self.of(list).filter(|run| !run.is_under_way()) else { return };
        self.execute(local_lists, registries, run.again(), true);
    }

    /// Its page is about the plan again.
    pub fn forget(&self, list: &Reference) {
        self.0.forget(&list.file_name());
    }
}

/// Bytes of blobs that have come, by their steps.
#[derive(Default)]
struct Transfers(RefCell<BTreeMap<usize, Transfer>>);

#[derive(Default)]
struct Transfer {
    all: u64,
    shown: u64,
}

impl Transfers {
    /// Returns the step whose state an event changes, and the state.
    fn state_after(&self, event: &PushEvent) -> Option<(usize, StepState)> {
        Some(match *event {
            PushEvent::Began(step) => (step, StepState::Running(0)),
            PushEvent::Transferred { step, bytes } => (step, StepState::Running(self.add(step, bytes)?)),
            PushEvent::Done(step) => (step, StepState::Done),
            PushEvent::Failed(step) => (step, StepState::Failed),
            _ => return None,
        })
    }

    /// A piece has come: all bytes of the blob so far, where they are to be shown again.
    fn add(&self, step: usize, bytes: u64) -> Option<u64> {
        let mut transfers = self.0.borrow_mut();
        let transfer = transfers.entry(step).or_default();
        transfer.all += bytes;
        (transfer.all - transfer.shown >= SHOWN_EVERY).then(|| {
            transfer.shown = transfer.all;
            transfer.all
        })
    }
}

/// Text of a push's progress to be written, one after the other.
type Writing = RefCell<Option<String>>;
