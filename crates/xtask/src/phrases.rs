//! The sentences of app, command line and documents: phrases for which the field has a plain word.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::tools::root;

/// Places with sentences for people: files, and folders with all that is below them.
const PLACES: [&str; 5] = ["web/src/text", "web/start.js", "README.md", "docs", "crates/npm/js/README.md"];

/// Refused phrases, each with the one that is written instead.
const PHRASES: [(&str, &str); 29] = [
    ("does not let pages of other origins read what it says", "blocks browser access (CORS)"),
    ("asks who you are", "requires sign-in"),
    ("has a problem of its own", "returned a server error"),
    ("wants to be left alone for a while", "is rate-limiting requests"),
    ("does not take these credentials", "rejected these credentials"),
    ("no name that a reference can have", "not a valid tag name"),
    ("bytes that are no text", "not text"),
    ("Bring lists in", "Import lists"),
    ("Against the registry", "Compared with the registry"),
    ("Form of the list", "Format"),
    ("An OCI index, whatever the images are", "Always use an OCI index"),
    ("A list brings its images", "Adding a list adds all its images"),
    ("Leave out what is there already", "Skip what is already there"),
    ("The push did not come to its end", "Push failed"),
    ("Images that were put beside it", "Images copied with it"),
    ("Make it all the same", "Apply my change"),
    ("What points to what", "Structure"),
    ("Layers that platforms share", "Shared layers"),
    ("Worth a look", "Samples"),
    ("Take the tags off", "Remove only the tags"),
    ("As the registry has it", "Raw config"),
    ("Ask it to keep them", "Make storage persistent"),
    ("is no platform", "is not a platform"),
    ("\"In all\"", "Total size"),
    ("\"Remarks\"", "Findings"),
    ("Delete what they stand for", "Delete the images"),
    ("Gone then", "Tags removed"),
    ("parted by commas", "comma-separated"),
    ("\"Fold all\"", "Collapse all"),
];

/// Refuses sentences with such a phrase, and names each.
pub fn check() -> Result<()> {
    let mut found = Vec::new();
    for place in PLACES {
        visit(&root().join(place), &mut found)?;
    }
    for place in &found {
        eprintln!("  {place}");
    }
    if !found.is_empty() {
        bail!("{} sentences with a phrase for which there is a plain word", found.len());
    }
    Ok(())
}

fn visit(path: &Path, found: &mut Vec<String>) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        entries.sort_unstable();
        return entries.iter().try_for_each(|entry| visit(entry, found));
    }
    if path.extension().is_none_or(|extension| extension != "rs" && extension != "md" && extension != "js") {
        return Ok(());
    }
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let shown = path.strip_prefix(root()).unwrap_or(path).display();
    for (at, line) in text.lines().enumerate() {
        found.extend(
            refused(line)
                .map(|(phrase, instead)| format!("{shown}:{}: {phrase:?}; write {instead:?}", at + 1)),
        );
    }
    Ok(())
}

/// The refused phrases in a line, however they are capitalised.
fn refused(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let line = line.to_lowercase();
    PHRASES.into_iter().filter(move |(phrase, _)| line.contains(&phrase.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn phrases_are_refused_however_they_are_capitalised() {
        for (line, count) in [
            ("the registry Asks who you are", 1),
            ("the registry requires sign-in", 0),
            ("worth a look, and what points to what", 2),
        ] {
            assert_eq!(refused(line).count(), count, "{line}");
        }
    }
}
