//! The format of a list: an OCI index in any case, with annotations, or the one that Docker chooses.

use std::{collections::BTreeMap, rc::Rc};

use tallyman_core::{
    IndexForm, ListEdit, ManifestList,
    json::{self, Object},
};
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
                let form = IndexForm { oci: input.checked(), by_annotation: false, ..list.form().clone() };
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
                    let chosen = IndexForm { oci: true, by_annotation: false, ..list.form().clone() };
                    let edit = ListEdit::form(&list, &IndexForm { annotations, ..chosen });
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

/// The annotations, one a line: as `key=value`, or as JSON where that would be read as another pair.
fn written(annotations: &BTreeMap<String, String>) -> String {
    let line = |(key, value): (&String, &String)| {
        let pair = BTreeMap::from([(key.clone(), value.clone())]);
        let plain = format!("{key}={value}");
        // A text field makes a line break of every carriage return.
        let is_plain = !plain.contains(char::is_control) && read(&plain).as_ref() == Ok(&pair);
        if is_plain { plain + "\n" } else { json::string_map(&pair) + "\n" }
    };
    annotations.iter().map(line).collect()
}

/// Reads annotations, or gives the line that is none.
fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut annotations = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let fault = || line.to_owned();
        if line.starts_with('{') {
            let pairs = Object::parse(line.as_bytes()).and_then(|object| object.strings());
            annotations.extend(pairs.map_err(|_| fault())?);
        } else {
            let pair = line.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(fault)?;
            annotations.insert(pair.0.to_owned(), pair.1.to_owned());
        }
    }
    Ok(annotations)
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

    #[test]
    fn annotations_that_are_no_line_of_their_own_are_written_as_json() {
        for (key, value, line) in [
            ("d", "First line\nsee https://x/?a=b", r#"{"d":"First line\nsee https://x/?a=b"}"#),
            ("d", "a\r\nb", r#"{"d":"a\r\nb"}"#),
            ("d", "a\rb", r#"{"d":"a\rb"}"#),
            ("d", " a ", r#"{"d":" a "}"#),
            ("d", "a\tb", r#"{"d":"a\tb"}"#),
            ("a=b", "c", r#"{"a=b":"c"}"#),
            ("", "c", r#"{"":"c"}"#),
            ("{", "c", r#"{"{":"c"}"#),
            ("d", r#""a" \n {b}"#, r#"d="a" \n {b}"#),
        ] {
            let annotations =
                [(key.to_owned(), value.to_owned()), ("title".to_owned(), "app".to_owned())].into();
            assert!(written(&annotations).lines().any(|written| written == line), "{line}");
            assert_eq!(read(&written(&annotations)).as_ref(), Ok(&annotations), "{line}");
        }
        for line in [r#"{"a":1}"#, r#"{"a":"b""#, r#"{"a":"b"} c"#] {
            assert_eq!(read(line), Err(line.to_owned()));
        }
    }
}
