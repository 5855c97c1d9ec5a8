//! The app's components: their length, and that each is drawn anew in another language.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::tools::{files_below, root};

/// Lines of a component, from its signature to its closing brace. Longer ones are cut along their hooks and parts.
const MAX: usize = 80;

/// Components that draw no text of their own, though their files have some.
const WITHOUT_TEXT: [&str; 1] = ["App"];

/// Refuses components of more than [`MAX`] lines, and those that keep their words when another language is chosen.
pub fn check() -> Result<()> {
    let (mut count, mut found) = (0, Vec::new());
    for path in files_below(&root().join("web/src"), &[])? {
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let has_text = text.contains("text()");
        for Component { line, name, length, uses_language } in components(&text) {
            count += 1;
            if length > MAX {
                let shown = path.strip_prefix(root()).unwrap_or(&path).display();
                found.push(format!(
                    "{shown}:{line}: the component {name} has {length} lines, more than {MAX}"
                ));
            }
            if has_text && !uses_language && !WITHOUT_TEXT.contains(&name) {
                let shown = path.strip_prefix(root()).unwrap_or(&path).display();
                found.push(format!("{shown}:{line}: the component {name} does not call use_language()"));
            }
        }
    }
    // A scan that finds none has lost the form in which components are written.
    if count == 0 {
        bail!("expected components below web/src, found none");
    }
    for place in &found {
        eprintln!("  {place}");
    }
    if !found.is_empty() {
        bail!(
            "{} places: cut long components along their hooks and parts, and call use_language() in each",
            found.len()
        );
    }
    Ok(())
}

/// A component of a formatted source.
#[derive(Debug, PartialEq)]
struct Component<'a> {
    line: usize,
    name: &'a str,
    length: usize,
    uses_language: bool,
}

/// The components of a formatted source.
fn components(text: &str) -> Vec<Component<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let marked = lines.iter().enumerate().filter(|(_, line)| {
        ["#[component", "#[function_component"].iter().any(|mark| line.trim_start().starts_with(mark))
    });
    marked
        .filter_map(|(at, mark)| {
            let signature = (at..lines.len()).find(|at| lines[*at].contains("fn "))?;
            let name = lines[signature].split_once("fn ")?.1.split(['(', '<']).next()?;
            let indent = &mark[..mark.len() - mark.trim_start().len()];
            let end = (signature..lines.len()).find(|at| {
                lines[*at].strip_prefix(indent) == Some("}")
                    || *at == signature && lines[*at].trim_end().ends_with('}')
            })?;
            let uses_language = lines[signature..=end].iter().any(|line| line.contains("use_language()"));
            Some(Component { line: signature + 1, name, length: end - signature + 1, uses_language })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Component, components};

    #[test]
    fn components_are_measured_from_signature_to_brace() {
        let source = "\
/// A page.
#[component]
pub fn Page(props: &Props) -> Html {
    use_language();
    if true {
    }
    html! {}
}

fn helper() {
}

#[component]
fn Short() -> Html { html! {} }
";
        let page = Component { line: 3, name: "Page", length: 6, uses_language: true };
        let short = Component { line: 14, name: "Short", length: 1, uses_language: false };
        assert_eq!(components(source), [page, short]);
    }
}
