//! Help, and what is said of a command line that does not fit: Docker's words for the faults, our own for the help.

use super::{
    Counts, PROGRAM, Saying, Syntax,
    flags::{Flag, HELP},
};

const ROOT_USAGE: &str = "COMMAND";

const ROOT: &str = "\
Look at container image manifests, and make and push manifest lists: one name for images of several platforms.
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
    let usage = usage(syntax);
    match syntax {
        None => {
            let commands = commands("Commands", true) + &commands("More commands", false);
            let options = options(&super::ROOT_FLAGS);
            let more = format!("Run '{PROGRAM} COMMAND --help' for more information on a command.\n");
            format!("{usage}\n{ROOT}\n{commands}{options}\n{more}")
        }
        Some(syntax) => format!("{usage}\n{}\n\n{}", syntax.about, options(syntax.flags)),
    }
}

fn commands(title: &str, of_docker: bool) -> String {
    let listed = super::SYNTAXES.iter().filter(|syntax| syntax.is_dockers == of_docker);
    let width = super::SYNTAXES.iter().map(|syntax| syntax.name.len()).max().unwrap_or_default();
    let lines: String =
        listed.map(|syntax| format!("  {:width$}  {}\n", syntax.name, syntax.summary)).collect();
    format!("{title}:\n{lines}\n")
}

/// The flags in the order of their names, as Docker shows them.
fn options(flags: &[Flag]) -> String {
    let mut flags: Vec<&Flag> = flags.iter().chain([&HELP]).collect();
    flags.sort_unstable_by_key(|flag| flag.name);
    let spelled: Vec<String> = flags.iter().map(|flag| spelling(flag)).collect();
    let width = spelled.iter().map(String::len).max().unwrap_or_default();
    let lines: String = flags
        .iter()
        .zip(spelled)
        .map(|(flag, spelled)| format!("  {spelled:width$}   {}\n", flag.about))
        .collect();
    format!("Options:\n{lines}")
}

fn spelling(flag: &Flag) -> String {
    // Docker hides the shorthand of help, and remarks on it.
    let short = match flag.short.filter(|_| flag.name != HELP.name) {
        Some(short) => format!("-{short}, "),
        None => "    ".to_owned(),
    };
    let value = if flag.value.is_empty() { String::new() } else { format!(" {}", flag.value) };
    format!("{short}--{}{value}", flag.name)
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
        Counts::Exactly(0) => ("accepts no arguments".to_owned(), "Run"),
        Counts::Exactly(count) => (format!("requires {count} {}", plural(count)), "Run"),
        Counts::AtLeast(count) => (format!("requires at least {count} {}", plural(count)), "See"),
        Counts::Between(0, most) => (format!("requires at most {most} {}", plural(most)), "Run"),
        Counts::Between(least, most) => {
            (format!("requires at least {least} and at most {most} {}", plural(most)), "Run")
        }
    };
    let fault = format!("{PROGRAM}: '{}' {wanted}", name(Some(syntax)));
    fault_with_usage(&fault, Some(syntax), verb, 1)
}

fn fault_with_usage(fault: &str, syntax: Option<&Syntax>, verb: &str, exit: u8) -> Saying {
    let stderr =
        format!("{fault}\n\n{}\n{verb} '{} --help' for more information\n", usage(syntax), name(syntax));
    Saying { stderr, exit, ..Saying::default() }
}
