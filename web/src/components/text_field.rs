//! A field for one line of text, which keeps what is being typed.

use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Properties of [`TextField`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The text. While somebody types, drawing the page anew does not put it back; another value does.
    pub value: AttrValue,
    /// The label, for screen readers.
    pub label: AttrValue,
    /// Something else was typed, and the field left or Enter pressed.
    #[prop_or_default]
    pub onchange: Callback<String>,
    /// Classes beside the one of all fields.
    #[prop_or_default]
    pub class: Classes,
    /// The `id` of a list of suggestions.
    #[prop_or_default]
    pub list: Option<AttrValue>,
    /// An example, shown while the field is empty.
    #[prop_or_default]
    pub placeholder: Option<AttrValue>,
    /// True if the text is not valid.
    #[prop_or_default]
    pub is_wrong: bool,
    /// The element, for forms that read it when they are sent.
    #[prop_or_default]
    pub place: NodeRef,
    /// Set if the field takes the focus when it appears.
    #[prop_or_default]
    pub autofocus: bool,
    /// Its name for tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A field for one line of text.
#[component]
pub fn TextField(props: &Props) -> Html {
    let place = props.place.clone();
    use_value(&place, &props.value);
    let onchange = {
        let onchange = props.onchange.clone();
        move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                onchange.emit(input.value());
            }
        }
    };
    html! {
        <input
            ref={place}
            class={classes!("field", props.class.clone(), props.is_wrong.then_some("field--bad"))}
            type="text"
            aria-label={props.label.clone()}
            aria-invalid={props.is_wrong.to_string()}
            list={props.list.clone()}
            placeholder={props.placeholder.clone()}
            autocapitalize="none"
            autocomplete="off"
            autocorrect="off"
            spellcheck="false"
            autofocus={props.autofocus}
            data-testid={props.testid.clone()}
            {onchange}
        />
    }
}

/// Writes `value` into a field when it is another one. Drawing the page anew, as in another language, keeps what was typed.
#[hook]
pub fn use_value(place: &NodeRef, value: &AttrValue) {
    let place = place.clone();
    use_effect_with(value.clone(), move |value| {
        if let Some(input) = place.cast::<HtmlInputElement>() {
            input.set_value(value);
        }
    });
}

/// Shows beside a field why what was pasted is not taken; an empty text takes that away. The form is not sent meanwhile.
pub fn refuse(input: &HtmlInputElement, why: &str) {
    input.set_custom_validity(why);
    input.report_validity();
}

/// Returns the text in a field.
pub fn text_in(place: &NodeRef) -> String {
    place.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default()
}
