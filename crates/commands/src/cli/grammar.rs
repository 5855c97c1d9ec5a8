//! The command line's grammar: Docker's commands, arguments and flags, and ours beside them.

mod command;
mod completion;
mod csv;
mod flags;
mod help;
mod man;
mod read;
mod shell_completion;
mod table;

pub use command::{
    Command, CopyExtensions, CreateSources, DeletionOptions, DigestInput, IndexChanges, InspectExtensions,
    OutputOptions, PushExtensions,
};
pub use completion::{Completion, completion};
use flags::Flag;
use table::{Arity, COMMANDS, CONNECTION, CommandGroup, CommandSpec};

use super::Settings;

/// The program's name on the command line; it stands where `docker manifest` stands.
pub const PROGRAM: &str = "tallyman";

const ROOT_FLAGS: [Flag; 2] = [
    Flag::text("config", "The folder with config.json and the local lists, for this call")
        .value("folder")
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
    /// For the standard output.
    pub stdout: String,
    /// For the standard error.
    pub stderr: String,
    /// The exit code.
    pub exit: u8,
}

impl Invocation {
    /// Reads a command line, without the program's name in front. Docker's `manifest` may stand there.
    pub fn parse(args: &[String]) -> Self {
        let args = match args {
            [first, rest @ ..] if first == "manifest" => rest,
            _ => args,
        };
        if let Some((spec, rest)) = table::find(args) {
            return spec.parse(rest, &[]);
        }
        // Settings may stand in front of the command, as Docker's own do.
        match in_front(args) {
            Some((spec, settings, rest)) => spec.parse(rest, settings),
            None => root(args),
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
    let (_, settings, _) = in_front(args)?;
    let parsed = flags::parse(&root_flags(), settings).ok()?;
    read::optional(&parsed, "config")
}

/// The flags that may stand in front of a command.
fn root_flags() -> Vec<Flag> {
    ROOT_FLAGS.iter().chain(&CONNECTION).copied().collect()
}

/// Parts a command line whose command stands behind flags: the command, those flags, and the rest.
fn in_front(args: &[String]) -> Option<(&'static CommandSpec, &[String], &[String])> {
    let flags = root_flags();
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        if arg == "manifest" && at > 0 {
            let (spec, rest) = table::find(&args[at + 1..])?;
            return Some((spec, &args[..at], rest));
        }
        if !arg.starts_with('-') {
            let (spec, rest) = table::find(&args[at..])?;
            return (at > 0).then_some((spec, &args[..at], rest));
        }
        let name = arg.strip_prefix("--")?;
        let takes_next = flags.iter().any(|flag| flag.name == name && flag.takes != flags::ValueKind::Bool);
        at += 1 + usize::from(takes_next);
    }
    None
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
        Some(name) if table::is_group(name) => {
            EarlyExit { stderr: help::group(name), exit: 1, ..EarlyExit::default() }.into()
        }
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
