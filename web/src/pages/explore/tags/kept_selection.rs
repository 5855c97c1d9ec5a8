//! The selected tags, kept with the history entry.

use std::{collections::BTreeSet, rc::Rc};

use yew::prelude::*;

use crate::{
    browser::entry_state::{Texts, use_entry_state},
    components::selection::{Select, Selection},
    state::listing::Listing,
};

/// Returns the selection of tags: the kept one at first. Once all tags are listed, those that are not there any more are taken out.
#[hook]
pub fn use_kept_selection(listing: &Listing) -> UseReducerHandle<Selection> {
    let kept = use_entry_state::<Texts>("selected");
    let selection = {
        let kept = kept.clone();
        use_reducer(move || Selection::of(kept.0.iter().map(|name| Rc::from(name.as_str()))))
    };
    {
        let selection = selection.clone();
        use_effect_with(listing.clone(), move |listing| {
            if listing.is_complete && !selection.selected.is_empty() {
                selection.dispatch(Select::Retain { names: still_there(&selection, listing) });
            }
        });
    }
    use_effect_with(selection.selected.clone(), move |selected| {
        kept.set(Texts(selected.iter().map(ToString::to_string).collect()));
    });
    selection
}

/// Returns the selected names that are listed.
fn still_there(selection: &Selection, listing: &Listing) -> BTreeSet<Rc<str>> {
    listing.with(|all| {
        let names = all.order().iter().map(|number| all.get(*number));
        names.filter_map(|name| selection.selected.get(name).cloned()).collect()
    })
}
