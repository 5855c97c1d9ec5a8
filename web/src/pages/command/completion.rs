//! The completion of a half-typed line.

use tallyman_commands::Completion;
use web_sys::HtmlInputElement;

use crate::state::lists::LocalLists;

/// A half-typed line, in two at the cursor.
#[derive(PartialEq)]
pub struct Line {
    /// The text before the cursor, which is completed.
    pub before: String,
    /// The text behind it.
    pub after: String,
}

impl Line {
    /// The line in a field.
    pub fn in_field(input: &HtmlInputElement) -> Self {
        let units: Vec<u16> = input.value().encode_utf16().collect();
        // A field for text has a cursor.
        let cursor = input.selection_end().ok().flatten().map_or(units.len(), |cursor| cursor as usize);
        let (before, after) = units.split_at(cursor.min(units.len()));
        Self { before: String::from_utf16_lossy(before), after: String::from_utf16_lossy(after) }
    }

    /// Shows it in a field, with the cursor in its place.
    pub fn show(&self, input: &HtmlInputElement) {
        input.set_value(&format!("{}{}", self.before, self.after));
        let cursor = u32::try_from(self.before.encode_utf16().count()).unwrap_or(u32::MAX);
        // A field for text has a cursor.
        let _ = input.set_selection_range(cursor, cursor);
    }
}

/// Returns the line with what all candidates have in common, or `None` if they have nothing more in common.
pub fn completed(line: &str, found: &Completion) -> Option<String> {
    let first = found.candidates.first()?;
    let shared = found.candidates.iter().skip(1).fold(first.as_str(), |shared, other| {
        let length = shared.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        shared.get(..length).unwrap_or_default()
    });
    let begun = line.strip_suffix(found.word.as_str()).unwrap_or(line);
    let space = if found.candidates.len() == 1 { " " } else { "" };
    (shared.len() > found.word.len()).then(|| format!("{begun}{shared}{space}"))
}

/// Returns the local lists with their images.
pub async fn known(local_lists: &LocalLists) -> Vec<(String, Vec<String>)> {
    let mut known = Vec::new();
    for summary in local_lists.summaries().await.unwrap_or_default() {
        let list = local_lists.load(&summary.reference).await.ok().flatten();
        let images = list.iter().flat_map(|list| list.iter()).map(|entry| entry.reference.to_string());
        known.push((summary.reference.to_string(), images.collect()));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::{Completion, completed};

    #[test]
    fn as_much_is_completed_as_is_certain() {
        let of = |word: &str, candidates: &[&str]| Completion {
            word: word.to_owned(),
            candidates: candidates.iter().map(|candidate| (*candidate).to_owned()).collect(),
        };
        assert_eq!(completed("tallyman pu", &of("pu", &["push"])).as_deref(), Some("tallyman push "));
        let two = of("r", &["r.io/app:1", "r.io/app:2"]);
        assert_eq!(completed("tallyman push r", &two).as_deref(), Some("tallyman push r.io/app:"));
        assert_eq!(
            completed("tallyman push r.io/app:", &of("r.io/app:", &["r.io/app:1", "r.io/app:2"])),
            None
        );
        assert_eq!(completed("x", &of("x", &[])), None);
    }
}
