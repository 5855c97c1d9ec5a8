//! The registry in memory that the tests share, and a command line over it.

pub mod registry;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_commands::{ClientOptions, CredentialStore, Environment, Input, Output, Stream};
use tallyman_core::{Digest, PushPlan, Reference, Registry};
use tallyman_registry::{Access, Client, CredentialError, CredentialSource, Credentials, Retry};
use tallyman_store::{ListStore, MemoryStore};

use registry::MemoryRegistry;

/// The plan for pushing a local list.
pub async fn plan(store: &dyn ListStore, list: &Reference) -> PushPlan {
    let list = store.load(list).await.expect("it can be read").expect("the list is there");
    PushPlan::new(&list).expect("it can be pushed")
}

/// The output of a command line and its exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub exit: u8,
    pub stdout: String,
    pub stderr: String,
}

#[derive(Default)]
struct Recorder {
    outcome: RefCell<Outcome>,
    /// The width in characters of the terminal that both streams are, if they are one.
    terminal: Option<usize>,
    files: Rc<RefCell<BTreeMap<String, String>>>,
}

impl Output for Recorder {
    fn stdout(&self, bytes: &[u8]) {
        self.outcome.borrow_mut().stdout.push_str(&String::from_utf8_lossy(bytes));
    }

    fn stderr(&self, text: &str) {
        self.outcome.borrow_mut().stderr.push_str(text);
    }

    fn has_colours(&self, _: Stream) -> bool {
        self.terminal.is_some()
    }

    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.check_file(path)?;
        if path.starts_with("/full/") {
            return Err(format!("open {path}: no space left on device"));
        }
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.files.borrow_mut().insert(path.to_owned(), text);
        Ok(())
    }

    fn check_file(&self, path: &str) -> Result<(), String> {
        match path.starts_with("/missing/") {
            true => Err(format!("open {path}: no such file or directory")),
            false => Ok(()),
        }
    }

    fn is_terminal(&self, _: Stream) -> bool {
        self.terminal.is_some()
    }

    fn terminal_width(&self) -> Option<usize> {
        self.terminal
    }
}

/// The standard input is `input`; there is one file, `./file`, and it is empty.
impl Input for Recorder {
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
        let digested = match file {
            None => Ok((Digest::of(b"input"), 5)),
            Some("./file") => Ok((Digest::of(b""), 0)),
            Some(other) => Err(format!("open {other}: no such file or directory")),
        };
        future::ready(digested).boxed_local()
    }

    fn read<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<Vec<u8>, String>> {
        let name = file.unwrap_or("-");
        let found = self.files.borrow().get(name).map(|text| text.clone().into_bytes());
        future::ready(found.ok_or_else(|| format!("open {name}: no such file or directory"))).boxed_local()
    }
}

impl CredentialStore for Recorder {}

/// A command line over a registry and a store in memory.
pub struct Shell {
    pub registry: Rc<MemoryRegistry>,
    pub store: Rc<dyn ListStore>,
    /// The credentials that are kept for every registry.
    pub credentials: Option<Credentials>,
    /// The width in characters of the terminal that both streams are, if they are one.
    pub terminal: Option<usize>,
    /// The files that were written or can be read, by path; the standard input is `-`.
    pub files: Rc<RefCell<BTreeMap<String, String>>>,
}

impl Shell {
    pub fn new() -> Self {
        Self {
            registry: Rc::default(),
            store: Rc::new(MemoryStore::default()),
            credentials: None,
            terminal: None,
            files: Rc::default(),
        }
    }

    /// A client that may speak plain HTTP.
    pub fn client(&self) -> Client {
        client(&self.registry, Access::Insecure, self.credentials.as_ref())
    }

    /// Runs a command line.
    pub async fn run(&self, args: &[&str]) -> Outcome {
        let output = Rc::new(Recorder {
            terminal: self.terminal,
            files: Rc::clone(&self.files),
            ..Recorder::default()
        });
        let (registry, credentials) = (Rc::clone(&self.registry), self.credentials.clone());
        let environment = Environment {
            store: Rc::clone(&self.store),
            client: Rc::new(move |ClientOptions { insecure, .. }| {
                let access = if insecure { Access::Insecure } else { Access::Tls };
                client(&registry, access, credentials.as_ref())
            }),
            credentials: output.clone(),
            output: output.clone(),
            input: output.clone(),
        };
        let exit = exit_of(args, &environment).await;
        Outcome { exit, ..output.outcome.take() }
    }

    /// Runs a command line that must succeed, and gives what it prints.
    pub async fn done(&self, args: &[&str]) -> String {
        let outcome = self.run(args).await;
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""), "{args:?}");
        outcome.stdout
    }

    /// The requests since the last call.
    pub fn requests(&self) -> Vec<String> {
        self.registry.requests.take()
    }
}

/// Runs a command line, and returns its exit code.
pub async fn exit_of(args: &[&str], environment: &Environment) -> u8 {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    tallyman_commands::run(&args, environment).await
}

fn client(registry: &Rc<MemoryRegistry>, access: Access, credentials: Option<&Credentials>) -> Client {
    let client = Client::builder(registry.clone()).access(move |_| access).retry(Retry::never());
    match credentials {
        Some(credentials) => client.credentials(Rc::new(Kept(credentials.clone()))).build(),
        None => client.build(),
    }
}

/// A name and a password that no registry takes.
pub fn password() -> Option<Credentials> {
    Some(Credentials::Basic { user: "alice".to_owned(), password: "wrong".to_owned() })
}

/// The same credentials for every registry.
struct Kept(Credentials);

impl CredentialSource for Kept {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(Ok(Some(self.0.clone()))).boxed_local()
    }
}
