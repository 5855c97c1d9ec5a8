//! The selected tags, kept with the history entry by their names: the numbers of tags are those of one listing.

use std::collections::HashSet;

use yew::prelude::*;

use crate::{
    browser::entry_state::{Texts, use_entry_state},
    components::selection::{Select, Selection},
    state::listing::Listing,
};

/// Keeps the selected tags, and selects them again once they are listed.
#[hook]
pub fn use_kept_selection(listing: &Listing, selection: &UseReducerHandle<Selection>) {
    let kept = use_entry_state::<Texts>("selected");
    let is_restored = use_state_eq(|| kept.0.is_empty());
    {
        let (listing, kept, is_restored) = (listing.clone(), kept.clone(), is_restored.clone());
        let selection = selection.dispatcher();
        use_effect_with(listing.is_complete, move |is_complete| {
            if *is_complete && !*is_restored {
                let names: HashSet<&str> = kept.0.iter().map(String::as_str).collect();
                let count = u32::try_from(listing.len()).unwrap_or(u32::MAX);
                let found = listing
                    .with(|all| (0..count).filter(|number| names.contains(all.get(*number))).collect());
                selection.dispatch(Select::These { numbers: found });
                is_restored.set(true);
            }
        });
    }
    {
        let listing = listing.clone();
        use_effect_with(selection.selected.clone(), move |selected| {
            if *is_restored {
                kept.set(Texts(selected.iter().map(|number| listing.name(*number)).collect()));
            }
        });
    }
}
