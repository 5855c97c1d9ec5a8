//! From a folder's name back to the list's. `:` and `/` were written as `-` and `_`, which names may have of their own,
//! so that the entries have to help.

use tallyman_core::{ListEntry, Reference};

/// The likeliest name of the list in the folder `folder`, which has these entries: one that has this folder. Nothing
/// where no reference has.
pub fn guess(folder: &str, entries: &[ListEntry]) -> Option<Reference> {
    let mut guesses: Vec<String> = Vec::new();
    let mut registries: Vec<&str> = entries.iter().map(|entry| entry.reference.registry().as_str()).collect();
    registries.sort_unstable();
    registries.dedup();
    // A list in the repository of one of its images: the longest such repository leaves least to guess.
    let mut repositories: Vec<String> = entries.iter().map(|entry| entry.reference.name()).collect();
    repositories.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in &repositories {
        if let Some(rest) = folder.strip_prefix(&file_name(name)) {
            guesses.extend(rest.strip_prefix('-').map(|tag| format!("{name}:{tag}")));
            guesses.extend(
                rest.strip_prefix('@').map(|digest| format!("{name}@{}", digest.replacen('-', ":", 1))),
            );
        }
    }
    for registry in registries.iter().copied().chain(["docker.io"]) {
        let Some(rest) = folder.strip_prefix(&format!("{}_", file_name(registry))) else { continue };
        // A tag that its images have is the likeliest one.
        let tags = entries.iter().filter_map(|entry| entry.reference.tag());
        for tag in tags {
            let repository = rest.strip_suffix(tag.as_str()).and_then(|rest| rest.strip_suffix('-'));
            guesses.extend(repository.map(|repository| join(registry, repository, tag.as_str())));
        }
        guesses.extend(rest.rsplit_once('-').map(|(repository, tag)| join(registry, repository, tag)));
        guesses.extend(rest.split_once('-').map(|(repository, tag)| join(registry, repository, tag)));
    }
    // An empty list, or one of another registry than its images.
    if let Some((registry, rest)) = folder.split_once('_') {
        let host =
            registry.rsplit_once('-').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let registry = host.map_or(registry.to_owned(), |(host, port)| format!("{host}:{port}"));
        guesses.extend(rest.rsplit_once('-').map(|(repository, tag)| join(&registry, repository, tag)));
    }
    guesses
        .iter()
        .filter_map(|guess| guess.parse::<Reference>().ok())
        .find(|reference| reference.file_name() == folder)
}

fn join(registry: &str, repository: &str, tag: &str) -> String {
    format!("{registry}/{}:{tag}", repository.replace('_', "/"))
}

fn file_name(text: &str) -> String {
    text.replace(':', "-").replace('/', "_")
}
