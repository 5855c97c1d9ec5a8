//! YAML as JSON: what the parser sends as events becomes one value. Numbers stay texts, because `1.10` is a tag and no
//! fraction, and so do `true` and `True`, which are two tags.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Values that a file may have, aliases followed: some lines can stand for billions.
const VALUES_MAX: usize = 100_000;
/// Levels of sequences and mappings in each other that a file may have.
const DEPTH_MAX: usize = 64;

/// Parses a file with one document.
///
/// # Errors
/// A sentence with line and column.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: HashMap::new(), values: 0 };
    let mut document = None;
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(document.unwrap_or(Value::Null)),
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            event if document.is_none() => document = Some(reader.value(event, 0)?),
            _ => return Err("expected one document, found a second one behind ---".to_owned()),
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, (Value, usize)>,
    values: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, String> {
        match self.parser.next_event() {
            Some(Ok((event, _))) => Ok(event),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(Event::StreamEnd),
        }
    }

    fn count(&mut self, values: usize) -> Result<(), String> {
        self.values += values;
        match self.values > VALUES_MAX {
            true => Err(format!("expected at most {VALUES_MAX} values, found more")),
            false => Ok(()),
        }
    }

    /// Reads the value that begins with `event` inside of as many sequences and mappings.
    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Value, String> {
        self.count(1)?;
        let before = self.values;
        check_depth(depth)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style), anchor),
            Event::SequenceStart(anchor, _) => {
                let mut elements = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => elements.push(self.value(event, depth + 1)?),
                    }
                }
                (Value::Array(elements), anchor)
            }
            Event::MappingStart(anchor, _) => (Value::Object(self.members(depth + 1)?), anchor),
            Event::Alias(anchor) => {
                let (value, size) =
                    self.anchors.get(&anchor).cloned().ok_or("expected an anchor for each alias")?;
                self.count(size)?;
                check_depth(depth + levels(&value))?;
                return Ok(value);
            }
            _ => return Err("expected a value, found the end of the file".to_owned()),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.values - before));
        }
        Ok(value)
    }

    fn members(&mut self, depth: usize) -> Result<Map<String, Value>, String> {
        let mut members = Map::new();
        loop {
            let name = match self.next()? {
                Event::MappingEnd => return Ok(members),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => return Err("expected a text as the name of a field".to_owned()),
            };
            let event = self.next()?;
            let value = self.value(event, depth)?;
            if members.insert(name.clone(), value).is_some() {
                return Err(format!("expected each field once, found {name} twice"));
            }
        }
    }
}

fn check_depth(depth: usize) -> Result<(), String> {
    match depth > DEPTH_MAX {
        true => Err(format!("expected at most {DEPTH_MAX} levels, found more")),
        false => Ok(()),
    }
}

/// Returns the number of levels below a value.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(elements) => 1 + elements.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        text => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_becomes_values_whose_scalars_are_texts_as_they_stand() {
        for (text, expected) in [
            ("", Value::Null),
            ("a: 1.10\nb: [x, 'true', true, ~]", json!({ "a": "1.10", "b": ["x", "true", "true", null] })),
            ("[True, TRUE, no]", json!(["True", "TRUE", "no"])),
            ("- &one {a: b}\n- *one", json!([{ "a": "b" }, { "a": "b" }])),
            ("a: |\n  two\n  lines\n# remark\n", json!({ "a": "two\nlines\n" })),
            ("{\"a\": \"\\u00e9\", \"b\": [1]}", json!({ "a": "é", "b": ["1"] })),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        for (text, named) in [
            ("a: b\na: c", "twice"),
            ("a: [b", "line 2"),
            ("a: b\n---\nc: d", "second"),
            ("? [a]\n: b", "name of a field"),
            ("a: *b", "anchor"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn aliases_of_aliases_end() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            text += &format!("a{level}: &a{level} [{}]\n", [&*before; 10].join(", "));
        }
        assert!(parse(&text).expect_err("it is too large").contains("at most"));
    }

    #[test]
    fn levels_without_end_are_refused() {
        let mut aliases = format!("- &a0 {}x{}\n", "[".repeat(40), "]".repeat(40));
        for level in 1..30 {
            aliases += &format!("- &a{level} {}*a{}{}\n", "[".repeat(40), level - 1, " ]".repeat(40));
        }
        let count = 90_000;
        for text in ["- ".repeat(count), "[".repeat(count), "? ".repeat(count), "{a: ".repeat(count), aliases]
        {
            let error = parse(&text).expect_err("it is too deep");
            // Of brackets the parser itself has a limit.
            let is_told =
                ["64 levels", "name of a field", "recursion limit"].iter().any(|told| error.contains(told));
            assert!(is_told, "{error}");
        }
        assert!(parse(&format!("{}x", "- ".repeat(64))).is_ok());
    }
}
