//! Reading something again after changes.

use std::{cell::Cell, rc::Rc};

use wasm_bindgen_futures::spawn_local;

/// State of a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reading {
    /// The outcome of the last reading is up to date.
    #[default]
    Done,
    /// A reading is under way.
    UnderWay,
    /// A reading is under way, and there was a change meanwhile.
    Outdated,
}

/// Reads something whenever it is told of a change: once at a time, and once for all the changes meanwhile.
#[derive(Clone, Default)]
pub struct Reloader(Rc<Cell<Reading>>);

impl Reloader {
    /// Something has changed: calls `read`, now or when the reading that is under way has ended.
    pub fn changed(&self, read: impl AsyncFn() + 'static) {
        if self.0.get() != Reading::Done {
            self.0.set(Reading::Outdated);
            return;
        }
        let state = Rc::clone(&self.0);
        state.set(Reading::UnderWay);
        spawn_local(async move {
            loop {
                read().await;
                if state.replace(Reading::UnderWay) != Reading::Outdated {
                    break;
                }
            }
            state.set(Reading::Done);
        });
    }
}
