//! Parts of the texts of errors.

use tallyman_core::{Digest, Platform};

pub(super) fn named(platforms: &[Platform]) -> String {
    if platforms.is_empty() {
        return "no entry with a platform".to_owned();
    }
    platforms.iter().map(Platform::to_string).collect::<Vec<_>>().join(", ")
}

/// The platforms that there are in place of `wanted`, as narrow as it is.
pub(super) fn candidates(wanted: &Platform, found: &[Platform]) -> String {
    if found.is_empty() || wanted.os_version.is_empty() && wanted.os_features.is_empty() {
        return named(found);
    }
    found.iter().map(|platform| platform.in_full().to_string()).collect::<Vec<_>>().join(", ")
}

pub(super) fn entry_names(names: &[String]) -> String {
    if names.is_empty() { "no entries".to_owned() } else { names.join(", ") }
}

pub(super) fn moved(expected: &Digest, found: &Option<Digest>) -> String {
    match found {
        Some(found) => format!("moved from {expected} to {found}"),
        None => format!("deleted (it pointed to {expected})"),
    }
}
