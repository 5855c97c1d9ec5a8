//! Work of a component of which only the latest counts, and work that outlives its component.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::Rc,
};

use futures_util::future::{AbortHandle, Abortable};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Runs one future at a time: what began before ends when another one begins, so that a late outcome overwrites nothing.
#[derive(Clone, Default)]
pub struct Latest(Rc<RefCell<Option<AbortHandle>>>);

impl Latest {
    /// Runs `work` in place of what is under way.
    pub fn run(&self, work: impl Future<Output = ()> + 'static) {
        let (abort, registration) = AbortHandle::new_pair();
        self.end();
        self.0.replace(Some(abort));
        spawn_local(async move {
            // The result of ended work is not used.
            let _ = Abortable::new(work, registration).await;
        });
    }

    /// Ends what is under way.
    pub fn end(&self) {
        if let Some(abort) = self.0.take() {
            abort.abort();
        }
    }
}

/// Returns what runs the latest work of a component. It ends when the component goes.
#[hook]
pub fn use_latest() -> Latest {
    let latest = (*use_memo((), |()| Latest::default())).clone();
    {
        let latest = latest.clone();
        use_effect_with((), move |()| move || latest.end());
    }
    latest
}

/// Returns a cell that is `true` as long as the component is there, for work that goes on when it is not.
#[hook]
pub fn use_presence() -> Rc<Cell<bool>> {
    let is_there = use_memo((), |()| Cell::new(true));
    {
        let is_there = Rc::clone(&is_there);
        use_effect_with((), move |()| move || is_there.set(false));
    }
    is_there
}
