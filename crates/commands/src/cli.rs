//! The command line: its grammar, its output and the way from arguments to an exit code.

mod copy;
mod extensions;
mod grammar;
mod index;
mod json;
mod list_file;
mod lists;
mod progress;
mod run;
mod shell_words;
mod style;
mod tag_filter;
mod template;
mod terminal;
mod tree;

pub use grammar::{
    Command, Completion, CopyExtensions, CreateSources, DigestInput, EarlyExit, IndexChanges,
    InspectExtensions, Invocation, OutputOptions, PROGRAM, PushExtensions, completion,
};
pub use run::{ClientOptions, Environment, run};
pub use shell_words::{WordsError, arguments, line_of, lines};
pub use tag_filter::{TagFilter, TagOrder};
pub use template::TemplateError;
pub use terminal::{Input, Output, Stream};
