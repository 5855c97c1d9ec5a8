//! JSON as it came, byte for byte, with colours.

use yew::prelude::*;

use super::{copy::Copy, icon::Icon, panel::Panel};
use crate::text::text as words;

/// Above this many bytes the text is shown without colours: an element for each word would cost more than it helps.
const COLOURS_MAX: usize = 128 * 1024;

/// Properties of [`Json`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The heading.
    pub title: AttrValue,
    /// The text, exactly as the registry served it.
    pub text: AttrValue,
    /// Its name for tests.
    pub testid: AttrValue,
}

/// JSON as it came: every byte in its place, whatever its fields mean.
#[component]
pub fn Json(props: &Props) -> Html {
    let wraps = use_state(|| false);
    let tokens = use_memo(props.text.clone(), |text| {
        if text.len() > COLOURS_MAX { vec![(Sort::Plain, 0..text.len())] } else { tokens(text) }
    });
    let toggle = {
        let wraps = wraps.clone();
        move |_: MouseEvent| wraps.set(!*wraps)
    };
    let tools = html! {
        <>
            <button class="button" type="button" aria-pressed={wraps.to_string()} onclick={toggle}>
                <Icon name="wrap" />{ "Wrap lines" }
            </button>
            <Copy text={props.text.clone()} what={words().parts.text} />
        </>
    };
    html! {
        <Panel title={props.title.clone()} remark="as the registry serves it, byte for byte" {tools}>
            <pre
                class={classes!("raw", wraps.then_some("raw--wrap"))}
                tabindex="0"
                aria-label={format!("{}, raw", props.title)}
                role="region"
                data-testid={props.testid.clone()}
            >
                { for tokens.iter().map(|(sort, range)| coloured(*sort, &props.text[range.clone()])) }
            </pre>
        </Panel>
    }
}

fn coloured(sort: Sort, text: &str) -> Html {
    let class = match sort {
        Sort::Plain => return html! { text.to_owned() },
        Sort::Key => "key",
        Sort::String => "string",
        Sort::Number => "number",
    };
    html! { <span {class}>{ text.to_owned() }</span> }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sort {
    Plain,
    Key,
    String,
    Number,
}

/// Parts `text` into pieces of one colour each. Together they are the text, whether or not it is JSON.
fn tokens(text: &str) -> Vec<(Sort, std::ops::Range<usize>)> {
    let bytes = text.as_bytes();
    let mut tokens: Vec<(Sort, std::ops::Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let sort = match bytes[at] {
            b'"' => {
                at = end_of_string(bytes, at);
                let next = bytes[at..].iter().find(|byte| !byte.is_ascii_whitespace());
                if next == Some(&b':') { Sort::Key } else { Sort::String }
            }
            byte if is_word(byte) => {
                at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                Sort::Number
            }
            _ => {
                at += bytes[at..].iter().take_while(|byte| **byte != b'"' && !is_word(**byte)).count();
                Sort::Plain
            }
        };
        tokens.push((sort, start..at));
    }
    tokens
}

/// Letters of numbers, `true`, `false` and `null`. Other bytes of a text outside strings are ASCII in JSON; where they
/// are not, they stay with their neighbours.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// Where the string that begins at `start` has ended: behind its closing quote, or at the end of the text.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Sort, tokens};

    #[test]
    fn pieces_together_are_the_text() {
        for text in
            ["", "{}", "{\"a\\\"\": [1, -2.5e3, true, \"é\u{2028}\"]}", "no json é \"", "\"\\", "[\"a\""]
        {
            let joined: String = tokens(text).into_iter().map(|(_, range)| &text[range]).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn keys_strings_and_numbers_are_told_apart() {
        let text = r#"{"size" : 12, "digest": "sha256:aa"}"#;
        let coloured: Vec<_> = tokens(text)
            .into_iter()
            .filter(|(sort, _)| *sort != Sort::Plain)
            .map(|(sort, range)| (sort, &text[range]))
            .collect();
        assert_eq!(
            coloured,
            [
                (Sort::Key, "\"size\""),
                (Sort::Number, "12"),
                (Sort::Key, "\"digest\""),
                (Sort::String, "\"sha256:aa\"")
            ]
        );
    }
}
