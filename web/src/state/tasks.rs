//! Work of this tab that goes on while other pages are looked at: pushes, copies, deletions.

use std::{collections::BTreeMap, rc::Rc};

use yew::prelude::*;

use crate::browser::unload_prompt::use_unload_prompt;

/// The state of a piece of work.
pub trait Task: Clone + PartialEq + 'static {
    /// Returns `true` if it has not ended.
    fn is_under_way(&self) -> bool;
}

/// All tasks of a kind, by their names.
#[derive(PartialEq)]
struct All<T>(BTreeMap<String, T>);

enum Change<T> {
    Begin(String, T),
    Update(String, Box<dyn FnOnce(&mut T)>),
    Forget(String),
}

impl<T: Task> Reducible for All<T> {
    type Action = Change<T>;

    fn reduce(self: Rc<Self>, change: Change<T>) -> Rc<Self> {
        let mut all = self.0.clone();
        match change {
            Change::Begin(name, task) => drop(all.insert(name, task)),
            Change::Update(name, update) => {
                if let Some(task) = all.get_mut(&name) {
                    update(task);
                }
            }
            Change::Forget(name) => {
                if all.get(&name).is_some_and(|task| !task.is_under_way()) {
                    all.remove(&name);
                }
            }
        }
        Rc::new(Self(all))
    }
}

/// The tasks of a kind in this tab.
#[derive(Clone, PartialEq)]
pub struct Tasks<T: Task>(UseReducerHandle<All<T>>);

/// The tasks of a kind, once for the whole app. The browser asks before it leaves the page while one is under way.
#[hook]
pub fn use_tasks<T: Task>() -> Tasks<T> {
    let all = use_reducer(|| All(BTreeMap::new()));
    use_unload_prompt(all.0.values().any(T::is_under_way));
    Tasks(all)
}

impl<T: Task> Tasks<T> {
    /// The task of a name, under way or ended.
    pub fn of(&self, name: &str) -> Option<&T> {
        self.0.0.get(name)
    }

    /// Keeps a task that begins, in place of the one that had its name before. Returns the function that changes its state.
    pub fn begin(&self, name: &str, task: T) -> Update<T> {
        self.0.dispatch(Change::Begin(name.to_owned(), task));
        self.update(name)
    }

    /// Returns the function that changes the state of a task.
    pub fn update(&self, name: &str) -> Update<T> {
        Update { all: self.0.dispatcher(), name: name.to_owned() }
    }

    /// Forgets a task, if it has ended.
    pub fn forget(&self, name: &str) {
        self.0.dispatch(Change::Forget(name.to_owned()));
    }
}

/// Tasks that are known by the names of the pages on which they began.
pub trait OfPages: Clone + PartialEq + 'static {
    /// The task of a page.
    type Task: Task;

    /// The tasks.
    fn tasks(&self) -> &Tasks<Self::Task>;

    /// The task of a page, under way or ended.
    fn of(&self, page: &str) -> Option<&Self::Task> {
        self.tasks().of(page)
    }

    /// Forgets the task of a page, if it has ended.
    fn forget(&self, page: &str) {
        self.tasks().forget(page);
    }
}

/// The tasks of this tab. That of this page is forgotten when one leaves it, if it has ended.
#[hook]
pub fn use_tasks_of_page<T: OfPages>(page: &AttrValue) -> T {
    let tasks = use_context::<T>().expect("the app provides its tasks");
    let (leave, page) = (tasks.clone(), page.clone());
    use_effect_with((), move |()| move || leave.forget(&page));
    tasks
}

/// Changes the state of one task.
pub struct Update<T: Task> {
    all: UseReducerDispatcher<All<T>>,
    name: String,
}

impl<T: Task> Update<T> {
    /// Changes it.
    pub fn with(&self, change: impl FnOnce(&mut T) + 'static) {
        self.all.dispatch(Change::Update(self.name.clone(), Box::new(change)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Count(usize);

    impl Task for Count {
        fn is_under_way(&self) -> bool {
            self.0 < 2
        }
    }

    #[test]
    fn a_task_is_kept_until_it_has_ended_and_is_forgotten() {
        let name = || "copy".to_owned();
        let mut all = Rc::new(All(BTreeMap::new()));
        for (change, left) in [
            (Change::Begin(name(), Count(0)), Some(Count(0))),
            (Change::Update(name(), Box::new(|count| count.0 += 1)), Some(Count(1))),
            (Change::Forget(name()), Some(Count(1))),
            (Change::Update(name(), Box::new(|count| count.0 += 1)), Some(Count(2))),
            (Change::Update("other".to_owned(), Box::new(|count| count.0 += 1)), Some(Count(2))),
            (Change::Forget(name()), None),
        ] {
            all = all.reduce(change);
            assert_eq!(all.0.get("copy").cloned(), left);
        }
    }
}
