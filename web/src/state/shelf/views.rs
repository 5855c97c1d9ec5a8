//! Lists as pages show them: loaded, and loaded anew when any tab changes them.

use std::rc::Rc;

use tallyman_core::{ManifestList, Reference};
use tallyman_store::ListSummary;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::Shelf;

/// One list on a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ListView {
    /// It is being read.
    #[default]
    Loading,
    /// It is there.
    There(Rc<ManifestList>),
    /// There is no list of that name.
    Absent,
    /// It cannot be read; the sentence says why.
    Failed(Rc<str>),
}

/// The list `name`, always as it is kept. `elsewhere` is called when another tab has changed it.
#[hook]
pub fn use_list(shelf: &Rc<Shelf>, name: &Reference, elsewhere: Callback<()>) -> ListView {
    let view = use_state_eq(ListView::default);
    {
        let view = view.setter();
        use_effect_with((Rc::clone(shelf), name.clone()), move |(shelf, name)| {
            view.set(ListView::Loading);
            let load = {
                let (shelf, name, view) = (Rc::clone(shelf), name.clone(), view.clone());
                move |tells: bool| {
                    let (shelf, name, view) = (Rc::clone(&shelf), name.clone(), view.clone());
                    let elsewhere = elsewhere.clone();
                    spawn_local(async move {
                        view.set(match shelf.load(&name).await {
                            Ok(Some(list)) => {
                                if shelf.is_news(&list) && tells {
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
            let listening = shelf.listen(Callback::from(move |changed: String| {
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
pub struct Shelved {
    /// Its name, and when it was changed last.
    pub summary: ListSummary,
    /// Its entries; the sentence says why they cannot be read.
    pub list: Result<Rc<ManifestList>, Rc<str>>,
    /// The digest under which it was pushed last.
    pub pushed: Option<String>,
}

/// All lists; nothing as long as they are being read.
#[hook]
pub fn use_shelved(shelf: &Rc<Shelf>) -> Option<Result<Rc<Vec<Shelved>>, Rc<str>>> {
    let view = use_state_eq(|| None);
    {
        let view = view.setter();
        use_effect_with(Rc::clone(shelf), move |shelf| {
            let load = {
                let shelf = Rc::clone(shelf);
                move || {
                    let (shelf, view) = (Rc::clone(&shelf), view.clone());
                    spawn_local(async move { view.set(Some(read(&shelf).await)) });
                }
            };
            load();
            let listening = shelf.listen(Callback::from(move |_| load()));
            move || drop(listening)
        });
    }
    (*view).clone()
}

async fn read(shelf: &Rc<Shelf>) -> Result<Rc<Vec<Shelved>>, Rc<str>> {
    let summaries = shelf.summaries().await.map_err(|error| Rc::from(error.to_string()))?;
    let mut shelved = Vec::with_capacity(summaries.len());
    for summary in summaries {
        let list = match shelf.load(&summary.reference).await {
            Ok(Some(list)) => Ok(Rc::new(list)),
            // Another tab has removed it between the two questions.
            Ok(None) => continue,
            Err(error) => Err(Rc::from(error.to_string())),
        };
        let pushed = shelf.note(&crate::state::pushed::key(&summary.reference)).await;
        shelved.push(Shelved { summary, list, pushed });
    }
    Ok(Rc::new(shelved))
}
