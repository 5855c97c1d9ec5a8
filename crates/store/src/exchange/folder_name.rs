//! The name of a list, read from its folder's. `:` and `/` were written as `-` and `_`, which names may have of their own,
//! so that the images have to help.

use tallyman_core::Reference;

/// The likeliest name of the list in the folder `folder`, which has these images: one that has this folder. Nothing
/// where no reference has.
// Loops in place of chains of iterators, which weigh several times as much in wasm.
pub fn guess(folder: &str, images: &[&Reference]) -> Option<Reference> {
    let (named, digest) = folder.split_once('@').unwrap_or((folder, ""));
    let digest = if digest.is_empty() { String::new() } else { format!("@{}", digest.replacen('-', ":", 1)) };
    let right = |repository: &str, tag: &str| {
        let reference: Reference =
            format!("{repository}{}{digest}", tag.replacen('-', ":", 1)).parse().ok()?;
        (reference.file_name() == folder).then_some(reference)
    };
    let repositories: Vec<String> = images.iter().map(|image| image.name()).collect();
    // A list in the repository of one of its images: the longest such repository leaves least to guess.
    let mut own: Option<(usize, Reference)> = None;
    for name in &repositories {
        let is_longest = own.as_ref().is_none_or(|(length, _)| name.len() > *length);
        let rest = named.strip_prefix(&*file_name(name)).filter(|_| is_longest);
        if let Some(reference) = rest.and_then(|rest| right(name, rest)) {
            own = Some((name.len(), reference));
        }
    }
    if let Some((_, reference)) = own {
        return Some(reference);
    }
    for end in ends_of_repository(named, images) {
        let (repository, tag) = named.split_at(end);
        for name in spellings(repository, &repositories) {
            if let Some(reference) = right(&name, tag) {
                return Some(reference);
            }
        }
    }
    None
}

/// Returns the places in a name where the repository may end and the tag begin, the likeliest first.
fn ends_of_repository(named: &str, images: &[&Reference]) -> Vec<usize> {
    // The name of the registry may have dashes, and no tag is in it.
    let path = named.find('_').unwrap_or(named.len());
    // A tag that the images have is the likeliest one. A tag is a number most often; names have dashes of their own.
    let (mut of_images, mut numbers, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for (at, byte) in named.bytes().enumerate() {
        if byte != b'-' || at <= path {
            continue;
        }
        let tag = &named[at + 1..];
        if images.iter().any(|image| image.tag().is_some_and(|of_image| of_image.as_str() == tag)) {
            of_images.push(at);
        }
        if tag.trim_start_matches('v').as_bytes().first().is_some_and(u8::is_ascii_digit) {
            numbers.push(at);
        }
        rest.push(at);
    }
    // There is no tag where there is a digest.
    rest.push(named.len());
    rest.reverse();
    of_images.append(&mut numbers);
    of_images.append(&mut rest);
    of_images
}

/// Returns the ways to spell a registry and a repository that were written as `text`, the likeliest first. The repository of an
/// image that begins like it says how the beginning is spelled.
fn spellings(text: &str, repositories: &[String]) -> Vec<String> {
    let registry = text.find('_').unwrap_or(text.len());
    let mut nearest: Option<(usize, &String)> = None;
    for name in repositories {
        let shared =
            file_name(name).bytes().zip(text.bytes()).take_while(|(one, other)| one == other).count();
        let is_nearer =
            |(most, nearest): (usize, &String)| shared > most || shared == most && name.len() < nearest.len();
        if shared > registry && nearest.is_none_or(is_nearer) {
            nearest = Some((shared, name));
        }
    }
    let mut spelled = Vec::new();
    if let Some((shared, name)) = nearest {
        spelled.push(format!("{}{}", &name[..shared], slashes(&text[shared..])));
    }
    for (at, byte) in text.bytes().enumerate() {
        if byte != b'_' {
            continue;
        }
        let (host, path) = (&text[..at], slashes(&text[at + 1..]));
        if let Some((name, port)) = host.rsplit_once('-')
            && port.bytes().all(|byte| byte.is_ascii_digit())
        {
            spelled.push(format!("{name}:{port}/{path}"));
        }
        spelled.push(format!("{host}/{path}"));
        // An address of IPv6 has colons of its own.
        spelled.push(format!("{}/{path}", host.replace('-', ":")));
    }
    spelled
}

/// Writes `/` for each `_` that stands alone.
fn slashes(text: &str) -> String {
    text.replace("__", "\0").replace('_', "/").replace('\0', "__")
}

fn file_name(text: &str) -> String {
    text.replace(':', "-").replace('/', "_")
}
