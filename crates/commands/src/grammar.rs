//! The command line's grammar: Docker's commands, arguments and flags, and ours beside them.

mod completion;
mod csv;
mod flags;
mod texts;

pub use completion::{Completion, completion};
use flags::{Flag, Given};

/// The program's name on the command line; it stands where `docker manifest` stands.
pub const PROGRAM: &str = "tallyman";

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

/// A command, its arguments as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Shows an image or a list.
    Inspect {
        /// The local list to look into, where two arguments were given.
        list: Option<String>,
        /// What to show.
        image: String,
        /// With descriptors and platforms.
        verbose: bool,
        /// The exact bytes instead.
        raw: bool,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
    },
    /// Makes a local list.
    Create {
        /// The list.
        list: String,
        /// Its images.
        images: Vec<String>,
        /// Add to the list where there is one.
        amend: bool,
        /// Registries may speak plain HTTP or show any certificate.
        insecure: bool,
    },
    /// Says more about an image of a local list.
    Annotate {
        /// The list.
        list: String,
        /// The image.
        image: String,
        /// What to say.
        platform: crate::PlatformChange,
    },
    /// Pushes a local list.
    Push {
        /// The list.
        list: String,
        /// Remove the local list afterwards.
        purge: bool,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// Print the plan, do nothing.
        dry_run: bool,
    },
    /// Removes local lists.
    Remove {
        /// The lists.
        lists: Vec<String>,
    },
}

/// A subcommand: how it is called.
struct Syntax {
    name: &'static str,
    usage: &'static str,
    counts: Counts,
    flags: &'static [Flag],
}

enum Counts {
    Exactly(usize),
    AtLeast(usize),
    Between(usize, usize),
}

const INSECURE: Flag = Flag::bool("insecure");

const SYNTAXES: [Syntax; 5] = [
    Syntax {
        name: "annotate",
        usage: "annotate [OPTIONS] MANIFEST_LIST MANIFEST",
        counts: Counts::Exactly(2),
        flags: &[
            Flag::text("arch"),
            Flag::text("os"),
            Flag::texts("os-features"),
            Flag::text("os-version"),
            Flag::text("variant"),
        ],
    },
    Syntax {
        name: "create",
        usage: "create MANIFEST_LIST MANIFEST [MANIFEST...]",
        counts: Counts::AtLeast(2),
        flags: &[Flag::bool("amend").short('a'), INSECURE],
    },
    Syntax {
        name: "inspect",
        usage: "inspect [OPTIONS] [MANIFEST_LIST] MANIFEST",
        counts: Counts::Between(1, 2),
        flags: &[INSECURE, Flag::bool("raw"), Flag::bool("verbose").short('v')],
    },
    Syntax {
        name: "push",
        usage: "push [OPTIONS] MANIFEST_LIST",
        counts: Counts::Exactly(1),
        flags: &[Flag::bool("dry-run"), INSECURE, Flag::bool("purge").short('p')],
    },
    Syntax {
        name: "rm",
        usage: "rm MANIFEST_LIST [MANIFEST_LIST...]",
        counts: Counts::AtLeast(1),
        flags: &[],
    },
];

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

/// The program without a command.
fn root(args: &[String]) -> Invocation {
    let given = match flags::parse(&[Flag::bool("version")], args) {
        Ok(given) => given,
        Err((message, short_help)) => return texts::flag_fault(None, &message, short_help).into(),
    };
    if given.wants_help() {
        return texts::help(None, given.short_help).into();
    }
    if given.is_set("version") {
        let stdout = format!("{PROGRAM} {}\n", env!("CARGO_PKG_VERSION"));
        return Saying { stdout, ..Saying::default() }.into();
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
            Counts::AtLeast(least) => count >= least,
            Counts::Between(least, most) => (least..=most).contains(&count),
        };
        if !fits {
            return texts::count_fault(self).into();
        }
        Invocation::Run(self.command(given))
    }

    fn command(&self, mut given: Given) -> Command {
        let mut arguments = std::mem::take(&mut given.arguments).into_iter();
        let mut next = || arguments.next().unwrap_or_default();
        let insecure = given.is_set("insecure");
        match self.name {
            "annotate" => Command::Annotate {
                list: next(),
                image: next(),
                platform: crate::PlatformChange {
                    os: given.text("os"),
                    architecture: given.text("arch"),
                    os_version: given.text("os-version"),
                    os_features: given.all("os-features"),
                    variant: given.text("variant"),
                },
            },
            "create" => Command::Create {
                list: next(),
                images: arguments.collect(),
                amend: given.is_set("amend"),
                insecure,
            },
            "inspect" => {
                let (first, second) = (next(), arguments.next());
                let (list, image) = second.map_or((None, first.clone()), |second| (Some(first), second));
                let (verbose, raw) = (given.is_set("verbose"), given.is_set("raw"));
                Command::Inspect { list, image, verbose, raw, insecure }
            }
            "push" => Command::Push {
                list: next(),
                purge: given.is_set("purge"),
                insecure,
                dry_run: given.is_set("dry-run"),
            },
            _ => Command::Remove { lists: arguments.collect() },
        }
    }
}
