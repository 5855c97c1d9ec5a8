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
    /// The name under which the history entry keeps them.
    name: AttrValue,
    /// The length of the text in bytes.
    length: usize,
}

/// The folded brackets of `text`, which the history entry keeps under `name`. Another text begins as its entry left it.
#[hook]
pub fn use_folds(text: &AttrValue, name: &str) -> Folds {
    let name = AttrValue::from(format!("folds {name}"));
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
    Folds { folded, depth, name, length: text.len() }
}

/// Returns what the history entry keeps: the depth, and the folded lines. Those of a text of another length are other lines.
fn kept(name: &str, text: &str) -> (usize, BTreeSet<u32>) {
    let Texts(kept) = read(&entry(), name).unwrap_or_default();
    let mut numbers = kept.iter().filter_map(|number| number.parse::<u32>().ok());
    if numbers.next().is_none_or(|length| length as usize != text.len()) {
        return (0, BTreeSet::new());
    }
    let depth = numbers.next().unwrap_or_default() as usize;
    let mut folded = BTreeSet::new();
    folded.extend(numbers);
    (depth, folded)
}

impl Folds {
    /// Folds these brackets. They are kept at once: later, another entry of the history may be shown.
    pub fn set(&self, folded: BTreeSet<u32>, depth: usize) {
        let numbers = [self.length, depth].into_iter().chain(folded.iter().map(|line| *line as usize));
        write(&entry(), &self.name, &Texts(numbers.map(|number| number.to_string()).collect()));
        self.folded.set(folded);
        self.depth.set(depth);
    }

    /// Returns the depth from which on all was folded.
    pub fn depth(&self) -> usize {
        *self.depth
    }

    /// Returns the callback that folds or unfolds the bracket of a line.
    pub fn toggle(&self, number: u32) -> Callback<()> {
        let folds = self.clone();
        Callback::from(move |()| {
            let mut next = (*folds.folded).clone();
            if !next.remove(&number) {
                next.insert(number);
            }
            folds.set(next, folds.depth());
        })
    }

    /// The choice of the depth from which on all is folded.
    pub fn view(&self, all: &Rc<Vec<Line>>) -> Html {
        let onchange = {
            let (folds, all) = (self.clone(), Rc::clone(all));
            move |event: Event| {
                let chosen = event.target_dyn_into::<HtmlSelectElement>();
                let depth = chosen.and_then(|select| select.value().parse::<u32>().ok()).unwrap_or_default();
                let folded = if depth == 0 { BTreeSet::new() } else { folded_from(&all, depth) };
                folds.set(folded, depth as usize);
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
