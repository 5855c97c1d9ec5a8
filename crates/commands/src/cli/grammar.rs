//! The command line's grammar: Docker's commands, arguments and flags, and ours beside them.

mod command;
mod completion;
mod csv;
mod flags;
mod help;
mod read;
mod shell_completion;
mod table;

pub use command::{
    Command, CopyExtensions, CreateSources, DigestInput, IndexChanges, InspectExtensions, OutputOptions,
    PushExtensions,
};
pub use completion::{Completion, completion};
use flags::Flag;
use table::{Arity, COMMANDS, CommandGroup, CommandSpec};

/// The program's name on the command line; it stands where `docker manifest` stands.
pub const PROGRAM: &str = "tallyman";

const ROOT_FLAGS: [Flag; 1] = [Flag::bool("version", "Show the version")];

/// A command line as it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// A command with all it needs.
    Run(Command),
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
        match table::find(args) {
            Some((spec, rest)) => spec.parse(rest),
            None => root(args),
        }
    }
}

impl From<EarlyExit> for Invocation {
    fn from(exit: EarlyExit) -> Self {
        Self::Exit(exit)
    }
}

/// The line that names the version.
pub(crate) fn version() -> String {
    format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION"))
}

/// The program without a command.
fn root(args: &[String]) -> Invocation {
    let parsed = match flags::parse(&ROOT_FLAGS, args) {
        Ok(parsed) => parsed,
        Err((message, short_help)) => return help::flag_fault(None, &message, short_help).into(),
    };
    if parsed.wants_help() {
        return help::help(None, parsed.short_help).into();
    }
    if parsed.is_set("version") {
        return EarlyExit { stdout: format!("{}\n", version()), ..EarlyExit::default() }.into();
    }
    match parsed.arguments.first() {
        Some(name) if table::is_group(name) => help::group(name).into(),
        Some(name) => help::unknown_command(name).into(),
        None => help::no_command().into(),
    }
}

impl CommandSpec {
    fn parse(&self, args: &[String]) -> Invocation {
        let parsed = match flags::parse(self.flags, args) {
            Ok(parsed) => parsed,
            Err((message, short_help)) => return help::flag_fault(Some(self), &message, short_help).into(),
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
        (self.read)(parsed)
    }
}
