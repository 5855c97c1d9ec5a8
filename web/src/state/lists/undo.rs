//! Changes of a list in this tab, which can be undone and redone.

use tallyman_core::ListEdit;

/// Changes that belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group(u32);

impl Group {
    /// Returns another group.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A step back or forth in the history of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// True if a change is undone, false if one is redone.
    pub back: bool,
    /// The edit that the step is.
    pub edit: ListEdit,
}

/// Changes of one list.
#[derive(Clone, Debug, Default)]
pub struct History {
    done: Vec<(ListEdit, Option<Group>)>,
    undone: Vec<ListEdit>,
}

impl History {
    /// A change was made.
    pub fn did(&mut self, edit: ListEdit, group: Option<Group>) {
        self.undone.clear();
        match self.done.last_mut() {
            Some((last, of)) if group.is_some() && *of == group => {
                *last = std::mem::take(last).and(edit);
                if last.is_empty() {
                    // Together they change nothing that could be undone.
                    self.done.pop();
                }
            }
            _ => self.done.push((edit, group)),
        }
    }

    /// Returns if there is a change to undo, and one to redo.
    pub fn can(&self) -> (bool, bool) {
        (!self.done.is_empty(), !self.undone.is_empty())
    }

    /// Returns the next step back or forth; `None` if there is none.
    pub fn next(&self, back: bool) -> Option<Step> {
        let edit =
            if back { self.done.last().map(|(edit, _)| edit.inverse()) } else { self.undone.last().cloned() };
        edit.map(|edit| Step { back, edit })
    }

    /// Records that `step` was made, by `edit`: another one than its own if the list was not as the step expects it.
    pub fn record_step(&mut self, step: &Step, edit: &ListEdit) {
        self.give_up(step);
        if edit.is_empty() {
            return;
        }
        if step.back {
            self.undone.push(edit.inverse());
        } else {
            self.done.push((edit.clone(), None));
        }
    }

    /// Removes a step that is not wanted any more.
    pub fn give_up(&mut self, step: &Step) {
        // Changes that were made since the step was refused stand behind it.
        if step.back {
            let at = self.done.iter().rposition(|(edit, _)| edit.inverse() == step.edit);
            at.map(|at| self.done.remove(at));
        } else {
            let at = self.undone.iter().rposition(|edit| *edit == step.edit);
            at.map(|at| self.undone.remove(at));
        }
    }
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Descriptor, Digest, EntryChange, ListEdit, ListEntry, MediaType};

    use super::{Group, History, Step};

    fn edit(image: &str) -> ListEdit {
        let descriptor = Descriptor::new(MediaType::OciManifest, Digest::of(b"{}"), 2);
        let entry = ListEntry::new(image.parse().unwrap(), descriptor, b"{}".to_vec()).unwrap();
        ListEdit { changes: vec![EntryChange { before: None, after: Some(entry) }], form: None }
    }

    fn go(history: &mut History, back: bool) {
        let step = history.next(back).unwrap();
        history.record_step(&step, &step.edit);
    }

    #[test]
    fn a_group_is_one_step_and_a_new_change_ends_what_could_be_redone() {
        let mut history = History::default();
        let group = Group::default();
        history.did(edit("a"), Some(group));
        history.did(edit("b"), Some(group));
        history.did(edit("c"), Some(group.next()));
        history.did(edit("d"), None);
        history.did(edit("e"), None);
        assert_eq!(history.next(true), Some(Step { back: true, edit: edit("e").inverse() }));
        for _ in 0..3 {
            go(&mut history, true);
        }
        assert_eq!(history.next(true), Some(Step { back: true, edit: edit("a").and(edit("b")).inverse() }));
        assert_eq!(history.next(false), Some(Step { back: false, edit: edit("c") }));
        go(&mut history, true);
        assert_eq!(history.can(), (false, true));
        history.did(edit("f"), None);
        assert_eq!(history.can(), (true, false));
    }

    #[test]
    fn changes_of_a_group_that_cancel_each_other_out_are_no_step() {
        let mut history = History::default();
        let group = Group::default();
        history.did(edit("a"), Some(group));
        history.did(edit("b"), Some(group.next()));
        history.did(edit("b").inverse(), Some(group.next()));
        assert_eq!(history.next(true).unwrap().edit, edit("a").inverse());
    }

    #[test]
    fn a_refused_step_stays_until_it_is_made_in_another_way_or_given_up() {
        let mut history = History::default();
        history.did(edit("a"), None);
        let step = history.next(true).unwrap();
        // It was refused, and another change was made before the choice.
        history.did(edit("b"), None);
        let theirs = edit("theirs");
        history.record_step(&step, &theirs.inverse());
        assert_eq!(history.next(true).unwrap().edit, edit("b").inverse());
        assert_eq!(history.next(false).unwrap().edit, theirs);

        let step = history.next(true).unwrap();
        history.give_up(&step);
        assert_eq!(history.can(), (false, true));
        let step = history.next(false).unwrap();
        // The list is already as the step makes it.
        history.record_step(&step, &ListEdit::default());
        assert_eq!(history.can(), (false, false));
    }
}
