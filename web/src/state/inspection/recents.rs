//! References that were looked at lately, in this browser.

use crate::browser::storage::Keep;

const KEY: &str = "recent";
/// The number of references that are remembered.
const MAX: usize = 12;

/// Returns the references that were inspected last, the newest first.
pub fn all() -> Vec<String> {
    let text = Keep::Stored.read(KEY).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Remembers that `reference` was looked at.
pub fn remember(reference: &str) {
    let others = all().into_iter().filter(|other| other != reference).take(MAX - 1);
    let lines: Vec<String> = std::iter::once(reference.to_owned()).chain(others).collect();
    // A browser that keeps nothing remembers nothing.
    let _ = Keep::Stored.write(KEY, &lines.join("\n"));
}

/// Forgets them all.
pub fn forget() {
    Keep::Stored.remove(KEY);
}
