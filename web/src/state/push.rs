//! Pushes under way: they go on while other pages are looked at, and remember how far they came.

mod gate;
pub mod history;
mod resume;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use futures_util::future::{AbortHandle, Abortable};
use tallyman_commands::{PushEvent, execute_rest};
use tallyman_core::{Digest, PushPlan, Reference};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::leaving::Leaving,
    state::{failure::Failure, lists::LocalLists, registries::Registries},
};
use gate::Gate;
pub use resume::{Progress, interrupted};

/// After so many bytes of a blob what is shown of it is drawn again: pieces come faster than anyone reads.
const SHOWN_EVERY: u64 = 512 * 1024;

/// State of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Waiting,
    /// Under way; of a blob that is copied, so many bytes have come.
    Running(u64),
    Done,
    /// Its outcome was there before.
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

/// One push.
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

impl Run {
    /// Returns the number of steps that are done or not needed.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, StepState::Done | StepState::Present)).count()
    }

    /// Returns `true` if it has not ended.
    pub fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Paused)
    }
}

/// All pushes of this tab, by the file name of the list.
#[derive(Clone, Default, PartialEq)]
pub struct Runs(BTreeMap<String, Run>);

pub enum Change {
    Begin(String, Run),
    Step(String, usize, StepState),
    Phase(String, Phase),
    Forget(String),
}

impl Reducible for Runs {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut runs = self.0.clone();
        match change {
            Change::Begin(name, run) => drop(runs.insert(name, run)),
            Change::Step(name, index, state) => {
                if let Some(step) =
                    runs.get_mut(&name).and_then(|run| Rc::make_mut(&mut run.steps).get_mut(index))
                {
                    *step = state;
                }
            }
            Change::Phase(name, phase) => {
                if let Some(run) = runs.get_mut(&name) {
                    if matches!(phase, Phase::Cancelled | Phase::Failed(_)) {
                        // What was under way when it ended is to be done again.
                        for step in Rc::make_mut(&mut run.steps) {
                            if matches!(step, StepState::Running(_)) {
                                *step = StepState::Waiting;
                            }
                        }
                    }
                    run.phase = phase;
                }
            }
            Change::Forget(name) => drop(runs.remove(&name)),
        }
        Rc::new(Self(runs))
    }
}

/// The pushes of this tab.
#[derive(Clone, PartialEq)]
pub struct Pushes(UseReducerHandle<Runs>);

/// The pushes, once for the whole app. The browser asks before it leaves the page while one is under way.
#[hook]
pub fn use_pushes_of_app() -> Pushes {
    let runs = use_reducer(Runs::default);
    let is_busy = runs.0.values().any(Run::is_under_way);
    use_effect_with(is_busy, |is_busy| {
        let leaving = is_busy.then(Leaving::hold).flatten();
        move || drop(leaving)
    });
    Pushes(runs)
}

impl Pushes {
    /// The push of a list, under way or ended.
    pub fn of(&self, list: &Reference) -> Option<&Run> {
        self.0.0.get(&list.file_name())
    }

    /// Begins to do what `plan` says, but for the steps in `done` and `present`. With `onkept`, the local list is removed afterwards, if
    /// it is still the one that was pushed; `onkept` is called if not.
    pub fn begin(
        &self,
        local_lists: &Rc<LocalLists>,
        registries: &Rc<Registries>,
        plan: Rc<PushPlan>,
        done: &BTreeSet<usize>,
        present: &BTreeSet<usize>,
        onkept: Option<Callback<()>>,
    ) {
        let name = plan.target.file_name();
        let (abort, registration) = AbortHandle::new_pair();
        let gate = Gate::default();
        let state = |index| match index {
            index if done.contains(&index) => StepState::Done,
            index if present.contains(&index) => StepState::Present,
            _ => StepState::Waiting,
        };
        let steps: Rc<Vec<_>> = Rc::new((0..plan.steps.len()).map(state).collect());
        let run = Run {
            plan: Rc::clone(&plan),
            steps,
            phase: Phase::Running,
            onkept: onkept.clone(),
            gate: gate.clone(),
            abort,
        };
        let dispatcher = self.0.dispatcher();
        dispatcher.dispatch(Change::Begin(name.clone(), run));
        let skipped: BTreeSet<usize> = done.union(present).copied().collect();
        let progress = Rc::new(Progress::new(local_lists, &plan, &skipped));
        let (local_lists, registries) = (Rc::clone(local_lists), Rc::clone(registries));
        spawn_local(async move {
            progress.keep();
            let tell = {
                let (dispatcher, name, progress) = (dispatcher.clone(), name.clone(), Rc::clone(&progress));
                let transfers = Transfers::default();
                move |event| {
                    let Some((index, state)) = transfers.state_after(&event) else { return };
                    if state == StepState::Done {
                        progress.done(index);
                    }
                    dispatcher.dispatch(Change::Step(name.clone(), index, state));
                }
            };
            let open = gate.clone();
            let gate = move || open.pass();
            let work = execute_rest(registries.client(), &plan, &skipped, &gate, &tell);
            let phase = match Abortable::new(work, registration).await {
                Err(_) => Phase::Cancelled,
                Ok(Err(error)) => Phase::Failed(Failure::of_command(&error, plan.target.registry())),
                Ok(Ok(digest)) => {
                    history::remember(&local_lists, &plan.target, &digest).await;
                    progress.forget().await;
                    // It is pushed, whether or not the list can be removed now; the page of lists still has it then.
                    if let Some((onkept, pushed)) = onkept.zip(plan.local_list())
                        && matches!(local_lists.remove_pushed(&plan.target, pushed).await, Ok(false))
                    {
                        onkept.emit(());
                    }
                    Phase::Finished(digest)
                }
            };
            dispatcher.dispatch(Change::Phase(name, phase));
        });
    }

    /// Begins no further steps until it goes on.
    pub fn pause(&self, list: &Reference) {
        if let Some(run) = self.of(list).filter(|run| run.phase == Phase::Running) {
            run.gate.close();
            self.0.dispatch(Change::Phase(list.file_name(), Phase::Paused));
        }
    }

    /// Goes on after a pause.
    pub fn go_on(&self, list: &Reference) {
        if let Some(run) = self.of(list).filter(|run| run.phase == Phase::Paused) {
            self.0.dispatch(Change::Phase(list.file_name(), Phase::Running));
            run.gate.open();
        }
    }

    /// Ends it. What was done stays.
    pub fn cancel(&self, list: &Reference) {
        if let Some(run) = self.of(list).filter(|run| run.is_under_way()) {
            run.abort.abort();
            run.gate.open();
        }
    }

    /// Begins what is left of a push that failed or was cancelled.
    pub fn retry(&self, local_lists: &Rc<LocalLists>, registries: &Rc<Registries>, list: &Reference) {
        let Some(run) = self.of(list).filter(|run| !run.is_under_way()) else { return };
        let of = |wanted: StepState| {
            let steps = run.steps.iter().enumerate();
            steps.filter(|(_, step)| **step == wanted).map(|(index, _)| index).collect::<BTreeSet<_>>()
        };
        let (done, present) = (of(StepState::Done), of(StepState::Present));
        self.begin(local_lists, registries, Rc::clone(&run.plan), &done, &present, run.onkept.clone());
    }

    /// Its page is about the plan again.
    pub fn forget(&self, list: &Reference) {
        if self.of(list).is_some_and(|run| !run.is_under_way()) {
            self.0.dispatch(Change::Forget(list.file_name()));
        }
    }
}

/// Bytes of blobs that have come, by their steps.
#[derive(Default)]
pub struct Transfers(RefCell<BTreeMap<usize, Transfer>>);

#[derive(Default)]
struct Transfer {
    all: u64,
    shown: u64,
}

impl Transfers {
    /// Returns the step whose state an event changes, and the state.
    pub fn state_after(&self, event: &PushEvent) -> Option<(usize, StepState)> {
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
