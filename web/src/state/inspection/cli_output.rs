//! Output of `inspect` and `inspect --verbose` for a reference.

use std::rc::Rc;

use tallyman_commands::inspect;
use tallyman_core::Reference;
use tallyman_store::MemoryStore;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::Loadable;
use crate::state::registries::use_registries;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    /// `inspect`.
    Brief,
    /// `inspect --verbose`.
    Verbose,
}

/// Returns the output, made by the same functions as on the command line. Nothing is fetched while `print` is `None`.
#[hook]
pub fn use_printed(reference: &Rc<Reference>, print: Option<Print>) -> Loadable<str> {
    let registries = use_registries();
    let printed = use_state_eq(|| Loadable::<str>::None);
    {
        let printed = printed.setter();
        use_effect_with((Rc::clone(reference), print), move |(reference, print)| {
            printed.set(if print.is_some() { Loadable::Loading } else { Loadable::None });
            let (abort, registration) = futures_util::future::AbortHandle::new_pair();
            if let Some(print) = *print {
                let reference = Rc::clone(reference);
                let work = async move {
                    // The registry is meant, whatever local lists there are.
                    let inspected = inspect(&MemoryStore::new(), registries.client(), &reference).await;
                    let bytes = inspected.and_then(|inspected| match print {
                        Print::Brief => inspected.brief(),
                        Print::Verbose => inspected.verbose(),
                    });
                    printed.set(match bytes {
                        Ok(bytes) => Loadable::Ready(format!("{}\n", String::from_utf8_lossy(&bytes)).into()),
                        Err(error) => Loadable::Failed(error.to_string().into()),
                    });
                };
                spawn_local(async move {
                    // Whoever looks at something else now does not want it.
                    let _ = futures_util::future::Abortable::new(work, registration).await;
                });
            }
            move || abort.abort()
        });
    }
    (*printed).clone()
}
