//! A panel whose rows a search field filters.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::browser::entry_state::use_entry_state;

/// Properties of [`FilteredPanel`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The name of the panel, for screen readers.
    pub label: AttrValue,
    /// The label of the search field.
    pub filter_label: AttrValue,
    /// The text that rows are filtered by.
    pub filter: AttrValue,
    /// Receives what is typed.
    pub onfilter: Callback<String>,
    /// The number of rows, in words.
    pub count: AttrValue,
    /// Controls beside the number.
    #[prop_or_default]
    pub tools: Html,
    /// The rows.
    pub children: Html,
}

/// A panel whose rows a search field filters.
#[component]
pub fn FilteredPanel(props: &Props) -> Html {
    let Props { label, filter_label, filter, onfilter, count, tools, children } = props;
    let oninput = {
        let onfilter = onfilter.clone();
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                onfilter.emit(input.value());
            }
        }
    };
    html! {
        <section class="panel" aria-label={label}>
            <div class="panel__head">
                <label class="reference-box filter">
                    <span class="visually-hidden">{ filter_label }</span>
                    <input type="search" value={filter} placeholder={filter_label} autocapitalize="none" spellcheck="false" {oninput} data-testid="filter" />
                </label>
                <div class="panel__tools">
                    <p class="soft" role="status" data-testid="count">{ count }</p>
                    { tools.clone() }
                </div>
            </div>
            { children.clone() }
        </section>
    }
}

/// The text that rows are filtered by, and the callback that changes it. The history entry keeps it.
#[hook]
pub fn use_search() -> (UseStateHandle<String>, Callback<String>) {
    let text = use_entry_state::<String>("filter");
    let setter = text.setter();
    (text, Callback::from(move |typed| setter.set(typed)))
}
