//! Output of `inspect` and `inspect --verbose` for a reference.

use std::rc::Rc;

use futures_util::{FutureExt, future::LocalBoxFuture};
use tallyman_commands::inspect;
use tallyman_core::Reference;
use tallyman_store::MemoryStore;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use super::Loadable;
use crate::{
    state::registries::{Registries, use_registries},
    text::text,
};

/// The command of the two that printed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Print {
    /// `inspect`.
    Brief,
    /// `inspect --verbose`.
    Verbose,
}

/// Returns the output, made by the same functions as on the command line. Nothing is fetched while `print` is `None`.
#[hook]
pub fn use_cli_output(reference: &Rc<Reference>, print: Option<Print>) -> Loadable<str> {
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
                    printed.set(match printer().await {
                        Ok(printer) => match printer(registries, reference, print).await {
                            Ok(text) => Loadable::Ready(text.into()),
                            Err(why) => Loadable::Failed(why.into()),
                        },
                        Err(_) => Loadable::Failed(text().frame().not_loaded_why.into()),
                    });
                };
                spawn_local(async move {
                    // Ended when the page shows something else.
                    let _ = futures_util::future::Abortable::new(work, registration).await;
                });
            }
            move || abort.abort()
        });
    }
    (*printed).clone()
}

/// Prints what the command line prints of a reference.
type Printer = fn(Rc<Registries>, Rc<Reference>, Print) -> LocalBoxFuture<'static, Result<String, String>>;

/// Loads the chunk that prints: few visits want it.
#[wasm_split(print, fallible)]
fn printer() -> Result<Printer, SplitLoaderError> {
    Ok(print_reference)
}

fn print_reference(
    registries: Rc<Registries>,
    reference: Rc<Reference>,
    print: Print,
) -> LocalBoxFuture<'static, Result<String, String>> {
    async move {
        // The registry is meant, whatever local lists there are.
        let inspected = inspect(&MemoryStore::new(), registries.client(), &reference, &|_| {}).await;
        let bytes = inspected.and_then(|inspected| match print {
            Print::Brief => inspected.brief(),
            Print::Verbose => inspected.verbose(),
        });
        let text = |bytes: Vec<u8>| format!("{}\n", String::from_utf8_lossy(&bytes));
        bytes.map(text).map_err(|error| error.to_string())
    }
    .boxed_local()
}
