//! Lines of one height, of which only those on screen exist.

use std::ops::Range;

use web_sys::HtmlElement;
use yew::prelude::*;

/// Height of a line in CSS pixels; the style sheet says the same.
pub const LINE: i32 = 20;
/// Lines beyond the edges.
const MARGIN: usize = 20;

/// Returns the lines to draw of `count` in the element of `place`, and the callback for its scrolling.
#[hook]
pub fn use_window_lines(place: &NodeRef, count: usize) -> (Range<usize>, Callback<Event>) {
    let view = use_state_eq(|| (0_i32, 700_i32));
    let onscroll = {
        let (place, view) = (place.clone(), view.setter());
        Callback::from(move |_| {
            if let Some(place) = place.cast::<HtmlElement>() {
                view.set((place.scroll_top(), place.client_height()));
            }
        })
    };
    (in_sight(*view, count), onscroll)
}

/// Returns the lines in sight, with the margin at both ends.
fn in_sight((top, height): (i32, i32), count: usize) -> Range<usize> {
    let at = |pixels: i32| usize::try_from(pixels / LINE).unwrap_or_default();
    let last = (at(top + height) + MARGIN).min(count);
    at(top).saturating_sub(MARGIN).min(last)..last
}

/// Returns the height of this many lines, in CSS pixels.
pub fn height_of(lines: usize) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_mul(LINE as u32).min(i32::MAX as u32)
}

/// Properties of [`Spacer`].
#[derive(PartialEq, Properties)]
pub struct SpacerProps {
    /// The height in CSS pixels.
    pub height: u32,
}

/// The empty space in place of the rows or lines that are not drawn.
#[component]
pub fn Spacer(props: &SpacerProps) -> Html {
    html! {
        if props.height > 0 {
            <svg class="window__space" width="1" height={props.height.to_string()} aria-hidden="true" />
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, height_of, in_sight};

    #[test]
    fn lines_in_sight_and_a_margin_are_drawn() {
        assert_eq!(in_sight((0, 700), 10), 0..10, "all of a few");
        assert_eq!(in_sight((0, 700), 5000), 0..55);
        assert_eq!(in_sight((100 * LINE, 10 * LINE), 5000), 80..130);
        assert_eq!(in_sight((4990 * LINE, 10 * LINE), 5000), 4970..5000);
        assert_eq!(in_sight((4990 * LINE, 10 * LINE), 30), 30..30, "scrolled beyond lines that are gone");
    }

    #[test]
    fn heights_are_within_what_pixels_count() {
        assert_eq!([0, 1, 1500].map(height_of), [0, 20, 30_000]);
        assert_eq!(height_of(usize::MAX), i32::MAX as u32);
    }
}
