//! Opening the database, which a browser may refuse or keep waiting.

use std::{cell::Cell, pin::pin, rc::Rc, time::Duration};

use futures_util::future::{self, Either};
use gloo_timers::future::sleep;
use tallyman_store::IndexedDbStore;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use super::{DATABASE, LocalLists};
use crate::browser::storage::of_this_copy;

/// Time limit for the browser to open the database.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The reason that is given then.
const NO_ANSWER: &str = "the browser has not answered the request to open the database for 5 seconds";

/// State of the opening of the local lists.
#[derive(Clone, Default, PartialEq)]
pub enum Opened {
    /// The browser is at it.
    #[default]
    Opening,
    /// Another tab holds an older version of the database.
    Blocked,
    /// They are open.
    Ready(Rc<LocalLists>),
    /// The browser refused; the sentence says why.
    Failed(Rc<str>),
}

/// Opens the local lists, once for the whole app.
#[hook]
pub fn use_opened() -> Opened {
    let opened = use_state_eq(Opened::default);
    {
        let opened = opened.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                let blocked = opened.clone();
                let is_blocked = Rc::new(Cell::new(false));
                let saw_blocked = Rc::clone(&is_blocked);
                let database = of_this_copy(DATABASE);
                let opening = IndexedDbStore::open_telling(&database, move || {
                    saw_blocked.set(true);
                    blocked.set(Opened::Blocked);
                });
                let result = match future::select(pin!(opening), pin!(sleep(TIME_LIMIT))).await {
                    Either::Left((result, _)) => result,
                    Either::Right(((), opening)) => {
                        // A tab that holds an older version is told about as such. Either way the browser may still open
                        // the database later.
                        if !is_blocked.get() {
                            opened.set(Opened::Failed(NO_ANSWER.into()));
                        }
                        opening.await
                    }
                };
                match result {
                    Ok(store) => opened.set(Opened::Ready(LocalLists::new(store))),
                    Err(error) => opened.set(Opened::Failed(error.to_string().into())),
                }
            });
        });
    }
    (*opened).clone()
}

/// Returns `true` if the browser has promised to keep what is stored here. It may prompt the person, or decide by itself.
pub async fn is_kept(ask: bool) -> Option<bool> {
    let storage = web_sys::window()?.navigator().storage();
    // Pages that came over plain HTTP from a host name have no storage manager.
    if !storage.is_object() {
        return None;
    }
    let answer = if ask { storage.persist() } else { storage.persisted() };
    JsFuture::from(answer.ok()?.unchecked_into::<js_sys::Promise>()).await.ok()?.as_bool()
}
