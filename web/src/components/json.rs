//! JSON as it came, byte for byte: with colours, links, folding and search, however long it is.

mod lines;
mod tokens;

use std::{collections::BTreeSet, ops::Range, rc::Rc};

use tallyman_core::Reference;
use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;
use yew_router::Routable;

use super::{copy::Copy, icon::Icon};
use crate::{format::visible, text::text};
use lines::{Line, folded_from, lines, shown};
use tokens::{Link, Sort, link, tokens};

/// From this many lines on, only those on screen exist.
const WHOLE_MAX: usize = 1500;
/// Height of a line in CSS pixels where only those on screen exist; the style sheet says the same.
const LINE: i32 = 20;
/// Lines beyond the edges.
const MARGIN: usize = 20;

/// Properties of [`Json`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The name, for screen readers.
    pub label: AttrValue,
    /// The text, exactly as it is.
    pub text: AttrValue,
    /// The repository in which digests lead somewhere.
    pub around: Rc<Reference>,
    /// Its name for tests.
    pub testid: AttrValue,
}

/// The matches of a search, and the current one.
#[derive(Clone, Default, PartialEq)]
struct Found {
    length: usize,
    at: Rc<Vec<u32>>,
    current: usize,
}

impl Found {
    fn new(text: &str, wanted: &str) -> Self {
        let wanted = wanted.as_bytes();
        let mut at = Vec::new();
        if let Some(first) = wanted.first() {
            let bytes = text.as_bytes();
            for start in 0..(bytes.len() + 1).saturating_sub(wanted.len()) {
                if bytes[start].eq_ignore_ascii_case(first)
                    && bytes[start..start + wanted.len()].eq_ignore_ascii_case(wanted)
                {
                    at.push(start as u32);
                }
            }
        }
        Self { length: wanted.len(), at: Rc::new(at), current: 0 }
    }

    /// Returns the matches within a part of the text, each with a flag that is true for the current one.
    fn within(&self, part: &Range<usize>) -> impl Iterator<Item = (Range<usize>, bool)> {
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

/// JSON as it came: every byte in its place, whatever its fields mean.
#[component]
pub fn Json(props: &Props) -> Html {
    let words = text().inspect();
    let place = use_node_ref();
    let wraps = use_state_eq(|| false);
    let folded = use_state(BTreeSet::<u32>::new);
    let fold_depth = use_state_eq(|| 0_usize);
    let found = use_state(Found::default);
    let view = use_state_eq(|| (0_i32, 700_i32));
    let all = use_memo(props.text.clone(), |text| lines(text));
    let visible = use_memo((Rc::clone(&all), (*folded).clone()), |(all, folded)| shown(all, folded));
    let is_long = visible.len() > WHOLE_MAX;
    {
        // Another text begins unfolded and unsearched.
        let (folded, found, fold_depth) = (folded.setter(), found.setter(), fold_depth.setter());
        use_effect_with(props.text.clone(), move |_| {
            folded.set(BTreeSet::new());
            fold_depth.set(0);
            found.set(Found::default());
        });
    }
    let onscroll = {
        let (place, view) = (place.clone(), view.setter());
        move |_: Event| {
            if let Some(place) = place.cast::<HtmlElement>() {
                view.set((place.scroll_top(), place.client_height()));
            }
        }
    };
    let go = {
        let (found, folded, all, place) = (found.clone(), folded.clone(), Rc::clone(&all), place.clone());
        Callback::from(move |next: Found| {
            if let Some(at) = next.at.get(next.current) {
                let line = all.partition_point(|line| line.end <= *at) as u32;
                let mut open = (*folded).clone();
                open.retain(|fold| {
                    let closes = all[*fold as usize].closes.unwrap_or_default();
                    !(*fold < line && line < closes)
                });
                let row = shown(&all, &open).partition_point(|number| *number < line);
                folded.set(open);
                scroll_to(&place, row);
            }
            found.set(next);
        })
    };
    let oninput = {
        let (go, text) = (go.clone(), props.text.clone());
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                go.emit(Found::new(&text, &input.value()));
            }
        }
    };
    let step = |by: isize| {
        let (go, found) = (go.clone(), (*found).clone());
        move || {
            let count = found.at.len() as isize;
            if count > 0 {
                let current = (found.current as isize + by).rem_euclid(count) as usize;
                go.emit(Found { current, ..found.clone() });
            }
        }
    };
    let (next, previous) = (step(1), step(-1));
    let onkeydown = {
        let (next, previous) = (next.clone(), previous.clone());
        move |event: KeyboardEvent| {
            if event.key() == "Enter" {
                event.prevent_default();
                if event.shift_key() { previous() } else { next() }
            }
        }
    };
    let onfold = {
        let (folded, all, fold_depth) = (folded.setter(), Rc::clone(&all), fold_depth.setter());
        move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>();
            let depth = chosen.and_then(|select| select.value().parse::<u32>().ok()).unwrap_or_default();
            fold_depth.set(depth as usize);
            folded.set(if depth == 0 { BTreeSet::new() } else { folded_from(&all, depth) });
        }
    };
    let wrap = {
        let wraps = wraps.clone();
        move |_: MouseEvent| wraps.set(!*wraps)
    };
    let (first, last) = if is_long {
        let at = |pixels: i32| usize::try_from(pixels / LINE).unwrap_or_default();
        let (top, height) = *view;
        let last = (at(top + height) + MARGIN).min(visible.len());
        (at(top).saturating_sub(MARGIN).min(last), last)
    } else {
        (0, visible.len())
    };
    let row = |number: &u32| {
        let line = all[*number as usize];
        let toggle = {
            let (folded, number) = (folded.clone(), *number);
            Callback::from(move |()| {
                let mut next = (*folded).clone();
                if !next.remove(&number) {
                    next.insert(number);
                }
                folded.set(next);
            })
        };
        line_view(props, &line, &found, line.closes.map(|_| (folded.contains(number), toggle)))
    };
    let said = match (found.length, found.at.len()) {
        (0, _) => String::new(),
        (_, 0) => words.search_none.to_owned(),
        (_, all) => (words.search_count)(found.current + 1, all),
    };
    html! {
        <>
            <div class="raw__tools">
                <label class="reference-box filter">
                    <span class="visually-hidden">{ words.search }</span>
                    <input type="search" placeholder={words.search} spellcheck="false" {oninput} {onkeydown} data-testid="raw-search" />
                </label>
                <span class="soft" role="status" data-testid="raw-found">{ said }</span>
                if !found.at.is_empty() {
                    <button class="icon-button" type="button" aria-label={words.previous} title={words.previous} onclick={move |_| previous()}><Icon name="up" /></button>
                    <button class="icon-button" type="button" aria-label={words.next} title={words.next} onclick={move |_| next()}><Icon name="down" /></button>
                }
                <span class="raw__space" />
                <select class="language" aria-label={words.fold} onchange={onfold} data-testid="raw-fold">
                    { for words.fold_levels.into_iter().enumerate().map(|(depth, label)| html! { <option value={depth.to_string()} selected={depth == *fold_depth}>{ label }</option> }) }
                </select>
                if !is_long {
                    <button class="button" type="button" aria-pressed={wraps.to_string()} onclick={wrap}><Icon name="wrap" />{ words.wrap }</button>
                }
                <Copy text={props.text.clone()} what={text().controls().text} />
            </div>
            <div
                ref={place}
                class={classes!("raw", wraps.then_some("raw--wrap"), is_long.then_some("raw--long"))}
                tabindex="0"
                role="region"
                aria-label={props.label.clone()}
                data-testid={props.testid.clone()}
                {onscroll}
            >
                { space(first) }
                { for visible[first..last].iter().map(row) }
                { space(visible.len() - last) }
            </div>
        </>
    }
}

/// One line: what folds it, and its pieces. The line break is in the text, as everything else is.
fn line_view(props: &Props, line: &Line, found: &Found, fold: Option<(bool, Callback<()>)>) -> Html {
    let (start, end) = (line.start as usize, line.end as usize);
    let is_folded = fold.as_ref().is_some_and(|(is_folded, _)| *is_folded);
    let pieces = tokens(&props.text[start..end]).into_iter().map(|(sort, range)| {
        let range = start + range.start..start + range.end;
        piece(props, sort, &range, found)
    });
    html! {
        <div key={start} class={classes!("raw__line", is_folded.then_some("is-folded"))}>
            if let Some((is_folded, toggle)) = fold {
                <button
                    type="button"
                    class="raw__fold"
                    tabindex="-1"
                    aria-label={text().inspect().toggle}
                    aria-expanded={(!is_folded).to_string()}
                    onclick={move |_: MouseEvent| toggle.emit(())}
                />
            }
            if line.is_broken {
                { for (0..line.depth).map(|_| html! { <span class="raw__indent" /> }) }
            }
            { for pieces }
        </div>
    }
}

fn piece(props: &Props, sort: Sort, range: &Range<usize>, found: &Found) -> Html {
    let marked = marked(&props.text, range, found);
    let class = match sort {
        Sort::Plain => return marked,
        Sort::Key => "key",
        Sort::String => "string",
        Sort::Number => "number",
    };
    let link = if sort == Sort::String { link(&props.text[range.clone()], &props.around) } else { None };
    match link {
        Some(Link::Page(route)) => {
            html! { <a {class} href={format!("#{}", route.to_path())}>{ marked }</a> }
        }
        Some(Link::Web(address)) => {
            html! { <a {class} href={address} target="_blank" rel="noreferrer noopener">{ marked }</a> }
        }
        None => html! { <span {class}>{ marked }</span> },
    }
}

/// A part of the text, what was searched for marked in it.
fn marked(text: &str, range: &Range<usize>, found: &Found) -> Html {
    if found.at.is_empty() {
        return html! { visible(&text[range.clone()]).into_owned() };
    }
    let mut parts = Vec::new();
    let mut at = range.start;
    for (hit, is_current) in found.within(range) {
        let (from, to) = (hit.start.max(at), hit.end.min(range.end));
        if !text.is_char_boundary(from) || !text.is_char_boundary(to) || from >= to {
            continue;
        }
        parts.push(html! { visible(&text[at..from]).into_owned() });
        parts.push(
            html! { <mark class={is_current.then_some("is-current")}>{ visible(&text[from..to]).into_owned() }</mark> },
        );
        at = to;
    }
    parts.push(html! { visible(&text[at..range.end]).into_owned() });
    parts.into_iter().collect()
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

/// As much room as this many lines would take.
fn space(lines: usize) -> Html {
    if lines == 0 {
        return html! {};
    }
    let height = i32::try_from(lines).unwrap_or(i32::MAX / LINE).saturating_mul(LINE);
    html! { <svg class="window__space" width="1" height={height.to_string()} aria-hidden="true" /> }
}
