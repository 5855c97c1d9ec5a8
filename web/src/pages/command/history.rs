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
    recall: Rc<RefCell<Recall>>,
}

/// The line of a history that is shown.
#[derive(Default)]
struct Recall {
    /// Its number; none while the line that is being typed is shown.
    at: Option<usize>,
    /// The line that was being typed.
    typed: String,
}

impl History {
    /// Returns the line before the one that is `shown`, or the one after it, if there is one. The last is the one that was being typed.
    pub fn recall(&self, shown: &str, back: bool) -> Option<String> {
        self.recall.borrow_mut().next(&self.lines.borrow(), shown, back)
    }

    /// Shows no line of the history any more.
    pub fn leave(&self) {
        self.recall.take();
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
            // Lines that were typed before the history was read stand behind it, and one with a password is forgotten.
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

impl Recall {
    fn next(&mut self, history: &[String], shown: &str, back: bool) -> Option<String> {
        match (self.at, back) {
            (None, false) => return None,
            (None, true) => {
                self.at = Some(history.len().checked_sub(1)?);
                shown.clone_into(&mut self.typed);
            }
            (Some(at), true) => self.at = Some(at.checked_sub(1)?),
            (Some(at), false) => self.at = Some(at + 1).filter(|at| *at < history.len()),
        }
        self.at.map_or_else(|| Some(self.typed.clone()), |at| history.get(at).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::{HISTORY_MAX, Recall, joined};

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
    fn earlier_lines_come_back_in_turn_and_the_begun_line_last() {
        let history = ["a", "b"].map(str::to_owned);
        let mut recall = Recall::default();
        let mut field = "begun".to_owned();
        let shown = [false, true, true, true, false, false, false, true].map(|back| {
            field = recall.next(&history, &field, back).unwrap_or_else(|| field.clone());
            field.clone()
        });
        assert_eq!(shown, ["begun", "b", "a", "a", "b", "begun", "begun", "b"]);
        assert_eq!(Recall::default().next(&[], "begun", true), None);
    }
}
