//! A command line that reaches registries over sockets, with a store in memory.

pub mod images;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_commands::{ClientOptions, CredentialStore, Environment, Input, Output};
use tallyman_core::{Digest, ManifestList, Registry};
use tallyman_registry::{
    Access, Client, CredentialError, CredentialSource, Credentials, NativeTransport, Retry,
};
use tallyman_store::{ListStore, MemoryStore};

pub use crate::support::Outcome;
use crate::support::exit_of;

#[derive(Default)]
struct Recorder {
    outcome: RefCell<Outcome>,
    files: Files,
}

/// Credentials that were kept, by registry.
#[derive(Default)]
pub struct Logins(pub RefCell<BTreeMap<String, (String, String)>>);

impl CredentialStore for Logins {
    fn store<'a>(
        &'a self,
        registry: &'a Registry,
        user: &'a str,
        secret: &'a str,
    ) -> LocalBoxFuture<'a, Result<Option<String>, String>> {
        let kept = (user.to_owned(), secret.to_owned());
        self.0.borrow_mut().insert(registry.as_str().to_owned(), kept);
        future::ready(Ok(Some("config.json".to_owned()))).boxed_local()
    }

    fn erase<'a>(&'a self, registry: &'a Registry) -> LocalBoxFuture<'a, Result<bool, String>> {
        let is_gone = self.0.borrow_mut().remove(registry.as_str()).is_some();
        future::ready(Ok(is_gone)).boxed_local()
    }
}

/// Files by path; the standard input is `-`.
pub type Files = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

impl Output for Recorder {
    fn stdout(&self, bytes: &[u8]) {
        self.outcome.borrow_mut().stdout.push_str(&String::from_utf8_lossy(bytes));
    }

    fn stderr(&self, text: &str) {
        self.outcome.borrow_mut().stderr.push_str(text);
    }

    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.files.borrow_mut().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }
}

impl Input for Recorder {
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
        let digested = match file {
            Some("./file") => Ok((Digest::of(b""), 0)),
            _ => Err(format!("there is no input, {file:?} was asked for")),
        };
        future::ready(digested).boxed_local()
    }

    fn read<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<Vec<u8>, String>> {
        let name = file.unwrap_or("-");
        let found = self.files.borrow().get(name).cloned();
        future::ready(found.ok_or_else(|| format!("open {name}: no such file or directory"))).boxed_local()
    }
}

/// The same name and password for every registry, and for no token service of another site.
struct Fixed(Credentials);

impl CredentialSource for Fixed {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(Ok(Some(self.0.clone()))).boxed_local()
    }

    fn may_go_to(&self, _: &Registry, _: &str) -> LocalBoxFuture<'static, bool> {
        future::ready(false).boxed_local()
    }
}

/// A program with its local lists.
pub struct Program {
    store: Rc<MemoryStore>,
    credentials: Option<Credentials>,
    /// The time without a byte after which a request is given up; `None` for the client's own.
    timeout: Option<Duration>,
    /// The files of the machine.
    pub files: Files,
    /// The credentials that `login` kept.
    pub logins: Rc<Logins>,
}

impl Program {
    /// A program without credentials.
    pub fn anonymous() -> Self {
        Self {
            store: Rc::default(),
            credentials: None,
            timeout: None,
            files: Files::default(),
            logins: Rc::default(),
        }
    }

    /// A program that signs in everywhere with this name and password.
    pub fn signed_in(user: &str, password: &str) -> Self {
        let credentials = Credentials::Basic { user: user.to_owned(), password: password.to_owned() };
        Self {
            store: Rc::default(),
            credentials: Some(credentials),
            timeout: None,
            files: Files::default(),
            logins: Rc::default(),
        }
    }

    /// Gives a request up after this time without a byte.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// A client as the command line makes it.
    pub fn client(&self, needs: &ClientOptions) -> Client {
        self.client_on(needs, Rc::new(Recorder::default()))
    }

    fn client_on(&self, needs: &ClientOptions, output: Rc<Recorder>) -> Client {
        let transport = Rc::new(NativeTransport::new());
        let mut client = needs.builder(transport, output).access(|_| Access::PlainFirst);
        if needs.settings.retries.is_none() {
            let quick = Retry { attempts: 2, first_backoff: Duration::from_millis(10), ..Retry::default() };
            client = client.retry(if needs.retries { quick } else { Retry::never() });
        }
        if let Some(timeout) = self.timeout {
            client = client.timeout(timeout);
        }
        match needs.credentials.as_ref().or(self.credentials.as_ref()) {
            Some(credentials) => client.credentials(Rc::new(Fixed(credentials.clone()))).build(),
            None => client.build(),
        }
    }

    /// The local list of this name.
    pub async fn list(&self, name: &str) -> ManifestList {
        let list = self.store.load(&name.parse().expect("a reference")).await;
        list.expect("memory never fails").expect("it is there")
    }

    /// Puts a file, or the standard input `-`.
    pub fn file(&self, path: &str, text: &str) {
        self.files.borrow_mut().insert(path.to_owned(), text.as_bytes().to_vec());
    }

    /// Runs a command line.
    pub async fn run(&self, args: &[&str]) -> Outcome {
        let output = Rc::new(Recorder { files: Rc::clone(&self.files), ..Recorder::default() });
        let program = Self {
            store: Rc::clone(&self.store),
            credentials: self.credentials.clone(),
            timeout: self.timeout,
            files: Rc::clone(&self.files),
            logins: Rc::clone(&self.logins),
        };
        let (shown, logins) = (output.clone(), self.logins.clone());
        let environment = Environment {
            store: self.store.clone(),
            client: Rc::new(move |needs| program.client_on(&needs, shown.clone())),
            credentials: logins,
            output: output.clone(),
            input: output.clone(),
        };
        let exit = exit_of(args, &environment).await;
        Outcome { exit, ..output.outcome.take() }
    }

    /// Runs a command line that must succeed, and gives its standard output.
    pub async fn succeed(&self, args: &[&str]) -> String {
        let outcome = self.run(args).await;
        assert_eq!(outcome.exit, 0, "{args:?}: {}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }
}
