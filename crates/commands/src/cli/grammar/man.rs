//! The man page, made from the same table as the help.

use super::{
    CONNECTION, CommandSpec, EarlyExit, PROGRAM, ROOT_FLAGS,
    flags::{Flag, HELP},
    help::spelling,
    table::COMMANDS,
};

const DESCRIPTION: &str = "Looks at container image manifests, and makes and pushes manifest lists: one name for images of several \
platforms. It takes the commands and flags of docker manifest, and prints what Docker prints.";

const FILES: [(&str, &str); 4] = [
    ("~/.docker/manifests", "The local lists, in the Docker CLI's own form."),
    ("~/.docker/config.json", "Credentials and credential helpers."),
    (
        "/run/containers/UID/auth.json, ~/.config/containers/auth.json",
        "Credentials of podman, buildah and skopeo, which are read after Docker's.",
    ),
    (
        "/etc/docker/certs.d/HOST/, /etc/docker/certs.d/HOST:PORT/",
        "Certificate authorities (*.crt) and client certificates (*.cert with *.key) for a registry.",
    ),
];

const ENVIRONMENT: [(&str, &str); 11] = [
    (
        "TALLYMAN_CONFIG, DOCKER_CONFIG",
        "The folder with config.json and the local lists; the first that is set.",
    ),
    ("TALLYMAN_LISTS", "The folder with the local lists, unless --config is given."),
    (
        "DOCKER_AUTH_CONFIG",
        "Credentials in the form of config.json, which take precedence over those in the file.",
    ),
    ("REGISTRY_AUTH_FILE", "The file with credentials, in place of auth.json."),
    (
        "XDG_RUNTIME_DIR, XDG_CONFIG_HOME",
        "The folders with containers/auth.json, in this order; by default /run/containers/UID and ~/.config.",
    ),
    ("HTTPS_PROXY, HTTP_PROXY", "The proxies for HTTPS and for plain HTTP, also in lower case."),
    (
        "NO_PROXY",
        "Hosts, addresses and networks that are reached without a proxy, separated by commas, also in lower case.",
    ),
    ("SSL_CERT_FILE", "The file with certificate authorities, in place of the system's."),
    (
        "SSL_CERT_DIR",
        "The folders with certificate authorities, in place of the system's, separated by colons.",
    ),
    ("NODE_EXTRA_CA_CERTS", "A file with additional certificate authorities (npm package only)."),
    ("NO_COLOR", "No colours, if it is not empty."),
];

const EXITS: [(&str, &str); 6] = [
    ("0", "Done."),
    ("1", "Failed; with --json the code on the standard error names the reason."),
    ("2", "plan found a difference."),
    (
        "3",
        "Not found: a manifest, tag, platform, entry or local list; for commands that docker manifest lacks.",
    ),
    ("125", "A flag is unknown, or its value is invalid."),
    ("129, 130, 143", "Ended by SIGHUP, SIGINT or SIGTERM."),
];

/// The man page, in the language of troff.
pub(super) fn page() -> EarlyExit {
    let mut page =
        format!(".TH {} 1 \"\" \"{}\" \"User commands\"\n", PROGRAM.to_ascii_uppercase(), super::version());
    page += &format!(".SH NAME\n{PROGRAM} \\- container image manifests and manifest lists\n");
    page +=
        &format!(".SH SYNOPSIS\n.B {PROGRAM}\n[OPTIONS] COMMAND\n.SH DESCRIPTION\n{}\n", text(DESCRIPTION));
    page += ".SH COMMANDS\n";
    for spec in &COMMANDS {
        page += &command(spec);
    }
    page += ".SH OPTIONS\n";
    for flag in ROOT_FLAGS.iter().chain([&HELP]).chain(&CONNECTION) {
        page += &option(flag);
    }
    for (title, rows) in
        [("FILES", &FILES[..]), ("ENVIRONMENT", &ENVIRONMENT[..]), ("EXIT STATUS", &EXITS[..])]
    {
        page += &format!(".SH {title}\n");
        for (name, about) in rows {
            page += &format!(".TP\n.B {}\n{}\n", text(name), text(about));
        }
    }
    EarlyExit { stdout: page, ..EarlyExit::default() }
}

fn command(spec: &CommandSpec) -> String {
    let mut page = format!(".SS {PROGRAM} {}\n{}\n", text(spec.usage), text(spec.about));
    for flag in spec.flags {
        page += &option(flag);
    }
    if !spec.examples.is_empty() {
        let lines: String = spec.examples.iter().map(|line| format!("{}\n", text(line))).collect();
        page += &format!(".PP\nExamples:\n.PP\n.nf\n.RS\n{lines}.RE\n.fi\n");
    }
    page
}

fn option(flag: &Flag) -> String {
    format!(".TP\n.B {}\n{}\n", text(spelling(flag).trim_start()), text(flag.about))
}

/// Text that troff prints as it is.
fn text(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-");
    let lines = escaped.lines().map(|line| match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}"),
        false => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
