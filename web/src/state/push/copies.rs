//! Copies under way. They leave no progress behind: the plan of another copy says what is still missing.

use std::rc::Rc;

use futures_util::future::AbortRegistration;
use tallyman_core::PushPlan;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{Phase, Run, StepState, progress_key};
use crate::{
    browser::locks::Lock,
    state::{
        registries::Registries,
        tasks::{OfPages, Task, Tasks, use_tasks},
    },
    text::text,
};

/// The copies of this tab, by the names of the pages on which they began.
#[derive(Clone, PartialEq)]
pub struct Copies(Tasks<Run>);

/// The copies, once for the whole app.
#[hook]
pub fn use_copies_of_app() -> Copies {
    Copies(use_tasks())
}

impl OfPages for Copies {
    type Task = Run;

    fn tasks(&self) -> &Tasks<Run> {
        &self.0
    }
}

impl Copies {
    /// Begins to do what `plan` says; it fails while somebody pushes or copies to the same reference, in this tab or another.
    pub fn begin(&self, page: &str, registries: &Rc<Registries>, plan: &Rc<PushPlan>) {
        let steps = vec![StepState::Waiting; plan.steps.len()];
        self.execute(page, registries, Run::new(Rc::clone(plan), steps, None), false);
    }

    /// Begins what is left of one that has ended. The registry may have lost what was done before.
    pub fn go_on(&self, page: &str, registries: &Rc<Registries>) {
        if let Some(run) = self.of(page).filter(|run| !run.is_under_way()) {
            self.execute(page, registries, run.again(), true);
        }
    }

    fn execute(
        &self,
        page: &str,
        registries: &Rc<Registries>,
        (run, registration): (Run, AbortRegistration),
        rechecks: bool,
    ) {
        let update = self.0.begin(page, run.clone());
        let registries = Rc::clone(registries);
        spawn_local(async move {
            let target = &run.plan.target;
            let Some(lock) = Lock::take(&progress_key(target)).await else {
                let why = (text().copy().elsewhere)(&target.to_string());
                return update.with(|run| run.end(Phase::Failed(why.into())));
            };
            let outcome = run.execute(&registries, registration, rechecks, &update, |_| ()).await;
            let phase = outcome.map_or_else(|phase| phase, Phase::Finished);
            lock.release().await;
            update.with(move |run| run.end(phase));
        });
    }

    /// Ends it. What was done stays.
    pub fn cancel(&self, page: &str) {
        if let Some(run) = self.of(page).filter(|run| run.is_under_way()) {
            run.cancel();
        }
    }
}
