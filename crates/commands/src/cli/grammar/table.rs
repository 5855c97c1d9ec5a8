//! The commands: how each is called, and what it is made of.

use std::num::NonZeroUsize;

use tallyman_core::Format;

use super::{
    Command, EarlyExit, PROGRAM, Understood,
    flags::{CompletionHint, Flag, ParsedFlags},
    man,
    read::{
        annotate, apply, check_artifact_type, check_not_empty, check_number, check_pair, check_platform,
        copy, create, deletion, digest, first, index_add, index_annotate, index_remove, insecure, inspect,
        login, number, optional, options, plan, platform, push, two,
    },
    shared_flags::{
        ANY_PLATFORM, ARCH, CLEAR, CONNECTION, DRY_RUN, FROM, IGNORE_MISSING, INSECURE, JSON, NEST,
        NEVER_OVERWRITE, NO_ATTESTATIONS, OCI, OS, OS_FEATURES, OS_VERSION, PLATFORM, PLATFORMS, PROGRESS,
        TAG, VARIANT,
    },
    shell_completion,
};
use crate::{
    cli::{FilesOptions, TagFilter, TagOrder, tag_filter::check_pattern},
    template,
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
    Files,
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
    /// All its flags, with those of the connection if it takes them.
    pub(super) fn all_flags(&self) -> Vec<Flag> {
        let connection = CONNECTION.iter().filter(|_| self.takes_connection());
        self.flags.iter().chain(connection).copied().collect()
    }

    /// Returns `true` if the settings of the connection, those of the log among them, may stand behind it: but for `serve`, which has
    /// its own, and Docker's commands that talk to no registry.
    pub(super) fn takes_connection(&self) -> bool {
        let talks = self.flags.iter().any(|flag| flag.name == INSECURE.name);
        talks || self.group != CommandGroup::Docker && self.name != SERVE
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

/// The command that takes a password.
pub(super) const LOGIN: &str = "login";

/// The command that only the native program has.
pub(super) const SERVE: &str = "serve";

pub(super) const COMMANDS: [CommandSpec; 32] = [
    CommandSpec {
        name: "annotate",
        usage: "annotate [OPTIONS] MANIFEST_LIST MANIFEST",
        summary: "Change the platform or annotations of an image in a local list",
        about: "Change the platform or annotations of an image in a local list.",
        examples: &[
            "tallyman annotate reg.example/app:1 reg.example/app:1-arm --arch arm --variant v7",
            "tallyman annotate --clear variant reg.example/app:1 reg.example/app:1-arm64",
            "tallyman annotate --any-platform --arch loong64 reg.example/app:1 reg.example/app:1-loong64",
        ],
        group: CommandGroup::Docker,
        arity: Arity::Exactly(2),
        flags: &[
            Flag::text("annotation", "Annotation of the entry, which makes the list an OCI index; may be repeated")
                .value("key=value")
                .checked(check_pair),
            ANY_PLATFORM,
            ARCH,
            CLEAR,
            OS,
            OS_FEATURES,
            JSON,
            OS_VERSION,
            VARIANT,
        ],
        hint: CompletionHint::LocalLists,
        read: annotate,
    },
    CommandSpec {
        name: "apply",
        usage: "apply [OPTIONS] FILE",
        summary: "Push the lists that a file describes",
        about: "Push the lists that a file describes in YAML or JSON; use - for the standard input. Lists, images and blobs
that the registry already has are not pushed again.",
        examples: &["tallyman apply lists.yaml", "tallyman apply --json - < lists.yaml"],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[INSECURE, JSON, PROGRESS],
        hint: CompletionHint::Files,
        read: apply,
    },
    CommandSpec {
        name: "cat",
        usage: "cat [OPTIONS] MANIFEST PATH",
        summary: "Write a file of an image to the standard output",
        about: "Write a file of an image to the standard output. Links are followed as in a container. Layers below the one that has
the file are not fetched.",
        examples: &["tallyman cat reg.example/app:1 /etc/os-release"],
        group: CommandGroup::Files,
        arity: Arity::Exactly(2),
        flags: &[INSECURE, PLATFORM],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (platform, insecure) = (platform(&parsed), insecure(&parsed));
            let [image, path] = two(parsed);
            Understood::Run(Command::Cat { image, path, platform, insecure })
        },
    },
    CommandSpec {
        name: "catalog",
        usage: "catalog [OPTIONS] REGISTRY",
        summary: "Show the repositories of a registry",
        about: "Show the repositories of a registry, one per line. Many public registries do not offer this.",
        examples: &["tallyman catalog reg.example"],
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
        summary: "Print the completion script of a shell",
        about: "Print the completion script of a shell:

  bash   source <(tallyman completion bash)
  zsh    source <(tallyman completion zsh)
  fish   tallyman completion fish | source",
        examples: &["tallyman completion bash > /etc/bash_completion.d/tallyman"],
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
        about: "Copy an image, or a list with all its images, to other repositories or registries, byte for byte. Within a registry
blobs are mounted; between registries only missing ones are transferred, so an interrupted copy continues when it is run
again. Every byte is verified, and the tag is put last. With one --platform its image is copied alone, without the list and
its attestations; create --push --platform makes a list of it, with them.",
        examples: &[
            "tallyman copy ghcr.io/acme/app:1 reg.example/acme/app:1",
            "tallyman copy --platform linux/amd64,linux/arm64 ghcr.io/acme/app:1 reg.example/acme/app:1",
            "tallyman copy --all-tags --referrers ghcr.io/acme/app reg.example/acme/app",
        ],
        group: CommandGroup::Registries,
        arity: Arity::AtLeast(2),
        flags: &[
            Flag::bool("all-tags", "Copy every tag of the source's repository"),
            Flag::bool("digest-tags", "Copy digest tags as well, such as sha256-….sig"),
            DRY_RUN,
            INSECURE,
            JSON,
            NEVER_OVERWRITE,
            Flag::names("platform", "Copy only these platforms of a list (comma-separated)")
                .value("platforms")
                .checked(check_platform)
                .completed_by(CompletionHint::Platforms),
            PROGRESS,
            Flag::bool("referrers", "Copy referrers as well, such as signatures, and their referrers"),
        ],
        hint: CompletionHint::Nothing,
        read: copy,
    },
    CommandSpec {
        name: "create",
        usage: "create MANIFEST_LIST MANIFEST [MANIFEST...]",
        summary: "Create a local list from images in a registry",
        about: "Create a local list from images in a registry, to annotate and push. If an image cannot be fetched, nothing is created.",
        examples: &[
            "tallyman create reg.example/app:1 reg.example/app:1-amd64 reg.example/app:1-arm64",
            "tallyman create --push --platform linux/amd64,linux/arm64 reg.example/app:1 ghcr.io/acme/app:1",
        ],
        group: CommandGroup::Docker,
        arity: Arity::AtLeast(2),
        flags: &[
            Flag::bool("amend", "Add to an existing local list").short('a'),
            Flag::text("annotation", "Annotation of the list, which makes it an OCI index; may be repeated")
                .value("key=value")
                .checked(check_pair),
            Flag::bool("flatten", "Add the images of sources that are lists"),
            INSECURE,
            JSON,
            Flag::bool("oci", "Always create an OCI index"),
            FROM,
            NEST,
            NO_ATTESTATIONS,
            PLATFORMS,
            PROGRESS,
            Flag::bool("push", "Push the list at once, copying images from other registries; the local list is kept only with --amend or --refresh"),
            Flag::bool("refresh", "Fetch images of the list again (those named, or all); platforms set by hand are kept"),
            Flag::bool("relative", "Read bare tags and digests as those of the list's repository"),
        ],
        hint: CompletionHint::LocalLists,
        read: create,
    },
    CommandSpec {
        name: "delete",
        usage: "delete [OPTIONS] REPOSITORY@DIGEST [REPOSITORY@DIGEST...]",
        summary: "Delete manifests from a registry",
        about: "Delete manifests from a registry, with every tag that points to them.",
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
        about: "Show the digest of a manifest in a registry, of a file, or of the standard input (- or no argument).
An argument that begins with /, ./ or ../ is a file.",
        examples: &[
            "tallyman digest --platform linux/arm64 reg.example/app:1",
            "tallyman inspect --raw reg.example/app:1 | tallyman digest",
        ],
        group: CommandGroup::Registries,
        arity: Arity::Between(0, 1),
        flags: &[
            Flag::bool("file", "Read the argument as a file name").short('f'),
            INSECURE,
            JSON,
            PLATFORM,
        ],
        hint: CompletionHint::Files,
        read: digest,
    },
    CommandSpec {
        name: "duplicate",
        usage: "duplicate [OPTIONS] MANIFEST_LIST NEW_NAME",
        summary: "Copy a local list to another name",
        about: "Copy a local list to another name. No request is made.",
        examples: &["tallyman duplicate reg.example/app:1 reg.example/app:2"],
        group: CommandGroup::LocalLists,
        arity: Arity::Exactly(2),
        flags: &[JSON],
        hint: CompletionHint::LocalLists,
        read: |parsed| {
            let options = options(&parsed);
            let [list, to] = two(parsed);
            Understood::Run(Command::Duplicate { list, to, options })
        },
    },
    CommandSpec {
        name: "export",
        usage: "export [OPTIONS] MANIFEST",
        summary: "Write the file system of an image as a tar archive",
        about: "Write the file system of an image as a tar archive to the standard output: its layers flattened, whiteouts applied.",
        examples: &["tallyman export --platform linux/arm64 reg.example/app:1 > rootfs.tar"],
        group: CommandGroup::Files,
        arity: Arity::Exactly(1),
        flags: &[INSECURE, PLATFORM, PROGRESS],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (platform, insecure, options) = (platform(&parsed), insecure(&parsed), options(&parsed));
            Understood::Run(Command::Export { image: first(parsed), platform, insecure, options })
        },
    },
    CommandSpec {
        name: "files",
        usage: "files [OPTIONS] MANIFEST [PATH]",
        summary: "Show the files of an image, as ls -l does",
        about: "Show the files of an image, all of them or those of a directory, as ls -l does. The first layer is 1.",
        examples: &[
            "tallyman files reg.example/app:1 /etc",
            "tallyman files --changes --layer 3 reg.example/app:1",
        ],
        group: CommandGroup::Files,
        arity: Arity::Between(1, 2),
        flags: &[
            Flag::bool("changes", "Show what each layer adds (A), changes (C) and deletes (D)"),
            INSECURE,
            JSON,
            Flag::text("layer", "Show only this layer, including whiteouts").value("number").checked(check_number::<1>),
            PLATFORM,
            PROGRESS,
        ],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (platform, insecure, options) = (platform(&parsed), insecure(&parsed), options(&parsed));
            let (layer, changes) = (number(&parsed, "layer").and_then(NonZeroUsize::new), parsed.is_set("changes"));
            let mut arguments = parsed.arguments.into_iter();
            let image = arguments.next().unwrap_or_default();
            let files = FilesOptions { path: arguments.next(), layer, changes };
            Understood::Run(Command::Files { image, files, platform, insecure, options })
        },
    },
    CommandSpec {
        name: "index add",
        usage: "index add [OPTIONS] INDEX SOURCE [SOURCE...]",
        summary: "Add images to a list in a registry",
        about: "Add images to a list in a registry, in place of entries of the same platform. A source is a reference, or a tag or digest
of the list's repository; one that is a list adds all its images. Blobs of other repositories are mounted or copied.
If the tag moves during the command, the change is made again on the new list.",
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
            Flag::bool("keep", "Keep existing entries of the same platform"),
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
        summary: "Change the platform or annotations of an entry of a list in a registry, or annotations of the list",
        about: "Change the platform or annotations of an entry of a list in a registry, or without an entry the annotations of the
list. If the tag moves during the command, the change is made again on the new list.",
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
        about: "Remove entries from a list in a registry, with their attestations; the images stay in the registry. If the tag moves
during the command, the change is made again on the new list.",
        examples: &["tallyman index remove reg.example/app:1 linux/386"],
        group: CommandGroup::Registries,
        arity: Arity::AtLeast(2),
        flags: &[DRY_RUN, IGNORE_MISSING, INSECURE, JSON, OCI, TAG],
        hint: CompletionHint::Platforms,
        read: index_remove,
    },
    CommandSpec {
        name: "inspect",
        usage: "inspect [OPTIONS] [MANIFEST_LIST] MANIFEST",
        summary: "Show an image manifest or a list",
        about: "Show an image manifest or a list: a local list, an image of a local list, or what a registry has.",
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
            Flag::text("format", "Show fields, such as '{{.Digest}}' or '{{json .Config}}', or all of them: json")
                .value("template")
                .checked(|text| template::check(text).map_err(|error| error.to_string())),
            INSECURE,
            JSON,
            PLATFORM,
            Flag::bool("raw", "Show the exact bytes"),
            Flag::bool("tree", "Show the tree of manifests, blobs and referrers"),
            Flag::bool("verbose", "Show platforms and descriptors as well").short('v'),
        ],
        hint: CompletionHint::LocalLists,
        read: inspect,
    },
    CommandSpec {
        name: LOGIN,
        usage: "login [OPTIONS] [REGISTRY]",
        summary: "Log in to a registry",
        about: "Log in to a registry, or to Docker Hub without an argument. The credentials are checked and stored where Docker stores
them: in the credential helper that config.json names, or in the platform's own where no file has credentials, else in
that file.",
        examples: &["tallyman login --username me --password-stdin reg.example < password.txt"],
        group: CommandGroup::Registries,
        arity: Arity::Between(0, 1),
        flags: &[
            INSECURE,
            JSON,
            Flag::text("password", "Password; other users can read it in the list of processes").short('p'),
            Flag::bool("password-stdin", "Read the password from the standard input"),
            Flag::text("username", "User name").short('u'),
        ],
        hint: CompletionHint::Nothing,
        read: login,
    },
    CommandSpec {
        name: "logout",
        usage: "logout [OPTIONS] [REGISTRY]",
        summary: "Log out from a registry",
        about: "Log out from a registry, or from Docker Hub without an argument.",
        examples: &["tallyman logout reg.example"],
        group: CommandGroup::Registries,
        arity: Arity::Between(0, 1),
        flags: &[JSON],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let options = options(&parsed);
            Understood::Run(Command::Logout { registry: first(parsed), options })
        },
    },
    CommandSpec {
        name: "ls",
        usage: "ls [OPTIONS]",
        summary: "Show the local lists",
        about: "Show the local lists with their images, the time of the last change, and the time of the last push if there was one.",
        examples: &["tallyman ls", "tallyman ls --json"],
        group: CommandGroup::LocalLists,
        arity: Arity::Exactly(0),
        flags: &[JSON, Flag::bool("quiet", "Show names only").short('q')],
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
        about: "Print the man page, in the format that man reads.",
        examples: &["tallyman man > tallyman.1"],
        group: CommandGroup::Program,
        arity: Arity::Exactly(0),
        flags: &[],
        hint: CompletionHint::Nothing,
        read: |_| man::page().into(),
    },
    CommandSpec {
        name: "plan",
        usage: "plan [OPTIONS] FILE",
        summary: "Show how a registry differs from the lists that a file describes",
        about: "Show how a registry differs from the lists that a file describes in YAML or JSON; use - for the standard input.
Nothing is pushed. The exit code is 2 if there is a difference.",
        examples: &["tallyman plan lists.yaml", "tallyman plan --json lists.yaml"],
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
        about: "Push a local list, with manifests that its repository lacks.",
        examples: &[
            "tallyman push --dry-run reg.example/app:1",
            "tallyman push --tag latest --digest-file digest.txt reg.example/app:1",
        ],
        group: CommandGroup::Docker,
        arity: Arity::Exactly(1),
        flags: &[
            Flag::text("artifact-type", "Artifact type of the list, which must be an OCI index")
                .value("type")
                .checked(check_artifact_type),
            Flag::bool("copy", "Copy images from other registries"),
            Flag::text("digest-file", "Write the digest of the list to a file")
                .value("file")
                .checked(check_not_empty),
            Flag::bool("digest-only", "Push the list by digest, without a tag"),
            DRY_RUN,
            Flag::text("format", "Convert list and images to docker or oci; what is lost is shown first")
                .value("format")
                .checked(|text| Format::parse(text).map(drop))
                .completed_by(CompletionHint::Words(&["docker", "oci"])),
            INSECURE,
            JSON,
            Flag::text("metadata-file", "Write name, digest, media type and size to a file as JSON")
                .value("file")
                .checked(check_not_empty),
            NEVER_OVERWRITE,
            PROGRESS,
            Flag::bool("purge", "Remove the local list after the push").short('p'),
            Flag::text("subject", "Subject of the list, which must be an OCI index")
                .value("manifest")
                .checked(check_not_empty),
            TAG,
        ],
        hint: CompletionHint::LocalLists,
        read: push,
    },
    CommandSpec {
        name: "ratelimit",
        usage: "ratelimit [OPTIONS] MANIFEST",
        summary: "Show the rate limit of a registry",
        about: "Show the rate limit that a registry reports, and how much is left. A HEAD request is made, which Docker Hub does not count.",
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
        summary: "Show the referrers of an image, such as signatures and attestations",
        about: "Show the referrers of an image or a list: signatures, attestations, bills of materials.",
        examples: &["tallyman referrers --artifact-type application/spdx+json reg.example/app:1"],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[
            Flag::text("artifact-type", "Show only referrers of this type").value("type").checked(check_not_empty),
            INSECURE,
            JSON,
        ],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (options, insecure) = (options(&parsed), insecure(&parsed));
            let artifact_type = optional(&parsed, "artifact-type");
            Understood::Run(Command::Referrers { image: first(parsed), artifact_type, insecure, options })
        },
    },
    CommandSpec {
        name: "remove",
        usage: "remove [OPTIONS] MANIFEST_LIST MANIFEST [MANIFEST...]",
        summary: "Remove images from a local list",
        about: "Remove images from a local list. If one of them is not in the list, none is removed.",
        examples: &["tallyman remove reg.example/app:1 reg.example/app:1-arm64"],
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
        usage: "rename [OPTIONS] MANIFEST_LIST NEW_NAME",
        summary: "Rename a local list",
        about: "Rename a local list. No request is made.",
        examples: &["tallyman rename reg.example/app:1 reg.example/app:2"],
        group: CommandGroup::LocalLists,
        arity: Arity::Exactly(2),
        flags: &[JSON],
        hint: CompletionHint::LocalLists,
        read: |parsed| {
            let options = options(&parsed);
            let [list, to] = two(parsed);
            Understood::Run(Command::Rename { list, to, options })
        },
    },
    CommandSpec {
        name: "rm",
        usage: "rm MANIFEST_LIST [MANIFEST_LIST...]",
        summary: "Remove local lists",
        about: "Remove local lists. Nothing is removed from a registry.",
        examples: &["tallyman rm reg.example/app:1"],
        group: CommandGroup::Docker,
        arity: Arity::AtLeast(1),
        flags: &[IGNORE_MISSING, JSON],
        hint: CompletionHint::LocalLists,
        read: |parsed| {
            let deletion = deletion(&parsed);
            Understood::Run(Command::Remove { lists: parsed.arguments, deletion })
        },
    },
    // The native program has it from the gateway, with the same flags and texts; a test compares them.
    CommandSpec {
        name: SERVE,
        usage: "serve [OPTIONS]",
        summary: "Serve the app and the gateway to registries (native program only)",
        about: "Serve the app, and reach the configured registries for it, on one origin. Available only in the native program.",
        examples: &["tallyman serve --registry hub=https://registry-1.docker.io"],
        group: CommandGroup::Program,
        arity: Arity::AtLeast(0),
        flags: &[
            Flag::bool("check", "Check the configuration and exit"),
            Flag::text("config", "Configuration file; SIGHUP reloads it")
                .value("file")
                .completed_by(CompletionHint::Files),
            Flag::text(
                "connect",
                "Additional origin that the app may connect to, such as http://127.0.0.1:5000; may be repeated",
            )
            .value("source"),
            Flag::text("listen", "Address to listen on (overrides the file)").value("address"),
            Flag::text("log", "Log format").value("format"),
            Flag::text("probe", "Check whether the gateway at this URL is ready, and exit").value("url"),
            Flag::text(
                "registry",
                "Registry and its name in paths, such as hub=https://registry-1.docker.io; may be repeated",
            )
            .value("name=url"),
            Flag::text("title", "Title of the app").value("text"),
        ],
        hint: CompletionHint::Nothing,
        read: |_| {
            EarlyExit::with_fault(&format!("{PROGRAM}: serve is available only in the native program: cargo install --path crates/cli"), 1).into()
        },
    },
    CommandSpec {
        name: "tags",
        usage: "tags [OPTIONS] REPOSITORY",
        summary: "Show the tags of a repository",
        about: "Show the tags of a repository, one per line.",
        examples: &[
            "tallyman tags --match '^v?[0-9]' --sort semver reg.example/app",
        ],
        group: CommandGroup::Registries,
        arity: Arity::Exactly(1),
        flags: &[
            INSECURE,
            JSON,
            Flag::text("last", "Start after this tag, in the registry's order").value("tag"),
            Flag::text("limit", "Maximum number of tags").value("number").checked(check_number::<0>),
            Flag::text("match", "Show only tags that match a regular expression")
                .value("regexp")
                .checked(check_pattern),
            Flag::bool("no-digest-tags", "Leave out digest tags, such as sha256-….sig"),
            Flag::text("sort", "Order of the tags: registry, name or semver (lowest first)")
                .value("order")
                .checked(|text| TagOrder::parse(text).map(drop))
                .completed_by(CompletionHint::Words(&["name", "registry", "semver"])),
        ],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (options, insecure) = (options(&parsed), insecure(&parsed));
            let filter = TagFilter {
                limit: number(&parsed, "limit"),
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
        summary: "Delete tags from a registry, but not their manifests",
        about: "Delete tags from a registry, but not their manifests. Not every registry supports this.",
        examples: &["tallyman untag --ignore-missing reg.example/app:old"],
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
        examples: &["tallyman version --json"],
        group: CommandGroup::Program,
        arity: Arity::Exactly(0),
        flags: &[JSON],
        hint: CompletionHint::Nothing,
        read: |parsed| Understood::Run(Command::Version { options: options(&parsed) }),
    },
    CommandSpec {
        name: "waste",
        usage: "waste [OPTIONS] MANIFEST",
        summary: "Show the bytes that layers of an image waste",
        about: "Show the bytes that layers of an image write and later ones replace or remove, and the image's efficiency as dive
defines it.",
        examples: &["tallyman waste reg.example/app:1"],
        group: CommandGroup::Files,
        arity: Arity::Exactly(1),
        flags: &[INSECURE, JSON, PLATFORM, PROGRESS],
        hint: CompletionHint::Nothing,
        read: |parsed| {
            let (platform, insecure, options) = (platform(&parsed), insecure(&parsed), options(&parsed));
            Understood::Run(Command::Waste { image: first(parsed), platform, insecure, options })
        },
    },
];
