//! The command line: its grammar, its output and the way from arguments to an exit code.

mod accounts;
mod connection;
mod copy;
mod create;
mod deletion;
mod docker_credentials;
mod execute;
mod extensions;
mod files;
mod grammar;
mod hints;
mod index;
mod inspection;
mod json;
mod list_file;
mod lists;
mod progress;
mod push;
mod run;
mod settings;
mod shell_words;
mod style;
mod tag_filter;
pub(crate) mod terminal;
mod time;
mod tree;

pub use accounts::{CredentialStore, Login};
pub use connection::{ClientOptions, configuration_folder, lists_folder};
pub use docker_credentials::{DockerCredentials, HelperOutput, Machine};
pub use files::FilesOptions;
pub use grammar::{
    Command, Completion, CopyExtensions, CreateSources, DeletionOptions, DigestInput, EarlyExit,
    IndexChanges, InspectExtensions, Invocation, OutputOptions, PROGRAM, PushExtensions, completion,
    serve_arguments, wants_json_errors, without_password,
};
pub use run::{Environment, error_line, run};
pub use settings::{Mirror, Settings};
pub use shell_words::{WordsError, arguments, line_of, lines};
pub use tag_filter::{TagFilter, TagOrder};
pub use terminal::{CharacterBuffer, Input, Output, Stream};
