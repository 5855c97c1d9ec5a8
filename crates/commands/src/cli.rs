//! The command line: its grammar, its output and the way from arguments to an exit code.

mod extensions;
mod grammar;
mod json;
mod progress;
mod run;
mod shell_words;
mod style;
mod terminal;

pub use grammar::{
    Command, Completion, DigestInput, EarlyExit, Invocation, OutputOptions, PROGRAM, completion,
};
pub use run::{ClientOptions, Environment, run};
pub use shell_words::{WordsError, arguments, line_of, lines};
pub use terminal::{Input, Output, Stream};
