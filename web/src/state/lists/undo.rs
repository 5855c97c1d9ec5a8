//! Changes of a list in this tab, which can be undone and redone.

use tallyman_core::ListEdit;

/// Changes that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group(pub u32);

#[derive(Debug, Default)]
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
            }
            _ => self.done.push((edit, group)),
        }
    }

    /// Returns if there is a change to undo, and one to redo.
    pub fn can(&self) -> (bool, bool) {
        (!self.done.is_empty(), !self.undone.is_empty())
    }

    /// The change that goes a step back or forth.
    pub fn next(&self, back: bool) -> Option<ListEdit> {
        if back { self.done.last().map(|(edit, _)| edit.inverse()) } else { self.undone.last().cloned() }
    }

    /// That change was made.
    pub fn went(&mut self, back: bool) {
        if back {
            self.undone.extend(self.done.pop().map(|(edit, _)| edit));
        } else {
            self.done.extend(self.undone.pop().map(|edit| (edit, None)));
        }
    }

    /// That change cannot be made any more.
    pub fn drop_next(&mut self, back: bool) {
        if back {
            self.done.pop();
        } else {
            self.undone.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Descriptor, Digest, EntryChange, ListEdit, ListEntry, MediaType};

    use super::{Group, History};

    fn edit(image: &str) -> ListEdit {
        let descriptor = Descriptor::new(MediaType::OciManifest, Digest::of(b"{}"), 2);
        let entry = ListEntry::new(image.parse().unwrap(), descriptor, b"{}".to_vec()).unwrap();
        ListEdit { changes: vec![EntryChange { before: None, after: Some(entry) }], form: None }
    }

    #[test]
    fn a_group_is_one_step_and_a_new_change_ends_what_could_be_redone() {
        let mut history = History::default();
        history.did(edit("a"), Some(Group(1)));
        history.did(edit("b"), Some(Group(1)));
        history.did(edit("c"), Some(Group(2)));
        history.did(edit("d"), None);
        history.did(edit("e"), None);
        assert_eq!(history.next(true), Some(edit("e").inverse()));
        for _ in 0..3 {
            history.went(true);
        }
        assert_eq!(history.next(true), Some(edit("a").and(edit("b")).inverse()));
        assert_eq!(history.next(false), Some(edit("c")));
        history.went(true);
        assert_eq!(history.can(), (false, true));
        history.did(edit("f"), None);
        assert_eq!(history.can(), (true, false));
    }
}
