//! Help, and what is said of a command line that does not fit: Docker's words for the faults, our own for the help.

use super::{
    Arity, CONNECTION, CommandGroup, CommandSpec, EarlyExit, PROGRAM,
    flags::{Flag, HELP},
};

const ROOT_EXAMPLES: [&str; 3] = [
    "tallyman inspect --platform linux/arm64 reg.example/app:1",
    "tallyman create --push reg.example/app:1 reg.example/app:1-amd64 reg.example/app:1-arm64",
    "tallyman copy ghcr.io/acme/app:1 reg.example/app:1",
];

const ROOT_USAGE: &str = "COMMAND";

const ROOT: &str = "\
Look at container image manifests, and make and push manifest lists: one name for images of several platforms.
";

const SHORT_HELP: &str = "Flag shorthand -h has been deprecated, use --help\n";

fn usage(spec: Option<&CommandSpec>) -> String {
    format!("Usage:  {PROGRAM} {}\n", spec.map_or(ROOT_USAGE, |spec| spec.usage))
}

/// The command line that calls the program, or one of its commands.
fn name(spec: Option<&CommandSpec>) -> String {
    spec.map_or_else(|| PROGRAM.to_owned(), |spec| format!("{PROGRAM} {}", spec.name))
}

fn text(spec: Option<&CommandSpec>) -> String {
    let usage = usage(spec);
    match spec {
        None => {
            let commands = commands("Commands", CommandGroup::Docker)
                + &commands("Registries", CommandGroup::Registries)
                + &commands("Files of images", CommandGroup::Files)
                + &commands("Local lists", CommandGroup::LocalLists)
                + &commands("Program", CommandGroup::Program);
            let options = options("Options", &super::ROOT_FLAGS)
                + "\n"
                + &options_of("Connection options", CONNECTION.iter().collect());
            let more = format!("Run '{PROGRAM} COMMAND --help' for more information on a command.\n");
            let examples = examples(&ROOT_EXAMPLES);
            format!("{usage}\n{ROOT}\n{commands}{options}{examples}\n{more}")
        }
        Some(spec) => {
            let connection = match spec.takes_connection() {
                true => format!("\nConnection options, such as --debug and --retries: {PROGRAM} --help\n"),
                false => String::new(),
            };
            let (options, examples) = (options("Options", spec.flags), examples(spec.examples));
            format!("{usage}\n{}\n\n{options}{connection}{examples}", spec.about)
        }
    }
}

fn examples(lines: &[&str]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("\nExamples:\n{lines}")
}

fn commands(title: &str, group: CommandGroup) -> String {
    let listed = super::COMMANDS.iter().filter(|spec| spec.group == group);
    let width = super::COMMANDS.iter().map(|spec| spec.name.len()).max().unwrap_or_default();
    let lines: String = listed.map(|spec| format!("  {:width$}  {}\n", spec.name, spec.summary)).collect();
    format!("{title}:\n{lines}\n")
}

/// The flags in the order of their names, as Docker shows them.
fn options(title: &str, flags: &[Flag]) -> String {
    options_of(title, flags.iter().chain([&HELP]).collect())
}

fn options_of(title: &str, mut flags: Vec<&Flag>) -> String {
    flags.sort_unstable_by_key(|flag| flag.name);
    let spelled: Vec<String> = flags.iter().map(|flag| spelling(flag)).collect();
    let width = spelled.iter().map(String::len).max().unwrap_or_default();
    let lines: String = flags
        .iter()
        .zip(spelled)
        .map(|(flag, spelled)| format!("  {spelled:width$}   {}\n", flag.about))
        .collect();
    format!("{title}:\n{lines}")
}

pub(super) fn spelling(flag: &Flag) -> String {
    // Docker hides the shorthand of help, and remarks on it.
    let short = match flag.short.filter(|_| flag.name != HELP.name) {
        Some(short) => format!("-{short}, "),
        None => "    ".to_owned(),
    };
    let value = if flag.value.is_empty() { String::new() } else { format!(" {}", flag.value) };
    format!("{short}--{}{value}", flag.name)
}

pub(super) fn help(spec: Option<&CommandSpec>, short_help: bool) -> EarlyExit {
    let remark = if short_help { SHORT_HELP } else { "" };
    EarlyExit { stdout: format!("{remark}{}", text(spec)), ..EarlyExit::default() }
}

pub(super) fn no_command() -> EarlyExit {
    EarlyExit { stderr: format!("\n{}", text(None)), ..EarlyExit::default() }
}

/// The help of commands that share their first word.
pub(super) fn group(name: &str) -> String {
    let usage = format!("Usage:  {PROGRAM} {name} COMMAND\n");
    let of_group = super::COMMANDS.iter().filter(|spec| spec.words()[0] == name);
    let lines: String = of_group.map(|spec| format!("  {:16}  {}\n", spec.name, spec.summary)).collect();
    let more = format!("Run '{PROGRAM} {name} COMMAND --help' for more information on a command.\n");
    format!("{usage}\nCommands:\n{lines}\n{more}")
}

pub(super) fn unknown_command(name: &str) -> EarlyExit {
    let fault = format!("{PROGRAM}: unknown command: {PROGRAM} {name}");
    fault_with_usage(&fault, None, "Run", 1)
}

/// Returns the fault of a group's name without a second word that makes it a command.
pub(super) fn no_command_of(group: &str, found: Option<&String>) -> EarlyExit {
    let Some(found) = found else {
        let fault = format!("{PROGRAM}: '{PROGRAM} {group}' requires a command");
        return EarlyExit { stderr: self::group(group), fault, exit: 1, ..EarlyExit::default() };
    };
    let fault = format!("{PROGRAM}: unknown command: {PROGRAM} {group} {found}");
    fault_with(&fault, &format!("{group} COMMAND"), &format!("{PROGRAM} {group}"), "Run", 1)
}

pub(super) fn flag_fault(spec: Option<&CommandSpec>, message: &str, short_help: bool) -> EarlyExit {
    let stdout = if short_help { SHORT_HELP.to_owned() } else { String::new() };
    EarlyExit { stdout, ..fault_with_usage(message, spec, "Run", 125) }
}

pub(super) fn count_fault(spec: &CommandSpec) -> EarlyExit {
    let plural = |count: usize| if count == 1 { "argument" } else { "arguments" };
    let (wanted, verb) = match spec.arity {
        Arity::Exactly(0) => ("accepts no arguments".to_owned(), "Run"),
        Arity::Exactly(count) => (format!("requires {count} {}", plural(count)), "Run"),
        Arity::AtLeast(count) => (format!("requires at least {count} {}", plural(count)), "See"),
        Arity::Between(0, most) => (format!("requires at most {most} {}", plural(most)), "Run"),
        Arity::Between(least, most) => {
            (format!("requires at least {least} and at most {most} {}", plural(most)), "Run")
        }
    };
    let fault = format!("{PROGRAM}: '{}' {wanted}", name(Some(spec)));
    fault_with_usage(&fault, Some(spec), verb, 1)
}

fn fault_with_usage(fault: &str, spec: Option<&CommandSpec>, verb: &str, exit: u8) -> EarlyExit {
    fault_with(fault, spec.map_or(ROOT_USAGE, |spec| spec.usage), &name(spec), verb, exit)
}

/// A fault with the usage of what `name` calls.
fn fault_with(fault: &str, usage: &str, name: &str, verb: &str, exit: u8) -> EarlyExit {
    let stderr =
        format!("{fault}\n\nUsage:  {PROGRAM} {usage}\n\n{verb} '{name} --help' for more information\n");
    EarlyExit { stderr, exit, fault: fault.to_owned(), ..EarlyExit::default() }
}
