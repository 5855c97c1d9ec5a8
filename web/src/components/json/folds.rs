//! The folded brackets of a text of JSON.

use std::{collections::BTreeSet, rc::Rc};

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::lines::{Line, folded_from};
use crate::text::text;

/// The folded brackets.
#[derive(Clone)]
pub struct Folds {
    /// The numbers of the lines that open them.
    pub folded: UseStateHandle<BTreeSet<u32>>,
    depth: UseStateHandle<usize>,
}

/// The folded brackets of `text`. Another text begins unfolded.
#[hook]
pub fn use_folds(text: &AttrValue) -> Folds {
    let (folded, depth) = (use_state(BTreeSet::<u32>::new), use_state_eq(|| 0_usize));
    {
        let (folded, depth) = (folded.setter(), depth.setter());
        use_effect_with(text.clone(), move |_| {
            folded.set(BTreeSet::new());
            depth.set(0);
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
