//! The clipboard, in pages that have it and in those that do not.

use std::time::Duration;

use futures_util::{
    future::{Either, select},
    pin_mut,
};
use gloo_timers::future::sleep;
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, Document, Event, HtmlInputElement, HtmlTextAreaElement};

/// Milliseconds for which the browser may ask its user before it is done another way.
const TIMEOUT: u64 = 1500;

/// Returns the text of an event `paste`, with the ends of its lines.
pub fn text_of(event: &Event) -> Option<String> {
    let data = Reflect::get(event, &"clipboardData".into()).ok()?;
    data.dyn_into::<DataTransfer>().ok()?.get_data("text/plain").ok()
}

/// Returns `true` if something is selected, in the field of an event or on the page.
pub fn has_selection(event: &Event) -> bool {
    let in_field =
        event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()).is_some_and(|field| {
            match (field.selection_start(), field.selection_end()) {
                (Ok(start), Ok(end)) => start != end,
                _ => false,
            }
        });
    in_field || selected_text().is_some_and(|text| !text.is_empty())
}

/// Returns the text that is selected on the page.
fn selected_text() -> Option<String> {
    let window = web_sys::window()?;
    let selection: Function = Reflect::get(&window, &"getSelection".into()).ok()?.dyn_into().ok()?;
    Some(Object::from(selection.call0(&window).ok()?).to_string().into())
}

/// Puts `text` into the field that has the focus, in place of what is selected there, as pasting does: it can be undone.
pub fn insert(text: &str) {
    if let Some(document) = web_sys::window().and_then(|window| window.document()) {
        // A browser that does not do it has a menu for pasting.
        let _ = command(&document, "insertText", text);
    }
}

/// Gives a command of the browser's editing. Returns `None` if it has none.
fn command(document: &Document, name: &str, value: &str) -> Option<bool> {
    let command: Function = Reflect::get(document, &"execCommand".into()).ok()?.dyn_into().ok()?;
    command.call3(document, &name.into(), &false.into(), &value.into()).ok()?.as_bool()
}

/// Copies `text`, and returns `true` if the browser took it.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    // Pages that came over plain HTTP from a host name have no clipboard of their own.
    if window.is_secure_context() {
        let written = JsFuture::from(window.navigator().clipboard().write_text(text));
        let timeout = sleep(Duration::from_millis(TIMEOUT));
        pin_mut!(timeout);
        if matches!(select(written, timeout).await, Either::Left((Ok(_), _))) {
            return true;
        }
    }
    copy_selection(text).unwrap_or(false)
}

/// Copies as a person would: a field with the text is selected, and the command “copy” is given. The focus goes back to
/// where it was.
fn copy_selection(text: &str) -> Option<bool> {
    let document = web_sys::window()?.document()?;
    let focused =
        document.active_element().and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok());
    let field: HtmlTextAreaElement = document.create_element("textarea").ok()?.dyn_into().ok()?;
    field.set_value(text);
    field.set_class_name("visually-hidden");
    // A modal dialog takes the focus away from all that is outside it.
    let dialog = focused.as_ref().and_then(|element| element.closest("dialog").ok().flatten());
    let parent: web_sys::Element = dialog.or_else(|| document.body().map(Into::into))?;
    parent.append_child(&field).ok()?;
    field.select();
    let copied = command(&document, "copy", "");
    field.remove();
    if let Some(focused) = focused {
        // A focus that fails costs a key press.
        let _ = focused.focus();
    }
    copied
}
