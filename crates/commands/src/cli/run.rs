//! The command line: from arguments to an exit code.

use std::{cell::RefCell, rc::Rc};

use serde_json::Value;
use tallyman_core::Reference;
use tallyman_registry::Client;
use tallyman_store::ListStore;

use super::{
    ClientOptions, Command, CredentialStore, Input, Invocation, Output, OutputOptions, Settings, Stream,
    hints, json,
    progress::ProgressReporter,
    style::Style,
    terminal::{self, JsonLog},
    wants_json_errors,
};
use crate::{Error, ReferenceRole, docker, sources::parse_reference};

/// The exit code of a command that failed.
const FAILED: u8 = 1;

/// The exit code of a command that Docker does not have if what it was asked for is not there.
const NOT_FOUND: u8 = 3;

/// The surroundings of a command line.
pub struct Environment {
    /// The local lists.
    pub store: Rc<dyn ListStore>,
    /// Makes a client, by what a call needs.
    pub client: Rc<dyn Fn(ClientOptions) -> Client>,
    /// The place that keeps credentials.
    pub credentials: Rc<dyn CredentialStore>,
    /// The two streams.
    pub output: Rc<dyn Output>,
    /// The files and the standard input.
    pub input: Rc<dyn Input>,
}

/// Runs a command line, without the program's name in front, and returns its exit code.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// use futures_util::{FutureExt, future, future::LocalBoxFuture};
/// use tallyman_commands::{ClientOptions, CredentialStore, Environment, Input, Output, run};
/// use tallyman_core::Digest;
/// use tallyman_registry::{Client, NativeTransport};
/// use tallyman_store::MemoryStore;
///
/// #[derive(Default)]
/// struct Printed(RefCell<String>);
///
/// impl Output for Printed {
///     fn stdout(&self, bytes: &[u8]) {
///         self.0.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
///     }
///     fn stderr(&self, text: &str) {
///         self.0.borrow_mut().push_str(text);
///     }
/// }
///
/// impl Input for Printed {
///     fn digest<'a>(&'a self, _: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
///         future::ready(Ok((Digest::of(b""), 0))).boxed_local()
///     }
/// }
///
/// impl CredentialStore for Printed {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let printed = Rc::new(Printed::default());
/// let transport = Rc::new(NativeTransport::new());
/// let environment = Environment {
///     store: Rc::new(MemoryStore::new()),
///     client: Rc::new(move |_: ClientOptions| Client::builder(transport.clone()).build()),
///     credentials: printed.clone(),
///     output: printed.clone(),
///     input: printed.clone(),
/// };
/// let arguments = ["rm", "registry.example/acme/app:1.0"].map(str::to_owned);
/// let exit = futures_util::FutureExt::now_or_never(run(&arguments, &environment));
/// assert_eq!(exit, Some(1));
/// assert_eq!(*printed.0.borrow(), "No such manifest: registry.example/acme/app:1.0\n");
/// # Ok(())
/// # }
/// ```
pub async fn run(args: &[String], environment: &Environment) -> u8 {
    let output = &*environment.output;
    let (command, settings) = match Invocation::parse(args) {
        Invocation::Run(command, settings) => (command, settings),
        Invocation::Exit(exit) if !exit.fault.is_empty() && wants_json_errors(args) => {
            output.stderr(&error_line(args, "usage", &exit.fault));
            return exit.exit;
        }
        Invocation::Exit(exit) => {
            output.stdout(Style::of(output, Stream::Stdout).help(&exit.stdout).as_bytes());
            output.stderr(&Style::of(output, Stream::Stderr).help(&exit.stderr));
            return exit.exit;
        }
    };
    let is_json = command.options().json || settings.json_log;
    let asked = command.clone();
    let (environment, clients) = environment.with_settings(*settings, is_json);
    let Ended { failures, exit } = environment.execute(command).await;
    let clients = clients.borrow();
    let hint = |failure: &Error| hints::hint(&asked, failure, &clients);
    if is_json {
        for failure in &failures {
            terminal::log(output, &json::error(failure, hint(failure).as_deref()));
        }
    } else {
        let style = Style::of(output, Stream::Stderr);
        for failure in &failures {
            output.stderr(&format!("{}\n", style.red(&terminal::lines(&docker::message(failure)))));
        }
        // Where no person reads along, the answers that Docker has stay as they are.
        let is_read = output.is_terminal(Stream::Stderr) || !asked.is_dockers();
        let hinted = failures.iter().filter(|failure| is_read || !failure.is_dockers());
        let mut hints: Vec<String> = hinted.filter_map(hint).collect();
        hints.dedup();
        for hint in hints {
            output.stderr(&format!("{}\n", style.yellow(&terminal::lines(&hint))));
        }
    }
    match &failures[..] {
        [] => exit,
        failures if asked.can_be_missing() && failures.iter().all(Error::is_missing) => NOT_FOUND,
        _ => FAILED,
    }
}

/// Returns the line on the standard error for a failure that belongs to no command: of the command line, or of the program around it. It
/// is JSON if the command line asks for that.
pub fn error_line(args: &[String], code: &str, message: &str) -> String {
    match wants_json_errors(args) {
        true => format!("{}\n", terminal::json(&json::fault(code, message, None).to_string())),
        false => format!("{message}\n"),
    }
}

/// The clients of a call.
type Clients = Rc<RefCell<Vec<Client>>>;

/// The end of a command.
pub(super) struct Ended {
    /// The errors, none of them if it succeeded.
    pub failures: Vec<Error>,
    /// The exit code if nothing did.
    pub exit: u8,
}

impl Ended {
    pub(super) fn of(failures: Vec<Error>) -> Self {
        Self { failures, exit: 0 }
    }
}

impl Environment {
    /// The same surroundings, in which clients have these settings, and the clients as they are made. What is said on the standard error
    /// is JSON if `is_json`.
    fn with_settings(&self, settings: Settings, is_json: bool) -> (Self, Clients) {
        let output: Rc<dyn Output> = match is_json {
            true => Rc::new(JsonLog { output: Rc::clone(&self.output), is_log: settings.json_log }),
            false => Rc::clone(&self.output),
        };
        self.credentials.warn_on(Rc::clone(&output));
        let (client, settings) =
            (Rc::clone(&self.client), Rc::new(Settings { json_log: is_json, ..settings }));
        let clients = Clients::default();
        let made = Rc::clone(&clients);
        let environment = Self {
            store: Rc::clone(&self.store),
            client: Rc::new(move |options| {
                let client = client(ClientOptions { settings: Rc::clone(&settings), ..options });
                made.borrow_mut().push(client.clone());
                client
            }),
            credentials: Rc::clone(&self.credentials),
            output,
            input: Rc::clone(&self.input),
        };
        (environment, clients)
    }

    /// A client that asks once, as Docker does.
    pub(super) fn client(&self, insecure: bool) -> Client {
        (self.client)(ClientOptions { insecure, ..ClientOptions::default() })
    }

    pub(super) fn print(&self, line: &[u8]) {
        self.output.stdout(&[line, b"\n"].concat());
    }

    pub(super) fn print_json(&self, value: &Value) {
        self.print(terminal::json(&value.to_string()).as_bytes());
    }

    /// Prints a manifest: its bytes, but for characters that steer the terminal, where one shows them.
    pub(super) fn show_manifest(&self, bytes: &[u8]) {
        if self.output.is_terminal(Stream::Stdout) {
            self.output.stdout(terminal::json(&String::from_utf8_lossy(bytes)).as_bytes());
        } else {
            self.output.stdout(bytes);
        }
    }

    pub(super) fn progress(&self, options: OutputOptions) -> ProgressReporter<'_> {
        ProgressReporter::new(&*self.output, options.progress)
    }
}

impl Command {
    /// The form of its output.
    fn options(&self) -> OutputOptions {
        match self {
            Self::Create { options, .. }
            | Self::Annotate { options, .. }
            | Self::Duplicate { options, .. }
            | Self::Rename { options, .. }
            | Self::Login { options, .. }
            | Self::Logout { options, .. }
            | Self::List { options, .. }
            | Self::Push { options, .. }
            | Self::Tags { options, .. }
            | Self::Catalog { options, .. }
            | Self::Digest { options, .. }
            | Self::Copy { options, .. }
            | Self::Referrers { options, .. }
            | Self::Index { options, .. }
            | Self::Apply { options, .. }
            | Self::Plan { options, .. }
            | Self::RateLimit { options, .. }
            | Self::Files { options, .. }
            | Self::Export { options, .. }
            | Self::Waste { options, .. }
            | Self::Version { options } => *options,
            Self::Cat { .. } => OutputOptions::default(),
            Self::Remove { deletion, .. }
            | Self::RemoveEntries { deletion, .. }
            | Self::Delete { deletion, .. }
            | Self::Untag { deletion, .. } => {
                OutputOptions { json: deletion.json, ..OutputOptions::default() }
            }
            Self::Inspect { extensions, .. } => {
                OutputOptions { json: extensions.json, ..OutputOptions::default() }
            }
        }
    }

    /// Returns `true` if the exit code tells that what was asked for is not there. A registry without a catalog lacks no content, and
    /// one that cannot be signed in to is none.
    fn can_be_missing(&self) -> bool {
        !self.is_dockers() && !matches!(self, Self::Catalog { .. } | Self::Login { .. })
    }

    /// Returns `true` for the commands of `docker manifest`.
    fn is_dockers(&self) -> bool {
        matches!(
            self,
            Self::Inspect { .. }
                | Self::Create { .. }
                | Self::Annotate { .. }
                | Self::Push { .. }
                | Self::Remove { .. }
        )
    }
}

/// Parses a reference that Docker does not name in its error.
pub(super) fn argument(typed: &str) -> Result<Reference, Error> {
    parse_reference(ReferenceRole::Argument, typed)
}
