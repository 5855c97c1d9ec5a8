//! The folded brackets of a text of JSON.

use std::{collections::BTreeSet, rc::Rc};

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::lines::{Line, folded_from};
use crate::{
    browser::entry_state::{Texts, entry, read, write},
    text::text,
};

/// The folded brackets.
#[derive(Clone)]
pub struct Folds {
    /// The numbers of the lines that open them.
    pub folded: UseStateHandle<BTreeSet<u32>>,
    depth: UseStateHandle<usize>,
}

/// The folded brackets of `text`, which the history entry keeps under `name`. Another text begins unfolded.
#[hook]
pub fn use_folds(text: &AttrValue, name: &str) -> Folds {
    let entry = use_memo((), |()| entry());
    let name = format!("folds {name}");
    // Lines of a text of another length are other lines.
    let kept = use_memo((), |()| {
        let Texts(kept) = read(&entry, &name).unwrap_or_default();
        let mut numbers = kept.iter().filter_map(|number| number.parse::<u32>().ok());
        let is_of_text = numbers.next().is_some_and(|length| length as usize == text.len());
        if is_of_text { numbers.collect::<Vec<_>>() } else { Vec::new() }
    });
    let depth = use_state_eq(|| kept.first().map_or(0, |depth| *depth as usize));
    let folded = use_state(|| kept.iter().skip(1).copied().collect::<BTreeSet<u32>>());
    {
        let (folded, depth) = (folded.setter(), depth.setter());
        let is_first = use_mut_ref(|| true);
        use_effect_with(text.clone(), move |_| {
            if !is_first.replace(false) {
                folded.set(BTreeSet::new());
                depth.set(0);
            }
        });
    }
    {
        let text = text.clone();
        use_effect_with(((*folded).clone(), *depth), move |(folded, depth)| {
            let numbers = [text.len(), *depth].into_iter().chain(folded.iter().map(|line| *line as usize));
            write(&entry, &name, &Texts(numbers.map(|number| number.to_string()).collect()));
        });
    }
    Folds { folded, depth }
}

impl Folds {
    /// Returns the callback that folds or unfolds the bracket of a line.
    pub fn toggle(&self, number: u32) -> Callback<()> {
        let folded = self.folded.clone();
        Callback::from(move |()| {
            let mut next = (*folded).clone();
            if !next.remove(&number) {
                next.insert(number);
            }
            folded.set(next);
        })
    }

    /// The choice of the depth from which on all is folded.
    pub fn view(&self, all: &Rc<Vec<Line>>) -> Html {
        let onchange = {
            let (folded, all, fold_depth) = (self.folded.setter(), Rc::clone(all), self.depth.setter());
            move |event: Event| {
                let chosen = event.target_dyn_into::<HtmlSelectElement>();
                let depth = chosen.and_then(|select| select.value().parse::<u32>().ok()).unwrap_or_default();
                fold_depth.set(depth as usize);
                folded.set(if depth == 0 { BTreeSet::new() } else { folded_from(&all, depth) });
            }
        };
        let words = text().inspect();
        html! {
            <select class="language" aria-label={words.fold} {onchange} data-testid="raw-fold">
                { for words.fold_levels.into_iter().enumerate().map(|(depth, label)| html! { <option value={depth.to_string()} selected={depth == *self.depth}>{ label }</option> }) }
            </select>
        }
    }
}
