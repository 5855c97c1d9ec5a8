//! The completion of a half-typed line.

use tallyman_commands::Completion;

use crate::state::lists::LocalLists;

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
