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
    /// The lines of this tab: the last ones of the history.
    typed: Rc<RefCell<Vec<String>>>,
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
        for lines in [&self.typed, &self.lines] {
            let mut lines = lines.borrow_mut();
            lines.retain(|known| known != line);
            lines.push(line.to_owned());
        }
        self.keep(local_lists).await;
    }

    /// Adds the lines of this tab to those that are kept, of whatever tab.
    async fn keep(&self, local_lists: &LocalLists) {
        let kept = local_lists.note(HISTORY).await.unwrap_or_default();
        let all = joined(&kept, &self.typed.borrow());
        let text = all.join("\n");
        self.lines.replace(all);
        if text != kept {
            // A history that cannot be kept ends with the page.
            let _ = local_lists.set_note(HISTORY, Some(&text)).await;
        }
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
            // Older versions of the app kept every line, and what was typed before this was read took its place.
            spawn_local(async move { history.keep(&local_lists).await });
        });
    }
    History::clone(&history)
}

/// The lines of a kept history, but for those that may hold a password, and behind them those that were typed here.
fn joined(kept: &str, typed: &[String]) -> Vec<String> {
    let is_wanted = |line: &String| !typed.contains(line) && without_password(line).is_none();
    let kept = kept.lines().map(str::to_owned).filter(is_wanted);
    let mut lines: Vec<String> = kept.chain(typed.iter().cloned()).collect();
    lines.drain(..lines.len().saturating_sub(HISTORY_MAX));
    lines
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
    use super::{HISTORY_MAX, joined, recalled};

    #[test]
    fn lines_with_passwords_are_dropped_from_what_was_kept() {
        let kept = "tallyman ls\ntallyman login -u me -p s3cret r.io\ndocker manifest push -p r.io/a:1";
        assert_eq!(joined(kept, &[]), ["tallyman ls", "docker manifest push -p r.io/a:1"]);
    }

    #[test]
    fn lines_of_this_tab_stand_behind_those_that_are_kept_and_the_oldest_are_dropped() {
        let typed = ["b", "d"].map(str::to_owned);
        assert_eq!(joined("a\nb\nc", &typed), ["a", "c", "b", "d"]);
        let kept: Vec<String> = (0..HISTORY_MAX).map(|number| number.to_string()).collect();
        let lines = joined(&kept.join("\n"), &typed);
        assert_eq!((lines.len(), lines[0].as_str()), (HISTORY_MAX, "2"));
    }

    #[test]
    fn what_was_typed_comes_back_in_turn() {
        let history = ["a", "b"].map(str::to_owned);
        let mut at = None;
        let walked = [true, true, true, false, false, false].map(|back| recalled(&history, &mut at, back));
        assert_eq!(walked, ["b", "a", "a", "b", "", ""]);
    }
}
