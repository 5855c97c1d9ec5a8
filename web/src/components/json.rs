//! JSON as it came, byte for byte: with colours, links, folding and search, however long it is.

mod folds;
mod lines;
mod search;
mod tokens;

use std::{ops::Range, rc::Rc};

use tallyman_core::Reference;
use yew::prelude::*;

use super::{
    copy::Copy,
    icon::Icon,
    window_lines::{Spacer, height_of, use_window_lines},
};
use crate::{
    format::visible,
    text::{text, use_language},
};
use folds::use_folds;
use lines::{Line, lines, shown};
use search::{Matches, use_search};
use tokens::{Link, Sort, link, tokens};

/// The number of lines from which on only those on screen exist.
const WHOLE_MAX: usize = 1500;

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
    let visible = use_memo((Rc::clone(&all), (*folds.folded).clone()), |(all, folded)| shown(all, folded));
    let is_long = visible.len() > WHOLE_MAX;
    let (in_sight, onscroll) = use_window_lines(&place, visible.len());
    let drawn = if is_long { in_sight } else { 0..visible.len() };
    let wrap = {
        let wraps = wraps.clone();
        move |_: MouseEvent| wraps.set(!*wraps)
    };
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
                <Spacer height={height_of(drawn.start)} />
                { visible[drawn.clone()].iter().map(row).collect::<Html>() }
                <Spacer height={height_of(visible.len() - drawn.end)} />
            </div>
        </>
    }
}

/// One line: what folds it, and its pieces. The line break is in the text, as everything else is.
fn line_view(props: &Props, line: &Line, found: &Matches, fold: Option<(bool, Callback<()>)>) -> Html {
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

fn piece(props: &Props, sort: Sort, range: &Range<usize>, found: &Matches) -> Html {
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
fn marked(text: &str, range: &Range<usize>, found: &Matches) -> Html {
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
