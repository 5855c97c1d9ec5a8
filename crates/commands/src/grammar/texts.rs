//! Help, and what is said of a command line that does not fit: Docker's words for the faults, our own for the help.

use super::{Counts, PROGRAM, Saying, Syntax};

const ROOT_USAGE: &str = "COMMAND";

const ROOT: &str = "\
Look at container image manifests, and make and push manifest lists: one name for images of several platforms.

Commands:
  annotate    Say more about the platform of an image in a local list
  create      Make a local list of images that a registry has
  inspect     Show an image's manifest, or a list
  push        Push a local list to its registry
  rm          Remove local lists

Options:
      --help      Show this
      --version   Show the version
";

const ANNOTATE: &str = "\
Say more about the platform of an image in a local list.

Options:
      --arch string           CPU architecture
      --help                  Show this
      --os string             Operating system
      --os-features strings   Operating system features, repeated or comma-separated
      --os-version string     Operating system version
      --variant string        Variant of the architecture
";

const CREATE: &str = "\
Make a local list of images that a registry has, to annotate and push. All images come in, or none.

Options:
  -a, --amend      Add to the local list where there is one
      --help       Show this
      --insecure   Take any certificate, and plain HTTP where the registry speaks it
";

const INSPECT: &str = "\
Show an image's manifest or a list: of a local list, of an image in a local list, or of a registry.

Options:
      --help       Show this
      --insecure   Take any certificate, and plain HTTP where the registry speaks it
      --raw        Show the exact bytes
  -v, --verbose    Show platforms and descriptors as well
";

const PUSH: &str = "\
Push a local list, and the manifests that its repository lacks.

Options:
      --dry-run    Show what would be done, and do nothing
      --help       Show this
      --insecure   Take any certificate, and plain HTTP where the registry speaks it
  -p, --purge      Remove the local list when it is pushed
";

const RM: &str = "\
Remove local lists. Nothing is removed from a registry.

Options:
      --help   Show this
";

const SHORT_HELP: &str = "Flag shorthand -h has been deprecated, use --help\n";

fn usage(syntax: Option<&Syntax>) -> String {
    format!("Usage:  {PROGRAM} {}\n", syntax.map_or(ROOT_USAGE, |syntax| syntax.usage))
}

/// How the program, or one of its commands, is called by name.
fn name(syntax: Option<&Syntax>) -> String {
    syntax.map_or_else(|| PROGRAM.to_owned(), |syntax| format!("{PROGRAM} {}", syntax.name))
}

fn text(syntax: Option<&Syntax>) -> String {
    let text = match syntax.map(|syntax| syntax.name) {
        None => ROOT,
        Some("annotate") => ANNOTATE,
        Some("create") => CREATE,
        Some("inspect") => INSPECT,
        Some("push") => PUSH,
        Some(_) => RM,
    };
    let more = match syntax {
        None => format!("\nRun '{PROGRAM} COMMAND --help' for more information on a command.\n"),
        Some(_) => String::new(),
    };
    format!("{}\n{text}{more}", usage(syntax))
}

pub(super) fn help(syntax: Option<&Syntax>, short_help: bool) -> Saying {
    let remark = if short_help { SHORT_HELP } else { "" };
    Saying { stdout: format!("{remark}{}", text(syntax)), ..Saying::default() }
}

pub(super) fn no_command() -> Saying {
    Saying { stderr: format!("\n{}", text(None)), ..Saying::default() }
}

pub(super) fn unknown_command(name: &str) -> Saying {
    let fault = format!("{PROGRAM}: unknown command: {PROGRAM} {name}");
    fault_with_usage(&fault, None, "Run", 1)
}

pub(super) fn flag_fault(syntax: Option<&Syntax>, message: &str, short_help: bool) -> Saying {
    let stdout = if short_help { SHORT_HELP.to_owned() } else { String::new() };
    Saying { stdout, ..fault_with_usage(message, syntax, "Run", 125) }
}

pub(super) fn count_fault(syntax: &Syntax) -> Saying {
    let plural = |count: usize| if count == 1 { "argument" } else { "arguments" };
    let (wanted, verb) = match syntax.counts {
        Counts::Exactly(count) => (format!("{count} {}", plural(count)), "Run"),
        Counts::AtLeast(count) => (format!("at least {count} {}", plural(count)), "See"),
        Counts::Between(least, most) => {
            (format!("at least {least} and at most {most} {}", plural(most)), "Run")
        }
    };
    let fault = format!("{PROGRAM}: '{}' requires {wanted}", name(Some(syntax)));
    fault_with_usage(&fault, Some(syntax), verb, 1)
}

fn fault_with_usage(fault: &str, syntax: Option<&Syntax>, verb: &str, exit: u8) -> Saying {
    let stderr =
        format!("{fault}\n\n{}\n{verb} '{} --help' for more information\n", usage(syntax), name(syntax));
    Saying { stderr, exit, ..Saying::default() }
}
