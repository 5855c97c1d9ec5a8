//! The focus on a page whose rows and buttons come and go.

use std::{cell::RefCell, rc::Rc};

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement};
use yew::prelude::*;

/// The attribute of a row, with the row's name.
const ROW: &str = "data-row";

/// The focus among rows.
pub struct RowFocus(Rc<RefCell<Option<String>>>);

impl RowFocus {
    /// Returns the function that has the focus go to the row of another name when the row that has it is removed: for rows
    /// that are renamed.
    pub fn follow(&self) -> Callback<String> {
        let renamed = Rc::clone(&self.0);
        Callback::from(move |name| drop(renamed.replace(Some(name))))
    }
}

/// Moves the focus when a drawing of the component removes the element in `place` that has it: to the control of the same
/// `name` in the next row, else in the previous one, else to the heading. Rows are the elements with the attribute `data-row`.
#[hook]
pub fn use_row_focus(place: &NodeRef) -> RowFocus {
    let renamed = use_mut_ref(|| None::<String>);
    // Of drawings that follow at once, only the last one has its effect.
    let before = use_mut_ref(|| None::<Focused>);
    if let Some(now) = document().and_then(|document| Focused::of(&document, place.cast()?)) {
        before.replace(Some(now));
    }
    {
        let renamed = Rc::clone(&renamed);
        use_effect(move || {
            let (Some(document), Some(before)) = (document(), before.take()) else { return };
            if before.element.is_connected() || has_focus(&document) {
                return;
            }
            if let Some(next) = before.successor(&document, renamed.take().as_deref()) {
                // A focus that fails leaves the page as it was.
                let _ = next.focus();
            }
        });
    }
    RowFocus(renamed)
}

/// Moves the focus to the heading of the page.
pub fn focus_heading() {
    if let Some(heading) = document().and_then(|document| heading_of(&document)) {
        // A focus that fails leaves the page as it was.
        let _ = heading.focus();
    }
}

/// Returns the heading of the page, which can take the focus.
fn heading_of(document: &Document) -> Option<HtmlElement> {
    focusable(document.query_selector("main h1").ok().flatten()?.dyn_into().ok()?)
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

/// Returns `true` if an element has the focus: where none has, the body is the active one.
fn has_focus(document: &Document) -> bool {
    document.active_element().is_some_and(|element| Some(&element) != document.body().as_deref())
}

/// The element that has the focus before a drawing.
struct Focused {
    place: Element,
    element: Element,
    /// The row that it is in, and the number of rows before that one.
    row: Option<(Element, usize)>,
    /// The parts of the page that it is in, the innermost first.
    sections: Vec<Element>,
}

impl Focused {
    fn of(document: &Document, place: Element) -> Option<Self> {
        let element = document.active_element().filter(|element| place.contains(Some(element)))?;
        let row = element.closest(&format!("[{ROW}]")).ok().flatten();
        let row = row.and_then(|row| {
            let at = rows(&place).iter().position(|other| **other == row)?;
            Some((row, at))
        });
        let above = |element: &Element| element.parent_element()?.closest("section").ok().flatten();
        let sections = std::iter::successors(above(&element), above).collect();
        Some(Self { place, element, row, sections })
    }

    /// Returns the element that the focus goes to. `renamed` is the new name of the row.
    fn successor(&self, document: &Document, renamed: Option<&str>) -> Option<HtmlElement> {
        let rows = if self.place.is_connected() { rows(&self.place) } else { Vec::new() };
        let same = |row: &HtmlElement| self.same_in(row);
        if let Some(name) = renamed
            && let Some(row) = rows.iter().find(|row| row.get_attribute(ROW).as_deref() == Some(name))
        {
            return same(row);
        }
        if let Some((row, at)) = &self.row {
            if row.is_connected() {
                let row: HtmlElement = row.clone().dyn_into().ok()?;
                return same(&row).or_else(|| focusable(row));
            }
            let (earlier, later) = rows.split_at(rows.len().min(*at));
            let next = later.iter().find_map(same).or_else(|| earlier.iter().rev().find_map(same));
            if next.is_some() {
                return next;
            }
        }
        let section = self.sections.iter().find(|section| section.is_connected());
        let heading = section.and_then(|section| section.query_selector("h1, h2").ok().flatten());
        match heading {
            Some(heading) => focusable(heading.dyn_into().ok()?),
            None => heading_of(document),
        }
    }

    /// Returns the control of `row` that has the same name; of controls without names, the first one.
    fn same_in(&self, row: &HtmlElement) -> Option<HtmlElement> {
        let selector = match self.element.get_attribute("name") {
            Some(name) => format!("[name=\"{name}\"]"),
            None => "a[href], button, input".to_owned(),
        };
        row.query_selector(&selector).ok().flatten()?.dyn_into().ok()
    }
}

fn rows(place: &Element) -> Vec<HtmlElement> {
    let Ok(rows) = place.query_selector_all(&format!("[{ROW}]")) else { return Vec::new() };
    (0..rows.length()).filter_map(|at| rows.get(at)?.dyn_into().ok()).collect()
}

/// Lets an element that is no control take the focus.
fn focusable(element: HtmlElement) -> Option<HtmlElement> {
    element.set_attribute("tabindex", "-1").ok()?;
    Some(element)
}
