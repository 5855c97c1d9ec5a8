//! The format of a list: an OCI index in any case, with annotations, or the one that Docker chooses.

use std::{collections::BTreeMap, rc::Rc};

use tallyman_core::{IndexForm, ListEdit, ManifestList};
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::{
    components::panel::Panel,
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub list: Rc<ManifestList>,
    pub change: Callback<ListEdit>,
}

/// The choice of an OCI index, and its annotations as lines of text.
#[component]
pub fn Form(props: &Props) -> Html {
    use_language();
    let Props { list, change } = props;
    let place = use_node_ref();
    let fault = use_state_eq(|| None::<String>);
    let written = written(&list.form().annotations);
    {
        let (place, fault) = (place.clone(), fault.setter());
        // While somebody types, drawing the page anew does not put it back; another form does.
        use_effect_with((written, list.form().oci), move |(written, _)| {
            fault.set(None);
            if let Some(area) = place.cast::<HtmlTextAreaElement>() {
                area.set_value(written);
            }
        });
    }
    let choose = {
        let (list, change) = (Rc::clone(list), change.clone());
        move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                let form = IndexForm { oci: input.checked(), ..IndexForm::default() };
                change.emit(ListEdit::form(&list, &form));
            }
        }
    };
    let annotate = {
        let (list, change, fault) = (Rc::clone(list), change.clone(), fault.setter());
        move |event: Event| {
            let Some(area) = event.target_dyn_into::<HtmlTextAreaElement>() else { return };
            match read(&area.value()) {
                Ok(annotations) => {
                    fault.set(None);
                    let edit =
                        ListEdit::form(&list, &IndexForm { oci: true, annotations, ..list.form().clone() });
                    if !edit.is_empty() {
                        change.emit(edit);
                    }
                }
                Err(line) => fault.set(Some(line)),
            }
        }
    };
    let words = text().build();
    html! {
        <Panel title={words.form} testid="form">
            <div class="list-form">
                <label class="check check--about">
                    <input type="checkbox" checked={list.form().oci} onchange={choose} data-testid="form-oci" />
                    <span><span class="strong">{ words.form_oci }</span><span class="hint">{ words.form_about }</span></span>
                </label>
                if list.form().oci {
                    <label class="list-form__annotations">
                        <span class="hint">{ words.form_annotations }</span>
                        <textarea
                            ref={place}
                            class={classes!("field", "field--mono", fault.is_some().then_some("field--bad"))}
                            rows="3"
                            aria-invalid={fault.is_some().to_string()}
                            autocapitalize="none"
                            autocomplete="off"
                            spellcheck="false"
                            onchange={annotate}
                            data-testid="form-annotations"
                        />
                    </label>
                    if let Some(line) = &*fault {
                        <p class="hint--bad" role="alert">{ (words.form_fault)(line) }</p>
                    }
                }
            </div>
        </Panel>
    }
}

/// The annotations, one a line.
fn written(annotations: &BTreeMap<String, String>) -> String {
    annotations.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// Reads annotations, or gives the line that is none.
fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let pairs = lines.map(|line| match line.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(line.to_owned()),
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::{read, written};

    #[test]
    fn annotations_are_read_as_they_are_written() {
        let annotations = [("a".to_owned(), "1=2".to_owned()), ("b".to_owned(), String::new())].into();
        assert_eq!(written(&annotations), "a=1=2\nb=\n");
        assert_eq!(read(" a=1=2\n\n b=").unwrap(), annotations);
        assert_eq!(read("a=1\nno pair"), Err("no pair".to_owned()));
        assert_eq!(read("=1"), Err("=1".to_owned()));
    }
}
