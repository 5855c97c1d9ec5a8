//! Deletions under way: they go on while other pages are looked at, and stop between two steps.

use std::{cell::Cell, collections::BTreeSet, rc::Rc};

use tallyman_commands::DeletePlan;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{StepState, run};
use crate::state::{
    registries::Registries,
    tasks::{OfPages, Task, Tasks, use_tasks},
};

/// State of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Running,
    /// The step under way is the last one.
    Stopping,
    /// No step is under way. Some may be left, as it was stopped or they failed.
    Ended,
}

/// One deletion.
#[derive(Clone)]
pub struct Deletion {
    /// The plan that is executed.
    pub plan: Rc<DeletePlan>,
    /// States of the steps.
    pub steps: Rc<Vec<StepState>>,
    /// State of the whole.
    pub phase: Phase,
    is_stopped: Rc<Cell<bool>>,
}

impl PartialEq for Deletion {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.plan, &other.plan)
            && Rc::ptr_eq(&self.steps, &other.steps)
            && self.phase == other.phase
    }
}

impl Task for Deletion {
    fn is_under_way(&self) -> bool {
        self.phase != Phase::Ended
    }
}

impl Deletion {
    /// Returns the number of steps that are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|state| **state == StepState::Done).count()
    }

    /// The tags that it is to take out, but for those that were not chosen.
    pub fn chosen(&self) -> BTreeSet<String> {
        let tags = self.plan.steps.iter().flat_map(|step| &step.tags);
        tags.filter(|tag| !self.plan.unchosen.contains(tag)).map(ToString::to_string).collect()
    }

    /// The steps that are not done.
    fn left(&self) -> Vec<usize> {
        (0..self.steps.len()).filter(|index| self.steps[*index] != StepState::Done).collect()
    }
}

/// The deletions of this tab, by the names of the pages on which they began.
#[derive(Clone, PartialEq)]
pub struct Deletions(Tasks<Deletion>);

/// The deletions, once for the whole app.
#[hook]
pub fn use_deletions_of_app() -> Deletions {
    Deletions(use_tasks())
}

impl OfPages for Deletions {
    type Task = Deletion;

    fn tasks(&self) -> &Tasks<Deletion> {
        &self.0
    }
}

impl Deletions {
    /// Begins to do what `plan` says.
    pub fn begin(&self, page: &str, registries: &Rc<Registries>, plan: &Rc<DeletePlan>) {
        self.execute(page, registries, plan, Rc::new(vec![StepState::Waiting; plan.steps.len()]));
    }

    /// Begins what is left of one that has ended.
    pub fn go_on(&self, page: &str, registries: &Rc<Registries>) {
        if let Some(deletion) = self.of(page).filter(|deletion| !deletion.is_under_way()) {
            self.execute(page, registries, &deletion.plan, Rc::clone(&deletion.steps));
        }
    }

    fn execute(
        &self,
        page: &str,
        registries: &Rc<Registries>,
        plan: &Rc<DeletePlan>,
        steps: Rc<Vec<StepState>>,
    ) {
        let (plan, is_stopped) = (Rc::clone(plan), Rc::default());
        let deletion = Deletion { plan, steps, phase: Phase::Running, is_stopped };
        let update = self.0.begin(page, deletion.clone());
        let registries = Rc::clone(registries);
        spawn_local(async move {
            let Deletion { plan, is_stopped, .. } = &deletion;
            let tell = |index: usize, state| {
                update.with(move |deletion| {
                    if let Some(step) = Rc::make_mut(&mut deletion.steps).get_mut(index) {
                        *step = state;
                    }
                });
            };
            run(registries.client(), plan, &deletion.left(), || is_stopped.get(), tell).await;
            update.with(|deletion| deletion.phase = Phase::Ended);
        });
    }

    /// Begins no further steps. The one under way is finished: its outcome would not be known otherwise.
    pub fn stop(&self, page: &str) {
        if let Some(deletion) = self.of(page).filter(|deletion| deletion.phase == Phase::Running) {
            deletion.is_stopped.set(true);
            self.0.update(page).with(|deletion| {
                if deletion.phase == Phase::Running {
                    deletion.phase = Phase::Stopping;
                }
            });
        }
    }
}
