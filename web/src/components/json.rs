//! JSON as it came, byte for byte: with colours, links, folding and search, however long it is.

mod folds;
mod lines;
mod search;
mod tokens;

use std::{ops::Range, rc::Rc};

use tallyman_core::Reference;
use web_sys::HtmlElement;
use yew::prelude::*;

use super::{copy::Copy, icon::Icon};
use crate::{
    format::visible,
    text::{text, use_language},
};
use folds::use_folds;
use lines::{Line, lines, shown};
use search::{Found, use_search};
use tokens::{Link, Sort, link, tokens};

/// The number of lines from which on only those on screen exist.
const WHOLE_MAX: usize = 1500;
/// Height of a line in CSS pixels where only those on screen exist; the style sheet says the same.
pub const LINE: i32 = 20;
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

/// JSON as it came: every byte in its place, whatever its fields mean.
#[component]
pub fn Json(props: &Props) -> Html {
    use_language();
    let place = use_node_ref();
    let wraps = use_state_eq(|| false);
    let all = use_memo(props.text.clone(), |text| lines(text));
    let folds = use_folds(&props.text, &props.testid);
    let search = use_search(&props.text, &all, &folds, &place);
    let view = use_state_eq(|| (0_i32, 700_i32));
    let visible = use_memo((Rc::clone(&all), (*folds.folded).clone()), |(all, folded)| shown(all, folded));
    let is_long = visible.len() > WHOLE_MAX;
    let onscroll = {
        let (place, view) = (place.clone(), view.setter());
        move |_: Event| {
            if let Some(place) = place.cast::<HtmlElement>() {
                view.set((place.scroll_top(), place.client_height()));
            }
        }
    };
    let wrap = {
        let wraps = wraps.clone();
        move |_: MouseEvent| wraps.set(!*wraps)
    };
    let (first, last) = if is_long { in_sight(*view, visible.len()) } else { (0, visible.len()) };
    let row = |number: &u32| {
        let line = all[*number as usize];
        let fold = line.closes.map(|_| (folds.folded.contains(number), folds.toggle(*number)));
        line_view(props, &line, &search.found, fold)
    };
    let words = text().inspect();
    html! {
        <>
            <div class="raw__tools">
                { search.view() }
                <span class="raw__space" />
                { folds.view(&all) }
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
                { visible[first..last].iter().map(row).collect::<Html>() }
                { space(visible.len() - last) }
            </div>
        </>
    }
}

/// Returns the first line in sight and the one behind the last, of lines of one height.
fn in_sight((top, height): (i32, i32), count: usize) -> (usize, usize) {
    let at = |pixels: i32| usize::try_from(pixels / LINE).unwrap_or_default();
    let last = (at(top + height) + MARGIN).min(count);
    (at(top).saturating_sub(MARGIN).min(last), last)
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

/// Room as high as this many lines.
fn space(lines: usize) -> Html {
    if lines == 0 {
        return html! {};
    }
    let height = i32::try_from(lines).unwrap_or(i32::MAX / LINE).saturating_mul(LINE);
    html! { <svg class="window__space" width="1" height={height.to_string()} aria-hidden="true" /> }
}
