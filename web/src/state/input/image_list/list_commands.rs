//! Command lines of other programs that make lists: buildx, Podman, Buildah, nerdctl, crane, regctl, ORAS.

use std::collections::BTreeMap;

use tallyman_core::{PlatformChange, Reference};

use crate::state::input::{image_list::ImageChange, pasted_text::reference_in};

/// The parts of a command line that makes a list, or adds to one.
#[derive(Debug, Default, PartialEq)]
pub struct ListCommand {
    /// The list.
    pub list: Option<String>,
    /// Its images.
    pub sources: Vec<String>,
    /// The change of the only image.
    pub change: Option<ImageChange>,
    /// Annotations of the list.
    pub annotations: BTreeMap<String, String>,
    /// Flags that change what the line makes, and that are not followed.
    pub unused: Vec<String>,
}

/// Reads the words of a command line. Returns `None` if it is not about a list.
pub fn read(words: &[&str]) -> Option<ListCommand> {
    match words {
        ["docker", "buildx", "imagetools", "create", rest @ ..] => Some(imagetools(rest)),
        ["podman" | "buildah" | "nerdctl" | "finch", "manifest", command, rest @ ..] => podman(command, rest),
        ["crane" | "gcrane", "index", "append", rest @ ..] => Some(crane(rest)),
        ["regctl", "index", "create" | "add", rest @ ..] => Some(regctl(rest)),
        ["oras", "manifest", "index", "create", rest @ ..] => Some(oras(rest)),
        _ => None,
    }
}

/// The flags of a line with their values, empty for switches, and its other words.
struct Arguments<'a> {
    flags: Vec<(&'a str, &'a str)>,
    positional: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// Parses the words behind a command; `with_value` are the flags that take the next word.
    fn parse(words: &[&'a str], with_value: &[&str]) -> Self {
        let (mut flags, mut positional) = (Vec::new(), Vec::new());
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                positional.push(*word);
            } else if let Some((flag, value)) = word.split_once('=') {
                flags.push((flag, value));
            } else {
                let value = with_value.contains(word).then(|| words.next()).flatten();
                flags.push((*word, value.copied().unwrap_or_default()));
            }
        }
        Self { flags, positional }
    }

    /// The values of a flag, which has several spellings.
    fn values(&self, names: &[&str]) -> impl Iterator<Item = &'a str> {
        let values = self.flags.iter().filter(|(flag, _)| names.contains(flag)).map(|(_, value)| *value);
        values.collect::<Vec<_>>().into_iter()
    }

    /// The pairs that are the values of a flag.
    fn pairs(&self, names: &[&str]) -> BTreeMap<String, String> {
        let pairs = self.values(names).filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Returns the flags of `names` that are given.
    fn given(&self, names: &[&str]) -> Vec<String> {
        let given = self.flags.iter().map(|(flag, _)| *flag).filter(|flag| names.contains(flag));
        given.map(str::to_owned).collect()
    }
}

fn imagetools(words: &[&str]) -> ListCommand {
    let with_value = [
        "-t",
        "--tag",
        "-f",
        "--file",
        "-p",
        "--platform",
        "--annotation",
        "--builder",
        "--metadata-file",
        "--progress",
    ];
    let arguments = Arguments::parse(words, &with_value);
    let list = arguments.values(&["-t", "--tag"]).next();
    let appended = list.filter(|_| !arguments.given(&["--append"]).is_empty());
    let sources = appended.into_iter().chain(arguments.positional.iter().copied());
    let mut unused = arguments.given(&["-f", "--file", "-p", "--platform"]);
    let mut annotations = BTreeMap::new();
    for (key, value) in arguments.pairs(&["--annotation"]) {
        match key.strip_prefix("index:") {
            Some(key) => drop(annotations.insert(key.to_owned(), value)),
            None => unused.push("--annotation".to_owned()),
        }
    }
    ListCommand {
        list: list.map(str::to_owned),
        sources: sources.map(|source| beside(list, source)).collect(),
        change: None,
        annotations,
        unused,
    }
}

fn podman(command: &str, words: &[&str]) -> Option<ListCommand> {
    let with_value = [
        "--annotation",
        "--arch",
        "--artifact-type",
        "--authfile",
        "--cert-dir",
        "--creds",
        "--features",
        "--os",
        "--os-features",
        "--os-version",
        "--variant",
    ];
    let arguments = Arguments::parse(words, &with_value);
    let mut positional = arguments.positional.iter().copied();
    let list = positional.next();
    let sources: Vec<String> = positional.map(|source| beside(list, source)).collect();
    let of_list = |annotations| ListCommand {
        list: list.map(str::to_owned),
        sources: sources.clone(),
        annotations,
        ..ListCommand::default()
    };
    let annotations = || arguments.pairs(&["--annotation"]);
    match command {
        "create" => Some(of_list(annotations())),
        "add" | "annotate" => {
            let value = |name: &str| arguments.values(&[name]).next().unwrap_or_default().to_owned();
            let features = value("--os-features");
            let platform = PlatformChange {
                os: value("--os"),
                architecture: value("--arch"),
                variant: value("--variant"),
                os_version: value("--os-version"),
                os_features: features.split(',').filter(|of| !of.is_empty()).map(str::to_owned).collect(),
                ..PlatformChange::default()
            };
            let change = ImageChange { platform, annotations: annotations() };
            let change = (change != ImageChange::default()).then_some(change);
            let unused = arguments.given(&["--artifact-type", "--features"]);
            Some(ListCommand { change, unused, ..of_list(BTreeMap::new()) })
        }
        // Later steps of the list belong to another page.
        "push" | "rm" | "remove" | "exists" => Some(ListCommand::default()),
        _ => None,
    }
}

fn crane(words: &[&str]) -> ListCommand {
    let arguments = Arguments::parse(words, &["-m", "--manifest", "-t", "--tag", "--platform"]);
    let sources = arguments.positional.iter().copied().chain(arguments.values(&["-m", "--manifest"]));
    ListCommand {
        list: arguments.values(&["-t", "--tag"]).next().map(str::to_owned),
        sources: sources.map(reference_in).collect(),
        ..ListCommand::default()
    }
}

fn regctl(words: &[&str]) -> ListCommand {
    let with_value = [
        "--annotation",
        "--artifact-type",
        "--desc-annotation",
        "--desc-platform",
        "--digest",
        "--media-type",
        "--platform",
        "--ref",
        "--subject",
    ];
    let arguments = Arguments::parse(words, &with_value);
    let list = arguments.positional.first().copied();
    let sources = arguments.values(&["--ref", "--digest"]);
    let unused = ["--artifact-type", "--desc-annotation", "--desc-platform", "--platform", "--subject"];
    ListCommand {
        list: list.map(str::to_owned),
        sources: sources.map(|source| beside(list, source)).collect(),
        change: None,
        annotations: arguments.pairs(&["--annotation"]),
        unused: arguments.given(&unused),
    }
}

fn oras(words: &[&str]) -> ListCommand {
    let with_value = [
        "-a",
        "--annotation",
        "--annotation-file",
        "--artifact-type",
        "--format",
        "-o",
        "--output",
        "--subject",
    ];
    let arguments = Arguments::parse(words, &with_value);
    let mut positional = arguments.positional.iter().copied();
    let list = positional.next();
    // Its sources are tags and digests of the list's repository.
    let of_repository = |source: &str| {
        let list = list.and_then(|list| list.parse::<Reference>().ok())?;
        Some(list.by_tag(source.parse().ok()?).to_string())
    };
    ListCommand {
        list: list.map(str::to_owned),
        sources: positional
            .map(|source| of_repository(source).unwrap_or_else(|| beside(list, source)))
            .collect(),
        change: None,
        annotations: arguments.pairs(&["-a", "--annotation"]),
        unused: arguments.given(&["--annotation-file", "--artifact-type", "--subject"]),
    }
}

/// Returns the reference that `source` names; a digest alone is one of the repository of `list`.
fn beside(list: Option<&str>, source: &str) -> String {
    let digest = source.parse().ok();
    let list = list.and_then(|list| list.parse::<Reference>().ok());
    match (digest, list) {
        (Some(digest), Some(list)) => list.by_digest(digest).to_string(),
        _ => reference_in(source),
    }
}
