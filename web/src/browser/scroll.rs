//! The place on the page: each entry of the session history has its own.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use gloo_events::EventListener;
use gloo_timers::future::sleep;
use wasm_bindgen_futures::spawn_local;
use web_sys::{ScrollRestoration, Window};
use yew::prelude::*;

use super::entry_state::{entry, read, write};

/// Time without scrolling after which the rows in sight are fetched: while somebody scrolls, rows come and go that nobody reads.
pub const QUIET: Duration = Duration::from_millis(100);
/// Name under which an entry keeps its place.
const NAME: &str = "scroll";
/// Tries to reach a place: content comes after the page.
const TRIES: usize = 200;
/// Tries for which a place is held.
const HELD: usize = 40;
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(50);

/// Returns a flag that begins as `begins` and is cleared when somebody scrolls, points or types: nothing brings them back to a place
/// then.
#[hook]
pub fn use_cleared_by_input(begins: bool) -> Rc<Cell<bool>> {
    let flag = use_memo((), |()| Cell::new(begins));
    {
        let flag = Rc::clone(&flag);
        use_effect_with((), move |()| {
            let listeners = web_sys::window().map(|window| {
                ["wheel", "touchstart", "keydown", "mousedown", "input"].map(|name| {
                    let flag = Rc::clone(&flag);
                    EventListener::new(&window, name, move |_| flag.set(false))
                })
            });
            move || drop(listeners)
        });
    }
    flag
}

/// Returns `true` if `top` is the place `wanted`: a page that is zoomed scrolls by fractions of a pixel.
pub fn is_at(top: f64, wanted: f64) -> bool {
    (top - wanted).abs() < 2.0
}

/// Keeps the place of each history entry, and returns to it when the entry is shown again. A page at another `path`
/// begins at its top.
#[hook]
pub fn use_scroll_memory(path: &str) {
    let attempt = use_memo((), |()| Rc::new(Cell::new(0_u32)));
    let is_going = use_cleared_by_input(false);
    // Between a step of the history and the drawing of its page the browser scrolls by itself: that is no place of either.
    let drawn = use_memo((), |()| Rc::new(RefCell::new(String::new())));
    {
        let (is_going, drawn) = (Rc::clone(&is_going), Rc::clone(&drawn));
        use_effect_with((), move |()| {
            let listener = web_sys::window().map(|window| listener(&window, &is_going, &drawn));
            move || drop(listener)
        });
    }
    let shown = entry();
    let before = use_mut_ref(String::new);
    use_effect_with((shown, path.to_owned()), move |(shown, path)| {
        let is_other = before.replace(path.clone()) != *path;
        let wanted = read::<i32>(shown, NAME);
        drawn.replace(shown.clone());
        if wanted.is_none() && !is_other {
            return;
        }
        let number = attempt.get() + 1;
        attempt.set(number);
        is_going.set(true);
        let (attempt, is_going) = (Rc::clone(&attempt), Rc::clone(&is_going));
        spawn_local(async move {
            go(f64::from(wanted.unwrap_or_default()), || is_going.get() && attempt.get() == number).await;
            if attempt.get() == number {
                is_going.set(false);
            }
        });
    });
}

/// Scrolls to `wanted` as soon as the page is long enough, and stays there while the page before gives way to this one, as
/// long as nobody does something else.
async fn go(wanted: f64, is_wanted: impl Fn() -> bool) {
    let mut held = 0;
    for _ in 0..TRIES {
        let Some(window) = web_sys::window().filter(|_| is_wanted()) else { return };
        if window.scroll_y().is_ok_and(|y| is_at(y, wanted)) {
            held += 1;
            if held > HELD || wanted == 0.0 {
                return;
            }
        } else {
            held = 0;
            window.scroll_to_with_x_and_y(0.0, wanted);
        }
        sleep(PAUSE).await;
    }
}

fn listener(window: &Window, is_going: &Rc<Cell<bool>>, drawn: &Rc<RefCell<String>>) -> EventListener {
    if let Ok(history) = window.history() {
        // A browser that goes on by itself goes to the same place.
        let _ = history.set_scroll_restoration(ScrollRestoration::Manual);
    }
    let (window, is_going, drawn) = (window.clone(), Rc::clone(is_going), Rc::clone(drawn));
    EventListener::new(&window.clone(), "scroll", move |_| {
        let shown = entry();
        let is_at_rest = !is_going.get() && *drawn.borrow() == shown;
        if let Some(y) = window.scroll_y().ok().filter(|_| is_at_rest) {
            write(&shown, NAME, &(y as i32));
        }
    })
}
