//! The message that a local list was removed, and the way to bring it back.

use std::rc::Rc;

use tallyman_core::ManifestList;
use tallyman_store::Outcome;
use wasm_bindgen_futures::spawn_local;

use super::toast::Toaster;
use crate::{
    state::lists::{History, LocalLists},
    text::text,
};

/// Says that `list` was removed, and offers to bring it back with its history.
pub fn offer_back(toaster: &Toaster, local_lists: &Rc<LocalLists>, list: Rc<ManifestList>, history: History) {
    let removed = (text().lists().removed)(&list.reference().to_string());
    let (local_lists, back) = (Rc::clone(local_lists), toaster.clone());
    toaster.offer(removed, text().lists().undo, move |()| {
        let (local_lists, list, toaster) = (Rc::clone(&local_lists), Rc::clone(&list), back.clone());
        let history = history.clone();
        spawn_local(async move {
            match local_lists.restore(&list, history).await {
                Ok(Outcome::Done(_)) => {}
                Ok(_) => toaster.say((text().lists().taken)(&list.reference().to_string())),
                Err(error) => toaster.say(error.to_string()),
            }
        });
    });
}
