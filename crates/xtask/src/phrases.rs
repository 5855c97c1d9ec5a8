//! The sentences of app, programs, package and documents: phrases for which the field has a plain word.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::tools::{files_below, root};

/// Places with sentences for people: files, and folders with all that is below them. In sources these are the app's texts, help,
/// error messages and comments.
const PLACES: [&str; 5] = ["README.md", "SECURITY.md", "crates", "docs", "web"];

/// Folders in which tests quote what they expect, or that hold what others wrote, or what was built.
const PASSED_OVER: [&str; 6] = ["dist", "fixtures", "node_modules", "target", "test", "tests"];

/// The extensions of the files with sentences.
const EXTENSIONS: [&str; 6] = ["html", "js", "jsx", "md", "rs", "ts"];

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
        for file in files_below(&root().join(place), &PASSED_OVER)? {
            look(&file, &mut found)?;
        }
    }
    for place in &found {
        eprintln!("  {place}");
    }
    if !found.is_empty() {
        bail!("{} sentences with a phrase for which there is a plain word", found.len());
    }
    Ok(())
}

/// Adds the refused phrases of one file, unless it has no sentences for people.
fn look(path: &Path, found: &mut Vec<String>) -> Result<()> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    // The table above names what it refuses.
    let is_this = path.ends_with("xtask/src/phrases.rs");
    if is_this || !EXTENSIONS.contains(&extension) {
        return Ok(());
    }
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let shown = path.strip_prefix(root()).unwrap_or(path).display();
    found.extend(
        refused(&text)
            .into_iter()
            .map(|(line, phrase, instead)| format!("{shown}:{line}: {phrase:?}; write {instead:?}")),
    );
    Ok(())
}

/// The refused phrases in a text with the number of the line in which each begins, however they are capitalised, and though a line
/// ends in their middle.
fn refused(text: &str) -> Vec<(usize, &'static str, &'static str)> {
    let mut found = Vec::new();
    // The words of the line before, and of it and the next one.
    let (mut before, mut both) = (String::new(), String::new());
    for (at, line) in text.to_lowercase().lines().enumerate() {
        let words = words(line);
        both.clear();
        both.extend([before.as_str(), " ", words.as_str()]);
        for (phrase, instead) in PHRASES {
            let lower = phrase.to_lowercase();
            if words.contains(&lower) {
                found.push((at + 1, phrase, instead));
            } else if both.contains(&lower) && !before.contains(&lower) {
                found.push((at, phrase, instead));
            }
        }
        before = words;
    }
    found
}

/// A line's words as the sentence has them: without the marks of a comment, and of a literal that continues on the next line.
fn words(line: &str) -> String {
    let line = line.trim().trim_end_matches('\\').trim_start_matches(['/', '!', '*']);
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::refused;

    #[test]
    fn phrases_are_refused_however_they_are_capitalised() {
        for (text, lines) in [
            ("the registry Asks who you are", vec![1]),
            ("the registry requires sign-in", vec![]),
            ("worth a look, and what points to what", vec![1, 1]),
            ("#[error(\n    \"{host} does not take \\\n     these credentials\"\n)]", vec![2]),
            ("/// Images worth\n/// a look.\n/// A sentence.", vec![1]),
            ("a sentence\n\nof two worth\n\na look", vec![]),
        ] {
            assert_eq!(refused(text).iter().map(|(line, ..)| *line).collect::<Vec<_>>(), lines, "{text}");
        }
    }
}
