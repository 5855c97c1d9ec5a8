//! The search in a text of JSON.

use std::{ops::Range, rc::Rc};

use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::{
    folds::Folds,
    lines::{Line, shown},
};
use crate::{
    components::{icon::Icon, window_lines::LINE},
    state::matches::matches,
    text::text,
};

/// The matches of a search, and the current one.
#[derive(Clone, Default, PartialEq)]
pub struct Matches {
    /// The length of a match in bytes.
    length: usize,
    /// The bytes at which matches begin.
    pub at: Rc<Vec<u32>>,
    current: usize,
}

impl Matches {
    fn new(text: &str, wanted: &str) -> Self {
        let at = matches(text, wanted).map(|at| at as u32).collect();
        Self { length: wanted.len(), at: Rc::new(at), current: 0 }
    }

    /// Returns the matches within a part of the text, each with a flag that is true for the current one.
    pub fn within(&self, part: &Range<usize>) -> impl Iterator<Item = (Range<usize>, bool)> {
        let first = self.at.partition_point(|at| (*at as usize) + self.length <= part.start);
        let current = self.current;
        let end = part.end;
        let length = self.length;
        self.at[first..]
            .iter()
            .enumerate()
            .map(move |(number, at)| (*at as usize..*at as usize + length, first + number == current))
            .take_while(move |(found, _)| found.start < end)
    }
}

/// The search field and its matches.
pub struct Search {
    /// The matches.
    pub found: UseStateHandle<Matches>,
    go: Callback<Matches>,
    text: AttrValue,
}

/// The search in `text`: a match that is folded away is unfolded and scrolled to.
#[hook]
pub fn use_search(text: &AttrValue, all: &Rc<Vec<Line>>, folds: &Folds, place: &NodeRef) -> Search {
    let found = use_state(Matches::default);
    {
        let found = found.setter();
        use_effect_with(text.clone(), move |_| found.set(Matches::default()));
    }
    let go = {
        let (found, folds, all, place) = (found.setter(), folds.clone(), Rc::clone(all), place.clone());
        Callback::from(move |next: Matches| {
            if let Some(at) = next.at.get(next.current) {
                let line = all.partition_point(|line| line.end <= *at) as u32;
                let mut open = (*folds.folded).clone();
                open.retain(|fold| {
                    let closes = all[*fold as usize].closes.unwrap_or_default();
                    !(*fold < line && line < closes)
                });
                let row = shown(&all, &open).partition_point(|number| *number < line);
                folds.set(open, folds.depth());
                scroll_to(&place, row);
            }
            found.set(next);
        })
    };
    Search { found, go, text: text.clone() }
}

impl Search {
    /// Returns the callback that goes `by` matches further.
    fn step(&self, by: isize) -> Callback<()> {
        let (go, found) = (self.go.clone(), (*self.found).clone());
        Callback::from(move |()| {
            let count = found.at.len() as isize;
            if count > 0 {
                let current = (found.current as isize + by).rem_euclid(count) as usize;
                go.emit(Matches { current, ..found.clone() });
            }
        })
    }

    /// The search field, the number of matches, and the buttons that step through them.
    pub fn view(&self) -> Html {
        let oninput = {
            let (go, text) = (self.go.clone(), self.text.clone());
            move |event: InputEvent| {
                if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                    go.emit(Matches::new(&text, &input.value()));
                }
            }
        };
        let (next, previous) = (self.step(1), self.step(-1));
        let onkeydown = {
            let (next, previous) = (next.clone(), previous.clone());
            move |event: KeyboardEvent| {
                // An input method takes what is composed with Enter.
                if event.key() == "Enter" && !event.is_composing() {
                    event.prevent_default();
                    if event.shift_key() { previous.emit(()) } else { next.emit(()) }
                }
            }
        };
        let words = text().inspect();
        let count = match (self.found.length, self.found.at.len()) {
            (0, _) => String::new(),
            (_, 0) => words.search_none.to_owned(),
            (_, all) => (words.search_count)(self.found.current + 1, all),
        };
        html! {
            <>
                <label class="reference-box filter">
                    <span class="visually-hidden">{ words.search }</span>
                    <input type="search" placeholder={words.search} spellcheck="false" {oninput} {onkeydown} data-testid="raw-search" />
                </label>
                <span class="soft" role="status" data-testid="raw-found">{ count }</span>
                if !self.found.at.is_empty() {
                    <button class="icon-button" type="button" aria-label={words.previous} title={words.previous} onclick={previous.reform(|_: MouseEvent| ())}><Icon name="up" /></button>
                    <button class="icon-button" type="button" aria-label={words.next} title={words.next} onclick={next.reform(|_: MouseEvent| ())}><Icon name="down" /></button>
                }
            </>
        }
    }
}

/// Brings a row into view once it is drawn.
fn scroll_to(place: &NodeRef, row: usize) {
    let place = place.clone();
    gloo_timers::callback::Timeout::new(0, move || {
        let Some(place) = place.cast::<HtmlElement>() else { return };
        let lines = place.get_elements_by_class_name("raw__line");
        let height = lines.item(0).map_or(LINE, |line| line.client_height().max(1));
        let top = i32::try_from(row).unwrap_or(i32::MAX / height).saturating_mul(height);
        place.set_scroll_top((top - place.client_height() / 3).max(0));
    })
    .forget();
}
