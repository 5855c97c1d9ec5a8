//! The length of the app's components.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::tools::root;

/// Lines of a component, from its signature to its closing brace. Longer ones are cut along their hooks and parts.
const MAX: usize = 80;

/// Refuses components of more than [`MAX`] lines, and names each.
pub fn check() -> Result<()> {
    let (mut count, mut found) = (0, Vec::new());
    visit(&root().join("web/src"), &mut |path, text| {
        for (line, name, length) in components(text) {
            count += 1;
            if length > MAX {
                let shown = path.strip_prefix(root()).unwrap_or(path).display();
                found.push(format!("{shown}:{line}: the component {name} has {length} lines"));
            }
        }
    })?;
    // A scan that finds none has lost the form in which components are written.
    if count == 0 {
        bail!("expected components below web/src, found none");
    }
    for place in &found {
        eprintln!("  {place}");
    }
    if !found.is_empty() {
        bail!("{} components have more than {MAX} lines: cut them along their hooks and parts", found.len());
    }
    Ok(())
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path, &str)) -> Result<()> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    entries.sort_unstable();
    for path in entries {
        if path.is_dir() {
            visit(&path, look)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &fs::read_to_string(&path).with_context(|| path.display().to_string())?);
        }
    }
    Ok(())
}

/// The components of a formatted source: line, name and number of lines of each.
fn components(text: &str) -> Vec<(usize, &str, usize)> {
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
            Some((signature + 1, name, end - signature + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn components_are_measured_from_signature_to_brace() {
        let source = "\
/// A page.
#[component]
pub fn Page(props: &Props) -> Html {
    if true {
    }
    html! {}
}

fn helper() {
}

#[component]
fn Short() -> Html { html! {} }
";
        assert_eq!(components(source), [(3, "Page", 5), (13, "Short", 1)]);
    }
}
