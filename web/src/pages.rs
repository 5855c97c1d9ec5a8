//! The pages, each a module of its own.

use yew::prelude::*;

use crate::format::visible_name;

pub mod build;
pub mod command;
pub mod compare;
pub mod copy;
pub mod delete;
pub mod explore;
pub mod files;
pub mod inspect;
pub mod lists;
pub mod not_found;
pub mod open;
pub mod problem;
pub mod push;
pub mod registries;
pub mod start;

/// Names the browser's tab after what the page is about; nothing stands for the start page.
#[hook]
pub fn use_title(about: &str) {
    use_effect_with(visible_name(about).into_owned(), |about| {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            let title = if about.is_empty() { "Tallyman".to_owned() } else { format!("{about} · Tallyman") };
            document.set_title(&title);
        }
    });
}
