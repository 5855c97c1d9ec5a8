//! The flags that several commands have.

use super::{
    flags::{CompletionHint, Flag},
    read::{check_entry_field, check_log_format, check_not_empty, check_number, check_platform, check_tag},
};
use crate::cli::{
    Mirror,
    settings::{parse_header, parse_time},
};

pub(super) const INSECURE: Flag = Flag::bool("insecure", "Accept any TLS certificate, and plain HTTP");
pub(super) const JSON: Flag = Flag::bool("json", "Print JSON");
pub(super) const PROGRESS: Flag =
    Flag::bool("progress", "Show progress; by default only a terminal shows it");
pub(super) const DRY_RUN: Flag = Flag::bool("dry-run", "Show what would be done, without doing it");
pub(super) const NEVER_OVERWRITE: Flag =
    Flag::bool("never-overwrite", "Fail if a tag already points to another manifest");
pub(super) const PLATFORM: Flag =
    Flag::text("platform", "Platform of the image to choose from a list, such as linux/arm64")
        .value("platform")
        .checked(check_platform)
        .completed_by(CompletionHint::Platforms);

pub(super) const ANY_PLATFORM: Flag =
    Flag::bool("any-platform", "Allow pairs of operating system and architecture that Docker refuses");
pub(super) const CLEAR: Flag =
    Flag::text("clear", "Clear a field: variant, os-version, os-features or annotation:KEY; may be repeated")
        .value("field")
        .checked(check_entry_field)
        .completed_by(CompletionHint::Words(&["annotation:", "os-features", "os-version", "variant"]));
pub(super) const ARCH: Flag =
    Flag::text("arch", "CPU architecture").completed_by(CompletionHint::Architectures);
pub(super) const OS: Flag =
    Flag::text("os", "Operating system").completed_by(CompletionHint::OperatingSystems);
pub(super) const OS_FEATURES: Flag =
    Flag::texts("os-features", "Operating system features, repeated or comma-separated");
pub(super) const OS_VERSION: Flag = Flag::text("os-version", "Operating system version");
pub(super) const VARIANT: Flag = Flag::text("variant", "Variant of the architecture")
    .completed_by(CompletionHint::Words(&["v5", "v6", "v7", "v8"]));
pub(super) const OCI: Flag = Flag::bool("oci", "Convert the list to an OCI index");
pub(super) const TAG: Flag = Flag::text("tag", "Additional tag in the same repository; may be repeated")
    .value("tag")
    .checked(check_tag);
pub(super) const FROM: Flag = Flag::text(
    "from",
    "Read sources from a file, or - for the standard input: names, or descriptors as JSON",
)
.value("file")
.checked(check_not_empty)
.completed_by(CompletionHint::Files);
pub(super) const NEST: Flag = Flag::bool("nest", "Add a source that is a list as one entry");
pub(super) const NO_ATTESTATIONS: Flag =
    Flag::bool("no-attestations", "Leave out attestations of sources that are lists");
pub(super) const PLATFORMS: Flag =
    Flag::names("platform", "Add only these platforms of sources that are lists (comma-separated)")
        .value("platforms")
        .checked(check_platform)
        .completed_by(CompletionHint::Platforms);

pub(super) const IGNORE_MISSING: Flag = Flag::bool("ignore-missing", "Succeed if there is nothing to delete");

/// The settings of the connection, for every command that talks to registries, and in front of any.
pub(super) const CONNECTION: [Flag; 10] = [
    Flag::text("ca-file", "File with additional certificate authorities; may be repeated")
        .value("file")
        .checked(check_not_empty)
        .completed_by(CompletionHint::Files),
    Flag::text("cert", "File with the client certificate")
        .value("file")
        .checked(check_not_empty)
        .completed_by(CompletionHint::Files),
    Flag::text("concurrency", "Maximum number of simultaneous requests")
        .value("number")
        .checked(check_number::<1>),
    Flag::bool("debug", "Show each request and the reason for each retry"),
    Flag::text("header", "Header to send to registries, such as X-Tenant=acme; may be repeated")
        .value("header")
        .checked(|text| parse_header(text).map(drop)),
    Flag::text("key", "File with the key of the client certificate")
        .value("file")
        .checked(check_not_empty)
        .completed_by(CompletionHint::Files),
    Flag::text("log-format", "Format of errors, warnings and requests: text or json")
        .value("format")
        .checked(check_log_format)
        .completed_by(CompletionHint::Words(&["json", "text"])),
    Flag::text("mirror", "Read from a mirror first, such as docker.io=mirror.example; may be repeated")
        .value("mirror")
        .checked(|text| Mirror::parse(text).map(drop)),
    Flag::text("retries", "Number of retries of a failed request").value("number").checked(check_number::<0>),
    Flag::text("timeout", "Longest pause without data, such as 30s")
        .value("time")
        .checked(|text| parse_time(text).map(drop)),
];
