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
    #[error("expected one of the fields {known} in .{path}, found .{name}")]
    Field {
        /// The fields in front.
        path: String,
        /// The field.
        name: String,
        /// The fields that are there.
        known: String,
    },
}

/// Renders `template` with the fields of `value`. `{{.A.B}}` gives a text as it is and other values as JSON, `{{json .A}}` gives
/// all values as JSON; `json` alone gives the whole value. Names of fields may be written in any case.
///
/// # Errors
/// [`TemplateError`] if the template has other actions, or names fields that are not there.
pub(crate) fn render(template: &str, value: &Value) -> Result<String, TemplateError> {
    if template == "json" {
        return Ok(json(value));
    }
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, action)) = rest.split_once("{{") {
        let (action, after) =
            action.split_once("}}").ok_or_else(|| TemplateError::Open(action.to_owned()))?;
        out.push_str(&before.replace("\\n", "\n").replace("\\t", "\t"));
        let words: Vec<&str> = action.split_whitespace().collect();
        let (path, is_json) = match words[..] {
            [path] => (path, false),
            ["json", path] => (path, true),
            _ => return Err(TemplateError::Action(action.to_owned())),
        };
        let path = path.strip_prefix('.').ok_or_else(|| TemplateError::Action(action.to_owned()))?;
        match field(value, path)? {
            Value::String(text) if !is_json => out.push_str(text),
            value => out.push_str(&json(value)),
        }
        rest = after;
    }
    out.push_str(&rest.replace("\\n", "\n").replace("\\t", "\t"));
    Ok(out)
}

fn json(value: &Value) -> String {
    terminal::json(&value.to_string()).into_owned()
}

/// Returns `true` if `template` shows the field `name`, alone or with all others.
pub(crate) fn names(template: &str, name: &str) -> bool {
    let actions = template.split("{{").skip(1).filter_map(|action| action.split_once("}}"));
    let mut paths = actions.filter_map(|(action, _)| action.split_whitespace().next_back());
    let is_named = |path: &str| {
        let first = path.trim_start_matches('.').split('.').next().unwrap_or_default();
        first.is_empty() || first.eq_ignore_ascii_case(name)
    };
    template == "json" || paths.any(is_named)
}

fn field<'a>(value: &'a Value, path: &str) -> Result<&'a Value, TemplateError> {
    let mut found = value;
    let mut passed: Vec<&str> = Vec::new();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let missing = || TemplateError::Field {
            path: passed.join("."),
            name: name.to_owned(),
            known: found.as_object().map_or_else(String::new, |fields| {
                fields.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
            }),
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
    }
}
