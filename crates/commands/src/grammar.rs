//! The command line's grammar: Docker's commands, arguments and flags, and ours beside them.

mod command;
mod completion;
mod csv;
mod flags;
mod scripts;
mod syntax;
mod texts;

pub use command::{Command, Digested, Telling};
pub use completion::{Completion, completion};
use flags::Flag;
use syntax::{Counts, SYNTAXES, Syntax};

/// The program's name on the command line; it stands where `docker manifest` stands.
pub const PROGRAM: &str = "tallyman";

const ROOT_FLAGS: [Flag; 1] = [Flag::bool("version", "Show the version")];

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// A command with all it needs.
    Run(Command),
    /// Something to print, and to end with.
    Say(Saying),
}

/// What is printed without anything being done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saying {
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
        let syntax = args.first().and_then(|name| SYNTAXES.iter().find(|known| known.name == name));
        match syntax {
            Some(syntax) => syntax.parse(&args[1..]),
            None => root(args),
        }
    }
}

impl From<Saying> for Invocation {
    fn from(saying: Saying) -> Self {
        Self::Say(saying)
    }
}

/// The line that names the version.
pub(crate) fn version() -> String {
    format!("{PROGRAM} {}", env!("CARGO_PKG_VERSION"))
}

/// The program without a command.
fn root(args: &[String]) -> Invocation {
    let given = match flags::parse(&ROOT_FLAGS, args) {
        Ok(given) => given,
        Err((message, short_help)) => return texts::flag_fault(None, &message, short_help).into(),
    };
    if given.wants_help() {
        return texts::help(None, given.short_help).into();
    }
    if given.is_set("version") {
        return Saying { stdout: format!("{}\n", version()), ..Saying::default() }.into();
    }
    match given.arguments.first() {
        Some(name) => texts::unknown_command(name).into(),
        None => texts::no_command().into(),
    }
}

impl Syntax {
    fn parse(&self, args: &[String]) -> Invocation {
        let given = match flags::parse(self.flags, args) {
            Ok(given) => given,
            Err((message, short_help)) => return texts::flag_fault(Some(self), &message, short_help).into(),
        };
        if given.wants_help() {
            return texts::help(Some(self), given.short_help).into();
        }
        let count = given.arguments.len();
        let fits = match self.counts {
            Counts::Exactly(wanted) => count == wanted,
            // A list that is refreshed needs no further images.
            Counts::AtLeast(least) => count >= least - usize::from(given.is_set("refresh")),
            Counts::Between(least, most) => (least..=most).contains(&count),
        };
        if !fits {
            return texts::count_fault(self).into();
        }
        (self.read)(given)
    }
}
