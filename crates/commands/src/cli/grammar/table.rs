//! The commands: how each is called, and what it is made of.

use tallyman_core::Format;

use super::{
    Command, Understood,
    flags::{CompletionHint, Flag, ParsedFlags},
    man,
    read::{
        annotate, apply, check_concurrency, check_entry_field, check_log_format, check_number, check_pair,
        check_platform, check_tag, copy, create, deletion, digest, first, index_add, index_annotate,
        index_remove, insecure, inspect, login, optional, options, plan, push, two,
    },
    shell_completion,
};
use crate::cli::{
    Mirror, TagFilter, TagOrder,
    settings::{parse_header, parse_time},
    tag_filter::check_pattern,
};

/// A subcommand: how it is called.
pub(super) struct CommandSpec {
    pub name: &'static str,
    pub usage: &'static str,
    /// One line, for the help of the whole.
    pub summary: &'static str,
    /// The description in its own help.
    pub about: &'static str,
    /// Command lines that show its use.
    pub examples: &'static [&'static str],
    /// The group of commands in the help of the whole.
    pub group: CommandGroup,
    pub arity: Arity,
    pub flags: &'static [Flag],
    /// The arguments that a shell completes.
    pub hint: CompletionHint,
    /// Makes the command, from as many arguments as it takes.
    pub read: fn(ParsedFlags) -> Understood,
}

/// A group of commands in the help.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandGroup {
    /// The commands that `docker manifest` has.
    Docker,
    Registries,
    LocalLists,
    Program,
}

/// Returns the command that `args` begin with, and what stands behind its name: one word, or two for those of a group.
pub(super) fn find(args: &[String]) -> Option<(&'static CommandSpec, &[String])> {
    COMMANDS.iter().find_map(|spec| {
        let words = spec.words();
        let is_named = args.len() >= words.len() && words.iter().zip(args).all(|(word, arg)| word == arg);
        is_named.then(|| (spec, &args[words.len()..]))
    })
}

/// Returns `true` for the first word of commands that have two.
pub(super) fn is_group(name: &str) -> bool {
    COMMANDS.iter().any(|spec| spec.words().len() > 1 && spec.words()[0] == name)
}

impl CommandSpec {
    /// All its flags, with those of the connection if it talks to registries.
    pub(super) fn all_flags(&self) -> Vec<Flag> {
        let connection = CONNECTION.iter().filter(|_| self.has_connection());
        self.flags.iter().chain(connection).copied().collect()
    }

    /// Returns `true` if it talks to registries.
    pub(super) fn has_connection(&self) -> bool {
        self.flags.iter().any(|flag| flag.name == INSECURE.name)
    }

    /// The words of its name.
    pub(super) fn words(&self) -> Vec<&'static str> {
        self.name.split(' ').collect()
    }
}

/// The number of arguments.
pub(super) enum Arity {
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
const NEVER_OVERWRITE: Flag =
    Flag::bool("never-overwrite", "Refuse to move a tag that stands for something else");
const PLATFORM: Flag = Flag::text("platform", "The image of a list to choose, such as linux/arm64")
    .value("platform")
    .checked(check_platform)
    .completed_by(CompletionHint::Platforms);

const ANY_PLATFORM: Flag =
    Flag::bool("any-platform", "Take operating systems and architectures that Docker does not know as well");
const CLEAR: Flag =
    Flag::text("clear", "Empty a field: variant, os-version, os-features, annotation:KEY; may be repeated")
        .value("field")
        .checked(check_entry_field);
const ARCH: Flag = Flag::text("arch", "CPU architecture").completed_by(CompletionHint::Architectures);
const OS: Flag = Flag::text("os", "Operating system").completed_by(CompletionHint::OperatingSystems);
const OS_FEATURES: Flag =
    Flag::texts("os-features", "Operating system features, repeated or comma-separated");
const OS_VERSION: Flag = Flag::text("os-version", "Operating system version");
const VARIANT: Flag = Flag::text("variant", "Variant of the architecture");
const OCI: Flag = Flag::bool("oci", "Make it an OCI index, whatever it was");
const TAG: Flag = Flag::text("tag", "A further tag of the same repository; may be repeated")
    .value("tag")
    .checked(check_tag);
const FROM: Flag =
    Flag::text("from", "Sources in a file, or - for the standard input: names, or descriptors as JSON")
        .value("file")
        .completed_by(CompletionHint::Files);
const NEST: Flag = Flag::bool("nest", "Keep a list that is named as an entry of its own");
const NO_ATTESTATIONS: Flag =
    Flag::bool("no-attestations", "Leave out the attestations of lists that are named");
const PLATFORMS: Flag =
    Flag::texts("platform", "Of a list that is named, take the images of these platforms alone")
        .value("platforms")
        .checked(check_platform)
        .completed_by(CompletionHint::Platforms);

const IGNORE_MISSING: Flag = Flag::bool("ignore-missing", "Take it for done if there is no such thing");

/// The settings of the connection, for every command that talks to registries, and in front of any.
pub(super) const CONNECTION: [Flag; 10] = [
    Flag::text("ca-file", "A file with further certificate authorities; may be repeated")
        .value("file")
        .completed_by(CompletionHint::Files),
    Flag::text("cert", "The file with the certificate to show to registries")
        .value("file")
        .completed_by(CompletionHint::Files),
    Flag::text("concurrency", "Make so many requests at the same time")
        .value("number")
        .checked(check_concurrency),
    Flag::bool("debug", "Show each request, and why one is made again"),
    Flag::text("header", "A header for requests to registries, such as X-Tenant=acme; may be repeated")
        .value("header")
        .checked(|text| parse_header(text).map(drop)),
    Flag::text("key", "The file with the key of that certificate")
        .value("file")
        .completed_by(CompletionHint::Files),
    Flag::text("log-format", "The form of errors and requests: text, or json")
        .value("format")
        .checked(check_log_format),
    Flag::text("mirror", "Read from a mirror first, such as docker.io=mirror.example; may be repeated")
        .value("mirror")
        .checked(|text| Mirror::parse(text).map(drop)),
    Flag::text("retries", "Make a request that failed again so many times")
        .value("number")
        .checked(check_number),
    Flag::text("timeout", "Give up after this time without an answer, such as 30s")
        .value("time")
        .checked(|text| parse_time(text).map(drop)),
];

pub(super) const COMMANDS: [CommandSpec; 27] = [
    CommandSpec {
        name: "annotate",
        usage: "annotate [OPTIONS] MANIFEST_LIST MANIFEST",
        summary: "Say more about the platform of an image in a local list",
        about: "Say more about the platform of an image in a local list.",
        examples: &[
            "tallyman annotate reg.example/app:1 reg.example/app:1-arm --arch arm --variant v7",
        ],
        group: CommandGroup::Docker,
        arity: Arity::Exactly(2),
        flags: &[
            Flag::text("annotation", "Annotation of the entry; makes the list an OCI index; may be repeated")
                .value("key=value")
                .checked(check_pair),
            ANY_PLATFORM,
            ARCH,
            CLEAR,
            OS,
            OS_FEATURES,
            OS_VERSION,
            VARIANT,
        ],
        hint: CompletionHint::LocalLists,
        read: annotate,
    },
    CommandSpec {
        name: "apply",
        usage: "apply [OPTIONS] FILE",
        summary: "Make a registry have the lists of a file",
        about: "Make a registry have the lists of a file, YAML or JSON, or of the standard input where - is named. What is
there already is not pushed again. The documentation describes the file.",
        examples: &["tallyman apply lists.yaml"],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[INSECURE, JSON, PROGRESS],
        hint: CompletionHint::Files,
        read: apply,
    },
    CommandSpec {
        name: "catalog",
        usage: "catalog [OPTIONS] REGISTRY",
        summary: "Show the repositories of a registry",
        about: "Show the repositories of a registry, one a line. Many registries show nobody theirs.",
        examples: &[],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[INSECURE, JSON],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (options, insecure, registry) = (options(&parsed), insecure(&parsed), first(parsed));
            Understood::Run(Command::Catalog { registry, insecure, options })
        },
    },
    CommandSpec {
        name: "completion",
        usage: "completion bash|zsh|fish",
        summary: "Print a script that completes command lines",
        about: "Print a script by which a shell completes command lines:

  bash   source <(tallyman completion bash)
  zsh    source <(tallyman completion zsh)
  fish   tallyman completion fish | source",
        examples: &[],
        group: CommandGroup::Program,
        arity: Arity::Exactly(1),
        flags: &[],
        hint: CompletionHint::Shells,
        read: |parsed| shell_completion::script(&first(parsed)).into(),
    },
    CommandSpec {
        name: "copy",
        usage: "copy [OPTIONS] SOURCE TARGET [TARGET...]",
        summary: "Copy an image or a list to other repositories or registries",
        about: "Copy an image, or a list with all that it points to, to another repository or registry, byte for byte.
Within a registry blobs are mounted; from one to another those that are missing are transferred.
Everything is verified on its way. The target's tag comes last.",
        examples: &[
            "tallyman copy ghcr.io/acme/app:1 reg.example/acme/app:1",
            "tallyman copy --platform linux/amd64,linux/arm64 ghcr.io/acme/app:1 reg.example/acme/app:1",
            "tallyman copy --all-tags --referrers ghcr.io/acme/app reg.example/acme/app",
        ],
        group: CommandGroup::Registries,
        arity: Arity::AtLeast(2),
        flags: &[
            Flag::bool("all-tags", "Copy each tag of the source's repository, under the same name"),
            Flag::bool("digest-tags", "Copy the tags that stand for a digest as well, such as sha256-….sig"),
            DRY_RUN,
            INSECURE,
            JSON,
            NEVER_OVERWRITE,
            Flag::texts("platform", "Copy the image of this platform, or cut a list down to several")
                .value("platforms")
                .checked(check_platform)
                .completed_by(CompletionHint::Platforms),
            PROGRESS,
            Flag::bool("referrers", "Copy what refers to the image as well: signatures, attestations"),
        ],
        hint: CompletionHint::Nothing,
        read: copy,
    },
    CommandSpec {
        name: "create",
        usage: "create MANIFEST_LIST MANIFEST [MANIFEST...]",
        summary: "Make a local list of images that a registry has",
        about: "Make a local list of images that a registry has, to annotate and push. All images come in, or none.",
        examples: &[
            "tallyman create reg.example/app:1 reg.example/app:1-amd64 reg.example/app:1-arm64",
            "tallyman create --push --platform linux/amd64,linux/arm64 reg.example/app:1 ghcr.io/acme/app:1",
        ],
        group: CommandGroup::Docker,
        arity: Arity::AtLeast(2),
        flags: &[
            Flag::bool("amend", "Add to the local list where there is one").short('a'),
            Flag::text("annotation", "Annotation of the list; makes it an OCI index; may be repeated")
                .value("key=value")
                .checked(check_pair),
            Flag::bool("flatten", "Where a list is named, take the images that it points to"),
            INSECURE,
            JSON,
            Flag::bool("oci", "Make an OCI index, whatever the images are"),
            FROM,
            NEST,
            NO_ATTESTATIONS,
            PLATFORMS,
            PROGRESS,
            Flag::bool("push", "Push the list when it is made, with images of other registries"),
            Flag::bool("refresh", "Fetch anew what the list has: the images named, or all; platforms stay"),
            Flag::bool("relative", "Take bare tags and digests as those of the list's repository"),
        ],
        hint: CompletionHint::LocalLists,
        read: create,
    },
    CommandSpec {
        name: "delete",
        usage: "delete [OPTIONS] REPOSITORY@DIGEST [REPOSITORY@DIGEST...]",
        summary: "Delete manifests from a registry",
        about: "Delete manifests from a registry, with every tag that is on them.",
        examples: &[
            "tallyman delete reg.example/app@$(tallyman digest reg.example/app:old)",
        ],
        group: CommandGroup::Registries,
        arity: Arity::AtLeast(1),
        flags: &[IGNORE_MISSING, INSECURE, JSON],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (insecure, deletion) = (insecure(&parsed), deletion(&parsed));
            Understood::Run(Command::Delete { references: parsed.arguments, insecure, deletion })
        },
    },
    CommandSpec {
        name: "digest",
        usage: "digest [OPTIONS] [MANIFEST | FILE | -]",
        summary: "Show the digest of a manifest, a file or the standard input",
        about: "Show the digest of a manifest in a registry, computed from its bytes; or that of a file, or of the standard
input where nothing or - is named. What begins with /, ./ or ../ is a file.",
        examples: &[
            "tallyman digest --platform linux/arm64 reg.example/app:1",
            "tallyman inspect --raw reg.example/app:1 | tallyman digest",
        ],
        group: CommandGroup::Registries,
        arity: Arity::Between(0, 1),
        flags: &[
            Flag::bool("file", "The argument is a file, whatever it begins with").short('f'),
            INSECURE,
            JSON,
            PLATFORM,
        ],
        hint: CompletionHint::Files,
        read: digest,
    },
    CommandSpec {
        name: "duplicate",
        usage: "duplicate MANIFEST_LIST NEW_NAME",
        summary: "Keep a copy of a local list under another name",
        about: "Keep a copy of a local list under another name. No registry is asked.",
        examples: &[],
        group: CommandGroup::LocalLists,
        arity: Arity::Exactly(2),
        flags: &[],
        hint: CompletionHint::LocalLists,
        read: |parsed| {
            let [list, to] = two(parsed);
            Understood::Run(Command::Duplicate { list, to })
        },
    },
    CommandSpec {
        name: "index add",
        usage: "index add [OPTIONS] INDEX SOURCE [SOURCE...]",
        summary: "Add images to a list in a registry",
        about: "Add images, or those of lists, to a list in a registry, in place of entries of the same platform. A source is a
reference, or in short a tag or a digest of the list's repository. Blobs of other repositories are mounted or copied.
The list is pushed if its tag has not moved meanwhile.",
        examples: &[
            "tallyman index add reg.example/app:1 1-riscv64",
            "tallyman index add --platform linux/arm64 reg.example/app:1 ghcr.io/acme/app:1",
        ],
        group: CommandGroup::Registries,
        arity: Arity::AtLeast(2),
        flags: &[
            DRY_RUN,
            FROM,
            INSECURE,
            JSON,
            Flag::bool("keep", "Keep entries of the same platform beside those that are added"),
            NEST,
            NO_ATTESTATIONS,
            OCI,
            PLATFORMS,
            TAG,
        ],
        hint: CompletionHint::Nothing,
        read: index_add,
    },
    CommandSpec {
        name: "index annotate",
        usage: "index annotate [OPTIONS] INDEX [PLATFORM | DIGEST | MANIFEST]",
        summary: "Say more about an entry of a list in a registry, or about the list",
        about: "Say more about an entry of a list in a registry, or with no entry about the list itself. The list is pushed if
its tag has not moved meanwhile.",
        examples: &[
            "tallyman index annotate --annotation org.opencontainers.image.title=app reg.example/app:1",
            "tallyman index annotate --variant v8 reg.example/app:1 linux/arm64",
        ],
        group: CommandGroup::Registries,
        arity: Arity::Between(1, 2),
        flags: &[
            Flag::text("annotation", "Annotation of the entry, or of the list; may be repeated")
                .value("key=value")
                .checked(check_pair),
            ANY_PLATFORM,
            ARCH,
            CLEAR,
            DRY_RUN,
            INSECURE,
            JSON,
            OCI,
            OS,
            OS_FEATURES,
            OS_VERSION,
            TAG,
            VARIANT,
        ],
        hint: CompletionHint::Nothing,
        read: index_annotate,
    },
    CommandSpec {
        name: "index remove",
        usage: "index remove [OPTIONS] INDEX PLATFORM|DIGEST|MANIFEST...",
        summary: "Remove entries from a list in a registry",
        about: "Remove entries from a list in a registry, with their attestations. The list is pushed if its tag has not moved
meanwhile; the images stay in the registry.",
        examples: &["tallyman index remove reg.example/app:1 linux/386"],
        group: CommandGroup::Registries,
        arity: Arity::AtLeast(2),
        flags: &[DRY_RUN, INSECURE, JSON, OCI, TAG],
        hint: CompletionHint::Platforms,
        read: index_remove,
    },
    CommandSpec {
        name: "inspect",
        usage: "inspect [OPTIONS] [MANIFEST_LIST] MANIFEST",
        summary: "Show an image's manifest, or a list",
        about: "Show an image's manifest or a list: of a local list, of an image in a local list, or of a registry.",
        examples: &[
            "tallyman inspect reg.example/app:1",
            "tallyman inspect --platform linux/arm64 --format '{{.Digest}}' reg.example/app:1",
            "tallyman inspect --platform linux/arm64 --config reg.example/app:1",
            "tallyman inspect --tree reg.example/app:1",
        ],
        group: CommandGroup::Docker,
        arity: Arity::Between(1, 2),
        flags: &[
            Flag::bool("config", "Show the image config"),
            Flag::text("format", "Show fields, such as '{{.Digest}}' or '{{json .Config}}', or all as json")
                .value("template"),
            INSECURE,
            PLATFORM,
            Flag::bool("raw", "Show the exact bytes"),
            Flag::bool("tree", "Show everything below, with what refers to it; --format json for machines"),
            Flag::bool("verbose", "Show platforms and descriptors as well").short('v'),
        ],
        hint: CompletionHint::LocalLists,
        read: inspect,
    },
    CommandSpec {
        name: "login",
        usage: "login [OPTIONS] [REGISTRY]",
        summary: "Keep a user name and a password for a registry",
        about: "Try a user name and a password for a registry, Docker Hub if none is named, and keep them where Docker keeps them:
with the credential helper that config.json names, else in that file.",
        examples: &["tallyman login --username me --password-stdin reg.example"],
        group: CommandGroup::Registries,
        arity: Arity::Between(0, 1),
        flags: &[
            INSECURE,
            Flag::text("password", "The password, which others can read in the list of processes").short('p'),
            Flag::bool("password-stdin", "Read the password from the standard input"),
            Flag::text("username", "The user name").short('u'),
        ],
        hint: CompletionHint::Nothing,
        read: login,
    },
    CommandSpec {
        name: "logout",
        usage: "logout [REGISTRY]",
        summary: "Forget the user name and the password for a registry",
        about: "Forget the user name and the password for a registry, Docker Hub if none is named.",
        examples: &[],
        group: CommandGroup::Registries,
        arity: Arity::Between(0, 1),
        flags: &[],
        hint: CompletionHint::Nothing,
        read: |parsed| Understood::Run(Command::Logout { registry: first(parsed) }),
    },
    CommandSpec {
        name: "ls",
        usage: "ls [OPTIONS]",
        summary: "Show the local lists",
        about: "Show the local lists, with the number and the platforms of their images.",
        examples: &[],
        group: CommandGroup::LocalLists,
        arity: Arity::Exactly(0),
        flags: &[JSON, Flag::bool("quiet", "Show the names alone").short('q')],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (options, quiet) = (options(&parsed), parsed.is_set("quiet"));
            Understood::Run(Command::List { quiet, options })
        },
    },
    CommandSpec {
        name: "man",
        usage: "man",
        summary: "Print the man page",
        about: "Print the man page, for man or for a file: tallyman man > tallyman.1",
        examples: &[],
        group: CommandGroup::Program,
        arity: Arity::Exactly(0),
        flags: &[],
        hint: CompletionHint::Nothing,
        read: |_| man::page().into(),
    },
    CommandSpec {
        name: "plan",
        usage: "plan [OPTIONS] FILE",
        summary: "Show how a registry differs from the lists of a file",
        about: "Show how a registry differs from the lists of a file, YAML or JSON, or of the standard input where - is named.
Nothing is written. Ends with 2 if there is a difference.",
        examples: &["tallyman plan lists.yaml"],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[INSECURE, JSON],
        hint: CompletionHint::Files,
        read: plan,
    },
    CommandSpec {
        name: "push",
        usage: "push [OPTIONS] MANIFEST_LIST",
        summary: "Push a local list to its registry",
        about: "Push a local list, and the manifests that its repository lacks.",
        examples: &[
            "tallyman push --dry-run reg.example/app:1",
            "tallyman push --tag latest --digest-file digest.txt reg.example/app:1",
        ],
        group: CommandGroup::Docker,
        arity: Arity::Exactly(1),
        flags: &[
            Flag::text("artifact-type", "Type of the artifact that the list is; for OCI indexes").value("type"),
            Flag::bool("copy", "Copy images of other registries to that of the list"),
            Flag::text("digest-file", "Write the digest of the list to this file").value("file"),
            Flag::bool("digest-only", "Put the list by its digest alone, without a tag"),
            DRY_RUN,
            Flag::text("format", "Convert list and images to this form, docker or oci; what that loses is told first")
                .value("format")
                .checked(|text| Format::parse(text).map(drop)),
            INSECURE,
            JSON,
            Flag::text("metadata-file", "Write name, digest, media type and size to this file as JSON")
                .value("file"),
            NEVER_OVERWRITE,
            PROGRESS,
            Flag::bool("purge", "Remove the local list when it is pushed").short('p'),
            Flag::text("subject", "The manifest that the list refers to; for OCI indexes").value("manifest"),
            TAG,
        ],
        hint: CompletionHint::LocalLists,
        read: push,
    },
    CommandSpec {
        name: "ratelimit",
        usage: "ratelimit [OPTIONS] MANIFEST",
        summary: "Show the rate limit of a registry, and what is left of it",
        about: "Show the rate limit that a registry names, and what is left of it. Asks by HEAD, which Docker Hub does not count.",
        examples: &["tallyman ratelimit docker.io/library/alpine:3"],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[INSECURE, JSON],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (options, insecure) = (options(&parsed), insecure(&parsed));
            Understood::Run(Command::RateLimit { image: first(parsed), insecure, options })
        },
    },
    CommandSpec {
        name: "referrers",
        usage: "referrers [OPTIONS] MANIFEST",
        summary: "Show what refers to an image: signatures, attestations, bills of materials",
        about: "Show what refers to an image or a list: signatures, attestations, bills of materials.",
        examples: &[],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[
            Flag::text("artifact-type", "Only what is of this type").value("type"),
            INSECURE,
            JSON,
        ],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (options, insecure) = (options(&parsed), insecure(&parsed));
            let artifact_type = Some(parsed.text("artifact-type")).filter(|wanted| !wanted.is_empty());
            Understood::Run(Command::Referrers { image: first(parsed), artifact_type, insecure, options })
        },
    },
    CommandSpec {
        name: "remove",
        usage: "remove MANIFEST_LIST MANIFEST [MANIFEST...]",
        summary: "Remove images from a local list",
        about: "Remove images from a local list. All go, or none.",
        examples: &[],
        group: CommandGroup::LocalLists,
        arity: Arity::AtLeast(2),
        flags: &[IGNORE_MISSING, JSON],
        hint: CompletionHint::LocalLists,
        read: |parsed| {
            let deletion = deletion(&parsed);
            let mut arguments = parsed.arguments.into_iter();
            let list = arguments.next().unwrap_or_default();
            Understood::Run(Command::RemoveEntries { list, images: arguments.collect(), deletion })
        },
    },
    CommandSpec {
        name: "rename",
        usage: "rename MANIFEST_LIST NEW_NAME",
        summary: "Give a local list another name",
        about: "Give a local list another name. No registry is asked.",
        examples: &[],
        group: CommandGroup::LocalLists,
        arity: Arity::Exactly(2),
        flags: &[],
        hint: CompletionHint::LocalLists,
        read: |parsed| {
            let [list, to] = two(parsed);
            Understood::Run(Command::Rename { list, to })
        },
    },
    CommandSpec {
        name: "rm",
        usage: "rm MANIFEST_LIST [MANIFEST_LIST...]",
        summary: "Remove local lists",
        about: "Remove local lists. Nothing is removed from a registry.",
        examples: &[],
        group: CommandGroup::Docker,
        arity: Arity::AtLeast(1),
        flags: &[IGNORE_MISSING, JSON],
        hint: CompletionHint::LocalLists,
        read: |parsed| {
            let deletion = deletion(&parsed);
            Understood::Run(Command::Remove { lists: parsed.arguments, deletion })
        },
    },
    CommandSpec {
        name: "tags",
        usage: "tags [OPTIONS] REPOSITORY",
        summary: "Show the tags of a repository",
        about: "Show the tags of a repository, one a line, in the registry's order unless --sort names another.",
        examples: &[
            "tallyman tags --match '^v?[0-9]' --sort semver reg.example/app",
        ],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[
            INSECURE,
            JSON,
            Flag::text("last", "Show the tags behind this one in the registry's order").value("tag"),
            Flag::text("limit", "Show so many tags at most").value("number").checked(check_number),
            Flag::text("match", "Show the tags that match a regular expression")
                .value("regexp")
                .checked(check_pattern),
            Flag::bool("no-digest-tags", "Leave out tags that stand for a digest, such as sha256-….sig"),
            Flag::text("sort", "Order: registry, name, or semver, the lowest first")
                .value("order")
                .checked(|text| TagOrder::parse(text).map(drop)),
        ],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (options, insecure) = (options(&parsed), insecure(&parsed));
            let filter = TagFilter {
                limit: parsed.text("limit").parse().ok(),
                last: optional(&parsed, "last"),
                pattern: optional(&parsed, "match"),
                order: TagOrder::parse(&parsed.text("sort")).unwrap_or_default(),
                no_digest_tags: parsed.is_set("no-digest-tags"),
            };
            Understood::Run(Command::Tags { repository: first(parsed), filter, insecure, options })
        },
    },
    CommandSpec {
        name: "untag",
        usage: "untag [OPTIONS] REPOSITORY:TAG [REPOSITORY:TAG...]",
        summary: "Delete tags from a registry, and leave the manifests there",
        about: "Delete tags from a registry, and leave the manifests there. Not every registry can.",
        examples: &[],
        group: CommandGroup::Registries,
        arity: Arity::AtLeast(1),
        flags: &[IGNORE_MISSING, INSECURE, JSON],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (insecure, deletion) = (insecure(&parsed), deletion(&parsed));
            Understood::Run(Command::Untag { references: parsed.arguments, insecure, deletion })
        },
    },
    CommandSpec {
        name: "version",
        usage: "version [OPTIONS]",
        summary: "Show the version",
        about: "Show the version.",
        examples: &[],
        group: CommandGroup::Program,
        arity: Arity::Exactly(0),
        flags: &[JSON],
        hint: CompletionHint::Nothing,
        read: |parsed| Understood::Run(Command::Version { options: options(&parsed) }),
    },
];
