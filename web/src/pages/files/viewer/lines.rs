//! Lines of a file, of which only those on screen exist.

use std::rc::Rc;

use tallyman_files_worker::{Line, QueryId};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::{
    components::json::LINE,
    format,
    state::files::Files,
    text::{text, use_language},
};

/// Lines that are asked for at once.
const PAGE: usize = 200;
/// Lines beyond the edges.
const MARGIN: usize = 20;

/// Properties of [`Lines`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Access to the files.
    pub files: Files,
    /// The number of the file.
    pub number: QueryId,
    /// The number of lines.
    pub count: usize,
    /// The name, for screen readers.
    pub label: String,
    /// The kind of lines, for tests and styles.
    pub kind: &'static str,
}

/// Lines of a file.
#[component]
pub fn Lines(props: &Props) -> Html {
    use_language();
    let place = use_node_ref();
    let view = use_state_eq(|| (0_i32, 600_i32));
    let onscroll = {
        let (place, view) = (place.clone(), view.setter());
        move |_: Event| {
            if let Some(place) = place.cast::<HtmlElement>() {
                view.set((place.scroll_top(), place.client_height()));
            }
        }
    };
    let (top, height) = *view;
    let at = |pixels: i32| usize::try_from(pixels / LINE).unwrap_or_default();
    let last = (at(top + height) + MARGIN).min(props.count);
    let first = at(top).saturating_sub(MARGIN).min(last);
    let known = use_lines(props, first, last);
    let row = |number: usize| {
        let line = number.checked_sub(known.0).and_then(|at| known.1.get(at));
        html! { <div key={number} class={classes!("raw__line", "code-line")}>{ for line.map(|line| line_view(number, line)) }</div> }
    };
    html! {
        <div ref={place} class={format!("raw raw--long code code--{}", props.kind)} tabindex="0" role="region" aria-label={props.label.clone()} data-testid={format!("file-{}", props.kind)} {onscroll}>
            { space(first) }
            { (first..last).map(row).collect::<Html>() }
            { space(props.count - last) }
        </div>
    }
}

/// The lines around those on screen: the number of the first, and the lines.
#[hook]
fn use_lines(props: &Props, first: usize, last: usize) -> Rc<(usize, Vec<Line>)> {
    let lines = use_state_eq(Rc::<(usize, Vec<Line>)>::default);
    let latest = use_mut_ref(|| 0_usize);
    // Two pages hold whatever is on screen, and change seldom.
    let from = first / PAGE * PAGE;
    let count = (last.saturating_sub(from)).max(1).div_ceil(PAGE) * PAGE + PAGE;
    {
        let lines = lines.setter();
        use_effect_with(
            (props.files.clone(), props.number, from, count),
            move |(files, number, from, count)| {
                let (files, number, from, count) = (files.clone(), *number, *from, *count);
                let request = *latest.borrow() + 1;
                *latest.borrow_mut() = request;
                spawn_local(async move {
                    let found = files.lines(number, from as u32, count as u32).await;
                    if *latest.borrow() == request {
                        lines.set(Rc::new((from, found)));
                    }
                });
            },
        );
    }
    (*lines).clone()
}

fn line_view(number: usize, line: &Line) -> Html {
    let numbered = |number: Option<u32>| {
        html! { <span class="code-line__number" aria-hidden="true">{ for number }</span> }
    };
    match line {
        Line::Text(text) => html! {
            <>{ numbered(Some(number as u32 + 1)) }<span class="code-line__text">{ format::visible(text).into_owned() }</span></>
        },
        Line::Hex(offset, digits, letters) => html! {
            <>
                <span class="code-line__offset">{ offset }</span>
                <span class="code-line__digits">{ digits }</span>
                <span class="code-line__letters">{ letters }</span>
            </>
        },
        Line::Difference(left, right, line) => {
            let words = text().files();
            let (class, sign, name) = match (left, right) {
                (Some(_), None) => ("is-removed", "−", words.line_removed),
                (None, Some(_)) => ("is-added", "+", words.line_added),
                _ => ("", " ", ""),
            };
            html! {
                <span class={classes!("code-line__difference", class)}>
                    { numbered(*left) }{ numbered(*right) }
                    <span class="code-line__sign" aria-hidden="true">{ sign }</span>
                    if !name.is_empty() {
                        <span class="visually-hidden">{ name }{ " " }</span>
                    }
                    <span class="code-line__text">{ format::visible(line).into_owned() }</span>
                </span>
            }
        }
    }
}

/// Room as high as this many lines.
fn space(lines: usize) -> Html {
    let height = i32::try_from(lines).unwrap_or(i32::MAX / LINE).saturating_mul(LINE);
    html! { <svg class="window__space" width="1" height={height.to_string()} aria-hidden="true" /> }
}
