//! The session of the command line: lines and their output.

use std::{cell::Cell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use tallyman_commands::{CredentialStore, Input, Output};
use tallyman_core::Digest;
use yew::prelude::*;

use crate::text::text;

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

/// The lines that were run on this page.
#[derive(Default)]
pub struct Session(pub Vec<Ran>);

/// A change of the session.
pub enum Change {
    /// A line is run.
    Begin(String),
    /// The line prints; the flag is true for standard error.
    Print(bool, String),
    /// The line has ended with this exit status.
    End(u8),
    /// The output is cleared.
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
            Change::Clear => all.clear(),
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
