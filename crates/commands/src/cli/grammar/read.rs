//! Commands made of parsed flags.

use std::collections::BTreeMap;

use tallyman_core::{ArtifactType, EntryField, Format, Platform, PlatformChange, Tag};

use super::{
    Command, CopyExtensions, CreateSources, DeletionOptions, DigestInput, EarlyExit, IndexChanges,
    InspectExtensions, OutputOptions, PROGRAM, PushExtensions, Understood, flags::ParsedFlags,
};
use crate::{
    AddOptions, CreateExtensions,
    cli::{
        Login, Mirror, Settings,
        settings::{parse_header, parse_time},
    },
};

/// Flags and arguments that do not go together: `fault` continues the sentence that `command` begins.
fn misuse(command: &str, fault: &str) -> Understood {
    EarlyExit::with_fault(&format!("{PROGRAM}: '{PROGRAM} {command}' {fault}"), 1).into()
}

pub(super) fn options(parsed: &ParsedFlags) -> OutputOptions {
    OutputOptions { json: parsed.is_set("json"), progress: parsed.bool("progress") }
}

pub(super) fn deletion(parsed: &ParsedFlags) -> DeletionOptions {
    DeletionOptions { ignore_missing: parsed.is_set("ignore-missing"), json: parsed.is_set("json") }
}

pub(super) fn insecure(parsed: &ParsedFlags) -> bool {
    parsed.is_set("insecure")
}

pub(super) fn first(parsed: ParsedFlags) -> String {
    parsed.arguments.into_iter().next().unwrap_or_default()
}

pub(super) fn two(parsed: ParsedFlags) -> [String; 2] {
    let mut arguments = parsed.arguments.into_iter();
    std::array::from_fn(|_| arguments.next().unwrap_or_default())
}

/// The last value of a flag; `None` if it was not given, or is empty.
pub(super) fn optional(parsed: &ParsedFlags, name: &str) -> Option<String> {
    Some(parsed.text(name)).filter(|text| !text.is_empty())
}

pub(super) fn platform(parsed: &ParsedFlags) -> Option<Platform> {
    parsed.text("platform").parse().ok()
}

pub(super) fn annotations(parsed: &ParsedFlags) -> BTreeMap<String, String> {
    let pairs = parsed.all("annotation").into_iter();
    pairs
        .filter_map(|pair| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect()
}

pub(super) fn check_platform(text: &str) -> Result<(), String> {
    text.parse::<Platform>().map(drop).map_err(|error| error.to_string())
}

pub(super) fn check_tag(text: &str) -> Result<(), String> {
    text.parse::<Tag>().map(drop).map_err(|error| error.to_string())
}

/// Checks the number of a flag as [`number`] reads it, on machines of all kinds.
pub(super) fn check_number<const LEAST: u32>(text: &str) -> Result<(), String> {
    match text.parse::<u32>() {
        Ok(number) if number >= LEAST => Ok(()),
        _ => Err(format!("expected a whole number of {LEAST} or more, up to {}", u32::MAX)),
    }
}

/// The last number of a flag; `None` if it was not given.
pub(super) fn number(parsed: &ParsedFlags, name: &str) -> Option<usize> {
    parsed.text(name).parse::<u32>().ok().and_then(|number| number.try_into().ok())
}

/// Refuses an empty value: of a variable that is not set nothing is left that was meant, and no value would mean the default.
pub(super) fn check_not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("expected a value, found an empty text".to_owned()) } else { Ok(()) }
}

pub(super) fn check_artifact_type(text: &str) -> Result<(), String> {
    check_not_empty(text)?;
    text.parse::<ArtifactType>().map(drop).map_err(|error| error.to_string())
}

pub(super) fn check_pair(text: &str) -> Result<(), String> {
    match text.split_once('=') {
        Some((key, _)) if !key.is_empty() => Ok(()),
        _ => Err("expected a key and a value, such as org.opencontainers.image.title=app".to_owned()),
    }
}

pub(super) fn annotate(parsed: ParsedFlags) -> Understood {
    let annotations = annotations(&parsed);
    let (platform, options) = (platform_change(&parsed), options(&parsed));
    let [list, image] = two(parsed);
    Understood::Run(Command::Annotate { list, image, platform, annotations, options })
}

/// The change of a platform that `annotate` and `index annotate` make.
fn platform_change(parsed: &ParsedFlags) -> PlatformChange {
    PlatformChange {
        os: parsed.text("os"),
        architecture: parsed.text("arch"),
        os_version: parsed.text("os-version"),
        os_features: parsed.all("os-features"),
        variant: parsed.text("variant"),
        cleared: parsed.all("clear").iter().filter_map(|field| EntryField::parse(field)).collect(),
        any_pair: parsed.is_set("any-platform"),
    }
}

pub(super) fn check_entry_field(text: &str) -> Result<(), String> {
    let expected = "expected variant, os-version, os-features or annotation:KEY";
    EntryField::parse(text).map(drop).ok_or_else(|| expected.to_owned())
}

fn tags(parsed: &ParsedFlags) -> Vec<Tag> {
    parsed.all("tag").iter().filter_map(|tag| tag.parse().ok()).collect()
}

fn platforms(parsed: &ParsedFlags) -> Vec<Platform> {
    parsed.all("platform").iter().filter_map(|platform| platform.parse().ok()).collect()
}

pub(super) fn index_add(parsed: ParsedFlags) -> Understood {
    let options = AddOptions {
        platforms: platforms(&parsed),
        nest: parsed.is_set("nest"),
        keep: parsed.is_set("keep"),
        no_attestations: parsed.is_set("no-attestations"),
    };
    let from = parsed.all("from");
    index(parsed, |sources| IndexChanges::Add { sources, from, options })
}

pub(super) fn index_remove(parsed: ParsedFlags) -> Understood {
    let ignore_missing = parsed.is_set("ignore-missing");
    index(parsed, |entries| IndexChanges::Remove { entries, ignore_missing })
}

pub(super) fn index_annotate(parsed: ParsedFlags) -> Understood {
    let (platform, annotations) = (platform_change(&parsed), annotations(&parsed));
    // A list itself has annotations alone.
    if platform.changes_platform() && parsed.arguments.len() < 2 {
        let reason = "requires the entry whose platform changes: a platform, a digest or a manifest";
        return misuse("index annotate", reason);
    }
    index(parsed, |entries| IndexChanges::Annotate {
        entry: entries.into_iter().next(),
        platform,
        annotations,
    })
}

fn index(parsed: ParsedFlags, changes: impl FnOnce(Vec<String>) -> IndexChanges) -> Understood {
    let (options, insecure, tags) = (options(&parsed), insecure(&parsed), tags(&parsed));
    let (oci, dry_run) = (parsed.is_set("oci"), parsed.is_set("dry-run"));
    let mut arguments = parsed.arguments.into_iter();
    let index = arguments.next().unwrap_or_default();
    let changes = changes(arguments.collect());
    Understood::Run(Command::Index { index, changes, oci, tags, dry_run, insecure, options })
}

pub(super) fn apply(parsed: ParsedFlags) -> Understood {
    let (options, insecure) = (options(&parsed), insecure(&parsed));
    Understood::Run(Command::Apply { file: first(parsed), insecure, options })
}

pub(super) fn plan(parsed: ParsedFlags) -> Understood {
    let (options, insecure) = (options(&parsed), insecure(&parsed));
    Understood::Run(Command::Plan { file: first(parsed), insecure, options })
}

pub(super) fn copy(parsed: ParsedFlags) -> Understood {
    let (options, insecure, platforms) = (options(&parsed), insecure(&parsed), platforms(&parsed));
    let dry_run = parsed.is_set("dry-run");
    let extensions = CopyExtensions {
        digest_tags: parsed.is_set("digest-tags"),
        all_tags: parsed.is_set("all-tags"),
        referrers: parsed.is_set("referrers"),
        never_overwrite: parsed.is_set("never-overwrite"),
    };
    let mut arguments = parsed.arguments.into_iter();
    let source = arguments.next().unwrap_or_default();
    let targets = arguments.collect();
    Understood::Run(Command::Copy { source, targets, platforms, extensions, insecure, dry_run, options })
}

pub(super) fn create(parsed: ParsedFlags) -> Understood {
    let annotations = annotations(&parsed);
    let extensions = CreateExtensions {
        refresh: parsed.is_set("refresh"),
        flatten: parsed.is_set("flatten"),
        oci: parsed.is_set("oci"),
        nest: parsed.is_set("nest"),
        no_attestations: parsed.is_set("no-attestations"),
        described: Vec::new(),
        platforms: platforms(&parsed),
        annotations,
    };
    let sources = CreateSources { files: parsed.all("from"), relative: parsed.is_set("relative") };
    let push = parsed.is_set("push");
    let (options, insecure, amend) = (options(&parsed), insecure(&parsed), parsed.is_set("amend"));
    let mut arguments = parsed.arguments.into_iter();
    let list = arguments.next().unwrap_or_default();
    Understood::Run(Command::Create {
        list,
        images: arguments.collect(),
        sources,
        amend,
        insecure,
        extensions,
        push,
        options,
    })
}

pub(super) fn digest(parsed: ParsedFlags) -> Understood {
    let (options, insecure, platform) = (options(&parsed), insecure(&parsed), platform(&parsed));
    let is_file = parsed.is_set("file");
    let of = match parsed.arguments.into_iter().next() {
        None => DigestInput::Input,
        Some(name) if is_file => DigestInput::File(name),
        Some(name) if name == "-" => DigestInput::Input,
        // No reference begins so.
        Some(name) if ["/", "./", "../"].iter().any(|start| name.starts_with(start)) => {
            DigestInput::File(name)
        }
        Some(name) => DigestInput::Reference(name),
    };
    if is_file && of == DigestInput::Input {
        return misuse("digest --file", "requires 1 argument");
    }
    Understood::Run(Command::Digest { of, platform, insecure, options })
}

pub(super) fn inspect(parsed: ParsedFlags) -> Understood {
    let (verbose, raw) = (parsed.is_set("verbose"), parsed.is_set("raw"));
    let insecure = insecure(&parsed);
    let extensions = InspectExtensions {
        platform: platform(&parsed),
        config: parsed.is_set("config"),
        tree: parsed.is_set("tree"),
        format: optional(&parsed, "format"),
        json: parsed.is_set("json"),
    };
    let mut arguments = parsed.arguments.into_iter();
    let (first, second) = (arguments.next().unwrap_or_default(), arguments.next());
    let (list, image) = second.map_or((None, first.clone()), |second| (Some(first), second));
    Understood::Run(Command::Inspect { list, image, verbose, raw, insecure, extensions })
}

pub(super) fn push(parsed: ParsedFlags) -> Understood {
    let (purge, dry_run, copy) = (parsed.is_set("purge"), parsed.is_set("dry-run"), parsed.is_set("copy"));
    let (options, insecure) = (options(&parsed), insecure(&parsed));
    let extensions = PushExtensions {
        tags: tags(&parsed),
        digest_only: parsed.is_set("digest-only"),
        digest_file: optional(&parsed, "digest-file"),
        metadata_file: optional(&parsed, "metadata-file"),
        never_overwrite: parsed.is_set("never-overwrite"),
        subject: optional(&parsed, "subject"),
        artifact_type: parsed.text("artifact-type").parse().ok(),
        format: Format::parse(&parsed.text("format")).ok(),
    };
    Understood::Run(Command::Push {
        list: first(parsed),
        purge,
        insecure,
        dry_run,
        copy,
        extensions,
        options,
    })
}

/// The settings of a call, by the flags in front of the command and behind it; those behind it come last.
pub(super) fn settings(parsed: &[&ParsedFlags]) -> Settings {
    let last = |name: &str| parsed.iter().rev().find_map(|parsed| optional(parsed, name));
    let all = |name: &str| parsed.iter().flat_map(|parsed| parsed.all(name)).collect::<Vec<_>>();
    Settings {
        config: parsed.first().and_then(|parsed| optional(parsed, "config")),
        debug: parsed.iter().any(|parsed| parsed.is_set("debug")),
        json_log: last("log-format").as_deref() == Some("json"),
        concurrency: parsed.iter().rev().find_map(|parsed| number(parsed, "concurrency")),
        retries: last("retries").and_then(|text| text.parse().ok()),
        timeout: last("timeout").and_then(|text| parse_time(&text).ok()),
        ca_files: all("ca-file"),
        cert: last("cert"),
        key: last("key"),
        headers: all("header").iter().filter_map(|text| parse_header(text).ok()).collect(),
        mirrors: all("mirror").iter().filter_map(|text| Mirror::parse(text).ok()).collect(),
    }
}

pub(super) fn check_log_format(text: &str) -> Result<(), String> {
    match text {
        "text" | "json" => Ok(()),
        other => Err(format!("expected text or json, found {other:?}")),
    }
}

pub(super) fn login(parsed: ParsedFlags) -> Understood {
    let (options, insecure) = (options(&parsed), insecure(&parsed));
    let login = Login {
        user: parsed.text("username"),
        password: optional(&parsed, "password"),
        password_stdin: parsed.is_set("password-stdin"),
        registry: first(parsed),
    };
    Understood::Run(Command::Login { login, insecure, options })
}
