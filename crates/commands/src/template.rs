//! Templates of `--format`: the part of Go's templates that names fields.

use serde_json::Value;
use thiserror::Error;

use crate::cli::terminal;

/// A template that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// An action that does not end.
    #[error("expected }}}} behind {{{{{0}, found none")]
    Open(String),
    /// An action that is none of those that are known.
    #[error(
        "expected {{{{.Field}}}}, {{{{json .Field}}}} or {{{{index .Field \"name\"}}}}, such as {{{{.Digest}}}} or {{{{json .Config}}}}, found {{{{{0}}}}}: other actions of Go's templates are not supported"
    )]
    Action(String),
    /// A field that is not there.
    #[error("the template field .{} does not exist; {}", join(.path, .name), fields_of(.path, .known))]
    Field {
        /// The fields in front.
        path: String,
        /// The field.
        name: String,
        /// The fields that are there.
        known: Vec<String>,
    },
    /// A member of an object or an element of an array that is not there.
    #[error("the template's {{{{index .{path} {key}}}}} does not exist; {known}")]
    Element {
        /// The fields in front, and the members and elements.
        path: String,
        /// The name in quotes, or the number.
        key: String,
        /// The phrase that names what is there.
        known: String,
    },
}

impl TemplateError {
    /// Returns `true` if a field right below the field `name` is not there.
    pub(crate) fn is_in(&self, name: &str) -> bool {
        match self {
            Self::Field { path, .. } | Self::Element { path, .. } => path.eq_ignore_ascii_case(name),
            Self::Open(_) | Self::Action(_) => false,
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn fields_of(path: &str, known: &[String]) -> String {
    let is_plain = |name: &&String| name.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '-'));
    let (plain, others): (Vec<&String>, Vec<&String>) = known.iter().partition(is_plain);
    let fields = plain.iter().map(|name| format!(".{name}")).collect::<Vec<_>>().join(", ");
    let mut phrases = Vec::new();
    match path {
        _ if plain.is_empty() => {}
        "" => phrases.push(format!("the fields are {fields}")),
        _ => phrases.push(format!("the fields of .{path} are {fields}")),
    }
    if !others.is_empty() {
        let names = others.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        phrases.push(format!("{{{{index .{path} NAME}}}} gives {names}"));
    }
    if phrases.is_empty() { format!(".{path} has no fields") } else { phrases.join("; ") }
}

/// A piece of a template.
enum Piece<'a> {
    Text(String),
    Value { operand: Operand<'a>, is_json: bool },
}

/// A value that an action shows: a field, or what `index` gives of it.
struct Operand<'a> {
    path: &'a str,
    keys: Vec<Key>,
}

/// An argument of `index`.
enum Key {
    Name(String),
    Number(usize),
}

/// A word of an action.
#[derive(Clone, PartialEq)]
enum Word<'a> {
    Open,
    Close,
    Plain(&'a str),
    Quoted(String),
}

impl Operand<'_> {
    /// The name of the first field; empty for the whole value.
    fn first(&self) -> &str {
        self.path.split('.').next().unwrap_or_default()
    }
}

/// Returns the words of an action; `None` for quotes that do not end.
fn words(action: &str) -> Option<Vec<Word<'_>>> {
    let mut words = Vec::new();
    let mut rest = action.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, behind) = match first {
            '(' => (Word::Open, &rest[1..]),
            ')' => (Word::Close, &rest[1..]),
            '`' => {
                let (text, behind) = rest[1..].split_once('`')?;
                (Word::Quoted(text.to_owned()), behind)
            }
            '"' => {
                let mut text = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let word = Word::Quoted(text.next()?.ok()?);
                (word, &rest[text.byte_offset()..])
            }
            _ => {
                let end = rest.find(|it: char| it.is_whitespace() || matches!(it, '(' | ')'));
                let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
                (Word::Plain(word), behind)
            }
        };
        words.push(word);
        rest = behind.trim_start();
    }
    Some(words)
}

/// Parentheses within each other, at most.
const DEPTH_MAX: usize = 32;

/// Reads a field or an expression in parentheses off the front of words, of which `depth` more may be open.
fn term<'a>(words: &mut &[Word<'a>], depth: usize) -> Option<Operand<'a>> {
    let (first, behind) = words.split_first()?;
    *words = behind;
    match first {
        Word::Plain(path) => Some(Operand { path: path.strip_prefix('.')?, keys: Vec::new() }),
        Word::Open => {
            let operand = expression(words, depth.checked_sub(1)?)?;
            *words = words.strip_prefix(&[Word::Close])?;
            Some(operand)
        }
        Word::Close | Word::Quoted(_) => None,
    }
}

/// Reads a field, or `index` with its arguments, off the front of words.
fn expression<'a>(words: &mut &[Word<'a>], depth: usize) -> Option<Operand<'a>> {
    let Some(behind) = words.strip_prefix(&[Word::Plain("index")]) else { return term(words, depth) };
    *words = behind;
    let mut operand = term(words, depth)?;
    let before = operand.keys.len();
    loop {
        let key = match words.first() {
            Some(Word::Quoted(name)) => Key::Name(name.clone()),
            Some(Word::Plain(number)) => Key::Number(number.parse().ok()?),
            _ => break,
        };
        operand.keys.push(key);
        *words = &words[1..];
    }
    (operand.keys.len() > before).then_some(operand)
}

/// Returns the value that an action shows; `None` if it is none of those that are known.
fn action(text: &str) -> Option<Piece<'_>> {
    let all = words(text)?;
    let mut words = &all[..];
    let (operand, is_json) = match words.strip_prefix(&[Word::Plain("json")]) {
        Some(behind) => {
            words = behind;
            (term(&mut words, DEPTH_MAX)?, true)
        }
        None => (expression(&mut words, DEPTH_MAX)?, false),
    };
    words.is_empty().then_some(Piece::Value { operand, is_json })
}

/// Returns the pieces of a template; `json` alone is the whole value.
///
/// # Errors
/// [`TemplateError::Open`] and [`TemplateError::Action`].
fn pieces(template: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    if template == "json" {
        let operand = Operand { path: "", keys: Vec::new() };
        return Ok(vec![Piece::Value { operand, is_json: true }]);
    }
    let text = |text: &str| Piece::Text(text.replace("\\n", "\n").replace("\\t", "\t"));
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, inside)) = rest.split_once("{{") {
        let (inside, after) =
            inside.split_once("}}").ok_or_else(|| TemplateError::Open(inside.to_owned()))?;
        let value = action(inside).ok_or_else(|| TemplateError::Action(inside.to_owned()))?;
        pieces.extend([text(before), value]);
        rest = after;
    }
    pieces.push(text(rest));
    Ok(pieces)
}

/// Checks that a template has no other actions than those that are known.
///
/// # Errors
/// [`TemplateError::Open`] and [`TemplateError::Action`].
pub(crate) fn check(template: &str) -> Result<(), TemplateError> {
    pieces(template).map(drop)
}

/// Checks that a template names no fields but `known` ones, and what these have below them.
///
/// # Errors
/// [`TemplateError`] if it has other actions, or names another field.
pub(crate) fn check_fields(template: &str, known: &[&str]) -> Result<(), TemplateError> {
    let value = known.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    for piece in pieces(template)? {
        if let Piece::Value { operand, .. } = piece {
            field(&value, operand.first())?;
        }
    }
    Ok(())
}

/// Renders `template` with the fields of `value`. `{{.A.B}}` gives a text as it is and other values as JSON, `{{json .A}}` gives
/// all values as JSON; `json` alone gives the whole value. Names of fields may be written in any case. `{{index .A "b.c" 0}}` gives
/// members, by their exact names, and elements.
///
/// # Errors
/// [`TemplateError`] if the template has other actions, or names fields that are not there.
pub(crate) fn render(template: &str, value: &Value) -> Result<String, TemplateError> {
    let mut out = String::new();
    for piece in pieces(template)? {
        match piece {
            Piece::Text(text) => out.push_str(&text),
            Piece::Value { operand, is_json } => match find(value, &operand)? {
                Value::String(text) if !is_json => out.push_str(text),
                value => out.push_str(&json(value)),
            },
        }
    }
    Ok(out)
}

fn json(value: &Value) -> String {
    terminal::json(&value.to_string()).into_owned()
}

/// Returns `true` if `template` shows the field `name`, alone or with all others.
pub(crate) fn names(template: &str, name: &str) -> bool {
    let is_named = |piece: &Piece<'_>| match piece {
        Piece::Value { operand, .. } => {
            operand.first().is_empty() || operand.first().eq_ignore_ascii_case(name)
        }
        Piece::Text(_) => false,
    };
    pieces(template).is_ok_and(|pieces| pieces.iter().any(is_named))
}

fn find<'a>(value: &'a Value, operand: &Operand<'_>) -> Result<&'a Value, TemplateError> {
    let mut found = field(value, operand.path)?;
    let mut path = operand.path.to_owned();
    for key in &operand.keys {
        let (next, key) = match key {
            Key::Name(name) => (found.as_object().and_then(|fields| fields.get(name)), format!("{name:?}")),
            Key::Number(at) => (found.as_array().and_then(|elements| elements.get(*at)), at.to_string()),
        };
        found = next.ok_or_else(|| TemplateError::Element {
            path: path.clone(),
            key: key.clone(),
            known: elements_of(found),
        })?;
        path = format!("{path} {key}");
    }
    Ok(found)
}

/// Returns the phrase that names the members or elements of a value.
fn elements_of(value: &Value) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let names: Vec<String> = fields.keys().map(|name| format!("{name:?}")).collect();
            format!("the names are {}", names.join(", "))
        }
        Value::Array(elements) if !elements.is_empty() => {
            format!("the numbers are 0 to {}", elements.len() - 1)
        }
        _ => "there are none".to_owned(),
    }
}

fn field<'a>(value: &'a Value, path: &str) -> Result<&'a Value, TemplateError> {
    let mut found = value;
    let mut passed: Vec<&str> = Vec::new();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let missing = || TemplateError::Field {
            path: passed.join("."),
            name: name.to_owned(),
            known: found.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect(),
        };
        let fields = found.as_object().ok_or_else(missing)?;
        let exact = fields.get(name);
        let any_case =
            || fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        found = exact.or_else(any_case).ok_or_else(missing)?;
        passed.push(name);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_rendered_and_other_actions_are_refused_by_name() {
        let value =
            json!({ "Digest": "sha256:aa", "Size": 3, "Config": { "os": "linux", "rootfs": { "n": [1] } } });
        let labels = json!({ "Labels": { "a.b": "c d", "e": { "f.g": [1, "h"] }, "i": 2 } });
        for (template, expected) in [
            (r#"{{index .Labels "a.b"}}"#, "c d"),
            ("{{ index .labels `a.b` }}", "c d"),
            (r#"{{json (index .Labels "a.b")}}"#, r#""c d""#),
            (r#"{{index .Labels.e "f.g" 1}} {{(index .Labels.e "f.g" 0)}}"#, "h 1"),
            (r#"{{index (index .Labels "e") "f.g"}}"#, r#"[1,"h"]"#),
            (r#"{{index . "Labels" "i"}}"#, "2"),
        ] {
            assert_eq!(render(template, &labels).as_deref(), Ok(expected), "{template}");
        }
        let nested = |depth| format!("{{{{{}.Labels.i{}}}}}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(render(&nested(DEPTH_MAX), &labels).as_deref(), Ok("2"));
        for depth in [DEPTH_MAX + 1, 200_000] {
            assert!(matches!(render(&nested(depth), &labels), Err(TemplateError::Action(_))), "{depth}");
        }
        for (template, expected) in [
            (
                "{{.Labels.a.b}}",
                r#"the template field .Labels.a does not exist; the fields of .Labels are .e, .i; {{index .Labels NAME}} gives "a.b""#,
            ),
            (
                "{{.Labels.e.f.g}}",
                r#"the template field .Labels.e.f does not exist; {{index .Labels.e NAME}} gives "f.g""#,
            ),
            (
                r#"{{index .Labels "x"}}"#,
                r#"the template's {{index .Labels "x"}} does not exist; the names are "a.b", "e", "i""#,
            ),
            (
                r#"{{index .Labels "e" "f.g" 2}}"#,
                r#"the template's {{index .Labels "e" "f.g" 2}} does not exist; the numbers are 0 to 1"#,
            ),
            (
                "{{index .Labels 0}}",
                "the template's {{index .Labels 0}} does not exist; the names are \"a.b\", \"e\", \"i\"",
            ),
            ("{{index .Labels.i 0}}", "the template's {{index .Labels.i 0}} does not exist; there are none"),
        ] {
            assert_eq!(render(template, &labels).unwrap_err().to_string(), expected);
        }
        for (template, expected) in [
            ("json", value.to_string()),
            ("{{.Digest}}", "sha256:aa".to_owned()),
            ("{{ .digest }} {{.Size}}\\n", "sha256:aa 3\n".to_owned()),
            ("{{json .Digest}}", "\"sha256:aa\"".to_owned()),
            ("{{json .Config.rootfs}}", "{\"n\":[1]}".to_owned()),
            ("{{.Config.OS}}/x", "linux/x".to_owned()),
            ("{{json .}}", value.to_string()),
            ("no action", "no action".to_owned()),
        ] {
            assert_eq!(render(template, &value), Ok(expected), "{template}");
        }
        for (template, named) in [
            ("{{range .Config}}", "range .Config"),
            ("{{.Digest", ".Digest"),
            ("{{len .Digest | printf}}", "len .Digest | printf"),
            ("{{Digest}}", "Digest"),
            ("{{json index .Digest 0}}", "json index .Digest 0"),
            ("{{index .Digest}}", "index .Digest"),
            ("{{index .Digest \"}}", "index .Digest"),
            ("{{(.Digest}}", "(.Digest"),
            ("{{.Digest)}}", ".Digest)"),
            ("{{.Missing}}", ".Missing"),
            ("{{.Digest.More}}", ".More"),
        ] {
            let error = render(template, &value).expect_err(template).to_string();
            assert!(error.contains(named), "{template}: {error}");
        }
        for (template, expected) in [
            ("{{.Nope}}", "the template field .Nope does not exist; the fields are .Config, .Digest, .Size"),
            (
                "{{.Config.x}}",
                "the template field .Config.x does not exist; the fields of .Config are .os, .rootfs",
            ),
            ("{{.Digest.x}}", "the template field .Digest.x does not exist; .Digest has no fields"),
        ] {
            assert_eq!(render(template, &value).unwrap_err().to_string(), expected);
        }
    }
}
