//! The history of typed lines, kept in the storage of the lists.

use std::{cell::RefCell, rc::Rc};

use tallyman_commands::without_password;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::state::lists::LocalLists;

/// The key under which typed lines are kept.
const HISTORY: &str = "command history";
/// Lines that are kept.
const HISTORY_MAX: usize = 200;

/// The history, and the line of it that is shown.
#[derive(Clone, Default)]
pub struct History {
    lines: Rc<RefCell<Vec<String>>>,
    at: Rc<RefCell<Option<usize>>>,
}

impl History {
    /// Returns the line before the one that is shown, or the one after it.
    pub fn recall(&self, back: bool) -> String {
        recalled(&self.lines.borrow(), &mut self.at.borrow_mut(), back)
    }

    /// Shows no line of the history any more.
    pub fn leave(&self) {
        *self.at.borrow_mut() = None;
    }

    /// Adds a line, and keeps the history. One that may hold a password is not remembered.
    pub async fn remember(&self, local_lists: &LocalLists, line: &str) {
        if without_password(line).is_some() {
            return;
        }
        let kept = {
            let mut lines = self.lines.borrow_mut();
            lines.retain(|known| known != line);
            lines.push(line.to_owned());
            let surplus = lines.len().saturating_sub(HISTORY_MAX);
            lines.drain(..surplus);
            lines.join("\n")
        };
        // A history that cannot be kept ends with the page.
        let _ = local_lists.set_note(HISTORY, Some(&kept)).await;
    }
}

impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.lines, &other.lines)
    }
}

/// The history, as it was kept.
#[hook]
pub fn use_history(local_lists: &Rc<LocalLists>) -> History {
    let history = use_memo((), |()| History::default());
    {
        let (local_lists, history) = (Rc::clone(local_lists), History::clone(&history));
        use_effect_with((), move |()| {
            spawn_local(async move {
                let kept = local_lists.note(HISTORY).await.unwrap_or_default();
                let all = {
                    let mut lines = history.lines.borrow_mut();
                    let typed = std::mem::take(&mut *lines);
                    *lines = without_passwords(&kept).into_iter().chain(typed).collect();
                    lines.join("\n")
                };
                // Older versions of the app kept every line, and what was typed before this was read took its place.
                if all != kept {
                    let _ = local_lists.set_note(HISTORY, Some(&all)).await;
                }
            });
        });
    }
    History::clone(&history)
}

/// The lines of a kept history, but for those that may hold a password.
fn without_passwords(kept: &str) -> Vec<String> {
    kept.lines().filter(|line| without_password(line).is_none()).map(str::to_owned).collect()
}

/// Returns the line before the one that is shown, or the one after it.
fn recalled(history: &[String], at: &mut Option<usize>, back: bool) -> String {
    let next = match (*at, back) {
        (None, true) => history.len().checked_sub(1),
        (None, false) => None,
        (Some(at), true) => Some(at.saturating_sub(1)),
        (Some(at), false) => Some(at + 1).filter(|at| *at < history.len()),
    };
    *at = next;
    next.and_then(|at| history.get(at)).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{recalled, without_passwords};

    #[test]
    fn lines_with_passwords_are_dropped_from_what_was_kept() {
        let kept = "tallyman ls\ntallyman login -u me -p s3cret r.io\ndocker manifest push -p r.io/a:1";
        assert_eq!(without_passwords(kept), ["tallyman ls", "docker manifest push -p r.io/a:1"]);
    }

    #[test]
    fn what_was_typed_comes_back_in_turn() {
        let history = ["a", "b"].map(str::to_owned);
        let mut at = None;
        let walked = [true, true, true, false, false, false].map(|back| recalled(&history, &mut at, back));
        assert_eq!(walked, ["b", "a", "a", "b", "", ""]);
    }
}
