//! A list that was removed or renamed while its page is open.

use std::rc::Rc;

use tallyman_core::{ManifestList, Reference};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    components::icon::Icon,
    router::Link,
    routes::Route,
    state::lists::{ListView, LocalLists},
    text::{text, use_language},
};

/// Returns the list that this page has shown last, if it is not there any more.
#[hook]
pub fn use_gone(view: &ListView) -> Option<Rc<ManifestList>> {
    let last = use_mut_ref(|| None::<Rc<ManifestList>>);
    match view {
        ListView::There(list) => {
            *last.borrow_mut() = Some(Rc::clone(list));
            None
        }
        ListView::Absent => last.borrow().clone(),
        ListView::Loading | ListView::Failed(_) => None,
    }
}

/// Properties of [`Gone`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The local lists.
    pub local_lists: Rc<LocalLists>,
    /// The list as it was last.
    pub list: Rc<ManifestList>,
}

/// Says that a list was removed or renamed, with the way to the one that has its images now.
#[component]
pub fn Gone(props: &Props) -> Html {
    use_language();
    let same = use_state_eq(|| None::<Reference>);
    {
        let same = same.setter();
        use_effect_with(
            (Rc::clone(&props.local_lists), Rc::clone(&props.list)),
            move |(local_lists, list)| {
                let (local_lists, list) = (Rc::clone(local_lists), Rc::clone(list));
                spawn_local(async move { same.set(same_as(&local_lists, &list).await) });
            },
        );
    }
    let words = text().build();
    html! {
        <div class="alert" role="alert" data-testid="list-gone">
            <Icon name="warning" />
            <span>
                { (words.gone)(&props.list.reference().to_string()) }
                if let Some(same) = &*same {
                    { " " }{ words.gone_same }{ " " }<Link to={Route::build(same)}>{ same.to_string() }</Link>{ "." }
                }
            </span>
            <span class="alert__actions"><Link to={Route::Lists} classes="button">{ words.trail }</Link></span>
        </div>
    }
}

/// Returns the list that was changed last of those with the images of `list`.
async fn same_as(local_lists: &LocalLists, list: &ManifestList) -> Option<Reference> {
    let mut summaries = local_lists.summaries().await.ok().filter(|_| !list.is_empty())?;
    summaries
        .sort_by(|one, other| other.changed.unwrap_or_default().total_cmp(&one.changed.unwrap_or_default()));
    for summary in summaries {
        if let Ok(Some(other)) = local_lists.load(&summary.reference).await
            && other.renamed(list.reference().clone()) == *list
        {
            return Some(summary.reference);
        }
    }
    None
}
