//! The choice of a language.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::text::{Language, text, use_language};

/// Properties of [`LanguageChoice`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Another language is chosen.
    pub onchoose: Callback<Language>,
}

/// The choice of a language. Each is named as those who speak it write it.
#[component]
pub fn LanguageChoice(props: &Props) -> Html {
    let spoken = use_language();
    let onchange = {
        let onchoose = props.onchoose.clone();
        move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>();
            if let Some(language) = chosen.and_then(|select| Language::of_tag(&select.value())) {
                onchoose.emit(language);
            }
        }
    };
    html! {
        <select class="language" aria-label={text().frame().language} {onchange} data-testid="language">
            { for Language::ALL.map(|language| html! {
                <option value={language.tag()} lang={language.tag()} selected={language == spoken}>{ language.name() }</option>
            }) }
        </select>
    }
}
