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

/// The folded brackets of `text`, which the history entry keeps under `name`. Another text begins as its entry left it.
#[hook]
pub fn use_folds(text: &AttrValue, name: &str) -> Folds {
    let name = format!("folds {name}");
    let first = use_memo((), |()| kept(&name, text));
    let depth = use_state_eq(|| first.0);
    let folded = use_state(|| first.1.clone());
    {
        let (folded, depth, name) = (folded.setter(), depth.setter(), name.clone());
        let is_first = use_mut_ref(|| true);
        use_effect_with(text.clone(), move |text| {
            if !is_first.replace(false) {
                let (kept_depth, kept_folds) = kept(&name, text);
                folded.set(kept_folds);
                depth.set(kept_depth);
            }
        });
    }
    {
        let text = text.clone();
        use_effect_with(((*folded).clone(), *depth), move |(folded, depth)| {
            let numbers = [text.len(), *depth].into_iter().chain(folded.iter().map(|line| *line as usize));
            write(&entry(), &name, &Texts(numbers.map(|number| number.to_string()).collect()));
        });
    }
    Folds { folded, depth }
}

/// Returns what the history entry keeps: the depth, and the folded lines. Those of a text of another length are other lines.
fn kept(name: &str, text: &str) -> (usize, BTreeSet<u32>) {
    let Texts(kept) = read(&entry(), name).unwrap_or_default();
    let mut numbers = kept.iter().filter_map(|number| number.parse::<u32>().ok());
    if numbers.next().is_none_or(|length| length as usize != text.len()) {
        return (0, BTreeSet::new());
    }
    let depth = numbers.next().unwrap_or_default() as usize;
    (depth, numbers.collect())
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
