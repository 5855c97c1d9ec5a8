//! The command line's grammar: Docker's commands, arguments and flags, and ours beside them.

mod command;
mod completion;
mod csv;
mod flags;
mod help;
mod man;
mod password;
mod read;
mod shared_flags;
mod shell_completion;
mod table;

pub use command::{
    Command, CopyExtensions, CreateSources, DeletionOptions, DigestInput, IndexChanges, InspectExtensions,
    OutputOptions, PushExtensions,
};
pub use completion::{Completion, completion};
use flags::Flag;
pub use password::without_password;
use shared_flags::CONNECTION;
use table::{Arity, COMMANDS, CommandGroup, CommandSpec};

use super::Settings;

/// The program's name on the command line; it stands where `docker manifest` stands.
pub const PROGRAM: &str = "tallyman";

const ROOT_FLAGS: [Flag; 2] = [
    Flag::text("config", "The folder with config.json and the local lists, for this call")
        .value("folder")
        .checked(read::check_not_empty)
        .completed_by(flags::CompletionHint::Files),
    Flag::bool("version", "Show the version"),
];

/// A command line as it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a call makes one of them")]
pub enum Invocation {
    /// A command with all it needs, and the settings of the call.
    Run(Command, Box<Settings>),
    /// Something to print, and to end with.
    Exit(EarlyExit),
}

/// Text to print in place of running a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EarlyExit {
    /// The text for the standard output.
    pub stdout: String,
    /// The text for the standard error.
    pub stderr: String,
    /// The exit code.
    pub exit: u8,
    /// The fault of the command line as one sentence, for whoever reads errors as JSON; empty if there is none.
    pub fault: String,
}

impl EarlyExit {
    /// The end of a command line with a fault, which is printed alone.
    fn with_fault(fault: &str, exit: u8) -> Self {
        Self { stderr: format!("{fault}\n"), fault: fault.to_owned(), exit, ..Self::default() }
    }
}

/// Returns `true` if a command line asks for its errors as JSON, whether the rest of it can be understood or not.
pub fn wants_json_errors(args: &[String]) -> bool {
    let words = || args.iter().take_while(|word| *word != "--");
    let is_json = |word: &&String| flags::is_on(word, "--json") || *word == "--log-format=json";
    words().any(|word| is_json(&word))
        || words().zip(words().skip(1)).any(|(flag, value)| flag == "--log-format" && value == "json")
}

impl Invocation {
    /// Reads a command line, without the program's name in front. Docker's `manifest` may stand there.
    pub fn parse(args: &[String]) -> Self {
        let with_help = with_help_flag(args);
        let args = with_help.as_deref().unwrap_or(args);
        match command_of(args) {
            Some((spec, settings, rest)) => spec.parse(rest, settings),
            None => root(args.strip_prefix(&["manifest".to_owned()]).unwrap_or(args)),
        }
    }
}

/// A command line of one command, as that command understands it.
enum Understood {
    Run(Command),
    Exit(EarlyExit),
}

impl From<EarlyExit> for Understood {
    fn from(exit: EarlyExit) -> Self {
        Self::Exit(exit)
    }
}

impl From<EarlyExit> for Invocation {
    fn from(exit: EarlyExit) -> Self {
        Self::Exit(exit)
    }
}

/// Returns the folder that `--config` names in front of a command, before anything else of a command line is known.
pub fn config_folder(args: &[String]) -> Option<String> {
    let (_, settings, _) = command_of(args)?;
    let parsed = flags::parse(&root_flags(), settings).ok()?;
    read::optional(&parsed, "config")
}

/// The flags that may stand in front of a command.
fn root_flags() -> Vec<Flag> {
    ROOT_FLAGS.iter().chain(&CONNECTION).copied().collect()
}

/// Returns the number of words in front of the command: flags with their values, which may stand there as Docker's own
/// do, and Docker's `manifest`. It is more than there are if a value is still to come.
fn words_in_front(args: &[String]) -> usize {
    let flags = root_flags();
    let (mut at, mut is_dockers) = (0, false);
    while let Some(arg) = args.get(at) {
        if arg == "manifest" && !is_dockers {
            is_dockers = true;
            at += 1;
            continue;
        }
        let Some(name) = arg.strip_prefix("--") else { break };
        at += 1 + usize::from(flags.iter().any(|flag| flag.name == name && flag.takes_next()));
    }
    at
}

/// Returns a command line with the flag `--help` in place of each word `help` in front of its command: `help tags` is
/// `tags --help`. Returns `None` if there is no such word.
fn with_help_flag(args: &[String]) -> Option<Vec<String>> {
    let mut line = args.to_vec();
    loop {
        let at = words_in_front(&line);
        let count = line.iter().skip(at).take_while(|word| *word == "help").count();
        if count == 0 {
            break;
        }
        line.drain(at..at + count);
    }
    let is_asked = line.len() < args.len();
    line.push("--help".to_owned());
    is_asked.then_some(line)
}

/// Parts a command line: the command, the words in front of it, and the rest.
fn command_of(args: &[String]) -> Option<(&'static CommandSpec, &[String], &[String])> {
    let (in_front, rest) = args.split_at_checked(words_in_front(args))?;
    let (spec, rest) = table::find(rest)?;
    Some((spec, in_front, rest))
}

/// Returns `true` if `word` is the name of a command, or the first one of a command with two.
pub(super) fn is_command(word: &str) -> bool {
    word == "help" || COMMANDS.iter().any(|spec| spec.words()[0] == word)
}

/// Returns the place of the first argument of `serve` in a command line that calls it, for the program that has it.
///
/// # Errors
/// A sentence if options stand in front of it, which it does not take.
pub fn serve_arguments(args: &[String]) -> Option<Result<usize, String>> {
    let (_, in_front, rest) = command_of(args).filter(|(spec, ..)| spec.name == table::SERVE)?;
    let wants_help = rest.iter().any(|arg| arg == "--help" || arg == "-h");
    Some(match in_front.iter().find(|word| *word != "manifest" && !wants_help) {
        Some(flag) => Err(format!(
            "{PROGRAM}: expected the options of serve behind its name, found {flag} in front of it: {PROGRAM} serve --help"
        )),
        None => Ok(args.len() - rest.len()),
    })
}

/// The line that names the version.
pub(crate) fn version() -> String {
    format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION"))
}

/// The program without a command.
fn root(args: &[String]) -> Invocation {
    let parsed = match flags::parse(&root_flags(), args) {
        Ok(parsed) => parsed,
        Err((message, short_help)) => return help::flag_fault(None, &message, short_help).into(),
    };
    let group = parsed.arguments.first().filter(|name| table::is_group(name));
    if parsed.wants_help() {
        return match group {
            Some(name) => EarlyExit { stdout: help::group(name), ..EarlyExit::default() }.into(),
            None => help::help(None, parsed.short_help).into(),
        };
    }
    if parsed.is_set("version") {
        return EarlyExit { stdout: format!("{}\n", version()), ..EarlyExit::default() }.into();
    }
    match parsed.arguments.first() {
        Some(name) if table::is_group(name) => help::no_command_of(name, parsed.arguments.get(1)).into(),
        Some(name) => help::unknown_command(name).into(),
        None => help::no_command().into(),
    }
}

impl CommandSpec {
    /// Parses the arguments of a command, and the flags in front of it.
    fn parse(&self, args: &[String], in_front: &[String]) -> Invocation {
        let parsed = match flags::parse(&self.all_flags(), args) {
            Ok(parsed) => parsed,
            Err((message, short_help)) => return help::flag_fault(Some(self), &message, short_help).into(),
        };
        let before = match flags::parse(&root_flags(), in_front) {
            Ok(before) => before,
            Err((message, short_help)) => return help::flag_fault(None, &message, short_help).into(),
        };
        if parsed.wants_help() {
            return help::help(Some(self), parsed.short_help).into();
        }
        let count = parsed.arguments.len();
        let fits = match self.arity {
            Arity::Exactly(wanted) => count == wanted,
            // A list that is refreshed, or whose sources are in a file, needs no further images.
            Arity::AtLeast(least) => {
                count >= least - usize::from(parsed.is_set("refresh") || !parsed.all("from").is_empty())
            }
            Arity::Between(least, most) => (least..=most).contains(&count),
        };
        if !fits {
            return help::count_fault(self).into();
        }
        let settings = Box::new(read::settings(&[&before, &parsed]));
        match (self.read)(parsed) {
            Understood::Run(command) => Invocation::Run(command, settings),
            Understood::Exit(exit) => Invocation::Exit(exit),
        }
    }
}
