//! The form that `web/start.js` shows on the start page while the program is on its way.

use std::cell::RefCell;

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlInputElement};

/// Content of the form when the program takes its place.
pub struct Entered {
    /// The text of the field.
    value: String,
    /// The selection in it, where the field has the focus.
    selection: Option<(u32, u32)>,
    /// A pasted text that the field could not hold as it is.
    pub pasted: Option<String>,
    /// Enter has been pressed.
    pub is_sent: bool,
}

impl Entered {
    /// Puts text, selection and focus into the field of the program.
    pub fn put_into(&self, input: &HtmlInputElement) {
        input.set_value(&self.value);
        if let Some((start, end)) = self.selection {
            // A focus or a selection that fails costs a key press.
            let _ = input.focus();
            let _ = input.set_selection_range(start, end);
        }
    }
}

thread_local! {
    /// The element of the page with the form, and the one that is drawn to take its place.
    static SHOWN_AND_DRAWN: RefCell<Option<(Element, Element)>> = const { RefCell::new(None) };
}

/// Returns the element in which the app is to be drawn: the page's own; where that shows the form, one that is not yet part of the
/// page, so that the form stays until [`replace`] is called.
pub fn place_for_app() -> Element {
    let place = document().and_then(|document| document.get_element_by_id("app"));
    let place = place.expect("index.html has an element for the app");
    let drawn = form_of(&place).and_then(|_| place.clone_node().ok()?.dyn_into::<Element>().ok());
    match drawn {
        Some(drawn) => {
            SHOWN_AND_DRAWN.set(Some((place, drawn.clone())));
            drawn
        }
        None => {
            // The page shows the same header until now; the app draws its own in its place.
            place.set_inner_html("");
            place
        }
    }
}

/// Puts the app in place of the form, and returns what has been entered there; `None` where it has been done or there is no form.
pub fn replace() -> Option<Entered> {
    let (shown, drawn) = SHOWN_AND_DRAWN.take()?;
    let entered = entered(&shown);
    // Both are elements, and one of them is in the page: that cannot fail.
    shown.replace_with_with_node_1(&drawn).ok()?;
    entered
}

fn entered(shown: &Element) -> Option<Entered> {
    let form = form_of(shown)?;
    let input: HtmlInputElement = form.query_selector("input").ok()??.dyn_into().ok()?;
    let has_focus = document()?.active_element().as_ref() == Some(input.as_ref());
    let selection = Option::zip(input.selection_start().ok()?, input.selection_end().ok()?);
    let pasted = Reflect::get(&form, &"pasted".into()).ok()?.as_string();
    Some(Entered {
        value: input.value(),
        selection: selection.filter(|_| has_focus),
        is_sent: pasted.is_none() && form.has_attribute("aria-busy"),
        pasted,
    })
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn form_of(place: &Element) -> Option<Element> {
    place.query_selector("form").ok()?
}
