//! The clipboard, in pages that have it and in those that do not.

use std::time::Duration;

use futures_util::{
    future::{Either, select},
    pin_mut,
};
use gloo_timers::future::sleep;
use js_sys::{Function, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransfer, Event, HtmlTextAreaElement};

/// Milliseconds for which the browser may ask its user before it is done another way.
const TIMEOUT: u64 = 1500;

/// Returns the text of an event `paste`, with the ends of its lines.
pub fn text_of(event: &Event) -> Option<String> {
    let data = Reflect::get(event, &"clipboardData".into()).ok()?;
    data.dyn_into::<DataTransfer>().ok()?.get_data("text/plain").ok()
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
    let command: Option<Function> =
        Reflect::get(&document, &"execCommand".into()).ok().and_then(|command| command.dyn_into().ok());
    let copied = command.and_then(|command| command.call1(&document, &"copy".into()).ok()?.as_bool());
    field.remove();
    if let Some(focused) = focused {
        // A focus that fails costs a key press.
        let _ = focused.focus();
    }
    copied
}
