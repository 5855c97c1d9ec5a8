//! `DEPENDENCIES.md`: every dependency with its reason, printed from the comments of the manifests.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{apt, tools::root};

const PAGE: &str = "DEPENDENCIES.md";

const HEAD: &str = "# Dependencies

Why each package is here. Written by `cargo xtask dependencies` from the comments in each `Cargo.toml` and the reasons in
each `package.json`; `cargo xtask lint` holds it against them.
";

/// Folders with a `package.json` whose packages are reasoned about, and a sentence on the whole.
const NPM_FOLDERS: [(&str, &str); 3] = [
    ("tests", "Tools of the builds and of the tests."),
    ("tests/npm", "Bundlers and checkers that the npm package is tried with."),
    ("tests/bench", "Libraries that ours are measured against; nothing that is shipped depends on them."),
];

/// A dependency and the reason for it.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    name: String,
    why: String,
}

/// Writes the page.
pub fn write() -> Result<()> {
    Ok(fs::write(root().join(PAGE), page()?)?)
}

/// Compares the page with the manifests.
///
/// # Errors
/// If a dependency has no reason, or the page is out of date.
pub fn check() -> Result<()> {
    let written = fs::read_to_string(root().join(PAGE)).unwrap_or_default();
    if written != page()? {
        bail!("{PAGE} is not what the manifests say: run cargo xtask dependencies");
    }
    Ok(())
}

fn page() -> Result<String> {
    let mut page = HEAD.to_owned();
    for manifest in manifests()? {
        let text = fs::read_to_string(&manifest)?;
        let place = manifest.strip_prefix(root()).unwrap_or(&manifest).display().to_string();
        let (package, entries) = read_manifest(&text).with_context(|| place.clone())?;
        section(&mut page, &package, "", "package", &entries);
    }
    for (folder, about) in NPM_FOLDERS {
        let place = format!("{folder}/package.json");
        let text = fs::read_to_string(root().join(&place)).with_context(|| place.clone())?;
        section(
            &mut page,
            &format!("{folder} (npm)"),
            about,
            "package",
            &read_package(&text).context(place)?,
        );
    }
    let programs = apt::ALL.map(|program| Entry {
        name: format!("{} (apt)", program.packages.join(", ")),
        why: program.why.to_owned(),
    });
    section(&mut page, "Programs that the set-up installs", "", "program", &programs);
    Ok(page)
}

fn section(page: &mut String, title: &str, about: &str, column: &str, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    *page += &format!("\n## {title}\n\n");
    if !about.is_empty() {
        *page += &format!("{about}\n\n");
    }
    *page += &format!("| {column} | why |\n|---|---|\n");
    for Entry { name, why } in entries {
        *page += &format!("| {name} | {} |\n", why.replace('|', "\\|"));
    }
}

/// The manifests of all crates, in the order of their folders, the app last.
fn manifests() -> Result<Vec<PathBuf>> {
    let crates = fs::read_dir(root().join("crates"))?;
    let crates = crates.map(|entry| Ok(entry?.path().join("Cargo.toml"))).collect::<Result<Vec<_>>>()?;
    let mut manifests: Vec<_> = crates.into_iter().filter(|path| path.is_file()).collect();
    manifests.sort_unstable();
    manifests.push(root().join("web/Cargo.toml"));
    Ok(manifests)
}

/// The package's name and its dependencies. Those of the workspace itself need no reason.
fn read_manifest(text: &str) -> Result<(String, Vec<Entry>)> {
    let (mut package, mut entries, mut unreasoned) = (String::new(), Vec::new(), Vec::new());
    let (mut section, mut comment) = ("", Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(said) = line.strip_prefix('#') {
            comment.push(said.trim());
            continue;
        }
        let why = std::mem::take(&mut comment).join(" ");
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let name = key.trim().split('.').next().unwrap_or_default();
        if section == "package" && name == "name" {
            package = value.trim().trim_matches('"').to_owned();
        }
        if !section.ends_with("dependencies") {
            continue;
        }
        if why.is_empty() {
            if !name.starts_with("tallyman-") {
                unreasoned.push(name.to_owned());
            }
            continue;
        }
        entries.push(Entry { name: format!("{name}{}", note_of(section)), why });
    }
    if !unreasoned.is_empty() {
        bail!(
            "expected a comment with the reason above each dependency, found none above {}",
            unreasoned.join(", ")
        );
    }
    Ok((package, entries))
}

/// Names what tells the dependencies of a section of a manifest from those of others with the same names.
fn note_of(section: &str) -> &'static str {
    if section.ends_with("dev-dependencies") {
        " (tests)"
    } else if section.contains("not(target_arch = \"wasm32\")") {
        " (native)"
    } else {
        ""
    }
}

/// The dependencies of a `package.json`, with the reasons that stand under `why`.
fn read_package(text: &str) -> Result<Vec<Entry>> {
    let package: Value = serde_json::from_str(text)?;
    let names = |key: &str| package.get(key).and_then(Value::as_object).into_iter().flatten();
    let wanted: Vec<_> =
        names("dependencies").chain(names("devDependencies")).map(|(name, _)| name).collect();
    let mut entries = Vec::new();
    for name in &wanted {
        let Some(why) = package["why"][name.as_str()].as_str() else {
            bail!("expected the reason for {name} under \"why\", found none");
        };
        entries.push(Entry { name: (*name).clone(), why: why.to_owned() });
    }
    match names("why").find(|(name, _)| !wanted.contains(name)) {
        Some((name, _)) => bail!("expected reasons for dependencies alone, found one for {name}"),
        None => Ok(entries),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, read_manifest, read_package};

    fn entry(name: &str, why: &str) -> Entry {
        Entry { name: name.into(), why: why.into() }
    }

    #[test]
    fn reasons_are_the_comments_above_the_entries() {
        let manifest = "[package]\nname = \"a\"\n\n[dependencies]\ntallyman-core.workspace = true\n# Names.\nserde.workspace = true\n\
                        [target.'cfg(unix)'.dev-dependencies]\n# Two\n# lines.\ntokio = { version = \"1\" }\n[lints]\nworkspace = true\n";
        let (package, entries) = read_manifest(manifest).unwrap();
        assert_eq!(
            (package.as_str(), entries),
            ("a", vec![entry("serde", "Names."), entry("tokio (tests)", "Two lines.")])
        );
        let error = read_manifest("[dependencies]\n# Far above.\n\nserde = \"1\"\n").unwrap_err().to_string();
        assert_eq!(error, "expected a comment with the reason above each dependency, found none above serde");
    }

    #[test]
    fn reasons_of_npm_packages_are_complete() {
        let package = |why: &str| format!(r#"{{"devDependencies":{{"a":"1"}},"why":{{{why}}}}}"#);
        assert_eq!(read_package(&package(r#""a":"A.""#)).unwrap(), [entry("a", "A.")]);
        assert!(read_package(&package("")).unwrap_err().to_string().contains("reason for a"));
        assert!(
            read_package(&package(r#""a":"A.","b":"B.""#)).unwrap_err().to_string().contains("one for b")
        );
    }
}
