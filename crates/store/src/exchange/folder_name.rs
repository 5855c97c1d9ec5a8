//! From a folder's name back to the list's. `:` and `/` were written as `-` and `_`, which names may have of their own,
//! so that the images have to help.

use tallyman_core::Reference;

/// The likeliest name of the list in the folder `folder`, which has these images: one that has this folder. Nothing
/// where no reference has.
pub fn guess(folder: &str, images: &[&Reference]) -> Option<Reference> {
    let (named, digest) = folder.split_once('@').unwrap_or((folder, ""));
    let digest = if digest.is_empty() { String::new() } else { format!("@{}", digest.replacen('-', ":", 1)) };
    // A list in the repository of one of its images: the longest such repository leaves least to guess.
    let mut repositories: Vec<String> = images.iter().map(|image| image.name()).collect();
    repositories.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let own = repositories.iter().filter_map(|name| {
        let rest = named.strip_prefix(&file_name(name))?;
        Some(format!("{name}{}{digest}", rest.replacen('-', ":", 1)))
    });
    let beside = ends_of_repository(named, images).into_iter().flat_map(|end| {
        let (repository, tag) = named.split_at(end);
        let tag = tag.replacen('-', ":", 1);
        spellings(repository, &repositories).into_iter().map(move |name| format!("{name}{tag}"))
    });
    let beside = beside.map(|name| format!("{name}{digest}"));
    own.chain(beside)
        .filter_map(|guess| guess.parse::<Reference>().ok())
        .find(|reference| reference.file_name() == folder)
}

/// Returns the places in a name where the repository may end and the tag begin, the likeliest first.
fn ends_of_repository(named: &str, images: &[&Reference]) -> Vec<usize> {
    // The name of the registry may have dashes, and no tag is in it.
    let path = named.find('_').unwrap_or(named.len());
    let dashes = || named.match_indices('-').map(|(at, _)| at).filter(move |at| *at > path);
    // A tag that the images have is the likeliest one. A tag is a number most often; names have dashes of their own.
    let is_of_image = |at: &usize| {
        images.iter().filter_map(|image| image.tag()).any(|tag| *tag.as_str() == named[at + 1..])
    };
    let is_number =
        |at: &usize| named[at + 1..].trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    let mut rest: Vec<usize> = dashes().collect();
    // There is no tag where there is a digest.
    rest.push(named.len());
    dashes().filter(is_of_image).chain(dashes().filter(is_number)).chain(rest.into_iter().rev()).collect()
}

/// Returns the ways to spell a registry and a repository that were written as `text`, the likeliest first. The repository of an
/// image that begins like it says how the beginning is spelled.
fn spellings(text: &str, repositories: &[String]) -> Vec<String> {
    let shared = |name: &String| {
        let file_name = file_name(name);
        file_name.bytes().zip(text.bytes()).take_while(|(one, other)| one == other).count()
    };
    let registry = text.find('_').unwrap_or(text.len());
    let nearest = repositories.iter().map(|name| (shared(name), name)).max_by_key(|(shared, _)| *shared);
    let nearest = nearest.filter(|(shared, _)| *shared > registry);
    let begun = nearest.map(|(shared, name)| format!("{}{}", &name[..shared], slashes(&text[shared..])));
    let any = text.match_indices('_').flat_map(|(at, _)| {
        let (host, path) = (&text[..at], slashes(&text[at + 1..]));
        let port = host.rsplit_once('-').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let port = port.map(|(host, port)| format!("{host}:{port}"));
        // An address of IPv6 has colons of its own.
        let hosts = port.into_iter().chain([host.to_owned(), host.replace('-', ":")]);
        hosts.map(move |host| format!("{host}/{path}"))
    });
    begun.into_iter().chain(any).collect()
}

/// Writes `/` for each `_` that stands alone.
fn slashes(text: &str) -> String {
    text.replace("__", "\0").replace('_', "/").replace('\0', "__")
}

fn file_name(text: &str) -> String {
    text.replace(':', "-").replace('/', "_")
}
