//! The session of the command line: lines and their output, which go on while other pages are looked at.

use std::{cell::Cell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use tallyman_commands::{CredentialStore, Input, Output};
use tallyman_core::Digest;
use yew::prelude::*;

use crate::{browser::leaving::use_leaving, text::text};

/// Bytes of output that are shown of one line.
const OUTPUT_MAX: usize = 512 * 1024;
/// Bytes after which a line is ended: files of images may be larger than a page can hold.
const PRINTED_MAX: usize = 8 * 1024 * 1024;

/// A line that was run, and its output.
#[derive(Clone, Default, PartialEq)]
pub struct Ran {
    /// The line.
    pub line: String,
    /// Pieces of output in order; the flag is true for standard error.
    pub output: Vec<(bool, String)>,
    /// The exit status, or `None` while the line runs.
    pub exit: Option<u8>,
}

/// The lines that were run in this tab.
#[derive(Default, PartialEq)]
pub struct Session(pub Vec<Ran>);

impl Session {
    /// Returns `true` while a line runs.
    pub fn is_running(&self) -> bool {
        self.0.last().is_some_and(|ran| ran.exit.is_none())
    }
}

/// The session, once for the whole app. The browser asks before it leaves the page while a line runs.
#[hook]
pub fn use_session_of_app() -> UseReducerHandle<Session> {
    let session = use_reducer(Session::default);
    use_leaving(session.is_running());
    session
}

/// A change of the session.
pub enum Change {
    /// A line is run.
    Begin(String),
    /// The line prints; the flag is true for standard error.
    Print(bool, String),
    /// The line has ended with this exit status.
    End(u8),
    /// The output is cleared, but for that of the line that runs.
    Clear,
}

impl Reducible for Session {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut all = self.0.clone();
        match change {
            Change::Begin(line) => all.push(Ran { line, ..Ran::default() }),
            Change::Print(is_error, text) => {
                if let Some(ran) = all.last_mut() {
                    match ran.output.last_mut() {
                        Some((last, output)) if *last == is_error => output.push_str(&text),
                        _ => ran.output.push((is_error, text)),
                    }
                }
            }
            Change::End(exit) => {
                if let Some(ran) = all.last_mut() {
                    ran.exit = Some(exit);
                }
            }
            Change::Clear => all.retain(|ran| ran.exit.is_none()),
        }
        Rc::new(Self(all))
    }
}

/// The output of a command, on the page.
pub struct Printer {
    session: UseReducerDispatcher<Session>,
    /// The bytes of the standard output so far.
    printed: Cell<usize>,
}

impl Printer {
    /// A printer of one line.
    pub fn new(session: UseReducerDispatcher<Session>) -> Self {
        Self { session, printed: Cell::new(0) }
    }
}

/// A page has no files and no standard input.
impl Input for Printer {
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
        let name = file.unwrap_or("/dev/stdin");
        future::ready(Err(format!("open {name}: no such file or directory"))).boxed_local()
    }
}

/// Credentials are kept by the settings of the registries.
impl CredentialStore for Printer {}

impl Output for Printer {
    fn stdout(&self, bytes: &[u8]) {
        self.printed.set(self.printed.get().saturating_add(bytes.len()));
        let said = match std::str::from_utf8(bytes) {
            Ok(text) if text.len() > OUTPUT_MAX => {
                let mut end = OUTPUT_MAX;
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                format!("{}…\n", &text[..end])
            }
            Ok(text) => text.to_owned(),
            Err(_) => format!("{}\n", (text().command().not_text)(bytes.len())),
        };
        self.session.dispatch(Change::Print(false, said));
    }

    fn stderr(&self, text: &str) {
        self.session.dispatch(Change::Print(true, text.to_owned()));
    }

    fn reader_is_gone(&self) -> bool {
        self.printed.get() > PRINTED_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use yew::Reducible;

    use super::{Change, Session};

    #[test]
    fn what_runs_is_not_cleared_and_gets_its_output_and_its_end() {
        let mut session = Rc::new(Session::default());
        for change in [
            Change::Begin("first".to_owned()),
            Change::Print(false, "a".to_owned()),
            Change::End(0),
            Change::Begin("second".to_owned()),
            Change::Print(false, "b".to_owned()),
            Change::Clear,
            Change::Print(false, "c".to_owned()),
        ] {
            session = session.reduce(change);
        }
        assert!(session.is_running());
        let ran = &session.0[0];
        assert_eq!((session.0.len(), &*ran.line), (1, "second"));
        assert_eq!(ran.output, [(false, "bc".to_owned())]);
        let ended = session.reduce(Change::End(1));
        assert!(!ended.is_running());
        assert!(ended.reduce(Change::Clear).0.is_empty());
    }
}
