//! Completion of a command line that is being typed.

use super::{
    flags::{Flag, HELP},
    table::{COMMANDS, CommandSpec, find, is_group},
    words_in_front,
};

/// The candidates for the word that is being typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The word as far as it is typed: the end of the line.
    pub word: String,
    /// The candidates that begin with it: commands, flags, values, references.
    pub candidates: Vec<String>,
}

/// Returns the candidates for the last word of `line`, which ends at the cursor. `lists` are the local lists, each with its images.
pub fn completion(line: &str, lists: &[(String, Vec<String>)]) -> Completion {
    let word = line.rsplit(char::is_whitespace).next().unwrap_or_default();
    let before: Vec<&str> = line[..line.len() - word.len()].split_whitespace().collect();
    let before = match &before[..] {
        ["$", rest @ ..] => rest,
        all => all,
    };
    let candidates: Vec<String> = match before {
        [] => vec!["tallyman".to_owned(), "docker manifest".to_owned()],
        ["docker"] => vec!["manifest".to_owned()],
        ["docker", "manifest", rest @ ..] | ["tallyman", rest @ ..] => arguments(rest, word, lists),
        _ => Vec::new(),
    };
    let mut candidates: Vec<_> =
        candidates.into_iter().filter(|candidate| candidate.starts_with(word) && candidate != word).collect();
    candidates.dedup();
    Completion { word: word.to_owned(), candidates }
}

fn arguments(before: &[&str], word: &str, lists: &[(String, Vec<String>)]) -> Vec<String> {
    let words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
    let Some((_, words)) = words.split_at_checked(words_in_front(&words)) else { return Vec::new() };
    let Some(first) = words.first() else {
        return match word.starts_with('-') {
            true => {
                super::root_flags().iter().chain([&HELP]).map(|flag| format!("--{}", flag.name)).collect()
            }
            false => COMMANDS.iter().map(|spec| spec.words()[0].to_owned()).collect(),
        };
    };
    if words.len() == 1 && is_group(first) {
        let of_group = COMMANDS.iter().map(CommandSpec::words).filter(|words| words[0] == first);
        return of_group.filter_map(|words| words.get(1).map(|word| (*word).to_owned())).collect();
    }
    let Some((spec, rest)) = find(words) else { return Vec::new() };
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    if let Some(flag) = rest.last().and_then(|last| taking(spec, last)) {
        return flag.hint.words();
    }
    if word.starts_with('-') {
        let flags = spec.all_flags().into_iter().map(|flag| format!("--{}", flag.name));
        return flags.chain(["--help".to_owned()]).collect();
    }
    let mut given = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if taking(spec, word).is_some() {
            words.next();
        } else if !word.starts_with('-') {
            given.push(*word);
        }
    }
    let names = || lists.iter().map(|(name, _)| name.clone());
    let images = |of: &str| {
        let list = lists.iter().find(|(name, _)| name == of);
        list.map(|(_, images)| images.clone()).unwrap_or_default()
    };
    match (spec.name, &given[..]) {
        ("annotate" | "inspect" | "remove", [list]) => images(list),
        ("remove", [list, given @ ..]) => {
            images(list).into_iter().filter(|image| !given.contains(&image.as_str())).collect()
        }
        ("annotate" | "create" | "duplicate" | "inspect" | "push" | "remove" | "rename", []) => {
            names().collect()
        }
        ("rm", given) => names().filter(|name| !given.contains(&name.as_str())).collect(),
        // Images of other lists are the likeliest sources.
        ("create", [_, given @ ..]) => {
            let known = lists.iter().flat_map(|(_, images)| images);
            known.filter(|image| !given.contains(&image.as_str())).cloned().collect()
        }
        _ => Vec::new(),
    }
}

/// The flag that `word` is, where it takes a value that stands behind it.
fn taking(spec: &CommandSpec, word: &str) -> Option<Flag> {
    let name = word.strip_prefix("--")?;
    spec.all_flags().into_iter().find(|flag| flag.name == name && flag.takes_next())
}
