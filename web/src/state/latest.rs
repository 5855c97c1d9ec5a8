//! Work of a component of which only the latest counts.

use std::{cell::RefCell, future::Future, rc::Rc};

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
            // Nobody waits for what was ended.
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
