//! The words of the project: doc comments that begin with a noun or a verb, and names that are the field's.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::tools::{files_below, root};

/// Folders with our own sources.
const FOLDERS: [&str; 3] = ["crates", "web", "tests"];

/// Folders that hold what others wrote, or what was built.
const OTHERS: [&str; 4] = ["node_modules", "target", "dist", "fixtures"];

/// Words that a doc comment does not begin with: its first sentence is a noun phrase or a verb in the third person.
const REFUSED_OPENINGS: [&str; 30] = [
    "What", "Which", "Whether", "How", "Where", "When", "Who", "Whose", "Why", "Those", "Itself", "Both",
    "It", "They", "That", "There", "Not", "Nothing", "Neither", "As", "By", "For", "From", "In", "Of", "On",
    "To", "With", "Without", "Until",
];

/// Words that no comment of one sentence begins with: a sentence names its subject by the field's term.
const REFUSED_SUBJECTS: [&str; 6] = ["Whoever", "Whatever", "Who", "Nobody", "Somebody", "What"];

/// Words that stand for others: a first sentence of nothing else says nothing, such as `It is.` or `Of what.`
const PRONOUNS: [&str; 15] = [
    "it", "is", "are", "they", "them", "this", "that", "these", "one", "of", "to", "what", "where",
    "returns", "for",
];

/// The places in which a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Wherever it stands in code.
    Anywhere,
    /// The name of a type, a function, a module or a file, where it hides the field's term.
    Definition,
}

use Place::{Anywhere, Definition};

/// Names that hide a term of the field, and the term.
const NAMES: [(&str, &str, Place); 62] = [
    ("Turns", "Semaphore", Anywhere),
    ("Turn", "Permit", Definition),
    ("turns", "semaphore", Definition),
    ("Flights", "SingleFlight", Anywhere),
    ("flights", "single_flight", Definition),
    ("door", "first_request", Anywhere),
    ("scheme_door", "first_request", Anywhere),
    ("Call", "ApiRequest", Definition),
    ("ask", "send", Definition),
    ("transmit", "send_once", Anywhere),
    ("patience", "timeout", Anywhere),
    ("late", "timed_out", Definition),
    ("chance", "jitter", Definition),
    ("Again", "Idempotency", Anywhere),
    ("may_pass", "is_transient", Anywhere),
    ("was_left_undone", "is_transient", Anywhere),
    ("expect_perhaps", "preconnect", Anywhere),
    ("streamed", "upload", Definition),
    ("mend", "fix", Definition),
    ("mends", "fixes", Anywhere),
    ("Mend", "Fix", Anywhere),
    ("Behind", "Resolved", Definition),
    ("truth", "bool", Definition),
    ("texts_by_name", "string_map", Anywhere),
    ("Telling", "OutputOptions", Anywhere),
    ("Saying", "EarlyExit", Anywhere),
    ("Digested", "DigestInput", Anywhere),
    ("Given", "ParsedFlags", Definition),
    ("Takes", "ValueKind", Definition),
    ("Counts", "Arity", Definition),
    ("Offers", "CompletionHint", Definition),
    ("CreateBeyond", "CreateExtensions", Anywhere),
    ("beyond", "extensions", Definition),
    ("Said", "ErrorDetail", Definition),
    ("Asked", "RequestContext", Definition),
    ("told", "requested_as", Definition),
    ("Economy", "RequestBudget", Anywhere),
    ("Gathering", "ImageFetcher", Anywhere),
    ("Come", "Arrived", Definition),
    ("Doing", "PendingValue", Anywhere),
    ("Begun", "a noun for the state", Definition),
    ("Settled", "Snapshot", Definition),
    ("Believed", "TrustRoots", Definition),
    ("Asks", "AuthScheme", Definition),
    ("About", "LogContext", Definition),
    ("handing", "import_export", Definition),
    ("heard", "listeners", Definition),
    ("seen", "last_seen", Definition),
    ("listed", "list_names", Definition),
    ("pushed", "push_history", Definition),
    ("printed", "cli_output", Definition),
    ("allowed", "permissions", Definition),
    ("adding", "add_images", Definition),
    ("opening", "destination", Definition),
    ("pasted", "pasted_text", Definition),
    ("Heard", "a noun for the listener", Definition),
    ("Seen", "a noun for the request or the moment", Definition),
    ("Listed", "a noun for the rows", Definition),
    ("Shelf", "Lists", Definition),
    ("Came", "Update", Definition),
    ("Made", "a noun for what is built", Definition),
    ("Met", "a noun for what occurred", Definition),
];

/// Refuses sources whose words break the rules above, and names each place.
pub fn check() -> Result<()> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        for file in files_below(&root().join(folder), &OTHERS)? {
            look(&file, &mut found)?;
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    for place in &found {
        eprintln!("  {place}");
    }
    bail!(
        "{} places: begin a doc comment with a noun or a verb in the third person, name the subject of a comment, and use the \
         field's term for a name",
        found.len()
    )
}

/// Adds the faults of one file, unless it is no source of ours.
fn look(path: &Path, found: &mut Vec<String>) -> Result<()> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some((stem, extension @ ("rs" | "js" | "ts"))) = name.rsplit_once('.') else { return Ok(()) };
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let shown = path.strip_prefix(root()).unwrap_or(path).display();
    // The table above names what it refuses.
    let is_this = path.ends_with("xtask/src/wording.rs");
    if extension == "rs"
        && let Some(instead) = NAMES.iter().find(|(name, ..)| *name == stem).map(|(_, instead, _)| instead)
    {
        found.push(format!("{shown}: a file named {stem}; the field says {instead}"));
    }
    let faults = comment_faults(&text, extension).into_iter();
    found.extend(faults.map(|(line, fault)| format!("{shown}:{line}: {fault}")));
    for (at, line) in text.lines().enumerate() {
        if extension == "rs" && doc_comment(line, extension).is_none() && !is_this {
            found.extend(
                names(line)
                    .map(|(name, instead)| format!("{shown}:{}: {name}; the field says {instead}", at + 1)),
            );
        }
    }
    Ok(())
}

/// The faults of the comments of a text, each with the number of its line.
fn comment_faults(text: &str, extension: &str) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    let (mut in_doc_comment, mut in_comment) = (false, false);
    let mut lines = text.lines().enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let doc = doc_comment(line, extension);
        // The text of a JSDoc comment may begin in its second line.
        let next = lines.peek().map_or("", |(_, next)| next.trim_start().trim_start_matches('*'));
        let opening = doc.map(|text| if extension != "rs" && text.trim().is_empty() { next } else { text });
        if let Some(opening) = opening.filter(|_| !in_doc_comment) {
            if let Some(word) = refused(opening, &REFUSED_OPENINGS) {
                faults.push((at + 1, format!("a doc comment that begins with {word:?}")));
            }
            if is_of_pronouns(opening) {
                faults.push((at + 1, "a doc comment that names nothing".to_owned()));
            }
        }
        let comment = line.trim_start().strip_prefix("//").filter(|_| doc.is_none());
        if let Some(word) = comment.filter(|_| !in_comment).and_then(|text| refused(text, &REFUSED_SUBJECTS))
        {
            faults.push((at + 1, format!("a comment that begins with {word:?}")));
        }
        (in_doc_comment, in_comment) = (doc.is_some(), comment.is_some());
    }
    faults
}

/// The text of a line of a doc comment.
fn doc_comment<'a>(line: &'a str, extension: &str) -> Option<&'a str> {
    let line = line.trim_start();
    match extension {
        "rs" => line.strip_prefix("///").or_else(|| line.strip_prefix("//!")),
        _ => line.strip_prefix("/**"),
    }
}

/// The one of the words that a text begins with. `In-memory` is another word than `In`.
fn refused<'a>(text: &str, words: &[&'a str]) -> Option<&'a str> {
    let text = text.trim_start();
    words.iter().copied().find(|word| {
        text.strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-'))
    })
}

/// Returns `true` for a text whose first sentence is made of [`PRONOUNS`].
fn is_of_pronouns(text: &str) -> bool {
    let sentence = text.split(['.', ';', ':', '*']).next().unwrap_or_default();
    let mut words = sentence.split_whitespace().peekable();
    words.peek().is_some() && words.all(|word| PRONOUNS.contains(&word.to_lowercase().as_str()))
}

/// The refused names in a line of code.
fn names(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let code = without_texts(line);
    let words: Vec<&str> = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').collect();
    let defines = |at: usize| {
        // Words that punctuation stands between are apart by an empty one.
        at > 0 && ["struct", "enum", "trait", "type", "fn", "mod"].contains(&words[at - 1])
    };
    let found: Vec<_> = words
        .iter()
        .enumerate()
        .filter_map(|(at, word)| {
            let (name, instead, place) = NAMES.iter().find(|(name, ..)| name == word)?;
            (*place == Anywhere || defines(at)).then_some((*name, *instead))
        })
        .collect();
    found.into_iter()
}

/// A line without its string literals and its comment.
fn without_texts(line: &str) -> String {
    let mut code = String::new();
    let (mut in_text, mut before) = (false, ' ');
    for letter in line.replace("'\"'", "").chars() {
        match letter {
            '"' if before != '\\' => in_text = !in_text,
            _ if in_text => {}
            '/' if before == '/' => return code,
            _ => code.push(letter),
        }
        before = if before == '\\' && letter == '\\' { ' ' } else { letter };
    }
    code
}

#[cfg(test)]
mod tests {
    use super::{comment_faults, is_of_pronouns, names};

    #[test]
    fn doc_comments_begin_with_a_noun_or_a_verb() {
        for (text, extension, word) in [
            ("    /// Whether it is there.", "rs", Some("Whether")),
            ("//! How a push goes.", "rs", Some("How")),
            ("/// However it goes, a sentence.", "rs", None),
            ("/// By the descriptor.", "rs", Some("By")),
            ("/// It is being read.", "rs", Some("It")),
            ("/// In-memory registries.", "rs", None),
            ("/// Its name.", "rs", None),
            ("/// A reference.\n/// It is checked.", "rs", None),
            ("// Why: a comment that is no documentation.", "rs", None),
            ("// Nobody reads it.", "rs", Some("Nobody")),
            ("// The file.\n// What is in it.", "rs", None),
            ("/** What it is. */", "ts", Some("What")),
            ("/**\n * What it is.\n */", "ts", Some("What")),
            ("/**\n * The kind.\n */", "ts", None),
        ] {
            let faults = comment_faults(text, extension);
            let found = faults.first().map(|(_, fault)| fault.as_str());
            assert!(
                match word {
                    Some(word) => found.is_some_and(|fault| fault.ends_with(&format!("{word:?}"))),
                    None => found.is_none(),
                },
                "{text}: {found:?}"
            );
        }
    }

    #[test]
    fn doc_comments_name_their_subject() {
        for (text, expected) in [
            (" It is.", true),
            (" Of what.", true),
            (" To where; each gets the same.", true),
            (" It. */", true),
            (" Returns it.", true),
            (" It is there.", false),
            (" The content.", false),
            ("", false),
        ] {
            assert_eq!(is_of_pronouns(text), expected, "{text}");
        }
    }

    #[test]
    fn names_are_looked_for_in_code_alone() {
        for (line, found) in [
            ("pub struct Turns;", vec!["Turns"]),
            ("let turns = Turns::new(\"Turns\"); // Turns", vec!["Turns"]),
            ("fn late() -> bool {", vec!["late"]),
            ("let late = at > deadline;", vec![]),
            ("let path = '\"'; fn mend() {}", vec!["mend"]),
        ] {
            assert_eq!(names(line).map(|(name, _)| name).collect::<Vec<_>>(), found, "{line}");
        }
    }
}
