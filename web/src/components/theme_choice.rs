//! The choice of the colour theme.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::{
    browser::theme::Theme,
    text::{text, use_language},
};

/// Properties of [`ThemeChoice`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The theme that the server of the app names.
    pub served: Theme,
}

/// The choice of the colour theme.
#[component]
pub fn ThemeChoice(props: &Props) -> Html {
    use_language();
    let theme = use_state_eq(|| props.served.start());
    {
        // The settings may be fetched again, with another theme.
        let theme = theme.setter();
        use_effect_with(props.served, move |served| theme.set(served.start()));
    }
    let onchange = {
        let theme = theme.setter();
        move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>();
            if let Some(chosen) = chosen.and_then(|select| Theme::of_name(&select.value())) {
                chosen.choose();
                theme.set(chosen);
            }
        }
    };
    let words = text().frame();
    html! {
        <select class="language" aria-label={words.theme} {onchange} data-testid="theme">
            { for Theme::ALL.into_iter().zip(words.themes).map(|(option, name)| html! {
                <option value={option.name()} selected={option == *theme}>{ name }</option>
            }) }
        </select>
    }
}
