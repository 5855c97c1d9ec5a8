//! Progress of a push, kept beside the lists: after a reload or a crash the push resumes from it.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use serde::{Deserialize, Serialize};
use tallyman_commands::Survey;
use tallyman_core::{PushPlan, Reference};
use wasm_bindgen_futures::spawn_local;

use super::Writing;
use crate::state::lists::LocalLists;

/// Stored progress. A plan follows from its list, so that the list's digest identifies the plan.
#[derive(Serialize, Deserialize)]
struct Kept {
    digest: String,
    steps: usize,
    done: BTreeSet<usize>,
}

/// Progress of a push.
pub struct StoredProgress {
    local_lists: Rc<LocalLists>,
    key: String,
    kept: RefCell<Kept>,
    /// The text to be written next, set while another one is being written.
    next: Rc<Writing>,
    is_writing: Rc<std::cell::Cell<bool>>,
}

/// The key of the note.
pub fn progress_key(list: &Reference) -> String {
    format!("push {}", list.file_name())
}

impl StoredProgress {
    pub fn new(local_lists: &Rc<LocalLists>, plan: &PushPlan, done: &BTreeSet<usize>) -> Self {
        let (_, digest, _) = plan.list();
        let kept = Kept { digest: digest.to_string(), steps: plan.steps.len(), done: done.clone() };
        Self {
            local_lists: Rc::clone(local_lists),
            key: progress_key(&plan.target),
            kept: RefCell::new(kept),
            next: Rc::default(),
            is_writing: Rc::default(),
        }
    }

    /// A step is done.
    pub fn done(&self, index: usize) {
        self.kept.borrow_mut().done.insert(index);
        self.keep();
    }

    /// Keeps how far it came. Writing never overtakes itself, and what is written last is what counts.
    pub fn keep(&self) {
        let Ok(text) = serde_json::to_string(&*self.kept.borrow()) else { return };
        *self.next.borrow_mut() = Some(text);
        if self.is_writing.replace(true) {
            return;
        }
        let (local_lists, key) = (Rc::clone(&self.local_lists), self.key.clone());
        let (next, is_writing) = (Rc::clone(&self.next), Rc::clone(&self.is_writing));
        spawn_local(async move {
            loop {
                let Some(text) = next.borrow_mut().take() else { break };
                // Where nothing can be kept, a push that is interrupted begins anew.
                let _ = local_lists.set_note(&key, Some(&text)).await;
            }
            is_writing.set(false);
        });
    }

    /// Forgets a push that came to its end.
    pub async fn forget(&self) {
        *self.next.borrow_mut() = None;
        let _ = self.local_lists.set_note(&self.key, None).await;
    }
}

/// The steps that an interrupted push of the same plan had done; nothing where there was none. The registry may have lost
/// their outcome since: [`still_there`] says which ones it has.
pub async fn interrupted(local_lists: &LocalLists, plan: &PushPlan) -> BTreeSet<usize> {
    let kept = local_lists.note(&progress_key(&plan.target)).await;
    let kept: Option<Kept> = kept.and_then(|text| serde_json::from_str(&text).ok());
    let (_, digest, _) = plan.list();
    let is_same = |kept: &Kept| kept.digest == digest.as_str() && kept.steps == plan.steps.len();
    kept.filter(is_same).map(|kept| kept.done).unwrap_or_default()
}

/// Returns the steps of `done` whose outcome the registry has by `survey`: it may have been removed since. Without a survey
/// that is none.
pub fn still_there(done: &BTreeSet<usize>, survey: Option<&Survey>) -> BTreeSet<usize> {
    survey.map(|survey| done & &survey.present).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tallyman_commands::Survey;

    use super::still_there;

    #[test]
    fn a_step_that_was_done_is_made_again_unless_the_registry_still_has_its_outcome() {
        let done = [0, 1, 2].into();
        let survey = Survey { present: [1, 2, 3].into(), standing: None };
        assert_eq!(still_there(&done, Some(&survey)), [1, 2].into());
        assert_eq!(still_there(&done, Some(&Survey::default())), [].into());
        assert_eq!(still_there(&done, None), [].into());
    }
}
