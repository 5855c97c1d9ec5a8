//! The session of the command line: lines and their output, which go on while other pages are looked at.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, AbortHandle, AbortRegistration, LocalBoxFuture},
};
use tallyman_commands::{CharacterBuffer, CredentialStore, Input, Output};
use tallyman_core::Digest;
use yew::prelude::*;

use crate::{browser::unload_prompt::use_unload_prompt, text::text};

/// Bytes of the standard output that are shown of one line.
const OUTPUT_MAX: usize = 512 * 1024;
/// Bytes after which a line is ended: files of images may be larger than a page can hold.
const PRINTED_MAX: usize = 8 * 1024 * 1024;

/// A line that was run, and its output.
#[derive(Clone, Default, PartialEq)]
pub struct CommandRun {
    /// The line.
    pub line: String,
    /// Pieces of output in order; the flag is true for standard error.
    pub output: Vec<(bool, String)>,
    /// The exit status, or `None` while the line runs.
    pub exit: Option<u8>,
    stop: Option<Stop>,
}

/// The exit status of a line that was stopped, as that of a program which an interrupt has ended.
pub const STOPPED: u8 = 130;

/// The handle that ends a line early.
#[derive(Clone)]
pub struct Stop(Rc<AbortHandle>);

impl Stop {
    /// A handle, and the registration of what it ends.
    pub fn new() -> (Self, AbortRegistration) {
        let (handle, registration) = AbortHandle::new_pair();
        (Self(Rc::new(handle)), registration)
    }
}

impl PartialEq for Stop {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The lines that were run in this tab.
#[derive(Default, PartialEq)]
pub struct Session(pub Vec<CommandRun>);

impl Session {
    /// Returns `true` while a line runs.
    pub fn is_running(&self) -> bool {
        self.0.last().is_some_and(|ran| ran.exit.is_none())
    }

    /// Ends the line that runs. What it has done stays.
    pub fn stop(&self) {
        if let Some(Stop(handle)) =
            self.0.last().filter(|ran| ran.exit.is_none()).and_then(|ran| ran.stop.as_ref())
        {
            handle.abort();
        }
    }
}

/// The session, once for the whole app. The browser asks before it leaves the page while a line runs.
#[hook]
pub fn use_session_of_app() -> UseReducerHandle<Session> {
    let session = use_reducer(Session::default);
    use_unload_prompt(session.is_running());
    session
}

/// A change of the session.
pub enum Change {
    /// A line is run, which the handle ends early.
    Begin(String, Stop),
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
            Change::Begin(line, stop) => {
                all.push(CommandRun { line, stop: Some(stop), ..CommandRun::default() });
            }
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

/// The output of commands, on the page.
pub struct Printer {
    session: UseReducerDispatcher<Session>,
    /// The standard output of the line that runs.
    printed: RefCell<Printed>,
}

impl Printer {
    /// A printer of lines that run one after the other.
    pub fn new(session: UseReducerDispatcher<Session>) -> Self {
        Self { session, printed: RefCell::default() }
    }

    /// Ends the output of a line.
    pub fn end(&self) {
        let not_text = self.printed.take().not_text();
        if not_text > 0 {
            self.print(false, format!("{}\n", (text().command().not_text)(not_text)));
        }
    }

    fn print(&self, is_error: bool, text: String) {
        if !text.is_empty() {
            self.session.dispatch(Change::Print(is_error, text));
        }
    }
}

/// The standard output of one line, as it is shown.
#[derive(Default)]
struct Printed {
    characters: CharacterBuffer,
    /// The bytes so far.
    bytes: usize,
    /// The bytes that are shown.
    shown: usize,
    /// Set once no more is shown: there is too much.
    is_cut: bool,
    /// The bytes from the first piece on that is no text.
    not_text: usize,
}

impl Printed {
    /// Adds a piece, and returns the text that is shown of it.
    fn add(&mut self, bytes: &[u8]) -> String {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.not_text > 0 {
            self.not_text = self.not_text.saturating_add(bytes.len());
            return String::new();
        }
        if self.is_cut {
            return String::new();
        }
        match String::from_utf8(self.characters.add(bytes)) {
            Ok(text) => self.cut(text),
            Err(error) => {
                self.not_text = error.as_bytes().len();
                String::new()
            }
        }
    }

    fn cut(&mut self, mut text: String) -> String {
        let mut end = OUTPUT_MAX - self.shown;
        if text.len() <= end {
            self.shown += text.len();
            return text;
        }
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        self.is_cut = true;
        text + "…\n"
    }

    /// Returns the number of bytes at the end of the whole that are not text.
    fn not_text(&self) -> usize {
        if self.is_cut { 0 } else { self.not_text + self.characters.waiting() }
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
        let shown = self.printed.borrow_mut().add(bytes);
        self.print(false, shown);
    }

    fn stderr(&self, text: &str) {
        self.print(true, text.to_owned());
    }

    fn reader_is_gone(&self) -> bool {
        self.printed.borrow().bytes > PRINTED_MAX
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use yew::Reducible;

    use futures_util::{FutureExt, future::Abortable};

    use super::{Change, OUTPUT_MAX, Printed, Session, Stop};

    #[test]
    fn running_commands_survive_a_clear_and_get_their_output_and_end() {
        let mut session = Rc::new(Session::default());
        for change in [
            Change::Begin("first".to_owned(), Stop::new().0),
            Change::Print(false, "a".to_owned()),
            Change::End(0),
            Change::Begin("second".to_owned(), Stop::new().0),
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

    #[test]
    fn the_line_that_runs_can_be_stopped_and_no_other() {
        let ((first, of_first), (second, of_second)) = (Stop::new(), Stop::new());
        let session = Rc::new(Session::default());
        let session = session.reduce(Change::Begin("first".to_owned(), first)).reduce(Change::End(0));
        session.stop();
        let session = session.reduce(Change::Begin("second".to_owned(), second));
        session.stop();
        let outcome = |registration| Abortable::new(std::future::ready(()), registration).now_or_never();
        assert!(outcome(of_first).unwrap().is_ok());
        assert!(outcome(of_second).unwrap().is_err());
    }

    #[test]
    fn text_is_text_wherever_it_is_cut_and_the_rest_is_counted_once() {
        for (pieces, shown, not_text) in [
            (&[&b"caf\xc3"[..], b"\xa9\n"][..], "caf\u{e9}\n", 0),
            (&[b"a\n", b"\xff\xfe", b"b"], "a\n", 3),
            (&[b"a", b"\xe2\x82"], "a", 2),
        ] {
            let mut printed = Printed::default();
            let text: String = pieces.iter().map(|piece| printed.add(piece)).collect();
            assert_eq!((text.as_str(), printed.not_text()), (shown, not_text), "{pieces:?}");
        }
    }

    #[test]
    fn of_a_long_output_the_beginning_is_shown_however_it_comes() {
        let mut printed = Printed::default();
        let piece = "\u{20ac}".repeat(1000);
        let count = OUTPUT_MAX / piece.len() + 3;
        let text: String = (0..count).map(|_| printed.add(piece.as_bytes())).collect();
        assert!(text.ends_with("\u{20ac}…\n"));
        assert_eq!(text.matches('…').count(), 1);
        assert!((OUTPUT_MAX - 2..=OUTPUT_MAX).contains(&(text.len() - "…\n".len())));
        assert_eq!((printed.bytes, printed.not_text()), (count * piece.len(), 0));
    }
}
