//! Lists as pages show them: loaded, and loaded anew when any tab changes them.

use std::rc::Rc;

use futures_util::future::{join, join_all};
use tallyman_core::{ManifestList, Reference};
use tallyman_store::ListSummary;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::LocalLists;
use crate::state::reload::Reloader;

/// One list on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ListView {
    /// A list that is being read.
    #[default]
    Loading,
    /// A list that was read.
    There(Rc<ManifestList>),
    /// No list of that name.
    Absent,
    /// A list that cannot be read; the sentence says why.
    Failed(Rc<str>),
}

impl ListView {
    /// Returns the list if it is there.
    pub fn list(&self) -> Option<&Rc<ManifestList>> {
        if let Self::There(list) = self { Some(list) } else { None }
    }
}

/// The list `name`, always as it is kept. `elsewhere` is called when another tab has changed it.
#[hook]
pub fn use_list(local_lists: &Rc<LocalLists>, name: &Reference, elsewhere: Callback<()>) -> ListView {
    let view = use_state_eq(ListView::default);
    {
        let view = view.setter();
        use_effect_with((Rc::clone(local_lists), name.clone()), move |(local_lists, name)| {
            view.set(ListView::Loading);
            let load = {
                let (local_lists, name, view) = (Rc::clone(local_lists), name.clone(), view.clone());
                move |tells: bool| {
                    let (local_lists, name, view) = (Rc::clone(&local_lists), name.clone(), view.clone());
                    let elsewhere = elsewhere.clone();
                    spawn_local(async move {
                        view.set(match local_lists.load(&name).await {
                            Ok(Some(list)) => {
                                if local_lists.is_foreign_change(&list) && tells {
                                    elsewhere.emit(());
                                }
                                ListView::There(Rc::new(list))
                            }
                            Ok(None) => ListView::Absent,
                            Err(error) => ListView::Failed(error.to_string().into()),
                        });
                    });
                }
            };
            load(false);
            let file_name = name.file_name();
            let listening = local_lists.listen(Callback::from(move |changed: String| {
                if changed == file_name {
                    load(true);
                }
            }));
            move || drop(listening)
        });
    }
    (*view).clone()
}

/// A list on the page of all lists.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredList {
    /// Its name, and when it was changed last.
    pub summary: ListSummary,
    /// Its entries; the sentence says why they cannot be read.
    pub list: Result<Rc<ManifestList>, Rc<str>>,
    /// The digest under which it was pushed last.
    pub pushed: Option<String>,
}

/// All lists; nothing as long as they are being read.
#[hook]
pub fn use_stored_lists(local_lists: &Rc<LocalLists>) -> Option<Result<Rc<Vec<StoredList>>, Rc<str>>> {
    let view = use_state_eq(|| None);
    {
        let view = view.setter();
        use_effect_with(Rc::clone(local_lists), move |local_lists| {
            let load = {
                let (local_lists, reading) = (Rc::clone(local_lists), Reloader::default());
                move || {
                    let (local_lists, view) = (Rc::clone(&local_lists), view.clone());
                    reading.changed(async move || view.set(Some(read(&local_lists).await)));
                }
            };
            load();
            let listening = local_lists.listen(Callback::from(move |_| load()));
            move || drop(listening)
        });
    }
    (*view).clone()
}

async fn read(local_lists: &Rc<LocalLists>) -> Result<Rc<Vec<StoredList>>, Rc<str>> {
    let summaries = local_lists.summaries().await.map_err(|error| Rc::from(error.to_string()))?;
    let read = summaries.into_iter().map(|summary| async move {
        let key = crate::state::push::history::key(&summary.reference);
        let (list, pushed) = join(local_lists.load(&summary.reference), local_lists.note(&key)).await;
        let list = match list {
            Ok(Some(list)) => Ok(Rc::new(list)),
            // Another tab has removed it between the two questions.
            Ok(None) => return None,
            Err(error) => Err(Rc::from(error.to_string())),
        };
        Some(StoredList { summary, list, pushed })
    });
    Ok(Rc::new(join_all(read).await.into_iter().flatten().collect()))
}
