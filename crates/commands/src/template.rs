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
        "expected {{{{.Field}}}} or {{{{json .Field}}}}, such as {{{{.Digest}}}} or {{{{json .Config}}}}, found {{{{{0}}}}}: other actions of Go's templates are not supported"
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
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn fields_of(path: &str, known: &[String]) -> String {
    let named: Vec<String> = known.iter().map(|name| format!(".{name}")).collect();
    let named = named.join(", ");
    match (path, known) {
        (_, []) => format!(".{path} has no fields"),
        ("", _) => format!("the fields are {named}"),
        _ => format!("the fields of .{path} are {named}"),
    }
}

/// A piece of a template.
enum Piece<'a> {
    Text(String),
    Field { path: &'a str, is_json: bool },
}

/// Returns the pieces of a template; `json` alone is the whole value.
///
/// # Errors
/// [`TemplateError::Open`] and [`TemplateError::Action`].
fn pieces(template: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    if template == "json" {
        return Ok(vec![Piece::Field { path: "", is_json: true }]);
    }
    let text = |text: &str| Piece::Text(text.replace("\\n", "\n").replace("\\t", "\t"));
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((before, action)) = rest.split_once("{{") {
        let (action, after) =
            action.split_once("}}").ok_or_else(|| TemplateError::Open(action.to_owned()))?;
        let words: Vec<&str> = action.split_whitespace().collect();
        let (path, is_json) = match words[..] {
            [path] => (path, false),
            ["json", path] => (path, true),
            _ => return Err(TemplateError::Action(action.to_owned())),
        };
        let path = path.strip_prefix('.').ok_or_else(|| TemplateError::Action(action.to_owned()))?;
        pieces.extend([text(before), Piece::Field { path, is_json }]);
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
        if let Piece::Field { path, .. } = piece {
            field(&value, path.split('.').next().unwrap_or_default())?;
        }
    }
    Ok(())
}

/// Renders `template` with the fields of `value`. `{{.A.B}}` gives a text as it is and other values as JSON, `{{json .A}}` gives
/// all values as JSON; `json` alone gives the whole value. Names of fields may be written in any case.
///
/// # Errors
/// [`TemplateError`] if the template has other actions, or names fields that are not there.
pub(crate) fn render(template: &str, value: &Value) -> Result<String, TemplateError> {
    let mut out = String::new();
    for piece in pieces(template)? {
        match piece {
            Piece::Text(text) => out.push_str(&text),
            Piece::Field { path, is_json } => match field(value, path)? {
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
        Piece::Field { path, .. } => {
            let first = path.split('.').next().unwrap_or_default();
            first.is_empty() || first.eq_ignore_ascii_case(name)
        }
        Piece::Text(_) => false,
    };
    pieces(template).is_ok_and(|pieces| pieces.iter().any(is_named))
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
