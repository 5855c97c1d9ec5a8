//! The commands: how each is called, and what it is made of.

use std::collections::BTreeMap;

use tallyman_core::{Platform, PlatformChange};

use super::{
    Command, Digested, Invocation, Telling,
    flags::{Flag, Given, Offers},
    scripts,
};
use crate::CreateBeyond;

/// A subcommand: how it is called.
pub(super) struct Syntax {
    pub name: &'static str,
    pub usage: &'static str,
    /// One line, for the help of the whole.
    pub summary: &'static str,
    /// What its own help says.
    pub about: &'static str,
    /// Whether `docker manifest` has it.
    pub is_dockers: bool,
    pub counts: Counts,
    pub flags: &'static [Flag],
    /// What a shell may offer as an argument.
    pub offers: Offers,
    /// What it asks for, from arguments that are as many as there should be.
    pub read: fn(Given) -> Invocation,
}

/// How many arguments there may be.
pub(super) enum Counts {
    Exactly(usize),
    AtLeast(usize),
    Between(usize, usize),
}

const INSECURE: Flag =
    Flag::bool("insecure", "Take any certificate, and plain HTTP where the registry speaks it");
const JSON: Flag = Flag::bool("json", "Print JSON, for machines");
const PROGRESS: Flag =
    Flag::bool("progress", "Tell on the way what is done; without it, only where a terminal shows it");
const DRY_RUN: Flag = Flag::bool("dry-run", "Show what would be done, and do nothing");
const PLATFORM: Flag = Flag::text("platform", "The image of a list to choose, such as linux/arm64")
    .value("platform")
    .checked(check_platform)
    .offers(Offers::Platforms);

pub(super) const SYNTAXES: [Syntax; 16] = [
    Syntax {
        name: "annotate",
        usage: "annotate [OPTIONS] MANIFEST_LIST MANIFEST",
        summary: "Say more about the platform of an image in a local list",
        about: "Say more about the platform of an image in a local list.",
        is_dockers: true,
        counts: Counts::Exactly(2),
        flags: &[
            Flag::text("annotation", "Annotation of the entry; makes the list an OCI index; may be repeated")
                .value("key=value")
                .checked(check_pair),
            Flag::text("arch", "CPU architecture").offers(Offers::Architectures),
            Flag::text("os", "Operating system").offers(Offers::OperatingSystems),
            Flag::texts("os-features", "Operating system features, repeated or comma-separated"),
            Flag::text("os-version", "Operating system version"),
            Flag::text("variant", "Variant of the architecture"),
        ],
        offers: Offers::Nothing,
        read: annotate,
    },
    Syntax {
        name: "catalog",
        usage: "catalog [OPTIONS] REGISTRY",
        summary: "Show the repositories of a registry",
        about: "Show the repositories of a registry, one a line. Many registries show nobody theirs.",
        is_dockers: false,
        counts: Counts::Exactly(1),
        flags: &[INSECURE, JSON],
        offers: Offers::Nothing,
        read: |given| {
            let (telling, insecure, registry) = (telling(&given), insecure(&given), first(given));
            Invocation::Run(Command::Catalog { registry, insecure, telling })
        },
    },
    Syntax {
        name: "completion",
        usage: "completion bash|zsh|fish",
        summary: "Print a script that completes command lines",
        about: "Print a script by which a shell completes command lines:

  bash   source <(tallyman completion bash)
  zsh    source <(tallyman completion zsh)
  fish   tallyman completion fish | source",
        is_dockers: false,
        counts: Counts::Exactly(1),
        flags: &[],
        offers: Offers::Shells,
        read: |given| scripts::script(&first(given)).into(),
    },
    Syntax {
        name: "copy",
        usage: "copy [OPTIONS] SOURCE TARGET",
        summary: "Copy an image or a list to another repository or registry",
        about: "Copy an image, or a list with all that it points to, to another repository or registry, byte for byte.
Within a registry blobs are mounted; from one to another those that are missing are transferred.
Everything is verified on its way. The target's tag comes last.",
        is_dockers: false,
        counts: Counts::Exactly(2),
        flags: &[DRY_RUN, INSECURE, JSON, PLATFORM, PROGRESS],
        offers: Offers::Nothing,
        read: copy,
    },
    Syntax {
        name: "create",
        usage: "create MANIFEST_LIST MANIFEST [MANIFEST...]",
        summary: "Make a local list of images that a registry has",
        about: "Make a local list of images that a registry has, to annotate and push. All images come in, or none.",
        is_dockers: true,
        counts: Counts::AtLeast(2),
        flags: &[
            Flag::bool("amend", "Add to the local list where there is one").short('a'),
            Flag::text("annotation", "Annotation of the list; makes it an OCI index; may be repeated")
                .value("key=value")
                .checked(check_pair),
            Flag::bool("flatten", "Where a list is named, take the images that it points to"),
            INSECURE,
            JSON,
            Flag::bool("oci", "Make an OCI index, whatever the images are"),
            PROGRESS,
            Flag::bool("refresh", "Fetch anew what the list has: the images named, or all; platforms stay"),
        ],
        offers: Offers::Nothing,
        read: create,
    },
    Syntax {
        name: "delete",
        usage: "delete [OPTIONS] REPOSITORY@DIGEST [REPOSITORY@DIGEST...]",
        summary: "Delete manifests from a registry",
        about: "Delete manifests from a registry, with every tag that is on them.",
        is_dockers: false,
        counts: Counts::AtLeast(1),
        flags: &[INSECURE],
        offers: Offers::Nothing,
        read: |given| {
            Invocation::Run(Command::Delete { insecure: insecure(&given), references: given.arguments })
        },
    },
    Syntax {
        name: "digest",
        usage: "digest [OPTIONS] [MANIFEST | FILE | -]",
        summary: "Show the digest of a manifest, a file or the standard input",
        about: "Show the digest of a manifest in a registry, computed from its bytes; or that of a file, or of the standard
input where nothing or - is named. What begins with /, ./ or ../ is a file.",
        is_dockers: false,
        counts: Counts::Between(0, 1),
        flags: &[
            Flag::bool("file", "The argument is a file, whatever it begins with").short('f'),
            INSECURE,
            JSON,
            PLATFORM,
        ],
        offers: Offers::Files,
        read: digest,
    },
    Syntax {
        name: "duplicate",
        usage: "duplicate MANIFEST_LIST NEW_NAME",
        summary: "Keep a copy of a local list under another name",
        about: "Keep a copy of a local list under another name. No registry is asked.",
        is_dockers: false,
        counts: Counts::Exactly(2),
        flags: &[],
        offers: Offers::Nothing,
        read: |given| {
            let [list, to] = two(given);
            Invocation::Run(Command::Duplicate { list, to })
        },
    },
    Syntax {
        name: "inspect",
        usage: "inspect [OPTIONS] [MANIFEST_LIST] MANIFEST",
        summary: "Show an image's manifest, or a list",
        about: "Show an image's manifest or a list: of a local list, of an image in a local list, or of a registry.",
        is_dockers: true,
        counts: Counts::Between(1, 2),
        flags: &[
            INSECURE,
            Flag::bool("raw", "Show the exact bytes"),
            Flag::bool("verbose", "Show platforms and descriptors as well").short('v'),
        ],
        offers: Offers::Nothing,
        read: inspect,
    },
    Syntax {
        name: "push",
        usage: "push [OPTIONS] MANIFEST_LIST",
        summary: "Push a local list to its registry",
        about: "Push a local list, and the manifests that its repository lacks.",
        is_dockers: true,
        counts: Counts::Exactly(1),
        flags: &[
            Flag::bool("copy", "Copy images of other registries to that of the list"),
            DRY_RUN,
            INSECURE,
            JSON,
            PROGRESS,
            Flag::bool("purge", "Remove the local list when it is pushed").short('p'),
        ],
        offers: Offers::Nothing,
        read: push,
    },
    Syntax {
        name: "referrers",
        usage: "referrers [OPTIONS] MANIFEST",
        summary: "Show what refers to an image: signatures, attestations, bills of materials",
        about: "Show what refers to an image or a list: signatures, attestations, bills of materials.",
        is_dockers: false,
        counts: Counts::Exactly(1),
        flags: &[
            Flag::text("artifact-type", "Only what is of this type").value("type"),
            INSECURE,
            JSON,
        ],
        offers: Offers::Nothing,
        read: |given| {
            let (telling, insecure) = (telling(&given), insecure(&given));
            let artifact_type = Some(given.text("artifact-type")).filter(|wanted| !wanted.is_empty());
            Invocation::Run(Command::Referrers { image: first(given), artifact_type, insecure, telling })
        },
    },
    Syntax {
        name: "rename",
        usage: "rename MANIFEST_LIST NEW_NAME",
        summary: "Give a local list another name",
        about: "Give a local list another name. No registry is asked.",
        is_dockers: false,
        counts: Counts::Exactly(2),
        flags: &[],
        offers: Offers::Nothing,
        read: |given| {
            let [list, to] = two(given);
            Invocation::Run(Command::Rename { list, to })
        },
    },
    Syntax {
        name: "rm",
        usage: "rm MANIFEST_LIST [MANIFEST_LIST...]",
        summary: "Remove local lists",
        about: "Remove local lists. Nothing is removed from a registry.",
        is_dockers: true,
        counts: Counts::AtLeast(1),
        flags: &[],
        offers: Offers::Nothing,
        read: |given| Invocation::Run(Command::Remove { lists: given.arguments }),
    },
    Syntax {
        name: "tags",
        usage: "tags [OPTIONS] REPOSITORY",
        summary: "Show the tags of a repository",
        about: "Show the tags of a repository, one a line, in the registry's order.",
        is_dockers: false,
        counts: Counts::Exactly(1),
        flags: &[INSECURE, JSON],
        offers: Offers::Nothing,
        read: |given| {
            let (telling, insecure, repository) = (telling(&given), insecure(&given), first(given));
            Invocation::Run(Command::Tags { repository, insecure, telling })
        },
    },
    Syntax {
        name: "untag",
        usage: "untag [OPTIONS] REPOSITORY:TAG [REPOSITORY:TAG...]",
        summary: "Delete tags from a registry, and leave the manifests there",
        about: "Delete tags from a registry, and leave the manifests there. Not every registry can.",
        is_dockers: false,
        counts: Counts::AtLeast(1),
        flags: &[INSECURE],
        offers: Offers::Nothing,
        read: |given| {
            Invocation::Run(Command::Untag { insecure: insecure(&given), references: given.arguments })
        },
    },
    Syntax {
        name: "version",
        usage: "version [OPTIONS]",
        summary: "Show the version",
        about: "Show the version.",
        is_dockers: false,
        counts: Counts::Exactly(0),
        flags: &[JSON],
        offers: Offers::Nothing,
        read: |given| Invocation::Run(Command::Version { telling: telling(&given) }),
    },
];

fn telling(given: &Given) -> Telling {
    Telling { json: given.is_set("json"), progress: given.bool("progress") }
}

fn insecure(given: &Given) -> bool {
    given.is_set("insecure")
}

fn first(given: Given) -> String {
    given.arguments.into_iter().next().unwrap_or_default()
}

fn two(given: Given) -> [String; 2] {
    let mut arguments = given.arguments.into_iter();
    std::array::from_fn(|_| arguments.next().unwrap_or_default())
}

fn platform(given: &Given) -> Option<Platform> {
    given.text("platform").parse().ok()
}

fn annotations(given: &Given) -> BTreeMap<String, String> {
    let pairs = given.all("annotation").into_iter();
    pairs
        .filter_map(|pair| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect()
}

fn check_platform(text: &str) -> Result<(), String> {
    text.parse::<Platform>().map(drop).map_err(|error| error.to_string())
}

fn check_pair(text: &str) -> Result<(), String> {
    match text.split_once('=') {
        Some((key, _)) if !key.is_empty() => Ok(()),
        _ => Err("expected a key and a value, such as org.opencontainers.image.title=app".to_owned()),
    }
}

fn annotate(given: Given) -> Invocation {
    let annotations = annotations(&given);
    let platform = PlatformChange {
        os: given.text("os"),
        architecture: given.text("arch"),
        os_version: given.text("os-version"),
        os_features: given.all("os-features"),
        variant: given.text("variant"),
    };
    let [list, image] = two(given);
    Invocation::Run(Command::Annotate { list, image, platform, annotations })
}

fn copy(given: Given) -> Invocation {
    let (telling, insecure, platform) = (telling(&given), insecure(&given), platform(&given));
    let dry_run = given.is_set("dry-run");
    let [source, target] = two(given);
    Invocation::Run(Command::Copy { source, target, platform, insecure, dry_run, telling })
}

fn create(given: Given) -> Invocation {
    let annotations = annotations(&given);
    let beyond = CreateBeyond {
        refresh: given.is_set("refresh"),
        flatten: given.is_set("flatten"),
        oci: given.is_set("oci"),
        annotations,
    };
    let (telling, insecure, amend) = (telling(&given), insecure(&given), given.is_set("amend"));
    let mut arguments = given.arguments.into_iter();
    let list = arguments.next().unwrap_or_default();
    Invocation::Run(Command::Create { list, images: arguments.collect(), amend, insecure, beyond, telling })
}

fn digest(given: Given) -> Invocation {
    let (telling, insecure, platform) = (telling(&given), insecure(&given), platform(&given));
    let is_file = given.is_set("file");
    let of = match given.arguments.into_iter().next() {
        None => Digested::Input,
        Some(name) if is_file => Digested::File(name),
        Some(name) if name == "-" => Digested::Input,
        // No reference begins so.
        Some(name) if ["/", "./", "../"].iter().any(|start| name.starts_with(start)) => Digested::File(name),
        Some(name) => Digested::Reference(name),
    };
    Invocation::Run(Command::Digest { of, platform, insecure, telling })
}

fn inspect(given: Given) -> Invocation {
    let (verbose, raw) = (given.is_set("verbose"), given.is_set("raw"));
    let insecure = insecure(&given);
    let mut arguments = given.arguments.into_iter();
    let (first, second) = (arguments.next().unwrap_or_default(), arguments.next());
    let (list, image) = second.map_or((None, first.clone()), |second| (Some(first), second));
    Invocation::Run(Command::Inspect { list, image, verbose, raw, insecure })
}

fn push(given: Given) -> Invocation {
    let (purge, dry_run, copy) = (given.is_set("purge"), given.is_set("dry-run"), given.is_set("copy"));
    let (telling, insecure) = (telling(&given), insecure(&given));
    Invocation::Run(Command::Push { list: first(given), purge, insecure, dry_run, copy, telling })
}
