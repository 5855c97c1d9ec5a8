//! The keyboard of trees and grids.

use web_sys::{Element, Event};
use yew::prelude::*;

/// Rows that Page Up and Page Down move by.
const PAGE: usize = 12;

/// A key press as a tree or a grid understands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridKey {
    /// An arrow, Home, End or a Page key: the row it leads to. `extend` is true with Shift.
    Go {
        /// The row.
        to: usize,
        /// True if the selection is extended to it.
        extend: bool,
    },
    /// The left arrow.
    Left,
    /// The right arrow.
    Right,
    /// Enter.
    Open,
    /// The space bar.
    Toggle,
    /// Ctrl or Cmd with A.
    All,
    /// Escape.
    Clear,
}

/// Returns `true` if an event is that of a link or a button in a row, which acts on it by itself.
pub fn is_of_control(event: &Event) -> bool {
    let target = event.target_dyn_into::<Element>();
    target.is_some_and(|target| target.closest("a[href], button").is_ok_and(|control| control.is_some()))
}

/// Returns a listener that passes the keys of a table with `count` rows to `on`, but for those that links and buttons in the rows act
/// on. The browser does not act on a key for which `on` returns `true`.
pub fn grid_keys(
    active: usize,
    count: usize,
    on: impl Fn(GridKey) -> bool + 'static,
) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let with_control = event.ctrl_key() || event.meta_key();
        let key = read(&event.key(), with_control, event.shift_key(), active, count);
        let is_press = matches!(key, Some(GridKey::Open | GridKey::Toggle));
        if !(is_press && is_of_control(&event)) && key.is_some_and(&on) {
            event.prevent_default();
        }
    })
}

fn read(key: &str, with_control: bool, extend: bool, active: usize, count: usize) -> Option<GridKey> {
    let last = count.checked_sub(1)?;
    let to = match key {
        "Enter" => return Some(GridKey::Open),
        " " => return Some(GridKey::Toggle),
        "Escape" => return Some(GridKey::Clear),
        "ArrowLeft" => return Some(GridKey::Left),
        "ArrowRight" => return Some(GridKey::Right),
        "a" if with_control => return Some(GridKey::All),
        "ArrowDown" => (active + 1).min(last),
        "ArrowUp" => active.min(last).saturating_sub(1),
        "Home" => 0,
        "End" => last,
        "PageDown" => (active + PAGE).min(last),
        "PageUp" => active.min(last).saturating_sub(PAGE),
        _ => return None,
    };
    Some(GridKey::Go { to, extend })
}

#[cfg(test)]
mod tests {
    use super::{GridKey, read};

    #[test]
    fn keys_stay_within_the_rows() {
        let go = |to| Some(GridKey::Go { to, extend: false });
        for (key, active, count, expected) in [
            ("ArrowDown", 0, 3, go(1)),
            ("ArrowDown", 2, 3, go(2)),
            ("ArrowUp", 0, 3, go(0)),
            ("ArrowUp", 9, 3, go(1)),
            ("End", 0, 3, go(2)),
            ("PageUp", 5, 30, go(0)),
            ("Home", 0, 0, None),
            (" ", 0, 3, Some(GridKey::Toggle)),
            ("x", 0, 3, None),
            ("a", 0, 3, None),
        ] {
            assert_eq!(read(key, false, false, active, count), expected, "{key} at {active} of {count}");
        }
        assert_eq!(read("a", true, false, 0, 3), Some(GridKey::All));
        assert_eq!(read("ArrowDown", false, true, 0, 3), Some(GridKey::Go { to: 1, extend: true }));
    }
}
