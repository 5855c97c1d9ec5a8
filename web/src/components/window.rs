//! A tree or a grid of any length, of which only the rows on screen exist.

use std::{mem, rc::Rc};

use gloo_events::EventListener;
use web_sys::HtmlElement;
use yew::{
    prelude::*,
    virtual_dom::{Key, VNode},
};

use crate::browser::{
    entry_state::{entry, read, write},
    scroll::{is_at, use_cleared_by_input},
};

/// Rows beyond the edges, so that a quick scroll does not show gaps.
const MARGIN: usize = 8;
/// CSS pixels of all rows together, at most: Firefox draws no element of more than 17.8 million, Chromium none of more than
/// 33.5 million. The rows of longer lists pass by faster than one scrolls.
const HEIGHT_MAX: f64 = 16e6;
/// CSS pixels of what is not rows, at most.
const REST_MAX: f64 = 400.0;

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
    /// Draws a row: one element with the attribute `data-row` and a key. All rows are of one height.
    pub row: Callback<usize, Html>,
    /// The row of column names.
    #[prop_or_default]
    pub head: Html,
    /// A key is pressed.
    pub onkeydown: Callback<KeyboardEvent>,
    /// Receives the rows on screen: the first, and the one behind the last.
    #[prop_or_default]
    pub onview: Callback<(usize, usize)>,
}

/// The part in sight, in CSS pixels.
#[derive(Clone, Copy, PartialEq)]
struct View {
    top: i32,
    height: i32,
    row: i32,
    /// The height of what is not rows: the column names, and what stands around them.
    rest: i32,
}

impl View {
    /// Returns the height that all rows would have.
    fn rows(self, count: usize) -> f64 {
        count as f64 * f64::from(self.row)
    }

    /// Returns how many pixels of rows pass by for one of scrolling.
    fn pace(self, count: usize) -> f64 {
        let rest = f64::from(self.rest - self.height);
        let rows = self.rows(count);
        if rows <= HEIGHT_MAX { 1.0 } else { (rows + rest) / (HEIGHT_MAX + rest) }
    }

    /// Returns the rows in sight: the first, and the one behind the last.
    fn in_sight(self, count: usize) -> (usize, usize) {
        let top = f64::from(self.top) * self.pace(count);
        let at = |pixels: f64| (pixels / f64::from(self.row)) as usize;
        (at(top).min(count), (at(top + f64::from(self.height)) + 1).min(count))
    }

    /// Returns where row `at` is to be drawn so that it is in its place while one scrolls.
    fn place(self, at: usize, count: usize) -> f64 {
        let top = f64::from(self.top);
        at as f64 * f64::from(self.row) - top * self.pace(count) + top
    }
}

/// The rows that are drawn, by the keys that the page gives them, and the keys by which their elements are found again. Rows that come
/// into sight take over the elements of rows that leave it, in place where all are others: that costs less than to make and to move
/// elements.
#[derive(Default)]
struct Drawn {
    rows: Vec<(Key, usize)>,
    active: Option<Key>,
    next: usize,
}

impl Drawn {
    /// Gives rows the keys of their elements. `active` is the one that the keyboard is at; no other row takes over its elements: what
    /// has the focus in it is gone with it.
    fn turn_to(&mut self, rows: &mut [Html], active: Option<usize>) {
        let before = mem::take(&mut self.rows);
        let keys: Vec<Key> = rows.iter().filter_map(|row| row.key().cloned()).collect();
        let is_left = |key: &Key| !keys.contains(key) && Some(key) != self.active.as_ref();
        let mut left = before.iter().filter(|(key, _)| is_left(key)).map(|(_, elements)| *elements);
        let elements = keys.iter().map(|key| {
            let known = before.iter().find(|(known, _)| known == key).map(|(_, elements)| *elements);
            known.or_else(|| left.next()).unwrap_or_else(|| {
                self.next += 1;
                self.next
            })
        });
        self.rows = keys.iter().cloned().zip(elements).collect();
        self.active = active.and_then(|at| keys.get(at).cloned());
        for (row, (_, elements)) in rows.iter_mut().zip(&self.rows) {
            if let VNode::VTag(row) = row {
                Rc::make_mut(row).key = Some(Key::from(*elements));
            }
        }
    }
}

/// A tree or a grid of any length. The focus stays on the whole; the row that the keyboard is at is named by it.
#[component]
pub fn Window(props: &Props) -> Html {
    let place = use_node_ref();
    let (view, look) = use_view(&place, props.count);
    let remember = use_kept_scroll(&props.id, &place, props.count);
    use_active_in_sight(&place, view, props.count, props.active);
    let count = props.count;
    let seen = view.in_sight(count);
    let (mut first, last) = (seen.0.saturating_sub(MARGIN), (seen.1 + MARGIN).min(count));
    // At the start of a list that passes by faster, the rows before those in sight would lie above it.
    while first < last && view.place(first, count) < 0.0 {
        first += 1;
    }
    let above = view.place(first, count).round();
    let height = (last - first) as f64 * f64::from(view.row);
    let below = view.rows(count).min(HEIGHT_MAX) - above - height;
    let drawn = use_mut_ref(Drawn::default);
    let mut rows: Vec<Html> = (first..last).map(|at| props.row.emit(at)).collect();
    drawn.borrow_mut().turn_to(&mut rows, props.active.checked_sub(first));
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
                { space(above) }
                { rows.into_iter().collect::<Html>() }
                { space(below) }
            </div>
        </div>
    }
}

/// Looks at the part in sight. Returns it, and the callback that looks again.
#[hook]
fn use_view(place: &NodeRef, count: usize) -> (View, Callback<()>) {
    let view = use_state_eq(|| View { top: 0, height: 800, row: 40, rest: 0 });
    // A listener outlives the drawing that it was made in.
    let drawn = use_mut_ref(|| 0);
    *drawn.borrow_mut() = count;
    let look = {
        let (place, view, drawn) = (place.clone(), view.setter(), Rc::clone(&drawn));
        Callback::from(move |()| {
            let Some(place) = place.cast::<HtmlElement>() else { return };
            let row = place.query_selector("[data-row]").ok().flatten();
            let row = row.map_or(40, |row| row.client_height()).max(16);
            let seen = View { top: place.scroll_top(), height: place.client_height(), row, rest: 0 };
            let rest = f64::from(place.scroll_height()) - seen.rows(*drawn.borrow()).min(HEIGHT_MAX);
            view.set(View { rest: rest.clamp(0.0, REST_MAX) as i32, ..seen });
        })
    };
    {
        // A row is measured once there is one.
        let look = look.clone();
        use_effect_with(count > 0, move |_| {
            look.emit(());
            let listener =
                web_sys::window().map(|window| EventListener::new(&window, "resize", move |_| look.emit(())));
            move || drop(listener)
        });
    }
    (*view, look)
}

/// Scrolls to the row that the keyboard has come to.
#[hook]
fn use_active_in_sight(place: &NodeRef, view: View, count: usize, active: usize) {
    let place = place.clone();
    use_effect_with(active, move |active| {
        if let Some(place) = place.cast::<HtmlElement>() {
            let view = View { top: place.scroll_top(), height: place.client_height(), ..view };
            let pace = view.pace(count);
            let (top, seen) = (*active as f64 * f64::from(view.row), f64::from(view.top) * pace);
            let room = f64::from(view.height - 2 * view.row);
            if top < seen {
                place.set_scroll_top((top / pace).floor() as i32);
            } else if top > seen + room {
                place.set_scroll_top(((top - room) / pace).ceil() as i32);
            }
        }
    });
}

/// Scrolls to where the history entry was left, once there are so many rows, unless somebody does something else before. Returns the
/// callback that keeps the place.
#[hook]
fn use_kept_scroll(id: &str, place: &NodeRef, count: usize) -> Callback<()> {
    let name = format!("scroll {id}");
    let entry = use_memo((), |()| entry());
    let wanted = use_memo((), |()| read::<i32>(&entry, &name));
    let is_going = use_cleared_by_input(wanted.is_some());
    {
        let (place, is_going) = (place.clone(), Rc::clone(&is_going));
        use_effect_with(count, move |_| {
            let wanted = wanted.filter(|_| is_going.get());
            let (Some(top), Some(place)) = (wanted, place.cast::<HtmlElement>()) else { return };
            place.set_scroll_top(top);
            is_going.set(!is_at(place.scroll_top().into(), top.into()));
        });
    }
    let place = place.clone();
    Callback::from(move |()| {
        if let Some(place) = place.cast::<HtmlElement>().filter(|_| !is_going.get()) {
            write(&entry, &name, &place.scroll_top());
        }
    })
}

/// Room as high as rows that are not drawn, in CSS pixels.
fn space(height: f64) -> Html {
    let height = height.max(0.0) as u32;
    html! { <svg class="window__space" width="1" height={height.to_string()} aria-hidden="true" /> }
}

#[cfg(test)]
mod tests {
    use super::{Drawn, HEIGHT_MAX, View};
    use yew::prelude::*;

    #[test]
    fn rows_that_come_take_over_what_rows_that_leave_had() {
        let mut drawn = Drawn::default();
        let mut elements = |rows: &[usize], active| {
            let mut rows: Vec<Html> = rows.iter().map(|row| html! { <div key={*row} /> }).collect();
            drawn.turn_to(&mut rows, active);
            let keys: Vec<_> = rows.iter().map(|row| row.key().unwrap().to_string()).collect();
            keys.join(" ")
        };
        assert_eq!(elements(&[0, 1, 2, 3, 4], Some(0)), "1 2 3 4 5");
        assert_eq!(
            elements(&[2, 3, 4, 5, 6], None),
            "3 4 5 2 6",
            "none takes over what the row of the keyboard had"
        );
        assert_eq!(elements(&[5, 4, 3, 2, 6], None), "2 5 4 3 6", "in another order, each keeps its own");
        assert_eq!(elements(&[100, 101, 102, 103], None), "2 5 4 3", "nothing moves where all are others");
        assert_eq!(elements(&[98, 99, 100, 101, 102], Some(4)), "3 7 2 5 4");
        assert_eq!(elements(&[0, 1, 2, 3, 4], Some(9)), "3 7 2 5 8");
        assert_eq!(elements(&[], None), "");
        assert_eq!(elements(&[0, 1], None), "9 10");
    }

    #[test]
    fn every_row_of_a_list_of_any_length_comes_into_sight_in_its_place() {
        for count in [1_usize, 20, 1_000, 390_000, 1_000_000, 40_000_000] {
            let (height, row, rest) = (600, 41, 55);
            let all = (count as f64 * f64::from(row)).min(HEIGHT_MAX);
            let end = (all + f64::from(rest - height)).max(0.0) as i32;
            let view = |top| View { top, height, row, rest };
            assert_eq!(view(0).in_sight(count).0, 0);
            assert_eq!(view(end).in_sight(count).1, count, "{count} rows");
            for top in [0, end / 3, end / 2, end] {
                let view = view(top);
                let (first, last) = view.in_sight(count);
                let (begin, past) = (view.place(first, count), view.place(last, count));
                assert!(begin <= f64::from(top), "{count} rows, {top}: no gap above");
                assert!(begin > f64::from(top - row) - 0.001, "{count} rows, {top}: no row out of sight");
                assert!(past >= f64::from(top + height).min(all) - 1.0, "{count} rows, {top}: no gap below");
            }
        }
    }
}
