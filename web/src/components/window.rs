//! A tree or a grid of any length, of which only the rows on screen exist.

use gloo_events::EventListener;
use web_sys::HtmlElement;
use yew::prelude::*;

use crate::browser::entry_state::{entry, read, write};

/// Rows beyond the edges, so that a quick scroll does not show gaps.
const MARGIN: usize = 8;

/// The role of the rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Items with levels: rows have `role="treeitem"`.
    Tree,
    /// Rows with cells, several of which can be picked: rows have `role="row"`.
    Grid,
    /// Rows with cells and levels: rows have `role="row"`.
    TreeGrid,
}

/// Properties of [`Window`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Rows are `{id}-{number}`.
    pub id: AttrValue,
    /// The name, for screen readers.
    pub label: AttrValue,
    /// The role of the rows.
    pub shape: Shape,
    /// The number of rows.
    pub count: usize,
    /// The row that the keyboard is at.
    pub active: usize,
    /// Draws a row: one element with the attribute `data-row`. All rows are of one height.
    pub row: Callback<usize, Html>,
    /// The row of column names.
    #[prop_or_default]
    pub head: Html,
    /// A key is pressed.
    pub onkeydown: Callback<KeyboardEvent>,
    /// Which rows are on screen: the first, and the one behind the last.
    #[prop_or_default]
    pub onview: Callback<(usize, usize)>,
}

/// The part in sight, in CSS pixels.
#[derive(Clone, Copy, PartialEq)]
struct View {
    top: i32,
    height: i32,
    row: i32,
}

/// A tree or a grid of any length. The focus stays on the whole; the row that the keyboard is at is named by it.
#[component]
pub fn Window(props: &Props) -> Html {
    let place = use_node_ref();
    let view = use_state_eq(|| View { top: 0, height: 800, row: 40 });
    let look = {
        let (place, view) = (place.clone(), view.setter());
        Callback::from(move |()| {
            let Some(place) = place.cast::<HtmlElement>() else { return };
            let row = place.query_selector("[data-row]").ok().flatten();
            let row = row.map_or(40, |row| row.client_height()).max(16);
            view.set(View { top: place.scroll_top(), height: place.client_height(), row });
        })
    };
    {
        // A row is measured once there is one.
        let look = look.clone();
        use_effect_with(props.count > 0, move |_| {
            look.emit(());
            let listener =
                web_sys::window().map(|window| EventListener::new(&window, "resize", move |_| look.emit(())));
            move || drop(listener)
        });
    }
    let remember = use_kept_scroll(&props.id, &place, props.count);
    {
        let (place, row) = (place.clone(), view.row);
        use_effect_with(props.active, move |active| {
            if let Some(place) = place.cast::<HtmlElement>() {
                let top = i32::try_from(*active).unwrap_or(i32::MAX / row).saturating_mul(row);
                let room = place.client_height() - 2 * row;
                if top < place.scroll_top() {
                    place.set_scroll_top(top);
                } else if top > place.scroll_top() + room {
                    place.set_scroll_top(top - room);
                }
            }
        });
    }
    let View { top, height, row } = *view;
    let at = |pixels: i32| usize::try_from(pixels / row).unwrap_or_default();
    let seen = (at(top).min(props.count), (at(top + height) + 1).min(props.count));
    let (first, last) = (seen.0.saturating_sub(MARGIN), (seen.1 + MARGIN).min(props.count));
    {
        let onview = props.onview.clone();
        use_effect_with((seen, props.count), move |(seen, _)| onview.emit(*seen));
    }
    let onscroll = move |_: Event| {
        look.emit(());
        remember.emit(());
    };
    let role = match props.shape {
        Shape::Tree => "tree",
        Shape::Grid => "grid",
        Shape::TreeGrid => "treegrid",
    };
    let has_cells = props.shape != Shape::Tree;
    let active = (first..last).contains(&props.active).then(|| format!("{}-{}", props.id, props.active));
    html! {
        <div ref={place} class="window" {onscroll}>
            <div
                {role}
                class="window__rows"
                tabindex="0"
                aria-label={props.label.clone()}
                aria-rowcount={has_cells.then(|| (props.count + 1).to_string())}
                aria-multiselectable={(props.shape == Shape::Grid).then_some("true")}
                aria-activedescendant={active}
                onkeydown={props.onkeydown.clone()}
                data-testid={props.id.clone()}
            >
                { props.head.clone() }
                { space(first, row) }
                { for (first..last).map(|at| props.row.emit(at)) }
                { space(props.count - last, row) }
            </div>
        </div>
    }
}

/// Scrolls to where the history entry was left, once there are so many rows. Returns the callback that keeps the place.
#[hook]
fn use_kept_scroll(id: &str, place: &NodeRef, count: usize) -> Callback<()> {
    let name = format!("scroll {id}");
    let entry = use_memo((), |()| entry());
    let wanted = use_mut_ref(|| read::<i32>(&entry, &name));
    {
        let (place, wanted) = (place.clone(), std::rc::Rc::clone(&wanted));
        use_effect_with(count, move |_| {
            let (Some(top), Some(place)) = (*wanted.borrow(), place.cast::<HtmlElement>()) else { return };
            place.set_scroll_top(top);
            if place.scroll_top() == top {
                *wanted.borrow_mut() = None;
            }
        });
    }
    let place = place.clone();
    Callback::from(move |()| {
        if let Some(place) = place.cast::<HtmlElement>().filter(|_| wanted.borrow().is_none()) {
            write(&entry, &name, &place.scroll_top());
        }
    })
}

/// As much room as this many rows would take.
fn space(rows: usize, row: i32) -> Html {
    let height = i32::try_from(rows).unwrap_or(i32::MAX / row).saturating_mul(row);
    html! { <svg class="window__space" width="1" height={height.to_string()} aria-hidden="true" /> }
}
