//! Opening the database, which a browser may refuse or keep waiting.

use std::{cell::Cell, pin::pin, rc::Rc, time::Duration};

use futures_util::future::{self, Either};
use gloo_timers::future::sleep;
use tallyman_store::IndexedDbStore;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use yew::prelude::*;

use super::{DATABASE, LocalLists, backend::Backend};
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
    /// Lists that are open: in the browser's database, or in memory where the browser refuses one.
    Ready(Rc<LocalLists>),
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
                let opening = IndexedDbStore::open_with_blocked_handler(&database, move || {
                    saw_blocked.set(true);
                    blocked.set(Opened::Blocked);
                });
                let in_memory = |why: Rc<str>| LocalLists::new(Backend::Session(Rc::default(), why));
                let mut session = None;
                let result = match future::select(pin!(opening), pin!(sleep(TIME_LIMIT))).await {
                    Either::Left((result, _)) => result,
                    Either::Right(((), opening)) => {
                        // A tab that holds an older version is told about as such. Either way the browser may still open
                        // the database later.
                        if !is_blocked.get() {
                            let lists = in_memory(NO_ANSWER.into());
                            opened.set(Opened::Ready(Rc::clone(&lists)));
                            session = Some(lists);
                        }
                        opening.await
                    }
                };
                match result {
                    // Lists that were made meanwhile stay where they are: they must not vanish from the page.
                    Ok(_) if session.as_ref().is_some_and(|lists| lists.holds_session_lists()) => {}
                    Ok(store) => {
                        opened.set(Opened::Ready(LocalLists::new(Backend::Database(Rc::new(store)))));
                    }
                    Err(_) if session.is_some() => {}
                    Err(error) => opened.set(Opened::Ready(in_memory(error.to_string().into()))),
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
